"""What waits is answered together, within bounds, and nobody suffers for another's text."""
import asyncio
import threading

import pytest

from sentiment.serving.batching import Batcher
from sentiment.serving.limits import Refused


class Slow:
    """Answers texts in capitals, when it is let; notes what it was asked at once."""

    def __init__(self):
        self.calls, self.free = [], threading.Event()

    def __call__(self, texts):
        self.calls.append(list(texts))
        self.free.wait(10)
        if 'bad' in texts:
            raise ValueError('bad')
        return [text.upper() for text in texts]


async def ask_while_busy(batcher, slow, lists):
    """Ask each list of texts while the first is being answered; return the answers."""
    tasks = [asyncio.ensure_future(batcher.ask(lists[0]))]
    while not slow.calls:
        await asyncio.sleep(0.001)
    tasks += [asyncio.ensure_future(batcher.ask(texts)) for texts in lists[1:]]
    await asyncio.sleep(0.01)
    slow.free.set()
    return await asyncio.gather(*tasks, return_exceptions=True)


def run(lists, most=1000, **limits):
    """Return the answers to lists of texts, and what was asked at once."""
    async def main():
        slow = Slow()
        async with Batcher(slow, most, **limits) as batcher:
            return await ask_while_busy(batcher, slow, lists), slow.calls
    return asyncio.run(main())


def test_what_waits_is_answered_in_one_call():
    answers, calls = run([['a'], ['b', 'c'], [], ['d']])
    assert answers == [['A'], ['B', 'C'], [], ['D']]
    assert calls == [['a'], ['b', 'c', 'd']]


def test_a_batch_is_bounded_and_a_large_request_goes_alone():
    answers, calls = run([['a'], ['bb', 'cc'], ['dd'], ['e' * 50], ['f']], most=5)
    assert answers[3] == ['E' * 50] and answers[4] == ['F']
    assert calls == [['a'], ['bb', 'cc'], ['dd'], ['e' * 50], ['f']]


def test_what_fails_among_others_fails_alone():
    answers, _ = run([['a'], ['b'], ['bad'], ['c']])
    assert answers[0] == ['A'] and answers[1] == ['B'] and answers[3] == ['C']
    assert isinstance(answers[2], ValueError)


def test_too_many_that_wait_are_refused():
    answers, _ = run([['a']] * 5, max_waiting=2)
    assert answers[:3] == [['A']] * 3
    assert [error.status for error in answers[3:]] == [503, 503]


def test_nobody_waits_for_ever_and_what_is_not_awaited_is_not_answered():
    async def main():
        slow = Slow()
        async with Batcher(slow, 1000, patience=0.05) as batcher:
            tasks = [asyncio.ensure_future(batcher.ask([text])) for text in 'ab']
            done = await asyncio.gather(*tasks, return_exceptions=True)
            last = asyncio.ensure_future(batcher.ask(['c']))
            await asyncio.sleep(0)
            slow.free.set()
            return done, await last, slow.calls
    done, last, calls = asyncio.run(main())
    assert all(isinstance(error, Refused) and error.status == 503 for error in done)
    assert last == ['C'] and calls[-1] == ['c']


@pytest.mark.parametrize('n', [1, 40])
def test_each_gets_its_own_answer(n):
    lists = [['%d.%d' % (k, j) for j in range(k % 4)] for k in range(n)]
    assert run([['first']] + lists)[0][1:] == lists
