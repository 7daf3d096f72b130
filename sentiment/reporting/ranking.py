"""The picture of a sweep: its settings by their validation error, the best on top."""
from sentiment.data.safe_io import write_whole
from sentiment.training import plots

MOST = 40  # settings, of which a reader sees something
LONGEST = 60  # characters of the name of a setting
REST = '#999999'  # of those that stopped early


def draw(path, rows, names):
    """Write the picture of a sweep as PNG.

    rows: of :func:`sentiment.scaling.trials.summary`, ranked; names: trial -> what was set in it.
    Raises BadInput if matplotlib is absent.
    """
    plots.check_library()
    figure = drawn(rows, names)
    with write_whole(path) as file:
        figure.savefig(file, format='png', dpi=120)


def drawn(rows, names):
    """Return the picture, a figure of matplotlib."""
    from matplotlib.figure import Figure
    shown = [row for row in rows if not row['problem']][:MOST]
    figure = Figure(figsize=(8, 1.9 + 0.28 * len(shown)), layout='constrained')
    axes = figure.subplots()
    figure.suptitle(title(rows, names), ha='left', x=0.02, fontsize=11)
    for place, row in enumerate(shown):
        draw_row(axes, place, row, shown[0])
    axes.set(xlabel=label(shown[0]), ylim=(len(shown) - 0.5, -0.5))
    axes.set_yticks(range(len(shown)))
    axes.set_yticklabels([named(row, shown[0], names) for row in shown], fontsize=9)
    axes.grid(axis='x', alpha=0.3)
    axes.spines[['top', 'right', 'left']].set_visible(False)
    axes.tick_params(axis='y', length=0)
    return figure


def draw_row(axes, place, row, best):
    """Draw the error of a setting: a dot, its spread as a line, its folds as small dots."""
    color = (plots.INK['valid'] if row is best else
             plots.INK['train'] if row['epochs'] == best['epochs'] else REST)
    if row['spread'] is not None:
        axes.plot([100 * error for error in row['errors']], [place] * len(row['errors']), 'o',
                  color=color, alpha=0.35, markersize=3.5, markeredgewidth=0)
    axes.errorbar(100 * row['valid_err'], place, xerr=100 * (row['spread'] or 0) or None, fmt='o',
                  color=color, markersize=7, capsize=3)


def title(rows, names):
    """Return which setting is the best, by how much, and what is not in the picture."""
    best, others = rows[0], [row for row in rows[1:] if not row['problem']]
    told = '%.1f %% wrong' % (100 * best['valid_err'])
    if best['spread'] is not None:
        near = sum(row['valid_err'] <= best['valid_err'] + best['spread'] for row in others
                   if row['epochs'] == best['epochs'])
        told = '%.1f ± %.1f %% wrong; %s within that spread' % (
            100 * best['valid_err'], 100 * best['spread'],
            '%d other%s' % (near, 's lie' * (near != 1) or ' lies') if near else 'no other lies')
    lines = ['Best of %d setting%s: %s' % (len(rows), 's' * (len(rows) > 1),
                                           shortened(names[best['trial']])), told]
    hidden, failed = len(others) + 1 - MOST, len(rows) - len(others) - 1
    if hidden > 0:
        lines.append('left out: the worst %d' % hidden)
    if failed:
        lines.append('left out: %d that did not come to an end' % failed)
    return '\n'.join(lines)


def label(best):
    """Return what the axis says."""
    if best['spread'] is None:
        return 'wrong, % of the reviews that validate'
    return ('wrong, %% of the reviews that validate:\neach of %d folds, mean and standard deviation'
            % len(best['errors']))


def named(row, best, names):
    """Return what was set in a trial, and how long it trained if it stopped before the best."""
    name, epochs = shortened(names[row['trial']]), row['epochs']
    return name if epochs == best['epochs'] else '%s (%d epoch%s)' % (
        name, epochs, 's' * (epochs > 1))


def shortened(name):
    """Return the name of a setting, its middle left out if it is long; no mathematics in it."""
    name = name if len(name) <= LONGEST else name[:LONGEST - 23] + '...' + name[-20:]
    return name.replace('$', r'\$')
