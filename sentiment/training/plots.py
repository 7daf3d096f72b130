"""Pictures of a training run: costs, errors, lengths of the reviews, reliability."""
import numpy

from sentiment.data.checks import check_array
from sentiment.data.safe_io import BadInput, check_can_write, write_whole
from sentiment.training.calibration import calibration_error, check_calibration

FORMATS = ('.png', '.svg', '.pdf')
INK = {'train': '#4477aa', 'valid': '#ee6677', 'test': '#228833'}  # told apart by everyone
COURSE = ('costs', 'history', 'lengths')
BARS = 40     # of the histogram, at most
POINTS = 200  # of the cost curve: each is a mean of as many updates as it takes


def check(path):
    """Raise BadInput unless a picture can be drawn and written to ``path``."""
    if not path.endswith(FORMATS):
        raise BadInput('%s: a picture ends in %s' % (path, ', '.join(FORMATS)))
    check_can_write(path)
    check_library()


def check_library():
    """Raise BadInput unless there is something to draw with."""
    try:
        import matplotlib  # noqa: F401
    except ImportError as error:
        raise BadInput("to draw, matplotlib is needed (%s); run, in the checkout: pip install -e "
                       "'.[plot]'" % error) from error


def draw(path, saved, title):
    """Write a picture of a run to ``path``: costs, errors with the best point, review lengths; and,
    if ``saved`` holds ``reliability``, how right its answers were.

    ``saved`` holds ``costs``, ``history``, ``lengths`` and ``valid_err``, as
    ``model_file.save_model`` keeps them.
    Raises BadInput if matplotlib is absent, or the arrays are.
    """
    check(path)
    pictures = pictures_of(path, saved)
    from matplotlib.figure import Figure
    figure = Figure(figsize=(7, 3 * len(pictures)), layout='constrained')
    figure.suptitle(title)
    for axes, (draw_one, data) in zip(figure.subplots(len(pictures)), pictures):
        draw_one(axes, data)
    with write_whole(path) as file:
        figure.savefig(file, format=path.rsplit('.', 1)[1], dpi=120)


def pictures_of(where, saved):
    """Return the pictures that can be drawn of a run, pairs (function of axes and data, data); see
    :func:`draw`.
    """
    missing = [name for name in COURSE if name not in saved]
    if missing:
        raise BadInput('this model does not tell how it was trained: it has no %s' % missing[0])
    costs, history, lengths = (numpy.asarray(saved[name]) for name in COURSE)
    check_array('costs', costs, 'f', (None,))
    check_array('history', numpy.nan_to_num(history), 'f', (None, 4))  # NaN: not measured
    check_array('lengths', lengths, 'iu', (None,), low=0, high=2 ** 31)
    if not len(lengths):
        raise BadInput('lengths: there are none')
    pictures = [(draw_costs, costs), (draw_errors, (history, saved.get('valid_err'))),
                (draw_lengths, lengths.astype('int64'))]
    bins = check_calibration(where, saved).get('reliability')
    if bins is not None and bins[:, 0].any():
        pictures.append((draw_reliability, bins))
    return pictures


def averaged(costs):
    """Return (about how many updates a point stands for, [(updates so far, mean cost of these)]).

    There are ``POINTS`` points at most, of as equal parts as can be: none is a mean of a few.
    """
    n_parts = min(len(costs), POINTS)
    ends = numpy.arange(1, n_parts + 1) * len(costs) // max(n_parts, 1)
    return (round(len(costs) / max(n_parts, 1)) or 1,
            [(int(end), numpy.mean(costs[start:end])) for start, end in zip([0, *ends], ends)])


def draw_costs(axes, costs):
    """Draw the cost over updates."""
    width, points = averaged(costs)
    axes.plot([update for update, _ in points], [cost for _, cost in points], color=INK['train'])
    axes.set(title='Cost' + (', mean of %d updates' % width if width > 1 else ''),
             xlabel='update', ylabel='negative log-likelihood, nats', ylim=(0, None))
    axes.grid(alpha=0.3)


def kept_row(history, valid_err=None):
    """Return the row of the parameters that were kept: the last one of their validation error, as
    of equals the latest is kept; where that is not told, of the lowest.
    """
    if numpy.ndim(valid_err) or valid_err not in history[:, 2]:
        valid_err = history[:, 2].min()
    return history[history[:, 2] == valid_err][-1]


def draw_errors(axes, told):
    """Draw the three errors over updates, and mark those of the parameters that were kept.

    told: (history, their validation error or None).
    """
    history, valid_err = told
    updates = history[:, 0]
    for name, errors in zip(INK, 100 * history[:, 1:].T):
        axes.plot(updates, errors, 'o-', markersize=3, label=name, color=INK[name])
    measured = history[history[:, 2] == history[:, 2]]
    if len(measured):
        best = kept_row(measured, valid_err)
        axes.axvline(best[0], color='grey', linestyle=':')
        axes.plot(best[0], 100 * best[2], '*', markersize=14, color=INK['valid'],
                  label='kept: update %d, test %.1f %%' % (best[0], 100 * best[3]))
    axes.set(title='Errors', xlabel='update', ylabel='wrong, % of reviews', ylim=(0, None))
    axes.legend()
    axes.grid(alpha=0.3)


def draw_lengths(axes, lengths):
    """Draw how many training reviews there are of each length."""
    low, high = min(lengths), max(lengths)
    width = -(-(high - low + 1) // BARS)  # whole words, or some bars would count more lengths
    axes.hist(lengths, bins=numpy.arange(low, high + width + 1, width) - 0.5, color=INK['train'])
    axes.set(title='Lengths of the %d training reviews' % len(lengths), xlabel='words',
             ylabel='reviews')
    axes.grid(alpha=0.3)


def draw_reliability(axes, bins, of='validation set'):
    """Draw how often answers of each probability are right: the reliability diagram.

    bins: of :func:`sentiment.training.calibration.reliability`. A dot's area is its bin's share.
    """
    counts, sure, correct = bins[bins[:, 0] > 0].T
    axes.plot([0, 1], [0, 1], color='grey', linestyle=':', label='as they say')
    axes.scatter(sure, correct, 10 + 300 * counts / counts.sum(), color=INK['valid'],
                 label='%s, calibration error %.3f' % (of, calibration_error(bins)))
    low = max(0., numpy.floor(10 * sure.min()) / 10)
    axes.set(title='Reliability', xlabel='probability of the answer', ylabel='share that is right',
             xlim=(low, 1.02), ylim=(0, 1.05))
    axes.legend(loc='lower right')
    axes.grid(alpha=0.3)
