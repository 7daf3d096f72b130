"""The server: the address it listens on, uvicorn, and connections that keep it waiting."""
import ipaddress
import logging
import socket

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from sentiment.data.safe_io import BadInput
from sentiment.log import logger
from sentiment.serving.limits import HEAD_SECONDS, LOCAL, MAX_CONNECTIONS, MAX_HEAD

REFUSAL = b'HTTP/1.1 %s\r\nconnection: close\r\ncontent-length: 0\r\n\r\n'


class Protocol(HttpToolsProtocol):
    """uvicorn's protocol; a connection that does not say in time what it wants is closed."""

    timer, head = None, 0  # head: bytes of a request whose headers are not complete

    def connection_made(self, transport):
        super().connection_made(transport)
        if len(self.connections) > MAX_CONNECTIONS:
            self.refuse(b'503 Service Unavailable')
        else:
            self.watch(None)

    def refuse(self, status):
        """Answer with a status alone, and close."""
        self.transport.write(REFUSAL % status)
        self.transport.close()

    def is_idle(self):
        """Whether no request is being answered."""
        return self.cycle is None or self.cycle.response_complete

    def watch(self, last):
        """Close the connection if it has done nothing since its request ``last``; look again."""
        if self.transport.is_closing():
            return
        if self.is_idle() and self.timer is not None and self.cycle is last:
            self.transport.close()
        else:
            self.timer = self.loop.call_later(HEAD_SECONDS, self.watch, self.cycle)

    def on_headers_complete(self):
        self.head = 0
        super().on_headers_complete()

    def data_received(self, data):
        super().data_received(data)
        self.head += len(data) * self.is_idle()
        if self.head > MAX_HEAD and not self.transport.is_closing():
            self.refuse(b'431 Request Header Fields Too Large')

    def connection_lost(self, exc):
        if self.timer is not None:
            self.timer.cancel()
        super().connection_lost(exc)


class Server(uvicorn.Server):
    """uvicorn's server, which says when it is ready."""

    async def startup(self, sockets=None):
        await super().startup(sockets)
        if self.started:
            announce(sockets[0].getsockname())


def listen(host, port):
    """Return a socket that is bound to an address; raises BadInput that says why not."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
        bound = socket.socket(family, kind, protocol)  # asyncio sends at once only what says TCP
    except (OSError, UnicodeError) as error:
        raise BadInput('host: %.100s: %s' % (host, getattr(error, 'strerror', None) or error)
                       ) from error
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind(address)
        bound.listen(1)  # two may bind, but not listen
        return bound
    except OSError as error:
        bound.close()
        raise BadInput('%s cannot be listened on: %s; --port names another, --port 0 any that is '
                       'free' % (address_of(address), error.strerror)) from error


def address_of(address):
    """Return a socket's address as text."""
    return ('[%s]:%d' if ':' in address[0] else '%s:%d') % address[:2]


def is_local(address):
    """Whether only this machine reaches an address."""
    return ipaddress.ip_address(address[0].split('%')[0]).is_loopback


def announce(address):
    """Say where the server listens, and who reaches it."""
    reached = ('only this machine reaches it; --host says otherwise' if is_local(address) else
               'whoever reaches this machine reaches it, and nobody is asked who they are')
    logger.info('listening on http://%s (%s); Ctrl-C stops it', address_of(address), reached)


def hosts_of(host, address):
    """Return the names that a server may be called by; None for any, as of one for others."""
    return LOCAL + (host.lower(), '[%s]' % host.lower()) if is_local(address) else None


def make_server(app):
    """Return the :class:`Server` of an application; ``run(sockets=[bound])`` answers what comes to
    a bound socket until a signal says stop, and finishes what was begun.
    """
    logging.getLogger('uvicorn').setLevel(logging.ERROR)  # hostile requests are no news
    return Server(uvicorn.Config(app, http=Protocol, ws='none', lifespan='on', log_config=None,
                                 access_log=False, server_header=False, proxy_headers=False,
                                 timeout_keep_alive=30, loop='asyncio'))
