"""A pass reads each review once, in stretches, and holds no more of them than the buffer has."""
import gc

import numpy
import pytest

from sentiment.data import streamed
from sentiment.data.streamed import Held, held, open_sets
from tests.helpers import write_toy_parts

N_WORDS = 120  # of a buffer that is much smaller than the data


@pytest.fixture
def reviews(tmp_path):
    (reviews, _), _ = open_sets(write_toy_parts(tmp_path / 'parts', 300) + '/imdb.parts')
    return reviews.without_rare(25)


def rng(seed=0):
    return numpy.random.RandomState(seed)


@pytest.mark.parametrize('random', [None, 1])
def test_each_review_comes_once_and_is_the_one_that_it_is(random, reviews):
    blocks = reviews.blocks(N_WORDS, random and rng(random))
    assert len(blocks) > 5
    seen, alone = [], [list(review) for review in reviews]
    for block in blocks:
        with block as positions:
            assert (numpy.diff(positions) > 0).all()
            for place in positions:
                assert list(reviews[place]) == alone[place]
            seen += positions.tolist()
    assert sorted(seen) == list(range(300))
    assert all((review != 25).all() for review in reviews)


def test_a_block_holds_no_more_words_than_the_buffer(reviews, monkeypatch):
    read, most = [], []
    monkeypatch.setattr(streamed, 'READ', 50)
    parts_read = reviews.parts.read

    def watched(low, high):
        words = parts_read(low, high)
        read.append(len(words))
        return words

    monkeypatch.setattr(reviews.parts, 'read', watched)
    for block in reviews.blocks(N_WORDS, rng()):
        with block as positions:
            for place in positions:
                len(reviews[place])
                most.append(sum(found.words.nbytes for found in reviews.reading))
    assert 0 < max(most) <= 4 * N_WORDS and reviews.reading == []
    assert max(read) <= 50 + 12  # at once; a review has 12 words at most


def test_a_measurement_amid_a_pass_adds_an_eighth(reviews):
    first, most = reviews.blocks(8 * N_WORDS, rng())[0], []
    with first as positions:
        reviews[positions[0]]
        for block in reviews.blocks(8 * N_WORDS):
            with block as others:
                for place in others:
                    assert len(reviews[place]) == reviews.lengths[place]
                most.append(sum(found.words.nbytes for found in reviews.reading
                                if found.words is not None))
        assert reviews.reading == [first]
    assert min(most) < max(most) <= 4 * 9 * N_WORDS


def test_a_block_is_of_stretches_from_anywhere(reviews):
    order = [positions for positions in (
        reviews.reviews[block.positions] for block in reviews.blocks(N_WORDS, rng()))]
    assert min(numpy.ptp(some) for some in order[:-1]) > 100
    again = [reviews.reviews[block.positions] for block in reviews.blocks(N_WORDS, rng())]
    for one, other in zip(order, again):
        numpy.testing.assert_array_equal(one, other)
    assert any(len(one) != len(block.positions) or (one != reviews.reviews[block.positions]).any()
               for one, block in zip(order, reviews.blocks(N_WORDS, rng(1))))


def test_one_block_draws_nothing_and_is_read_once(reviews, monkeypatch):
    generator = rng()
    before = generator.get_state()[1].tolist(), generator.get_state()[2]
    total = int(reviews.lengths.sum())
    for _ in range(2):
        block, = reviews.blocks(total, generator)
        with block as positions:
            assert positions.tolist() == list(range(300))
            assert len(reviews[7]) == reviews.lengths[7]
        monkeypatch.setattr(reviews.parts, 'read', None)
    assert (generator.get_state()[1].tolist(), generator.get_state()[2]) == before
    assert len(reviews.blocks(total - 1)) > 1


def test_a_longer_review_than_the_buffer_is_read(reviews):
    seen = []
    for block in reviews.blocks(1, rng()):
        with block as positions:
            seen += [len(reviews[place]) for place in positions]
    assert sorted(seen) == sorted(reviews.lengths)


def test_a_block_that_is_passed_over_is_not_read(reviews, monkeypatch):
    monkeypatch.setattr(reviews.parts, 'read', None)
    for block in reviews.blocks(N_WORDS, rng()):
        with block:
            pass


def test_a_pass_that_ends_early_frees_its_block(reviews):
    def passing():
        for block in reviews.blocks(N_WORDS, rng()):
            with block as positions:
                yield reviews[positions[0]]

    some = passing()
    next(some)
    assert len(reviews.reading) == 1
    some.close()
    gc.collect()
    assert reviews.reading == []


def test_the_form_in_memory_answers_the_same(reviews):
    memory = held(list(reviews))
    assert isinstance(memory, Held) and held(memory) is memory and held(reviews) is reviews
    numpy.testing.assert_array_equal(memory.lengths, reviews.lengths)
    for one, other in ((memory.take([5, 3]), reviews.take(numpy.array([5, 3]))),
                       (memory.without_rare(9), reviews.without_rare(9))):
        assert [list(review) for review in one] == [list(review) for review in other]
    block, = memory.blocks(1)
    with block as positions:
        assert positions.tolist() == list(range(300))
