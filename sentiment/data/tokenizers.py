"""How a text becomes lower-case words: by Moses' rules for a language, at spaces, by character, or
by jieba's Chinese dictionary.
"""
import logging
import re
import unicodedata
import warnings
from collections import Counter
from functools import lru_cache

from sentiment.data.errors import BadInput, shown

MOSES = 'moses:en'  # the tutorial's
NAMES = 'moses:LANG, whitespace, characters or jieba'
ALSO = ('ja', 'ko')  # languages that Moses' rules know without prefixes of their own
SAMPLE, SAMPLE_CHARACTERS = 1000, 50  # texts, and characters of each, that advice looks at
# what is written without spaces, and what serves; kana tell Japanese from Chinese
UNSPACED = [('Japanese', re.compile('[\u3040-\u30ff\uff66-\uff9d]'), 'characters'),
            ('Chinese', re.compile('[\u3400-\u4dbf\u4e00-\u9fff\U00020000-\U0003134f]'),
             'jieba or characters'),
            ('Thai', re.compile('[\u0e00-\u0e7f]'), 'characters'),
            ('Lao', re.compile('[\u0e80-\u0eff]'), 'characters'),
            ('Khmer', re.compile('[\u1780-\u17ff]'), 'characters'),
            ('Burmese', re.compile('[\u1000-\u109f]'), 'characters')]
KANA, JAPANESE = 0, 0.05  # its place above; the share of kana that makes Han letters Japanese


@lru_cache(maxsize=None)
def moses(language):
    """Return the function text -> tokens of Moses' rules."""
    from sentiment.data.moses import Moses  # a third of a second
    return Moses(language)


def languages():
    """Return the languages that Moses' rules know."""
    from sacremoses.corpus import NonbreakingPrefixes
    return sorted(set(NonbreakingPrefixes().available_langs.values()) | set(ALSO))


def whitespace(text):
    """Split at white space."""
    return text.lower().split()


def characters(text):
    """Split into characters; marks stay with what they stand on."""
    words = []
    for word in text.lower().split():
        start = len(words)
        for character in word:
            if len(words) > start and unicodedata.category(character).startswith('M'):
                words[-1] += character
            else:
                words.append(character)
    return words


@lru_cache(maxsize=None)
def load_jieba():
    """Return jieba's tokenizer; its cache, which it would run from a shared folder, is left aside.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter('ignore')  # of its own old code
            import jieba
    except ImportError as error:
        raise BadInput("tokenizer jieba needs the package jieba: pip install -e '.[jieba]'"
                       ) from error
    jieba.setLogLevel(logging.WARNING)
    tokenizer = jieba.Tokenizer()
    tokenizer.FREQ, tokenizer.total = tokenizer.gen_pfdict(tokenizer.get_dict_file())
    tokenizer.initialized = True
    return tokenizer


def by_jieba(text):
    """Split into the words of jieba's dictionary."""
    return ' '.join(load_jieba().cut(text)).lower().split()


TABLE = {'whitespace': whitespace, 'characters': characters, 'jieba': by_jieba}


def find_tokenizer(name):
    """Return the function text -> list of words of a tokenizer's name; raises BadInput."""
    if isinstance(name, str) and name.startswith('moses:'):
        if name[6:] != 'en' and name[6:] not in languages():
            raise BadInput('tokenizer: %s: the languages that Moses knows are %s'
                           % (shown(name), ', '.join(languages())))
        return moses(name[6:])
    if not isinstance(name, str) or name not in TABLE:
        raise BadInput('tokenizer: %s is not one of %s' % (shown(name), NAMES))
    return TABLE[name]


def check_tokenizer(name):
    """Return the name of a tokenizer that can be used; raise BadInput at another."""
    if name != MOSES:
        find_tokenizer(name)
    if name == 'jieba':
        load_jieba()
    return name


def advice(texts, tokenizer):
    """Return a line that says what would serve texts whose words Moses does not find, or None.

    texts: a list of str; a sample of them is looked at. moses:zh and moses:ja split them no better.
    """
    if not tokenizer.startswith('moses:'):
        return None
    sample = Counter(''.join(text[:SAMPLE_CHARACTERS] for text in texts[:SAMPLE]))
    letters = ''.join(filter(str.isalpha, sample))  # each once
    total = sum(map(sample.get, letters))
    counts = [sum(map(sample.get, script.findall(letters))) for _, script, _ in UNSPACED]
    if counts[KANA] > JAPANESE * total:
        counts[KANA] += counts[KANA + 1]
        counts[KANA + 1] = 0
    most = max(range(len(counts)), key=counts.__getitem__)
    if 2 * counts[most] <= total:
        return None
    return ('most letters are %s, written without spaces between words: %s does not find the '
            'words; --tokenizer %s would serve' % (UNSPACED[most][0], tokenizer, UNSPACED[most][2]))
