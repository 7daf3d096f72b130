"""Each form of the same reviews trains, evaluates and predicts by one command, to one error."""
import json
import os
import re
import shlex

import pytest

from sentiment.commands.main import main
from tests.helpers import ROOT
from tests.reviews import writers

SETTINGS = ['--dim_proj', '4', '--n_words', '30', '--max_epochs', '1', '--maxlen', 'none',
            '--batch_size', '32']


def errors_of(path, model, extra, capsys):
    """Train, evaluate and predict by a command each; return the errors and the labels."""
    assert main(['--path', path, '--saveto', model] + SETTINGS + extra) == 0
    trained = capsys.readouterr().out.splitlines()[-1]
    assert main(['evaluate', model, '--json']) == 0
    measured = json.loads(capsys.readouterr().out)
    assert 'test error %.4f' % measured['error'] in trained
    return trained, measured['confusion']


@pytest.fixture(scope='module')
def reference():
    """What the folders of classes come to, and those under train/ and test/."""
    return {}


@pytest.mark.xdist_group('forms')
@pytest.mark.parametrize('name', ['folders', 'aclimdb'] + [
    name for name in list(writers.ALONE) + list(writers.SPLIT)
    if name not in ('folders', 'aclimdb')])
def test_each_form_gives_the_same_errors(name, reference, tmp_path, capsys):
    if name in writers.EXTRA:
        pytest.importorskip({'parquet': 'pyarrow', 'xlsx': 'openpyxl'}[name])
    alone = name in writers.ALONE
    texts, labels = writers.reviews(quirk=writers.QUIRK if alone else '')
    (tmp_path / 'source').mkdir()
    path = {**writers.ALONE, **writers.SPLIT}[name](tmp_path / 'source', texts, labels)
    extra = ['--encoding', 'latin-1'] if name in writers.LATIN else []
    found = errors_of(path, str(tmp_path / 'model.npz'), extra, capsys)
    assert found == reference.setdefault(alone, found)
    assert main(['predict', str(tmp_path / 'model.npz'), path, '--json'] + extra) == 0
    answers = capsys.readouterr().out.splitlines()
    assert len(answers) == 300 and all(json.loads(line)['label'] for line in answers)


def test_many_classes_have_their_names(tmp_path, capsys):
    texts, labels = writers.reviews(120)
    rows = [('text', 'stars')] + [(text, 1 + k % 5) for k, text in enumerate(texts)]
    path, model = writers.write_csv(tmp_path / 'stars.csv', rows), str(tmp_path / 'model.npz')
    assert main(['--path', path, '--saveto', model, '--class_weight', 'balanced'] + SETTINGS) == 0
    assert 'classes: 1, 2, 3, 4, 5' in capsys.readouterr().err
    assert main(['evaluate', model]) == 0
    said = capsys.readouterr().out
    assert 'called 5' in said and 'precision    recall        F1' in said
    (tmp_path / 'a.txt').write_text(texts[0].replace('\n', ' ') + '\n')
    assert main(['predict', model, str(tmp_path / 'a.txt'), '--explain', '--json']) == 0
    answer = json.loads(capsys.readouterr().out)
    assert list(answer['probabilities']) == list('12345') and answer['label'] in '12345'


@pytest.mark.parametrize('tokenizer', ['whitespace', 'characters', 'moses:de'])
def test_the_tokenizer_is_kept(tokenizer, tmp_path, capsys):
    texts, labels = writers.reviews(60)
    path, model = writers.kaggle(tmp_path, texts, labels), str(tmp_path / 'model.npz')
    assert main(['--path', path, '--saveto', model, '--tokenizer', tokenizer] + SETTINGS) == 0
    assert main(['evaluate', model, '--json']) == 0
    assert json.loads(capsys.readouterr().out.splitlines()[-1])['unknown_words'] < 0.6
    (tmp_path / 'a.txt').write_text('wordca!\n')
    assert main(['predict', model, str(tmp_path / 'a.txt'), '--explain', '--json']) == 0
    words = [word for word, _ in json.loads(capsys.readouterr().out)['words']]
    assert words == {'whitespace': ['wordca!'], 'characters': list('wordca!'),
                     'moses:de': ['wordca', '!']}[tokenizer]


def test_a_second_file_is_tested_on(tmp_path, capsys):
    texts, labels = writers.reviews(60)
    (tmp_path / 'more').mkdir()
    path = writers.kaggle(tmp_path, texts, labels)
    other = writers.json_lines(tmp_path / 'more', texts[:30], labels[:30])
    model = str(tmp_path / 'model.npz')
    assert main(['--path', path, '--test_path', other, '--saveto', model] + SETTINGS) == 2
    assert 'labels that are no class of the training: 1, 5' in capsys.readouterr().err
    other = writers.kaggle(tmp_path / 'more', texts[:30], labels[:30])
    assert main(['--path', path, '--test_path', other, '--saveto', model] + SETTINGS) == 0
    assert '57 training, 3 validation, 30 test reviews' in capsys.readouterr().err


def test_vectors_to_start_from(tmp_path, capsys):
    texts, labels = writers.reviews(60)
    path, model = writers.kaggle(tmp_path, texts, labels), str(tmp_path / 'model.npz')
    vectors = writers.write_text(tmp_path / 'glove.txt', 'wordca 1 2 3\nwordda 4 5 6\n')
    assert main(['--path', path, '--saveto', model, '--embeddings', vectors, '--lrate', '0',
                 '--optimizer', 'sgd'] + SETTINGS) == 0
    said = capsys.readouterr().err
    assert 'dim_proj: 3, the width' in said
    assert '2 of 28 words found; 26 start as random numbers' in said


# --- The README's table of forms --------------------------------------------------------------

with open(os.path.join(ROOT, 'README.md'), encoding='utf-8') as file:
    COMMANDS = re.findall(r'^\| .* \| `python lstm.py (--path [^`]*)` \|$',
                          file.read().split('Your own reviews are read as')[1], re.M)


def other_names(folder, texts, labels):
    rows = [(k, text, y) for k, (text, y) in enumerate(zip(texts, labels))]
    return writers.write_csv(folder / 'mine.csv', [('text', 'body', 'verdict')] + rows)


def train_and_test(folder, texts, labels):
    for name in ('train.csv', 'test.csv'):
        path = folder / name
        os.rename(writers.kaggle(folder, texts, labels), str(path))


MADE = {'IMDB Dataset.csv': 'kaggle', 'archive.zip': 'zipped', 'mine.csv': other_names,
        'labeledTrainData.tsv': 'word2vec', 'training.1600000.csv': 'sentiment140',
        'reviews.jsonl': 'json_lines', 'reviews.parquet': 'parquet', 'train.tsv': 'treebank',
        'reviews.train': 'fasttext', 'rt-polaritydata': 'rt_polarity', 'imdb.npz': 'keras',
        'reviews': 'folders', 'aclImdb': 'aclimdb', 'train.csv': train_and_test}


def test_the_readme_has_each_form():
    assert {shlex.split(command)[1] for command in COMMANDS} == set(MADE)


@pytest.mark.parametrize('command', COMMANDS)
def test_each_command_of_the_readme_trains(command, tmp_path, monkeypatch, capsys):
    arguments = shlex.split(command)
    name, make = arguments[1], MADE[arguments[1]]
    if make in writers.EXTRA:
        pytest.importorskip({'parquet': 'pyarrow', 'xlsx': 'openpyxl'}[make])
    make = {**writers.ALONE, **writers.SPLIT}.get(make, make)
    folder = tmp_path / name if make in (writers.rt_polarity, writers.folders,
                                         writers.aclimdb) else tmp_path
    folder.mkdir(exist_ok=True)
    made = make(folder, *writers.reviews(60, '' if name == 'imdb.npz' else writers.QUIRK))
    if made:
        os.rename(made, str(tmp_path / name))
    monkeypatch.chdir(tmp_path)
    assert main(arguments + SETTINGS) == 0
    assert capsys.readouterr().out.startswith('train error')
