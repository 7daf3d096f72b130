"""Predict and evaluate over parts of a data set, each a table: here, or by workers of a cluster.

The function of one part is the same in both; what it needs goes to each worker once.
"""
import os
from functools import partial
from types import SimpleNamespace

import numpy

from sentiment import __version__, engine
from sentiment.commands.common import load
from sentiment.commands.reading import Source
from sentiment.commands.tabular import CHUNK, predict_table
from sentiment.data.safe_io import BadInput, file_hash
from sentiment.data.words import UNKNOWN
from sentiment.log import logger
from sentiment.reviews.classes import indices_of
from sentiment.reviews.encodings import check_encoding
from sentiment.reviews.folders import LeftOut
from sentiment.reviews.tables import How
from sentiment.scaling import storage
from sentiment.scaling.each import each_answer, on_cluster
from sentiment.scaling.parts import find_parts, missing, plan
from sentiment.scaling.tables import labelled_pieces, table_form
from sentiment.using import ask, measure

ENDINGS = {'json': '.jsonl', 'csv': '.csv'}
NO_WORD = 'review without a word', 'reviews without a word'
ALONE = 'whole', 'explain', 'vectors'  # options of predict that are not for parts


def begin(options):
    """Return the model of the options, once it is certain that there is a Dask if one is wanted."""
    if options.cluster:
        on_cluster(options.cluster)
    model = load(options)
    ask.check_words(model)
    return model


def compute_in(kind):
    """Have this process compute in the type that the first one computes in; raises BadInput."""
    if not engine.use_floatX(kind):
        raise BadInput('THEANO_FLAGS of this worker name another floatX than %s' % kind)


# --- Predict ----------------------------------------------------------------------------------


def is_for_parts(options):
    """Whether predict is asked to answer parts, one by one, into a folder."""
    out = options.output or ''
    return bool(options.cluster or out.endswith('/') or os.path.isdir(out)
                or storage.is_remote(out))


def check_asked(parser, options):
    """Leave with one line unless predict can do for parts what is asked for."""
    if not options.output or not options.files or '-' in options.files:
        parser.error('of parts, give their folder or glob, and --output FOLDER for the answers')
    for name in ALONE:
        if getattr(options, name):
            parser.error('--%s goes with one file, not with parts' % name)


def predict_parts(options, how):
    """Answer each part that has no answer yet by one of its name, in the folder --output."""
    style = next((name for name in ENDINGS if getattr(options, name)), None)
    parts = plan(find_parts(options.files), options.output, ENDINGS.get(style))
    model = begin(options)
    left = missing(parts, options.output, dict(setting_of(options), form=style))
    work = partial(predict_part, model=model, kind=engine.config.floatX, style=style, how=how)
    troubles = [trouble for _, trouble in each_answer(work, left, options.cluster) if trouble]
    for trouble in troubles:
        logger.info(trouble)
    logger.info('%s: %d parts, %d of them new', options.output, len(parts), len(left))
    if troubles:
        raise BadInput('%d of the parts have rows without a text' % len(troubles))


def setting_of(options):
    """Return what answers depend on beside the parts, a dict for JSON."""
    return {'verb': 'predict', 'version': __version__, 'engine': engine.describe(),
            'floatX': engine.config.floatX,
            'models': [file_hash(path) for path in [options.model] + options.average],
            'dictionary': options.dictionary and file_hash(options.dictionary),
            'text_column': options.text_column, 'encoding': options.encoding}


def predict_part(part, model, kind, style, how):
    """Write the answer to one part; return what is wrong with some of its rows, or None."""
    compute_in(kind)
    style = SimpleNamespace(json=style == 'json', csv=style == 'csv')
    with storage.opened(part.path) as file, storage.written(part.target) as out:
        form = table_form(part.path, file, how)
        return predict_table(model, Source(part.path, file, False), form, style, how, out)


# --- Evaluate ---------------------------------------------------------------------------------


def is_of_parts(options):
    """Whether evaluate is asked to measure on parts."""
    return bool(options.cluster or options.path and storage.is_pattern(options.path))


def evaluate_parts(parser, options):
    """Return what :func:`measure.evaluate` does, of all rows of the parts that --path names."""
    if not options.path or options.dataset or options.test_size not in (None, -1):
        parser.error('of parts, give their folder or glob as --path; all of them are tested on')
    paths = find_parts([options.path])
    model = begin(options)
    how = How(options.text_column, options.label_column, check_encoding(options.encoding))
    work = partial(measure_part, model=model, kind=engine.config.floatX, how=how)
    found = dict(each_answer(work, paths, options.cluster))
    labels, probs, words = merged([found[place] for place in sorted(found)])
    logger.info('%s: all reviews of its %d parts are tested on', options.path, len(paths))
    return measure.figures_of(model, labels.astype('int64'), probs, words[0] / words.sum())


def merged(found):
    """Return (labels, probabilities, numbers of words) of several such, one behind the other."""
    labels, probs, words = zip(*found)
    return numpy.concatenate(labels), numpy.concatenate(probs), numpy.sum(words, axis=0)


def measure_part(path, model, kind, how):
    """Return labels (n,) uint8, probabilities (n, C) and numbers of words, (unknown, known), of all
    reviews of one part.
    """
    compute_in(kind)
    left_out, found = LeftOut(), []
    with storage.opened(path) as file, ask.reader(model, CHUNK) as read:
        for texts, names in labelled_pieces(path, file, how, left_out):
            some = [(reading.indices, name) for reading, name in zip(read(texts), names)
                    if reading.indices]
            if len(some) < len(texts):
                left_out.add(NO_WORD, 'one of %d' % len(texts), len(texts) - len(some))
            if some:
                found.append(measure_some(model, *zip(*some), path))
    left_out.say(path)
    if not found:
        raise BadInput('%s: no reviews with a text and a label' % path)
    return merged(found)


def measure_some(model, reviews, names, path):
    """Return the same of some reviews, given as arrays of word indices."""
    labels = numpy.array(indices_of(names, model.classes, path), 'uint8')
    unknown, total = sum(review.count(UNKNOWN) for review in reviews), sum(map(len, reviews))
    return labels, ask.pred_sorted(model, reviews), numpy.array([unknown, total - unknown])
