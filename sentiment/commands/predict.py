"""Predict: the label and the probabilities of each review, and what its words change."""
import io
import itertools
import os
import sys
from contextlib import contextmanager, nullcontext
from functools import partial

from tqdm import tqdm

from sentiment.commands.common import columns, is_terminal, load, verb_parser
from sentiment.commands.parts import check_asked, is_for_parts, predict_parts
from sentiment.commands.reading import (CHUNK, ahead, each_source, gather, read_sources,
                                        size_of)
from sentiment.commands.showing import WIDTH, as_json, as_text, colourful, csv_writer
from sentiment.commands.tabular import predict_table
from sentiment.data.safe_io import BadInput, check_can_write, write_whole
from sentiment.parser import add_cluster, add_reading, not_empty
from sentiment.reviews.encodings import check_encoding, form_in
from sentiment.reviews.members import START
from sentiment.reviews.tables import READERS, How
from sentiment.using import ask
from sentiment.using.at_once import answering
from sentiment.using.embed import vectors, written
from sentiment.using.explain import explain_reading, is_long, log_odds

NO_WORDS = ask.Reading((), False)


def make_parser():
    """Return the parser of predict's arguments."""
    parser = verb_parser(
        'predict', 'Tell whether reviews are positive. They are tokenized as in training.',
        epilog='example: echo "What a film!" | python lstm.py predict lstm_model.npz -')
    parser.add_argument('files', metavar='FILE', nargs='*',
                        help='text, one review a line; a table (CSV, TSV, JSON lines, parquet, '
                             '...), whose rows come back with what the model says of each; a '
                             'folder or an archive, one review in each *.txt below it; -, standard '
                             'input (default); with --output FOLDER, parts: folders and globs of '
                             'tables, also s3://... and what else fsspec knows')
    add_reading(parser, label=False)
    parser.add_argument('--output', metavar='FILE', type=not_empty,
                        help='write the answers into this file, whole or not at all; into a folder '
                             '(FOLDER/, if it is not there yet): one file for each part, of its '
                             'name; parts that are there already stay')
    add_cluster(parser, 'the parts answered')
    parser.add_argument('--whole', action='store_true', help='each FILE is one review')
    parser.add_argument('--explain', action='store_true',
                        help='tell how the answer changes without each word: by how much it '
                             'speaks for the positive class, or the answered of several')
    parser.add_argument('--states', action='store_true',
                        help='with --explain: tell what the state after each word adds instead')
    parser.add_argument('--ngrams', action='store_true',
                        help='with --explain, of a model that reads n-grams: tell what each adds, '
                             'and the network; \u2026 between two words is any word, before one it '
                             'says that what follows is near the end')
    parser.add_argument('--vectors', metavar='FILE', type=not_empty,
                        help='write the sentence vectors too, the pooled states, into this .npz: '
                             'the array vectors, a row for each answer, NaN where there is none')
    style = parser.add_mutually_exclusive_group()
    style.add_argument('--json', action='store_true', help='a JSON object on each line')
    style.add_argument('--csv', action='store_true', help='comma-separated values')
    return parser


def predict(arguments):
    """Print label, probability and start of each review."""
    parser = make_parser()
    options = parser.parse_intermixed_args(arguments)
    for name in ('states', 'ngrams'):
        if getattr(options, name) and not options.explain:
            parser.error('--%s goes with --explain' % name)
    if options.states and options.ngrams:
        parser.error('--states and --ngrams: give one of them')
    how = How(options.text_column, None, check_encoding(options.encoding))
    if is_for_parts(options):
        check_asked(parser, options)
        predict_parts(options, how)
    else:
        predict_files(options, how)


def predict_files(options, how):
    """Print what the model says of each review of the files, or write it into one."""
    files = options.files or ['-']
    check_outputs(options, files + [options.model] + options.average)
    model = load(options)
    sources = each_source(files)
    first = next(sources, None)
    if first is None:
        raise BadInput('%s: no reviews in it' % ', '.join(files))
    form = None if first.whole else form_in(first.name, first.file.peek(START), how.encoding)
    alone = len(files) == 1 and first.alone and not (options.whole or options.explain)
    probs_of = waited_for(options, model)
    with opened(options.output) as out, keeping(options.vectors, model) as keep:
        if alone and form in READERS:
            trouble = predict_table(model, first, form, options, how, out, keep, probs_of)
        else:
            trouble = predict_texts(model, itertools.chain([first], sources), options, how, out,
                                    keep, probs_of)
    if trouble:  # when all the rest is written
        raise BadInput(trouble)


def predict_texts(model, sources, options, how, out, keep=None, probs_of=None):
    """Write what the model says of each review of the sources; return what is wrong, or None.

    keep, probs_of: as of :func:`predict_table`.
    """
    by = None if not options.explain else (
        'states' if options.states else 'ngrams' if options.ngrams else 'words')
    text = sys.stdout if out is None else io.TextIOWrapper(out, 'utf-8', newline='\n')
    show, unread = shower(options, model.classes, text), 0
    probs_of = probs_of or partial(ask.probabilities, model)
    with progress(options.files or ['-']) as bar, \
            ask.reader(model, CHUNK, bool(by), model.get_ready) as read:
        for chunk, readings in ahead(
                gather(read_sources(sources, options.whole, how)),
                lambda chunk: read([item.text for item in chunk if not item.problem])):
            for answer in answers(model, chunk, readings, probs_of, by, keep):
                unread += 'problem' in answer
                print(show(answer), file=text)
            if text is not None:
                text.flush()
            bar.update(sum(item.size for item in chunk))
    if out is not None:
        text.detach()
    return '%d of the reviews could not be read' % unread if unread else None


def waited_for(options, model):
    """Return the function readings -> probabilities, which gives the first at once where somebody
    waits for them, and nothing else needs the compiled model.
    """
    later = options.output or options.vectors or options.explain
    return partial(ask.probabilities, model) if later else answering(model)


def shower(options, names, text):
    """Return the function answer -> text that the options ask for, to write to a ``text`` file."""
    if options.json:
        return as_json
    if options.csv:
        return csv_writer(names, options.explain, text)
    show = colourful if options.explain and is_terminal(text) else as_text
    return partial(show, width=columns(text, WIDTH))


# --- Where answers go -------------------------------------------------------------------------


def check_outputs(options, others):
    """Raise BadInput unless what is asked for can be written, in place of none of the others."""
    asked = list(filter(None, [options.output, options.vectors]))
    for path in asked:
        check_output(path, others)
    if len(set(map(os.path.realpath, asked))) < len(asked):
        raise BadInput('--vectors and --output name the same file')


def check_output(path, others):
    """Raise BadInput unless answers can be written there, in place of none of the other files."""
    check_can_write(path)
    for other in others:
        if os.path.exists(path) and os.path.exists(other) and os.path.samefile(path, other):
            raise BadInput('output: %s is one of the files that are read' % path)


def keeping(path, model):
    """Open the .npz that takes the vectors: give the function that does, None without a path."""
    return written(path, model.width) if path else nullcontext()


@contextmanager
def opened(path):
    """Open the file that answers are written to, binary, which appears whole; None: stdout."""
    if path:
        with write_whole(path) as file:
            yield file
    else:
        yield None


def progress(files):
    """Return a bar over the bytes of all files, where it has an end and no answer runs into it."""
    shown = is_terminal(sys.stderr) and not is_terminal(sys.stdout)
    total = size_of(files) if shown and '-' not in files else None
    return tqdm(total=total, unit='B', unit_scale=True, leave=False, disable=not total,
                bar_format='{percentage:3.0f}%|{bar}| {n_fmt}/{total_fmt}B [{elapsed}]')


def answers(model, chunk, readings, probs_of, by=None, keep=None):
    """Return one dict for each item of a chunk: what there is to say of the review. readings: of
    those items that have a text; probs_of: the function readings -> probabilities.

    source; label and its probability; probabilities, name -> number; unknown_words, a share; text;
    note, if the model knows no word of it; words, [word, contribution] pairs, and explained, how,
    if ``by`` is a way of :func:`~sentiment.using.explain.explain`. Or problem, and None for the
    rest but source and text. keep: what takes the vectors of all items, or None.
    """
    results = zip(readings, probs_of(readings))
    if keep:
        some = iter(readings)
        keep(vectors(model, [NO_WORDS if item.problem else next(some) for item in chunk]))
    names, found = model.classes, []
    for item in chunk:
        reading, probs = (None, None) if item.problem else next(results)
        answer = {'source': item.source, 'label': None, 'probability': None,
                  'probabilities': None, 'unknown_words': None, 'text': item.text or ''}
        if item.problem or not reading.indices:
            answer['problem'] = item.problem or 'a review without a word'
        else:
            answer.update(told(model, names, reading, probs))
            answer.update(explained(model, reading, probs, by) if by else {})
        found.append(answer)
    return found


def told(model, names, reading, probs):
    """Return what the model says of a reading, and how much of it it knows."""
    label = int(probs.argmax())
    answer = {'label': names[label], 'probability': float(probs[label]),
              'probabilities': dict(zip(names, probs.tolist())),
              'unknown_words': reading.unknown_words}
    return answer if reading.is_known else dict(answer, note=ask.strange_note(model))


def explained(model, reading, probs, by):
    """Return a reading's words with their contributions, and how these were found."""
    way = {'states': 'by state', 'ngrams': 'by n-gram'}.get(
        by, 'by sentence' if is_long(reading) else 'by word')
    return {'explained': way, 'words': towards(int(probs.argmax()),
                                               *explain_reading(model, reading, by))}


def towards(label, words, contributions):
    """Return [word, contribution] pairs: to the log-odds of ``label``, or of 1 of two classes."""
    odds = log_odds(contributions, 1 if contributions.shape[1] == 2 else label)
    return [[word, float(value)] for word, value in zip(words, odds)]
