"""AdaGrad, an optimizer beside the tutorial's three, which the recipes use."""
from sentiment.engine import function, numpy_floatX, tensor, theano


def shared_zeros(tparams, suffix):
    """Return one shared array of zeros for each parameter."""
    return [theano.shared(p.get_value() * 0., name='%s_%s' % (name, suffix))
            for name, p in tparams.items()]


def adagrad(lr, tparams, grads, x, mask, y, cost):
    """AdaGrad (Duchi et al., 2011): p -= lr * gradient / root of its summed squares so far."""
    params = list(tparams.values())
    kept = shared_zeros(tparams, 'grad')
    total_grad2 = shared_zeros(tparams, 'sgrad2')
    f_grad_shared = function(
        [x, mask, y], cost, name='adagrad_f_grad_shared',
        updates=(list(zip(kept, grads))
                 + [(total, total + g ** 2) for total, g in zip(total_grad2, grads)]))

    epsilon = numpy_floatX(1e-12)
    f_update = function(
        [lr], [], name='adagrad_f_update',
        updates=[(p, p - lr * g / tensor.sqrt(total + epsilon))
                 for p, g, total in zip(params, kept, total_grad2)])
    return f_grad_shared, f_update
