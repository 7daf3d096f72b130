"""A real browser for the tests of pages: Debian's Chromium, by Playwright; axe-core is npm's."""
import glob
import importlib.util
import os
import shutil
from contextlib import contextmanager

import pytest

from tests.helpers import ROOT

CHROMIUM = next((path for path in map(shutil.which, ('chromium', 'chromium-browser',
                                                     'google-chrome')) if path), None)
MARKS = [pytest.mark.skipif(CHROMIUM is None, reason='needs Chromium'),
         pytest.mark.skipif(not importlib.util.find_spec('playwright'),
                            reason='needs the package playwright'),
         pytest.mark.xdist_group('browser'), pytest.mark.once]
ARGUMENTS = ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
             '--disable-background-networking', '--disable-component-update', '--disable-sync',
             '--disable-dev-shm-usage']
NODE = os.environ.get('NODE_PATH') or os.path.join(ROOT, 'node_modules')
# axe-core, which is not ours to hold: a path, or what npm has installed
AXE = os.environ.get('AXE_CORE') or next(iter(glob.glob(os.path.join(
    NODE, 'axe-core', 'axe.min.js'))), None)
WITH_AXE = pytest.mark.skipif(AXE is None, reason='needs axe-core: AXE_CORE, or npm install '
                                                  'axe-core')
RUNTIME = os.path.join(NODE, 'onnxruntime-web', 'dist')
WITH_RUNTIME = pytest.mark.skipif(not os.path.isdir(RUNTIME),
                                  reason='npm install onnxruntime-web first')


@contextmanager
def started():
    """Start Chromium."""
    from playwright.sync_api import sync_playwright
    with sync_playwright() as playwright:
        made = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield made
        made.close()


@contextmanager
def pages(browser, home):
    """Give a function that opens the page ``home`` + a path; at the end, nothing was wrong with any
    of them, and nothing was asked for elsewhere.
    """
    wrong, contexts = [], []

    def open_page(path='/', **settings):
        context = browser.new_context(**settings)
        contexts.append(context)
        context.set_default_timeout(60000)
        page = context.new_page()
        page.on('console', lambda message: wrong.append(message.text))
        page.on('pageerror', lambda error: wrong.append(str(error)))
        page.on('dialog', lambda dialog: wrong.append('a dialog') or dialog.dismiss())
        page.on('request', lambda request: wrong.append(request.url)
                if not request.url.startswith((home + '/', 'blob:%s/' % home)) else None)
        page.goto(home + path)
        page.wait_for_load_state('networkidle')
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert wrong == []


def axe(page):
    """Return what axe-core finds wrong with a page: (impact, rule, where)."""
    page.add_script_tag(path=AXE)
    return [(one['impact'], one['id'], [node['target'] for node in one['nodes']])
            for one in page.evaluate('axe.run()')['violations']]
