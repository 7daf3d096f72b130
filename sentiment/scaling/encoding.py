"""Encoded parts made of many parts: what is done to each, here or by the workers of a cluster.

Each is tokenized once, into a file of its own words, then counted, then encoded by the dictionary
of all. The client holds the names of classes and the dictionary; of tables it holds no review, of
another source all texts.
"""
import json
import os
import shutil
from collections import Counter, namedtuple
from functools import partial

import numpy
from six.moves import cPickle as pickle

from sentiment.data import about, encoded
from sentiment.data.arrays import load_arrays
from sentiment.data.errors import BadInput, naming
from sentiment.data.opening import file_hash
from sentiment.data.pickles import check_output
from sentiment.data.words import build_dict, encode, gather_numbers, number_all
from sentiment.data.writing import settle, write_whole
from sentiment.log import logger
from sentiment.scaling import each, parts, storage
from sentiment.scaling.numbering import number_part

REVIEWS = 8192  # of a source that is no table of many, in one encoded part
WORK = '_work'  # folder of the files of words, until all is done

# path: of a table, or what some reviews of another source are called; texts, labels: of the
# latter, else None; name: of the encoded part
Item = namedtuple('Item', 'path texts labels name')
# one encoded part to make; places, labels: (n,), as those of sentiment.data.encoded
Task = namedtuple('Task', 'name places labels')


# --- What the parts are -----------------------------------------------------------------------


def items_of_tables(paths, kind=''):
    """Return an :class:`Item` for each table; kind: '.test' of those that are only tested on."""
    found = [Item(path, None, None, os.path.splitext(parts.target_name(
        storage.split(path)[1], None))[0] + kind + encoded.ENDING) for path in paths]
    first = {}
    for item in found:
        if first.setdefault(item.name, item.path) != item.path:
            raise BadInput('%s and %s: the encoded parts of both would be called %s'
                           % (first[item.name], item.path, item.name))
    return found


def items_of_reviews(source, reviews, kind):
    """Return an :class:`Item` for each so many reviews of a source; kind: .train or .test."""
    stem = os.path.basename(os.path.abspath(source)).split('.')[0]
    return [Item('%s: reviews from %d on' % (source, start),
                 *(part[start:start + REVIEWS] for part in reviews),
                 '%s%s-%05d%s' % (stem, kind, start // REVIEWS, encoded.ENDING))
            for start in range(0, len(reviews.texts), REVIEWS)]


def digest_of(items):
    """Return the SHA-256 of the reviews that stand in items: another source is other work."""
    return encoded.key_of(*[text for item in items if item.texts is not None
                            for text in item.texts + item.labels]).hex()


# --- The work on one --------------------------------------------------------------------------


def work_path(folder, name):
    """Return where the words of an encoded part are kept meanwhile."""
    return os.path.join(folder, WORK, name + '.npz')


def number(item, folder, how, tokenizer, jobs):
    """Tokenize a part, unless that is done; return the names of the classes of its reviews."""
    path = work_path(folder, item.name)
    if not is_done(path, item):
        if item.texts is None:
            labels, chunks = number_part(item.path, how, tokenizer)
            words, numbers = gather_numbers(chunks, len(labels))
        else:
            labels, (words, numbers) = item.labels, number_all(item.texts, jobs, tokenizer)
        with write_whole(path) as file:
            numpy.savez(file, text=as_bytes([words, labels]), numbers=numpy.concatenate(numbers),
                        lengths=numpy.array([len(part) for part in numbers], 'int32'))
    return read_work(path)[1]


def is_done(path, item):
    """Whether the words of a part are there, and are not older than it."""
    if not os.path.exists(path):
        return False
    made = storage.time_of(item.path) if item.texts is None else None
    return made is None or made <= os.path.getmtime(path)


def as_bytes(value):
    """Return plain values as an array of bytes, which has no limit to the length of a word."""
    return numpy.frombuffer(json.dumps(value).encode('ascii'), 'uint8')


def read_work(path):
    """Return (words, labels, numbers, lengths) of a file of words."""
    saved = load_arrays(path)
    words, labels = json.loads(saved['text'].tobytes().decode('ascii'))
    return words, labels, saved['numbers'], saved['lengths']


def count(task, folder):
    """Return word -> how often it stands in the training reviews of a part."""
    words, _, numbers, lengths = read_work(work_path(folder, task.name))
    trains = numpy.repeat(task.places >= 0, lengths)
    counts = numpy.bincount(numbers[trains], minlength=len(words))
    return {word: n for word, n in zip(words, counts.tolist()) if n}


def encode_part(task, folder, key, dictionary):
    """Write an encoded part, unless it is there; return what the list of parts says of it."""
    path, work = os.path.join(folder, task.name), work_path(folder, task.name)
    words, _, numbers, lengths = read_work(work)
    if encoded.is_part(path, key) and os.path.getmtime(work) <= os.path.getmtime(path):
        return encoded.Entry(task.name, len(lengths), len(numbers), file_hash(path))
    index = numpy.array(encode(words, dictionary), 'int32')[numbers]
    return encoded.write_part(path, key, numpy.split(index, numpy.cumsum(lengths)[:-1]),
                              task.labels, task.places)


# --- The work on all --------------------------------------------------------------------------


def begin(items, folder, setting):
    """Make the folders; raise BadInput unless what was begun there is the same work."""
    check_output(folder, 'imdb', '.pkl')
    with naming(folder):
        os.makedirs(os.path.join(folder, WORK), exist_ok=True)
    names = [text for item in items for text in (item.path or '', item.name)]
    there = parts.those_there(
        [work_path(folder, item.name) for item in items], os.path.join(folder, WORK),
        dict(setting, items=encoded.key_of(*names).hex(), reviews=digest_of(items)))
    if there:
        logger.info('%s: %d of %d parts are tokenized already', folder, len(there), len(items))


def number_items(items, folder, how, tokenizer, jobs, cluster):
    """Return the names of the classes of the reviews of each part, once all are tokenized."""
    work = partial(number, folder=folder, how=how, tokenizer=tokenizer, jobs=1 if cluster else jobs)
    found = dict(each.each_answer(work, items, cluster))
    return [found[place] for place in range(len(items))]


def finish(items, folder, places, labels, classes, tokenizer, cluster):
    """Encode all parts; write the dictionary, the companion and the list of parts, and return the
    number of different words.

    places, labels: a list of arrays (n,), of each part.
    """
    tasks = list(map(Task, [item.name for item in items], places, labels))
    counts = Counter()
    for _, found in each.each_answer(partial(count, folder=folder), tasks, cluster,
                                     ' parts to count'):
        counts.update(found)
    dictionary = build_dict(counts)
    key = encoded.key_of(*dictionary, *places, *labels, *classes, tokenizer)
    work = partial(encode_part, folder=folder, key=key, dictionary=dictionary)
    entries = dict(each.each_answer(work, tasks, cluster, ' parts to encode'))
    place = os.path.join(folder, 'imdb' + encoded.INDEX)
    others = os.path.join(folder, 'imdb.dict.pkl'), about.path_of(place)
    with write_whole(others[0]) as words, write_whole(others[1]) as companion:
        pickle.dump(dictionary, words, 2)
        companion.write(about.as_bytes(list(classes), tokenizer))
        settle(words)
    encoded.write_index(place, key, [entries[k] for k in range(len(items))], others)
    shutil.rmtree(os.path.join(folder, WORK), ignore_errors=True)
    return len(dictionary)
