"""Moses' lower-case tokens for the price of a look-up: each piece between spaces is split once.

sacremoses' own rules split it; any text whose pieces are not independent is left to it as a whole.
What each of its rules reads:

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

from sacremoses import MosesTokenizer

from sentiment.data.known import Known


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


def in_lower_case(line):
    """Return the list of a line's tokens in lower case."""
    return line.lower().split()


class Moses:
    """The function text -> list of the lower-case tokens of a language's rules."""

    def __init__(self, language):
        self.reference = rules = Reference(language)
        self.special = rules.PAD_NOT_ISALNUM[0]
        self.marks = [c for c in map(chr, range(128))
                      if self.special.match(c) and not rules.ASCII_JUNK[0].match(c)]
        self.pair = re.compile("'\\s+'")
        self.next = re.compile(r'\.\s+(?=([%s0-9]))' % rules.IsLower)
        self.commas = [rules.COMMA_SEPARATE_1, rules.COMMA_SEPARATE_2, rules.COMMA_SEPARATE_3]
        self.apostrophes = {'en': rules.ENGLISH_SPECIFIC_APOSTROPHE,
                            'fr': rules.FR_IT_SPECIFIC_APOSTROPHE,
                            'it': rules.FR_IT_SPECIFIC_APOSTROPHE}.get(
                                language, [rules.NON_SPECIFIC_APOSTROPHE])
        self.known = Known(lambda piece: ' '.join(self.split(piece)))  # a list takes much memory

    def __call__(self, text):
        found = self.by_pieces(text, self.known)
        return ' '.join(found).split() if found is not None else in_lower_case(
            self.reference.line(text))

    def by_pieces(self, text, known):
        """Return the list of what is ``known`` of each piece of a text, by a :class:`Known` that
        asks :meth:`split`; or None if the pieces are not independent.
        """
        text = self.pad(text.strip())
        if (text.startswith((',', "'")) or text.endswith((',', "'")) or self.pair.search(text)
                or 'DOTMULTI' in text or '\0' in text):
            return None
        try:
            return list(map(known.__getitem__, self.next.sub('.\0\\1 ', text).split()))
        except LookupError:
            return None

    def pad(self, text):
        """Put spaces around special characters, and commas before a space."""
        if not text.isascii():
            return self.special.sub(r' \1 ', text).replace(', ', ' , ')
        for mark in self.marks:
            if mark in text:
                text = text.replace(mark, ' %s ' % mark)
        return text.replace(', ', ' , ')

    def split(self, piece):
        """Return the list of the tokens of a piece; it may have a zero behind it and what the next
        one begins with. Raise LookupError if it is not independent of others.

        These are the rules that find something in it, in sacremoses' order.
        """
        if piece.isalnum():
            return [piece.lower()]
        piece, _, following = piece.partition('\0')
        if self.reference.ASCII_JUNK[0].search(piece):
            raise LookupError
        text = ' %s %s' % (piece, following or 'X')
        if '..' in piece:
            text = self.reference.replace_multidots(text)
        for regexp, replacement in (self.commas * (',' in piece)
                                    + self.apostrophes * ("'" in piece)):
            text = regexp.sub(replacement, text)
        if '.' in piece:
            text = self.reference.handles_nonbreaking_prefixes(text)
        if '..' in piece:
            text = self.reference.restore_multidots(text)
        return in_lower_case(text)[:-1]
