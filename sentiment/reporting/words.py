"""A review with its words coloured: as it was written, or as the model read it."""
import numpy

from sentiment.reporting.markup import element, join, signed

STRONG = 0.25  # of the largest contribution: such words are marked, as predict --explain does
SHOWN = 300    # words of a review at most


def coloured(words, odds, text=None):
    """Return a review as markup: words that speak for the answer, and against it, each with its
    number, a colour and a line of its own kind.

    words: list of str; odds: (n,), what each adds to the answer's log-odds; text: the review as it
    was written, whose letters are shown where the words can be found in it.
    """
    start, stop = most_telling_stretch(odds)
    bound, spans = STRONG * abs(odds).max(), text and find_words(text, words)
    parts, end = ['\u2026 ' * (start > 0)], None
    for k in range(start, stop):
        shown = text[slice(*spans[k])] if spans else words[k]
        between = ' ' * (k > start) if not spans else text[end:spans[k][0]] if k > start else ''
        parts += [between, marked(shown, odds[k]) if odds[k] and abs(odds[k]) >= bound else shown]
        end = spans and spans[k][1]
    return join(*parts, ' \u2026' * (stop < len(words)))


def marked(word, odds):
    """Return a word that speaks for the answer or against it, with its number."""
    number = element('sup', signed(odds))
    return element('mark', word, number, class_='for' if odds > 0 else 'against')


def most_telling_stretch(odds):
    """Return (start, stop) of the 300 words, or fewer, that contribute most."""
    if len(odds) <= SHOWN:
        return 0, len(odds)
    total = numpy.concatenate([[0.], numpy.cumsum(abs(odds))])
    start = int((total[SHOWN:] - total[:-SHOWN]).argmax())
    return start, start + SHOWN


def find_words(text, words):
    """Return the (start, stop) of each word in a text, of which only white space is left between
    them; None where the tokenizer has changed more than capitals.
    """
    letters, place = [], []  # of the text in lower case, which may be longer; where each stood
    for k, letter in enumerate(text):
        letters += letter.lower()
        place += [k] * (len(letters) - len(place))
    lowered, spans, at = ''.join(letters), [], 0
    place.append(len(text))
    for word in words:
        start = lowered.find(word, at)
        if start < 0 or lowered[at:start].strip():
            return None
        at = start + len(word)
        spans.append((place[start], place[at - 1] + 1))
    return spans if not lowered[at:].strip() else None
