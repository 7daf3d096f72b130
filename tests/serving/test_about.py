"""What is told of a model: which of its parameters were kept, as plot marks it."""
import numpy
import pytest

from sentiment.serving.about import course

HISTORY = numpy.array([[10, 0.3, 0.4, 0.5], [20, 0.1, 0.2, 0.3], [30, 0.1, 0.2, 0.25],
                       [40, 0.0, 0.3, numpy.nan]])


@pytest.mark.parametrize('valid_err, kept', [
    (0.3, [40, 0.0, 0.3, None]),   # keep='last': not the lowest
    (0.2, [30, 0.1, 0.2, 0.25]),   # of equals the latest
    (None, [30, 0.1, 0.2, 0.25]), ([0.3, 0.2], [30, 0.1, 0.2, 0.25]), ('x', [30, 0.1, 0.2, 0.25])])
def test_the_kept_parameters_are_those_that_plot_marks(valid_err, kept):
    saved = {'history': HISTORY}
    if valid_err is not None:
        saved['valid_err'] = numpy.array(valid_err)
    assert course(saved)['kept'] == kept


def test_where_validation_was_never_measured_none_are_told():
    history = HISTORY.copy()
    history[:, 2] = numpy.nan
    told = course({'history': history, 'valid_err': numpy.array(0.2)})
    assert told['kept'] is None and told['history'][0] == [10, 0.3, None, 0.5]
    assert 'kept' not in course({'history': history[:0]})
