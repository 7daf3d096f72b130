"""Which samples are read together, and which part of each."""
import numpy

from sentiment.data.streamed import held
from sentiment.log import logger

POOL = 50  # batches in a pool of get_bucketed_minibatches_idx
SLOTS = 2 ** 17  # words and padding of a batch: a few very long reviews shall not fill the memory


def get_minibatches_idx(n, minibatch_size, shuffle=False, rng=numpy.random):
    """Split ``range(n)`` into batches: a list of (batch number, int array of sample indices)."""
    indices = numpy.arange(n)
    if shuffle:
        rng.shuffle(indices)
    return list(enumerate(indices[start:start + minibatch_size]
                          for start in range(0, n, minibatch_size)))


def get_bucketed_minibatches_idx(lengths, minibatch_size, rng=numpy.random):
    """Split samples into batches of similar length, as :func:`get_minibatches_idx` does at random.

    The samples are shuffled and cut into pools; each pool is sorted by length and cut into batches;
    the batches are shuffled.
    """
    lengths = numpy.asarray(lengths)
    batches = []
    for _, pool in get_minibatches_idx(len(lengths), POOL * minibatch_size, shuffle=True, rng=rng):
        by_length = pool[numpy.argsort(lengths[pool], kind='stable')]
        batches += [by_length[start:start + minibatch_size]
                    for start in range(0, len(pool), minibatch_size)]
    return [(number, batches[k]) for number, k in enumerate(rng.permutation(len(batches)))]


def draw_batches(blocks, lengths, options, rng):
    """Yield the batches of an epoch, arrays of positions: each training sample once, in random
    order within the block that it is in, which is in memory meanwhile.

    blocks: as those of :class:`~sentiment.data.streamed.Streamed`; lengths: of all samples.
    """
    for block in blocks:
        with block as positions:
            for _, places in draw_within(lengths[positions], options, rng):
                yield positions[places]


def draw_within(lengths, options, rng):
    """Return the batches of samples of these lengths, in random order."""
    if options['bucket']:
        return get_bucketed_minibatches_idx(lengths, options['batch_size'], rng)
    return get_minibatches_idx(len(lengths), options['batch_size'], shuffle=True, rng=rng)


def count_batches(blocks, size):
    """Return how many batches of ``size`` samples blocks have."""
    return sum(-(-len(block.positions) // size) for block in blocks)


def batches_by_length(reviews, size, n_words):
    """Yield (number, positions) of batches of all samples, a block of at most ``n_words`` words
    after the other, in each of which the shortest come first: little of a batch is padding.
    """
    reviews, number = held(reviews), 0
    lengths = reviews.lengths
    for block in reviews.blocks(n_words):
        with block as positions:
            for _, places in sorted_batches(lengths[positions], size):
                yield number, positions[places]
                number += 1


def sorted_batches(lengths, size):
    """Return batches of at most ``size`` reviews of similar lengths, and of at most SLOTS words.

    A list of (number of the first, int array of indices), as ``lstm.pred_probs`` takes it.
    """
    order, batches, start = numpy.argsort(lengths, kind='stable'), [], 0
    while start < len(order):
        count = min(size, len(order) - start)
        while count > 1 and count * lengths[order[start + count - 1]] > SLOTS:
            count //= 2
        batches.append((start, order[start:start + count]))
        start += count
    return batches


def crop(review, size, rng):
    """Return a random stretch of ``size`` words of a longer review."""
    start = rng.randint(max(1, len(review) - size + 1))
    return review[start:start + size]


def random_subset(data, size, seed):
    """Keep ``size`` random samples of ``data``, in the order in which they stood; -1 keeps all.

    They depend on nothing but ``seed``, so that a model is measured on them again.
    """
    x, y = data
    if size == -1:
        return data
    if size < len(x):
        logger.info('test_size=%d leaves out %d of %d test reviews', size, len(x) - size, len(x))
    kept = numpy.sort(numpy.random.RandomState(seed).permutation(len(x))[:size])
    return held(x).take(kept), [y[i] for i in kept]
