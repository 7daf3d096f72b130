"""Sweep: train with many settings, one after the other or on a cluster; which is the best."""
import argparse
import csv
import io
import os
from functools import partial

import numpy

import imdb
import lstm
from sentiment import __version__, engine
from sentiment.commands.parts import compute_in
from sentiment.commands.train import CHOICES, KEYWORDS, choose_data, converter, make_parser
from sentiment.data.safe_io import BadInput, write_whole
from sentiment.log import kept, logger
from sentiment.parser import Parser, add_cluster, at_least, not_empty, program
from sentiment.reporting import ranking
from sentiment.scaling.each import each_answer, held, on_cluster
from sentiment.scaling.guided import Guide, library
from sentiment.scaling.parts import those_there
from sentiment.scaling.records import read_record, record_path, write_record
from sentiment.scaling.trials import (Range, Trial, better_half, corners, count_trials, name_of,
                                      ranked, rungs, runs_of, settings_of, summary)
from sentiment.training.model_file import checkpoint_path
from sentiment.training.options import OPTIONS, check_options, meanings
from sentiment.training.run import Diverged
from sentiment.using import measure
from sentiment.using.model import average, load_model

NOT_SWEPT = 'saveto', 'resume', 'plot', 'fold'  # each training has its own
TABLE, PICTURE = 'table.csv', 'table.png'
AT_ONCE = 4  # settings that --guided asks for
EXAMPLES = '''examples:
  python lstm.py sweep --recipe sentences --dataset snippets --seed 1,2,3 --dim_proj 64,128
  python lstm.py sweep --recipe sentences --dataset snippets --lrate 0.01:0.1 \\
      --dim_proj 64,128 --trials 12 --guided --folds 5 --cluster local'''


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
        'was stopped goes on by the same command, each training from its checkpoint.',
        epilog=EXAMPLES)
    parser.add_argument('--trials', type=at_least(1), metavar='N',
                        help='try so many settings, drawn at random (default: all combinations)')
    parser.add_argument('--draw_seed', type=at_least(0), default=123, metavar='N',
                        help='seed of that choice (default: %(default)s)')
    parser.add_argument('--guided', type=at_least(1), nargs='?', const=AT_ONCE, metavar='N',
                        help='have Optuna suggest the settings, N at a time (%(const)s if none is '
                             'given), by the errors of those before; the first 2 N are random')
    parser.add_argument('--folds', type=at_least(2), metavar='K',
                        help='train each setting K times, another K-th of the training reviews '
                             'validating each time; the mean of the errors ranks (default: once, '
                             'as training does)')
    parser.add_argument('--halving', type=at_least(1), metavar='EPOCHS',
                        help='train all for so many epochs, the better half for twice as many, and '
                             'so on up to max_epochs (successive halving)')
    parser.add_argument('--best', type=at_least(1), default=1, metavar='N',
                        help='also measure the average of the models of the best so many trials on '
                             'the test set')
    parser.add_argument('--output', metavar='FOLDER', default='sweep', type=not_empty,
                        help='where models, checkpoints, table.csv and table.png go (default: '
                             '%(default)s)')
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
    check_asked(options, varied)
    settings = (corners(varied) if options.guided else
                settings_of(varied, options.trials, options.draw_seed))
    check_trials([dict(fixed, **some) for some in settings], options.folds, options.cluster)
    try:
        trials, records = train_all(options, fixed, varied, settings)
    except KeyboardInterrupt:
        logger.info('stopped; the same command goes on')
        raise
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


def check_asked(options, varied):
    """Raise BadInput at what does not go together."""
    if options.halving and 'max_epochs' in varied:
        raise BadInput('max_epochs: with --halving it is one number, of the trials that go on')
    if options.guided:
        library()
        if options.halving:
            raise BadInput('--guided learns from trials that are trained to their end: not with '
                           '--halving')
        if not varied or not options.trials:
            raise BadInput('--guided: say how many --trials to suggest, and give an option several '
                           'values')
    count_trials(varied, options.trials)


def setting_of(options, fixed, varied):
    """Return what a trial's name and result depend on, a dict for JSON."""
    return {'verb': 'sweep', 'version': __version__, 'engine': engine.describe(),
            'floatX': engine.config.floatX, 'fixed': fixed, 'varied': varied,
            'data': imdb.hash_of(lstm.dictionaries.get(fixed['dataset']), fixed),
            'drawn': options.trials and options.draw_seed, 'halving': options.halving,
            'folds': options.folds, 'guided': options.guided and {
                'at_once': options.guided, 'optuna': library().__version__}}


# --- Training ---------------------------------------------------------------------------------


def check_trials(trials, folds, cluster):
    """Raise BadInput, before the long work, at settings that no trial can have."""
    defaults = {name: parameter.default for name, parameter in KEYWORDS.items()}
    for settings in trials:
        with kept():
            options = check_options(dict(defaults, **dict(settings, saveto=None, plot=None)),
                                    choices=CHOICES)
    if folds or cluster:  # the data are made ready once, not by all workers at the same time
        lstm.load_sets(dict(options, test_size=-1, fold=folds and '1/%d' % folds),
                       numpy.random.RandomState(0))


def train_all(options, fixed, varied, settings):
    """Train the trials, of which these settings are known, unless Optuna suggests others.

    Returns (trials, name -> settings; records, name -> summary), of as far as they get.
    """
    with held(options.cluster) as cluster:
        train = partial(train_some, cluster=cluster, folder=os.path.abspath(options.output),
                        n_folds=options.folds, setting=setting_of(options, fixed, varied))
        if options.guided:
            return train_guided(train, options, fixed, varied)
        trials = {name_of(place): dict(fixed, **some)
                  for place, some in enumerate(settings)}
        return trials, train_halving(train, trials, options.halving)


def train_halving(train, trials, halving):
    """Return name -> summary of trials; if some epochs of ``halving``, the better half goes on."""
    records, going = {}, list(trials)
    last = max(settings['max_epochs'] for settings in trials.values())
    for rung in rungs(halving, last):
        records.update(train([Trial(name, trials[name], rung if halving else
                                    trials[name]['max_epochs']) for name in going]))
        going = better_half([records[name] for name in going])
    return records


def train_guided(train, options, fixed, varied):
    """Return (trials, records) of settings that are suggested, some at a time, by those before."""
    trials, records, number = {}, {}, count_trials(varied, options.trials)
    guide = Guide(varied, options.draw_seed, options.guided)
    while len(trials) < number:
        some = guide.ask(min(options.guided, number - len(trials)))
        if not some:
            logger.info('--guided: hardly anything is left to suggest after %d of %d trials',
                        len(trials), number)
            break
        logger.info('%d of %d trials are suggested', len(trials) + len(some), number)
        new = [Trial(name_of(len(trials) + k), settings, settings['max_epochs'])
               for k, settings in enumerate(dict(fixed, **one) for one in some)]
        trials.update((trial.name, trial.settings) for trial in new)
        records.update(train(new))
        guide.tell([records[trial.name]['valid_err'] for trial in new])  # in the order of asking
    return trials, records


def train_some(trials, cluster, folder, n_folds, setting):
    """Return name -> summary of trials; train those, or those of their folds, without a record."""
    runs = {trial.name: runs_of(trial, n_folds) for trial in trials}
    every = [run for some in runs.values() for run in some]
    there = those_there([record_path(folder, run) for run in every], folder, setting)
    found = {run.name: read_record(folder, run) for run in every
             if record_path(folder, run) in there}
    left = [run for run in every if run.name not in found]
    if found:
        logger.info('%s: %d of %d trainings are there already', folder, len(found), len(every))
    work = partial(train_trial, folder=folder, kind=engine.config.floatX)
    for place, record in each_answer(work, left, cluster, ' trainings'):
        found[left[place].name] = record
        logger.info('%s after %d epochs: %s; %d of %d', record['trial'], record['epochs'],
                    record['problem'] or 'valid error %.4f' % record['valid_err'], len(found),
                    len(every))
    return {name: summary(name, [found[run.name] for run in some]) for name, some in runs.items()}


def train_trial(trial, folder, kind):
    """Train a :class:`Trial`, from its checkpoint if there is one; return its record, written."""
    compute_in(kind)
    saveto = model_path(folder, trial)
    settings = dict(trial.settings, max_epochs=trial.epochs, saveto=saveto, plot=None, test_size=0,
                    resume=os.path.exists(checkpoint_path(saveto)))
    try:
        with kept():
            return write_record(folder, trial, lstm.train_lstm(**settings)[1], None)
    except Diverged as error:  # as a rate that is too large has it: a result too
        return write_record(folder, trial, None, str(error))


def model_path(folder, trial):
    """Return where the model of a trial is saved."""
    return os.path.join(folder, trial.name + '.npz')


# --- What it comes to -------------------------------------------------------------------------


def report(options, trials, varied, records):
    """Measure the best on the test set; write table and picture; print which is the best."""
    rows = ranked(records.values())
    if rows[0]['problem']:
        raise BadInput('no trial came to an end: %s' % rows[0]['problem'])
    best, folder = rows[0], options.output
    chosen = [row['trial'] for row in rows[:options.best] if not row['problem']]
    models = {name: [load_model(model_path(folder, run)) for run in runs_of(
        Trial(name, trials[name], None), options.folds)] for name in chosen}
    error = test_error(models[best['trial']], trials[best['trial']])
    table = os.path.join(folder, TABLE)
    write_table(table, trials, varied, rows, error, options.folds)
    draw_table(os.path.join(folder, PICTURE), trials, varied, rows)
    print('best of %d trials: %s%s.npz, valid error %.4f%s, test error %.4f%s; table in %s' % (
        len(trials), os.path.join(folder, best['trial']), '-fold-*' if options.folds else '',
        best['valid_err'], ', the mean of %d folds (spread %.4f)' % (
            options.folds, best['spread']) if options.folds else '',
        error, ' of their average' if options.folds else '', table))
    if len(chosen) > 1:
        print('average of %s: test error %.4f' % (', '.join(chosen), test_error(
            [model for some in models.values() for model in some], trials[best['trial']])))


def test_error(models, settings):
    """Return the error of models, or of the average of several, on the test set that a training
    with these settings has.
    """
    model = models[0] if len(models) == 1 else average(models)
    data = measure.load_test_set(model, test_size=settings['test_size'])
    return measure.evaluate(model, data)['error']


def write_table(path, trials, varied, rows, error, n_folds):
    """Write a line for each trial, the best first, with the test error of that alone."""
    spread = ['spread'] if n_folds else []
    with write_whole(path) as file:
        text = io.TextIOWrapper(file, 'utf-8', newline='')
        table = csv.writer(text, lineterminator='\n')
        table.writerow(['trial'] + varied + ['epochs', 'valid_err'] + spread
                       + ['test_err', 'problem'])
        for place, row in enumerate(rows):
            settings = [trials[row['trial']][name] for name in varied]
            table.writerow([row['trial']] + settings
                           + [row[name] for name in ['epochs', 'valid_err'] + spread]
                           + [error if place == 0 else None, row['problem']])
        text.flush()
        text.detach()


def draw_table(path, trials, varied, rows):
    """Draw the table, unless there is nothing to draw with."""
    names = {name: ', '.join('%s %s' % (option, settings[option]) for option in varied) or name
             for name, settings in trials.items()}
    try:
        ranking.draw(path, rows, names)
    except BadInput as error:
        logger.info('%s left out: %s', path, error)
