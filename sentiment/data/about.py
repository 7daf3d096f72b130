"""What stands beside imdb.pkl in imdb.json: the names of its classes, and its tokenizer."""
import json
import os

from sentiment.data.checks import check_text
from sentiment.data.errors import BadInput, reason
from sentiment.data.opening import read_bounded
from sentiment.data.tokenizers import MOSES, check_tokenizer

MAX_NAME = 200  # characters of a class's name


def default_classes(n_classes):
    """Return what classes are called of which nobody says more, as of the tutorial's own files."""
    return ['negative', 'positive'] if n_classes == 2 else [str(k) for k in range(n_classes)]


def as_bytes(classes, tokenizer):
    """Return the file's content."""
    return json.dumps({'classes': classes, 'tokenizer': tokenizer}, indent=1).encode('ascii')


def stem_of(name):
    """Return what the names of all files of one data set begin with: imdb, of imdb.pkl.gz."""
    return name.split('.pkl')[0].split('.parts')[0]


def path_of(pickle_path):
    """Return where the companion of a pickle, or of a list of encoded parts, stands."""
    folder, name = os.path.split(pickle_path)
    return os.path.join(folder, stem_of(name) + '.json')


def read_about(pickle_path, n_classes=None):
    """Return (names of the classes, tokenizer) of the data at ``pickle_path``.

    n_classes: how many it must name; without a companion, so many get their usual names (None: no
    names), and the tokenizer is ``moses:en``, the tutorial's. Raises BadInput.
    """
    path = path_of(pickle_path)
    if not os.path.isfile(path):
        return n_classes and default_classes(n_classes), MOSES
    try:
        found = json.loads(read_bounded(path).decode('utf-8'))
        classes, tokenizer = found['classes'], found['tokenizer']
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise BadInput('%s: not as imdb_preprocess.py writes it: %s'
                       % (path, reason(error))) from error
    return check_classes(path, classes, n_classes), check_tokenizer(tokenizer)


def check_classes(where, classes, n_classes=None):
    """Return a list of so many different names (None: any number), or raise BadInput."""
    if not isinstance(classes, list) or not all(
            name and name.isprintable() for name in
            [check_text('%s: classes' % where, name, MAX_NAME) for name in classes]):
        raise BadInput('%s: its classes are no list of names' % where)
    if len(set(classes)) < len(classes) or len(classes) < 2:
        raise BadInput('%s: its classes are not two or more different names' % where)
    if n_classes is not None and len(classes) != n_classes:
        raise BadInput('%s: names %d classes, where there are %d'
                       % (where, len(classes), n_classes))
    return classes
