"""One reader: the same reviews in any form are the same reviews."""
import pytest

from imdb_preprocess import preprocess
from sentiment.data.safe_io import BadInput
from sentiment.data.words import tokenize
from sentiment.reviews.classes import in_order
from sentiment.reviews.given import as_reviews
from sentiment.reviews.read import read_sets
from sentiment.reviews.tables import How
from tests.helpers import write_archive, write_folder
from tests.reviews import writers


def make(name, folder, quirk=writers.QUIRK):
    """Write a form of the reviews; return (path, texts, labels)."""
    if name in writers.EXTRA:
        pytest.importorskip({'parquet': 'pyarrow', 'xlsx': 'openpyxl'}[name])
    texts, labels = writers.reviews(60, quirk)
    return {**writers.ALONE, **writers.SPLIT}[name](folder, texts, labels), texts, labels


def how_of(name):
    return How(encoding='latin-1' if name in writers.LATIN else None)


def words_and_labels(found):
    """Return what a set comes to: the words of each review, and the place of its class."""
    classes = in_order(found.labels)
    return sorted((tokenize(text), classes.index(label))
                  for text, label in zip(found.texts, found.labels))


@pytest.mark.parametrize('name', list(writers.ALONE))
def test_each_form_holds_the_same_reviews(name, tmp_path):
    path, texts, labels = make(name, tmp_path)
    sets = read_sets(path, how_of(name))
    assert list(sets) == ['train']
    assert words_and_labels(sets['train']) == sorted(
        (tokenize(text), y) for text, y in zip(texts, labels))


@pytest.mark.parametrize('name', list(writers.SPLIT))
def test_each_form_with_a_test_set_has_the_same(name, tmp_path):
    path, texts, labels = make(name, tmp_path, quirk='')
    sets = read_sets(path)
    for kind, part in (('train', [k for k in range(60) if k % 5]), ('test', range(0, 60, 5))):
        assert words_and_labels(sets[kind]) == sorted((tokenize(texts[k]), labels[k])
                                                      for k in part)
        assert set(sets[kind].labels) == set(writers.KINDS)


@pytest.mark.parametrize('name', writers.LATIN)
def test_another_encoding_is_said_and_what_would_fit(name, tmp_path):
    path, _, _ = make(name, tmp_path)
    with pytest.raises(BadInput, match='not UTF-8 text .*--encoding'):
        read_sets(path)


def test_lists_and_frames_are_reviews_too():
    pandas = pytest.importorskip('pandas')
    texts, labels = ['a film', 'no film', float('nan')], ['neg', 'pos', 'pos']
    found = as_reviews((texts, labels))
    assert found == (['a film', 'no film'], ['negative', 'positive'])
    frame = pandas.DataFrame({'id': [1, 2, 3], 'text': texts, 'label': labels})
    assert as_reviews(frame) == found
    with pytest.raises(BadInput, match="no column 'nothing'; its columns are id, text, label"):
        as_reviews(frame, 'nothing')


def test_files_of_lines_may_stand_in_a_folder_of_an_archive(tmp_path):
    files = {'corpus/pos.txt': 'fine\ngood\n', 'corpus/neg.txt': 'poor\n', 'corpus/README': 'x'}
    for source in (write_folder(tmp_path / 'a', files), write_archive(tmp_path / 'a.tar', files)):
        assert read_sets(source)['train'] == (['fine', 'good', 'poor'],
                                              ['positive', 'positive', 'negative'])


def test_a_table_beside_folders_of_classes_is_counted(tmp_path, capsys):
    files = {'train/pos/0.txt': 'fine', 'train/neg/0.txt': 'poor', 'more.csv': 'text,label\na,1\n'}
    for source in (write_folder(tmp_path / 'a', files), write_archive(tmp_path / 'a.tar', files)):
        assert read_sets(source)['train'].texts == ['fine', 'poor']
        assert '1 other file, such as' in capsys.readouterr().err


def test_a_class_that_cannot_be_shown_is_refused_before_anything_is_written(tmp_path):
    rows = [('text', 'label')] + [('x', 'a\x07'), ('y', 'b')] * 9
    path = writers.write_csv(tmp_path / 'a.csv', rows)
    with pytest.raises(BadInput, match='a.csv: its classes are no list of names'):
        preprocess(path, str(tmp_path / 'out'))
    assert not (tmp_path / 'out').exists()
