"""Moses' lower-case tokens for the price of a look-up: each piece between spaces is split once.

sacremoses splits it, and any text whose pieces are not independent. What each of its rules reads:

    white space        becomes single spaces, none at the ends
    control characters are left out, which joins or parts their neighbours: NOT INDEPENDENT
    special characters stand alone: reads the character itself
    several dots       stand alone: reads these dots
    comma              reads the characters before and after it, of which a space is as good as
                       any; but a text's first or last character has none: NOT INDEPENDENT
    apostrophe         the same; and it takes a space that it has read from one that begins the
                       next piece: NOT INDEPENDENT
    one dot, at a word's end, reads the word, and of the next one whether it begins with a lower-
                       case letter or a digit: these belong to the piece
    .' at the end      of the text alone: NOT INDEPENDENT, as any last apostrophe
    DOTMULTI, lower()  read one word
"""
import re
from functools import lru_cache

from sacremoses import MosesTokenizer

MOST, LONGEST = 2 ** 16, 64  # pieces that are remembered, and their characters: 20 MB


class Reference(MosesTokenizer):
    """Moses' own tokens; only its sets of letters are not built anew for each word."""

    def __init__(self, language):
        super().__init__(lang=language)
        self.lower, self.alpha = frozenset(self.IsLower), frozenset(self.IsAlpha)

    def islower(self, text):
        return self.lower.issuperset(text)

    def isanyalpha(self, text):
        return not self.alpha.isdisjoint(text)

    def line(self, text):
        """Return the tokens of a text, a space between two."""
        return ' '.join(self.tokenize(text, escape=False))


class Moses:
    """The function text -> list of the lower-case tokens of a language's rules."""

    def __init__(self, language):
        self.reference = Reference(language)
        self.special = self.reference.PAD_NOT_ISALNUM[0]
        self.marks = [c for c in map(chr, range(128)) if self.special.match(c)
                      and not self.reference.ASCII_JUNK[0].match(c)]
        self.pair = re.compile("'\\s+'")
        self.next = re.compile(r'\.\s+(?=([%s0-9]))' % self.reference.IsLower)
        self.word = re.compile('[%s-]+[,.]?' % self.reference.IsAlnum)
        self.known = lru_cache(maxsize=MOST)(self.split)

    def __call__(self, text):
        line = self.by_pieces(text.strip())
        return (self.reference.line(text) if line is None else line).lower().split()

    def by_pieces(self, text):
        """Return the line of a text's tokens, or None if its pieces are not independent."""
        text, known = self.pad(text), self.known
        if (text.startswith((',', "'")) or text.endswith((',', "'")) or self.pair.search(text)
                or 'DOTMULTI' in text or '\0' in text):
            return None
        try:
            return ' '.join([piece if piece.isalnum() else known(piece)
                             for piece in self.next.sub('.\0\\1 ', text).split()])
        except LookupError:
            return None

    def pad(self, text):
        """Put spaces around special characters."""
        if not text.isascii():
            return self.special.sub(r' \1 ', text)
        for mark in self.marks:
            if mark in text:
                text = text.replace(mark, ' %s ' % mark)
        return text

    def split(self, piece):
        """Return the tokens of a piece, a space between two, and a zero and what the next one
        begins with behind it, where that is read; raise LookupError if it is not to be remembered.
        """
        piece, _, following = piece.partition('\0')
        if len(piece) > LONGEST or self.reference.ASCII_JUNK[0].search(piece):
            raise LookupError
        if not self.word.fullmatch(piece):
            return self.reference.line('x %s %s' % (piece, following or 'X'))[2:-2]
        if piece[-1] != '.':
            return piece.replace(',', ' ,')
        return self.reference.handles_nonbreaking_prefixes(
            '%s %s' % (piece, following or 'X'))[:-2]
