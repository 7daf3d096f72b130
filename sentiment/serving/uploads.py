"""A file that was sent: answered in a thread, with word of how far it is, and the table at the end.
"""
import asyncio
import base64
import io
import itertools
import json
import logging
import os
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor

from sentiment.data.forms import CSV, JSON_LINES, OFFICE, PARQUET, TSV, WHOLE_JSON
from sentiment.data.safe_io import BadInput
from sentiment.reviews.members import START
from sentiment.reviews.tables import READERS, How
from sentiment.serving.limits import UPLOAD_SECONDS, Refused

AT_ONCE = 2           # files that are answered at the same time
PREVIEW, CELL = 50, 300  # rows of the answer that are shown, and characters of a cell
PIECE = 3 * 2 ** 16   # bytes of the table in a line, in base64
TICK = 0.25           # seconds between two lines of progress
ENDINGS = {CSV: '.csv', TSV: '.tsv', JSON_LINES: '.jsonl', WHOLE_JSON: '.json',
           PARQUET: '.parquet', OFFICE: '.xlsx'}


class Stopped(Exception):
    """Raised in the thread of an answer that nobody waits for any more, or that takes too long."""


class Counted(io.RawIOBase):
    """A stream that counts what is read of it, and can be stopped."""

    def __init__(self, file, job):
        super().__init__()
        self.file, self.job = file, job

    def readable(self):
        return True

    def readinto(self, buffer):
        self.job.check()
        data = self.file.read(len(buffer))
        self.job.done += len(data)
        buffer[:len(data)] = data
        return len(data)


class Output(io.BufferedWriter):
    """The file of an answer, which can be stopped."""

    def __init__(self, job):
        super().__init__(io.FileIO(job.target, 'w'))
        self.job = job

    def write(self, data):
        self.job.check()
        return super().write(data)


class Job:
    """A file in a folder of its own, and the answer that is made of it there.

    done: bytes read so far; size: of the file, None where these are others than its own.
    """

    def __init__(self):
        self.folder = tempfile.TemporaryDirectory()
        self.source, self.target = (os.path.join(self.folder.name, name)
                                    for name in ('file', 'answer'))
        self.done, self.size, self.form, self.trouble = 0, None, CSV, None
        self.stop, self.end = threading.Event(), None

    def check(self):
        """Raise Stopped if nobody waits for the answer any more; BadInput if it takes too long."""
        if self.stop.is_set():
            raise Stopped
        if time.monotonic() > self.end:
            raise BadInput('%s: not answered within %d s' % (self.source, UPLOAD_SECONDS))

    def watch(self, source):
        """Return a source of predict's whose file counts, and whose name is not that of our folder.
        """
        return source._replace(name=self.plain(source.name),
                               file=io.BufferedReader(Counted(source.file, self), START))

    def run(self, answer_file, options):
        """Answer the file; raises BadInput that calls it 'file'."""
        self.end = time.monotonic() + UPLOAD_SECONDS
        try:
            self.form, self.trouble = answer_file(self, options)
        except BadInput as error:  # some of them name the path
            raise BadInput(self.plain(str(error))) from error

    def plain(self, line):
        """Return a line without the name of our folder."""
        return line.replace(self.source, 'file')

    def preview(self):
        """Return the first rows of the answer: {columns, rows}, texts of bounded length."""
        with open(self.target, 'rb') as file:
            if not file.peek(1):
                return {'columns': [], 'rows': []}
            table = READERS[self.form](self.target, file, How(encoding='utf-8'))
            rows = [row for _, row in itertools.islice(table.rows, PREVIEW)]
        return {'columns': [cell(name) for name in table.columns],
                'rows': [[cell(row.get(name)) for name in table.columns] for row in rows]}


def cell(value):
    """Return a value as a text of bounded length."""
    text = '' if value is None else value if isinstance(value, str) else json.dumps(
        value, default=str, ensure_ascii=False)
    return text[:CELL] + '\u2026' * (len(text) > CELL)


class Uploads:
    """Answers files, some at once, in threads of their own.

    answer_file: (job, options) -> (form of the answer, what is wrong with it or None).
    """

    def __init__(self, answer_file):
        self.answer_file, self.free = answer_file, AT_ONCE

    async def __aenter__(self):
        self.threads = ThreadPoolExecutor(AT_ONCE)
        return self

    async def __aexit__(self, *_):
        self.threads.shutdown()

    async def begin(self, stream, options):
        """Return the :class:`Job` of a file that comes in pieces, begun; :meth:`end` it."""
        if not self.free:
            raise Refused(503, 'other files are being answered; try again in a moment')
        self.free -= 1
        job = Job()
        try:
            await self.store(stream, job.source)
        except BaseException:
            self.clear(job)
            raise
        job.answered = asyncio.get_running_loop().run_in_executor(
            self.threads, job.run, self.answer_file, options)
        return job

    def end(self, job):
        """Stop a job whose answer is sent, or not wanted; its folder goes when its thread ends."""
        job.stop.set()
        job.answered.add_done_callback(lambda answered: (answered.exception(), self.clear(job)))

    def clear(self, job):
        """Remove a job's folder, and let another begin."""
        job.folder.cleanup()
        self.free += 1

    async def store(self, stream, path):
        """Write a stream of bytes to a file."""
        loop = asyncio.get_running_loop()
        with open(path, 'wb') as file:
            async for piece in stream:
                await loop.run_in_executor(None, file.write, piece)


async def lines(job):
    """Yield lines of JSON: how far it is, and what comes of it: rows to show, the table, the end.
    """
    while not (await asyncio.wait([job.answered], timeout=TICK))[0]:
        yield as_line(done=job.done, size=job.size)
    try:
        job.answered.result()
        yield as_line(done=job.done, size=job.size, preview=job.preview())
        for piece in pieces(job.target):
            yield as_line(table=base64.b64encode(piece).decode())
        yield as_line(end=True, ending=ENDINGS[job.form], warning=job.trouble)
    except BadInput as error:
        yield as_line(error=str(error))
    except Exception:
        logging.getLogger('sentiment').exception('a file could not be answered')
        yield as_line(error='the server failed at this file')


def pieces(path):
    """Yield the content of a file."""
    with open(path, 'rb') as file:
        yield from iter(lambda: file.read(PIECE), b'')


def as_line(**values):
    """Return a line of JSON."""
    return json.dumps(values) + '\n'
