"""Forms are recognised by content, with the quirks that files have; prose is of no form."""
import gzip
import io
import json
import os
import pickle
import random
import re
import tarfile
import zipfile

import numpy
import pytest

from sentiment.data.forms import form_of
from tests.helpers import ROOT, REVIEWS, write_archive

IMDB = os.path.join(os.path.dirname(ROOT), 'shared', 'data', 'aclImdb_v1.tar.gz')


def zipped(*names):
    file = io.BytesIO()
    with zipfile.ZipFile(file, 'w') as archive:
        for name in names:
            archive.writestr(name, 'x')
    return file.getvalue()


def saved():
    file = io.BytesIO()
    numpy.savez(file, Wemb=numpy.zeros((2, 2)))
    return file.getvalue()


LINES = [{'text': 'great, "really"', 'label': 1}, {'text': 'bad\nfilm', 'label': 0}]


@pytest.mark.parametrize('data, form', [
    (saved(), '.npz'), (zipped('[Content_Types].xml', 'xl/workbook.xml'), 'xlsx'),
    (zipped('train/pos/0.txt'), 'a zip'), (zipped(), 'a zip'), (b'PAR1\x15\x00', 'parquet'),
    (gzip.compress(b'x', mtime=0), 'gzip'), (b'BZh91AY&SY', 'bzip2'), (b'\xfd7zXZ\x00', 'xz'),
    (b'%PDF-1.7', 'PDF'), (b'SQLite format 3\0', 'SQLite'), (b'\x89PNG\r\n\x1a\n', 'image'),
    (b'\xff\xd8\xff\xe0', 'image'), (b'RIFF\x00\x00\x00\x00WEBP', 'image'),
    (b'<!DOCTYPE html><html>', 'HTML'), (b'\n <html lang="en">', 'HTML'),
    (b'<?xml version=', 'XML'),
    ('text\n'.encode('utf-16'), 'UTF-16'), (b'\x93NUMPY\x01\x00', '.npy')]
    + [(pickle.dumps([[1], {'a': 2}], protocol), 'pickle') for protocol in (0, 2, 3, 4, 5)]
    + [(pickle.dumps(value, 1), 'pickle') for value in ([1, 2], {'a': 1}, ([1], [2]))])
def test_other_files_are_recognised(data, form):
    assert form in form_of(data)


def test_a_tar_archive_is_recognised(tmp_path):
    with open(write_archive(tmp_path / 'a.tar', REVIEWS, mode='w'), 'rb') as file:
        assert form_of(file.read(4096)) == 'a tar archive'


@pytest.mark.parametrize('text, form', [
    (json.dumps(LINES), 'JSON'), (json.dumps(LINES, indent=2), 'JSON'),
    (json.dumps(LINES[0]), 'JSON'),
    ('\n'.join(map(json.dumps, LINES)), 'JSON lines'), ('["great film", "bad film"]', 'JSON'),
    ('[[1, 2], [3]]', 'JSON'), ('[1, 2]', 'JSON'), ('{}', 'JSON'), ('{"0": {"text": "a"}}', 'JSON'),
    ('{"text": "great', 'JSON'), ('\n'.join(map(json.dumps, LINES * 9000)), 'JSON lines')])
def test_json_is_recognised(text, form):
    for data in (text, '\ufeff' + text, '\n  ' + text, text.replace('\n', '\r\n')):
        assert form_of(data.encode('utf-8')[:65536]) == form


@pytest.mark.parametrize('text, form', [
    ('text,label\ngreat film,1\n', 'CSV'), ('label,text\n1,great film\n', 'CSV'),
    (',review,sentiment\n0,great,positive\n', 'CSV'), ('id;text;stars\n1;great;5\n', 'CSV'),
    ('"review","sentiment"\n"great ""film"", no","positive"\n', 'CSV'),
    ('"id","sentiment","review"\n"7","1","two\nlines"\n', 'CSV'),
    ('Review Text,Rating\n"a",5', 'CSV'),
    ('reviewText,overall\ngreat,5\n', 'CSV'), ('text, label\ngreat, 1\n', 'CSV'),
    ('TEXT|LABEL\na|b\n', 'CSV'), ('sep=;\na;b\n', 'CSV'), ('text\n"great, a film"\n', 'CSV'),
    ('airline_sentiment,tweet_id\n', 'CSV'), ('1,great film\n0,bad film\n', 'CSV'),
    ('great film,1\nbad film,0\n', 'CSV'),
    ('"great, film",positive\n"bad, film",negative\n', 'CSV'),
    ('positive,great\nnegative,bad\n', 'CSV'),
    ('"5","great","a film"\n"1","bad","no film"\n', 'CSV'),
    ('"great, film",1\n', 'CSV'), ('text\tlabel\ngreat\t1\n', 'TSV'), ('great\t1\nbad\t0\n', 'TSV'),
    ('1\tgreat\n', 'TSV'), ('id\treview\tx\n"5_8"\t1\t"great"\n', 'TSV'),
    ('So there is no way\t0\nGood case, Excellent value.\t1\n', 'TSV'),
    ('__label__2 Great: a film\n__label__1 Bad\n', 'fastText')])
def test_tables_are_recognised(text, form):
    for data in (text, '\ufeff' + text, text.replace('\n', '\r\n'), '\n' + text, text.rstrip('\n')):
        assert form in form_of(data.encode('utf-8'))


PROSE = [
    'A fine film, a fine day.', 'Great, great, great', 'Boring, pointless, rating: 2',
    '"Great film", he said, "truly great".', '"Gladiator", "Alien", and "Blade Runner"',
    '[Spoilers] A film.', '["Gladiator"] was good', '[1] A film', '(lp) stereo', '{smile} A film',
    'cool\nnice\n', '10,000 people saw it\n3 of 10, no more', 'good\n\nbad\n', 'text',
    'review\nbad film',
    '5/10\n8/10', '1. A list\n2. of points', '- a\n- b', 'Q: why?; A: no', 'a | b', '<br />A film',
    'I <3 it', 'Title: Alien; rating: 9; review: good', 'PKs and PARs', 'BZh', 'BM', 'MMM', 'GIF',
    'In short, it is bad\nAt first, it is good', 'cnn\nfine\n', 'Überbad, schlecht', '好看，很好', ':-)',
    'One word,two words,three', 'positive', 'Not bad, positive\nA day, a night, negative',
    'The class, the text, the review', '"A quoted review, all of it."\n"And, yes, another."',
    'Tab\tin the middle of a sentence', 'true, but sad\nfalse and long, and dull', '']


@pytest.mark.parametrize('text', PROSE)
def test_prose_is_of_no_form(text):
    assert form_of(text.encode('utf-8')) is None
    assert form_of(('A review before it.\n' + text).encode('utf-8')) is None
    assert form_of((text + '\nA review, after it.').encode('utf-8')) is None


def test_all_prose_together_is_of_no_form():
    random.Random(1).shuffle(PROSE)
    assert form_of('\n'.join(PROSE * 50).encode('utf-8')[:65536]) is None


def test_bytes_of_any_kind_do_no_harm():
    rng = random.Random(2)
    for _ in range(2000):
        form_of(bytes(rng.choice(b'"\'[]{},;\t|\n\r\0ab1 ') for _ in range(rng.randrange(60))))
    for mark in ('"', '[', '{', '(', ',', '\t', '"a",', '"\\', '[[', '{"'):
        form_of(mark.encode() * 30000)


@pytest.mark.skipif(not os.path.exists(IMDB), reason='the real reviews are not here')
def test_no_real_review_is_taken_for_a_table():
    reviews = []
    with tarfile.open(IMDB) as archive:
        for member in archive:
            if member.isfile() and re.search(r'/(pos|neg)/\d+_\d+\.txt$', member.name):
                reviews.append(archive.extractfile(member).read())
            if len(reviews) == 1000:
                break
    sentences = [part for review in reviews for part in re.split(rb'(?<=[.!?]) ', review)]
    rng = random.Random(3)
    files = reviews + sentences + [
        b'\n'.join(rng.choice(kind) for _ in range(rng.choice((2, 3, 10))))[:65536]
        for kind in (reviews, sentences) for _ in range(1000)]
    assert [file for file in files if form_of(file)] == []
