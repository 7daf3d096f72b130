"""The seam: THEANO_FLAGS means the same on both engines, and a bad flag is one line."""
import importlib.util
import os

import pytest

from sentiment import engine
from tests.helpers import run_python

PRINT_FLOATX = 'from sentiment import engine; print(engine.NAME, engine.config.floatX)'


@pytest.mark.parametrize('floatX', ['float32', 'float64'])
def test_floatX_and_device(floatX):
    done = run_python('-c', PRINT_FLOATX, flags='floatX=%s,device=cpu' % floatX)
    assert done.returncode == 0 and done.stdout.split()[-2:] == [engine.NAME, floatX]


@pytest.mark.parametrize('flags, named', [
    ('floatX=float12', 'float12'), ('floatX=float16', 'use float32 or float64'),
    ('floatX', "'floatX' has no value")])
def test_a_bad_flag_is_one_line_and_status_2(flags, named):
    done = run_python('-c', PRINT_FLOATX, flags=flags)
    errors = [line for line in done.stderr.splitlines() if line.startswith('error: ')]
    assert done.returncode == 2 and len(errors) == 1 and named in errors[0]
    assert 'Traceback' not in done.stderr and not done.stdout


def test_what_the_engine_does_not_know_is_named():
    done = run_python('-c', PRINT_FLOATX, flags='no.such=1,gcc.cxxflags="-O3 -g",floatX=float32')
    assert done.returncode == 0 and done.stdout.split() == [engine.NAME, 'float32']
    named = 'THEANO_FLAGS: ignored, unknown to %s: no.such' % engine.NAME
    assert named in done.stderr.splitlines()


def test_flags_may_be_quoted_and_spaced():
    assert engine.parse_flags('floatX=float32, device=cpu') == {'floatX': 'float32',
                                                                'device': 'cpu'}
    assert engine.parse_flags('gcc.cxxflags="-O3 -march=native",') == {
        'gcc.cxxflags': '-O3 -march=native'}
    assert engine.parse_flags('') == {}


@pytest.mark.parametrize('flags, line', [
    ('mode=FAST_RUN,floatX', "error: THEANO_FLAGS: 'floatX' has no value; write name=value"),
    ('floatX="float32', "error: THEANO_FLAGS: No closing quotation in 'floatX=\"float32'")])
def test_flags_that_cannot_be_split_are_named(flags, line, capsys):
    with pytest.raises(SystemExit) as caught:
        engine.parse_flags(flags)
    assert caught.value.code == 2 and capsys.readouterr() == ('', line + '\n')


@pytest.mark.parametrize('value, settled, said', [
    ('3', '3', ''), ('4,2', '4', ''), (' 2 ', '2', ''), ('', None, ''),
    ('0', None, "OMP_NUM_THREADS: ignored, '0' is not a number of threads\n"),
    ('many', None, "OMP_NUM_THREADS: ignored, 'many' is not a number of threads\n")])
def test_a_number_of_threads_is_one_that_all_can_read(value, settled, said, monkeypatch, capsys):
    monkeypatch.setenv('OMP_NUM_THREADS', value)
    engine.settle_environment()
    assert os.environ.get('OMP_NUM_THREADS') == settled and capsys.readouterr() == ('', said)


def test_without_a_compiler_nothing_runs(monkeypatch, capsys):
    monkeypatch.setenv('NUMBA_DISABLE_JIT', '1')
    with pytest.raises(SystemExit) as caught:
        engine.settle_environment()
    assert caught.value.code == 2 and 'unset it' in capsys.readouterr().err


@pytest.mark.skipif(engine.NAME != 'Theano' or importlib.util.find_spec('pygpu'),
                    reason='of Theano without its GPU library')
def test_a_gpu_that_theano_cannot_use_is_an_error():
    done = run_python('-c', PRINT_FLOATX, flags='device=cuda')
    assert done.returncode == 2 and not done.stdout
    assert 'error: THEANO_FLAGS: device=cuda needs' in done.stderr.splitlines()[-1]
