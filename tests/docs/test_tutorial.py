"""The tutorial is what the code says, in both languages; its figures are of what was measured."""
import os
import re
import sys
import warnings
from xml.etree import ElementTree

import numpy
import pytest

import lstm
from sentiment.commands.train import SCRIPT_DEFAULTS
from sentiment.using.model import DEFAULTS, Model
from tests.helpers import ROOT
from tests.rounded import Rounded

sys.path.insert(0, os.path.join(ROOT, 'docs'))
import build  # noqa: E402
import measure  # noqa: E402

TEXTS = {page: build.read('docs', page) for page in build.PAGES}
FIGURES = ('memory_cell', 'model', 'gradients', 'gates', 'optimizers')
pytestmark = pytest.mark.xdist_group('docs')  # the pages' commands run once a process
both = pytest.mark.parametrize('text', TEXTS.values(), ids=list(TEXTS))


# --- The text ---------------------------------------------------------------------------------


@both
def test_code_tables_and_output_are_what_the_build_gives(text):
    assert build.filled(text).splitlines() == text.splitlines()


@pytest.mark.parametrize('digit', [
    r'update 20  cost 0[.]\d+(\d)', r'positive  0[.]\d+(\d)  A moving',
    r'sigmoid[(]gate[(]z, (0)[)]', r'--optimizer adadelta` [|] 0[.]\d+(\d)',
    r'Wemb` [|] \d[.](\d)'])
def test_what_went_stale_is_seen(digit):
    text = TEXTS['tutorial.md']
    place = re.search(digit, text).start(1)
    stale = text[:place] + str(9 - int(text[place])) + text[place + 1:]
    stale, fresh = map(build.without_times, (stale, text))
    assert stale != fresh == build.without_times(build.filled(stale))


def test_only_speed_and_time_may_differ():
    text = TEXTS['tutorial.md']
    other = re.sub(r'; \d+ s;', '; 77 s;', re.sub(r'\d+ words/s', '9 words/s', text))
    assert other != text and build.filled(other) == other


def test_output_is_that_of_a_terminal_without_the_engines_warnings():
    command = ('echo a; echo b >&2; echo "WARNING (theano.tensor.blas): none." >&2; '
               'echo compiling the model; echo "compiled; 3 s"; echo c')
    assert build.run((command, 'echo "compiled; 3 s; the first update is done"')) == [
        'a\nb\nc', 'compiled; 3 s; the first update is done']


def test_a_command_that_fails_says_why():
    with pytest.raises(RuntimeError, match='why'):
        build.run(('echo why >&2; false',))


def test_commands_write_into_a_folder_of_their_own():
    folder, data = build.run(('pwd', 'echo "$SENTIMENT_DATA"'))
    assert os.path.dirname(data) == folder and not os.path.exists(folder)


@both
def test_every_block_is_a_formula_or_comes_from_a_source(text):
    marked = [block for kind, _, block in build.BLOCK.findall(text)]
    blocks = [match.group(0) for match in build.FENCE.finditer(text)]
    others = [block for block in blocks
              if not block.startswith('```math') and block not in marked]
    assert len(blocks) - len(others) > 35
    assert others == [build_commands(text)]  # of the docs' build itself
    assert all(os.path.exists(os.path.join(ROOT, name))
               for name in re.findall(r'docs/\w+\.\w+', others[0]))


def build_commands(text):
    """Return the one block of commands that the tests do not run."""
    return re.search(r'```sh\n.*?\n```', text, re.S).group(0)


def test_both_languages_say_the_same():
    english, chinese = (build.outline(text) for text in TEXTS.values())
    assert len(english) == len(chinese) == 13
    for ours, theirs in zip(english, chinese):
        assert ours == theirs


@both
def test_every_equation_has_its_line(text):
    formulas = re.findall(r'```math\n(.*?)\n```', text, re.S)
    numbers = build.equations(text)
    assert len(numbers) == len(formulas) == len(set(numbers))
    assert numbers == ['A', 'B', '1', '2', '3', '4', '5', '6', 'C'] + list(map(str, range(7, 29)))
    rows = build.tables(text)
    assert {number for named, _, _ in rows for number in named} == set(numbers)
    for _, line, function in rows:
        assert line in build.lines_of(function), function


@both
def test_formulas_render_on_code_hosts(text):
    """A host takes $...$ for a formula only after a space; Markdown must find nothing in it."""
    words = build.prose(text)
    formulas = build.INLINE.findall(words)
    assert words.count('$') == 2 * len(formulas) > 100
    for formula in formulas:
        assert not re.search(r'\s$|^\s|[^\w\s]_|\\[\\{}]|\*|<', formula), formula
    assert not re.search(r'(?<=\S)\$(?=[^\W_])', build.INLINE.sub('', words))
    for match in build.INLINE.finditer(words):
        assert not re.match(r'\w', words[match.end():match.end() + 1]), match.group(0)


@both
def test_links_resolve(text):
    assert len(build.links(text)) > 15
    for target in build.links(text):
        if not target.startswith('https://'):
            path, _, anchor = target.partition('#')
            path = os.path.join('docs', path)
            assert os.path.isfile(os.path.join(ROOT, path)), target
            assert not anchor or anchor in anchors(build.read(path)), target


def anchors(text):
    """Return the anchors that a code host gives to the headings of a page."""
    return [re.sub(r'[^\w -]', '', heading.lower()).replace(' ', '-')
            for heading in re.findall(r'^#+ (.*)', build.mask_fences(text), re.M)]


def test_the_readme_leads_to_both():
    first_screen = build.read('README.md').split('\n## ')[0]
    assert set(build.links(first_screen)) == {'docs/' + page for page in TEXTS}
    assert len(build.FENCE.findall(first_screen)) == 2


# --- The figures ------------------------------------------------------------------------------


@pytest.mark.parametrize('name', [name + ending for name in FIGURES
                                  for ending in ('.svg', '.zh.svg')])
def test_figures_are_there_and_fresh(name):
    figures = pytest.importorskip('figures', reason='matplotlib is not installed')
    assert 'figures/' + name in build.links(''.join(TEXTS.values()))
    svg = build.read('docs', 'figures', name)
    assert len(svg) < 200000 and figures.digest() in svg  # else: python docs/figures.py
    tags = {element.tag.split('}')[1] for element in ElementTree.fromstring(svg).iter()}
    assert 'path' in tags and not tags & {'text', 'image', 'date', 'script'}


def test_figures_can_be_drawn_again(tmp_path):
    figures = pytest.importorskip('figures', reason='matplotlib is not installed')
    language = 'zh' if figures.find_font() else 'en'
    for name in FIGURES:
        with warnings.catch_warnings():
            warnings.filterwarnings('error', message='.*[Gg]lyph')
            path = figures.draw(name, language, str(tmp_path))
        assert os.path.getsize(path) > 20000


def test_the_same_figure_is_the_same_file(tmp_path):
    figures = pytest.importorskip('figures', reason='matplotlib is not installed')
    first, second = ((tmp_path / folder) for folder in 'ab')
    for folder in (first, second):
        folder.mkdir()
        figures.draw('model', 'en', str(folder))
    assert (first / 'model.svg').read_bytes() == (second / 'model.svg').read_bytes()


# --- What was measured ------------------------------------------------------------------------


def floats(array):
    """Return an array as the engine computes with it, and as numbers that know their error."""
    array = lstm.numpy_floatX(array)
    return array, Rounded(array, lstm.config.floatX)


def test_the_plain_networks_matrix_is_orthogonal_but_for_the_gain(monkeypatch):
    monkeypatch.setattr(measure, 'N_UNITS', 3)
    first, second = (numpy.random.RandomState(4) for _ in range(2))
    U = measure.plain_params(first, 1.3)['rnn_U']
    lstm.ortho_weight(3, second)  # W
    numpy.testing.assert_array_equal(U, lstm.numpy_floatX(1.3 * lstm.ortho_weight(3, second)))


def test_gradient_of_the_plain_network_is_the_product_of_equation_b(monkeypatch):
    monkeypatch.setattr(measure, 'N_UNITS', 3)
    rng = numpy.random.RandomState(4)
    params = measure.plain_params(rng, 1.3)
    W, U, b = (floats(params['rnn_' + name])[1] for name in 'WUb')
    (x, x_exact), (v, back) = floats(rng.randn(5, 1, 3)), floats(rng.randn(3))
    h = [floats(numpy.zeros((1, 3)))[1]]
    for t in range(len(x)):
        h.append((x_exact[t] @ W + h[-1] @ U + b).tanh())
    gradient = measure.gradient_function(measure.rnn_layer, lstm.init_tparams(params), {})(x, v)
    for t in range(len(x) - 1, -1, -1):  # from the last state to the first
        h_t = h[t + 1][0]
        back = (1 - h_t * h_t) * back
        expected = W @ back
        expected.assert_close(expected.value, gradient[t, 0])
        back = U @ back


def test_gradient_by_lag_is_the_mean_of_norms_as_a_share_of_the_last():
    def gradient(x, v):
        assert v.shape == (2,)
        return numpy.array([[[3., 4], [1, 0]], [[5, 12], [8, 15]], [[6, 8], [0, 10]]])
    by_lag = measure.gradient_by_lag(gradient, numpy.zeros((3, 2, 2)), numpy.random)
    assert by_lag.tolist() == [1, 1.5, 0.3]  # of 10, 15 and 3, which are exact


@both
def test_the_command_of_the_runs_is_that_of_the_measuring(text):
    options = dict(measure.SHARED)
    assert options.pop('test_size') == SCRIPT_DEFAULTS['test_size']
    command = ' '.join(['python lstm.py'] + ['--%s %s' % pair for pair in options.items()])
    assert text.count('`%s`' % command) == 1


def test_gates_that_are_shown_are_those_of_the_equations():
    rng, dim = numpy.random.RandomState(6), 10
    options = dict(DEFAULTS, dim_proj=dim, n_words=9, ydim=2)
    params = {name: lstm.numpy_floatX(value + rng.normal(size=value.shape))
              for name, value in lstm.init_params(options, rng).items()}
    shown = measure.measure_gates(Model(options, params, {'a': 2, 'b': 3}), 'a b')
    emb, W, U, b = (floats(params[name])[1] for name in ('Wemb', 'lstm_W', 'lstm_U', 'lstm_b'))
    (_, h), (_, c), all_gates = floats(numpy.zeros(dim)), floats(numpy.zeros(dim)), []
    for word in (2, 3):
        z = emb[word] @ W + h @ U + b
        i, f, o = gates = [z[k * dim:(k + 1) * dim].sigmoid() for k in range(3)]
        c = i * z[3 * dim:].tanh() + f * c
        h = o * c.tanh()
        all_gates.append(gates)
    for n, name in enumerate('ifo'):
        gate = numpy.array([gates[n].value for gates in all_gates])
        error = max(gates[n].error.max() for gates in all_gates)
        most = sorted(gate.T, key=lambda unit: -abs(unit[0] - unit[1]))[:measure.N_SHOWN]
        # off by half of the third digit below 1, and by the errors of both computations
        numpy.testing.assert_allclose(shown['gates'][name], [numpy.median(gate, axis=1)] + most,
                                      rtol=0, atol=5e-4 + 2 * error)
    assert shown['words'] == ['a', 'b']
