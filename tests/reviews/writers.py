"""The same reviews in each form that people have them in, with the quirks of each."""
import csv
import gzip
import io
import json
import os
import tarfile
import zipfile

import numpy

from tests.helpers import as_texts, toy_reviews, write_folder

KINDS = ('negative', 'positive')
QUIRK = '<br /><br />It said: "a \'caf\xe9\', yes",\nno;\t end'


def reviews(n=300, quirk=QUIRK):
    """Return (texts, labels) of toy reviews; each ends in what is awkward to write."""
    found, labels = toy_reviews(n, 7)
    return [text + ' ' + quirk for text in as_texts(found)], labels


def one_line(text):
    """Return a text without what ends a line or a field; its words are the same."""
    return ' '.join(text.split())


def write_text(path, text, encoding='utf-8'):
    with open(str(path), 'w', encoding=encoding, newline='') as file:
        file.write(text)
    return str(path)


def write_csv(path, rows, encoding='utf-8', **dialect):
    file = io.StringIO()
    csv.writer(file, **dialect).writerows(rows)
    return write_text(path, file.getvalue(), encoding)


# --- Forms: a function of (folder, texts, labels) -> path ------------------------------------


def kaggle(folder, texts, labels):
    rows = [(text, KINDS[y]) for text, y in zip(texts, labels)]
    return write_csv(folder / 'IMDB Dataset.csv', [('review', 'sentiment')] + rows)


def semicolons(folder, texts, labels):
    rows = [(k, KINDS[y], text) for k, (text, y) in enumerate(zip(texts, labels))]
    path = write_csv(folder / 'excel.csv', [('', 'Label', 'Review Text')] + rows, 'utf-8-sig',
                     delimiter=';')
    return path


def word2vec(folder, texts, labels):
    lines = ['id\tsentiment\treview'] + ['"%d_%d"\t%d\t"%s"' % (
        k, y, y, one_line(text).replace('"', '\\"')) for k, (text, y) in enumerate(
            zip(texts, labels))]
    return write_text(folder / 'labeledTrainData.tsv', '\n'.join(lines) + '\n')


def sentiment140(folder, texts, labels):
    rows = [(4 * y, 1467810369 + k, 'Mon Apr 06 22:19:45 PDT 2009', 'NO_QUERY', 'user_%d' % k, text)
            for k, (text, y) in enumerate(zip(texts, labels))]
    return write_csv(folder / 'training.1600000.csv', rows, 'latin-1', quoting=csv.QUOTE_ALL)


def json_lines(folder, texts, labels):
    return write_text(folder / 'r.jsonl', ''.join(
        json.dumps({'reviewText': text, 'overall': float(1 + 4 * y)}) + '\r\n'
        for text, y in zip(texts, labels)))


def whole_json(folder, texts, labels):
    return write_text(folder / 'r.json', json.dumps(
        [{'text': text, 'label': y} for text, y in zip(texts, labels)], indent=1))


def parquet(folder, texts, labels):
    import pyarrow
    from pyarrow import parquet as writer
    writer.write_table(pyarrow.table({'text': texts, 'label': labels}), str(folder / 'r.parquet'))
    return str(folder / 'r.parquet')


def xlsx(folder, texts, labels):
    import openpyxl
    book = openpyxl.Workbook()
    for row in [('Comment', 'Stars')] + [(text, 1 + 4 * y) for text, y in zip(texts, labels)]:
        book.active.append(row)
    book.save(str(folder / 'r.xlsx'))
    return str(folder / 'r.xlsx')


def fasttext(folder, texts, labels):
    return write_text(folder / 'r.train', ''.join(
        '__label__%s %s\n' % (KINDS[y], one_line(text)) for text, y in zip(texts, labels)))


def rt_polarity(folder, texts, labels):
    for y, name in enumerate(('neg', 'pos')):
        write_text(folder / ('rt-polarity.' + name), ''.join(
            one_line(text) + '\n' for text, label in zip(texts, labels) if label == y), 'latin-1')
    return str(folder)


def treebank(folder, texts, labels):
    lines = ['PhraseId\tSentenceId\tPhrase\tSentiment'] + ['%d\t%d\t%s\t%d' % (
        k, k, one_line(text), 4 * y) for k, (text, y) in enumerate(zip(texts, labels))]
    return write_text(folder / 'train.tsv', '\n'.join(lines) + '\n')


def folders(folder, texts, labels):
    return write_folder(folder, {'%s/%04d.txt' % (KINDS[y], k): text
                                 for k, (text, y) in enumerate(zip(texts, labels))})


def zipped(folder, texts, labels):
    with zipfile.ZipFile(str(folder / 'archive.zip'), 'w', zipfile.ZIP_DEFLATED) as archive:
        archive.write(kaggle(folder, texts, labels), 'archive/IMDB Dataset.csv')
        archive.writestr('__MACOSX/._IMDB Dataset.csv', b'\0\5')
    return str(folder / 'archive.zip')


def gzipped(folder, texts, labels):
    with open(json_lines(folder, texts, labels), 'rb') as file:
        data = file.read()
    (folder / 'r.jsonl.gz').write_bytes(gzip.compress(data, mtime=0))
    return str(folder / 'r.jsonl.gz')


def tarred(folder, texts, labels):
    source = rt_polarity(folder, texts, labels)
    with tarfile.open(str(folder / 'rt-polaritydata.tar.bz2'), 'w:bz2') as archive:
        for name in ('rt-polarity.neg', 'rt-polarity.pos'):
            archive.add(os.path.join(source, name), 'rt-polaritydata/' + name)
        member = tarfile.TarInfo('rt-polaritydata.README.1.0.txt')
        archive.addfile(member, io.BytesIO(b''))
    return str(folder / 'rt-polaritydata.tar.bz2')


# --- With a test set of their own -------------------------------------------------------------


def aclimdb(folder, texts, labels):
    """Folders under train/ and test/, every fifth review in the latter."""
    return write_folder(folder, {'%s/%s/%04d_%d.txt' % (
        'train' if k % 5 else 'test', ('neg', 'pos')[y], k, 1 + 9 * y): text
        for k, (text, y) in enumerate(zip(texts, labels))})


def two_tables(folder, texts, labels):
    """A zip of train.csv and test.csv, the same sets."""
    with zipfile.ZipFile(str(folder / 'sets.zip'), 'w') as archive:
        for name, part in (('train', [k for k in range(len(texts)) if k % 5]),
                           ('test', range(0, len(texts), 5))):
            rows = [(texts[k], KINDS[y]) for y in (1, 0) for k in part if labels[k] == y]
            archive.write(write_csv(folder / name, [('text', 'label')] + rows), name + '.csv')
    return str(folder / 'sets.zip')


def keras(folder, texts, labels):
    """Numbers of words, and the index that spells them out."""
    ranks = {}
    for text in texts:
        for word in text.split():
            ranks.setdefault(word, 1 + len(ranks))
    arrays = {}
    for name, part in (('train', [k for k in range(len(texts)) if k % 5]),
                       ('test', range(0, len(texts), 5))):
        part = [k for y in (1, 0) for k in part if labels[k] == y]
        x = numpy.empty(len(part), dtype=object)
        x[:] = [[ranks[word] for word in texts[k].split()] for k in part]
        arrays.update({'x_' + name: x, 'y_' + name: numpy.array([labels[k] for k in part])})
    numpy.savez(str(folder / 'imdb.npz'), **arrays)
    write_text(folder / 'imdb_word_index.json', json.dumps(ranks))
    return str(folder / 'imdb.npz')


ALONE = {form.__name__: form for form in (
    kaggle, semicolons, word2vec, sentiment140, json_lines, whole_json, parquet, xlsx, fasttext,
    rt_polarity, treebank, folders, zipped, gzipped, tarred)}
SPLIT = {form.__name__: form for form in (aclimdb, two_tables, keras)}
LATIN = ('sentiment140', 'rt_polarity', 'tarred')
EXTRA = ('parquet', 'xlsx')  # need the extra for tables
