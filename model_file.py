"""The saved model and the checkpoint: what is in them, written whole, read with suspicion."""
import hashlib
import json
import os
import zipfile

import numpy

from engine import config, describe
from safe_io import BadInput, can_write_beside, load_arrays, write_whole

FORMAT_VERSION = 1
ERRORS = ('train_err', 'valid_err', 'test_err')
# plain values of a run that a checkpoint keeps
PROGRESS = ('epoch', 'update', 'done', 'checked', 'bad_counter', 'epoch_rng')
# options that another part of the same run may have otherwise
FREE_OPTIONS = ('max_epochs', 'patience', 'dispFreq', 'saveFreq', 'saveto', 'path', 'resume',
                'plot', 'reload_model')


def as_json(value):
    """Return JSON text of plain data and arrays."""
    return json.dumps(value, default=lambda array: array.tolist())


def checksum(sets):
    """Return the SHA-256 of data sets: of every review and every label, in order."""
    digest = hashlib.sha256()
    for reviews, labels in sets:
        for part in list(reviews) + [labels]:
            digest.update(numpy.asarray(len(part), '<i8').tobytes())
            digest.update(numpy.asarray(part, '<i8').tobytes())
    return digest.hexdigest()


def origin():
    """Return which engine, device included, and which number format this process trains with."""
    return describe(), config.floatX


def check_place(path):
    """Raise BadInput unless a model or a checkpoint can be written under this name."""
    folder, name = os.path.split(path)
    if not can_write_beside(path):
        raise BadInput('saveto: %s: no such folder to write in' % folder)
    if not name or os.path.isdir(path):
        raise BadInput('saveto: %s is a folder' % path)
    if os.path.isfile(path) and os.path.getsize(path) and not zipfile.is_zipfile(path):
        raise BadInput('saveto: %s is there already, and is not a model' % path)


def course(run):
    """Return how a run went: costs, errors, and the lengths of the reviews that it read."""
    history = numpy.reshape(run['history'], (-1, 4))
    return {'history': history, 'history_errs': history[:, 2:],
            'costs': numpy.asarray(run['costs'], 'float32'),
            'lengths': numpy.asarray([len(review) for review in run['sets'][0][0]], 'int32')}


def save_model(path, run, params, errors):
    """Write the model: what it takes to use it without the data that it was trained on.

    ``params`` and the three errors; ``options``, a JSON text; ``vocabulary``, the word of each
    index from 2 up; ``engine``, ``data_sha256``, ``format_version``; and the course of the run:
    ``history`` (n, 4), an update and its three errors; ``costs`` (n_updates,); ``lengths``.
    """
    known = {} if run['vocabulary'] is None else {'vocabulary': run['vocabulary']}
    with write_whole(path) as file:
        numpy.savez(file, options=as_json(run['options']), engine=origin()[0],
                    data_sha256=run['data_sha256'], format_version=FORMAT_VERSION,
                    **dict(zip(ERRORS, errors)), **known, **course(run), **params)


# --- Checkpoints ------------------------------------------------------------------------------


def checkpoint_path(saveto):
    """Return the name of the checkpoint that goes with the model ``saveto``."""
    return os.path.splitext(saveto)[0] + '.checkpoint.npz'


def random_state(generator):
    """Return the state of a NumPy ``RandomState`` or ``Generator`` as a dict."""
    if isinstance(generator, numpy.random.RandomState):
        return generator.get_state(legacy=False)
    return generator.bit_generator.state


def set_random_state(generator, state):
    """Give a ``RandomState`` or a ``Generator`` the state that :func:`random_state` gave."""
    if isinstance(generator, numpy.random.RandomState):
        generator.set_state(state)
    else:
        generator.bit_generator.state = state
    return generator


def shared_state(functions):
    """Return every shared variable that an update reads or writes: a dict name -> variable."""
    variables = functions['f_grad_shared'].get_shared() + functions['f_update'].get_shared()
    different = {id(variable): variable for variable in variables}.values()
    return {'state_%d_%s' % (k, v.name or ''): v for k, v in enumerate(different)}


def save_checkpoint(run):
    """Write all that a run is, so that :func:`load_checkpoint` can go on with it."""
    values = {name: variable.get_value(borrow=True)
              for name, variable in shared_state(run['functions']).items()}
    arrays = {name: value for name, value in values.items() if hasattr(value, 'dtype')}
    draws = {name: random_state(value) for name, value in values.items() if name not in arrays}
    best = run['best'] or {'params': {}, 'errors': None, 'epoch': 0}
    arrays.update({'best_' + name: value for name, value in best['params'].items()})
    progress = {name: run[name] for name in PROGRESS + ('data_sha256',)}
    progress.update(draws=draws, origin=origin(), options=run['options'],
                    best={name: best[name] for name in ('errors', 'epoch')})
    with write_whole(checkpoint_path(run['options']['saveto'])) as file:
        numpy.savez(file, progress=as_json(progress), format_version=FORMAT_VERSION,
                    **course(run), **arrays)


def load_checkpoint(run):
    """Put ``run``, which has not begun, where the checkpoint beside its model left off.

    Raises BadInput if there is none, it is damaged, or it is of another run: the text names what
    differs.
    """
    path = checkpoint_path(run['options']['saveto'])
    saved = load_arrays(path)
    try:
        progress = json.loads(str(saved['progress']))
        check_same_run(path, progress, run)
        restore(run, progress, saved)
    except (LookupError, ValueError, TypeError, AttributeError, RecursionError) as error:
        raise BadInput('%s: not a checkpoint of this program (%r)' % (path, error)) from error


def check_same_run(path, progress, run):
    """Raise BadInput, with the difference named, unless a checkpoint is of this very run."""
    theirs = dict(progress['options'], data=progress['data_sha256'][:12],
                  engine=progress['origin'][0], floatX=progress['origin'][1])
    ours = dict(run['options'], data=run['data_sha256'][:12], engine=origin()[0],
                floatX=origin()[1])
    for name in ours:
        if name not in FREE_OPTIONS and theirs.get(name) != ours[name]:
            raise BadInput('%s: cannot be resumed: %s was %s and is %s now'
                           % (path, name, theirs.get(name), ours[name]))


def check_array(name, value, present):
    """Raise ValueError unless ``value`` can stand in the place of the array ``present``."""
    same = (value.shape == present.shape if present.size else value.ndim == present.ndim)
    if not same or value.dtype != present.dtype:  # compiled code would write beyond its end
        raise ValueError('%s has another shape or type' % name)
    if value.dtype.kind == 'f' and not numpy.isfinite(value).all():
        raise ValueError('%s holds something that is not a number' % name)


def check_progress(progress, saved):
    """Raise ValueError unless the plain values of a checkpoint are possible ones."""
    counts = [progress[name] for name in PROGRESS if name != 'epoch_rng']
    if not all(type(n) is int and n >= 0 for n in counts):
        raise ValueError('a count is not a whole number')
    n_updates = progress['update']
    if max(progress['done'], progress['checked']) > n_updates or not progress['epoch']:
        raise ValueError('its counts do not fit together')
    if saved['costs'].shape != (n_updates,) or saved['costs'].dtype.kind != 'f':
        raise ValueError('its costs are not those of %d updates' % n_updates)
    if saved['history'].shape[1:] != (4,) or saved['history'].dtype.kind != 'f':
        raise ValueError('its history is not a table of errors')


def restore(run, progress, saved):
    """Give ``run`` the state of a checkpoint; raise ValueError if it is not a possible one."""
    check_progress(progress, saved)
    variables = shared_state(run['functions'])
    values = {name: saved[name] if name in saved else
              set_random_state(variable.get_value(), progress['draws'][name])
              for name, variable in variables.items()}
    best = {name: saved['best_' + name] for name in run['tparams'] if 'best_' + name in saved}
    for name in saved.keys() & variables.keys():
        check_array(name, saved[name], variables[name].get_value(borrow=True))
    for name, value in best.items():
        check_array(name, value, run['tparams'][name].get_value(borrow=True))
    if best and (len(best) < len(run['tparams']) or len(progress['best']['errors']) != 3):
        raise ValueError('its best parameters are not complete')
    for name, variable in variables.items():
        variable.set_value(values[name])
    for name in PROGRESS:
        run[name] = progress[name]
    set_random_state(run['rng'], progress['epoch_rng'])
    run['best'] = dict(progress['best'], params=best) if best else None
    run['history'], run['costs'] = saved['history'].tolist(), saved['costs'].tolist()
