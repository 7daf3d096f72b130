"""The checkpoint: all that a run is, written whole, read with suspicion, so that it can go on."""
import copy
import json

import numpy

from sentiment.data.checks import check_array, check_count, check_number, check_random_state
from sentiment.data.safe_io import BadInput, load_arrays, reason, write_whole
from sentiment.data.streamed import BUFFER
from sentiment.training.calibration import KEPT, check_calibration
from sentiment.training.model_file import FORMAT_VERSION, as_json, checkpoint_path, course, origin
from sentiment.training.options import OLD_ENCODERS
from sentiment.wide.ngrams import PART

# plain values of a run that a checkpoint keeps
PROGRESS = ('epoch', 'update', 'done', 'checked', 'bad_counter', 'epoch_rng')
# options that another part of the same run may have otherwise
FREE_OPTIONS = ('max_epochs', 'patience', 'dispFreq', 'saveFreq', 'saveto', 'path', 'resume',
                'plot', 'reload_model')


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


def shared_state(run):
    """Return every shared variable that an update reads or writes: a dict name -> variable."""
    variables = run.f_grad_shared.get_shared() + run.f_update.get_shared()
    different = {id(variable): variable for variable in variables}.values()
    return {'state_%d_%s' % (k, v.name or ''): v for k, v in enumerate(different)}


def save_checkpoint(run):
    """Write all that a run is, so that :func:`load_checkpoint` can go on with it."""
    values = {name: variable.get_value(borrow=True)
              for name, variable in shared_state(run).items()}
    arrays = {name: value for name, value in values.items() if hasattr(value, 'dtype')}
    draws = {name: random_state(value) for name, value in values.items() if name not in arrays}
    best = run.best or {'params': {}, 'errors': None, 'epoch': 0}
    arrays.update({'best_' + name: value for name, value in best['params'].items()})
    progress = {name: getattr(run, name) for name in PROGRESS + ('data_sha256',)}
    progress.update(draws=draws, origin=origin(), options=run.options,
                    best={name: best[name] for name in ('errors', 'epoch') + KEPT if name in best})
    with write_whole(checkpoint_path(run.options['saveto'])) as file:
        numpy.savez(file, progress=as_json(progress), format_version=FORMAT_VERSION,
                    **course(run), **arrays)


def load_checkpoint(run):
    """Put ``run``, which has not begun, where the checkpoint beside its model left off.

    Raises BadInput if there is none, it is damaged, or it is of another run: the text names what
    differs.
    """
    path = checkpoint_path(run.options['saveto'])
    saved = load_arrays(path)
    try:
        progress = json.loads(str(saved['progress']))
        check_same_run(path, progress, run)
        restore(run, path, progress, saved)
    except (LookupError, ValueError, TypeError, AttributeError, RecursionError) as error:
        raise BadInput('%s: not a checkpoint of this program (%s)'
                       % (path, reason(error))) from error


def check_same_run(path, progress, run):
    """Raise BadInput, with the difference named, unless a checkpoint is of this very run."""
    theirs = dict(as_of_today(progress['options']), data=progress['data_sha256'][:12],
                  engine=progress['origin'][0], floatX=progress['origin'][1])
    ours = dict(run.options, data=run.data_sha256[:12], engine=origin()[0], floatX=origin()[1])
    for name in ours:
        if name not in FREE_OPTIONS and theirs.get(name) != ours[name]:
            raise BadInput('%s: cannot be resumed: %s was %s and is %s now'
                           % (path, name, theirs.get(name), ours[name]))


def as_of_today(options):
    """Return the options of a checkpoint; once, the encoder's name said whether it was fast, and
    there were no subwords, no teachers, no folds and nothing to stream.
    """
    encoder = options['encoder']
    once = {'fast': encoder in OLD_ENCODERS, 'subwords': False, 'ngrams_as': PART, 'fold': None,
            'buffer': BUFFER}
    return dict(once, **dict(options, encoder=OLD_ENCODERS.get(encoder, encoder)))


def check_state(where, value, present):
    """Return an array that can stand in the place of ``present``: compiled code trusts its sizes.
    """
    shape = present.shape if present.size else (None,) * present.ndim
    return check_array(where, value, present.dtype.kind, shape, dtype=present.dtype)


def check_progress(path, progress, saved):
    """Raise BadInput unless the plain values of a checkpoint are possible ones."""
    n_updates = check_count('%s: update' % path, progress['update'])
    for name, low in (('epoch', 1), ('done', 0), ('checked', 0), ('bad_counter', 0)):
        check_count('%s: %s' % (path, name), progress[name], low, max(n_updates, 1))
    check_array('%s: costs' % path, saved['costs'], 'f', (n_updates,))
    check_array('%s: history' % path, numpy.nan_to_num(saved['history']), 'f', (None, 4))


def check_best(path, progress, saved, tparams):
    """Return the best state of a checkpoint, or None if it has none yet."""
    params = {name: saved['best_' + name] for name in tparams if 'best_' + name in saved}
    if not params:
        return None
    for name, variable in tparams.items():
        present = variable.get_value(borrow=True)
        check_state('%s: best_%s' % (path, name), params.get(name), present)
        if present.dtype.kind == 'i' and (params[name] != present).any():
            raise BadInput('%s: best_%s: not that of these data' % (path, name))
    errors, epoch = (progress['best'][name] for name in ('errors', 'epoch'))
    if len(errors) != 3:
        raise BadInput('%s: best: not three errors' % path)
    errors = [error if error != error else check_number('%s: best' % path, error, 0, 1)
              for error in errors]  # NaN stands for what test_once has left
    known = {name: numpy.asarray(progress['best'][name])
             for name in KEPT if name in progress['best']}  # once, there were none
    return dict(check_calibration('%s: best' % path, known), params=params, errors=errors,
                epoch=check_count('%s: best: epoch' % path, epoch))


def restore(run, path, progress, saved):
    """Give ``run`` the state of a checkpoint, all of it checked; raises BadInput before it does."""
    check_progress(path, progress, saved)
    best = check_best(path, progress, saved, run.tparams)
    values = {name: checked_value('%s: %s' % (path, name), name, variable.get_value(borrow=True),
                                  progress, saved)
              for name, variable in shared_state(run).items()}
    epoch_rng = checked_state('%s: epoch_rng' % path, progress['epoch_rng'], run.rng)
    for name, variable in shared_state(run).items():
        variable.set_value(values[name])
    for name in PROGRESS:
        setattr(run, name, progress[name])
    set_random_state(run.rng, epoch_rng)
    run.best = best
    run.history, run.costs = saved['history'].tolist(), saved['costs'].tolist()


def checked_value(where, name, present, progress, saved):
    """Return what a checkpoint holds for a shared variable: an array, or a generator with a state.
    """
    if hasattr(present, 'dtype'):
        return check_state(where, saved[name], numpy.asarray(present))
    state = checked_state(where, progress['draws'][name], present)
    return set_random_state(copy.deepcopy(present), state)


def checked_state(where, state, generator):
    """Return a random state that is one of this kind of generator."""
    return check_random_state(where, state, random_state(generator)['bit_generator'])
