"""Sentence vectors: what the classifier reads of a text, for other uses than its answer."""
import os
import shutil
import tempfile
from contextlib import contextmanager
from zipfile import ZipFile

import numpy
from numpy.lib.format import write_array_header_1_0

from sentiment.data.safe_io import write_whole
from sentiment.engine import config
from sentiment.log import logger
from sentiment.using.ask import pred_sorted, read_texts


def embed(model, texts, verbose=False):
    """Return the vectors (n, D) of raw texts, an iterable of str: the pooled states, of floatX.

    D is ``dim_proj``, twice that with the maxima too, and the sum of those of an average's models,
    whose vectors stand side by side. A text without a word gets NaN. Of one of whose words the
    model knows none, the vector tells little but its length, and a line of the log counts them.
    n-grams are no part of it. Raises BadInput.
    """
    readings = read_texts(model, texts, verbose)
    strange = sum(not reading.is_known for reading in readings if reading.indices)
    if strange:
        logger.info('%d of %d texts: no known word; their vectors tell little but their length',
                    strange, len(readings))
    return vectors(model, readings, verbose)


def vectors(model, readings, verbose=False):
    """Return the vectors (n, D) of readings: see :func:`embed`."""
    found = numpy.full((len(readings), model.width), numpy.nan, config.floatX)
    some = [k for k, reading in enumerate(readings) if reading.indices]
    if some:
        found[some] = pred_sorted(model, [readings[k].indices for k in some], verbose,
                                  model.f_vectors)
    return found


@contextmanager
def written(path, width):
    """Give a function that takes vectors (n, ``width``); at the end of the block all of them stand
    in the ``.npz`` at ``path``, whole or not at all, as its array ``vectors`` (n, width) of floatX.

    In the meantime they are in a file beside it, not in memory. Raises BadInput.
    """
    folder = os.path.dirname(os.path.realpath(path))
    with write_whole(path) as file, tempfile.TemporaryFile(dir=folder) as rows:
        yield lambda some: rows.write(numpy.asarray(some, config.floatX).tobytes())
        count = rows.tell() // (width * numpy.dtype(config.floatX).itemsize)
        rows.seek(0)
        with ZipFile(file, 'w') as archive, archive.open('vectors.npy', 'w',
                                                         force_zip64=True) as member:
            write_array_header_1_0(member, {'descr': numpy.dtype(config.floatX).str,
                                            'fortran_order': False, 'shape': (count, width)})
            shutil.copyfileobj(rows, member)
