"""Whether an exported file answers as predict does: tried out before anybody relies on it."""
import numpy
import onnxruntime

from sentiment.data.safe_io import BadInput
from sentiment.portable.nodes import WORDS
from sentiment.using.ask import probabilities, read_texts

N_TEXTS, LONGEST = 200, 400
STRANGE = 0.05  # of the words of a text, on average, that the model does not know
UNKNOWN_TEXT = 'qxzqxz'  # no word of any language
BATCH = 25  # several shapes are tried
TOLERANCE = {False: 1e-5, True: 0.05}  # of a probability; of 8 bits


def sample_texts(model, rng):
    """Return texts of 1 to 400 of a model's words, as frequent as words are (Zipf's law), some of
    them unknown; the last has no word at all.
    """
    words = sorted(model.dictionary, key=model.dictionary.get)
    shares = 1 / (numpy.arange(len(words)) + 2.7)
    texts = []
    for length in rng.geometric(0.02, N_TEXTS - 3).clip(max=LONGEST):
        drawn = rng.choice(len(words), length, p=shares / shares.sum())
        texts.append(' '.join(UNKNOWN_TEXT if rng.rand() < STRANGE else words[k] for k in drawn))
    return texts + [UNKNOWN_TEXT, ' '.join(words[:LONGEST]), '']


def open_session(content):
    """Return the session of an ONNX file, its path or its bytes, on the CPU."""
    return onnxruntime.InferenceSession(content, providers=['CPUExecutionProvider'])


def run(session, reviews):
    """Return the answers (n, C) of an ONNX file to reviews, lists of word indices."""
    indices = numpy.zeros((len(reviews), max(map(len, reviews)) or 1), 'int64')
    for row, review in zip(indices, reviews):
        row[:len(review)] = review
    return session.run(None, {WORDS: indices})[0]


def differences(content, model, readings):
    """Return (largest difference of a probability, number of other labels) of an ONNX file, its
    bytes, from predict, over the readings of texts.
    """
    session, wanted = open_session(content), probabilities(model, readings)
    reviews = [reading.indices for reading in readings]
    found = numpy.concatenate([run(session, reviews[start:start + BATCH])
                               for start in range(0, len(reviews), BATCH)])
    some = ~numpy.isnan(wanted).any(axis=1)
    if numpy.isnan(found[some]).any() or not numpy.isnan(found[~some]).all():
        return numpy.inf, len(found)
    return (float(abs(found - wanted)[some].max()),
            int((found[some].argmax(axis=1) != wanted[some].argmax(axis=1)).sum()))


def check(content, model, int8):
    """Return :func:`differences` on texts that are drawn; raise BadInput if they are too large."""
    readings = read_texts(model, sample_texts(model, numpy.random.RandomState(0)))
    largest, others = differences(content, model, readings)
    if not largest <= TOLERANCE[int8]:
        raise BadInput('export: on %d texts the file differs from predict by up to %.2g, more than '
                       '%g; nothing was written' % (N_TEXTS, largest, TOLERANCE[int8]))
    return largest, others
