"""The wide part's graph: what n-grams add to the scores (wide and deep: Cheng et al., 2016).

Sizes in the comments: T time steps, B samples, C classes, N n-grams of a sample, padding included.
"""
from sentiment.engine import config, numpy_floatX, searchsorted, softmax, tensor, theano
from sentiment.loss import SMALL, log_loss
from sentiment.wide.ngrams import COUNTED, TEACHER, code_kinds

CONSTANTS = COUNTED + ('mix',)  # parameters that no gradient moves


def trained(tparams):
    """Return those of the parameters that gradients move."""
    return {name: value for name, value in tparams.items() if name not in CONSTANTS}


def code_ngrams(x, n_words, order):
    """Return the codes of all n-grams of the words x (T, B): (N, B), 0 where there is none."""
    def after(n):
        return tensor.concatenate([x[n:], tensor.zeros_like(x[:n])])

    return tensor.concatenate([codes * there for codes, there, _ in
                               code_kinds(x, n_words, order, after)])


def wide_scores(tparams, x, options):
    """Return what the n-grams of x (T, B) add to the scores, (B, C).

    A sample's n-gram counts once, however often it stands there: its codes are sorted.
    """
    codes = tensor.sort(code_ngrams(x, options['n_words'], options['ngrams']), axis=0)  # (N, B)
    before = tensor.concatenate([tensor.zeros_like(codes[:1]), codes[:-1]])
    place = tensor.minimum(searchsorted(tparams['ngrams'], codes.flatten()),
                           tparams['ngrams'].shape[0] - 1)
    known = tensor.eq(tparams['ngrams'][place], codes.flatten())
    there = known & tensor.neq(codes, before).flatten()
    shares = tparams['ngrams_ratio'][place] * tparams['ngrams_W'][place]  # (N B, C)
    shares *= tensor.cast(there, config.floatX)[:, None]
    shares = shares.reshape((codes.shape[0], codes.shape[1], shares.shape[1]))
    n_known = there.reshape(codes.shape).sum(axis=0)
    return even_out(tparams, shares.sum(axis=0), n_known) + tparams['ngrams_b']


def even_out(tparams, scores, n_known):
    """Return the scores (B, C) of the n_known (B,) n-grams of each sample as if all had as many.

    What a sum of n of them says grows as n, what is only noise in it as the root of n: by that it
    is divided, as rows of tf-idf are by their length. Older models have no ``ngrams_n``.
    """
    if 'ngrams_n' not in tparams:
        return scores
    n_known = tensor.cast(tensor.maximum(n_known, 1), config.floatX)
    return scores * tensor.sqrt(tparams['ngrams_n'][0] / n_known)[:, None]


def join(scores, tparams, x, mask, y, pred, losses, options):
    """Return the answer (B, C) and the losses (B,) of a network and of the n-grams beside it.

    pred and losses are the network's; scores: ``wide_scores`` or its twin. As part of the answer
    the n-grams learn by themselves, as the network does, and both are blended. As a teacher they
    learn so too, but the network learns to say of its stretch what they say of it, as of a text of
    its own (distillation: Hinton et al., 2015), and answers alone.
    """
    wide_pred = softmax(scores(tparams, whole(x, mask), options))
    wide_losses = log_loss(wide_pred, y)
    if options.get('ngrams_as') == TEACHER:
        teacher = softmax(scores(tparams, stretch(x, mask), options))
        taught = theano.gradient.disconnected_grad(teacher) * tensor.log(pred + numpy_floatX(SMALL))
        return pred, wide_losses - taught.sum(axis=1)
    return blend(tparams, pred, wide_pred), losses + wide_losses


def stretch(x, mask):
    """Return the words (S, B) under the mask (S, B), which the network reads: x (T, B) may go on.
    """
    return x[:mask.shape[0]] * tensor.gt(mask, 0)


def whole(x, mask):
    """Return the words (T, B) whose n-grams count: those behind the mask, where there are some.

    There a training on stretches has the whole review: see ``Run.prepare_both``.
    """
    n_steps = mask.shape[0]
    behind = tensor.concatenate([x[:n_steps] * tensor.eq(mask, 0), x[n_steps:]])
    return tensor.switch(tensor.any(behind, axis=0), behind, x)


def blend(tparams, *preds):
    """Return the probabilities (B, C) of scores, log p of each part, weighted by ``mix``."""
    return softmax(sum(tparams['mix'][k] * tensor.log(tensor.maximum(pred, numpy_floatX(1e-30)))
                       for k, pred in enumerate(preds)))
