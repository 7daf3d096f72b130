"""Raw reviews are read from folders and archives, and nothing hostile gets in."""
import os
import tarfile

import pytest

from sentiment.data.safe_io import BadInput
from sentiment.reviews import members, read
from sentiment.reviews.read import read_sets
from tests.helpers import REVIEWS, write_archive, write_folder


def member(name, kind=tarfile.REGTYPE, link=''):
    """A tar member without content."""
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, link
    return info


def count(sets):
    """The number of reviews in all sets."""
    return sum(len(found.texts) for found in sets.values())


def refusal(source):
    """The one line with which a source is refused."""
    with pytest.raises(BadInput) as caught:
        read_sets(source)
    assert len(str(caught.value).splitlines()) == 1
    return str(caught.value)


def test_a_folder_and_an_archive_hold_the_same(tmp_path):
    sets = read_sets(write_folder(tmp_path / 'a'))
    assert {key: list(zip(*found)) for key, found in sets.items()} == {
        kind: [(REVIEWS[name], {'pos': 'positive', 'neg': 'negative'}[label])
               for label in ('pos', 'neg')
               for name in sorted(REVIEWS) if name.startswith('%s/%s/' % (kind, label))]
        for kind in ('train', 'test')}
    assert sets == read_sets(write_archive(tmp_path / 'a.tar.gz'))


def test_byte_order_marks_and_other_files_are_tolerated(tmp_path):
    files = dict(REVIEWS, **{'train/pos/0_9.txt': b'\xef\xbb\xbfA fine film , a fine day.',
                             'train/unsup/0.txt': b'\xff', 'train/pos/.hidden.txt': b'\xff',
                             'README': b'\xff'})
    found = read_sets(write_folder(tmp_path / 'a'))
    assert found == read_sets(write_folder(tmp_path / 'b', files))
    extra = [member(name) for name in ('aclImdb/README', 'aclImdb/train/unsup/0.txt',
                                       'aclImdb/train/pos/.hidden.txt')]
    assert found == read_sets(write_archive(tmp_path / 'a.tar.gz', extra=extra))


@pytest.mark.parametrize('change, named', [
    ({'train/pos/2_7.txt': b'caf\xe9'}, '2_7.txt: not UTF-8'),
    ({'train/pos/2_7.txt': b''}, '2_7.txt: an empty review'),
    ({'test/neg/0_1.txt': b' \n\t'}, '0_1.txt: an empty review'),
    ({'train/pos/2_7.txt': b'x' * (2 ** 20 + 1)}, '2_7.txt: a review of more than'),
    ({'more/train/pos/1.txt': b'x'}, 'more than one place')])
def test_bad_files_are_named(change, named, tmp_path):
    assert named in refusal(write_folder(tmp_path / 'reviews', dict(REVIEWS, **change)))


def test_missing_sets_are_named(tmp_path):
    (tmp_path / 'half' / 'train' / 'neg').mkdir(parents=True)
    for source, named in [
            (str(tmp_path / 'nowhere'), 'No such file'),
            (write_folder(tmp_path / 'empty', {'x.txt': 'x'}), 'no reviews of a form'),
            (write_folder(tmp_path / 'test', {'test/%s/0.txt' % y: 'x' for y in 'ab'}),
             'no reviews to train on'),
            (write_folder(tmp_path / 'half', {'train/pos/0.txt': 'x'}),
             'no review (*.txt) in train/neg'),
            (write_archive(tmp_path / 'more.tar', REVIEWS, [member('aclImdb/test/neu',
                                                                   tarfile.DIRTYPE)], mode='w'),
             'no review (*.txt) in test/neu')]:
        error = refusal(source)
        assert os.path.basename(source) in error and named in error


# --- What is left out -------------------------------------------------------------------------


def both(tmp_path, files):
    """Return a folder and an archive of the same files."""
    return (write_folder(tmp_path / 'folder', files),
            write_archive(tmp_path / 'archive.tar.gz', files))


def test_a_class_is_called_as_its_folder(tmp_path):
    files = dict(REVIEWS, **{'train/so so/0.txt': 'so so', 'train/unsup/0.txt': 'x'})
    for source in both(tmp_path, files):
        found = read_sets(source)
        assert found['train'].labels == ['so so', 'positive', 'positive', 'negative', 'negative']


def test_classes_may_stand_alone(tmp_path):
    files = {'stars/%d/%d.txt' % (stars, k): 'text %d' % k for stars in (1, 2, 10) for k in (0, 1)}
    for source in both(tmp_path, files):
        found = read_sets(source)
        assert list(found) == ['train'] and set(found['train'].labels) == {'1', '2', '10'}


def test_what_is_left_out_is_counted_and_named(tmp_path, capsys):
    files = dict(REVIEWS, **{'train/pos/x.TXT': 'x', 'train/pos/y': 'y', 'test/neg/z.md': 'z',
                             'train/unsup/0.txt': 'a', 'train/unsup/1.txt': 'b',
                             'train/pos/.DS_Store': 'hidden', 'train/urls_pos.txt': 'http'})
    for source in both(tmp_path, files):
        assert count(read_sets(source)) == len(REVIEWS)
        said = capsys.readouterr().err
        assert said.count('\n') == 1 and source in said
        assert 'left out: 3 files that do not end in .txt, such as test/neg/z.md' in said
        assert '2 reviews without a label, such as train/unsup/0.txt' in said


def test_what_lies_deeper_is_counted(tmp_path, capsys):
    files = dict(REVIEWS, **{'train/pos/more/0.txt': 'x', 'train/pos/x.TXT': 'x'})
    for source in both(tmp_path, files):
        read_sets(source)
        said = capsys.readouterr().err
        assert '1 file that does not end in .txt, such as train/pos/x.TXT' in said
        assert '1 folder or file below the folder of a class, such as train/pos/more' in said


def test_nothing_left_out_is_nothing_said(tmp_path, capsys):
    for source in both(tmp_path, REVIEWS):
        read_sets(source)
    assert capsys.readouterr().err == ''


def test_hidden_folders_are_no_classes(tmp_path):
    files = dict(REVIEWS, **{'train/.ipynb_checkpoints/0.txt': 'x'})
    for source in both(tmp_path, files):
        read_sets(source)


def test_a_root_that_is_called_like_a_set_is_read(tmp_path):
    path = str(tmp_path / 'a.tar')
    with tarfile.open(path, 'w') as archive:
        archive.add(write_folder(tmp_path / 'x', REVIEWS), 'test')
    assert count(read_sets(path)) == len(REVIEWS)


# --- Hostile sources --------------------------------------------------------------------------


def test_an_unreadable_folder_is_one_line(tmp_path, monkeypatch):
    source = write_folder(tmp_path / 'reviews')

    def forbidden(folder, onerror=None):
        error = PermissionError(13, 'Permission denied')
        if onerror:
            onerror(error)
        return iter(())

    monkeypatch.setattr(os, 'walk', forbidden)
    assert 'reviews: Permission denied' in refusal(source)


@pytest.mark.parametrize('hostile', [
    member('../x'), member('aclImdb/../../x'), member('/etc/x'),
    member('aclImdb/train/pos/9.txt', tarfile.SYMTYPE, '/etc/passwd'),
    member('aclImdb/train/pos/9.txt', tarfile.LNKTYPE, 'aclImdb/train/pos/0_9.txt'),
    member('aclImdb/null', tarfile.CHRTYPE), member('aclImdb/fifo', tarfile.FIFOTYPE)])
def test_hostile_members_are_refused(hostile, tmp_path):
    error = refusal(write_archive(tmp_path / 'evil.tar.gz', extra=[hostile]))
    assert hostile.name in error and 'refused' in error
    assert os.listdir(str(tmp_path)) == ['evil.tar.gz']


@pytest.mark.parametrize('name', ['', '.', './', '././.'])
def test_a_file_without_a_name_is_refused(name, tmp_path):
    path = write_archive(tmp_path / 'a.tar', {}, [member(name)], mode='w')
    assert 'a file in it has no name' in refusal(path)


@pytest.mark.parametrize('damage', [
    lambda data: data[:len(data) // 2], lambda data: b'', lambda data: b'not a tar',
    lambda data: data[:-5] + b'xxxxx'])
def test_damaged_archives_are_refused(damage, tmp_path):
    path = tmp_path / 'a.tar.gz'
    write_archive(path)
    path.write_bytes(damage(path.read_bytes()))
    assert 'a.tar.gz' in refusal(str(path))


@pytest.mark.parametrize('number, more, named', [
    (2, 0, 'a.tar'), (4, 0, 'damaged in the middle'), (6, 40, 'damaged in the middle')])
def test_an_archive_damaged_in_the_middle_is_refused(number, more, named, tmp_path):
    path, start = tmp_path / 'a.tar', 1024 * number
    files = dict(REVIEWS, **{'train/pos/more%d.txt' % i: 'x' for i in range(more)})
    write_archive(path, files, mode='w')
    data = bytearray(path.read_bytes())
    data[start:start + 100] = b'\0' * 100  # the name and the checksum of a header
    data[start + 148:start + 156] = b'garbage!'
    path.write_bytes(bytes(data))
    assert named in refusal(str(path))


def test_two_roots_in_an_archive_are_refused(tmp_path):
    extra = [member('other/train/pos', tarfile.DIRTYPE)]
    assert 'more than one place' in refusal(write_archive(tmp_path / 'a.tar.gz', extra=extra))


def test_bounds_hold(tmp_path, monkeypatch):
    monkeypatch.setattr(members, 'MAX_FILES', 3)
    assert 'more than 3' in refusal(write_folder(tmp_path / 'reviews'))
    monkeypatch.undo()
    monkeypatch.setattr(read, 'TEXT_FLOOR', 50)
    monkeypatch.setattr(read, 'TEXT_RATIO', 0)
    assert 'too much memory' in refusal(write_folder(tmp_path / 'reviews'))
