"""Requests that wait are answered together: one call of the model for all of their texts."""
import asyncio
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

from sentiment.serving.limits import MAX_WAITING, PATIENCE, Refused

MOMENT, MOMENTS = 0.001, 8  # seconds in which another may come; how often that is waited for


class Batcher:
    """Collects what waits, and has one thread answer it.

    answer: list of texts -> list of answers, called in that thread; most: characters of a batch,
    beyond which it takes but one request. ``async with`` it where its event loop runs.
    """

    def __init__(self, answer, most, max_waiting=MAX_WAITING, patience=PATIENCE):
        self.answer, self.most = answer, most
        self.max_waiting, self.patience = max_waiting, patience
        self.waiting = deque()  # (texts, future of their answers)

    async def __aenter__(self):
        self.more, self.thread = asyncio.Event(), ThreadPoolExecutor(1)
        self.collector = asyncio.ensure_future(self.collect())
        return self

    async def __aexit__(self, *_):
        self.collector.cancel()
        with suppress(asyncio.CancelledError):
            await self.collector
        self.thread.shutdown()

    async def ask(self, texts):
        """Return the answers to a list of texts; raises Refused if too many wait, or too long."""
        if len(self.waiting) >= self.max_waiting:
            raise Refused(503, 'too many requests are waiting; try again in a moment')
        future = asyncio.get_running_loop().create_future()
        self.waiting.append((texts, future))
        self.more.set()
        try:
            return await asyncio.wait_for(future, self.patience)
        except asyncio.TimeoutError:
            raise Refused(503, 'no answer within %g s: too much is asked at once; try again'
                          % self.patience) from None

    async def collect(self):
        """Answer batch after batch, until cancelled."""
        while True:
            await self.more.wait()
            await self.gather()
            batch = self.take()
            if batch:
                await self.answer_all(batch)
            else:
                self.more.clear()

    async def gather(self):
        """Let those come that are about to: a call for one takes half as long as for many."""
        for _ in range(MOMENTS):
            n_waiting = len(self.waiting)
            if sum(len(text) for texts, _ in self.waiting for text in texts) >= self.most:
                return
            await asyncio.sleep(MOMENT)
            if len(self.waiting) == n_waiting:
                return

    def take(self):
        """Return the requests that wait, those that nobody waits for any more left out."""
        batch, size = [], 0
        while self.waiting:
            texts, future = self.waiting[0]
            size += sum(map(len, texts))
            if batch and size > self.most:
                break
            self.waiting.popleft()
            if not future.done():
                batch.append((texts, future))
        return batch

    async def answer_all(self, batch):
        """Answer the requests of a batch; what fails among others is tried alone."""
        texts = [text for some, _ in batch for text in some]
        try:
            answers = iter(await asyncio.get_running_loop().run_in_executor(
                self.thread, self.answer, texts))
        except Exception as error:
            for request in batch if len(batch) > 1 else ():
                await self.answer_all([request])
            for _, future in batch if len(batch) == 1 else ():
                if not future.done():
                    future.set_exception(error)
            return
        for some, future in batch:
            mine = [next(answers) for _ in some]
            if not future.done():
                future.set_result(mine)
