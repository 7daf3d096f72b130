"""The seam: THEANO_FLAGS means the same on both engines, and a bad flag is one line."""
import os
import subprocess
import sys

import pytest

import engine
from tests.conftest import ROOT

PRINT_FLOATX = 'import engine; print(engine.NAME, engine.config.floatX)'


def with_flags(flags):
    """Import the engine in a fresh process under these THEANO_FLAGS."""
    return subprocess.run([sys.executable, '-c', PRINT_FLOATX], cwd=ROOT, text=True,
                          env=dict(os.environ, THEANO_FLAGS=flags, PYTENSOR_FLAGS=''),
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE)


@pytest.mark.parametrize('floatX', ['float32', 'float64'])
def test_floatX_and_device(floatX):
    done = with_flags('floatX=%s,device=cpu' % floatX)
    assert done.returncode == 0 and done.stdout.split()[-2:] == [engine.NAME, floatX]


@pytest.mark.parametrize('flags, named', [
    ('floatX=float12', 'float12'), ('floatX', "'floatX' has no value"),
    ('floatX="float32', 'quot')])
def test_a_bad_flag_is_one_line_and_status_2(flags, named):
    if engine.NAME == 'Theano' and 'float12' not in flags:
        pytest.skip("Theano reads its flags by itself")
    done = with_flags(flags)
    errors = [line for line in done.stderr.splitlines() if line.startswith('error: ')]
    assert done.returncode == 2 and named in done.stderr and len(errors) == 1
    assert 'Traceback' not in done.stderr


@pytest.mark.skipif(engine.NAME == 'Theano', reason='Theano knows its own flags and devices')
def test_what_pytensor_cannot_honour_is_named():
    done = with_flags('lib.cnmem=1,floatX=float32,gcc.cxxflags="-O3 -g"')
    assert done.returncode == 0 and done.stdout.split()[1] == 'float32'
    assert done.stderr.splitlines() == ['THEANO_FLAGS: ignored, unknown to PyTensor: lib.cnmem']


def test_flags_may_be_quoted_and_spaced():
    assert engine.parse_flags('floatX=float32, device=cpu') == {'floatX': 'float32',
                                                                'device': 'cpu'}
    assert engine.parse_flags('gcc.cxxflags="-O3 -march=native",') == {
        'gcc.cxxflags': '-O3 -march=native'}
    assert engine.parse_flags('') == {}
