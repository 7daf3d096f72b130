"""What a page tells of a model: how it was trained, on what, and how often it is wrong."""
import hashlib
import json
from functools import partial

import numpy

from sentiment.data.checks import check_array
from sentiment.data.safe_io import BadInput
from sentiment.training import plots
from sentiment.training.calibration import calibration_error
from sentiment.training.model_file import ERRORS
from sentiment.wide.ngrams import COUNTED

BARS = 40  # of the lengths' histogram, at most
# options of a training that tell something, and are no place on a disk
SHOWN = ('dataset', 'optimizer', 'lrate', 'max_epochs', 'batch_size', 'maxlen', 'dim_proj',
         'n_words', 'pooling', 'ngrams', 'tokenizer', 'crop', 'stretches', 'fold', 'keep', 'seed')


def about(name, model):
    """Return what there is to say of a model, plain data for JSON; what is unknown is left out."""
    saved, told = model.saved, {'name': name, 'options': options_of(model)}
    told['n_params'] = int(sum(value.size for name, value in model.params.items()
                               if name not in COUNTED))
    told['temperature'] = float(model.temperature)
    told['errors'] = {kind[:-4]: number(saved.get(kind)) for kind in ERRORS if kind in saved}
    for kind in ('engine', 'data_sha256'):
        if kind in saved and saved[kind].shape == ():
            told[kind] = str(saved[kind])[:100]
    if 'class_shares' in saved:
        told['class_shares'] = [float(share) for share in saved['class_shares']]
    told.update(course(saved))
    return told


def options_of(model):
    """Return the options of a training, those that tell something."""
    try:
        options = json.loads(str(model.saved.get('options', '{}')))
    except (ValueError, RecursionError):  # load_model has refused it; an average has but one
        options = {}
    known = {name: options.get(name, model.options.get(name)) for name in SHOWN}
    return {name: value for name, value in known.items()
            if isinstance(value, (bool, int, float, str)) and len(str(value)) <= 100}


def course(saved):
    """Return how a training went: what of it is in a model and can be drawn."""
    parts = {'history': ('f', (None, 4), partial(as_history, saved.get('valid_err'))),
             'costs': ('f', (None,), as_curve),
             'lengths': ('iu', (None,), as_histogram), 'reliability': ('f', (None, 3), as_bins)}
    told = {}
    for name, (kind, shape, tell) in parts.items():
        try:
            array = numpy.asarray(saved[name])
            check_array(name, numpy.nan_to_num(array), kind, shape)
            told.update(tell(array) if len(array) else {})
        except (KeyError, BadInput):  # of the tutorial's own script, or damaged
            continue
    return told


def as_history(valid_err, history):
    """Return the errors on training, validation and test reviews after some updates, and those of
    the parameters that were kept, None where validation was never measured.
    """
    measured = history[history[:, 2] == history[:, 2]]
    kept = plots.kept_row(measured, valid_err) if len(measured) else None
    return {'history': [[number(value) for value in row] for row in history],
            'kept': None if kept is None else [number(value) for value in kept]}


def as_curve(costs):
    """Return the costs, [updates so far, mean cost since the last point]."""
    return {'costs': [[update, number(cost)] for update, cost in plots.averaged(costs)[1]],
            'n_updates': len(costs)}


def as_histogram(lengths):
    """Return how many reviews there are of each length, [words, words, reviews]."""
    low, high = int(lengths.min()), int(lengths.max())
    width = -(-(high - low + 1) // BARS)
    counts = numpy.bincount((lengths.astype('int64') - low) // width)
    return {'lengths': [[low + k * width, low + (k + 1) * width - 1, int(count)]
                        for k, count in enumerate(counts)], 'n_train': len(lengths)}


def as_bins(bins):
    """Return [samples, their mean probability, the share that is right], and the error of these."""
    if not bins[:, 0].sum() > 0:
        return {}
    return {'reliability': [[number(value) for value in row] for row in bins if row[0] > 0],
            'calibration_error': number(calibration_error(bins))}


def number(value):
    """Return a number as a float; None of what is none."""
    try:
        value = float(value)
    except (TypeError, ValueError):
        return None
    return value if numpy.isfinite(value) else None


def all_about(models, model):
    """Return what GET /model says of the ``models``, (name, model) pairs, that answer as one."""
    told = [about(name, one) for name, one in models]
    digest = hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()[:12]
    return {'classes': model.classes, 'tokenizer': model.tokenizer,
            'n_words': len(model.dictionary), 'models': told, 'version': digest}
