"""Raw reviews become the same two files every time, and nothing hostile gets in."""
import io
import os
import signal
import subprocess
import sys
import tarfile
import time

import pytest

import imdb_preprocess
from safe_io import BadInput, load_pickles
from tests.conftest import ROOT

REVIEWS = {'train/pos/0_9.txt': 'A fine film , a fine day.', 'train/pos/1_8.txt': "It's great!",
           'train/neg/0_2.txt': 'A poor film.<br />No.', 'train/neg/1_1.txt': 'Bad, bad, bad.',
           'test/pos/0_9.txt': 'fine wine', 'test/neg/0_1.txt': 'Überbad film'}


def write_folder(folder, files=REVIEWS):
    """Write files, the last first: their order on the disk must not matter."""
    for name in sorted(files, reverse=True):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        text = files[name]
        path.write_bytes(text if isinstance(text, bytes) else text.encode('utf-8'))
    return str(folder)


def write_archive(path, files=REVIEWS, extra=(), mode='w:gz'):
    """Write a tar of files under aclImdb/, and these further members."""
    with tarfile.open(str(path), mode) as archive:
        for name, text in files.items():
            data = text.encode('utf-8')
            member = tarfile.TarInfo('aclImdb/' + name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
        for member in extra:
            archive.addfile(member)
    return str(path)


def own(texts=10):
    """A corpus of one's own: a training set, no test set."""
    return {'train/%s/%d.txt' % (label, i): '%s %d' % (label, i)
            for label in ('pos', 'neg') for i in range(texts)}


def outputs(folder):
    """The bytes of the two files."""
    return [(folder / name).read_bytes() for name in ('imdb.pkl', 'imdb.dict.pkl')]


def test_folder_and_archive_give_the_same_bytes(tmp_path, capsys):
    sources = [write_folder(tmp_path / 'reviews'), write_archive(tmp_path / 'a.tar.gz'),
               write_archive(tmp_path / 'b.tar', dict(reversed(list(REVIEWS.items()))), mode='w')]
    results = []
    for number, source in enumerate(sources):
        out = tmp_path / str(number)
        assert imdb_preprocess.main([source, '--output-dir', str(out),
                                     '--jobs', str(1 + number % 2)]) == 0
        results.append(outputs(out))
    assert results[0] == results[1] == results[2]
    assert '4 reviews to train on, 2 to test' in capsys.readouterr().out


def test_what_the_files_hold(tmp_path):
    imdb_preprocess.preprocess(write_folder(tmp_path / 'reviews'), str(tmp_path))
    words, = load_pickles(str(tmp_path / 'imdb.dict.pkl'), 1)
    (train, train_y), (test, test_y) = load_pickles(str(tmp_path / 'imdb.pkl'), 2)
    assert train_y == [1, 1, 0, 0] and test_y == [1, 0]
    # '.' four times; 'a', 'bad' and ',' three times, in the order of the words themselves
    assert [words[w] for w in ('.', ',', 'a', 'bad')] == [2, 3, 4, 5]
    assert sorted(words.values()) == list(range(2, len(words) + 2))
    assert train[0] == [words[w] for w in 'a fine film , a fine day .'.split()]
    assert test == [[words['fine'], 1], [1, words['film']]]  # wine and überbad are unknown


def test_tokens_are_sacremoses_own_in_lower_case():
    from sacremoses import MosesTokenizer
    moses = MosesTokenizer(lang='en')
    for text in list(REVIEWS.values()) + ['Mr. Smith, U.S.A. said: "3.5 of 5"...', 'Ça va ? ½']:
        assert imdb_preprocess.tokenize(text) == [
            word.lower() for word in moses.tokenize(text, escape=False)]


def test_a_held_out_test_set_is_seeded_and_apart(tmp_path):
    source = write_folder(tmp_path / 'own', own())
    for name, seed in (('a', '1'), ('b', '1'), ('c', '2')):
        assert imdb_preprocess.main([source, '--output-dir', str(tmp_path / name), '--seed', seed,
                                     '--test-portion', '0.3', '--jobs', '1']) == 0
    assert outputs(tmp_path / 'a') == outputs(tmp_path / 'b') != outputs(tmp_path / 'c')
    (train, train_y), (test, test_y) = load_pickles(str(tmp_path / 'a' / 'imdb.pkl'), 2)
    assert (len(train), sum(train_y), len(test), sum(test_y)) == (14, 7, 6, 3)


@pytest.mark.parametrize('portion', ['0', '1', '0.99', 'nan'])
def test_a_held_out_portion_that_leaves_nothing(portion, tmp_path, capsys):
    source = write_folder(tmp_path / 'own', own())
    assert imdb_preprocess.main([source, '--output-dir', str(tmp_path / 'x'),
                                 '--test-portion', portion]) == 2
    assert 'leaves none' in capsys.readouterr().err


def member(name, kind=tarfile.REGTYPE, link=''):
    """A tar member without content."""
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, link
    return info


@pytest.mark.parametrize('hostile', [
    member('../x'), member('aclImdb/../../x'), member('/etc/x'),
    member('aclImdb/train/pos/9.txt', tarfile.SYMTYPE, '/etc/passwd'),
    member('aclImdb/train/pos/9.txt', tarfile.LNKTYPE, 'aclImdb/train/pos/0_9.txt'),
    member('aclImdb/null', tarfile.CHRTYPE), member('aclImdb/fifo', tarfile.FIFOTYPE)])
def test_hostile_members_are_refused(hostile, tmp_path, capsys):
    source = write_archive(tmp_path / 'evil.tar.gz', extra=[hostile])
    assert imdb_preprocess.main([source, '--output-dir', str(tmp_path / 'out')]) == 2
    error = capsys.readouterr().err
    assert hostile.name in error and 'refused' in error and len(error.splitlines()) == 1
    assert os.listdir(str(tmp_path)) == ['evil.tar.gz']


@pytest.mark.parametrize('change, named', [
    ({'train/pos/2_7.txt': b'caf\xe9'}, '2_7.txt: not UTF-8'),
    ({'train/pos/2_7.txt': b''}, '2_7.txt: an empty review'),
    ({'test/neg/0_1.txt': b' \n\t'}, '0_1.txt: an empty review'),
    ({'train/pos/2_7.txt': b'x' * (2 ** 20 + 1)}, '2_7.txt: a review of more than'),
    ({'train/pos/2_7.txt/deep.txt': b'x'}, '2_7.txt: not a plain file'),
    ({'more/train/pos/1.txt': b'x'}, 'more than one place')])
def test_bad_files_are_named(change, named, tmp_path, capsys):
    source = write_folder(tmp_path / 'reviews', dict(REVIEWS, **change))
    assert imdb_preprocess.main([source, '--output-dir', str(tmp_path / 'out')]) == 2
    error = capsys.readouterr().err
    assert named in error and len(error.splitlines()) == 1 and not (tmp_path / 'out').exists()


def test_byte_order_marks_and_other_files_are_tolerated(tmp_path):
    files = dict(REVIEWS, **{'train/pos/0_9.txt': b'\xef\xbb\xbfA fine film , a fine day.',
                             'train/unsup/0.txt': b'\xff', 'train/pos/.hidden.txt': b'\xff',
                             'README': b'\xff'})
    imdb_preprocess.preprocess(write_folder(tmp_path / 'a'), str(tmp_path / 'x'))
    imdb_preprocess.preprocess(write_folder(tmp_path / 'b', files), str(tmp_path / 'y'))
    assert outputs(tmp_path / 'x') == outputs(tmp_path / 'y')


def test_missing_sets_are_named(tmp_path, capsys):
    sources = [str(tmp_path / 'nowhere'), write_folder(tmp_path / 'empty', {'x.txt': 'x'}),
               write_folder(tmp_path / 'one', {'train/pos/0.txt': 'x'}),
               write_archive(tmp_path / 'no_neg.tar', {'train/pos/0.txt': 'x'}, mode='w')]
    (tmp_path / 'half' / 'train' / 'neg').mkdir(parents=True)
    sources.append(write_folder(tmp_path / 'half', {'train/pos/0.txt': 'x'}))
    for source in sources:
        assert imdb_preprocess.main([source, '--output-dir', str(tmp_path / 'out')]) == 2
        error = capsys.readouterr().err
        assert os.path.basename(source) in error and len(error.splitlines()) == 1
    assert 'no review (*.txt) in train/neg' in error


def test_an_unreadable_folder_is_one_line(tmp_path, monkeypatch):
    source = write_folder(tmp_path / 'reviews')

    def forbidden(path):
        raise PermissionError(13, 'Permission denied')

    monkeypatch.setattr(imdb_preprocess.os, 'scandir', forbidden)
    with pytest.raises(BadInput, match='reviews: Permission denied'):
        imdb_preprocess.preprocess(source, str(tmp_path / 'out'))


@pytest.mark.parametrize('damage', [
    lambda data: data[:len(data) // 2], lambda data: b'', lambda data: b'not a tar',
    lambda data: data[:-5] + b'xxxxx'])
def test_damaged_archives_are_refused(damage, tmp_path):
    path = tmp_path / 'a.tar.gz'
    write_archive(path)
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(BadInput, match='a.tar.gz'):
        imdb_preprocess.preprocess(str(path), str(tmp_path / 'out'))


def test_an_archive_damaged_in_the_middle_is_refused(tmp_path):
    path = tmp_path / 'a.tar'
    write_archive(path, mode='w')
    data = bytearray(path.read_bytes())
    data[2048:2148] = b'\0' * 100  # the name and the checksum of a header
    data[2048 + 148:2048 + 156] = b'garbage!'
    path.write_bytes(bytes(data))
    with pytest.raises(BadInput):
        imdb_preprocess.preprocess(str(path), str(tmp_path / 'out'))


def test_two_roots_in_an_archive_are_refused(tmp_path):
    extra = [member('other/train/pos', tarfile.DIRTYPE)]
    with pytest.raises(BadInput, match='more than one place'):
        imdb_preprocess.preprocess(write_archive(tmp_path / 'a.tar.gz', extra=extra),
                                   str(tmp_path / 'out'))


@pytest.mark.parametrize('bound, value', [('MAX_FILES', 3), ('MAX_BYTES', 50)])
def test_bounds_hold(bound, value, tmp_path, monkeypatch):
    monkeypatch.setattr(imdb_preprocess, bound, value)
    with pytest.raises(BadInput, match='more than'):
        imdb_preprocess.preprocess(write_folder(tmp_path / 'reviews'), str(tmp_path / 'out'))


def test_a_killed_worker_is_one_line(tmp_path, monkeypatch):
    def killed(*args, **keywords):
        raise imdb_preprocess.BrokenProcessPool('gone')
    monkeypatch.setattr(imdb_preprocess, 'progress', killed)
    with pytest.raises(BadInput, match='fewer --jobs'):
        imdb_preprocess.tokenize_all(['a b'] * 101, jobs=2)


def test_interrupt_is_status_130_and_leaves_nothing(tmp_path, monkeypatch):
    def interrupted(*args, **keywords):
        raise KeyboardInterrupt
    monkeypatch.setattr(imdb_preprocess, 'tokenize_all', interrupted)
    out = tmp_path / 'out'
    assert imdb_preprocess.main([write_folder(tmp_path / 'a'), '--output-dir', str(out)]) == 130
    assert os.listdir(str(out)) == []


@pytest.mark.parametrize('stop, status', [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_stopped_process_leaves_no_half_file(stop, status, tmp_path):
    source = write_folder(tmp_path / 'long', {
        'train/%s/%d.txt' % (label, i): 'a long review, ' * 2000
        for label in ('pos', 'neg') for i in range(150)})
    process = subprocess.Popen([sys.executable, 'imdb_preprocess.py', source, '--output-dir',
                                str(tmp_path / 'out'), '--jobs', '2'], cwd=ROOT)
    while not (tmp_path / 'out').exists():
        time.sleep(0.05)
    time.sleep(0.3)
    process.send_signal(stop)
    assert process.wait(timeout=60) == status
    assert os.listdir(str(tmp_path / 'out')) == []


@pytest.mark.parametrize('wrong', [['--jobs', '0'], ['--seed', '-1'], ['--jobs', 'all']])
def test_numbers_that_cannot_be(wrong, capsys):
    with pytest.raises(SystemExit) as caught:
        imdb_preprocess.main(['x', '--output-dir', 'y'] + wrong)
    assert caught.value.code == 2
