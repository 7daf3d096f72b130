"""What a request may be: how large, how slow, from where; and what every answer's headers say."""
import asyncio
import json
import time
from contextlib import suppress

from starlette.requests import ClientDisconnect

MAX_TEXTS = 256               # of /predict
MAX_CHARACTERS = 100000       # of a text
MAX_EXPLAINED = 16            # texts of /explain, each of whose words is left out once
EXPLAINED_CHARACTERS = 20000  # of all of these together
MAX_BODY = 2 ** 20            # bytes of JSON
MAX_UPLOAD = 2 ** 26          # bytes of a file; Kaggle's 50,000 IMDB reviews are 66,212,309
MAX_WAITING = 256             # requests that wait for the model
MAX_CONNECTIONS = 512
MAX_HEAD = 2 ** 16            # bytes of a request's headers, as far as they come in pieces
BODY_SECONDS = 10             # that a body of JSON may take to come, and each piece of a file
UPLOAD_SECONDS = 600          # that a file may take to come, and again to be answered
HEAD_SECONDS = 10             # that a connection may take to say what it wants
PATIENCE = 30                 # seconds that a request waits for the model
LINGER = 2                    # seconds in which the rest of a refused body is thrown away

HEADERS = {
    'Content-Security-Policy': "default-src 'none'; script-src 'self'; style-src 'self'; "
    "img-src 'self'; connect-src 'self'; form-action 'none'; base-uri 'none'; "
    "frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'",
    'X-Content-Type-Options': 'nosniff', 'X-Frame-Options': 'DENY',
    'Referrer-Policy': 'no-referrer', 'Cross-Origin-Opener-Policy': 'same-origin',
    'Cross-Origin-Resource-Policy': 'same-origin', 'Cache-Control': 'no-store',
    'Permissions-Policy': 'camera=(), geolocation=(), microphone=()'}
LOCAL = ('localhost', '127.0.0.1', '[::1]')  # what this machine is called by itself


class Refused(Exception):
    """A request that is not answered: the status, and the reason in one line."""

    def __init__(self, status, reason):
        super().__init__(reason)
        self.status, self.reason = status, reason


class Guard:
    """An ASGI application around another, which sees no request beyond the limits.

    hosts: the names that this server may be called by, None for any. A page of another site may
    have its own name point at this machine, and would then be taken for one of ours.
    compiles: whether the page may compile WebAssembly.
    """

    def __init__(self, app, hosts=None, compiles=False):
        self.app, self.hosts, self.headers = app, hosts, headers_of_all(compiles)

    async def __call__(self, scope, receive, send):
        if scope['type'] != 'http':
            return await self.app(scope, receive, send)
        headers = dict(scope['headers'])
        body = Body(receive, *limit_of(scope), is_empty=not has_body(headers))
        answer = Answer(body, send, self.headers)
        try:
            self.check(headers, body.limit)
            await self.app(scope, body.receive, answer.send)
        except Refused as refused:
            body.refused = refused
        except ClientDisconnect:
            return
        except Exception:
            if not body.refused:
                raise
        if body.refused and not answer.began:
            await answer.refuse()

    def check(self, headers, limit):
        """Raise Refused at a request that its headers alone rule out."""
        host, origin = headers.get(b'host', b'').decode('latin-1'), headers.get(b'origin')
        if self.hosts is not None and name_of(host) not in self.hosts:
            raise Refused(421, 'this server is not called by the name %.100s' % ascii(host))
        if origin is not None and origin.decode('latin-1').split('://')[-1] != host:
            raise Refused(403, 'asked by a page of another site')
        length = headers.get(b'content-length', b'0')
        if not length.isdigit() or len(length) > 18 or int(length) > limit:
            raise Refused(413, 'a body of more than %d bytes' % limit)


def headers_of_all(compiles):
    """Return the headers of every answer, as ASGI has them."""
    policy = HEADERS['Content-Security-Policy']
    if compiles:
        policy = policy.replace("script-src 'self'", "script-src 'self' 'wasm-unsafe-eval'")
    return [(name.lower().encode(), value.encode())
            for name, value in dict(HEADERS, **{'Content-Security-Policy': policy}).items()]


def has_body(headers):
    """Whether something follows the headers of a request."""
    return b'transfer-encoding' in headers or headers.get(b'content-length', b'0') != b'0'


def name_of(host):
    """Return the name in a Host header, without the port."""
    return (host[:host.find(']') + 1] if host.startswith('[') else host.split(':')[0]).lower()


def limit_of(scope):
    """Return (bytes, seconds in all) that a request's body may be and take."""
    return (MAX_UPLOAD, UPLOAD_SECONDS) if scope['path'] == '/table' else (MAX_BODY, BODY_SECONDS)


class Body:
    """The body of a request, piece by piece, within a size and a time; ``refused`` beyond them."""

    def __init__(self, source, limit, seconds, is_empty):
        self.source, self.limit, self.room = source, limit, limit
        self.end, self.more, self.refused = time.monotonic() + seconds, not is_empty, None

    async def receive(self):
        """Return the next event of a request; raise Refused beyond the limits."""
        if not self.more:  # what comes then is that the other side is gone
            return await self.source()
        try:
            event = await asyncio.wait_for(self.source(), self.patience())
        except asyncio.TimeoutError:
            raise self.refuse(408, 'the body came too slowly') from None
        self.more = event.get('more_body', False)
        self.room -= len(event.get('body', b''))
        if self.room < 0:
            raise self.refuse(413, 'a body of more than %d bytes' % self.limit)
        return event

    def patience(self):
        """Return how many seconds the next piece may take."""
        return max(0.01, min(self.end - time.monotonic(), BODY_SECONDS))

    def refuse(self, *why):
        """Return the error to raise; what the application makes of it is not sent."""
        self.refused = Refused(*why)
        return self.refused

    async def discard(self):
        """Throw away the rest, for a moment: a sender who reads nothing before all is sent would
        not see an answer before that.
        """
        end = time.monotonic() + LINGER
        with suppress(asyncio.TimeoutError):
            while self.more:
                event = await asyncio.wait_for(self.source(), max(0.01, end - time.monotonic()))
                self.more = event.get('more_body', False)


class Answer:
    """An answer on its way: it gets the headers that all have; where a body is not read to its end,
    the connection is closed. A body beyond the limits has but one answer, of :meth:`refuse`.
    """

    def __init__(self, body, send, headers):
        self.body, self.target, self.headers, self.began = body, send, headers, False

    async def send(self, event):
        """Send an event of the application."""
        if self.began or not self.body.refused:
            await self.pass_on(event)

    async def refuse(self):
        """Send the status and the reason of a body that is refused."""
        text = json.dumps({'detail': self.body.refused.reason}).encode()
        headers = [(b'content-type', b'application/json'),
                   (b'content-length', str(len(text)).encode())]
        await self.pass_on({'type': 'http.response.start', 'status': self.body.refused.status,
                            'headers': headers})
        await self.pass_on({'type': 'http.response.body', 'body': text, 'more_body': False})

    async def pass_on(self, event):
        """Send an event, with what is added to it."""
        if event['type'] == 'http.response.start':
            own = dict(event.get('headers', []))
            added = self.headers + [(b'connection', b'close')] * self.body.more
            event = dict(event, headers=list(own.items()) + [
                header for header in added if header[0] not in own])
            self.began = True
        elif self.body.more and not event.get('more_body', False):
            await self.target(dict(event, more_body=True))
            await self.body.discard()
            event = {'type': 'http.response.body', 'body': b'', 'more_body': False}
        await self.target(event)
