"""An export answers in a browser, through onnx.js alone, what predict answers here.

It needs Debian's chromium, Playwright, and npm's onnxruntime-web in node_modules (or NODE_PATH).
"""
import functools
import http.server
import os
import re
import threading

import numpy
import pytest

pytest.importorskip('onnx')
pytest.importorskip('onnxruntime')
playwright = pytest.importorskip('playwright.sync_api')

from sacremoses.corpus import NonbreakingPrefixes  # noqa: E402

from sentiment import predict  # noqa: E402
from sentiment.data.tokenizers import find_tokenizer  # noqa: E402
from sentiment.portable.export import export  # noqa: E402
from tests import browser as real  # noqa: E402
from tests.helpers import ROOT  # noqa: E402
from tests.portable.models import make, texts  # noqa: E402

pytestmark = real.MARKS + [real.WITH_RUNTIME]
ASK = """async ([url, texts]) => {
    const ort = await import('/runtime/ort.wasm.min.mjs');
    const {load} = await import('/onnx/onnx.js');
    const {classes, predict} = await load(ort, url);
    return {classes, probabilities: (await predict(texts)).map(row => Array.from(row, String))};
}"""
SPLIT = """async ([about, texts]) =>
    texts.map((await import('/onnx/onnx.js')).tokenizer(about))"""
with open(os.path.join(ROOT, 'docs', 'onnx.md'), encoding='utf-8') as file:
    EXAMPLE = re.search('```html\n(.*?)```', file.read(), re.DOTALL).group(1)
PAGES = {'/': '<!doctype html><title>empty</title>',
         '/page.html': EXAMPLE.replace("'./onnx.js'", "'./onnx/onnx.js'")}
NO_ICON = b'<link rel=icon href=data:,>'  # or the browser asks for one
# what the rules of Moses tell apart
PIECES = list('aAbzs.,\'`-"!?()0159 \n\t\u00e9\u00df\u03a9\u0436_&<>/;:%$\u20ac\u2026\u2019'
              '\u00a0\x85\x1c\u200b\u0301\u4e2d\U0001f600') + [
    '...', '..', 'Mr.', 'No.', 'e.g.', "n't", "'s", 'U.S.', "I'm", 'DOTMULTI', '5,300', "l'", '. ']


class Handler(http.server.SimpleHTTPRequestHandler):
    """Serves /onnx, /runtime and /models from their folders, and the pages."""

    extensions_map = dict(http.server.SimpleHTTPRequestHandler.extensions_map,
                          **{'.mjs': 'text/javascript', '.wasm': 'application/wasm'})

    def __init__(self, folders, *arguments):
        self.folders = folders
        super().__init__(*arguments)

    def translate_path(self, path):
        first, _, rest = path.split('?')[0].strip('/').partition('/')
        return os.path.join(self.folders.get(first, '/nowhere'), rest)

    def do_GET(self):
        if self.path not in PAGES:
            return super().do_GET()
        self.send_response(200)
        self.send_header('Content-Type', 'text/html')
        self.end_headers()
        return self.wfile.write(PAGES[self.path].encode('utf-8') + NO_ICON)

    def log_message(self, *_):
        """Say nothing."""


@pytest.fixture(scope='module')
def models(tmp_path_factory):
    """Exported models in a folder: (folder, name -> Model)."""
    folder = tmp_path_factory.mktemp('models')
    made = {'model': make('mean_max', tokenizer='moses:en'), 'wide': make(ngrams=3, classes=3),
            'small': make(ngrams=2)}
    for name, model in made.items():
        (folder / (name + '.onnx')).write_bytes(export(model, int8=name == 'small')[0])
    return str(folder), made


@pytest.fixture(scope='module')
def page(models, browser):
    """A page of a local server in headless Chromium; it asks no other host and logs no error."""
    folders = {'onnx': os.path.join(ROOT, 'sentiment', 'serving', 'static'),
               'runtime': real.RUNTIME, 'models': models[0]}
    server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), functools.partial(Handler, folders))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    home, asked, said = 'http://127.0.0.1:%d/' % server.server_port, [], []
    page = browser.new_page()
    page.on('request', lambda request: asked.append(request.url))
    page.on('console', lambda message: said.append(message.text))
    page.goto(home)
    yield page
    page.close()
    server.shutdown()
    server.server_close()
    assert asked and all(url.startswith((home, 'data:', 'blob:' + home)) for url in asked)
    assert not [text for text in said if '404' not in text]  # which a test asks for


@pytest.mark.parametrize('name', ['model', 'wide', 'small'])
def test_a_browser_answers_as_predict_does(name, page, models):
    model = models[1][name]
    some = texts(numpy.random.RandomState(6)) + ["It isn't Mr. Film's film, e.g. worda... wordb."]
    found = page.evaluate(ASK, ['/models/%s.onnx' % name, some])
    assert found['classes'] == model.classes
    numpy.testing.assert_allclose(numpy.array(found['probabilities'], float),
                                  predict(model, some), atol=0.05 if name == 'small' else 1e-5)


def test_the_page_of_the_docs_answers_while_one_types(page, models):
    said, asked = page.locator('#answer'), []
    page.on('request', lambda request: asked.append(request.url))
    page.goto(page.url.rsplit('/', 1)[0] + '/page.html')
    for text in ('What a wonderful film!', 'great film'):  # the first stands there already
        if text == 'great film':
            page.fill('#text', text)
        wanted = ', '.join('%s %.4f' % pair for pair in
                           zip(['negative', 'positive'], predict(models[1]['model'], [text])[0]))
        playwright.expect(said).to_have_text(wanted)
    assert {url.rsplit('/', 1)[1] for url in asked if '/runtime/' in url} == {
        'ort.wasm.min.mjs', 'ort-wasm-simd-threaded.mjs', 'ort-wasm-simd-threaded.wasm'}


@pytest.mark.parametrize('name', ['moses:en', 'moses:fr', 'moses:de', 'whitespace', 'characters'])
def test_a_browser_finds_the_words_that_training_found(name, page):
    rng = numpy.random.RandomState(7)
    some = [''.join(rng.choice(PIECES, rng.randint(30))) for _ in range(2000)]
    prefixes = '\n'.join(NonbreakingPrefixes().words(name[6:])) if name[:5] == 'moses' else None
    found = page.evaluate(SPLIT, [{'tokenizer': name, 'prefixes': prefixes}, some])
    for text, words in zip(some, found):
        assert words == find_tokenizer(name)(text), repr(text)


@pytest.mark.parametrize('name', ['jieba', 'moses:zh'])
def test_a_tokenizer_that_a_browser_has_not_is_said(name, page):
    with pytest.raises(playwright.Error, match='%s is not to be had in a browser' % name):
        page.evaluate(SPLIT, [{'tokenizer': name, 'prefixes': ''}, ['text']])


def test_a_file_that_is_not_there_is_an_error(page):
    with pytest.raises(playwright.Error, match='none.onnx: 404'):
        page.evaluate(ASK, ['/models/none.onnx', ['text']])
