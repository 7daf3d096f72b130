"""Reviews that stand in memory: a pandas DataFrame, or a pair of lists (texts, labels)."""
import os

from sentiment.data.errors import BadInput, shown
from sentiment.reviews.folders import LeftOut
from sentiment.reviews.read import Reviews, table_rows_of
from sentiment.reviews.tables import How, Table

GIVEN = 'the reviews given'


def is_path(value):
    """Whether a value is the path of reviews, not the reviews themselves."""
    return isinstance(value, (str, bytes, os.PathLike))


def as_reviews(data, text_column=None, label_column=None):
    """Return the :class:`Reviews` of a DataFrame or of a pair (texts, labels); raises BadInput."""
    how, left_out = How(text_column, label_column), LeftOut()
    if hasattr(data, 'columns') and hasattr(data, 'itertuples'):
        columns = [str(name) for name in data.columns]
        rows = (dict(zip(columns, row)) for row in data.itertuples(index=False, name=None))
    elif isinstance(data, (tuple, list)) and len(data) == 2:
        columns, how = ['text', 'label'], How()
        texts, labels = (list(part) for part in data)
        if len(texts) != len(labels):
            raise BadInput('path: %d texts and %d labels' % (len(texts), len(labels)))
        rows = (dict(zip(columns, pair)) for pair in zip(texts, labels))
    else:
        raise BadInput('path: a %s (%s) is neither a path nor a DataFrame nor (texts, labels)'
                       % (type(data).__name__, shown(data)))
    table = Table(GIVEN, None, columns, ((k, row) for k, row in enumerate(rows)), None)
    found = list(table_rows_of(table, how, left_out))
    left_out.say(GIVEN)
    return Reviews([text for _, text, _ in found], [label for _, _, label in found])
