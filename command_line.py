"""The command line: train, evaluate, predict, plot."""
import argparse
import csv
import errno
import inspect
import itertools
import json
import os
import queue
import signal
import sys
import threading

import numpy

import imdb
import imdb_preprocess
import lstm
import plots
from safe_io import BadInput, load_arrays, naming

# --- Training ---------------------------------------------------------------------------------

HELP = {
    'dim_proj': 'width of the word embedding and of the LSTM, in units',
    'patience': 'stop early after more than this many validations that are no better than one at '
                'least as many before',
    'max_epochs': 'the most passes through the training set',
    'dispFreq': 'show the cost after every so many updates',
    'decay_c': "weight decay of the classifier's U; 0 for none",
    'lrate': 'learning rate; only sgd and adagrad read it',
    'n_words': 'vocabulary: the most frequent words; the others count as unknown',
    'optimizer': 'how gradients become steps: sgd, adadelta, rmsprop or adagrad',
    'encoder': 'the layer that reads the words: lstm, the readable scan; lstm_fused, the same as '
               'one compiled operation; auto, the latter where numba can run',
    'saveto': 'file to save the best model in, or none',
    'validFreq': 'measure the errors after every so many updates; -1: once an epoch',
    'saveFreq': 'save the model after every so many updates; -1: once an epoch',
    'maxlen': 'train on reviews shorter than this many words, or none: on all of them; errors are '
              'measured on reviews of any length',
    'batch_size': 'reviews in a training batch',
    'valid_batch_size': 'reviews in a batch when errors are measured',
    'dataset': 'the reviews; snippets step in where imdb cannot be had and is not named',
    'noise_std': 'standard deviation of Gaussian noise on the embeddings in training',
    'use_dropout': 'drop half of the pooled units at random in training: true or false',
    'reload_model': 'saved model (.npz) whose parameters to start from, or none',
    'test_size': 'test on this many random reviews; -1: on all of them',
    'path': 'data to use: imdb.pkl, imdb.pkl.gz, the aclImdb archive or a folder of reviews',
    'bucket': 'make batches of reviews of similar length: true or false',
    'seed': 'seed of everything that is drawn at random',
    'resume': 'go on from the checkpoint beside saveto, as if the run had never stopped',
    'init_scale': 'embeddings start as random numbers of 0 to this',
    'crop': 'train on a random stretch of this many words of each longer review, or none',
    'pooling': "what the classifier reads: mean, the states' mean over the words; mean_max, their "
               'largest values too',
    'test_once': 'measure training and test error once, at the end, of the best parameters',
    'plot': 'draw costs, errors and lengths into this picture (.png, .svg or .pdf), or none',
}

KEYWORDS = inspect.signature(lstm.train_lstm).parameters
# what the tutorial's own script passes, and a data set that may fall back
SCRIPT_DEFAULTS = {'max_epochs': 100, 'test_size': 500, 'dataset': None, 'optimizer': 'adadelta'}
OPTIONAL = lstm.PATHS + lstm.MAY_BE_NONE  # may be none
WHOLE_NUMBERS = ('crop',)  # whose default does not tell
CHOICES = {'optimizer': lstm.optimizers, 'encoder': ['auto'] + list(lstm.layers),
           'dataset': lstm.datasets, 'pooling': lstm.POOLINGS}


def true_or_false(text):
    """Read a truth value of the command line."""
    try:
        return {'true': True, 'false': False}[text.lower()]
    except KeyError:
        raise argparse.ArgumentTypeError('%r is neither true nor false' % text)


def converter(name, default):
    """Return the function that reads option ``name``, of the type that its default has."""
    kind = true_or_false if isinstance(default, bool) else type(default)
    read = int if name in WHOLE_NUMBERS else str if default is None or callable(default) else kind

    def read_option(text):
        if not text:  # an unset variable of the shell
            raise argparse.ArgumentTypeError('an empty value; none is written none')
        return None if name in OPTIONAL and text.lower() == 'none' else read(text)

    read_option.__name__ = read.__name__  # argparse names it in its error
    return read_option


def make_parser(recipe='tutorial'):
    """Return a parser with one option for each keyword argument of :func:`lstm.train_lstm`."""
    defaults = dict(SCRIPT_DEFAULTS, **lstm.recipes[recipe])
    parser = imdb_preprocess.Parser(
        prog='lstm.py', formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False,
        description='Train an LSTM to tell positive movie reviews from negative ones.\n'
        'THEANO_FLAGS in the environment sets floatX (float32 or float64) and device.',
        epilog='to use what was trained:\n'
        '  lstm.py evaluate MODEL   measure it on a test set\n'
        '  lstm.py predict MODEL    ask it about reviews of your own\n'
        '  lstm.py plot MODEL       see how its training went\n'
        'each has its own --help')
    parser.add_argument('--recipe', choices=list(lstm.recipes), default='tutorial',
                        help='settings that belong together, which the options below may change: '
                             'tutorial; full, for all of IMDB; max, the same with pooling mean_max '
                             '(default: tutorial)')
    for name, parameter in KEYWORDS.items():
        default = defaults.get(name, parameter.default)
        shown = 'imdb' if name == 'dataset' else str(default).lower()
        switch = {'nargs': '?', 'const': True} if parameter.default is False else {}
        parser.add_argument('--' + name, type=converter(name, parameter.default), default=default,
                            choices=list(CHOICES[name]) if name in CHOICES else None,
                            metavar=name.upper() if name not in CHOICES else None,
                            help='%s (default: %s)' % (HELP[name], shown), **switch)
    return parser


def choose_dataset(options):
    """Name the data set where the user named none: imdb if it can be had, else snippets."""
    if options['dataset'] is None and options['path'] is None:
        try:
            options['path'] = imdb.locate()
        except BadInput as error:
            lstm.say('%s; training on the movie review snippets instead' % error)
            options['dataset'] = 'snippets'
    options['dataset'] = options['dataset'] or 'imdb'
    return options


def train(arguments):
    """Train as the command line says."""
    options = vars(make_parser(find_recipe(arguments)).parse_args(arguments))
    options.pop('recipe')
    lstm.train_lstm(**choose_dataset(options))


def find_recipe(arguments):
    """Return the recipe that the arguments name, whose settings are defaults of the others."""
    parser = imdb_preprocess.Parser(prog='lstm.py', add_help=False, allow_abbrev=False)
    parser.add_argument('--recipe', default='tutorial')
    recipe = parser.parse_known_args(arguments)[0].recipe
    return recipe if recipe in lstm.recipes else 'tutorial'  # the next parser says what is wrong


# --- Evaluating -------------------------------------------------------------------------------


def verb_parser(verb, description, **keywords):
    """Return a parser that knows MODEL, --average and --dictionary."""
    parser = imdb_preprocess.Parser(prog='lstm.py ' + verb, description=description, **keywords)
    parser.add_argument('model', metavar='MODEL', help='a model that lstm.py saved (.npz)')
    parser.add_argument('--average', metavar='MODEL', action='append', default=[],
                        help='another model, such as that of another seed, whose scores are '
                             'averaged with the first; may be given several times')
    parser.add_argument('--dictionary', metavar='FILE',
                        help='imdb.dict.pkl of the training, for a model without its vocabulary')
    return parser


def load(trained, options):
    """Return the model that the options name, or the average of several."""
    models = [trained.load_model(path, options.dictionary)
              for path in [options.model] + options.average]
    return trained.average(models) if options.average else models[0]


def not_empty(text):
    """Return an option's text; an unset variable of the shell is no path."""
    if not text:
        raise argparse.ArgumentTypeError('an empty value')
    return text


def number_of_reviews(text):
    """Read a number of reviews: a positive one, or -1 for all."""
    if int(text) < 1 and int(text) != -1:
        raise argparse.ArgumentTypeError('%s is neither positive nor -1' % text)
    return int(text)


def evaluate(arguments):
    """Print how well a model does on a test set."""
    parser = verb_parser('evaluate', 'Measure a model: by default on the very reviews that its '
                         'training was tested on.')
    parser.add_argument('--dataset', choices=list(lstm.datasets), help='test on this data set')
    parser.add_argument('--path', type=not_empty,
                        help='test on this imdb.pkl, archive or folder of reviews')
    parser.add_argument('--test_size', type=number_of_reviews, metavar='N',
                        help='test on this many random reviews; -1: on all (default: as trained)')
    parser.add_argument('--json', action='store_true', help='one line for machines')
    options = parser.parse_args(arguments)
    import trained  # compiles nothing that training needs
    model = load(trained, options)
    data = trained.load_test_set(model, options.dataset, options.path, options.test_size)
    measured = trained.evaluate(model, data, verbose=True)
    print(json.dumps(measured) if options.json else as_table(measured))


def as_table(measured):
    """Return what :func:`trained.evaluate` measured as lines for people."""
    auc = 'none: one class only' if measured['auc'] is None else '%.4f' % measured['auc']
    rows = [('reviews', '%d' % measured['n_samples']), ('error', '%.4f' % measured['error']),
            ('accuracy', '%.4f' % measured['accuracy']),
            ('log loss', '%.4f nats' % measured['log_loss']), ('AUC', auc)]
    names = label_names(len(measured['confusion']))
    table = [['%-10s' % name, value] for name, value in rows]
    table += [['%-10s' % '', ''.join('%18s' % ('called ' + name) for name in names)]]
    table += [['%-10s' % name, ''.join('%18d' % n for n in counts)]
              for name, counts in zip(names, measured['confusion'])]
    return '\n'.join(' '.join(row).rstrip() for row in table)


def label_names(n_classes):
    """Return what the classes are called."""
    return ['negative', 'positive'] if n_classes == 2 else [str(k) for k in range(n_classes)]


# --- Predicting -------------------------------------------------------------------------------

CHUNK = 4096   # reviews that are tokenized and read at once, where so many wait
START = 60     # characters of a review that are shown
STRONG = 0.25  # of the largest contribution: such words are marked


def predict(arguments):
    """Print label, probability and start of each review."""
    parser = verb_parser(
        'predict', 'Tell whether reviews are positive. They are tokenized as in training.',
        epilog='example: echo "What a film!" | python lstm.py predict lstm_model.npz -')
    parser.add_argument('files', metavar='FILE', nargs='*', default=['-'],
                        help='text, one review a line; a folder, one review in each *.txt below it;'
                             ' -, standard input (default)')
    parser.add_argument('--whole', action='store_true', help='each FILE is one review')
    parser.add_argument('--explain', action='store_true',
                        help='mark the words that carried the decision, in colours on a terminal')
    style = parser.add_mutually_exclusive_group()
    style.add_argument('--json', action='store_true', help='a JSON object on each line')
    style.add_argument('--csv', action='store_true', help='comma-separated values')
    options = parser.parse_args(arguments)
    import trained
    model = load(trained, options)
    show = (as_json if options.json else csv_writer(options.explain) if options.csv
            else colourful if options.explain and sys.stdout.isatty() else as_text)
    unread = 0
    for chunk in gather(read_sources(options.files, options.whole)):
        for answer in answers(trained, model, chunk, options.explain):
            unread += 'problem' in answer
            print(show(answer))
        sys.stdout.flush()
    if unread:
        raise BadInput('%d of the reviews could not be read' % unread)


def answers(trained, model, chunk, explained):
    """Return one dict for each (source, text, problem): source, label, probability, text."""
    texts = [text for _, text, problem in chunk if not problem]
    rows = iter(trained.predict(model, texts))
    names = label_names(model.options['ydim'])
    result = []
    for source, text, problem in chunk:
        probs = None if problem else next(rows)
        if problem or numpy.isnan(probs[0]):
            result.append({'source': source, 'label': None, 'probability': None, 'text': '',
                           'problem': problem or 'a review without a word'})
            continue
        label = int(probs.argmax())
        answer = {'source': source, 'label': names[label], 'probability': float(probs[label]),
                  'text': start_of(text)}
        if explained:
            answer['words'] = towards(label, *trained.explain(model, text))
        result.append(answer)
    return result


def towards(label, words, contributions):
    """Return [word, contribution] pairs: to the log-odds of ``label``, or of 1 of two classes."""
    n_classes = contributions.shape[1]
    label = 1 if n_classes == 2 else label
    odds = contributions[:, label] - numpy.delete(contributions, label, axis=1).mean(axis=1)
    return [[word, float(value)] for word, value in zip(words, odds)]


def start_of(text):
    """Return the beginning of a review, on one line and fit for a terminal."""
    line = ' '.join(printable(text[:4 * START]).split())
    return line if len(line) <= START else line[:START - 1] + '\u2026'


def printable(text):
    """Return a text without what a terminal would obey."""
    return ''.join(c if c.isprintable() else ' ' for c in text)


def as_json(answer):
    return json.dumps(answer)


def as_text(answer):
    if 'problem' in answer:
        return '%-8s  %6s  (%s)' % ('-', '-', answer['problem'])
    line = '%-8s  %.4f  %s' % (answer['label'], answer['probability'], answer['text'])
    return line + ('\n    ' + marked(answer['words'], '{0}({1:+.2f})') if 'words' in answer else '')


def colourful(answer):
    """As :func:`as_text`; green words speak for the positive class, red ones against it."""
    line = as_text({name: value for name, value in answer.items() if name != 'words'})
    if 'words' not in answer:
        return line
    return line + '\n    ' + marked(answer['words'], '\x1b[{2}m{0}\x1b[0m')


def marked(words, form):
    """Join words, the strong ones in ``form``: of word, contribution and colour."""
    bound = STRONG * max(abs(value) for _, value in words)
    return ' '.join(form.format(printable(word), value, 32 if value > 0 else 31)
                    if abs(value) >= bound and value else printable(word) for word, value in words)


class Line:
    """A file for csv.writer that returns what is written."""

    @staticmethod
    def write(text):
        return text.rstrip('\r\n')


def csv_writer(explained):
    """Return a function answer -> its line of CSV; print the header."""
    columns = ['source', 'label', 'probability', 'text'] + ['words'] * explained
    writer = csv.writer(Line)
    print(writer.writerow(columns))
    return lambda answer: writer.writerow(
        [json.dumps(answer.get(name)) if name == 'words' else answer[name] for name in columns])


# --- Reading reviews --------------------------------------------------------------------------


def read_sources(paths, whole):
    """Yield (source, text, problem) of each review; a problem stands in place of a text."""
    for path in paths:
        if path == '-':
            if sys.stdin is None:
                raise BadInput('-: standard input is closed')
            # not sys.stdin.buffer: Python asks for its lock at the end, while a thread may read
            with open(sys.stdin.fileno(), 'rb', closefd=False) as file:
                yield from ([as_review('-', file.read(imdb_preprocess.MAX_REVIEW_BYTES + 1))]
                            if whole else read_lines('-', file))
        elif os.path.isdir(path):
            for file in list_reviews(path):
                yield read_whole(file)
        elif whole:
            yield read_whole(path)
        else:
            with naming(path), open(path, 'rb') as file:
                yield from read_lines(path, file)


def list_reviews(folder):
    """Return the paths of all reviews in a folder and below it, sorted."""
    found = [os.path.join(parent, name) for parent, _, names in os.walk(folder) for name in names
             if imdb_preprocess.is_review(name)]
    if not found:
        raise BadInput('%s: no review (*.txt) in it' % folder)
    return sorted(found)


def read_whole(path):
    """Return (path, text, problem) of a file that is one review."""
    imdb_preprocess.file_size(path)  # refuses what is no plain file
    with naming(path), open(path, 'rb') as file:
        return as_review(path, file.read(imdb_preprocess.MAX_REVIEW_BYTES + 1))


def read_lines(name, file):
    """Yield (name:number, text, problem) of each line, however long."""
    limit = imdb_preprocess.MAX_REVIEW_BYTES + 1
    for number in itertools.count(1):
        line = rest = file.readline(limit)
        if not line:
            return
        while len(rest) == limit and not rest.endswith(b'\n'):
            rest = file.readline(limit)
        yield as_review('%s:%d' % (name, number), line)


def as_review(source, data):
    """Return (source, text, problem) of a review's bytes."""
    try:
        return source, imdb_preprocess.decode(data, ''), None
    except BadInput as error:
        return source, None, str(error).lstrip(': ')


def gather(items):
    """Yield lists of items: all that wait, so that a slow stream is answered line by line."""
    waiting, failed = queue.Queue(CHUNK), []

    def fill():
        try:
            for item in items:
                waiting.put(item)
        except Exception as error:  # raised again where it can be seen
            failed.append(error)
        waiting.put(None)

    threading.Thread(target=fill, daemon=True).start()
    chunk = []
    while not chunk or chunk[-1] is not None:
        chunk = [waiting.get()]
        while len(chunk) < CHUNK and not waiting.empty():
            chunk.append(waiting.get())
        yield [item for item in chunk if item is not None]
    if failed:
        raise failed[0]


# --- Plotting ---------------------------------------------------------------------------------


def plot(arguments):
    """Draw how a model was trained."""
    parser = imdb_preprocess.Parser(prog='lstm.py plot', description='Draw how a model was '
                                    'trained: costs, errors, lengths of the reviews.')
    parser.add_argument('model', metavar='MODEL', help='a model that lstm.py saved (.npz)')
    parser.add_argument('--output', metavar='FILE',
                        help='.png, .svg or .pdf (default: as the model, .png)')
    options = parser.parse_args(arguments)
    path = options.output or os.path.splitext(options.model)[0] + '.png'
    if os.path.realpath(path) == os.path.realpath(options.model):
        raise BadInput('%s: the picture would take the place of the model' % path)
    plots.draw(path, load_arrays(options.model), os.path.basename(options.model))
    print('picture in %s' % path)


# --- All of it --------------------------------------------------------------------------------

VERBS = {'evaluate': evaluate, 'predict': predict, 'plot': plot}


def stop_on_sigterm(signum, frame):
    """Leave as Ctrl-C does, with the status that shells give to a terminated process."""
    raise SystemExit(128 + signum)


def main(argv=None):
    """Do what the command line says; return the exit status."""
    arguments = sys.argv[1:] if argv is None else argv
    verb = VERBS.get(arguments[0]) if arguments else None
    signal.signal(signal.SIGTERM, stop_on_sigterm)
    if hasattr(sys.stdout, 'reconfigure'):  # a letter that the terminal does not know is no failure
        sys.stdout.reconfigure(errors='backslashreplace')
    try:
        verb(arguments[1:]) if verb else train(arguments)
        sys.stdout.flush()
    except BadInput as error:
        return fail(error)
    except MemoryError:
        return fail('there is not enough memory for sizes such as these')
    except KeyboardInterrupt:
        return 128 + signal.SIGINT
    except BrokenPipeError:  # the reader, such as head, has had enough
        forget_output()
        return 128 + signal.SIGPIPE
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        forget_output()
        return fail('the output cannot be written: %s' % error.strerror)
    return 0


def fail(reason):
    """Say in one line why the command could not be done; return the exit status for that."""
    print('lstm.py: error: %s' % reason, file=sys.stderr)
    return 2


def forget_output():
    """Let what could not be printed vanish, or Python would try once more at its end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
