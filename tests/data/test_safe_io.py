"""Hostile pickles run nothing, and take no more memory than honest ones of their size."""
import bz2
import gzip
import lzma
import os
import pickle
import struct

import numpy
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sentiment.data import opening, unpickling
from sentiment.data.safe_io import BadInput, load_pickles
from tests.helpers import Evil


def write(path, data):
    """Write bytes to a file and return its path as text."""
    path.write_bytes(data)
    return str(path)


def load_bytes(tmp_path, data, count=1):
    """Load pickles from bytes by way of a file."""
    return load_pickles(write(tmp_path / 'some.pkl', data), count)


# --- What is admitted -------------------------------------------------------------------------


@pytest.mark.parametrize('protocol', range(pickle.HIGHEST_PROTOCOL + 1))
def test_plain_data_comes_back_in_every_protocol(tmp_path, protocol):
    data = ([[1, 2 ** 40], (3, -4)], {'wörd': 2, b'bytes': b'', 'b': b'\xff'})
    assert load_bytes(tmp_path, pickle.dumps(data, protocol)) == [data]


@pytest.mark.parametrize('protocol', range(pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize('dtype', ['int8', 'uint8', '<i4', '>i4', '<u2', 'int64', '>u8'])
def test_integer_arrays_come_back_in_every_protocol(tmp_path, protocol, dtype):
    array = numpy.arange(6).astype(dtype).reshape(2, 3)
    arrays = [array, array.T, array[:, 0], array[:0]]
    for array, loaded in zip(arrays, load_bytes(tmp_path, pickle.dumps(arrays, protocol))[0]):
        assert loaded.dtype.newbyteorder('=') == array.dtype.newbyteorder('=')
        assert numpy.array_equal(loaded, array)


@pytest.mark.parametrize('protocol', range(pickle.HIGHEST_PROTOCOL + 1))
def test_numpy_integers_become_ints(tmp_path, protocol):
    loaded = load_bytes(tmp_path, pickle.dumps([numpy.int64(7), numpy.uint8(200)], protocol))[0]
    assert loaded == [7, 200] and [type(value) for value in loaded] == [int, int]


@pytest.mark.parametrize('core', [b'numpy.core', b'numpy._core'])
def test_both_spellings_of_numpy_core_are_known(tmp_path, core):
    data = pickle.dumps(numpy.arange(3), 2)
    data = data.replace(b'numpy._core', b'numpy.core').replace(b'numpy.core', core)
    assert load_bytes(tmp_path, data)[0].tolist() == [0, 1, 2]


# numpy.array([1, 258], '<i2') as Python 2 writes it, the bytes as a str: protocols 0 and 2
PYTHON2 = [
    b"cnumpy.core.multiarray\n_reconstruct\np0\n(cnumpy\nndarray\np1\n(I0\ntp2\nS'b'\np3\ntp4\nRp5"
    b"\n(I1\n(I2\ntp6\ncnumpy\ndtype\np7\n(S'i2'\np8\nI0\nI1\ntp9\nRp10\n"
    b"(I3\nS'<'\np11\nNNNI-1\nI-1\nI0\ntp12\nbI00\nS'\\x01\\x00\\x02\\x01'\np13\ntp14\nb.",
    b"\x80\x02cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\x00\x85U\x01b\x87R"
    b"(K\x01K\x02\x85cnumpy\ndtype\nU\x02i2K\x00K\x01\x87R(K\x03U\x01<NNNJ\xff\xff\xff\xff"
    b"J\xff\xff\xff\xffK\x00tb\x89U\x04\x01\x00\x02\x01tb."]


@pytest.mark.parametrize('data', PYTHON2)
def test_an_array_pickled_by_python_2_is_read(tmp_path, data):
    assert load_bytes(tmp_path, data)[0].tolist() == [1, 258]


@pytest.mark.parametrize('compress', [gzip.compress, bz2.compress, lzma.compress])
def test_compressed_pickles_are_read_and_in_their_order(tmp_path, compress):
    data = compress(pickle.dumps([1]) + pickle.dumps([2]) + b'what follows is not read')
    assert load_bytes(tmp_path, data, 2) == [[1], [2]]


# --- What is refused --------------------------------------------------------------------------


@pytest.mark.parametrize('protocol', range(pickle.HIGHEST_PROTOCOL + 1))
def test_a_pickle_with_os_system_runs_nothing(tmp_path, protocol):
    witness = tmp_path / 'witness'
    data = pickle.dumps([1, Evil(os.system, 'touch %s' % witness)], protocol)
    with pytest.raises(BadInput, match=r"some.pkl: refused: it asks for '\w+.system'.*nothing"):
        load_bytes(tmp_path, data)
    assert not witness.exists()
    pickle.loads(data)  # the witness is a good one: pickle itself does run it
    assert witness.exists()


def test_bytes_are_the_only_builtin_and_take_no_argument(tmp_path):
    for function in (eval, getattr, print, open, int):
        with pytest.raises(BadInput, match=function.__name__):
            load_bytes(tmp_path, pickle.dumps(Evil(function, '1')))
    with pytest.raises(BadInput, match='whole pickle'):
        load_bytes(tmp_path, pickle.dumps(Evil(bytes, 2 ** 40)))


def test_codecs_encode_knows_latin1_alone(tmp_path):
    import _codecs
    with pytest.raises(BadInput, match='encoding'):
        load_bytes(tmp_path, pickle.dumps(Evil(_codecs.encode, 'secret', 'rot13'), 2))


@pytest.mark.parametrize('array', [
    numpy.array([1.5]), numpy.array([None]), numpy.array(['text']), numpy.array([True]),
    numpy.array([1], 'm8[s]'), numpy.zeros(1, [('field', 'i4')]), numpy.float64(1)])
@pytest.mark.parametrize('protocol', range(pickle.HIGHEST_PROTOCOL + 1))
def test_arrays_of_anything_but_integers_are_refused(tmp_path, array, protocol):
    with pytest.raises(BadInput, match='not of integers'):
        load_bytes(tmp_path, pickle.dumps(array, protocol))


def test_a_type_cannot_be_changed_into_another(tmp_path):
    state = (3, '<', None, ('field',), {'field': (numpy.dtype('i8'), 0)}, -1, -1, 0)
    data = (b'\x80\x02cnumpy\ndtype\nX\x02\x00\x00\x00i8\x89\x88\x87R'
            + pickle.dumps(state[:4] + (1,), 2)[2:-1] + b'b.')
    with pytest.raises(BadInput, match='not a plain integer'):
        load_bytes(tmp_path, data)
    assert numpy.dtype('i8').names is None


def test_a_function_that_is_handed_out_cannot_be_changed(tmp_path):
    data = b'\x80\x02c_codecs\nencode\n}X\x01\x00\x00\x00aK\x01sb.'
    with pytest.raises(BadInput, match='change a function'):
        load_bytes(tmp_path, data)
    assert not vars(unpickling.Budget.encode_latin1)


def reconstruct(shape, dtype, data, build=b'b'):
    """Pickle an array's state by hand, whole or not."""
    pieces = [pickle.dumps(piece, 3)[2:-1] for piece in (shape, dtype, data)]
    return (b'\x80\x03cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\x00\x85C\x01b\x87R'
            b'(K\x01' + pieces[0] + b'cnumpy\ndtype\n' + pieces[1] + b'\x85R\x89' + pieces[2]
            + b't' + build + b'.')


def test_an_array_made_by_hand_is_read(tmp_path):
    assert load_bytes(tmp_path, reconstruct((2,), 'i1', b'\x01\x02'))[0].tolist() == [1, 2]


@pytest.mark.parametrize('shape, dtype, data', [
    ((3,), 'i1', b'\x01\x02'), ((2 ** 40,), 'i1', b''), ((1,), 'i8', b'\x01'),
    (('a',), 'i1', b'\x01'), ((1,), 'i1', 2 ** 40), ((1,), 'i1', [1]), ((0, 2 ** 40), 'i1', b''),
    ((True,), 'i1', b'\x01'), ((-1,), 'i1', b'\x01'), ((1,) * 40, 'i1', b'\x01')])
def test_an_array_whose_bytes_do_not_fit_is_refused(tmp_path, shape, dtype, data):
    with pytest.raises(BadInput, match='not a whole pickle'):
        load_bytes(tmp_path, reconstruct(shape, dtype, data))


def test_an_array_without_a_type_is_refused(tmp_path):
    data = pickle.dumps([numpy.int64(1)], 2)
    start, end = data.index(b'cnumpy\ndtype'), data.index(b'tq', data.index(b'cnumpy\ndtype'))
    end = data.index(b'b', end)
    with pytest.raises(BadInput, match='no known type'):
        load_bytes(tmp_path, data[:start] + b'N' + data[end + 1:])


@pytest.mark.parametrize('data', [
    b'', b'garbage', b'\x80', b'.', b'N', b'<html>', b'\x80\x02]q\x00(K\x01', b'\x80\x63N.',
    b'0.', b'a.', b'\x80\x02Pid\n.', b'\x82\x01.', b'h\x05.', b'I99x\n.', b'\x8a\xff.',
    b'X' + struct.pack('<I', 2 ** 31) + b'short', b'\x8e' + struct.pack('<Q', 2 ** 62) + b'short',
    b'\x8e' + struct.pack('<Q', 2 ** 64 - 1), b'\x1f\x8b', b'\x1f\x8bgarbage', b'BZhgarbage',
    b'\xfd7zXZ\x00garbage', gzip.compress(b'x' * 1000, mtime=0)[:-12],
    gzip.compress(pickle.dumps([1]), mtime=0)[:9]])
def test_damage_is_one_clear_line(tmp_path, data):
    with pytest.raises(BadInput) as caught:
        load_bytes(tmp_path, data)
    assert 'some.pkl' in str(caught.value) and '\n' not in str(caught.value)


def test_every_truncation_is_refused(tmp_path):
    data = pickle.dumps(([[1, 2], [3]], numpy.arange(3)), 2)
    for size in range(len(data)):
        with pytest.raises(BadInput):
            load_bytes(tmp_path, data[:size])


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(at=st.integers(0, 10 ** 6), byte=st.integers(0, 255))
def test_a_changed_byte_is_read_or_refused(tmp_path, at, byte):
    data = bytearray(pickle.dumps(([[1, 2], [3]], numpy.arange(3), 'text'), 2))
    data[at % len(data)] = byte
    try:
        load_bytes(tmp_path, bytes(data))
    except BadInput:
        pass


def test_a_missing_file_and_a_folder_are_named(tmp_path):
    for path in (tmp_path / 'none.pkl', tmp_path):
        with pytest.raises(BadInput, match=path.name):
            load_pickles(str(path), 1)


@pytest.mark.parametrize('compress', [bytes, gzip.compress, bz2.compress, lzma.compress])
def test_no_more_than_the_limit_is_read(tmp_path, monkeypatch, compress):
    monkeypatch.setattr(opening, 'MAX_BYTES', 10 ** 5)
    bomb = compress(pickle.dumps(b'\0' * 10 ** 6))
    with pytest.raises(BadInput, match='some.pkl: holds more than 100000 bytes'):
        load_bytes(tmp_path, bomb)
    assert load_bytes(tmp_path, compress(pickle.dumps(b'\0' * 10 ** 4))) == [b'\0' * 10 ** 4]
