"""What is remembered of the pieces of texts, which repeat as words do."""
MOST, LONGEST = 2 ** 17, 64  # pieces, and their characters: 30 MB of prose, 100 MB at the most


class Known(dict):
    """Piece -> what ``find`` says of it, remembered where it is no longer than LONGEST; at most
    MOST.
    """

    def __init__(self, find):
        super().__init__()
        self.find = find

    def __missing__(self, piece):
        found = self.find(piece)
        if len(self) >= MOST:
            self.clear()
        if len(piece) <= LONGEST:
            self[piece] = found
        return found
