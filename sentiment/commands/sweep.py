"""Sweep: train with many settings, one after the other or on a cluster; which is the best."""
import argparse
import csv
import io
import json
import os
from functools import partial

import numpy

import lstm
from sentiment import __version__, engine
from sentiment.commands.parts import compute_in
from sentiment.commands.train import CHOICES, KEYWORDS, choose_data, converter, make_parser
from sentiment.data.safe_io import BadInput, read_bounded, write_whole
from sentiment.log import kept, logger
from sentiment.parser import Parser, add_cluster, at_least, not_empty, program
from sentiment.scaling.each import each_answer, held, on_cluster
from sentiment.scaling.parts import those_there
from sentiment.scaling.trials import Range, Trial, better_half, ranked, rungs, settings_of
from sentiment.training.model_file import checkpoint_path
from sentiment.training.options import OPTIONS, check_options, meanings
from sentiment.training.run import Diverged
from sentiment.using import measure
from sentiment.using.model import average, load_model

NOT_SWEPT = 'saveto', 'resume', 'plot'  # each trial has its own files
TABLE = 'table.csv'


# --- The command line -------------------------------------------------------------------------


def values_of(name):
    """Return the reader of an option's values: one, several as a,b,c, or a range of numbers a:b."""
    read, kind = converter(name), OPTIONS[name].kind

    def values(text):
        if kind in ('path', 'text') or name == 'dataset':
            return [read(text)]
        if ':' in text and kind in (int, float):
            low, high = map(read, text.split(':'))
            if not low < high:
                raise argparse.ArgumentTypeError('%s is no range from low to high' % text)
            return Range(low, high, kind is int)
        found = [read(one) for one in text.split(',')]
        if len(set(found)) < len(found):
            raise argparse.ArgumentTypeError('%s names a value twice' % text)
        return found

    values.__name__ = read.__name__  # argparse names it in its error
    return values


def make_sweep_parser():
    """Return the parser of sweep's arguments: those of training, each with one or more values."""
    parser = Parser(
        prog='%s sweep' % program(), formatter_class=argparse.RawDescriptionHelpFormatter,
        description='Train with many settings and tell which has the least validation error.\n'
        'Every option of training takes several values, a,b,c, and numbers also a range,\n'
        'low:high, from which --trials draws (positive ones by their logarithm). A sweep that\n'
        'was stopped goes on by the same command, each trial from its checkpoint.',
        epilog='example: python lstm.py sweep --recipe sentences --dataset snippets \\\n'
               '             --lrate 0.01:0.1 --dim_proj 64,128 --trials 12 --cluster local')
    parser.add_argument('--trials', type=at_least(1), metavar='N',
                        help='draw so many settings at random (default: all combinations)')
    parser.add_argument('--draw_seed', type=at_least(0), default=123, metavar='N',
                        help='seed of that choice (default: %(default)s)')
    parser.add_argument('--halving', type=at_least(1), metavar='EPOCHS',
                        help='train all for so many epochs, the better half for twice as many, and '
                             'so on up to max_epochs (successive halving)')
    parser.add_argument('--best', type=at_least(1), default=1, metavar='N',
                        help='also measure the average of the best so many models on the test set')
    parser.add_argument('--output', metavar='FOLDER', default='sweep', type=not_empty,
                        help='where models, checkpoints and table.csv go (default: %(default)s)')
    add_cluster(parser, 'the trials trained')
    parser.add_argument('--recipe', choices=list(lstm.recipes), help='settings to start from')
    help_of = meanings(lstm.train_lstm)
    for name in KEYWORDS:
        if name not in NOT_SWEPT:
            switch = {'nargs': '?', 'const': [True]} if KEYWORDS[name].default is False else {}
            parser.add_argument('--' + name, type=values_of(name), metavar='VALUES',
                                help=help_of[name].replace('%', '%%'), **switch)
    return parser


def sweep(arguments):
    """Train all trials; write their table, and print which is the best and its test error."""
    options = make_sweep_parser().parse_args(arguments)
    if options.cluster:
        on_cluster(options.cluster)
    fixed, varied = settle(options)
    if options.halving and 'max_epochs' in varied:
        raise BadInput('max_epochs: with --halving it is one number, of the trials that go on')
    settings = settings_of(varied, options.trials, options.draw_seed)
    names = ['trial-%0*d' % (len(str(len(settings) - 1)), k) for k in range(len(settings))]
    trials = {name: dict(fixed, **some) for name, some in zip(names, settings)}
    check_trials(trials.values(), options.cluster)
    records = train_all(options, trials, setting_of(options, fixed, varied))
    report(options, trials, list(varied), records)


def settle(options):
    """Return what all trials have in common, option -> value; and what varies, option -> values."""
    given = {name: getattr(options, name) for name in KEYWORDS
             if name not in NOT_SWEPT and getattr(options, name) is not None}
    named = argparse.Namespace(recipe=options.recipe, **{
        name: given.pop(name, [None])[0] for name in ('dataset', 'path')})
    chosen = choose_data(named)
    fixed = vars(make_parser(chosen.pop('recipe')).parse_args([]))
    fixed = {name: value for name, value in dict(fixed, **chosen).items() if name in KEYWORDS}
    varied = {name: values for name, values in given.items()
              if isinstance(values, Range) or len(values) > 1}
    fixed.update((name, values[0]) for name, values in given.items() if name not in varied)
    for name in ('path', 'test_path', 'embeddings', 'reload_model'):
        if fixed[name] and os.path.exists(fixed[name]):  # a worker may be in another folder
            fixed[name] = os.path.abspath(fixed[name])
    return fixed, varied


def setting_of(options, fixed, varied):
    """Return what a trial's name and result depend on, a dict for JSON."""
    return {'verb': 'sweep', 'version': __version__, 'engine': engine.describe(),
            'floatX': engine.config.floatX, 'fixed': fixed, 'varied': varied,
            'drawn': options.trials and options.draw_seed, 'halving': options.halving}


# --- Training ---------------------------------------------------------------------------------


def check_trials(trials, cluster):
    """Raise BadInput, before the long work, at settings that no trial can have."""
    defaults = {name: parameter.default for name, parameter in KEYWORDS.items()}
    for settings in trials:
        with kept():
            options = check_options(dict(defaults, **dict(settings, saveto=None, plot=None)),
                                    choices=CHOICES)
    if cluster:  # the data are made ready once, not by all workers at the same time
        lstm.load_sets(dict(options, test_size=-1), numpy.random.RandomState(0))


def train_all(options, trials, setting):
    """Train the trials, name -> settings, as far as they get; return name -> record, a dict."""
    folder, records, going = os.path.abspath(options.output), {}, list(trials)
    last = max(settings['max_epochs'] for settings in trials.values())
    with held(options.cluster) as cluster:
        for rung in rungs(options.halving, last):
            some = [Trial(name, trials[name], rung if options.halving
                          else trials[name]['max_epochs']) for name in going]
            records.update(train_some(cluster, folder, some, setting))
            going = better_half([records[name] for name in going])
    return records


def train_some(cluster, folder, trials, setting):
    """Return name -> record of trials; train those that have none yet."""
    paths = {trial.name: record_path(folder, trial) for trial in trials}
    there = those_there(paths.values(), folder, setting)
    found = {name: read_record(path) for name, path in paths.items() if path in there}
    left = [trial for trial in trials if trial.name not in found]
    if found:
        logger.info('%s: %d of %d trials are there already', folder, len(found), len(trials))
    work = partial(train_trial, folder=folder, kind=engine.config.floatX)
    for place, record in each_answer(work, left, cluster, ' trials'):
        found[left[place].name] = record
        logger.info('%s after %d epochs: %s; %d of %d', record['trial'], record['epochs'],
                    record['problem'] or 'valid error %.4f' % record['valid_err'], len(found),
                    len(trials))
    return found


def train_trial(trial, folder, kind):
    """Train a :class:`Trial`, from its checkpoint if there is one; return its record, written."""
    compute_in(kind)
    saveto = os.path.join(folder, trial.name + '.npz')
    record = {'trial': trial.name, 'epochs': trial.epochs, 'valid_err': None, 'problem': None}
    settings = dict(trial.settings, max_epochs=trial.epochs, saveto=saveto, plot=None, test_size=0,
                    resume=os.path.exists(checkpoint_path(saveto)))
    try:
        with kept():
            record['valid_err'] = lstm.train_lstm(**settings)[1]
    except Diverged as error:  # as a rate that is too large has it: a result too
        record['problem'] = str(error)
    with write_whole(record_path(folder, trial)) as file:
        file.write(json.dumps(record).encode('utf-8') + b'\n')
    return record


def record_path(folder, trial):
    """Return where the record of a trial is kept."""
    return os.path.join(folder, '%s-%d.json' % (trial.name, trial.epochs))


def read_record(path):
    """Return the record of a trial; raises BadInput."""
    try:
        record = json.loads(read_bounded(path).decode('utf-8'))
        return {'trial': str(record['trial']), 'epochs': int(record['epochs']),
                'problem': record['problem'] and str(record['problem']),
                'valid_err': None if record['problem'] else float(record['valid_err'])}
    except (ValueError, LookupError, TypeError, RecursionError) as error:
        raise BadInput('%s: damaged; remove it to have the trial go on' % path) from error


# --- What it comes to -------------------------------------------------------------------------


def report(options, trials, varied, records):
    """Measure the best on the test set; write the table; print which is the best."""
    rows = ranked(records.values())
    if rows[0]['problem']:
        raise BadInput('no trial came to an end: %s' % rows[0]['problem'])
    best, folder = rows[0]['trial'], options.output
    chosen = [row['trial'] for row in rows[:options.best] if not row['problem']]
    models = [load_model(os.path.join(folder, name + '.npz')) for name in chosen]
    error = test_error(models[0], trials[best])
    write_table(os.path.join(folder, TABLE), trials, varied, rows, error)
    print('best of %d trials: %s, valid error %.4f, test error %.4f; table in %s' % (
        len(trials), os.path.join(folder, best + '.npz'), rows[0]['valid_err'], error,
        os.path.join(folder, TABLE)))
    if len(models) > 1:
        print('average of %s: test error %.4f'
              % (', '.join(chosen), test_error(average(models), trials[best])))


def test_error(model, settings):
    """Return the error of a model on the test set that a training with these settings has."""
    data = measure.load_test_set(model, test_size=settings['test_size'])
    return measure.evaluate(model, data)['error']


def write_table(path, trials, varied, rows, error):
    """Write a line for each trial, the best first, with the test error of that alone."""
    with write_whole(path) as file:
        text = io.TextIOWrapper(file, 'utf-8', newline='')
        table = csv.writer(text, lineterminator='\n')
        table.writerow(['trial'] + varied + ['epochs', 'valid_err', 'test_err', 'problem'])
        for place, row in enumerate(rows):
            settings = [trials[row['trial']][name] for name in varied]
            table.writerow([row['trial']] + settings + [
                row['epochs'], row['valid_err'], error if place == 0 else None, row['problem']])
        text.flush()
        text.detach()
