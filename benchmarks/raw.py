"""From raw text: predict --json beside evaluate on ready indices, and preprocessing, as processes.

    python benchmarks/raw.py --path aclImdb_v1.tar.gz --before ../older_checkout

Where an older checkout is given, the two take turns, and must write the same files and give the
same labels. Figures are medians of wall time and of processor time, the processes below included.
"""
import argparse
import filecmp
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from statistics import median

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, ROOT)
FILES = ('imdb.pkl', 'imdb.dict.pkl', 'imdb.json')
COMPILED = 64  # reviews: enough for the compiled network to start
# words a second of evaluate on indices in memory, when it is warm
EVALUATE = """
import json, statistics, sys, time
import imdb
from sentiment import evaluate, load_model
model, count = load_model(sys.argv[1]), int(sys.argv[3])
reviews, labels = imdb.load_data(sys.argv[2], model.options['n_words'], sort_by_len=False)[2]
step = len(reviews) // count
data = reviews[::step][:count], labels[::step][:count]
evaluate(model, (data[0][:200], data[1][:200]))
seconds = []
for _ in range(int(sys.argv[4])):
    started = time.perf_counter()
    evaluate(model, data)
    seconds.append(time.perf_counter() - started)
print(json.dumps([sum(map(len, data[0])), statistics.median(seconds)]))
"""


def run(folder, *arguments, out=None):
    """Run Python in a checkout; return seconds (wall, processor) and its output."""
    def spent():
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        return used.ru_utime + used.ru_stime
    began, started = spent(), time.perf_counter()
    done = subprocess.run([sys.executable] + list(arguments), cwd=folder, check=True,
                          stdout=out or subprocess.PIPE, stderr=subprocess.DEVNULL)
    return (time.perf_counter() - started, spent() - began), done.stdout


def in_turns(name, checkouts, rounds, work):
    """Return checkout -> median seconds (wall, processor) of ``work`` (checkout, folder)."""
    seconds = {key: [] for key in checkouts}
    for _ in range(rounds):
        for key, folder in checkouts.items():
            seconds[key].append(work(key, folder))
    found = {key: tuple(map(median, zip(*pairs))) for key, pairs in seconds.items()}
    for key, (wall, processor) in found.items():
        print('%-28s %-7s %6.1f s, %6.1f s of processors' % (name, key, wall, processor))
    if 'before' in found:
        print('%-28s ratio   %6.2f  , %6.2f' % ((name,) + tuple(
            old / new for old, new in zip(found['before'], found['now']))), flush=True)
    return found['now']


def preprocess(path, checkouts, rounds, scratch):
    """Measure imdb_preprocess.py; return the path of its imdb.pkl."""
    def work(key, folder):
        return run(folder, 'imdb_preprocess.py', path, '--output-dir',
                   os.path.join(scratch, key))[0]
    in_turns('preprocess', checkouts, rounds, work)
    for name in FILES:
        for key in checkouts:
            assert filecmp.cmp(os.path.join(scratch, 'now', name),
                               os.path.join(scratch, key, name), shallow=False), name
    return os.path.join(scratch, 'now', 'imdb.pkl')


def predict(model, texts, checkouts, rounds, scratch):
    """Return the median seconds that predict --json takes for texts."""
    source = os.path.join(scratch, 'reviews.txt')
    with open(source, 'w', encoding='utf-8') as file:
        file.writelines(' '.join(text.split()) + '\n' for text in texts)

    def work(key, folder):
        with open(os.path.join(scratch, key + '.json'), 'wb') as out:
            return run(folder, 'lstm.py', 'predict', model, source, '--json', out=out)[0]
    seconds = in_turns('predict %d' % len(texts), checkouts, rounds, work)[0]
    labels = [labels_of(os.path.join(scratch, key + '.json')) for key in checkouts]
    assert len(labels[0]) == len(texts) and labels.count(labels[0]) == len(labels)
    return seconds


def labels_of(path):
    """Return the labels that predict --json wrote."""
    with open(path, encoding='utf-8') as file:
        return [json.loads(line)['label'] for line in file]


def main():
    from sentiment.reviews.read import read_sets
    from sentiment.reviews.tables import How
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--path', required=True, help='the aclImdb archive')
    parser.add_argument('--before', help='another checkout, to take turns with')
    parser.add_argument('--model', help='a model of it (default: one is trained for an epoch)')
    parser.add_argument('--reviews', type=int, default=12500, help='(default: %(default)s)')
    parser.add_argument('--rounds', type=int, default=3, help='turns each (default: %(default)s)')
    options = parser.parse_args()
    os.environ.setdefault('THEANO_FLAGS', 'floatX=float32')
    path, checkouts = os.path.abspath(options.path), {'now': ROOT}
    if options.before:
        checkouts['before'] = os.path.abspath(options.before)
    texts = read_sets(path, How())['test'].texts
    texts = texts[::len(texts) // options.reviews][:options.reviews]
    with tempfile.TemporaryDirectory() as scratch:
        ready = preprocess(path, checkouts, options.rounds, scratch)
        model = os.path.join(scratch, 'model.npz')
        if options.model:
            model = os.path.abspath(options.model)
        else:
            run(ROOT, 'lstm.py', '--path', ready, '--max_epochs', '1', '--saveto', model)
        whole, start = (predict(model, some, checkouts, options.rounds, scratch)
                        for some in (texts, texts[:COMPILED]))
        n_words, seconds = json.loads(run(ROOT, '-c', EVALUATE, model, ready, str(len(texts)),
                                          str(options.rounds))[1])
    beyond = whole - start
    print('%d words: evaluate on ready indices %.0f a second; predict --json, beyond the start, '
          '%.0f: %.0f %%' % (n_words, n_words / seconds, n_words / beyond, 100 * seconds / beyond))


if __name__ == '__main__':
    main()
