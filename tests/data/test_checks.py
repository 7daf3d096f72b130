"""Every value of a file is of its type, shape and range, or is refused in one line."""
import json
import math

import numpy
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentiment.data import checks
from sentiment.data.checks import (check_array, check_count, check_keys, check_number,
                                   check_random_state, check_text)
from sentiment.data.errors import BadInput

JSON = st.recursive(st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
                    lambda inner: st.lists(inner, max_size=3)
                    | st.dictionaries(st.text(), inner, max_size=3), max_leaves=5)

# --- Arrays -----------------------------------------------------------------------------------


@pytest.mark.parametrize('value, asked', [
    (numpy.zeros((2, 4)), dict(kind='f', shape=(None, 4))), (numpy.zeros((0, 4)), dict(kind='f')),
    (numpy.array(['a']), dict(kind='U', ndim=1)), (numpy.arange(3), dict(kind='iu', low=0, high=2)),
    (numpy.array(1.), dict(kind='f', shape=())), (numpy.zeros(2), dict(kind='f', dtype='float64'))])
def test_a_good_array_comes_back(value, asked):
    assert check_array('x', value, **asked) is value


@pytest.mark.parametrize('value, asked, named', [
    (numpy.zeros(2), dict(kind='iu'), 'not an array of integers'),
    ([1., 2.], dict(kind='f'), 'not an array of numbers'), (None, dict(kind='U'), 'of texts'),
    (numpy.zeros((2, 3)), dict(kind='f', shape=(None, 4)), r'shape \(2, 3\), not \(any, 4\)'),
    (numpy.zeros(2), dict(kind='f', ndim=2), '1 axes, not 2'),
    (numpy.zeros(2, 'float32'), dict(kind='f', dtype='float64'), 'type float32, not float64'),
    (numpy.array([1, math.nan]), dict(kind='f'), 'not a number'),
    (numpy.array([math.inf]), dict(kind='f'), 'not a number'),
    (numpy.array([-1, 1]), dict(kind='i', low=0), 'holds -1, less than 0'),
    (numpy.array([1, 9]), dict(kind='i', high=8), 'holds 9, more than 8')])
def test_what_is_wrong_with_an_array_is_said(value, asked, named):
    with pytest.raises(BadInput, match='^m.npz: costs: .*' + named):
        check_array('m.npz: costs', value, **asked)


# --- Single values ----------------------------------------------------------------------------


def test_good_values_come_back():
    assert check_count('x', numpy.array(3)) == check_count('x', numpy.uint8(3)) == 3
    assert type(check_count('x', numpy.array(3))) is int
    assert check_number('x', numpy.array(0.5)) == 0.5 and check_number('x', 1) == 1.
    assert check_text('x', numpy.array('a')) == check_text('x', 'a') == 'a'
    assert check_keys('x', {'a': 1}, ['a']) == {'a': 1}


@given(value=JSON)
def test_any_value_of_json_is_checked_or_refused(value):
    for check in (check_count, check_number, check_text, check_random_state):
        try:
            check('x', value)
        except BadInput as error:
            assert len(str(error)) < 600


@pytest.mark.parametrize('check, value', [
    (check_count, True), (check_count, 1.), (check_count, -1), (check_count, 2 ** 63),
    (check_count, '1'), (check_count, numpy.array([1])), (check_count, numpy.array(1.)),
    (check_number, math.nan), (check_number, math.inf), (check_number, 10 ** 400),
    (check_number, '1'), (check_number, True), (check_number, numpy.array('1')),
    (check_text, 5), (check_text, 'x' * (2 ** 20 + 1)), (check_text, numpy.array(['a']))])
def test_what_is_no_such_value_is_refused(check, value):
    with pytest.raises(BadInput, match='^c.npz: epoch: '):
        check('c.npz: epoch', value)


# --- Random states ----------------------------------------------------------------------------


def generators():
    """Yield (name, generator, function that gives it a state)."""
    twister = numpy.random.RandomState(1)
    twister.normal()  # has_gauss
    yield 'MT19937', twister.get_state(legacy=False), twister.set_state
    for name in checks.STATES:
        if hasattr(numpy.random, name):
            bits = getattr(numpy.random, name)(1)
            numpy.random.Generator(bits).integers(0, 9, dtype='int32')  # has_uint32
            yield name, bits.state, lambda state, bits=bits: setattr(bits, 'state', state)


STATES = list(generators())


@pytest.mark.parametrize('name, state, give', STATES)
def test_the_states_of_numpy_pass_as_they_are_and_as_json(name, state, give):
    for value in (state, json.loads(json.dumps(state, default=lambda array: array.tolist()))):
        checked = check_random_state('c.npz: epoch_rng', value, name)
        give(checked)
        assert checked['bit_generator'] == name


def places(state, above=()):
    """Yield the path of names to each value of a state."""
    for name, value in state.items():
        yield above + (name,)
        if isinstance(value, dict):
            yield from places(value, above + (name,))


def replaced(state, path, value):
    """Return the state with another value at one place; without it if that is None."""
    if len(path) > 1:
        return dict(state, **{path[0]: replaced(state[path[0]], path[1:], value)})
    return {name: value if name == path[0] else old for name, old in state.items()
            if value is not None or name != path[0]}


@pytest.mark.parametrize('name, state, give', STATES)
def test_any_other_value_in_a_state_is_refused(name, state, give):
    for path in places(state):
        for wrong in (None, 'x', -1, 2 ** 200, math.nan, [], [1], {}, [-1] * 624, [2 ** 70] * 4):
            if path == ('gauss',) and wrong in (-1, 2 ** 200):
                continue  # a number as good as any
            with pytest.raises(BadInput, match='^c.npz: '):
                check_random_state('c.npz: epoch_rng', replaced(state, path, wrong))
    with pytest.raises(BadInput):
        check_random_state('c.npz: epoch_rng', dict(state, more=1))


@pytest.mark.parametrize('pos', [625, 10 ** 6, -7, 2 * 10 ** 9, -2 * 10 ** 9, 1.5])
def test_a_place_beyond_the_key_is_refused(pos):
    state = numpy.random.RandomState(1).get_state(legacy=False)
    with pytest.raises(BadInput, match='epoch_rng: state: pos'):
        check_random_state('c.npz: epoch_rng', replaced(state, ('state', 'pos'), pos))


def test_states_that_would_draw_without_an_end_are_refused():
    state = numpy.random.RandomState(1).get_state(legacy=False)
    with pytest.raises(BadInput, match='all zeros'):
        check_random_state('c', replaced(state, ('state', 'key'), [0] * 624))
    state = numpy.random.PCG64(1).state
    with pytest.raises(BadInput, match='not odd'):
        check_random_state('c', replaced(state, ('state', 'inc'), 2))


def test_the_state_of_another_generator_is_refused():
    with pytest.raises(BadInput, match='not the state of a random generator MT19937'):
        check_random_state('c', numpy.random.PCG64(1).state, 'MT19937')
    with pytest.raises(BadInput):
        check_random_state('c', dict(numpy.random.PCG64(1).state, bit_generator=['PCG64']))
