"""What a pickle will take, found out before it is unpickled: a few bytes can ask for gigabytes.

A pickle is a program for a small machine with a stack and a numbered memory; see pickletools. Each
of its instructions is looked at here, at the speed of a regular expression, and none is obeyed.
"""
import re

# what takes no more than some 16 times its own size: numbers, marks, references, appending, ...
PLAIN = re.compile(rb'(?s:M..|K.|J.{4}|[(0-2N)aesu\x88\x89\x94]|[qh\x80].|j.{4}|G.{8}'
                   rb'|I-?[0-9]{1,22}\n){0,1000}')  # bounded, as the matcher's own memory is not
# what makes an object of some hundred bytes each
OBJECTS = re.compile(rb'[\]}ldtRbo\x85\x86\x87\x93]{1,1000}')
LENGTHS = dict([(code, 1) for code in b'UC\x8c\x8a'] + [(code, 4) for code in b'TBX\x8b']
               + [(code, 8) for code in b'\x8d\x8e\x96'])  # bytes of the length that follows
NUMBERS = b'\x8a\x8b'
LINES = {ord('S'): rb'[^\n]*\n', ord('V'): rb'[^\n]*\n', ord('c'): rb'[^\n]*\n[^\n]*\n',
         ord('i'): rb'[^\n]*\n[^\n]*\n', ord('L'): rb'-?[0-9]{1,22}L?\n',
         ord('F'): rb'[^\n]{1,40}\n', ord('g'): rb'[0-9]{1,10}\n', ord('p'): rb'[0-9]{1,10}\n'}
LINES = {code: re.compile(pattern) for code, pattern in LINES.items()}
STOP, LONG_PUT, FRAME, PUT = ord('.'), ord('r'), 0x95, ord('p')

NUMBER_BYTES = 9      # a larger integer is no word index; many of them make a dict slow
FEW = 2 ** 18         # objects, or steps of this scan
OBJECT_BYTES, STEP_BYTES = 4, 3  # of the file for each beyond those


def check_pickles(data, count):
    """Raise ValueError unless ``data`` begins with ``count`` pickles of plain data, whole, of which
    each takes memory in proportion to its size only.
    """
    start = 0
    for _ in range(count):
        start = scan(data, start)


def scan(data, at):
    """Return where the pickle at ``at`` ends; raise ValueError as :func:`check_pickles` does."""
    n_objects = n_steps = 0
    while at < len(data):
        at, before = PLAIN.match(data, at).end(), at
        code = data[at] if at < len(data) else None
        made = OBJECTS.match(data, at)
        if made:
            n_objects += made.end() - at
            at = made.end()
        elif code == STOP:
            return at + 1
        elif code in SKIP:
            at = SKIP[code](data, at, code)
        elif at == before:
            raise ValueError('byte %d is none of a pickle of plain data' % at)
        n_steps += 1
        if n_objects > FEW + at // OBJECT_BYTES or n_steps > FEW + at // STEP_BYTES:
            raise ValueError('%d objects in %d bytes' % (max(n_objects, n_steps), at))
    raise ValueError('it is cut off' if data else 'it is empty')


def check_put(index, at):
    """Raise ValueError unless an object can have this number: the memory is as long as that."""
    if index > at:
        raise ValueError('object number %d in %d bytes' % (index, at))


def skip_put(data, at, code):
    """Return where a LONG_BINPUT ends."""
    check_put(int.from_bytes(data[at + 1:at + 5], 'little'), at)
    return at + 5


def skip_frame(data, at, code):
    """Return where a FRAME begins: what is in it stands there as if it were not."""
    check_length(data, at + 9, int.from_bytes(data[at + 1:at + 9], 'little'))
    return at + 9


def check_length(data, at, length):
    """Raise ValueError unless as many bytes follow."""
    if length > len(data) - at:
        raise ValueError('it is cut off')


def skip_counted(data, at, code):
    """Return where an instruction ends that says how long it is."""
    start = at + 1 + LENGTHS[code]
    length = int.from_bytes(data[at + 1:start], 'little')
    check_length(data, start, length)
    if code in NUMBERS and length > NUMBER_BYTES:
        raise ValueError('an integer of %d bytes' % length)
    return start + length


def skip_lines(data, at, code):
    """Return where an instruction ends that is a line or two of text."""
    found = LINES[code].match(data, at + 1)
    if not found:
        raise ValueError('byte %d is none of a pickle of plain data' % at)
    if code == PUT:
        check_put(int(found.group()), at)
    return found.end()


SKIP = dict([(code, skip_counted) for code in LENGTHS] + [(code, skip_lines) for code in LINES])
SKIP.update({LONG_PUT: skip_put, FRAME: skip_frame})
