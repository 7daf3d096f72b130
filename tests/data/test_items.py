"""Likeness of neighbourhoods, held against its definition written out."""
import numpy
import pytest

from sentiment.data import items


def by_hand(reviews, chosen):
    """Return the likeness of each review's neighbourhood, from its definition."""
    words = sorted(set(numpy.concatenate(reviews).tolist()))
    there = numpy.array([[word in review for word in words] for review in reviews], float)
    count = there.sum(axis=0)
    weight = numpy.where((count > 1) & (count <= items.RARE), numpy.log(len(reviews) / count), 0)
    blocks = [range(start, min(start + items.NEIGHBOURS, len(reviews)))
              for start in range(0, len(reviews), items.NEIGHBOURS)]
    rows = [[numpy.log1p(there[[k for k in block if chosen[k] == which]].sum(axis=0)) * weight
             for block in blocks] for which in (False, True)]
    cosine = [max(0. if not (a.any() and b.any()) else
                  a @ b / numpy.sqrt((a @ a) * (b @ b)) for b in rows[1]) for a in rows[0]]
    return numpy.repeat(cosine, [len(block) for block in blocks])


@pytest.mark.parametrize('n, n_words', [(64, 40), (7, 3), (230, 9)])
def test_likeness_is_the_cosine_of_what_neighbours_share(n, n_words, monkeypatch):
    monkeypatch.setattr(items, 'RARE', 25)
    rng = numpy.random.RandomState(n)
    reviews = [rng.randint(2, 2 + n_words, rng.randint(1, 6)) for _ in range(n)]
    chosen = rng.rand(n) < 0.3
    numpy.testing.assert_allclose(items.likeness(reviews, chosen), by_hand(reviews, chosen),
                                  rtol=1e-12, atol=1e-12)


def test_where_no_word_is_shared_none_is_alike():
    assert not items.likeness([numpy.array([k + 2]) for k in range(30)],
                              numpy.arange(30) < 4).any()
