"""Only what is a file is opened as one, and no file gives more than its size admits."""
import bz2
import gzip
import hashlib
import io
import lzma
import os
import socket
import threading
import zlib

import pytest

from sentiment.data import opening
from sentiment.data.arrays import load_arrays
from sentiment.data.errors import BadInput
from sentiment.data.opening import (BLOCK, file_hash, open_readable, open_regular, read_bounded,
                                    read_start)
from sentiment.data.pickles import read_dictionary, read_sets
from sentiment.reviews import read as reviews

COMPRESS = [gzip.compress, bz2.compress, lzma.compress]
READERS = [open_regular, read_bounded, file_hash, load_arrays, read_sets, read_dictionary,
           reviews.read_sets]


def make_socket(path):
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(path)


@pytest.mark.skipif(not hasattr(os, 'mkfifo'), reason='this system has no FIFOs')
@pytest.mark.parametrize('read', READERS)
@pytest.mark.parametrize('make, named', [(os.mkfifo, 'a pipe'), (make_socket, 'a socket')])
def test_what_is_no_file_is_refused_at_once(make, named, read, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    make('node')
    with pytest.raises(BadInput, match='node: not a regular file but %s' % named):
        read('node')


@pytest.mark.skipif(not os.path.exists('/dev/zero'), reason='this system has no /dev/zero')
@pytest.mark.parametrize('read', READERS + [open_readable])
def test_a_device_is_refused_at_once(read):
    with pytest.raises(BadInput, match='/dev/zero: not a regular file but a device'):
        read('/dev/zero')


def test_the_hash_is_that_of_the_whole_file(tmp_path):
    (tmp_path / 'file').write_bytes(b'x' * 10 ** 5)
    assert file_hash(str(tmp_path / 'file')) == hashlib.sha256(b'x' * 10 ** 5).hexdigest()


@pytest.mark.parametrize('path', ['with\0null', 'half\ud800'])
def test_what_can_be_no_path_is_refused(path):
    with pytest.raises(BadInput):
        open_regular(path)


@pytest.mark.skipif(not hasattr(os, 'mkfifo'), reason='this system has no FIFOs')
def test_a_pipe_is_readable_where_it_may_be(tmp_path):
    path = str(tmp_path / 'fifo')
    os.mkfifo(path)
    threading.Thread(target=lambda: open(path, 'wb').write(b'a review'), daemon=True).start()
    with open_readable(path) as file:
        assert file.read() == b'a review'


@pytest.mark.skipif(not hasattr(os, 'openpty'), reason='this system has no terminals')
def test_a_terminal_is_readable_where_a_pipe_is():
    master, slave = os.openpty()
    with open_readable(os.ttyname(slave)) as file:
        os.write(master, b'a review\n')
        assert os.read(file.fileno(), 100) == b'a review\n'
    os.close(master)
    os.close(slave)


@pytest.mark.skipif(not hasattr(os, 'mkfifo'), reason='this system has no FIFOs')
def test_a_pipe_put_in_the_place_of_a_file_is_found_out(tmp_path, monkeypatch):
    (tmp_path / 'file').write_bytes(b'')
    status = os.stat(str(tmp_path / 'file'))
    os.mkfifo(str(tmp_path / 'fifo'))
    monkeypatch.setattr(os, 'stat', lambda path: status)
    with pytest.raises(BadInput, match='a pipe'):
        open_regular(str(tmp_path / 'fifo'))


@pytest.mark.parametrize('compress', COMPRESS)
def test_a_compressed_file_holds_no_more_than_its_size_admits(compress, tmp_path, monkeypatch):
    monkeypatch.setattr(opening, 'FLOOR', 1000)
    path = tmp_path / 'some'
    path.write_bytes(compress(bytes(10 ** 6)))
    limit = 1000 + 100 * path.stat().st_size
    with pytest.raises(BadInput, match='some: holds more than %d bytes' % limit):
        read_bounded(str(path))
    path.write_bytes(compress(os.urandom(3000)))
    assert len(read_bounded(str(path))) == 3000


@pytest.mark.parametrize('compress', COMPRESS)
def test_every_truncation_of_a_compressed_file_is_refused(compress, tmp_path):
    data = compress(b'some bytes' * 20)
    for size in range(10, len(data)):
        (tmp_path / 'cut').write_bytes(data[:size])
        with pytest.raises(BadInput, match='cut: ') as caught:
            read_bounded(str(tmp_path / 'cut'))
        assert '\n' not in str(caught.value)


def test_xz_is_read_as_lzma_reads_it(tmp_path):
    whole = os.urandom(10 ** 5) * 3
    data = lzma.compress(whole[:10]) + bytes(8) + lzma.compress(whole[10:]) + bytes(70000)
    (tmp_path / 'two.xz').write_bytes(data)
    assert read_bounded(str(tmp_path / 'two.xz')) == whole


def test_an_xz_header_cannot_ask_for_gigabytes(tmp_path):
    filters = [{'id': lzma.FILTER_LZMA2, 'dict_size': 2 ** 20}]
    data = bytearray(lzma.compress(b'small', filters=filters))
    (tmp_path / 'a.xz').write_bytes(bytes(data))
    assert read_bounded(str(tmp_path / 'a.xz')) == b'small'
    assert data[14:16] == b'\x21\x01'  # the filter, the length of its properties, the properties
    data[16] = 40                      # a dictionary of 4 GB
    data[20:24] = zlib.crc32(bytes(data[12:20])).to_bytes(4, 'little')
    (tmp_path / 'a.xz').write_bytes(bytes(data))
    with pytest.raises(BadInput, match='Memory usage limit'):
        read_bounded(str(tmp_path / 'a.xz'))


def test_a_file_that_is_too_large_is_not_read(tmp_path, monkeypatch):
    monkeypatch.setattr(opening, 'MAX_BYTES', 100)
    (tmp_path / 'large').write_bytes(bytes(101))
    with pytest.raises(BadInput, match='large: holds more than 100 bytes'):
        read_bounded(str(tmp_path / 'large'))


@pytest.mark.parametrize('size', [0, 1, BLOCK - 1, BLOCK, BLOCK + 1, 3 * BLOCK])
@pytest.mark.parametrize('wanted', [0, 1, BLOCK, BLOCK + 1, 2 * BLOCK])
def test_the_start_of_a_stream(size, wanted):
    whole = bytes(range(256)) * (size // 256 + 1)
    stream = io.BufferedReader(io.BytesIO(whole[:size]), 100)
    assert read_start(stream, wanted) == whole[:size][:wanted]
    assert stream.read() == whole[:size][wanted:]
