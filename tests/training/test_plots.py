"""Pictures of a run: written whole, of the right things, or refused in a line."""
import sys

import numpy
import pytest

from sentiment.commands.main import main
from sentiment.data.safe_io import BadInput
from sentiment.training import plots

pytest.importorskip('matplotlib')
RUN = {'costs': numpy.linspace(0.7, 0.1, 1000), 'lengths': numpy.arange(10, 90),
       'history': numpy.array([[100, .4, .4, .4], [200, .2, .3, .35], [300, .1, .3, .33],
                               [400, .05, .35, .32]])}


def axes_of(draw, data):
    from matplotlib.figure import Figure
    axes = Figure().subplots()
    draw(axes, data)
    assert axes.get_title() and axes.get_xlabel() and axes.get_ylabel()
    return axes


def test_costs_are_averaged():
    line, = axes_of(plots.draw_costs, RUN['costs']).lines
    x, y = line.get_data()
    assert len(x) == plots.POINTS and x[-1] == 1000
    numpy.testing.assert_allclose(y[0], RUN['costs'][:5].mean())


def test_no_point_is_a_mean_of_few():
    costs = numpy.arange(2 * plots.POINTS + 1.)  # parts of three would leave one for the last
    width, points = plots.averaged(costs)
    assert width == 2 and len(points) == plots.POINTS and points[-1][0] == len(costs)
    numbers = numpy.diff([0] + [update for update, _ in points])
    assert set(numbers) == {2, 3}
    numpy.testing.assert_allclose(numpy.dot(numbers, [cost for _, cost in points]), costs.sum())
    assert plots.averaged(costs[:3]) == (1, [(1, 0.), (2, 1.), (3, 2.)])
    assert plots.averaged([]) == (1, [])


def star_of(*told):
    star, = [line for line in axes_of(plots.draw_errors, told).lines if line.get_marker() == '*']
    return star


def test_the_point_that_is_marked_is_the_one_that_is_kept():
    star = star_of(RUN['history'], None)
    assert star.get_xdata()[0] == 300 and star.get_ydata()[0] == 30
    assert 'test 33.0 %' in star.get_label()
    history = numpy.array([[100, .1, .3, .35], [200, .1, .2, .25], [300, .1, .3, .32]])
    assert star_of(history, 0.3).get_label() == 'kept: update 300, test 32.0 %'  # the last
    assert star_of(history, numpy.array(0.2)).get_xdata()[0] == 200
    for damaged in (numpy.zeros(2), numpy.array('a'), 0.5):
        assert star_of(history, damaged).get_xdata()[0] == 200


def test_lengths_are_counted():
    bars = axes_of(plots.draw_lengths, RUN['lengths']).patches
    assert sum(bar.get_height() for bar in bars) == 80


@pytest.mark.parametrize('name, start', [('run.png', b'\x89PNG'), ('run.svg', b'<?xml'),
                                         ('run.pdf', b'%PDF')])
def test_pictures_are_written(name, start, tmp_path, capsys):
    numpy.savez(str(tmp_path / 'model.npz'), **RUN)
    path = tmp_path / name
    assert main(['plot', str(tmp_path / 'model.npz'), '--output', str(path)]) == 0
    assert path.read_bytes().startswith(start) and str(path) in capsys.readouterr().out


def test_a_run_of_nothing_yet_can_be_drawn(tmp_path):
    nothing = {'costs': [], 'lengths': [1], 'history': numpy.zeros((0, 4))}
    plots.draw(str(tmp_path / 'a.png'), nothing, 'nothing')


@pytest.mark.parametrize('wrong', [
    {'lengths': numpy.zeros(0, int)}, {'lengths': numpy.array(3)}, {'costs': numpy.array(['a'])},
    {'lengths': numpy.array([numpy.nan])}, {'history': numpy.zeros((3, 3))}])
def test_damaged_arrays_are_one_line(wrong, tmp_path):
    with pytest.raises(BadInput, match=next(iter(wrong))):
        plots.draw(str(tmp_path / 'a.png'), dict(RUN, **wrong), 'a run')


def test_a_picture_never_replaces_the_model(tmp_path, capsys):
    path = str(tmp_path / 'model.png')
    with open(path, 'wb') as file:
        numpy.savez(file, **RUN)
    assert main(['plot', path]) == 2
    assert numpy.load(path).files and 'the place of the model' in capsys.readouterr().err


def test_what_cannot_be_drawn_is_one_line(tmp_path, monkeypatch):
    for path, saved in (('run.gif', RUN), ('no/such/run.png', RUN),
                        (str(tmp_path / 'run.png'), {'b': 1})):
        with pytest.raises(BadInput):
            plots.draw(path, saved, 'a run')
    monkeypatch.setitem(sys.modules, 'matplotlib', None)
    with pytest.raises(BadInput, match='matplotlib'):
        plots.check('run.png')
    assert not list(tmp_path.iterdir())
