"""The page: head, contents, sections, model card; one text that needs nothing beside it."""
import pkgutil
import platform
import time
from collections import namedtuple

import numpy

import lstm
from sentiment import __version__
from sentiment.engine import describe
from sentiment.log import logger
from sentiment.reporting import card, findings, pictures, sections
from sentiment.reporting.markup import Html, element, grouped, join, paragraph, percent, section
from sentiment.using import ask, measure

START = '<!doctype html>\n<html lang="en" data-made-by="lstm-sentiment report">\n'
# whatever a text may hold: nothing runs, nothing is fetched, nothing is sent
POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
CONTENTS = (('training', 'Training'), ('errors', 'Errors'), ('calibration', 'Calibration'),
            ('course', 'Course'), ('words', 'Words'), ('mistakes', 'Worst errors'),
            ('card', 'Model card'))

# what a report is of. model: that answers; files: card.File of each model in it; courses: the
# pictures of each; labels (n,) and probs (n, C) of the test; texts: as written, or None; measured:
# by measure.figures; bins, wrong, telling (or None): of findings; tested: card.Tested; defaults_of:
# recipe -> option -> default; command: that makes the report
Subject = namedtuple('Subject', 'model files courses labels probs texts measured bins wrong '
                                'telling tested defaults_of command')


def examine(model, files, data, tested, defaults_of, command):
    """Return the :class:`Subject` of a report: measure a model and explain its errors.

    data: (reviews, labels, texts or None), as :func:`~sentiment.using.measure.load_test_texts`
    gives them. Raises BadInput as :func:`~sentiment.using.measure.evaluate` does.
    """
    courses = [pictures.course(file, k) for k, file in enumerate(files)]
    texts = data[2]
    reviews, labels = measure.check_data(model, data[:2])
    logger.info('measuring %d reviews', len(reviews))
    probs = ask.pred_sorted(model, reviews, verbose=True).astype('float64')
    wrong = findings.confident_errors(model, reviews, labels, probs, texts, verbose=True)
    telling = findings.telling(model, reviews, verbose=True) if model.dictionary else None
    return Subject(model, files, courses, labels, probs, texts,
                   measure.figures(model, reviews, labels, probs), findings.bins_of(probs, labels),
                   wrong, telling, tested, defaults_of, command)


def render(subject):
    """Return the page of a report as text."""
    title = 'Report of %s' % ', '.join(file.name for file in subject.files)
    head = element(
        'head', element('meta', charset='utf-8'),
        element('meta', http_equiv='Content-Security-Policy', content=POLICY),
        element('meta', name='viewport', content='width=device-width, initial-scale=1'),
        element('meta', name='color-scheme', content='light dark'), element('title', title),
        element('style', Html(pkgutil.get_data(__package__, 'report.css').decode('utf-8'))))
    top = element('header', paragraph('lstm-sentiment ', __version__), element('h1', title),
                  element('p', *in_short(subject), class_='lead'), sections.summary(subject),
                  element('nav', *[element('a', name, href='#' + place)
                                   for place, name in CONTENTS], aria_label='Contents'))
    main = element('main', sections.training(subject), sections.errors(subject),
                   sections.calibration(subject), sections.course(subject),
                   sections.telling(subject), sections.mistakes(subject), model_card(subject))
    body = element('body', top, main, element('footer', paragraph(made(subject))))
    return START + join(head, '\n', body) + '\n</html>\n'


def in_short(subject):
    """Return the parts of the sentence that says what the model is and how good."""
    names, measured = subject.model.classes, subject.measured
    return ('A recurrent network (LSTM) that calls a text ', element('b', ', '.join(names[:-1])),
            ' or ', element('b', names[-1]), '. It was wrong at ',
            element('b', percent(measured['error'])),
            ' of %s test reviews.' % grouped(measured['n_samples']))


def made(subject):
    """Return when the report was made, and with what."""
    return 'Made on %s with Python %s, NumPy %s, %s.' % (
        time.strftime('%Y-%m-%d', time.gmtime()), platform.python_version(), numpy.__version__,
        describe())


# --- Model card -------------------------------------------------------------------------------


def model_card(subject):
    """Return the section after Mitchell et al. (2019): use, limits, licence of the data, and how
    to make both once more.
    """
    names = subject.model.classes
    use = ('To tell %s apart in texts of the kind it was trained on: to study, to compare, to sort '
           'many texts where single errors do little harm. Not to decide anything about a person.'
           % ' and '.join([', '.join(names[:-1]), names[-1]]))
    commands = [card.command(file, subject.defaults_of) if can_repeat(file) else None
                for file in subject.files]
    return section(
        'card', 'Model card', element('h3', 'Intended use'), paragraph(use),
        element('h3', 'Limits'),
        element('ul', *[element('li', limit) for limit in limits(subject)]),
        element('h3', 'The data and its licence'), *licences(subject),
        element('h3', 'How to reproduce'),
        paragraph('In a checkout of lstm-sentiment %s, with these files in it:' % __version__),
        element('pre', element('code', '\n'.join(filter(None, commands + [subject.command])))),
        '' if all(commands) else paragraph(
            'A training is missing above: its file does not tell its options, or its layer or '
            'optimizer is a function of its owner, which the command line does not know.'),
        paragraph('The same numbers result on the same engine, versions and number of cores; other '
                  'ones differ in the last digits, which a training enlarges.'))


def can_repeat(file):
    """Whether the command line has all that a training needs."""
    return file.is_told and file.options['optimizer'] in lstm.optimizers and \
        file.options['encoder'] in lstm.layers and file.options['dataset'] in lstm.datasets


def limits(subject):
    """Return what a user must not expect, a list of sentences."""
    model, unknown = subject.model, subject.measured['unknown_words']
    found = ['Every text is called one of the classes, also one that is neither, both, ironic, or '
             'in another language.',
             'Words are found by the tokenizer %s. Of the words of the test reviews, %s are '
             'unknown to the model.' % (model.tokenizer, percent(unknown)),
             'Its probabilities are as reliable as shown above on texts like those of the test, '
             'and may be worse on others.',
             'It may have learnt to take names of persons, places or groups for a sign of a class. '
             'That was not measured here.']
    return found + list(dict.fromkeys(
        'If the data is %s: %s%s' % (source.title, source.limits[0].lower(), source.limits[1:])
        for _, source, _ in data_of(subject) if source))


def data_of(subject):
    """Return (name, :class:`card.Source` or None, whether that is certain) of all data."""
    named = [(file.options['dataset'], file.options['path']) for file in subject.files
             if file.is_told]
    if subject.tested.dataset or subject.tested.path is not None:
        named.append(subject.tested[:2])
    return [(card.data_name(*pair),) + card.source_of(*pair) for pair in dict.fromkeys(named)]


def licences(subject):
    """Return the paragraphs on the data: what it is, and who may pass it on."""
    found = []
    for name, source, certain in data_of(subject):
        if source is None:
            found.append('The licence of %s is not known to this program: whoever passes on this '
                         'report, which may quote its texts, must know it.' % name)
        else:
            found.append('%s %s %s (%s). %s' % (
                name[0].upper() + name[1:] if certain else 'By its name alone, %s' % name,
                'is' if certain else 'is taken for', source.title, source.paper, source.licence))
    return [paragraph(text) for text in found or ['The model does not tell its data.']]
