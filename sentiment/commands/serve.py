"""Serve: a page to type reviews into, and a JSON API, from a small web server."""
import argparse
import itertools
import os
from functools import partial
from types import SimpleNamespace

from sentiment import __version__
from sentiment.commands.common import load, verb_parser
from sentiment.commands.export import check_needed
from sentiment.commands.predict import predict_texts, told, towards
from sentiment.commands.reading import each_source, is_packed
from sentiment.commands.tabular import predict_table
from sentiment.data.forms import CSV, OFFICE, PARQUET, WHOLE_JSON
from sentiment.data.safe_io import BadInput
from sentiment.parser import not_empty
from sentiment.reviews.encodings import check_encoding, form_in
from sentiment.reviews.members import START
from sentiment.reviews.tables import READERS, How
from sentiment.using import ask
from sentiment.using.explain import explain_readings, is_long


def port_number(text):
    """Read a port."""
    if not 0 <= int(text) <= 65535:
        raise argparse.ArgumentTypeError('%s is not from 0 to 65535' % text)
    return int(text)


def make_parser():
    """Return the parser of serve's arguments."""
    parser = verb_parser(
        'serve', 'Serve a page to type reviews into, and the same as a JSON API: /docs lists it.',
        epilog="example: python lstm.py serve lstm_model.npz, and open http://127.0.0.1:8000")
    parser.add_argument('--host', type=not_empty, default='127.0.0.1', metavar='ADDRESS',
                        help='address to listen on (default: 127.0.0.1, which only this machine '
                             'reaches; 0.0.0.0: whoever reaches it, without a password)')
    parser.add_argument('--port', type=port_number, default=8000, metavar='N',
                        help='port to listen on (default: 8000; 0: any that is free)')
    parser.add_argument('--in_browser', type=not_empty, metavar='FOLDER',
                        help='let the page answer without this server too, by the model as ONNX '
                             'and the runtime in FOLDER: node_modules/onnxruntime-web/dist, after '
                             'npm install onnxruntime-web')
    return parser


def serve(arguments):
    """Serve a model until a signal says stop."""
    options = make_parser().parse_intermixed_args(arguments)
    try:
        from sentiment.serving import about, app, in_browser, server
    except ImportError as error:
        raise BadInput("to serve, FastAPI and uvicorn are needed (%s); run, in the checkout: pip "
                       "install -e '.[serve]'" % error) from error
    bound = server.listen(options.host, options.port)  # before the work of loading
    runtime = in_browser.read_runtime(options.in_browser) if options.in_browser else None
    model = load(options)
    ask.check_words(model)
    paths = [options.model] + options.average
    models = [(os.path.basename(path), one)
              for path, one in zip(paths, getattr(model, 'models', [model]))]
    answer(model, ['Ready.'], False)  # compiles what the first request would wait for
    made = app.make_app(
        partial(answer, model),
        lambda job, how: answer_file(model, job, How(how['text_column'], None, how['encoding'])),
        about.all_about(models, model), __version__,
        server.hosts_of(options.host, bound.getsockname()),
        runtime and dict(runtime, **{'/model.onnx': exported(model)}))
    with bound:
        server.make_server(made).run(sockets=[bound])


def exported(model):
    """Return (bytes, media type) of a model as ONNX, which was compared with predict."""
    check_needed()
    from sentiment.portable.export import export
    return export(model)[0], 'application/octet-stream'


def answer(model, texts, explained):
    """Return what there is to say of each text, a dict as predict's --json has it."""
    readings = ask.read_texts(model, texts)
    results = zip(readings, ask.probabilities(model, readings))
    words = explain_readings(model, [one for one in readings if one.words]) if explained else None
    return [answer_one(model, *result, words) for result in results]


def answer_one(model, reading, probs, words):
    """Return what there is to say of a reading; its explanation is the next of ``words``."""
    if not reading.words:
        return {'label': None, 'probability': None, 'probabilities': None, 'unknown_words': None,
                'problem': 'a review without a word'}
    found, label = told(model, model.classes, reading, probs), int(probs.argmax())
    if words is not None:
        found.update(explained='by sentence' if is_long(reading) else 'by word',
                     towards=model.classes[1 if len(model.classes) == 2 else label],
                     words=towards(label, *next(words)))
    return found


def answer_file(model, job, how):
    """Answer the file of a job; return the form of the answer, and what is wrong with it, or None.

    A table is answered in its own form, anything else by a table of its texts.
    """
    from sentiment.serving.uploads import Output
    how = how._replace(encoding=check_encoding(how.encoding))
    sources = map(job.watch, each_source([job.source]))
    first = next(sources, None)
    if first is None:
        raise BadInput('%s: no reviews in it' % job.source)
    form = None if first.whole else form_in(first.name, first.file.peek(START), how.encoding)
    options = SimpleNamespace(files=['-'], whole=False, explain=False, states=False, ngrams=False,
                              json=False, csv=False)
    if form not in (OFFICE, PARQUET, WHOLE_JSON) and not is_packed(job.source):  # read at once
        job.size = os.path.getsize(job.source)
    with Output(job) as out:
        if first.alone and form in READERS:
            return form, predict_table(model, first, form, options, how, out)
        options.csv = True
        return CSV, predict_texts(model, itertools.chain([first], sources), options, how, out)
