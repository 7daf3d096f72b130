"""Words of all parts as numbers: each part is tokenized where a worker is, and merged here."""
import itertools
from functools import partial

from sentiment.data.errors import BadInput
from sentiment.data.tokenizers import SAMPLE, advice
from sentiment.data.words import Numbering, gather_numbers
from sentiment.log import logger
from sentiment.reviews.folders import LeftOut
from sentiment.scaling import storage
from sentiment.scaling.each import each_answer
from sentiment.scaling.tables import labelled_pieces


def number_part(path, how, tokenizer):
    """Return (names of the classes of a part's reviews, what a ``Numbering`` says of its pieces).
    """
    left_out, labels, chunks, number = LeftOut(), [], [], Numbering(tokenizer, path)
    with storage.opened(path) as file:
        for texts, names in labelled_pieces(path, file, how, left_out):
            warning = not labels and advice(texts[:SAMPLE], tokenizer)
            if warning:
                logger.info(warning)
            labels += names
            chunks.append(number(texts))
    left_out.say(path)
    if not labels:
        raise BadInput('%s: no reviews with a text and a label' % path)
    return labels, chunks


def number_parts(paths, how, tokenizer, cluster=None):
    """Return (words, numbers, labels) of all parts, the former as ``number_all`` does, the latter a
    list for each part. Raises BadInput.
    """
    found = dict(each_answer(partial(number_part, how=how, tokenizer=tokenizer), paths, cluster))
    labels, chunks = zip(*[found.pop(place) for place in range(len(paths))])
    words, numbers = gather_numbers(itertools.chain(*chunks), sum(map(len, labels)))
    return words, numbers, labels
