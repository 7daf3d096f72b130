"""Which samples are read together: each once, in random order, of similar length if asked for."""
import numpy
from hypothesis import given
from hypothesis import strategies as st

import lstm
from sentiment.training import batches as room


def test_minibatches_cover_every_sample_once():
    batches = lstm.get_minibatches_idx(10, 4, shuffle=True, rng=numpy.random.RandomState(0))
    assert [i for i, _ in batches] == [0, 1, 2] and [len(b) for _, b in batches] == [4, 4, 2]
    seen = numpy.concatenate([b for _, b in batches])
    assert sorted(seen) == list(range(10)) and list(seen) != list(range(10))
    assert lstm.get_minibatches_idx(0, 4) == []


@given(n=st.integers(1, 300), batch_size=st.integers(1, 20), seed=st.integers(0, 99))
def test_bucketed_batches_cover_every_sample_once(n, batch_size, seed):
    rng = numpy.random.RandomState(seed)
    lengths = rng.randint(1, 1000, n)
    batches = room.get_bucketed_minibatches_idx(lengths, batch_size, rng)
    assert [number for number, _ in batches] == list(range(len(batches)))
    assert sorted(numpy.concatenate([b for _, b in batches])) == list(range(n))
    assert max(len(b) for _, b in batches) <= batch_size
    again = room.get_bucketed_minibatches_idx(lengths, batch_size, numpy.random.RandomState(seed))
    assert len(again) == len(batches)


def test_bucketed_batches_pad_less():
    rng = numpy.random.RandomState(0)
    lengths = rng.randint(1, 1000, 2000)

    def padded(batches):
        return sum(lengths[b].max() * len(b) for _, b in batches)
    bucketed = room.get_bucketed_minibatches_idx(lengths, 16, rng)
    assert padded(bucketed) < 0.6 * padded(lstm.get_minibatches_idx(2000, 16, True, rng))
    order = [lengths[b].mean() for _, b in bucketed]
    assert order != sorted(order)


@given(n=st.integers(1, 30), size=st.integers(1, 40), seed=st.integers(0, 99))
def test_a_crop_is_a_stretch(n, size, seed):
    cropped = room.crop(numpy.arange(n), size, numpy.random.RandomState(seed))
    assert len(cropped) == min(n, size) and (numpy.diff(cropped) == 1).all()


def test_a_crop_starts_anywhere():
    rng = numpy.random.RandomState(0)
    assert {room.crop(numpy.arange(9), 7, rng)[0] for _ in range(60)} == {0, 1, 2}


def test_very_long_reviews_are_read_a_few_at_a_time():
    lengths = [5, room.SLOTS // 2, 3, room.SLOTS // 2, room.SLOTS, 9]
    batches = [batch.tolist() for _, batch in room.sorted_batches(lengths, 4)]
    assert sorted(sum(batches, [])) == list(range(6))
    assert all(max(lengths[k] for k in batch) * len(batch) <= room.SLOTS for batch in batches)
    assert [len(batch) for _, batch in room.sorted_batches([7] * 10, 4)] == [4, 4, 2]
