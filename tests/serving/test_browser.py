"""The page in a real browser: typing, colours, a file, two languages, a phone's width, axe-core."""
import pytest

from tests import browser as real

TEXT = 'Wordoa, wordpa but wordca and xyzzy!'  # two words for the positive class, one against it
MARKUP = '<img src=x onerror=alert(1)> wordoa <b>wordpa</b><script>alert(2)</script>'
pytestmark = real.MARKS


@pytest.fixture
def open_page(browser, port):
    """A function that opens the page; at the end nothing was wrong with any, or went elsewhere."""
    with real.pages(browser, 'http://127.0.0.1:%d' % port) as open_page:
        yield open_page


def type_text(page, text=TEXT):
    """Type a text and wait for its answer."""
    page.fill('#review', text)
    page.wait_for_selector('body:not(.waiting) #label')


def marks_of(page):
    """Return (word, class) of what is coloured."""
    return page.eval_on_selector_all('#colours mark', 'all => all.filter(one => one.className)'
                                     '.map(one => [one.textContent, one.className])')


def test_a_typed_review_is_answered_and_coloured_in_place(open_page):
    page = open_page()
    assert not page.is_visible('#answer') and not page.is_visible('#legend')
    page.type('#review', TEXT, delay=5)
    page.wait_for_selector('body:not(.waiting) #telling li')
    assert page.inner_text('#label') in ('positive', 'negative')
    assert len(page.query_selector_all('#bars li')) == 2
    widths = page.eval_on_selector_all('#bars i', 'all => all.map(one => one.style.width)')
    assert sum(float(width.rstrip('%')) for width in widths) == pytest.approx(100, abs=0.01)
    marks = dict(marks_of(page))
    assert {word for word, kind in marks.items() if kind.startswith('p')} >= {'Wordoa', 'wordpa'}
    assert marks['wordca'].startswith('n')
    assert page.text_content('#colours') == TEXT + '\n'
    for name, box in [('wordca', '#colours'), ('positive', '#towards')]:
        assert name in page.inner_text(box)
    assert 'log-odds' in page.inner_text('#meaning')
    page.locator('#said', has_text='%').wait_for(state='attached')  # for a screen reader


def test_colours_stay_on_their_words_while_the_answer_is_awaited(open_page):
    page = open_page()
    type_text(page)
    before = marks_of(page)
    page.route('**/explain', lambda route: None)  # never answered
    page.fill('#review', 'So ' + TEXT)
    assert marks_of(page) == before
    assert page.text_content('#colours') == 'So ' + TEXT + '\n'


def test_a_stale_answer_is_dropped(open_page):
    page, held = open_page(), []

    def hold(route):
        if len(held) < 1:
            held.append(route)
        else:
            route.continue_()

    page.route('**/explain', hold)
    page.fill('#review', 'wordca wordda wordea')
    while not held:
        page.wait_for_timeout(50)
    page.fill('#review', 'wordoa wordpa wordra')
    page.wait_for_selector('body:not(.waiting) #telling li')
    assert page.inner_text('#label') == 'positive'
    held[0].abort()
    page.wait_for_timeout(300)
    assert page.inner_text('#label') == 'positive' and not page.is_visible('#problem')


def test_a_text_is_never_markup(open_page, tmp_path):
    page = open_page()
    type_text(page, MARKUP)
    assert page.text_content('#colours') == MARKUP + '\n'
    (tmp_path / 'markup.csv').write_text('review,<b>id</b>\n"%s",<img src=y>\n' % MARKUP)
    page.set_input_files('#file', str(tmp_path / 'markup.csv'))
    page.wait_for_selector('#table')
    assert MARKUP in page.text_content('#table tbody')
    assert page.evaluate('document.querySelectorAll("img, b img, #colours b, td b, body script")'
                         '.length') == 0


def test_a_file_comes_back_as_a_table(open_page, tmp_path):
    (tmp_path / 'some.reviews.csv').write_text('id,review\n' + ''.join(
        '%d,%s\n' % (k, 'wordoa wordpa' if k % 2 else 'wordca wordda') for k in range(60)))
    page = open_page()
    page.set_input_files('#file', str(tmp_path / 'some.reviews.csv'))
    page.wait_for_selector('#table')
    assert len(page.query_selector_all('#table tbody tr')) == 50
    assert page.inner_text('#table tbody tr:nth-child(2) .for') == 'positive'
    assert '50' in page.inner_text('#rows') and not page.is_visible('#working')
    with page.expect_download() as download:
        page.click('#save')
    assert download.value.suggested_filename == 'some.reviews.answers.csv'
    with open(str(download.value.path()), encoding='utf-8') as file:
        lines = file.read().splitlines()
    assert len(lines) == 61 and lines[2].startswith('1,wordoa wordpa,positive,')
    assert 'ready' in page.text_content('#file-said')


def test_what_is_wrong_with_a_file_is_said_and_mended(open_page, tmp_path):
    (tmp_path / 'odd.csv').write_text('a,b,label\nwordoa,2,3\n')
    page = open_page()
    page.set_input_files('#file', str(tmp_path / 'odd.csv'))
    page.wait_for_selector('#file-problem')
    assert 'text_column' in page.inner_text('#file-problem') and not page.is_visible('#table')
    page.click('summary')
    page.fill('#column', 'a')
    page.set_input_files('#file', str(tmp_path / 'odd.csv'))
    page.wait_for_selector('#table')
    assert not page.is_visible('#file-problem')


def test_a_dropped_file_is_answered(open_page):
    page = open_page()
    page.evaluate('''() => {
        const data = new DataTransfer();
        data.items.add(new File(["review,id\\nwordoa wordpa,1\\n"], "dropped.csv"));
        document.getElementById("drop").dispatchEvent(
            new DragEvent("drop", {dataTransfer: data, bubbles: true, cancelable: true}));
    }''')
    page.wait_for_selector('#table')
    assert page.inner_text('#table tbody .for') == 'positive'


def test_it_speaks_english_and_chinese(open_page):
    page = open_page(locale='zh-CN')
    assert page.get_attribute('html', 'lang') == 'zh-CN'
    assert page.inner_text('#model-title') == '模型是如何训练的'
    type_text(page)
    assert page.inner_text('#label') in ('正面', '负面')
    page.click('#language')
    assert page.get_attribute('html', 'lang') == 'en'
    assert page.inner_text('#label') in ('positive', 'negative')
    assert page.inner_text('#model-title') == 'How the model was trained'
    page.reload()
    page.wait_for_selector('#models dl')
    assert page.get_attribute('html', 'lang') == 'en'  # remembered


def test_both_languages_say_everything(open_page):
    missing = open_page().evaluate('''async () => {
        const {WORDS} = await import('/words.js');
        const keys = (part, before = '') => typeof part !== 'object' ? [before]
            : Object.entries(part).flatMap(([key, value]) => keys(value, before + '.' + key));
        const [en, zh] = [keys(WORDS.en), keys(WORDS.zh)];
        const used = [...document.querySelectorAll('[data-t]')].map(one => '.' + one.dataset.t);
        return [...en.filter(key => !zh.includes(key)), ...zh.filter(key => !en.includes(key)),
                ...used.filter(key => !en.includes(key))];
    }''')
    assert missing == []


def test_how_it_was_trained_is_drawn(open_page):
    page = open_page()
    page.wait_for_selector('#models dl')
    assert {page.get_attribute('#models svg[role=img] >> nth=%d' % k, 'class')
            for k in range(4)} == {'errors', 'costs', 'lengths', 'reliability'}
    assert 'NaN' not in page.inner_html('#models') and 'undefined' not in page.inner_html('#models')
    assert '57' in page.inner_text('#models dl')


@pytest.mark.parametrize('path', ['/', '/docs'])
def test_a_phone_scrolls_down_only(open_page, path):
    page = open_page(path, viewport={'width': 360, 'height': 740})
    if path == '/':
        type_text(page, TEXT + ' ' + 'a' * 200)
    assert page.evaluate('document.documentElement.scrollWidth') <= 360


def test_the_keyboard_reaches_everything(open_page):
    page, reached = open_page(), []
    type_text(page)
    page.evaluate('document.activeElement.blur()')
    for _ in range(12):
        page.keyboard.press('Tab')
        reached.append(page.evaluate('document.activeElement.id || document.activeElement.tagName'))
    assert {'language', 'review', 'file'} <= set(reached) and 'SUMMARY' in reached


def test_the_api_is_listed(open_page):
    page = open_page('/docs')
    assert page.eval_on_selector_all('h2 code', 'all => all.map(one => one.textContent)') == [
        '/predict', '/explain', '/model', '/health', '/table']


@real.WITH_AXE
@pytest.mark.parametrize('scheme', ['light', 'dark'])
@pytest.mark.parametrize('path', ['/', '/docs'])
def test_axe_finds_nothing(open_page, tmp_path, scheme, path):
    page = open_page(path, color_scheme=scheme, bypass_csp=True)
    if path == '/':
        type_text(page)
        (tmp_path / 'some.csv').write_text('id,review\n1,wordoa\n2,\n')
        page.set_input_files('#file', str(tmp_path / 'some.csv'))
        page.wait_for_selector('#table')
    assert real.axe(page) == []
