"""How predict shows its answers: for people, on a terminal or not, as JSON, as CSV."""
import csv
import json
import re
import unicodedata

START = 60     # characters of a review that are shown
STRONG = 0.25  # of the largest contribution: such words are marked
WIDTH = 80     # of a line, where there is no terminal to ask
NARROW = 10    # less room than this for a review, and what is said of it has a line of its own
INDENT = '    '
CONTROL = re.compile(r'[\x00-\x08\x0b-\x1f\x7f-\x9f]')  # what a terminal obeys, or a CSV reader

# --- For people -------------------------------------------------------------------------------


def as_text(answer, width=WIDTH, form='{0}({1:+.2f})', wrap=False):
    """Return the line of an answer, at most so wide; and its words, those that are strong in
    ``form``, on one line more, or, to ``wrap`` them, on several.
    """
    if 'problem' in answer:
        head = '%-8s  %6s  ' % ('-', '-')
        return head + start_of('(%s)' % answer['problem'], width - len(head))
    head, marks = '%-8s  %.4f  ' % (answer['label'], answer['probability']), marks_of(answer)
    room = width - len(head) - len(marks)
    if room < NARROW and marks:
        room, marks = width - len(head), '\n' + INDENT + marks.lstrip()
    line = head + start_of(answer['text'], max(1, min(START, room))) + marks
    if 'words' not in answer:
        return line
    return line + '\n' + INDENT + marked(worth_showing(answer), form, width if wrap else None)


def colourful(answer, width=WIDTH):
    """As :func:`as_text`; green words speak for the positive class, red ones against it."""
    return as_text(answer, width, '\x1b[{2}m{0}({1:+.2f})\x1b[0m', wrap=True)


def worth_showing(answer):
    """Return the words of an answer with their contributions; of n-grams, the strong ones."""
    words = answer['words']
    if answer['explained'] != 'by n-gram':
        return words
    bound = STRONG * max(abs(value) for _, value in words)
    strong = [('"%s"' % text, value) for text, value in words if abs(value) >= bound and value]
    return sorted(strong, key=lambda pair: -abs(pair[1])) or words[:1]


def marks_of(answer):
    """Return what there is to say of an answer, behind its text."""
    marks, unknown = [], answer.get('unknown_words') or 0
    if 'note' in answer:
        marks.append(answer['note'])
    elif unknown > 0.5:
        marks.append('%.0f %% unknown words' % (100 * unknown))
    if answer.get('explained') == 'by sentence':
        marks.append('by sentence')
    return ''.join(' [%s]' % mark for mark in marks)


def start_of(text, room=START):
    """Return the beginning of a text, on one line, so wide at most, and fit for a terminal."""
    line = ' '.join(printable(text[:4 * START]).split())
    if width_of(line) <= room:
        return line
    while width_of(line) >= room:
        line = line[:-1]
    return line + '\u2026'


def printable(text):
    """Return a text without what a terminal would obey."""
    return ''.join(c if c.isprintable() else ' ' for c in text)


def width_of(text):
    """Return how many columns of a terminal a text takes: Chinese characters take two."""
    return sum(0 if unicodedata.combining(c) else
               2 if unicodedata.east_asian_width(c) in 'WF' else 1 for c in text)


def marked(words, form, width=None):
    """Join words, the strong ones in ``form``: of word, contribution and colour.

    width: of the terminal's lines, each of which begins with the indent; None for one line.
    """
    bound, lines = STRONG * max(abs(value) for _, value in words), [[]]
    left = width and width - len(INDENT)
    for word, value in words:
        word, strong = printable(word), abs(value) >= bound and value
        word = start_of(word, max(1, width - 2 * len(INDENT) - 8)) if width else word
        taken = width_of(word) + (len('(%+.2f)' % value) if strong else 0)
        if width and lines[-1] and taken > left:
            lines.append([])
            left = width - len(INDENT)
        lines[-1].append(form.format(word, value, 32 if value > 0 else 31) if strong else word)
        left = width and left - taken - 1
    return ('\n' + INDENT).join(map(' '.join, lines))


# --- For machines -----------------------------------------------------------------------------


def as_json(answer):
    """Return an answer as a line of JSON."""
    return json.dumps(answer)


class Line:
    """A file for csv.writer that returns what is written."""

    @staticmethod
    def write(text):
        return text.rstrip('\r\n')


def csv_writer(names, explained, text):
    """Return a function answer -> its line of CSV; write the header. ``names``: of the classes."""
    columns = (['source', 'label', 'probability'] + ['probability_' + name for name in names]
               + ['unknown_words', 'text'] + ['words'] * explained)
    writer = csv.writer(Line)
    print(writer.writerow(columns), file=text)

    def as_csv(answer):
        flat = dict(answer, text=CONTROL.sub(' ', answer['text'].replace('\r\n', '\n')))
        flat.update(('probability_' + name, p)
                    for name, p in (answer['probabilities'] or {}).items())
        if 'words' in answer:
            flat['words'] = json.dumps(answer['words'])
        return writer.writerow([flat.get(name) for name in columns])
    return as_csv
