"""A report in a real browser: it opens from the disk, without a network, and axe-core agrees."""
import numpy
import pytest

from sentiment.commands.main import main
from tests import browser as real
from tests.helpers import toy_reviews, write_pickles, write_toy_pickle

pytest.importorskip('matplotlib')
pytestmark = real.MARKS


@pytest.fixture(scope='module')
def folder(saved, tmp_path_factory):
    """A folder with a report on reviews of random labels: some answers must be wrong."""
    made = tmp_path_factory.mktemp('report')
    labels = numpy.random.RandomState(0).randint(2, size=30).tolist()
    data = write_toy_pickle(made / 'imdb.pkl')
    write_pickles(data, toy_reviews(60, 1), (toy_reviews(30, 5)[0], labels))
    assert main(['report', saved[0], str(made / 'report.html'), '--path', data]) == 0
    return made


@pytest.fixture
def open_page(browser, folder):
    """A function that opens the report offline; nothing is wrong with it, or asked for elsewhere.
    """
    with real.pages(browser, folder.as_uri()) as opened:
        yield lambda **settings: opened('/report.html', offline=True, **settings)


def test_it_opens_without_a_network_and_asks_for_nothing_more(open_page):
    page, asked = open_page(), []
    page.on('request', lambda request: asked.append(request.url))
    page.reload()
    page.wait_for_load_state('networkidle')
    assert [url.rsplit('/', 1)[1] for url in asked] == ['report.html']
    assert page.inner_text('h1') == 'Report of model.npz'
    for part in ('svg', 'mark', 'section[aria-labelledby=card] pre', 'table caption'):
        assert page.locator(part).first.is_visible(), part
    for picture in page.query_selector_all('svg'):
        box = picture.bounding_box()
        assert box['width'] > 100 and box['height'] > 50
    page.click('nav a[href="#mistakes"]')
    assert page.evaluate('location.hash') == '#mistakes'


def test_a_phone_scrolls_down_only(open_page):
    page = open_page(viewport={'width': 360, 'height': 740})
    assert page.evaluate('document.documentElement.scrollWidth') <= 360


@real.WITH_AXE
@pytest.mark.parametrize('scheme', ['light', 'dark'])
def test_axe_finds_nothing(open_page, scheme):
    assert real.axe(open_page(color_scheme=scheme, bypass_csp=True)) == []
