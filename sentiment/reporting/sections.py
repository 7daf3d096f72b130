"""What is on the page, section by section: figures, pictures, words."""
import numpy

import lstm
from sentiment.data.errors import brief
from sentiment.reporting import card, pictures
from sentiment.reporting.findings import (LEAST, N_ERRORS, ONE_IN, least_of, reads_ngrams,
                                          wilson)
from sentiment.reporting.markup import (SPACE, element, grouped, join, paragraph, percent, section,
                                        signed, table)
from sentiment.reporting.words import SHOWN, coloured
from sentiment.training import plots
from sentiment.training.calibration import reliability
from sentiment.training.options import meanings
from sentiment.using.explain import LONG

NONE = '\u2013'


def between(interval):
    """Return an interval of shares as text."""
    return '%.2f to %.2f%s%%' % (100 * interval[0], 100 * interval[1], SPACE)


def with_interval(share, n):
    """Return a share of n with its interval of 95 %, a dash of none."""
    return NONE if share is None or not n else '%s (%s)' % (
        percent(share), between(wilson(share * n, n)))


def note(*parts):
    """Return a paragraph that says how to read what stands above it."""
    return element('p', *parts, class_='note')


# --- At a glance ------------------------------------------------------------------------------


def summary(subject):
    """Return the figures that matter most, and what they are of."""
    measured = subject.measured
    n, auc = measured['n_samples'], measured['auc']
    facts = [('Error', percent(measured['error'])),
             ('95\u00a0% interval', between(wilson(measured['error'] * n, n))),
             ('Test reviews', grouped(n)),
             ('Calibration error', '%.4f' % measured['calibration_error']),
             ('Area under ROC', NONE if auc is None else '%.4f' % auc)]
    return element('dl', *[element('div', element('dt', name), element('dd', value))
                           for name, value in facts], class_='facts')


# --- Training ---------------------------------------------------------------------------------


def training(subject):
    """Return the section on what was trained, on what, with which options and versions."""
    parts = [join(element('h3', file.name) if len(subject.files) > 1 else '',
                  trained(file, subject), changed(file)) for file in subject.files]
    if len(subject.files) > 1:
        parts.insert(0, paragraph('%d models answer as one: their scores are averaged.'
                                  % len(subject.files)))
    return section('training', 'What was trained, and on what', *parts)


def trained(file, subject):
    """Return the table of a model's data, sizes and versions."""
    arrays, options, counts = file.arrays, file.options, card.sizes(file.arrays)
    rows = [('Data', card.data_name(options['dataset'], options['path']) if file.is_told
             else 'not told'),
            ('Training reviews', described_lengths(arrays)),
            ('Validation reviews', grouped(counts['validation']) if 'validation' in counts
             else 'not told'),
            ('Classes', ', '.join(subject.model.classes)),
            ('Network', '%d units; %s words; %s parameters' % (
                arrays['Wemb'].shape[1], grouped(len(arrays['Wemb'])),
                grouped(file.n_parameters))),
            ('Recipe', card.recipe(options, subject.defaults_of) if file.is_told else 'not told'),
            ('Words by', subject.model.tokenizer),
            ('Numbers', str(arrays['Wemb'].dtype)),
            ('Engine', brief(str(arrays.get('engine', 'not told')))),
            ('SHA-256 of what was read', brief(str(arrays.get('data_sha256', 'not told'))))]
    return table('The training of %s' % file.name, None, rows, numbers=False)


def described_lengths(arrays):
    """Return how many training reviews there were, and how long."""
    lengths = card.lengths(arrays)
    if not len(lengths):
        return 'not told'
    return '%s, of %s to %s words, half of them of %s or fewer' % (
        grouped(len(lengths)), grouped(int(lengths.min())), grouped(int(lengths.max())),
        grouped(int(numpy.median(lengths))))


def changed(file):
    """Return the table of options that are not the tutorial's."""
    if not file.is_told:
        return note('The file does not tell its options; what depends on them is left out.')
    meaning = meanings(lstm.train_lstm)
    rows = [(join(name, ' ', element('small', meaning[name])), value, default)
            for name, value, default in card.differences(file.options, card.DEFAULTS)
            if name not in ('dataset', 'path')]
    if not rows:
        return paragraph('All options are the defaults.')
    return table('Options of %s that are not the defaults' % file.name,
                 ('option', 'value', 'default'), rows, numbers=False)


# --- Errors -----------------------------------------------------------------------------------


def errors(subject):
    """Return the section on how often the model is wrong, and at what."""
    measured, confusion = subject.measured, numpy.array(subject.measured['confusion'])
    common = 1 - confusion.sum(axis=1).max() / confusion.sum()
    rows = [('test, for this report', grouped(measured['n_samples']),
             percent(measured['error']),
             between(wilson(measured['error'] * measured['n_samples'], measured['n_samples'])))]
    return section(
        'errors', 'Errors', paragraph(card.tested_on(subject.tested, subject.files)),
        table('How often it is wrong', ('reviews', 'number', 'error', '95\u00a0% interval'),
              rows + [row for file in subject.files for row in earlier(file, subject)]),
        note('Whoever always answers with the most frequent class errs at %s of the test. The '
             'intervals are those of Wilson (1927): where the error on other reviews of the same '
             'kind may be. Another training of the same model, and reviews of another kind, may '
             'differ by more. Training reviews were learnt from, and those for validation chose '
             'the parameters or their temperature: both errors flatter.' % percent(common)),
        confused(subject.model.classes, confusion), by_class(measured, confusion),
        note('Precision: of those called so, the share that is. Recall: of those that are, the '
             'share called so. In brackets, intervals of 95\u00a0%.'))


def earlier(file, subject):
    """Return the rows of the errors that the training measured itself."""
    counts, found = card.sizes(file.arrays), card.errors(file.arrays)
    if not any(subject.tested):  # the very test set of the training
        counts['test'] = subject.measured['n_samples']
    of = ' of %s' % file.name if len(subject.files) > 1 else ''
    return [('%s, at the training%s' % (name, of),
             grouped(counts[name]) if name in counts else 'not told', percent(error),
             between(wilson(error * counts[name], counts[name])) if counts.get(name) else NONE)
            for name, error in found.items() if error is not None]


def confused(names, confusion):
    """Return the confusion matrix, its cells shaded by their share of the row."""
    rows = []
    for k, name in enumerate(names):
        there = max(1, confusion[k].sum())
        rows.append([name] + [
            element('span', grouped(int(n)), ' ', element('small', percent(n / there, 1)),
                    class_='right' if j == k else 'wrong',
                    style='--share:%d%%' % round(100 * n / there))
            for j, n in enumerate(confusion[k])])
    return table('Confusion: what reviews of each class were called',
                 ['is'] + ['called %s' % name for name in names], rows)


def by_class(measured, confusion):
    """Return the table of precision, recall and F1."""
    called, there = confusion.sum(axis=0).tolist(), confusion.sum(axis=1).tolist()
    rows = [(name, grouped(there[k]), with_interval(found['precision'], called[k]),
             with_interval(found['recall'], there[k]), percent(found['f1']))
            for k, (name, found) in enumerate(measured['classes'].items())]
    return table('Class by class', ('class', 'reviews', 'precision', 'recall', 'F1'), rows)


# --- Calibration and pictures -----------------------------------------------------------------


def calibration(subject):
    """Return the section on what the model's probabilities are worth."""
    measured = subject.measured
    rows = [('%.0f to %.0f%s%%' % (100 * row['low'], 100 * row['high'], SPACE), grouped(row['n']),
             percent(row['sure'], 1), percent(row['right'], 1), between(row['interval']))
            for row in subject.bins]
    figures = [('Expected calibration error', '%.4f' % measured['calibration_error']),
               ('Brier score', '%.4f' % measured['brier']),
               ('Log loss', '%.4f%snats' % (measured['log_loss'], SPACE))]
    figures += [('Temperature%s' % (' of %s' % file.name if len(subject.files) > 1 else ''),
                 '%.3f' % float(file.arrays.get('temperature', 1))) for file in subject.files]
    picture = pictures.figure(
        lambda axes, data: plots.draw_reliability(axes, data, 'test set'),
        reliability(subject.probs, numpy.asarray(subject.labels)), 'test-')
    return section(
        'calibration', 'Calibration', paragraph(
            'Of the answers with a probability of 80\u00a0%, four of five should be right.'),
        element('div', picture, table('How far probabilities are from the truth',
                                      ('figure', 'value'), figures), class_='pair'),
        table('Answers by their probability', ('probability', 'answers', 'mean probability',
                                               'right', '95\u00a0% interval'), rows),
        note('The calibration error is the mean difference between the probability of an answer '
             'and how often such answers are right, over 15 bins of equal width (Naeini et al., '
             '2015); of few reviews it is too large by chance. The Brier score is the mean squared '
             'distance of the probabilities from the truth (Brier, 1950), %s. By the temperature, '
             'fitted to the validation set, the scores are divided (Guo et al., 2017).' % (
                 'halved, 0 to 1' if subject.probs.shape[1] == 2 else 'summed over classes, 0 to 2'
                 )))


def course(subject):
    """Return the section of the pictures of plot."""
    parts = [join(element('h3', file.name) if len(subject.files) > 1 else '', drawn)
             for file, drawn in zip(subject.files, subject.courses)]
    return section('course', 'How the training went', *parts)


# --- Words ------------------------------------------------------------------------------------


def telling(subject):
    """Return the section of the words that speak most for each class."""
    if subject.telling is None:
        return section('words', 'The most telling words', paragraph(
            'Left out: the model does not carry its vocabulary, and none was given.'))
    largest = max([word.odds for found in subject.telling for word in found] or [1.])
    tables = [telling_table(name, found, largest)
              for name, found in zip(subject.model.classes, subject.telling)]
    return section('words', 'The most telling words', element('div', *tables, class_='grid'),
                   note(definition(subject)))


def definition(subject):
    """Return what exactly the telling words are."""
    least = ('Listed are those that add most, of those in at least %d test reviews (no fewer than '
             '%d, nor than one in %d).'
             % (least_of(subject.measured['n_samples']), LEAST, ONE_IN))
    of = ('the class, against the mean of the others' if len(subject.model.classes) > 2
          else 'the class')
    if reads_ngrams(subject.model):
        return ('The number is what an n-gram adds to the log-odds of %s, the mean over the '
                'reviews in which it stands: its naive Bayes ratio times its learnt weight, the '
                'less the more n-grams a review has, under the mix and the temperature. What the '
                'network adds beside them is not in it. %s' % (of, least))
    return ('The number is the mean, over all places in the test reviews at which the word stands, '
            'of what the state after it adds to the log-odds of %s (explain by states: an exact '
            'sum over the words of a review). A state has read what stands before the word, too. %s'
            % (of, least))


def telling_table(name, found, largest):
    """Return the table of a class's words."""
    rows = [(word.word, grouped(word.n_reviews), join(
        element('span', class_='bar', style='width:%.2fem' % (5 * word.odds / largest),
                aria_hidden='true'), signed(word.odds, 3))) for word in found]
    if not rows:
        return paragraph('No word that stands in enough reviews speaks for %s.' % name)
    return table('What speaks for %s' % name, ('word', 'reviews', 'log-odds'), rows)


def mistakes(subject):
    """Return the section of the most confident errors."""
    n_wrong = round(subject.measured['error'] * subject.measured['n_samples'])
    if not subject.wrong:
        return section('mistakes', 'The most confident errors', paragraph(
            'There are none: all %s answers are right.' % grouped(subject.measured['n_samples'])))
    head = 'The most confident errors'
    said = 'The surest %d of %s errors' % (N_ERRORS, grouped(n_wrong)) if n_wrong > N_ERRORS else (
        'All %d errors' % n_wrong)
    return section('mistakes', head, paragraph(said, '. ', how_shown(subject)), legend(subject),
                   *[mistake(k, wrong, subject) for k, wrong in enumerate(subject.wrong, 1)])


def sureness(probability):
    """Return the probability of an answer as per cent; what is no certainty is not called so."""
    shown = percent(probability)
    return 'over %s' % percent(0.9999) if shown == percent(1) and probability < 1 else shown


def how_shown(subject):
    """Return in which form the reviews of the errors are shown."""
    if subject.wrong[0].words is None:
        return 'Their words are left out: the model does not carry its vocabulary.'
    if subject.texts is None:
        return ('The data holds numbers of words, so the reviews are shown by the dictionary, in '
                'small letters; \u00b7 stands for a word that the model does not know.')
    return ('The reviews are shown as they were written; where the words cannot be found in that, '
            'as the model read them, in small letters.')


def legend(subject):
    """Return what the colours of words mean; nothing where there are no words."""
    if subject.wrong[0].words is None:
        return ''
    return note(
        element('mark', 'word', element('sup', '+1.00'), class_='for'),
        ' speaks for the answer given, which is wrong; ',
        element('mark', 'word', element('sup', '\u22121.00'), class_='against'),
        ' against it. The number is by how much the log-odds of the answer fall without the word; '
        'it stands at those of at least a quarter of the largest in the review. Of a review of '
        'more than %d words, whole sentences are left out first, and the %d words that say most '
        'are shown.' % (LONG, SHOWN))


def mistake(number, wrong, subject):
    """Return one error: what was answered, what is true, the review."""
    names = subject.model.classes
    said = '%d. Called %s (%s), is %s ' % (number, names[wrong.answer],
                                           sureness(wrong.probability), names[wrong.label])
    if wrong.words is None:
        return element('article', element('h3', said))
    text = subject.texts and subject.texts[wrong.number]
    head = element('h3', said, element('small', '%s words' % grouped(len(wrong.words))))
    return element('article', head, element(
        'p', coloured(wrong.words, wrong.odds, text), class_='review', dir='auto'))
