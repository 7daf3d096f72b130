"""Bytes to text, line by line: UTF-8 unless another encoding is named, never a guess."""
import codecs
import io
from contextlib import suppress

from sentiment.data.errors import BadInput, shown
from sentiment.data.forms import as_text, form_of

MAX_LINE = 2 ** 24  # characters
UTF8 = 'utf-8'
NOT_OF_FILES = ('idna', 'punycode', 'unicode-escape', 'raw-unicode-escape')  # of names, of code


def check_encoding(name):
    """Return the name of a text encoding that Python knows, UTF-8 for None; raise BadInput."""
    if name is None:
        return UTF8
    try:
        ''.encode(name)  # refuses what Python calls a codec, but is none of text
        found = codecs.lookup(name).name
        if found.replace('_', '-') in NOT_OF_FILES:
            raise LookupError(name)
        return found
    except (LookupError, TypeError, ValueError) as error:
        raise BadInput('encoding: %s is none that Python knows, such as utf-8, latin-1, cp1252, '
                       'gb18030 or shift_jis' % shown(name)) from error


def check_text(name, start, encoding):
    """Raise BadInput if the start of a file is text in another encoding, not of another kind."""
    if start and b'\0' not in start and not as_text(start, encoding):
        try:
            start[:-4].decode(encoding)
        except UnicodeDecodeError as error:
            raise wrong_encoding(name, error, encoding, 'at byte %d' % error.start) from error


def form_in(name, start, encoding):
    """Return the form of a file that begins so; raise BadInput at a table in another encoding."""
    form = form_of(start, encoding)
    if form is None and form_of(start, 'latin-1'):  # in which any bytes are text
        check_text(name, start, encoding)
    return form


def each_line(name, stream, encoding):
    """Yield the lines of a binary stream, with their ends; raises BadInput.

    Not UTF-8: the line says which encodings would fit.
    """
    lines = io.TextIOWrapper(stream, 'utf-8-sig' if encoding == UTF8 else encoding, newline='')
    number = 0
    try:
        while True:
            number += 1
            line = lines.readline(MAX_LINE)
            if not line:
                return
            if len(line) == MAX_LINE:
                raise BadInput('%s: line %d: more than %d characters' % (name, number, MAX_LINE))
            yield line
    except UnicodeError as error:
        raise wrong_encoding(name, error, encoding, 'near line %d' % number) from error
    finally:
        with suppress(ValueError):  # closed already, where reading was given up
            lines.detach()


def wrong_encoding(name, error, encoding, where):
    """Return the BadInput that says which encodings bytes would fit that do not fit this one."""
    import charset_normalizer  # where nothing is wrong, nobody waits for it
    data = getattr(error, 'object', b'')
    fits = [match.encoding.replace('_', '-') for match in charset_normalizer.from_bytes(
        data[:2 ** 16] if isinstance(data, bytes) else b'')][:3]
    return BadInput('%s: not %s text (%s)%s' % (
        name, encoding.upper(), where,
        '; --encoding %s would fit' % ' or '.join(fits) if fits else ''))
