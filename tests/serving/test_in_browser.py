"""The page answers in the browser what the server answers, and sends nothing for it."""
import pytest

from sentiment import predict
from sentiment.commands import serve as verb
from sentiment.commands.main import main
from sentiment.serving import in_browser, limits
from tests import browser as real
from tests.serving.running import make_app, running

TEXTS = ['Wordoa, wordpa but wordca and xyzzy!', 'wordca wordda', "It isn't wordoa... wordb."]


def test_only_a_page_that_runs_the_model_may_compile_it():
    for compiles in (False, True):
        policy = dict(limits.headers_of_all(compiles))[b'content-security-policy'].decode()
        assert ("script-src 'self' 'wasm-unsafe-eval';" in policy) is compiles
        assert ("script-src 'self';" in policy) is not compiles


def test_another_folder_than_the_runtimes_is_one_line(saved, tmp_path, capsys):
    assert main(['serve', saved[0], '--port', '0', '--in_browser', str(tmp_path)]) == 2
    error = capsys.readouterr().err
    assert 'npm install onnxruntime-web' in error and len(error.splitlines()) == 1


# --- In a browser -----------------------------------------------------------------------------


@pytest.fixture(scope='module')
def port(model):
    """The port of a server whose page may answer by itself."""
    pytest.importorskip('onnx')
    pytest.importorskip('onnxruntime')
    contents = dict(in_browser.read_runtime(real.RUNTIME), **{'/model.onnx': verb.exported(model)})
    with running(make_app(model, in_browser=contents)) as number:
        yield number


@pytest.fixture
def page(browser, port):
    """The page, of which nothing is wrong, and nothing was asked for elsewhere."""
    with real.pages(browser, 'http://127.0.0.1:%d' % port) as open_page:
        yield open_page()


def in_a_browser(test):
    """Mark a test of the page."""
    for mark in real.MARKS + [real.WITH_RUNTIME]:
        test = mark(test)
    return test


def answer_of(page, text):
    """Type a text; return its label and the probabilities that the bars show."""
    page.fill('#review', text)
    page.wait_for_selector('body:not(.waiting) #label')
    widths = page.eval_on_selector_all('#bars i', 'all => all.map(one => one.style.width)')
    return page.inner_text('#label'), [float(width.rstrip('%')) / 100 for width in widths]


@in_a_browser
def test_the_page_answers_by_itself_what_the_server_answers(page, model):
    page.check('#here')
    asked = []
    answer_of(page, 'wordoa')  # which loads the runtime
    page.on('request', lambda request: asked.append(request.url))
    for text in TEXTS:
        label, shown = answer_of(page, text)
        probs, = predict(model, [text])
        assert label == model.classes[probs.argmax()]
        assert shown == pytest.approx(probs, abs=1e-5)
    assert asked == [] and 'not sent' in page.inner_text('#kept')
    assert not page.is_visible('#legend')
    page.uncheck('#here')
    page.wait_for_selector('#legend')
    assert asked[-1].endswith('/explain') and 'coloured as you type' in page.inner_text('#kept')


@in_a_browser
def test_it_says_there_too_what_it_does_not_know(page):
    page.check('#here')
    for text, box, said in [('xyzzy!', '#note', 'knows no word'),
                            ('xyzzy plugh wordoa', '#note', '66.7%')]:
        page.fill('#review', text)
        page.wait_for_selector('body:not(.waiting) ' + box)
        assert said in page.inner_text(box)
    page.click('#language')
    assert '不会发送' in page.inner_text('#kept')


@in_a_browser
@pytest.mark.parametrize('damage', ['/model.onnx', '/runtime/ort.wasm.min.mjs'])
def test_a_browser_that_cannot_says_why_and_asks_nobody_else(browser, port, damage):
    context = browser.new_context()
    page, asked = context.new_page(), []
    page.route('**' + damage, lambda route: route.fulfill(status=500, body='no'))
    page.goto('http://127.0.0.1:%d/' % port)
    page.check('#here')
    page.on('request', lambda request: asked.append(request.url.rsplit('/', 1)[1]))
    page.fill('#review', 'wordoa')
    page.wait_for_selector('#problem')
    assert 'This browser cannot answer' in page.inner_text('#problem')
    assert 'explain' not in asked and 'predict' not in asked
    context.close()


@in_a_browser
@real.WITH_AXE
def test_axe_finds_nothing_wrong_with_the_switch(browser, port):
    with real.pages(browser, 'http://127.0.0.1:%d' % port) as open_page:
        page = open_page(bypass_csp=True)
        page.check('#here')
        answer_of(page, TEXTS[0])
        assert real.axe(page) == []
