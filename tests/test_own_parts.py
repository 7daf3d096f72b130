"""A layer and an optimizer that a user brings go all the way, with no other file touched."""
import numpy
import pytest

import lstm
from sentiment import evaluate, explain, load_model, load_test_set, predict
from sentiment.commands.main import main
from sentiment.data.safe_io import BadInput, load_arrays
from sentiment.engine import function, scan, tensor, theano
from tests.helpers import (POSITIVE, assert_contributions_are_the_scores, assert_same_model, train,
                           write_toy_pickle)


def param_init_plain(options, params, prefix='plain', rng=numpy.random):
    """A plain recurrent layer: W and U (D, D), b (D,)."""
    for name in 'WU':
        params['%s_%s' % (prefix, name)] = lstm.ortho_weight(options['dim_proj'], rng)
    params[prefix + '_b'] = lstm.numpy_floatX(numpy.zeros(options['dim_proj']))
    return params


def plain_layer(tparams, state_below, options, prefix='plain', mask=None):
    """h_t = tanh(x_t W + h_(t-1) U + b), carried over where the mask is 0."""
    U = tparams[prefix + '_U']

    def step(m, z, h):
        return m[:, None] * tensor.tanh(z + tensor.dot(h, U)) + (1. - m)[:, None] * h

    z = tensor.dot(state_below, tparams[prefix + '_W']) + tparams[prefix + '_b']
    start = tensor.alloc(lstm.numpy_floatX(0.), state_below.shape[1], U.shape[0])
    return scan(step, [mask, z], [start], name='plain')


def adadelta(lr, tparams, grads, x, mask, y, cost):
    """Not AdaDelta at all, though its name says so: signs of gradients."""
    kept = [theano.shared(p.get_value() * 0.) for p in tparams.values()]
    f_grad_shared = function([x, mask, y], cost, updates=list(zip(kept, grads)))
    f_update = function([lr], [], updates=[(p, p - tensor.switch(g > 0, 0.01, -0.01)) for p, g in
                                           zip(tparams.values(), kept)], on_unused_input='ignore')
    return f_grad_shared, f_update


@pytest.fixture(scope='module')
def trained(tmp_path_factory):
    """Path of a model of the plain layer, trained by the optimizer of our own, and of its data."""
    folder = tmp_path_factory.mktemp('own')
    data = write_toy_pickle(folder / 'imdb.pkl')
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(lstm.layers, 'plain', (param_init_plain, plain_layer))
        errors = train(data, folder / 'own.npz', encoder='plain', optimizer=adadelta, max_epochs=4)
    return folder / 'own.npz', data, errors


@pytest.fixture(autouse=True)
def plain(monkeypatch):
    monkeypatch.setitem(lstm.layers, 'plain', (param_init_plain, plain_layer))


def test_what_is_saved_is_the_layers_own(trained):
    saved = load_arrays(str(trained[0]))
    assert saved['plain_W'].shape == saved['plain_U'].shape == (4, 4)
    assert saved['plain_b'].shape == (4,) and 'lstm_W' not in saved
    assert '"%s.adadelta"' % __name__ in str(saved['options'])


def test_it_is_the_optimizer_that_was_given(trained, tmp_path):
    """Its steps are of 0.01 in each coordinate, those of the built-in one are not."""
    train(trained[1], tmp_path / 'one.npz', encoder='plain', optimizer=adadelta, max_epochs=1,
          batch_size=64, use_dropout=False, validFreq=1)
    start = lstm.init_params({'n_words': 30, 'dim_proj': 4, 'encoder': 'plain', 'ydim': 2},
                             numpy.random.RandomState(0))
    saved = load_arrays(str(tmp_path / 'one.npz'))
    numpy.testing.assert_allclose(abs(saved['b'] - start['b']), 0.01)


def test_it_loads_and_answers(trained, capsys):
    model = load_model(str(trained[0]))
    assert evaluate(model, load_test_set(model))['error'] == trained[2][2]
    assert predict(model, [POSITIVE]).shape == (1, 2)
    assert_contributions_are_the_scores(model)
    assert len(explain(model, POSITIVE)[0]) == 4
    assert main(['evaluate', str(trained[0]), '--json']) == 0
    assert '"error": ' in capsys.readouterr().out


def test_it_resumes(trained, tmp_path):
    settings = dict(encoder='plain', optimizer=adadelta)
    train(trained[1], tmp_path / 'short.npz', max_epochs=2, **settings)
    train(trained[1], tmp_path / 'short.npz', max_epochs=4, resume=True, **settings)
    assert_same_model(trained[0], tmp_path / 'short.npz')
    with pytest.raises(BadInput, match='optimizer was %s.adadelta and is adadelta' % __name__):
        train(trained[1], tmp_path / 'short.npz', encoder='plain', optimizer='adadelta',
              resume=True)


def test_without_the_layer_the_model_says_what_it_lacks(trained, monkeypatch):
    monkeypatch.delitem(lstm.layers, 'plain')
    with pytest.raises(BadInput, match="encoder: 'plain' is not one of lstm"):
        load_model(str(trained[0]))
