"""A training run: where it stands, the best that it has found, and how both are kept."""
import itertools
import os
import signal
import threading
import time
from contextlib import contextmanager

import numpy
from tqdm import tqdm

from sentiment.data.safe_io import BadInput
from sentiment.data.streamed import BUFFER, held
from sentiment.engine import ASYNCHRONOUS
from sentiment.log import logger, no_bar
from sentiment.training import plots
from sentiment.training.averaging import move_mean
from sentiment.training.batches import batches_by_length, count_batches, crop, draw_batches
from sentiment.training.calibration import (ANY, BLENDED, TAUGHT, TAUGHT_STRETCHES,
                                            fit_temperature, reliability, temper)
from sentiment.training.checkpoint import load_checkpoint, random_state, save_checkpoint
from sentiment.training.mixing import settle
from sentiment.training.model_file import (checkpoint_path, checksum, course, save_model,
                                           unzip, zipp)
from sentiment.wide.ngrams import PART

STOPS = [getattr(signal, name) for name in ('SIGINT', 'SIGTERM', 'SIGHUP')
         if hasattr(signal, name)]  # Windows has no SIGHUP
# of the parameters that are kept: at a validation, and at the end
SAID = {'best': ('  best so far', 'best epoch'), 'last': ('  kept', 'last epoch'),
        'mean': ('  of the mean, kept', 'mean up to epoch')}


def error_of(probs, labels):
    """Return the fraction, 0 to 1, of samples whose most probable class is not theirs."""
    return float((probs.argmax(axis=1) != numpy.asarray(labels)).mean())


class Diverged(BadInput):
    """The training came to numbers that are none."""


def check_finite(what, value, update):
    """Raise Diverged, with what to do, at a value that is not a number."""
    if not numpy.isfinite(value):
        raise Diverged('%s became %s at update %d; try another optimizer, a smaller lrate or '
                       'floatX=float64' % (what, value, update))


def calibrated(probs, labels, usual=ANY):
    """Return the temperature that suits probabilities, and how reliable they are under it."""
    labels = numpy.asarray(labels)
    temperature = fit_temperature(probs, labels, usual)
    return {'temperature': temperature, 'reliability': reliability(temper(probs, temperature),
                                                                   labels)}


class Run:
    """What :func:`lstm.train_lstm` keeps while it trains; a context that saves however it ends.

    ``epoch`` and ``update`` count from 1, ``done`` the updates of the present epoch; ``checked`` is
    the last update whose errors were measured; ``best`` holds the parameters to keep, those with
    the lowest validation error, the last or the mean, their errors, their epoch and the temperature
    of their probabilities; ``history`` has a row [update, train, valid, test error] for each
    validation, ``costs`` the cost of each update; ``epoch_rng`` is the random state before the
    epoch's batches were drawn; ``stop`` is what a signal asks to be raised.
    """

    def __init__(self, options, sets, tparams, rng, vocabulary, prepare_data, f_grad_shared,
                 f_update, measure):
        """prepare_data: as imdb's; measure: set -> probabilities (n, C) of the present parameters.
        """
        self.options, self.tparams, self.rng = options, tparams, rng
        self.sets = [(held(reviews), labels) for reviews, labels in sets]
        self.vocabulary, self.prepare_data, self.measure = vocabulary, prepare_data, measure
        self.f_grad_shared, self.f_update = f_grad_shared, f_update
        self.data_sha256 = checksum(self.sets)
        self.say_what_streams()
        self.epoch = self.update = self.done = self.checked = self.bad_counter = 0
        self.epoch_rng = self.best = self.stop = self.bar = None
        self.history, self.costs, self.pending = [], [], []
        self.is_compiled = False  # what the first update compiles
        self.n_words, self.since = 0, time.time()
        self.started = self.since
        if options['resume']:
            load_checkpoint(self)
            logger.info('resuming at epoch %d, update %d', self.epoch, self.update)

    def say_what_streams(self):
        """Say how much of the data is in memory, or that ``buffer`` is not read."""
        reviews, buffer = self.sets[0][0], self.options['buffer']
        n_words = int(reviews.lengths.sum())
        if reviews.streams:
            logger.info('streamed: %d words to train on, %s', n_words, 'of which %d are in memory'
                        % buffer if n_words > buffer else 'all of them in memory')
        elif buffer != BUFFER:
            logger.info('buffer=%d is not read: all reviews are in memory', buffer)

    # --- Epochs and batches

    def epochs(self):
        """Yield the number of each epoch, until ``max_epochs`` or the early stop."""
        self.epoch = max(1, self.epoch)
        while not self.is_exhausted():
            yield self.epoch
            if self.is_exhausted():
                logger.info('no better validation error for a while: stopping early')
            elif self.epoch < self.options['max_epochs']:
                self.epoch, self.done = self.epoch + 1, 0
            else:
                return

    def batches(self):
        """Yield the sample numbers of each batch of the epoch, or of what is left of it."""
        self.epoch_rng = random_state(self.rng)
        reviews = self.sets[0][0]
        blocks = reviews.blocks(self.options['buffer'], self.rng)
        self.n_batches = count_batches(blocks, self.options['batch_size'])
        batches = draw_batches(blocks, reviews.lengths, self.options, self.rng)
        with tqdm(itertools.islice(batches, self.done, None), desc='epoch %d' % self.epoch,
                  unit='update', leave=False, initial=self.done, total=self.n_batches,
                  disable=no_bar()) as self.bar:
            if self.done:  # resumed: what was due when it was stopped
                self.validate_and_save_when_due()
            for indices in self.until_stopped(self.bar):
                yield indices
                if self.is_exhausted():
                    return

    def by_length(self, reviews):
        """Yield the batches in which a set is measured, until a signal asks for a stop."""
        return self.until_stopped(batches_by_length(reviews, self.options['valid_batch_size'],
                                                    self.options['buffer']))

    def until_stopped(self, batches):
        """Yield the batches; raise what a signal asked for."""
        for batch in batches:
            if self.stop:
                self.fetch_costs()
                raise self.stop
            yield batch

    def prepare(self, indices):
        """Return x, mask, y of the training reviews at ``indices``, cropped if that was asked for.
        """
        reviews, labels = ([part[i] for i in indices] for part in self.sets[0])
        if self.options['crop']:
            rng = numpy.random.RandomState([self.options['seed'], self.update])  # of this update
            stretches = [crop(review, self.options['crop'], rng) for review in reviews]
            if self.options['ngrams']:
                return self.prepare_both(stretches, reviews, labels)
            reviews = stretches
        return self.prepare_data(reviews, labels)

    def prepare_both(self, stretches, reviews, labels):
        """Return x, mask, y of which the network reads the stretches and the n-grams all.

        The mask (S, B) ends with the longest stretch; in x (T, B) there stands the whole review
        behind each stretch and one padding.
        """
        x, mask, y = self.prepare_data([numpy.concatenate([stretch, [0], review]) for
                                        stretch, review in zip(stretches, reviews)], labels)
        lengths = numpy.array([len(stretch) for stretch in stretches])
        under = numpy.arange(lengths.max())[:, None] < lengths
        return x, mask[:len(under)] * under, y

    # --- After an update

    def count(self, cost, mask):
        """Count an update: its cost, the mean over its samples, and its words.

        Raises BadInput at a cost that is not a number: at once, or where a device computes while we
        go on, when it is next looked at.
        """
        self.pending.append(cost)
        self.update += 1
        self.done += 1
        if not ASYNCHRONOUS:
            self.fetch_costs()
        self.n_words += int(mask.sum())
        if not self.is_compiled:
            self.is_compiled = True
            logger.info('compiled; %d s; the first update is done', time.time() - self.since)

    def fetch_costs(self):
        """Add the pending costs to the known ones; raise BadInput at one that is not a number."""
        pending, self.pending = self.pending, []
        for cost in map(float, pending):
            self.costs.append(cost)
            check_finite('the cost', cost, len(self.costs))

    def is_due(self, every):
        """Whether it is time for what is done after ``every`` so many updates; -1: at the end of an
        epoch, whose number of batches may differ where reviews stream.
        """
        return self.update % every == 0 if every > 0 else self.done == self.n_batches

    def show(self):
        """Show cost and speed: beside the bar on a terminal, as a line in a log."""
        self.fetch_costs()
        cost, now = self.costs[-1], time.time()
        speed = self.n_words / (now - self.since)
        self.n_words, self.since = 0, now
        if self.bar.disable:
            logger.info('epoch %d  update %d  cost %.4f  %.0f words/s', self.epoch, self.update,
                        cost, speed)
        else:
            self.bar.set_postfix_str('cost %.4f, %.0f words/s' % (cost, speed))

    def validate_and_save_when_due(self):
        """Measure the errors after each ``validFreq`` updates; save after each ``saveFreq``."""
        if self.is_due(self.options['validFreq']) and self.checked < self.update:
            self.validate()
        if self.is_due(self.options['saveFreq']):
            self.save()

    def validate(self):
        """Measure the errors, of the mean of the parameters if that is kept; count bad rounds."""
        self.fetch_costs()  # before anything is called the best
        if self.options['keep'] == 'mean':
            with self.in_place(move_mean(self.best and self.best['params'], unzip(self.tparams),
                                         len(self.history) + 1)):
                self.validate_these()
        else:
            self.validate_these()
        self.checked = self.update
        self.n_words, self.since = 0, time.time()

    @contextmanager
    def in_place(self, params):
        """Have other parameters in the place of the present ones, with which training goes on."""
        present = unzip(self.tparams)
        zipp(params, self.tparams)
        try:
            yield
        finally:
            zipp(present, self.tparams)

    def validate_these(self):
        """Measure the errors of the parameters that are in place; keep them if they are the best.
        """
        blends = self.options['ngrams'] and self.options['ngrams_as'] == PART
        if blends:
            settle(self.tparams, lambda: self.measure(self.sets[1]), self.sets[1][1])
        probs = self.measure(self.sets[1])
        check_finite('a probability', probs.sum(), self.update)  # as no cost may have shown yet
        errors = [error_of(probs, data[1]) if data is self.sets[1] else
                  numpy.nan if self.options['test_once'] else
                  self.error_on(data) for data in self.sets]
        self.history.append([self.update] + errors)
        self.count_bad_round()
        if self.is_best() or self.options['keep'] != 'best':
            self.best = dict(calibrated(probs, self.sets[1][1], self.usual_temperature()),
                             params=unzip(self.tparams), errors=errors, epoch=self.epoch)
        measured = ''.join('  %s error %.4f' % pair for pair in zip(('train', 'valid', 'test'),
                                                                    errors) if pair[1] == pair[1])
        logger.info('epoch %d  update %d%s%s', self.epoch, self.update, measured,
                    SAID[self.options['keep']][0] if self.best['errors'] is errors else '')

    def usual_temperature(self):
        """Return mean and deviation of the temperature's logarithm, as trainings of this kind have.
        """
        if not self.options['ngrams']:
            return ANY
        if self.options['ngrams_as'] == PART:
            return BLENDED
        crop, lengths = self.options['crop'], self.sets[1][0].lengths
        return TAUGHT_STRETCHES if crop and numpy.median(lengths) > crop else TAUGHT

    def is_best(self):
        """Whether no validation error is lower than the latest."""
        return self.history[-1][2] <= min(valid_err for _, _, valid_err, _ in self.history)

    def count_bad_round(self):
        """Count the validations that were no better than one ``patience`` or more before."""
        long_ago = [valid_err for _, _, valid_err, _ in self.history[:-self.options['patience']]]
        if self.is_best():
            self.bad_counter = 0
        if long_ago and self.history[-1][2] >= min(long_ago):
            self.bad_counter += 1

    def error_on(self, data):
        """Return the error on a set, NaN on one of no reviews."""
        return error_of(self.measure(data), data[1]) if len(data[0]) else numpy.nan

    def is_exhausted(self):
        """Whether the validation error has not become better for longer than ``patience``."""
        return self.bad_counter > self.options['patience']

    # --- What is kept

    def save(self):
        """Save the best model so far, and a checkpoint from which the run can go on."""
        self.fetch_costs()
        self.save_best()
        if self.options['saveto']:
            save_checkpoint(self)

    def save_best(self):
        """Save the best parameters so far, or the present ones before the first validation."""
        best = self.best or {'params': unzip(self.tparams), 'errors': [numpy.nan] * 3}
        if self.options['saveto']:
            save_model(self.options['saveto'], self, best)

    def finish(self):
        """Measure what was never measured, save, draw, and leave the best parameters in place."""
        if self.best is None:  # a run shorter than validFreq
            self.validate()
        if self.options['test_once']:
            self.measure_best()
        self.save()
        zipp(self.best['params'], self.tparams)
        if self.options['plot']:
            told = dict(course(self), valid_err=self.best['errors'][1], **self.best)
            plots.draw(self.options['plot'], told, 'Training on %s' % self.options['dataset'])
        saveto = self.options['saveto']
        logger.info('%s %d; %d s; model %s', SAID[self.options['keep']][1], self.best['epoch'],
                    time.time() - self.started, 'in %s' % saveto if saveto else 'not saved')

    def measure_best(self):
        """Measure the errors that ``test_once`` has left, of the best parameters."""
        best = self.best
        with self.in_place(best['params']):  # a checkpoint is of where training is
            train_err, test_err = (self.error_on(self.sets[k]) for k in (0, 2))
        best['errors'] = [train_err, best['errors'][1], test_err]
        row = max(k for k, row in enumerate(self.history) if row[2] == best['errors'][1])
        self.history[row][1:] = best['errors']

    # --- Stops

    def __enter__(self):
        """Note signals from here on: raised inside compiled code they get lost."""
        self.handlers = {}
        if threading.current_thread() is threading.main_thread():  # elsewhere none can be caught
            self.handlers = {signum: signal.signal(signum, self.note) for signum in STOPS
                             if signal.getsignal(signum) is not signal.SIG_IGN}  # as nohup does
        return self

    def note(self, signum, frame):
        """Let the run stop after the present update; a second signal acts at once."""
        self.stop = KeyboardInterrupt() if signum == signal.SIGINT else SystemExit(128 + signum)
        signal.signal(signum, self.handlers[signum])

    def __exit__(self, kind, error, traceback):
        """Save what an interrupted run has learnt."""
        for signum, handler in self.handlers.items():
            signal.signal(signum, handler)
        if self.bar is not None:
            self.bar.close()
        if error is not None and self.options['saveto']:
            self.keep_what_was_learnt(error)

    def keep_what_was_learnt(self, error):
        """Save, unless there is nothing better than a model that is there already."""
        saveto = self.options['saveto']
        unproven = self.update and not os.path.exists(saveto) and all(
            numpy.isfinite(value).all() for value in unzip(self.tparams).values())
        if self.best or unproven:
            self.save_best()
            logger.info('stopped at update %d; the best model so far is in %s', self.update, saveto)
        proven = (self.best or self.options['resume']
                  or not os.path.exists(checkpoint_path(saveto)))
        if proven and self.update and error is self.stop:  # not in the middle of an update
            save_checkpoint(self)
            logger.info('--resume goes on from here')
