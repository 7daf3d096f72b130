"""A trained model is measured, asked and explained; whatever it is asked, it answers in a line."""
import csv
import io
import itertools
import json
import os
import pickle
import re
import shutil
import signal
import subprocess
import sys

import numpy
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import command_line
import imdb
import imdb_preprocess
import lstm
import trained
from safe_io import BadInput, load_arrays
from tests.conftest import ROOT, toy_reviews, toy_word, write_toy_pickle
from tests.test_lstm import NAMES, reference_data_probs

POSITIVE = 'wordac wordbm Wordan wordbo'  # words 14 to 29 stand for class 1
ODD_LINES = ['', ' ', '\x00', 'xyzzy plugh', POSITIVE, 'wordac ' * 100000,
             '\x00\x01 wordac \x1b[31m', '\u200b', 'a\u0300' * 99, '\U0001f600\U0001f44d',
             '\u05e1\u05e8\u05d8 \u0646\u0635']


@pytest.fixture(scope='module')
def saved(tmp_path_factory):
    """Paths of a model trained on toy reviews and of its data."""
    folder = tmp_path_factory.mktemp('trained')
    data, model = write_toy_pickle(folder / 'imdb.pkl'), str(folder / 'model.npz')
    errors = lstm.train_lstm(path=data, saveto=model, dim_proj=6, n_words=30, max_epochs=20,
                             validFreq=20, batch_size=8, test_size=15)
    return model, data, errors


@pytest.fixture(scope='module')
def model(saved):
    return trained.load_model(saved[0])


csv.field_size_limit(10 ** 8)  # a review of 100,000 words, explained


def as_texts(reviews):
    return [' '.join(map(toy_word, review)) for review in reviews]


def run(*arguments, **keywords):
    """Run lstm.py in a process of its own, as users do."""
    keywords = dict(dict(stdout=subprocess.PIPE, stderr=subprocess.PIPE), **keywords)
    return subprocess.run([sys.executable, 'lstm.py'] + list(arguments), cwd=ROOT, **keywords)


# --- Functions --------------------------------------------------------------------------------


def test_the_file_says_all_that_it_takes(saved):
    arrays = load_arrays(saved[0])
    assert arrays['vocabulary'].tolist() == [toy_word(k) for k in range(2, 30)]
    assert int(arrays['format_version']) == 1 and len(str(arrays['data_sha256'])) == 64
    assert str(arrays['engine']).split()[0] in ('Theano', 'PyTensor')
    assert arrays['history'].shape[1] == 4 and len(arrays['lengths']) == 57
    assert len(arrays['costs']) == 20 * 8
    assert all(array.dtype.kind in 'fiU' for array in arrays.values())


def test_evaluate_gives_the_error_of_the_training(saved, tmp_path):
    path = str(tmp_path / 'model.npz')
    errors = lstm.train_lstm(path=saved[1], saveto=path, dim_proj=6, n_words=30, max_epochs=1,
                             test_size=15)
    model = trained.load_model(path)
    measured = trained.evaluate(model, trained.load_test_set(model))
    assert measured['error'] == errors[2] > 0 and measured['n_samples'] == 15


def test_every_figure_of_evaluate(model):
    reviews, labels = trained.load_test_set(model, test_size=-1)
    labels = numpy.concatenate([1 - numpy.asarray(labels[:5]), labels[5:]])  # some wrong
    measured = trained.evaluate(model, (reviews, labels))
    probs = reference_data_probs(model.params, (reviews, labels))
    n, predicted = len(labels), probs.argmax(axis=1)
    numpy.testing.assert_allclose(measured['log_loss'],
                                  -numpy.log(probs[numpy.arange(n), labels]).mean())
    assert measured['error'] == (predicted != labels).mean() > 0
    assert measured['accuracy'] == (predicted == labels).mean()
    assert measured['confusion'] == [[((labels == k) & (predicted == j)).sum() for j in (0, 1)]
                                     for k in (0, 1)]


def test_predict_agrees_with_the_pickle(saved, model):
    reviews, labels = imdb.load_data(saved[1], n_words=30)[2]
    probs = trained.predict(model, as_texts(reviews))
    numpy.testing.assert_allclose(probs, reference_data_probs(model.params, (reviews, labels)))


def test_many_texts_on_all_cores_are_the_same(model):
    texts = as_texts(toy_reviews(2 * trained.FEW, 7)[0])
    numpy.testing.assert_allclose(trained.predict(model, texts),
                                  numpy.concatenate([trained.predict(model, [t]) for t in texts]))


def test_contributions_of_means_and_maxima_are_the_scores(saved, tmp_path):
    path = str(tmp_path / 'model.npz')
    lstm.train_lstm(path=saved[1], saveto=path, dim_proj=6, n_words=30, max_epochs=2,
                    pooling='mean_max')
    model = trained.load_model(path)
    assert model.params['U'].shape == (12, 2)
    test_contributions_and_bias_are_the_scores(model)
    measured = trained.evaluate(model, trained.load_test_set(model))
    assert measured['error'] == float(model.saved['test_err'])


def test_contributions_and_bias_are_the_scores(model):
    words, contributions = trained.explain(model, POSITIVE)
    assert words == POSITIVE.lower().split()
    scores = contributions.sum(axis=0) + model.params['b']
    odds = numpy.exp(scores)
    numpy.testing.assert_allclose(odds / odds.sum(), trained.predict(model, [POSITIVE])[0])
    assert contributions.shape == (4, 2)


def test_averaged_models_average_their_scores(saved, tmp_path, capsys):
    paths = [saved[0], str(tmp_path / 'other.npz')]
    lstm.train_lstm(path=saved[1], saveto=paths[1], dim_proj=5, n_words=30, max_epochs=4, seed=5,
                    optimizer='rmsprop')
    models = [trained.load_model(path) for path in paths]
    both = trained.average(models)
    logs = sum(numpy.log(trained.predict(model, [POSITIVE])) for model in models) / 2
    numpy.testing.assert_allclose(trained.predict(both, [POSITIVE]),
                                  numpy.exp(logs) / numpy.exp(logs).sum())
    test_contributions_and_bias_are_the_scores(both)
    capsys.readouterr()
    assert command_line.main(['evaluate', paths[0], '--average', paths[1], '--json']) == 0
    measured = json.loads(capsys.readouterr().out)
    assert measured == trained.evaluate(both, trained.load_test_set(both))


def test_models_of_other_words_cannot_be_averaged(saved, tmp_path, capsys):
    path = str(tmp_path / 'other.npz')
    lstm.train_lstm(path=saved[1], saveto=path, dim_proj=5, n_words=20, max_epochs=1)
    assert command_line.main(['predict', saved[0], '-', '--average', path]) == 2
    assert 'different words' in capsys.readouterr().err


@settings(max_examples=60)
@given(st.lists(st.tuples(st.sampled_from([0., .2, .5, .7, 1.]), st.booleans()), min_size=2))
def test_area_under_roc_is_the_share_of_pairs_in_order(samples):
    p, labels = numpy.array([s[0] for s in samples]), numpy.array([int(s[1]) for s in samples])
    pairs = [(a, b) for a, b in itertools.product(p[labels == 1], p[labels == 0])]
    area = trained.area_under_roc(numpy.stack([1 - p, p], axis=1), labels)
    if not pairs:
        assert area is None
    else:
        assert abs(area - numpy.mean([(a > b) + 0.5 * (a == b) for a, b in pairs])) < 1e-12


def test_a_file_of_the_tutorial_works_with_its_dictionary(saved, model, tmp_path):
    old = str(tmp_path / 'old.npz')
    numpy.savez(old, history_errs=[[0.5, 0.5]], train_err=0.1, **model.params)
    without = trained.load_model(old)
    with pytest.raises(BadInput, match='--dictionary'):
        trained.predict(without, ['a'])
    data = trained.load_test_set(without, path=saved[1])
    assert trained.evaluate(without, data)['n_samples'] == 23
    dictionary = saved[1].replace('.pkl', '.dict.pkl')
    numpy.testing.assert_array_equal(
        trained.predict(trained.load_model(old, dictionary), [POSITIVE]),
        trained.predict(model, [POSITIVE]))


def test_data_of_another_dictionary_is_translated(saved, model, tmp_path):
    path = write_toy_pickle(tmp_path / 'imdb.pkl')
    train, test = imdb.read_sets(path)
    other = {toy_word(k): 33 - k for k in range(2, 32)}  # the same words in the other order
    with open(path, 'wb') as file, open(str(tmp_path / 'imdb.dict.pkl'), 'wb') as words:
        pickle.dump(other, words, 2)
        for reviews, labels in (train, test):
            reviews = [[33 - int(k) for k in review] for review in reviews]
            pickle.dump((reviews, labels.tolist()), file, 2)
    measured = [trained.evaluate(model, trained.load_test_set(model, path=p, test_size=-1))
                for p in (path, saved[1])]
    assert measured[0]['confusion'] == measured[1]['confusion']
    assert measured[0]['log_loss'] == pytest.approx(measured[1]['log_loss'])


def write_raw(folder, reviews, labels):
    """Write a folder of reviews whose training and test reviews are the same."""
    for k, (text, label) in enumerate(zip(as_texts(reviews), labels)):
        for place in ('train', 'test'):
            place = folder / place / ('pos' if label else 'neg')
            os.makedirs(str(place), exist_ok=True)
            (place / ('%d.txt' % k)).write_text(text)
    return str(folder)


def test_raw_reviews_are_read_with_the_models_words(saved, model, tmp_path):
    raw = write_raw(tmp_path / 'raw', *imdb.read_sets(saved[1])[1])
    by_folder, by_pickle = (trained.evaluate(model, trained.load_test_set(
        model, path=path, test_size=-1)) for path in (raw, saved[1]))
    assert by_folder['confusion'] == by_pickle['confusion']
    with pytest.raises(BadInput, match='vocabulary'):
        trained.load_test_set(model._replace(dictionary=None), path=raw)


def test_what_a_measurement_takes_for_granted_is_said(saved, model, tmp_path, capsys):
    raw = tmp_path / 'raw'
    write_raw(raw, *imdb.read_sets(saved[1])[1])
    shutil.rmtree(str(raw / 'test'))
    trained.load_test_set(model, path=str(raw))
    assert 'no test/' in capsys.readouterr().err
    alone = shutil.copy(saved[1], str(tmp_path / 'alone.pkl'))
    trained.load_test_set(model, path=alone)
    assert 'no dictionary' in capsys.readouterr().err


def test_a_model_knows_its_data_from_any_folder(tmp_path, toy_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    lstm.train_lstm(path='imdb.pkl', saveto='m.npz', dim_proj=4, n_words=30, max_epochs=1)
    model = trained.load_model('m.npz')
    monkeypatch.chdir(tmp_path.parent)
    assert len(trained.load_test_set(model)[0]) == 23


def test_raw_reviews_are_the_very_ones_of_the_training(tmp_path):
    raw, path = write_raw(tmp_path / 'raw', *toy_reviews(40, 3)), str(tmp_path / 'model.npz')
    errors = lstm.train_lstm(path=raw, saveto=path, dim_proj=6, n_words=30, max_epochs=1,
                             test_size=7)
    model = trained.load_model(path)
    (reviews, labels), (raw_reviews, raw_labels) = (
        trained.load_test_set(model, path=place) for place in (None, raw))
    assert [list(review) for review in reviews] == raw_reviews and labels == raw_labels
    assert trained.evaluate(model, (raw_reviews, raw_labels))['error'] == errors[2]


def test_reviews_too_long_to_train_on_can_be_measured(saved, tmp_path):
    path = str(tmp_path / 'short.npz')
    lstm.train_lstm(path=saved[1], saveto=path, dim_proj=6, n_words=30, max_epochs=1, maxlen=9)
    raw = tmp_path / 'long'
    write_raw(raw, [[2] * 9, [3] * 10] * 10, [0, 1] * 10)
    imdb_preprocess.preprocess(str(raw), str(raw))
    model = trained.load_model(path)
    assert len(trained.load_test_set(model, path=str(raw))[0]) == 20


def test_three_classes_can_be_used(tmp_path):
    path, saveto = write_toy_pickle(tmp_path / 'imdb.pkl', 31, 7, classes=3), tmp_path / 'm.npz'
    lstm.train_lstm(path=path, saveto=str(saveto), dim_proj=4, n_words=42, max_epochs=1)
    model = trained.load_model(str(saveto))
    assert trained.predict(model, ['wordaa']).shape == (1, 3)
    assert len(trained.evaluate(model, trained.load_test_set(model))['confusion']) == 3
    words, contributions = trained.explain(model, 'wordaa wordba')
    assert len(command_line.towards(2, words, contributions)) == 2


# --- Bad input --------------------------------------------------------------------------------


def test_labels_that_the_model_does_not_know(model):
    with pytest.raises(BadInput, match='label 2'):
        trained.evaluate(model, ([[2]], [2]))


def broken_models(params):
    """Yield arrays of models that cannot be used."""
    for name in NAMES:
        yield {k: v for k, v in params.items() if k != name}
        yield dict(params, **{name: params[name][..., :-1]})
        yield dict(params, **{name: params[name].ravel()[0]})
        yield dict(params, **{name: params[name] * numpy.nan})
        yield dict(params, **{name: params[name].astype('U')})
    yield dict(params, Wemb=numpy.zeros((0, 10 ** 9)))
    yield dict(params, vocabulary=numpy.zeros((3, 3)))
    yield dict(params, vocabulary=numpy.array(['a'] * 99))
    yield dict(params, options='{"test_size"')
    yield dict(params, options='[]')


def test_broken_models_are_one_line(model, tmp_path):
    for number, arrays in enumerate(broken_models(model.params)):
        path = str(tmp_path / ('%d.npz' % number))
        numpy.savez(path, **arrays)
        with pytest.raises(BadInput, match='%d.npz' % number) as caught:
            trained.load_model(path)
        assert '\n' not in str(caught.value)


@settings(max_examples=150, suppress_health_check=list(HealthCheck))
@given(place=st.floats(0, 1), junk=st.binary(min_size=1, max_size=40))
def test_damaged_files_load_or_are_one_line(saved, tmp_path, place, junk):
    with open(saved[0], 'rb') as file:
        data = bytearray(file.read())
    start = int(place * len(data))
    data[start:start + len(junk)] = junk
    path = str(tmp_path / 'damaged.npz')
    with open(path, 'wb') as file:
        file.write(data)
    try:
        load_arrays(path)
    except BadInput as error:
        assert 'damaged.npz' in str(error) and '\n' not in str(error)


@settings(max_examples=100)
@given(st.lists(st.text(), max_size=5))
def test_any_text_has_an_answer(model, texts):
    probs = trained.predict(model, texts)
    assert probs.shape == (len(texts), 2)
    empty = numpy.isnan(probs).all(axis=1)
    assert (abs(probs[~empty].sum(axis=1) - 1) < 1e-6).all()


@settings(max_examples=60, suppress_health_check=list(HealthCheck))
@given(data=st.binary(max_size=300))
def test_any_bytes_have_one_line_each(saved, tmp_path, capsys, data):
    (tmp_path / 'noise').write_bytes(data)
    status = command_line.main(['predict', saved[0], str(tmp_path / 'noise'), '--json'])
    out, err = capsys.readouterr()
    answers = [json.loads(line) for line in out.splitlines()]
    assert len(answers) == len(list(io.BytesIO(data)))
    assert status == (2 if any('problem' in answer for answer in answers) else 0)
    assert len(err.splitlines()) == (status == 2)


# --- Commands ---------------------------------------------------------------------------------


@pytest.mark.parametrize('form', [[], ['--json'], ['--csv'], ['--explain'],
                                  ['--explain', '--json'], ['--explain', '--csv']])
def test_odd_lines_in_every_form(saved, form, tmp_path, capsys):
    (tmp_path / 'odd.txt').write_text('\n'.join(ODD_LINES) + '\n', encoding='utf-8')
    assert command_line.main(['predict', saved[0], str(tmp_path / 'odd.txt')] + form) == 2
    out, err = capsys.readouterr()
    assert '\x1b' not in out and '\x00' not in out
    assert err.startswith('lstm.py: error: ') and len(err.splitlines()) == 1
    if '--json' in form:
        answers = [json.loads(line) for line in out.splitlines()]
    elif '--csv' in form:
        answers = list(csv.DictReader(io.StringIO(out)))
        assert all(None not in answer.values() for answer in answers)  # as long as the header
    else:
        lines = [line for line in out.splitlines() if not line.startswith('    ')]
        answers = [{'label': line.split()[0]} for line in lines]
    assert len(answers) == len(ODD_LINES)
    assert answers[4]['label'] == 'positive' and answers[0]['label'] in (None, '', '-')


def test_a_pipe_is_answered_line_by_line(saved):
    process = subprocess.Popen([sys.executable, 'lstm.py', 'predict', saved[0], '-', '--json'],
                               cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    for _ in range(3):
        process.stdin.write(POSITIVE.encode() + b'\n')
        process.stdin.flush()
        assert json.loads(process.stdout.readline().decode())['label'] == 'positive'
    process.stdin.close()
    assert process.wait(60) == 0


@pytest.mark.parametrize('stop, status', [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_stop_while_a_pipe_is_silent(saved, stop, status):
    process = subprocess.Popen([sys.executable, 'lstm.py', 'predict', saved[0], '-'], cwd=ROOT,
                               stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE)
    process.stdin.write(POSITIVE.encode() + b'\n')
    process.stdin.flush()
    assert process.stdout.readline().startswith(b'positive')
    process.send_signal(stop)
    assert process.wait(60) == status
    assert not re.search(b'Fatal|Traceback', process.stderr.read())  # Theano warns there
    process.stdin.close()


@pytest.mark.skipif(not os.path.exists('/dev/full'), reason='needs a device that is full')
def test_output_that_cannot_be_written_is_one_line(saved):
    with open('/dev/full', 'w') as full:
        done = run('predict', saved[0], '-', stdin=subprocess.DEVNULL, stdout=full)
        assert done.returncode == 0  # nothing was to be written
        done = run('evaluate', saved[0], stdout=full)
    assert done.returncode == 2 and b'Traceback' not in done.stderr
    assert b'error: the output cannot be written' in done.stderr.splitlines()[-1]


def test_standard_input_can_be_one_review(saved):
    done = run('predict', saved[0], '-', '--whole', input=b'wordac\nwordbm\n')
    assert done.returncode == 0 and len(done.stdout.splitlines()) == 1


def test_words_do_not_command_the_terminal(saved, capsys, tmp_path):
    (tmp_path / 'odd.txt').write_bytes('wordac \x9b31m \u202e wordbm \x7f'.encode())
    assert command_line.main(['predict', saved[0], str(tmp_path / 'odd.txt'), '--explain']) == 0
    assert all(line.isprintable() for line in capsys.readouterr().out.splitlines())


@pytest.mark.parametrize('wrong', ['{"seed": -1}', '{"valid_batch_size": 0}', '[' * 100000, '[]'])
def test_options_of_a_model_that_cannot_be(model, wrong, tmp_path):
    path = str(tmp_path / 'model.npz')
    numpy.savez(path, **dict(model.saved, options=wrong))
    with pytest.raises(BadInput, match='its options cannot be read'):
        trained.load_model(path)


def test_a_reader_that_has_had_enough(saved, tmp_path):
    (tmp_path / 'many.txt').write_text('wordaa wordab\n' * 20000)
    process = subprocess.Popen([sys.executable, 'lstm.py', 'predict', saved[0],
                                str(tmp_path / 'many.txt')], cwd=ROOT, stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE)
    process.stdout.readline()
    process.stdout.close()
    assert b'rror' not in process.stderr.read() and process.wait(60) == 141


def test_files_and_folders(saved, tmp_path, capsys):
    for name in ('test/pos/1.txt', 'test/neg/2.txt', 'test/neg/readme.md'):
        os.makedirs(str((tmp_path / 'raw' / name).parent), exist_ok=True)
        (tmp_path / 'raw' / name).write_text('wordac\nwordad')
    assert command_line.main(['predict', saved[0], str(tmp_path / 'raw'), '--csv']) == 0
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert [os.path.basename(row['source']) for row in rows] == ['2.txt', '1.txt']
    one = str(tmp_path / 'raw' / 'test' / 'pos' / '1.txt')
    command_line.main(['predict', saved[0], one, '--whole'])
    assert len(capsys.readouterr().out.splitlines()) == 1
    command_line.main(['predict', saved[0], one])
    assert len(capsys.readouterr().out.splitlines()) == 2
    for wrong in (str(tmp_path / 'nothing'), os.devnull + '/x', str(tmp_path)):
        os.makedirs(str(tmp_path / 'empty'), exist_ok=True)
        wrong = wrong if wrong != str(tmp_path) else str(tmp_path / 'empty')
        assert command_line.main(['predict', saved[0], wrong]) == 2
        assert len(capsys.readouterr().err.splitlines()) == 1


def test_colours_and_marks():
    words = [['good', 2.], ['a', 0.1], ['bad', -1.]]
    answer = {'label': 'positive', 'probability': 0.7, 'text': 'Good', 'words': words}
    assert command_line.as_text(answer).endswith('good(+2.00) a bad(-1.00)')
    assert command_line.colourful(answer).endswith('\x1b[32mgood\x1b[0m a \x1b[31mbad\x1b[0m')


def test_evaluate_prints_a_table_or_json(saved, capsys):
    assert command_line.main(['evaluate', saved[0], '--json']) == 0
    measured = json.loads(capsys.readouterr().out)
    assert measured['error'] == saved[2][2]
    assert command_line.main(['evaluate', saved[0]]) == 0
    out = capsys.readouterr().out
    assert 'error      %.4f' % measured['error'] in out and 'called pos' in out
    for wrong in (['--path', 'no/such.pkl'], ['--dataset', 'yelp']):
        try:
            status = command_line.main(['evaluate', saved[0]] + wrong)
        except SystemExit as error:
            status = error.code
        assert status == 2


def test_own_corpus_in_four_commands(tmp_path):
    reviews, labels = toy_reviews(80, 3)
    for k, (text, label) in enumerate(zip(as_texts(reviews), labels)):
        folder = tmp_path / 'reviews' / 'train' / ('pos' if label else 'neg')
        os.makedirs(str(folder), exist_ok=True)
        (folder / ('%d.txt' % k)).write_text(text)
    model, data = str(tmp_path / 'mine.npz'), str(tmp_path / 'mine')
    done = subprocess.run([sys.executable, 'imdb_preprocess.py', str(tmp_path / 'reviews'),
                           '--output-dir', data], cwd=ROOT)
    assert done.returncode == 0
    done = run('--path', data, '--saveto', model, '--dim_proj', '8', '--max_epochs', '30',
               '--validFreq', '10', '--batch_size', '8', '--plot', str(tmp_path / 'run.png'))
    assert done.returncode == 0, done.stderr
    trained_error = done.stdout.decode().rpartition('test error ')[2].split(';')[0]
    done = run('evaluate', model)
    assert done.returncode == 0 and 'error      ' + trained_error in done.stdout.decode()
    done = run('predict', model, '-', input=POSITIVE.encode())
    assert done.returncode == 0 and done.stdout.decode().startswith('positive')
    assert (tmp_path / 'run.png').read_bytes().startswith(b'\x89PNG')
