"""Arrays are read whole and plain; nothing in a .npz is believed."""
import io
import tracemalloc
import zipfile

import numpy
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sentiment.data import opening
from sentiment.data.arrays import load_arrays
from sentiment.data.errors import BadInput


def member(value=None, header=None, data=None):
    """Return the bytes of an array, with another header or other data."""
    file = io.BytesIO()
    if header is None:
        numpy.lib.format.write_array(file, numpy.asarray(value))
        return file.getvalue()
    text = (repr(header) if isinstance(header, dict) else header).encode('latin1')
    text = text + b' ' * (118 - len(text)) + b'\n'
    return b'\x93NUMPY\x01\x00' + bytes([len(text) % 256, len(text) // 256]) + text + (data or b'')


def header(descr='<f8', shape=(2,), fortran=False):
    return {'descr': descr, 'fortran_order': fortran, 'shape': shape}


def write(path, members, compression=zipfile.ZIP_STORED):
    """Write a zip of (name, bytes) and return its path."""
    with zipfile.ZipFile(str(path), 'w', compression) as archive:
        for name, data in members:
            archive.writestr(name, data)
    return str(path)


def refusal(path):
    with pytest.raises(BadInput) as caught:
        load_arrays(path)
    text = str(caught.value)
    assert text.startswith(path) and len(text.splitlines()) == 1
    return text


# --- What is read -----------------------------------------------------------------------------


VALUES = {'f4': numpy.float32([[1, 2], [3, 4]]), 'big': numpy.arange(6, dtype='>i4').reshape(2, 3),
          'fortran': numpy.asfortranarray(numpy.arange(6.).reshape(2, 3)), 'one': numpy.array(7),
          'words': numpy.array(['über', '', '\U0001f600']), 'text': numpy.array('{"a": 1}'),
          'bool': numpy.array([True, False]), 'empty': numpy.zeros((0, 4)),
          'half': numpy.float16([1]), 'a b/c': numpy.uint8([255]),
          'bigtext': numpy.array(['ab', 'c'], '>U2')}


@pytest.mark.parametrize('save', [numpy.savez, numpy.savez_compressed])
def test_what_numpy_saves_is_read(save, tmp_path):
    path = str(tmp_path / 'm.npz')
    save(path, **VALUES)
    loaded = load_arrays(path)
    assert list(loaded) == list(VALUES)
    for name, value in VALUES.items():
        numpy.testing.assert_array_equal(loaded[name], value)
        assert loaded[name].dtype == value.dtype.newbyteorder('=') and loaded[name].dtype.isnative


def test_a_header_of_python_2_is_read(tmp_path):
    data = member(header="{'descr': '<f8', 'fortran_order': False, 'shape': (1L, 2L), }",
                  data=bytes(16))
    loaded = load_arrays(write(tmp_path / 'm.npz', [('a.npy', data)]))
    assert loaded['a'].tolist() == [[0, 0]]


def test_no_file_is_opened_twice_as_large_as_it_is(tmp_path):
    path = str(tmp_path / 'm.npz')
    numpy.savez(path, a=numpy.zeros(2 * 10 ** 6), b=numpy.ones(10 ** 6))
    tracemalloc.start()
    load_arrays(path)
    assert tracemalloc.get_traced_memory()[1] < 30 * 10 ** 6
    tracemalloc.stop()


# --- What is refused --------------------------------------------------------------------------


@pytest.mark.parametrize('data, named', [
    (b'', 'not a plain array'), (b'hello', 'not a plain array'),
    (b'\x93NUMPY\x02\x00', 'not a plain'),
    (member(header=header(), data=bytes(8)), 'not as long'),
    (member(header=header(), data=bytes(24)), 'not as long'),
    (member(header=header(shape=(10 ** 6, 10 ** 6)), data=bytes(8)), 'not as long'),
    (member(header=header(shape=(-1, -2)), data=bytes(16)), 'shape'),
    (member(header=header(shape=(True, 2)), data=bytes(16)), 'neither numbers nor texts'),
    (member(header=header(shape=(0, 10 ** 9)), data=b''), 'is empty'),
    (member(header=header(shape=(10 ** 9, 0)), data=b''), 'is empty'),
    (member(header=header('|O'), data=bytes(16)), 'Object arrays'),
    (member(header=header('<c16'), data=bytes(32)), 'neither numbers nor texts'),
    (member(header=header('<f16'), data=bytes(32)), 'neither numbers nor texts'),
    (member(header=header('|S3'), data=bytes(6)), 'neither numbers nor texts'),
    (member(header=header('<M8[s]'), data=bytes(16)), 'neither numbers nor texts'),
    (member(header=header([('a', '<f8')]), data=bytes(16)), 'neither numbers nor texts'),
    (member(header=header(('<f8', (2,))), data=bytes(32)), 'neither numbers nor texts'),
    (member(header=header('|V8'), data=bytes(16)), 'neither numbers nor texts'),
    (member(header=header('<U0'), data=b''), 'neither numbers nor texts'),
    (member(header=header('<U400000000', shape=(0,)), data=b''), 'neither numbers nor texts'),
    (member(header=header('<U1'), data=b'\xff' * 8), 'not a character'),
    (member(header=header('<U1', (1,)), data=b'\x00\xd8\x00\x00'), 'not a character'),
    (member(header='[' * 3000, data=b''), ''),
    (member(header='(' * 60000, data=b''), 'neither numbers nor'),
    (member(header='9' * 118, data=b''), ''), (member(header="{'shape': 1}", data=b''), '')])
def test_what_is_no_plain_array_is_refused(data, named, tmp_path):
    text = refusal(write(tmp_path / 'm.npz', [('Wemb.npy', data)]))
    assert 'cannot be read as a saved model' in text and named in text and len(text) < 500


@pytest.mark.parametrize('names', [('a.npy', 'a.npy'), ('a.npy', 'a')])
@pytest.mark.filterwarnings('ignore:Duplicate name')
def test_two_members_of_one_name_are_refused(names, tmp_path):
    assert 'two members of one name' in refusal(
        write(tmp_path / 'm.npz', [(name, member([1.])) for name in names]))


@pytest.mark.parametrize('compression', [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_only_the_compression_of_models_is_read(compression, tmp_path):
    path = write(tmp_path / 'm.npz', [('a.npy', member([1.]))], compression)
    assert 'compressed in a way' in refusal(path)


def test_a_bomb_is_refused_before_it_is_read(tmp_path, monkeypatch):
    monkeypatch.setattr(opening, 'FLOOR', 1000)
    path = write(tmp_path / 'm.npz', [('a.npy', member(numpy.zeros(10 ** 6)))],
                 zipfile.ZIP_DEFLATED)
    tracemalloc.start()
    assert 'holds more than' in refusal(path)
    assert tracemalloc.get_traced_memory()[1] < 2 * 10 ** 6  # of 8
    tracemalloc.stop()


def test_a_list_of_members_without_an_end_is_not_read(tmp_path):
    path = write(tmp_path / 'm.npz', [('%d' % k + 'x' * 200, b'') for k in range(5000)])
    assert 'a list of members' in refusal(path)


@pytest.mark.parametrize('data, named', [
    (b'text,label\ngreat,1\n', 'it seems to be a table'), (b'PAR1', 'seems to be a parquet file'),
    (b'PK\x03\x04aclImdb/train', 'seems to be a zip archive'), (b'a film', 'not a zip file')])
def test_another_form_is_named(data, named, tmp_path):
    (tmp_path / 'm.npz').write_bytes(data)
    assert named in refusal(str(tmp_path / 'm.npz'))


@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(at=st.integers(0, 10 ** 6), data=st.binary(max_size=3), cut=st.booleans())
def test_a_changed_file_is_read_or_refused(tmp_path, at, data, cut):
    path = write(tmp_path / 'm.npz', [('a.npy', member([1., 2.])), ('b.npy', member(['x', 'yz']))])
    whole = (tmp_path / 'm.npz').read_bytes()
    at %= len(whole)
    (tmp_path / 'm.npz').write_bytes(whole[:at] + data + (b'' if cut else whole[at + len(data):]))
    try:
        for value in load_arrays(path).values():
            value.tolist()
    except BadInput as error:
        assert len(str(error).splitlines()) == 1 and len(str(error)) < 600
