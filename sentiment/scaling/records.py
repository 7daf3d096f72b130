"""Records: what each training of a sweep came to, and with which settings, a file for each."""
import json
import os

from sentiment.data.errors import BadInput
from sentiment.data.safe_io import read_bounded, write_whole
from sentiment.scaling.parts import check_setting


def record_path(folder, trial):
    """Return where the record of a :class:`~sentiment.scaling.trials.Trial` is kept."""
    return os.path.join(folder, '%s-%d.json' % (trial.name, trial.epochs))


def write_record(folder, trial, valid_err, problem):
    """Write what a trial came to, its validation error or what is wrong; return the record."""
    record = {'trial': trial.name, 'epochs': trial.epochs, 'valid_err': valid_err,
              'problem': problem, 'settings': trial.settings}
    with write_whole(record_path(folder, trial)) as file:
        file.write(json.dumps(record).encode('utf-8') + b'\n')
    return record


def read_record(folder, trial):
    """Return the record of a trial; raises BadInput at a damaged one, and at one of other settings.
    """
    path = record_path(folder, trial)
    try:
        record = json.loads(read_bounded(path).decode('utf-8'))
        found = {'trial': trial.name, 'epochs': int(record['epochs']),
                 'problem': record['problem'] and str(record['problem']),
                 'valid_err': None if record['problem'] else float(record['valid_err'])}
        if record['trial'] != trial.name or found['epochs'] != trial.epochs or not (
                found['problem'] or 0 <= found['valid_err'] <= 1):
            raise ValueError('not of this trial')
        theirs = dict(record.get('settings', trial.settings))  # once, there were none
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        raise BadInput('%s: damaged; remove it to have the trial go on' % path) from error
    check_setting(path, theirs, json.loads(json.dumps(trial.settings)))
    return found
