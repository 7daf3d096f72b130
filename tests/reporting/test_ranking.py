"""The picture of a sweep: each setting where its error is, the best on top; what is left out."""
import pytest

from sentiment.reporting import ranking
from sentiment.scaling.trials import ranked, summary

pytest.importorskip('matplotlib')


def rows_of(*errors, epochs=None):
    """Return the ranked summaries of trials, of the errors of their folds; None: no end."""
    return ranked(summary('trial-%d' % k, [
        {'valid_err': error, 'problem': 'nan' if error is None else None,
         'epochs': epochs[k] if epochs else 2} for error in some])
        for k, some in enumerate(errors))


def drawn(rows):
    figure = ranking.drawn(rows, {row['trial']: 'lrate 0.%s' % row['trial'][-1] for row in rows})
    return figure, figure.axes[0]


def told(figure):
    """Return the lines of the title."""
    return figure.texts[0].get_text().splitlines()


def test_settings_stand_at_their_errors_the_best_on_top():
    figure, axes = drawn(rows_of([0.4, 0.5], [0.2, 0.3], [0.2, 0.34], [None, 0.1]))
    assert [text.get_text() for text in axes.get_yticklabels()] == [
        'lrate 0.1', 'lrate 0.2', 'lrate 0.0']
    means = [bar.lines[0].get_xdata()[0] for bar in axes.containers]
    assert means == pytest.approx([25, 27, 45])
    low, high = axes.containers[0].lines[2][0].get_segments()[0][:, 0]
    assert (high - low) / 2 == pytest.approx(100 * 0.05 * 2 ** 0.5)
    assert axes.get_ylim()[0] > axes.get_ylim()[1] and 'each of 2 folds' in axes.get_xlabel()
    assert told(figure) == ['Best of 4 settings: lrate 0.1',
                            '25.0 ± 7.1 % wrong; 1 other lies within that spread',
                            'left out: 1 that did not come to an end']


def test_what_stopped_early_says_so_and_many_are_counted():
    figure, axes = drawn(rows_of([0.3], [0.2], [0.1], epochs=[4, 4, 1]))
    assert [text.get_text() for text in axes.get_yticklabels()] == [
        'lrate 0.1', 'lrate 0.0', 'lrate 0.2 (1 epoch)']
    assert told(figure) == ['Best of 3 settings: lrate 0.1', '20.0 % wrong']
    many, axes = drawn(rows_of(*[[0.1]] * (ranking.MOST + 3)))
    assert len(axes.containers) == ranking.MOST and 'left out: the worst 3' in told(many)


def test_the_file_is_a_picture_whatever_the_settings_are_called(tmp_path):
    rows = rows_of([0.1, 0.2])
    ranking.draw(str(tmp_path / 'table.png'), rows, {'trial-0': 'path $x^' + 99 * 'y$'})
    assert (tmp_path / 'table.png').read_bytes().startswith(b'\x89PNG')
