"""Any number of threads may ask one model."""
import copy
import pickle
import threading

import numpy
import pytest

from sentiment import average, engine, explain, load_model, predict
from sentiment.engine.sharing import Copies, OneAtATime
from tests.helpers import POSITIVE, run_python
from tests.using.threads import count_wrong

TEXTS = ['wordoa wordpa', 'wordca wordda wordea wordfa xyzzy wordca wordda wordea wordga']


def test_each_thread_gets_its_own_answers(model):
    assert count_wrong(model, TEXTS) == 0


@pytest.mark.parametrize('flags', ['floatX=float64', 'floatX=float32'])
def test_so_it_is_as_users_run_it(saved, flags):
    done = run_python('-m', 'tests.using.threads', saved[0], *TEXTS, flags=flags)
    assert done.stdout == '0 wrong\n', done.stderr


def test_so_it_is_through_jax(saved):
    pytest.importorskip('jax')
    if engine.NAME == 'Theano':
        pytest.skip('PyTensor alone compiles through JAX')
    done = run_python('-m', 'tests.using.threads', saved[0], *TEXTS,
                      flags='device=jax,floatX=float32')
    assert done.stdout == '0 wrong\n', done.stderr


def test_threads_may_be_the_first_to_ask_and_to_explain(saved):
    models = average([load_model(saved[0]), load_model(saved[0])])
    wrong = []

    def ask():
        try:
            explain(models, POSITIVE)
            explain(models, POSITIVE, by='states')
        except Exception as error:
            wrong.append(error)
    threads = [threading.Thread(target=ask) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_what_numpy_computes_is_copied_and_a_loop_waits():
    x = engine.tensor.vector('x', dtype='float64')
    loop = engine.scan(lambda x_t, h: (x_t + h), [x], [numpy.float64(0)], name='sum')
    kinds = [engine.concurrent(engine.cpu_function([x], y, mode=engine.QUICK))
             for y in (2 * x, loop)]
    assert [type(f) for f in kinds] == [Copies, OneAtATime]
    values = numpy.arange(4.)
    assert [f(values).tolist() for f in kinds] == [[0, 2, 4, 6], [0, 1, 3, 6]]


def test_a_copy_that_failed_is_not_used_again():
    class Failing:
        get_shared, unpack_single, made = None, True, 0

        def copy(self):
            self.made += 1
            return lambda x: 1 // x

    f = Copies(Failing())
    with pytest.raises(ZeroDivisionError):
        f(0)
    assert f(1) == f(1) == 1 and f.original.made == 2


@pytest.mark.parametrize('again', [copy.copy, copy.deepcopy,
                                   lambda model: pickle.loads(pickle.dumps(model))])
def test_a_model_can_be_copied_and_pickled(model, again):
    for one in (model, average([model, model])):
        answer = predict(one, TEXTS)
        other = again(one)
        numpy.testing.assert_array_equal(predict(other, TEXTS), answer)
        assert other.options == one.options and other.dictionary == one.dictionary
        assert set(other.saved) == set(one.saved)
