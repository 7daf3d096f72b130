"""No archive makes tarfile read without a bound, or keeps in memory what was read."""
import gzip
import io
import tarfile
import tracemalloc

import pytest

from sentiment.data import opening
from sentiment.reviews import read
from sentiment.reviews.archives import MAX_GLOBAL, each_member
from sentiment.data.errors import BadInput
from sentiment.reviews.read import read_sets
from tests.helpers import REVIEWS, write_archive

ZEROS = bytes(2 ** 20)


def header(kind, size, name='x'):
    """Return the bytes of a header of this kind whose content has this size."""
    info = tarfile.TarInfo(name)
    info.type, info.size = kind, size
    return info.tobuf(tarfile.GNU_FORMAT)


def write(path, *parts):
    """Write bytes, gzipped, the cheapest way to a gigabyte of zeros."""
    with gzip.open(str(path), 'wb', 9) as file:
        for part in parts:
            file.write(part)
    return str(path)


def refuse(path):
    """Return the one line with which an archive is refused, and the peak of memory."""
    tracemalloc.start()
    try:
        with pytest.raises(BadInput) as caught:
            read_sets(path)
        assert len(str(caught.value).splitlines()) == 1 and len(str(caught.value)) < 600
        return str(caught.value), tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize('kind', [tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.SOLARIS_XHDTYPE,
                                  tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK])
@pytest.mark.parametrize('size', [2 ** 17, 10 ** 9, -1, 2 ** 62])
def test_a_header_without_an_end_is_not_read(kind, size, tmp_path):
    path = write(tmp_path / 'a.tgz', header(kind, size), *[ZEROS] * 12)
    text, peak = refuse(path)
    assert 'a header of %d bytes' % size in text and peak < 2 ** 20


def test_long_names_are_read(tmp_path):
    name = 'x' * 300 + '.txt'
    for form in (tarfile.PAX_FORMAT, tarfile.GNU_FORMAT):
        path = str(tmp_path / 'a.tar')
        with tarfile.open(path, 'w', format=form) as archive:
            for place in ('train/pos/', 'train/neg/'):
                member = tarfile.TarInfo('aclImdb/' + place + name)
                member.size = 4
                archive.addfile(member, io.BytesIO(b'fine'))
        assert read_sets(path)['train'].texts == ['fine', 'fine']


def test_sparse_files_are_refused(tmp_path):
    text, _ = refuse(write(tmp_path / 'a.tgz', header(tarfile.GNUTYPE_SPARSE, 100), bytes(1024)))
    assert 'a sparse file' in text
    pax = tarfile.TarInfo('aclImdb/train/pos/0.txt')
    pax.pax_headers = {'GNU.sparse.major': '1', 'GNU.sparse.minor': '0',
                       'GNU.sparse.name': 'aclImdb/train/pos/0.txt', 'GNU.sparse.realsize': '1'}
    pax.size = 2 ** 24
    text, peak = refuse(write(tmp_path / 'b.tgz', pax.tobuf(tarfile.PAX_FORMAT), *[ZEROS] * 16))
    assert 'a sparse file' in text and peak < 2 ** 20


@pytest.mark.parametrize('sparse', [{'GNU.sparse.map': '0,1'},
                                    {'GNU.sparse.size': '2000000', 'GNU.sparse.map': '0,1'}])
def test_older_sparse_files_are_refused(sparse, tmp_path):
    pax = tarfile.TarInfo('aclImdb/train/pos/0.txt')
    pax.pax_headers = sparse
    text, _ = refuse(write(tmp_path / 'a.tgz', pax.tobuf(tarfile.PAX_FORMAT), bytes(1024)))
    assert 'sparse' in text


def test_headers_that_hold_for_all_do_not_pile_up(tmp_path):
    parts = []
    for k in range(MAX_GLOBAL + 2):
        parts.append(tarfile.TarInfo.create_pax_global_header({'key%d' % k: 'x' * 1000}))
        parts.append(header(tarfile.REGTYPE, 0))
    text, peak = refuse(write(tmp_path / 'a.tgz', *parts))
    assert 'global values' in text and peak < 10 ** 7


def test_a_bomb_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(opening, 'FLOOR', 2 ** 20)
    path = write(tmp_path / 'a.tgz', header(tarfile.REGTYPE, 2 ** 28), *[ZEROS] * 256)
    text, peak = refuse(path)
    assert 'holds more than' in text and peak < 5 * 2 ** 20


def test_texts_take_no_more_memory_than_the_size_admits(tmp_path, monkeypatch):
    monkeypatch.setattr(read, 'TEXT_FLOOR', 2 ** 20)
    files = {'train/pos/%d.txt' % k: 'word ' * 20000 for k in range(50)}
    text, peak = refuse(write_archive(tmp_path / 'a.tgz', files))
    assert 'too much memory' in text and peak < 4 * 2 ** 20


def test_members_do_not_pile_up(tmp_path):
    path = write_archive(tmp_path / 'a.tgz', {'other/%d' % k: '' for k in range(2000)})
    tracemalloc.start()
    for number, _ in enumerate(each_member(path)):
        if number == 100:
            before = tracemalloc.get_traced_memory()[0]
    assert number == 1999 and tracemalloc.get_traced_memory()[0] - before < 10 ** 5
    tracemalloc.stop()


def test_each_member_can_be_read(tmp_path):
    found = {member.name: file.read(5)
             for member, file in each_member(write_archive(tmp_path / 'a.tgz'))}
    assert found == {'aclImdb/' + name: text.encode()[:5] for name, text in REVIEWS.items()}


def test_names_are_shown_briefly_and_on_one_line(tmp_path):
    extra = [tarfile.TarInfo('../' + 'x\n' * 5000)]
    text, _ = refuse(write_archive(tmp_path / 'a.tgz', extra=extra))
    assert 'leaves the folder' in text and len(text) < 500
