"""report: one page that stands alone, whose figures are those of evaluate."""
import json
import os
import shlex
import shutil
import sys

import numpy
import pytest

from sentiment import load_model
from sentiment.commands import report as verb
from sentiment.commands import train as training
from sentiment.commands.main import main
from sentiment.reporting import card, page
from tests.helpers import (as_texts, full_disk, toy_reviews, train, write_pickles, write_raw,
                           write_toy_pickle)
from tests.reporting.pages import assert_stands_alone

pytest.importorskip('matplotlib')
HOSTILE = '<img/src=x/onerror=alert(1)>"\'&</p><script>alert(2)</script>'


def make(*arguments):
    """Run report with these arguments, the second of which names the page; return it, read."""
    assert main(['report'] + list(map(str, arguments))) == 0
    source = open(str(arguments[1]), encoding='utf-8').read()
    assert_no_place_is_told(source)
    return assert_stands_alone(source)


def assert_no_place_is_told(source):
    """Assert that no folder of this machine is named in a page."""
    for place in (os.getcwd(), os.path.expanduser('~'), os.environ['SENTIMENT_DATA'], 'tmp/'):
        assert place not in source


def measure(capsys, *arguments):
    """Return what evaluate measures."""
    capsys.readouterr()
    assert main(['evaluate', '--json'] + list(map(str, arguments))) == 0
    return json.loads(capsys.readouterr().out)


def percent(share):
    return '%.2f\u00a0%%' % (100 * share)


@pytest.fixture
def noisy(tmp_path):
    """Path of an imdb.pkl whose test labels are drawn at random: some answers must be wrong."""
    (tmp_path / 'noisy').mkdir()
    path = write_toy_pickle(tmp_path / 'noisy' / 'imdb.pkl')
    reviews, _ = toy_reviews(30, 5)
    return write_pickles(path, toy_reviews(60, 1),
                         (reviews, numpy.random.RandomState(0).randint(2, size=30).tolist()))


def test_the_figures_are_those_of_evaluate(saved, noisy, tmp_path, capsys):
    everything = ('--path', noisy, '--test_size', '-1')
    read = make(saved[0], tmp_path / 'a.html', *everything)
    measured = measure(capsys, saved[0], *everything)
    assert percent(measured['error']) in read.row('test, for this report')
    for name, found in measured['classes'].items():
        for key in ('precision', 'recall', 'f1'):
            assert any(percent(found[key]) in row for row in read.where['tr']
                       if row.startswith(name))
    for counts, name in zip(measured['confusion'], measured['classes']):
        assert any(all(str(n) in row for n in counts) for row in read.where['tr']
                   if row.startswith(name))
    assert '%.4f' % measured['brier'] in read.row('Brier')
    assert '%.4f' % measured['calibration_error'] in read.row('Expected')
    assert '%.4f' % measured['log_loss'] in read.row('Log loss')
    unknown = percent(measured['unknown_words']) + ' are unknown'
    assert ' '.join(unknown.split()) in read.text and 'named by hand' in read.text


def test_a_page_has_all_its_sections_and_can_be_made_again(saved, tmp_path, capsys):
    read = make(saved[0], tmp_path / 'a.html')
    assert read.where['h2'] == [
        'What was trained, and on what', 'Errors', 'Calibration', 'How the training went',
        'The most telling words', 'The most confident errors', 'Model card']
    assert len(read.tags('svg')) == 5
    assert all(picture['aria-label'] for picture in read.tags('svg'))
    assert len(read.tags('caption')) == len(read.tags('table'))
    levels = [int(tag[1]) for tag, _ in read.elements if tag in ('h1', 'h2', 'h3')]
    assert levels[0] == 1 and levels.count(1) == 1
    assert max(numpy.diff(levels)) == 1  # none is left out
    assert 'from which the model has not learnt' in read.text
    assert 'report in %s' % (tmp_path / 'a.html') in capsys.readouterr().out
    make(saved[0], tmp_path / 'a.html')  # over a report, as nothing is lost


def test_the_command_line_is_that_of_the_training(saved):
    model = load_model(saved[0])
    line = card.command(card.told(saved[0], model), verb.defaults())
    words = shlex.split(line)
    assert words[:3] == ['THEANO_FLAGS=floatX=float64', 'python', 'lstm.py']
    again = vars(training.make_parser().parse_args(words[3:]))
    told = json.loads(str(model.saved['options']))
    for name in set(training.KEYWORDS) - {'path', 'dataset', 'saveto', 'tokenizer'}:
        assert again[name] == told[name], name
    assert again['path'] == 'imdb.pkl' and again['saveto'] == 'model.npz'


def test_a_recipe_is_found_again():
    defaults = verb.defaults()
    for recipe in defaults:
        options = dict(defaults[recipe], path='reviews', dataset='imdb', max_epochs=77)
        file = card.File('m.npz', {'Wemb': numpy.zeros((2, 2), 'float32')}, 0, options, True)
        assert card.recipe(options, defaults) == recipe + ', but for max_epochs'
        chosen = [] if recipe == 'tutorial' else ['--recipe', recipe]
        assert shlex.split(card.command(file, defaults))[3:] == chosen + [
            '--max_epochs', '77', '--path', 'reviews', '--saveto', 'm.npz']


@pytest.fixture(scope='module')
def hostile(tmp_path_factory):
    """Paths of a model and its table: of hostile names, classes, words and texts."""
    folder = tmp_path_factory.mktemp('hostile')
    table = folder / 'a&<b>\'".jsonl'
    with open(str(table), 'w') as file:
        for k, (text, label) in enumerate(zip(as_texts(toy_reviews(60, 1)[0]),
                                              toy_reviews(60, 1)[1])):
            word = '</style>' if label else HOSTILE
            print(json.dumps({'text': '%s %s \x00\x85 &lt;' % (text, word),
                              'label': (HOSTILE, '"><svg onload=x>')[(label + (k < 8)) % 2]}),
                  file=file)
    path = str(folder / '<svg onload=alert(1)>.npz')
    train(str(table), path, tokenizer='whitespace', n_words=100)
    return path, str(table)


def test_hostile_names_and_texts_stay_text(hostile, tmp_path):
    path, table = hostile
    read = make(path, tmp_path / 'a.html', '--path', table, '--test_size', '-1')
    assert {tag for tag, _ in read.elements} <= set(
        'html head meta title style body header main footer section nav h1 h2 h3 p b a dl div dt '
        'dd table caption thead tbody tr th td span small mark sup ul li article figure figcaption '
        'pre code svg g defs path use clippath rect text image'.split())
    assert read.where['h1'] == ['Report of <svg onload=alert(1)>.npz']
    assert HOSTILE in ''.join(read.where['caption'])  # a class, and among what speaks for it
    assert any(row.startswith(HOSTILE) for row in read.where['tr'])
    assert HOSTILE in ''.join(read.where['article'])
    assert 'as they were written' in read.text and '\ufffd' in ''.join(read.where['article'])


def test_the_texts_of_raw_reviews_are_found_for_the_test_set_of_the_training(tmp_path):
    raw, path = write_raw(tmp_path / 'raw', *toy_reviews(40, 3)), str(tmp_path / 'model.npz')
    train(raw, path, test_size=20, max_epochs=1)
    read = make(path, tmp_path / 'a.html')
    assert 'as they were written' in read.text and 'Test reviews 20' in read.text
    assert 'By its name alone' not in read.text and 'The licence of raw is not known' in read.text


def test_several_classes_and_several_models(tmp_path):
    data = write_toy_pickle(tmp_path / 'imdb.pkl', classes=3)
    for seed in (1, 2):
        train(data, tmp_path / ('%d.npz' % seed), seed=seed, n_words=45)
    read = make(tmp_path / '1.npz', tmp_path / 'a.html', '--average', tmp_path / '2.npz')
    assert read.where['h1'] == ['Report of 1.npz, 2.npz'] and len(read.tags('svg')) == 9
    assert 'What speaks for 2' in read.where['caption']
    assert 'python lstm.py report 1.npz a.html --average 2.npz' in read.text
    assert '--seed 1' in read.text and '--seed 2' in read.text


def test_without_words_their_parts_are_left_out_and_this_is_said(saved, noisy, tmp_path):
    arrays = dict(numpy.load(saved[0]))
    for name in ('vocabulary', 'options', 'costs', 'reliability', 'data_sha256', 'engine'):
        del arrays[name]
    numpy.savez(str(tmp_path / 'old.npz'), **arrays)
    read = make(tmp_path / 'old.npz', tmp_path / 'a.html', '--path', noisy)
    assert read.text.count('does not carry its vocabulary') == 2 and not read.tags('mark')
    assert 'does not tell its options' in read.text and 'it has no costs' in read.text
    assert 'Called' in read.text and '--recipe' not in read.text


@pytest.mark.parametrize('right', [True, False])
def test_one_review_is_enough(right, saved, model, tmp_path):
    table = tmp_path / 'one.csv'
    label = int(right)
    table.write_text('text,label\nwordoa wordpa wordra,%s\n' % model.classes[label])
    read = make(saved[0], tmp_path / 'a.html', '--path', table)
    assert ('There are none: all 1 answers are right' in read.text) == right
    assert ('All 1 errors' in read.text) != right
    assert ('0.00 to 79.35' if right else '20.65 to 100.00') in read.row('test, for this report')


def test_only_a_report_is_written_over(saved, tmp_path, capsys, monkeypatch):
    kept = tmp_path / 'kept.html'
    kept.write_text('<!doctype html>\n<html lang="en">mine')
    other = shutil.copy(saved[0], str(tmp_path / 'model.html'))
    for target, said in ((kept, 'not a report'), (other, 'not a report'),
                         (tmp_path / 'a.npz', 'ends in .html'), (tmp_path, 'ends in .html'),
                         (tmp_path / 'no' / 'a.html', 'no such folder')):
        assert main(['report', saved[0], str(target)]) == 2
        error = capsys.readouterr().err
        assert said in error and error.count('\n') == 1
    assert kept.read_text().endswith('mine') and load_model(other)
    monkeypatch.setattr(os, 'replace', full_disk)
    old = tmp_path / 'old.html'
    old.write_text(page.START)
    assert main(['report', saved[0], str(old)]) == 2 and old.read_text() == page.START
    assert sorted(os.listdir(str(tmp_path))) == ['kept.html', 'model.html', 'old.html']


def test_what_is_missing_is_one_line(saved, tmp_path, capsys, monkeypatch):
    for wrong in (['--path', 'no/such.pkl'], ['--test_size', '0'], ['--average', 'no.npz']):
        try:
            status = main(['report', saved[0], str(tmp_path / 'a.html')] + wrong)
        except SystemExit as error:
            status = error.code
        assert status == 2 and capsys.readouterr().err.count('\n') == 1
    monkeypatch.setitem(sys.modules, 'matplotlib', None)
    assert main(['report', saved[0], str(tmp_path / 'a.html')]) == 2
    assert "pip install -e '.[plot]'" in capsys.readouterr().err
    assert not os.listdir(str(tmp_path))


def test_a_file_that_lies_of_its_options_is_shown_as_text(saved, tmp_path):
    arrays = dict(numpy.load(saved[0]))
    told = dict(json.loads(str(arrays['options'])), saveto=7, plot=[1], optimizer=HOSTILE,
                reload_model='C:\\Users\\me\\old.npz', lrate='<b>', unknown='<i>')
    arrays.update(options=json.dumps(told), engine='<u>', train_err=numpy.nan, valid_err='x')
    arrays.update(lengths=numpy.array(['<b>']))
    numpy.savez(str(tmp_path / 'm.npz'), **arrays)
    assert main(['report', str(tmp_path / 'm.npz'), str(tmp_path / 'a.html')]) == 2
    del arrays['costs']  # without which nothing is drawn
    numpy.savez(str(tmp_path / 'm.npz'), **arrays)
    read = make(tmp_path / 'm.npz', tmp_path / 'a.html')
    assert HOSTILE in read.text and 'old.npz' in read.text and 'Users' not in read.text
    assert 'A training is missing above' in read.text and '<u>' in read.row('Engine')
    assert 'whether the model has learnt from some of these reviews is not known' in read.text
    assert not any(row.startswith(('training,', 'validation,')) for row in read.where['tr'])
