"""The mean of the parameters: the sum that it stands for, and what it leaves alone."""
import numpy

from sentiment.data.safe_io import load_arrays
from sentiment.training.averaging import LATE, move_mean
from tests.helpers import train


def mean_of(values, name='U'):
    mean = None
    for count, value in enumerate(values, 1):
        mean = move_mean(mean, {name: value}, count)
    return mean[name]


def weights(n):
    """What each of n counts in their mean: its share as it comes, and what all later ones leave."""
    shares = [min(1., (LATE + 1) / (LATE + k)) for k in range(1, n + 1)]
    return [share * numpy.prod([1 - later for later in shares[k + 1:]])
            for k, share in enumerate(shares)]


def test_the_mean_is_the_weighted_sum():
    values = list(numpy.random.RandomState(3).randn(9, 4))
    assert numpy.allclose(mean_of(values), numpy.average(values, axis=0, weights=weights(9)),
                          rtol=0, atol=1e-14)


def test_late_ones_count_more_as_a_power():
    counted = weights(200)
    assert abs(sum(counted) - 1) < 1e-12
    assert abs(counted[-1] / counted[99] / 2 ** LATE - 1) < 0.05


def test_the_mean_of_the_same_is_the_same_and_keeps_its_type():
    value = numpy.float32([0.1, 1 / 3])
    mean = mean_of([value] * 20)
    assert mean.dtype == value.dtype and (mean == value).all()


def test_what_no_gradient_moves_is_left_alone():
    assert mean_of([numpy.array([5, 7]), numpy.array([6, 8])], 'ngrams').tolist() == [6, 8]


def test_a_run_that_keeps_the_mean_learns_as_any_other(tmp_path, toy_path):
    def after(n_epochs, keep):
        path = tmp_path / ('%s%d.npz' % (keep, n_epochs))
        train(toy_path, path, optimizer='sgd', lrate=0.1, validFreq=-1, max_epochs=n_epochs,
              keep=keep)
        return load_arrays(str(path))

    values = [after(n_epochs, 'last')['Wemb'] for n_epochs in (1, 2, 3)]
    kept = after(3, 'mean')['Wemb']
    assert abs(values[2] - values[0]).max() > 1e-4
    numpy.testing.assert_allclose(kept, numpy.average(values, axis=0, weights=weights(3)),
                                  rtol=0, atol=4 * numpy.finfo(kept.dtype).eps)
