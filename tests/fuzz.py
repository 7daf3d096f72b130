"""Damages real models, checkpoints, pickles, dictionaries and archives, and has them read.

    python -m tests.fuzz --seconds 60 --seed 0

What is read must be read, or refused in one short line: no traceback, no crash, no hang, no memory.
Each case runs in a process of its own. Files that did otherwise are kept; the exit status is 1.
"""
import argparse
import collections
import contextlib
import glob
import gzip
import io
import json
import os
import random
import resource
import shutil
import signal
import struct
import sys
import tarfile
import tempfile
import time
import traceback
import warnings
import zipfile
from pathlib import Path

os.environ['THEANO_FLAGS'] = os.environ.get('THEANO_FLAGS', 'floatX=float64,mode=FAST_COMPILE')
os.environ.setdefault('OMP_NUM_THREADS', '1')  # threads do not survive a fork
sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

import numpy  # noqa: E402

import imdb  # noqa: E402
import imdb_preprocess  # noqa: E402
import lstm  # noqa: E402
from sentiment import load_model, predict  # noqa: E402
from sentiment.data.errors import BadInput  # noqa: E402
from sentiment.data.pickles import read_dictionary  # noqa: E402
from tests.helpers import (toy_reviews, train, write_archive, write_raw,  # noqa: E402
                           write_toy_pickle)
from tests.reviews import writers  # noqa: E402

CASE_SECONDS = 20
MORE_BYTES = 10 ** 9
LONGEST = 1000
TABLES = {'csv': writers.kaggle, 'tsv': writers.word2vec, 'json': writers.whole_json,
          'lines': writers.json_lines, 'parquet': writers.parquet, 'xlsx': writers.xlsx,
          'zip': writers.zipped, 'keras': writers.keras, 'fasttext': writers.fasttext}
READ, REFUSED, WRONG = 0, 10, 11  # exit status of a case

# --- Real files -------------------------------------------------------------------------------


def make_seeds(folder):
    """Write one real file of each kind; return kind -> its bytes."""
    def path(name):
        return os.path.join(folder, name)

    write_toy_pickle(path('imdb.pkl'))
    train(path('imdb.pkl'), path('model.npz'), ngrams=2)
    reviews, labels = toy_reviews(8, 3)
    raw = write_raw(Path(path('raw')), reviews, labels)
    files = {os.path.relpath(name, raw): open(name, encoding='utf-8').read()
             for name in glob.glob(os.path.join(raw, '*', '*', '*'))}
    write_archive(path('raw.tar'), files, mode='w')
    kinds = {'model': 'model.npz', 'checkpoint': 'model.checkpoint.npz', 'data': 'imdb.pkl',
             'dictionary': 'imdb.dict.pkl', 'archive': 'raw.tar'}
    seeds = {kind: open(path(name), 'rb').read() for kind, name in kinds.items()}
    for kind, make in TABLES.items():
        place = Path(path(kind))
        place.mkdir()
        seeds[kind] = open(make(place, *writers.reviews(20)), 'rb').read()
    return seeds


# --- Reading them -----------------------------------------------------------------------------


def read_model(path, rng):
    """Load a model; one in eight is asked, as compiling takes a second."""
    asked = rng.random() < 0.125
    if not asked:
        lstm.build_model = lambda tparams, options: [None] * 6
    model = load_model(path)
    if asked:
        predict(model, ['wordac wordbm'])


class Once:
    """A function whose first result is given ever after: what it compiled in the parent."""

    def __init__(self, function):
        self.function, self.result = function, None

    def __call__(self, *arguments):
        self.result = self.result or self.function(*arguments)
        return self.result


def resume(data):
    """Go on from the checkpoint that lies beside saveto."""
    def read(path, rng):
        lstm.init_tparams, lstm.build_training = ONCE
        saveto = path.replace('.checkpoint.npz', '.npz')
        train(data, saveto, max_epochs=3, resume=True, ngrams=2)
    return read


ONCE = Once(lstm.init_tparams), Once(lstm.build_training)


def readers(folder):
    """Return kind -> (endings of its files, function that reads one)."""
    def preprocess(path, rng):
        imdb_preprocess.preprocess(path, os.path.join(os.path.dirname(path), 'out'), jobs=1)

    def dictionary(path, rng):
        (read_dictionary if rng.random() < 0.5 else imdb.load_dictionary)(path)

    return {'model': (['.npz'], read_model),
            'checkpoint': (['.checkpoint.npz'], resume(os.path.join(folder, 'imdb.pkl'))),
            'data': (['.pkl', '.pkl.gz'], lambda path, rng: imdb.load_data(path)),
            'dictionary': (['.dict.pkl', '.dict.pkl.gz'], dictionary),
            'archive': (['.tar', '.tar.gz'], preprocess),
            **{kind: (['', '.gz'], preprocess) for kind in TABLES}}


def compile_once(folder):
    """Compile the tiny training in this process, whose children share it."""
    kept = lstm.init_tparams, lstm.build_training
    resume(os.path.join(folder, 'imdb.pkl'))(os.path.join(folder, 'model.checkpoint.npz'), None)
    lstm.init_tparams, lstm.build_training = kept


# --- Damage to bytes --------------------------------------------------------------------------

NUMBERS = [0, 1, 127, 128, 255, 256, 2 ** 15, 2 ** 16 - 1, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1,
           2 ** 40, 2 ** 62, 2 ** 63, 2 ** 64 - 1]


def flip(data, rng):
    for _ in range(rng.randint(1, 8)):
        data[rng.randrange(len(data))] = rng.randrange(256)
    return data


def cut(data, rng):
    return data[:rng.randrange(len(data))]


def splice(data, rng):
    """Copy a stretch of the file over another place, or into it."""
    start, length, at = (rng.randrange(len(data)), rng.randint(1, 300), rng.randrange(len(data)))
    part = data[start:start + length] * rng.choice((1, 1, 1, 50))
    return data[:at] + part + data[at + rng.choice((0, len(part))):]


def drop(data, rng):
    at = rng.randrange(len(data))
    return data[:at] + data[at + rng.randint(1, 40):]


def write_number(data, rng):
    """Write an extreme number in place."""
    size = rng.choice((1, 2, 4, 8))
    number = (rng.choice(NUMBERS) % 256 ** size).to_bytes(size, rng.choice(('little', 'big')))
    at = rng.randrange(len(data))
    return data[:at] + number + data[at + size:]


BYTES = [flip, cut, splice, drop, write_number]


def damage(data, rng):
    """Damage bytes once or a few times."""
    for _ in range(rng.choice((1, 1, 1, 2, 5))):
        data = rng.choice(BYTES)(bytearray(data or b'\0'), rng)
    return bytes(data)


# --- Damage to what bytes mean ----------------------------------------------------------------


def damage_pickle(data, rng):
    """Put instructions of a pickle where they do not belong."""
    at = rng.randrange(len(data))
    number = rng.choice(NUMBERS)
    four, eight = struct.pack('<I', number % 2 ** 32), struct.pack('<Q', number)
    part = rng.choice([
        b'r' + four, b'j' + four, b'X' + four, b'T' + four, b'B' + four, b'\x8b' + four,
        b'\x95' + eight, b'\x8d' + eight, b'\x8e' + eight, b'\x96' + eight, b'p%d\n' % number,
        b'g%d\n' % number, b'I%d\n' % number, b'J' + four, b'cnumpy\ndtype\n', b'cos\nsystem\n',
        b'cnumpy.core.multiarray\n_reconstruct\n', b'cnumpy.core.multiarray\nscalar\n',
        b'cnumpy.core.numeric\n_frombuffer\n', b'c_codecs\nencode\n', b'cbuiltins\nbytes\n', b'R',
        b'b', b'o', b'(', b']', b'}', b'2' * 1000, b'0', b'1', b'\x85' * 5000, b')', b't', b'l',
        b'd', b's', b'u', b'e', b'a', b'\x93', b'\x81', b'\x8f', b'\x90', b'\x94', b'N', b'\x88',
        b'U\x02i8', b'U\x04' + four, b'G' + eight, b'](' * 1000, b'S\'x\'\n', b'Vx\n', b'.'])
    return data[:at] + part * rng.choice((1, 1, 2, 20)) + data[at + rng.choice((0, len(part))):]


VALUES = [None, True, -1, 0, 1, 624, 625, 2 ** 31, 2 ** 40, -2 ** 63, 2 ** 64, 1e308, 1e400, 0.5,
          float('nan'), '', 'lstm', 'x' * 5000, 'a\nb', [], {}, [1], [[]], {'a': 1}, '\ud800', '\0']


def damage_json(value, rng):
    """Return a value of JSON with something else in one place."""
    if isinstance(value, dict) and value and rng.random() < 0.9:
        name = rng.choice(sorted(value))
        changed = {key: damage_json(old, rng) if key == name else old
                   for key, old in value.items()}
        return changed if rng.random() < 0.9 else {k: changed[k] for k in changed if k != name}
    if isinstance(value, list) and value and rng.random() < 0.8:
        at = rng.randrange(len(value))
        return value[:at] + [damage_json(value[at], rng)] + value[at + rng.choice((1, 1, 2)):]
    return rng.choice(VALUES)


def damage_array(array, rng):
    """Return another array: of another shape, type or content."""
    text = str(array) if array.dtype.kind == 'U' and not array.ndim else ''
    if text.startswith('{') and rng.random() < 0.9:
        return numpy.array(json.dumps(damage_json(json.loads(text), rng)))
    flat = array.reshape(-1)
    if rng.random() < 0.4 and array.dtype.kind in 'fiu' and array.size:
        array = numpy.array(array)
        array.reshape(-1)[rng.randrange(array.size)] = rng.choice(
            [-1, 0, 1, 100] + ([numpy.nan, numpy.inf, -1e308] if array.dtype.kind == 'f' else []))
        return array
    with numpy.errstate(all='ignore'):
        return rng.choice([
            lambda: flat[:rng.randrange(flat.size + 1)], lambda: numpy.concatenate([flat, flat]),
            lambda: array[None], lambda: array.T, lambda: numpy.array(rng.choice(NUMBERS[:-2])),
            lambda: numpy.zeros((0,) * rng.randint(1, 3)), lambda: numpy.zeros((0, 10 ** 9)),
            lambda: array.astype('U'), lambda: numpy.array(['\U0010ffff', 'a']),
            lambda: numpy.array('x' * 3), lambda: numpy.zeros(array.shape, 'float16'),
            lambda: numpy.zeros(array.shape, 'int8'), lambda: numpy.zeros(array.shape, 'c16'),
            lambda: numpy.zeros(array.shape, '>f8'), lambda: numpy.ones(array.shape, bool),
            lambda: numpy.ones(array.shape + (1,)), lambda: numpy.array([None], object)])()


def as_member(array, rng, often):
    """Return the bytes of an array, as often with another header."""
    file = io.BytesIO()
    numpy.lib.format.write_array(file, array)
    data = file.getvalue()
    return damage(data[:128], rng) + data[128:] if rng.random() < often else data


def damage_npz(data, rng):
    """Write a whole zip again: with damaged, swapped, doubled, missing, foreign members."""
    with numpy.load(io.BytesIO(data)) as saved:
        arrays = [(name, saved[name]) for name in saved.files]
    at, other = rng.randrange(len(arrays)), rng.randrange(len(arrays))
    act = rng.random()
    if act < 0.7:
        name, array = arrays[at]
        arrays[at] = name, damage_array(array, rng)
    elif act < 0.8:
        arrays[at] = arrays[at][0], arrays[other][1]
    elif act < 0.9:
        del arrays[at]
    else:
        arrays.append((arrays[at][0], arrays[other][1]))
    file = io.BytesIO()
    with zipfile.ZipFile(file, 'w', rng.choice((0, 8) * 20 + (12, 14))) as archive:
        for number, (name, array) in enumerate(arrays):
            archive.writestr(name + rng.choice(('.npy',) * 300 + ('',)),
                             as_member(array, rng, 0.1 if number == at else 0))
    return file.getvalue()


def damage_tar(data, rng):
    """Change a header of a tar archive and set its checksum right."""
    at = 512 * rng.randrange(len(data) // 512)
    head = bytearray(data[at:at + 512])
    place, size = rng.choice(((0, 100), (100, 8), (124, 12), (124, 12), (156, 1), (156, 1),
                              (157, 100), (257, 8), (345, 155)))
    head[place:place + size] = rng.choice([
        b'\x80' + rng.choice(NUMBERS).to_bytes(size, 'big')[-size + 1:] if size > 8 else b'L',
        b'%o' % rng.choice(NUMBERS), rng.choice(b'0123456789xgXLKSVMDNA').to_bytes(1, 'big'),
        b'../../x', b'aclImdb/train/neu/x.txt', b'\xff' * size, b'x' * size, b'-1', b'',
    ])[:size].ljust(size, b'\0')
    head[148:156] = b' ' * 8
    head[148:156] = b'%06o\0 ' % sum(head)
    return data[:at] + bytes(head) + data[at + 512:]


def add_header(data, rng):
    """Put an extended header in front of a member of a tar archive."""
    at = 512 * rng.randrange(len(data) // 512)
    member = tarfile.TarInfo('aclImdb/train/pos/new.txt')
    member.pax_headers = {rng.choice(('size', 'path', 'GNU.sparse.map', 'GNU.sparse.size', 'mtime',
                                      'GNU.sparse.major', 'hdrcharset', 'x' * 300)):
                          rng.choice(('1', '-1', '1' * 40, 'x', '0,1,2', '\u2028', '../x'))}
    block = member.tobuf(tarfile.PAX_FORMAT)
    if rng.random() < 0.5:
        block = damage_tar(block, rng)
    return data[:at] + block * rng.choice((1, 1, 1, 400)) + data[at:]


MEANING = {**{kind: [damage] for kind in TABLES}, 'model': [damage_npz],
           'checkpoint': [damage_npz], 'data': [damage_pickle], 'dictionary': [damage_pickle],
           'archive': [damage_tar, add_header]}


def make_case(kind, seeds, rng):
    """Return the bytes of a damaged file of a kind; now and then of another kind."""
    data = seeds[kind if rng.random() < 0.97 else rng.choice(sorted(seeds))]
    if data is seeds[kind] and rng.random() < 0.6:
        for _ in range(rng.choice((1, 1, 3))):
            with contextlib.suppress(Exception):  # too damaged to be damaged with care
                data = rng.choice(MEANING[kind])(data, rng)
        return data
    return damage(data, rng)


# --- Running ----------------------------------------------------------------------------------


def run_child(read, path, rng, report):
    """Read a file, in a process of its own, and leave with the status that says how it went."""
    size = 4096 * int(open('/proc/self/statm').read().split()[0])
    resource.setrlimit(resource.RLIMIT_AS, (size + 3 * MORE_BYTES,) * 2)
    signal.alarm(CASE_SECONDS)
    status = WRONG
    try:
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, 1)
        os.dup2(null, 2)
        read(path, rng)
        status = READ
    except BadInput as error:
        text = str(error)
        if len(text.splitlines()) == 1 and len(text) < LONGEST and text.isprintable():
            status = REFUSED
        else:
            report.write('a bad line: %r' % text[:2000])
    except BaseException:
        report.write(traceback.format_exc()[-4000:])
    report.flush()
    os._exit(status)


def run_case(read, path, rng):
    """Return how reading a file went, in a word, and what is to be said of it."""
    with tempfile.TemporaryFile('w+', encoding='utf-8', errors='replace') as report:
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        child = os.fork()
        if not child:
            run_child(read, path, rng, report)
        _, status, used = os.wait4(child, 0)
        report.seek(0)
        said = report.read()
    if os.WIFSIGNALED(status):
        number = os.WTERMSIG(status)
        return ('hang' if number == signal.SIGALRM else 'crash'), 'signal %d' % number
    if 1024 * (used.ru_maxrss - before) > MORE_BYTES:
        return 'memory', '%d MB more' % ((used.ru_maxrss - before) // 1024)
    word = {READ: 'read', REFUSED: 'refused'}.get(os.WEXITSTATUS(status), 'wrong')
    return word, said


def keep(path, folder, said):
    """Keep a file that was not read as it should be, and say why."""
    kept = os.path.join(folder, os.path.basename(os.path.dirname(path)) + '-'
                        + os.path.basename(path))
    shutil.copy(path, kept)
    print('%s: %s' % (kept, said), flush=True)


def fuzz(seconds, seed, keep_in, kinds):
    """Run cases for so long; return the counts: (kind, how it went) -> number."""
    counts, end = collections.Counter(), None
    with tempfile.TemporaryDirectory() as folder:
        seeds, known = make_seeds(folder), readers(folder)
        compile_once(folder)
        end = time.time() + seconds
        for number in range(seed * 10 ** 6, (seed + 1) * 10 ** 6):
            if time.time() > end:
                break
            rng = random.Random(number)
            kind = rng.choice(kinds or sorted(known))
            endings, read = known[kind]
            place = os.path.join(folder, 'case%d' % number)
            os.mkdir(place)
            os.environ['SENTIMENT_DATA'] = os.path.join(place, 'data')
            path, data = os.path.join(place, 'x' + rng.choice(endings)), None
            data = make_case(kind, seeds, rng)
            with open(path, 'wb') as file:
                file.write(gzip.compress(data) if path.endswith('.gz') and rng.random() < 0.9
                           else data)
            word, said = run_case(read, path, rng)
            counts[kind, word] += 1
            if word not in ('read', 'refused'):
                keep(path, keep_in, '%s: %s' % (word, said))
            shutil.rmtree(place)
    return counts


def main():
    """Run the command line; return the exit status."""
    warnings.filterwarnings('ignore', 'Duplicate name')
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--seconds', type=float, default=60, help='how long (default: 60)')
    parser.add_argument('--seed', type=int, default=0, help='of all cases (default: 0)')
    parser.add_argument('--keep', default=None, help='folder for files that were not read well')
    parser.add_argument('--kinds', nargs='*', choices=sorted(MEANING), help='these alone')
    options = parser.parse_args()
    keep_in = options.keep or tempfile.mkdtemp(prefix='fuzz-')
    os.makedirs(keep_in, exist_ok=True)
    counts = fuzz(options.seconds, options.seed, keep_in, options.kinds)
    for kind, word in sorted(counts):
        print('%-12s %-8s %6d' % (kind, word, counts[kind, word]))
    wrong = sum(counts[key] for key in counts if key[1] not in ('read', 'refused'))
    print('%d cases, %d wrong%s' % (sum(counts.values()), wrong,
                                    ', kept in ' + keep_in if wrong else ''))
    return int(wrong > 0)


if __name__ == '__main__':
    sys.exit(main())
