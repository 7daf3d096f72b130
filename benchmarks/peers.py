"""From raw text to an answer, and from nothing to a test error, beside fastText and tf-idf.

    THEANO_FLAGS="floatX=float32" python benchmarks/peers.py --path aclImdb_v1.tar.gz

Each contender is a process. It trains on IMDB's words, of which the data is at hand in the form
that it reads, and measures its error on the 25,000 test reviews: ours in a fresh copy of the
project with all caches empty, as in benchmarks/start.py. Then each is asked raw reviews, one a
line, and one review alone, which is its start; each splits them into words in its own way.
"""
import argparse
import json
import os
import pickle
import re
import subprocess
import sys
import tempfile
import time
from statistics import median

import numpy

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, ROOT)

from benchmarks import fast_text, start  # noqa: E402

# what ours trains with: the quickest whose error on held-out films is below 0.104 by more than one
# standard error, 0.008; a small network beside words and bigrams
QUICK = ('--recipe wide --ngrams 2 --dim_proj 16 --crop 25 --batch_size 64 --valid_batch_size 256 '
         '--max_epochs 1').split()
FAST_TEXT = dict(fast_text.SETTINGS, wordNgrams=2, lr=0.5)  # the quickest that has 0.104
STRENGTH = 10  # of tf-idf's logistic regression, as chosen by three_sets.py

# --- In a process of its own: (folder) -> test error; (folder, path of texts) -> labels ----------


def labelled(folder, name):
    """Return the texts and labels of a file of fastText's."""
    with open(os.path.join(folder, name), encoding='utf-8') as file:
        labels, texts = zip(*(line.rstrip('\n').split(' ', 1) for line in file))
    return texts, numpy.array([int(label[-1]) for label in labels])


def lines_of(path):
    """Return the words of raw texts, one a line, lower case, punctuation apart."""
    with open(path, encoding='utf-8') as file:
        return [' '.join(re.findall(r"[\w']+|[^\w\s]", line.lower())) for line in file]


def fast_text_trains(folder):
    import fasttext
    model = fasttext.train_supervised(os.path.join(folder, 'train.txt'), **FAST_TEXT)
    error = 1 - model.test(os.path.join(folder, 'test.txt'))[1]
    model.save_model(os.path.join(folder, 'fasttext.bin'))
    return error


def fast_text_answers(folder, path):
    import fasttext
    model = fasttext.load_model(os.path.join(folder, 'fasttext.bin'))
    return [int(model.f.predict(text + '\n', 1, 0., 'strict')[0][1][-1]) for text in lines_of(path)]


def tf_idf_trains(folder):
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    model = make_pipeline(TfidfVectorizer(ngram_range=(1, 2), min_df=2, sublinear_tf=True),
                          LogisticRegression(C=STRENGTH, max_iter=1000))
    model.fit(*labelled(folder, 'train.txt'))
    texts, labels = labelled(folder, 'test.txt')
    with open(os.path.join(folder, 'tf-idf.pkl'), 'wb') as file:
        pickle.dump(model, file)
    return float((model.predict(texts) != labels).mean())


def tf_idf_answers(folder, path):
    with open(os.path.join(folder, 'tf-idf.pkl'), 'rb') as file:
        return pickle.load(file).predict(lines_of(path)).tolist()


PEERS = {'fasttext': (fast_text_trains, fast_text_answers), 'tf-idf': (tf_idf_trains,
                                                                       tf_idf_answers)}

# --- From outside -------------------------------------------------------------------------------


def timed(command, **more):
    """Return the seconds that a process takes, and what it writes."""
    started = time.perf_counter()
    done = subprocess.run([sys.executable] + command, stdout=subprocess.PIPE, check=True,
                          stderr=subprocess.DEVNULL, **more)
    return time.perf_counter() - started, done.stdout.decode()


def train(name, folder, ready):
    """Return (seconds, test error) of a contender that trains."""
    if name in PEERS:
        seconds, said = timed([__file__, '--run', name, folder])
        return seconds, json.loads(said)
    with tempfile.TemporaryDirectory(prefix='peers-') as place:
        start.copy_project(place)
        seconds, said = timed(['lstm.py', '--path', ready, '--saveto',
                               os.path.join(folder, 'model.npz')] + QUICK, cwd=place,
                              env=start.environment(place))
    return seconds, float(re.search(r'test error (\S+)', said).group(1))


def answer(name, folder, path):
    """Return (seconds, labels) of a contender that is asked raw texts."""
    if name in PEERS:
        seconds, said = timed([__file__, '--run', name, folder, path])
        return seconds, json.loads(said)
    seconds, said = timed(['lstm.py', 'predict', os.path.join(folder, 'model.npz'), path,
                           '--json'], cwd=ROOT)
    return seconds, [int(json.loads(line)['label'].startswith('pos'))
                     for line in said.splitlines()]


def write_labelled(folder, ready):
    """Write the words of an imdb.pkl as fastText's files."""
    from benchmarks.three_sets import Texts  # scikit-learn comes with it: not in a timed process
    from sentiment.data.pickles import read_sets
    known = Texts(ready)
    for name, (reviews, labels) in zip(('train.txt', 'test.txt'), read_sets(ready)):
        order = numpy.random.RandomState(0).permutation(len(reviews))  # it learns in this order
        lines = fast_text.labelled(known.texts([reviews[k] for k in order]), labels[order])
        fast_text.write_lines(os.path.join(folder, name), lines)


def write_raw(path, folder, count):
    """Write raw test reviews, one a line; return the path, their labels and number of words."""
    from sentiment.reviews.read import read_sets
    from sentiment.reviews.tables import How
    test = read_sets(path, How())['test']
    chosen = range(0, len(test.texts), len(test.texts) // count)[:count]
    texts = [' '.join(test.texts[k].split()) for k in chosen]
    target = os.path.join(folder, 'raw.txt')
    with open(target, 'w', encoding='utf-8') as file:
        file.writelines(text + '\n' for text in texts)
    return target, numpy.array(
        [test.labels[k].startswith('pos') for k in chosen]), sum(
        len(line.split()) for line in lines_of(target))


def compare(names, options, folder):
    """Print a line of each contender, measured in turns."""
    path = os.path.abspath(options.path)
    timed([os.path.join(ROOT, 'imdb_preprocess.py'), path, '--output-dir', folder])
    ready = os.path.join(folder, 'imdb.pkl')
    write_labelled(folder, ready)
    raw, labels, n_words = write_raw(path, folder, options.reviews)
    single = os.path.join(folder, 'single.txt')
    with open(raw, encoding='utf-8') as file, open(single, 'w', encoding='utf-8') as out:
        out.write(file.readline())
    found = {name: {'train': [], 'start': [], 'all': []} for name in names}
    for _ in range(options.rounds):
        for name in names:
            seconds, error = train(name, folder, ready)
            found[name]['train'].append(seconds)
            found[name]['start'].append(answer(name, folder, single)[0])
            seconds, said = answer(name, folder, raw)
            found[name]['all'].append(seconds)
            wrong = float((numpy.array(said) != labels).mean())
            print(json.dumps(dict(name=name, error=error, wrong=wrong, **{
                key: round(values[-1], 2) for key, values in found[name].items()})), flush=True)
    for name, seconds in found.items():
        trained, begun, whole = (median(seconds[key]) for key in ('train', 'start', 'all'))
        print('| %s | %.1f s | %.2f s | %.0f |' % (name, trained, begun,
                                                   n_words / (whole - begun) / 1000))


def main():
    if sys.argv[1:2] == ['--run']:
        name, *places = sys.argv[2:]
        print(json.dumps(PEERS[name][len(places) - 1](*places)))
        return
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--path', required=True, help='the aclImdb archive')
    parser.add_argument('--reviews', type=int, default=12500, help='raw ones (default: 12500)')
    parser.add_argument('--rounds', type=int, default=3, help='turns each (default: 3)')
    options = parser.parse_args()
    os.environ.setdefault('THEANO_FLAGS', 'floatX=float32')
    print('| | to a test error | a first answer | thousand words a second, raw, beyond the start |')
    with tempfile.TemporaryDirectory() as folder:
        compare(['lstm'] + list(PEERS), options, folder)


if __name__ == '__main__':
    main()
