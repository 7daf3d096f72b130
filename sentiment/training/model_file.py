"""The saved model: what is in it, written whole, read with suspicion."""
import hashlib
import json
import os
import zipfile

import numpy

from sentiment.data.about import check_classes, default_classes
from sentiment.data.checks import check_array
from sentiment.data.safe_io import BadInput, check_can_write, load_arrays, write_whole
from sentiment.data.streamed import held
from sentiment.data.words import FIRST_WORD
from sentiment.engine import config, describe, numpy_floatX
from sentiment.log import logger
from sentiment.training.calibration import KEPT
from sentiment.wide.ngrams import NAMES, PART, carry_over

FORMAT_VERSION = 1
ERRORS = ('train_err', 'valid_err', 'test_err')

# --- Parameters -------------------------------------------------------------------------------


def zipp(params, tparams):
    """Copy arrays into the shared variables of the same names."""
    for name, value in params.items():
        tparams[name].set_value(value)


def unzip(zipped):
    """Copy the shared variables' values out, off the device: a dict name -> array."""
    return {name: numpy.array(shared.get_value(borrow=True)) for name, shared in zipped.items()}


def load_params(path, params):
    """Replace the arrays of ``params`` by those saved in the ``.npz`` at ``path``.

    Raises BadInput if the file cannot be read, lacks a parameter, or holds another shape or NaN.
    """
    shapes = {name: value.shape for name, value in params.items()}
    params.update(take_params(path, load_arrays(path), shapes))
    return params


def reload_params(path, params, vocabulary, classes=None):
    """Return the parameters saved in the ``.npz`` at ``path``, to train on from.

    The rows of the embedding follow their words: ``vocabulary`` is that of the new training, an
    array of text from index 2 on, and words that the model does not know keep the fresh rows of
    ``params``. Where either side's words are unknown, so is which row is whose, which is said.
    So do the classifier's columns follow the names of the ``classes``, and n-grams their words.
    Raises BadInput as :func:`load_params` does.
    """
    saved = load_arrays(path)
    theirs = dict(saved)  # before rows and columns are those of the new training
    if vocabulary is None or 'vocabulary' not in saved:
        logger.info('%s: its words or those of the data are not known: each row of its embedding '
                    'goes to the word of the same index', path)
    elif 'Wemb' in saved:
        saved['Wemb'] = rows_of_words(path, saved, params['Wemb'], vocabulary.tolist())
    if classes and 'U' in saved and 'b' in saved:
        saved.update(columns_of_classes(path, saved, params, classes))
    network = {name: value.shape for name, value in params.items() if name not in NAMES}
    params = dict(params, **take_params(path, saved, network))
    if 'ngrams' in params:
        same_classes = classes_of(path, theirs, len(theirs['b'])) == classes
        params.update(carry_over(path, theirs, params, vocabulary, same_classes))
    return params


def index_of_words(path, saved, n_words):
    """Return word -> index of a saved vocabulary; raise BadInput unless each word has a row."""
    words = saved['vocabulary']
    if words.ndim != 1 or words.dtype.kind != 'U' or len(words) > n_words - FIRST_WORD:
        raise BadInput('%s: its vocabulary is not a list of at most %d words'
                       % (path, n_words - FIRST_WORD))
    return as_dictionary(words)


def as_dictionary(words):
    """Return word -> index of an array of words; '' stands where there is none."""
    return {word: k for k, word in enumerate(words.tolist(), FIRST_WORD) if word}


def rows_of_words(path, saved, fresh, words):
    """Return ``fresh`` rows with those of a saved model in the place of the words that it knows."""
    if saved['Wemb'].ndim != 2 or saved['Wemb'].shape[1] != fresh.shape[1]:
        return saved['Wemb']  # whose shape take_params names
    row_of = index_of_words(path, saved, len(saved['Wemb']))
    known = [(k, row_of[word]) for k, word in enumerate(words, FIRST_WORD) if word in row_of]
    rows = numpy.array(fresh, dtype=saved['Wemb'].dtype)
    rows[:FIRST_WORD] = saved['Wemb'][:FIRST_WORD]  # padding, unknown
    ours, theirs = numpy.array(known, int).reshape(-1, 2).T
    rows[ours] = saved['Wemb'][theirs]
    logger.info('%s: %d of %d words take their embedding from it; %d start fresh', path, len(ours),
                len(words), len(words) - len(ours))
    return rows


def classes_of(path, saved, n_classes):
    """Return the names of a saved model's classes, the usual ones where it has none; or BadInput.
    """
    if 'classes' not in saved:
        return default_classes(n_classes)
    names = check_array('%s: classes' % path, saved['classes'], 'U', (n_classes,)).tolist()
    return check_classes(path, names, n_classes)


def columns_of_classes(path, saved, fresh, classes):
    """Return U and b with the saved columns of the classes that a model knows, others fresh."""
    U, b = saved['U'], saved['b']
    if U.ndim != 2 or b.shape != U.shape[1:] or len(U) != len(fresh['U']):
        return {}  # whose shape take_params names
    theirs = classes_of(path, saved, len(b))
    if theirs == classes:
        return {}
    known = [name for name in classes if name in theirs]
    ours, place = [classes.index(name) for name in known], [theirs.index(name) for name in known]
    columns = {'U': fresh['U'].astype(U.dtype), 'b': fresh['b'].astype(b.dtype)}
    columns['U'][:, ours], columns['b'][ours] = U[:, place], b[place]
    logger.info('%s: of the classes %s it knows %s; others start fresh', path, ', '.join(classes),
                ', '.join(known) or 'none')
    return columns


def take_params(path, saved, shapes):
    """Return the parameters of these names and shapes from what was ``saved`` at ``path``, checked,
    in floatX.
    """
    for name, shape in shapes.items():
        if name not in saved:
            raise BadInput('%s: not a saved model: it has no array %s' % (path, name))
        if saved[name].shape != shape:
            raise BadInput('%s: %s has shape %s where this model needs %s; give the sizes it was '
                           'trained with' % (path, name, saved[name].shape, shape))
        if saved[name].dtype.kind != 'f' or not numpy.isfinite(saved[name]).all():
            raise BadInput('%s: %s holds something that is not a number' % (path, name))
    return {name: numpy_floatX(saved[name]) for name in shapes}


# --- Saving -----------------------------------------------------------------------------------


def as_json(value):
    """Return JSON text of plain data and arrays."""
    return json.dumps(value, default=lambda array: array.tolist())


def checksum(sets):
    """Return the SHA-256 of data sets: of every review and every label, in order."""
    digest = hashlib.sha256()
    for reviews, labels in sets:
        for part in held(reviews).contents() + [labels]:
            digest.update(numpy.asarray(len(part), '<i8').tobytes())
            digest.update(numpy.asarray(part, '<i8').tobytes())
    return digest.hexdigest()


def origin():
    """Return which engine, device included, and which number format this process trains with."""
    return describe(), config.floatX


def check_place(path, member='Wemb'):
    """Raise BadInput unless a file can be written under this name, in place of nothing or of an
    ``.npz`` with this member, as a model or a checkpoint has.
    """
    try:
        check_can_write(path)
    except BadInput as error:
        raise BadInput('saveto: %s' % error) from error
    if os.path.exists(path) and os.path.getsize(path) and member + '.npy' not in members(path):
        raise BadInput('saveto: %s is there already, and is not a %s'
                       % (path, 'model' if member == 'Wemb' else 'checkpoint'))


def members(path):
    """Return the names of what is in a zip file; none if it is not one."""
    try:
        with zipfile.ZipFile(path) as archive:
            return archive.namelist()
    except (zipfile.BadZipFile, OSError, ValueError, RuntimeError):
        return []


def course(run):
    """Return how a run went: costs, errors, and the lengths of the reviews that it read."""
    history = numpy.reshape(run.history, (-1, 4))
    return {'history': history, 'history_errs': history[:, 2:],
            'costs': numpy.asarray(run.costs, 'float32'),
            'lengths': run.sets[0][0].lengths.astype('int32')}


def save_model(path, run, best):
    """Write the model: what it takes to use it without the data that it was trained on.

    The parameters and the three errors of ``best``; ``temperature``, by which scores are divided,
    and ``reliability`` (15, 3) on the validation set, once it was measured; ``options``, a JSON
    text; ``vocabulary``, the word of each index from 2 up; ``classes`` (C,), their names;
    ``class_shares`` (C,), of the training reviews; ``engine``, ``data_sha256``,
    ``format_version``; and the course of the run: ``history`` (n, 4), an update and its three
    errors; ``costs`` (n_updates,); ``lengths``.
    """
    known = {name: best[name] for name in KEPT if name in best}
    if run.vocabulary is not None:
        known['vocabulary'] = run.vocabulary
    counts = numpy.bincount(run.sets[0][1], minlength=run.options['ydim'])
    with write_whole(path) as file:
        numpy.savez(file, options=as_json(run.options), engine=origin()[0],
                    data_sha256=run.data_sha256, format_version=FORMAT_VERSION,
                    class_shares=counts / counts.sum(),
                    classes=numpy.array(run.options['classes']), **known, **course(run),
                    **dict(zip(ERRORS, best['errors'])), **answering(best['params'], run.options))


def answering(params, options):
    """Return the parameters that answer: all but those of n-grams that were only teachers."""
    return {name: value for name, value in params.items()
            if name not in NAMES or options['ngrams_as'] == PART}


def checkpoint_path(saveto):
    """Return the name of the checkpoint that goes with the model ``saveto``."""
    return os.path.splitext(saveto)[0] + '.checkpoint.npz'
