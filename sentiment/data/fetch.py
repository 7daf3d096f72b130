"""Downloads: with a checksum where one is known, a bound, a time-out, and a reason if they fail."""
import threading

import pooch
import requests
from tqdm import tqdm

from sentiment.data.errors import BadInput, reason
from sentiment.data.opening import MAX_BYTES
from sentiment.data.writing import check_can_write_in
from sentiment.log import logger

ANSWER_SECONDS = 8  # for a server to answer at all, name look-up included
STALL_SECONDS = 30  # for the next bytes of a download to come


def download(url, known_hash, folder):
    """Download ``url`` into ``folder`` by pooch; it appears there only if it is complete."""
    check_can_write_in(folder)
    check_server(url)
    logger.info('fetching %s', url)
    pooch.get_logger().setLevel('WARNING')  # the line above says it
    with Progress(unit='B', unit_scale=True, disable=None) as bar:
        downloader = pooch.HTTPDownloader(progressbar=bar, timeout=STALL_SECONDS)
        try:
            return pooch.retrieve(url, known_hash, fname=url.rpartition('/')[2], path=folder,
                                  downloader=downloader)
        except (OSError, ValueError) as error:  # requests' errors are OSErrors
            raise BadInput('%s: %s' % (url, explain(error, STALL_SECONDS))) from error


class Progress(tqdm):
    """A progress bar that also stops a download without an end."""

    received = 0

    def __bool__(self):
        return True  # pooch asks, and a bar has no truth value before its total is known

    def update(self, n=1):
        self.received += n
        if self.received > MAX_BYTES:
            raise OSError('more than %d bytes' % MAX_BYTES)
        return super().update(n)


def check_server(url):
    """Raise BadInput unless the server answers soon.

    In a thread, as a name look-up that hangs obeys no time-out.
    """
    outcome = []
    thread = threading.Thread(target=lambda: outcome.append(ask(url)), daemon=True)
    thread.start()
    thread.join(ANSWER_SECONDS)
    problem = outcome[0] if outcome else explain(requests.Timeout(), ANSWER_SECONDS)
    if problem:
        raise BadInput('%s: %s' % (url, problem))


def ask(url):
    """Return what is wrong when the server is asked for ``url``, or ``None``."""
    try:
        requests.head(url, timeout=ANSWER_SECONDS, allow_redirects=True).raise_for_status()
    except OSError as error:
        return explain(error, ANSWER_SECONDS)
    return None


def explain(error, seconds):
    """Say in a few words why a download failed; requests' own texts run over several lines."""
    if isinstance(error, requests.Timeout):
        return 'no answer within %d s' % seconds
    if isinstance(error, requests.ConnectionError):
        return 'no connection'
    return reason(error)
