"""What an exported file says of itself: how it is asked, and where it comes from."""
import json
import os
import re

from sentiment.data.words import FIRST_WORD
from sentiment.portable.nodes import PROBABILITIES, WORDS
from sentiment.training.model_file import ERRORS

TOLD = ('dim_proj', 'n_words', 'pooling', 'ngrams', 'optimizer', 'maxlen', 'crop', 'max_epochs',
        'batch_size', 'seed')  # options that shaped the model

SEVERAL = '. The average of %d; errors and settings are those of the first'
LONG = 1000  # characters of an option that is not told
SURROGATE = re.compile('[\ud800-\udfff]')  # half of a character, which no file of text can hold

CARD = """\
A model of sentiment: text -> {classes}. Long short-term memory, {pooling} pooling{wide}{several}.
Trained on: {data}
Errors: {errors}
Settings: {settings}
Input {input}, int64 (batch, length): the words' indices; the k-th line of `words`, from 0, is word
k + 2; 1 is any other word; 0 fills up behind the last word. The tokenizer is {tokenizer}, in lower
case. Output {output}, float32 (batch, classes), by temperature {temperature:.4g}; NaN where there
is no word, the shares of the classes in training where no word is known.
Weights: {weights}.
Meant for texts like those that it was trained on. Of others, of irony, of another language or of
what is newer than its words it knows little, and its probabilities then promise too much. Not for
decisions about people."""


def describe(model, int8=False):
    """Return the metadata of a model's export, a dict name -> text.

    ``words``, one a line, of index 2 and up; ``tokenizer``, its name; ``classes``, a JSON list;
    ``card``, for people; and, for who writes Moses' rules anew, ``prefixes``, the abbreviations
    that keep their dot, one a line.
    """
    told = {'words': '\n'.join(words_of(model)), 'tokenizer': model.tokenizer,
            'classes': json.dumps(model.classes, ensure_ascii=False), 'card': card(model, int8)}
    if model.tokenizer.startswith('moses:'):
        from sacremoses.corpus import NonbreakingPrefixes  # as late as the tokenizer itself
        told['prefixes'] = '\n'.join(NonbreakingPrefixes().words(model.tokenizer[6:]))
    return told


def words_of(model):
    """Return the words of a model, from index 2 on; '' where a word is none that a text can have.
    """
    words = [''] * (model.options['n_words'] - FIRST_WORD)
    for word, index in model.dictionary.items():
        if word.split() == [word] and not SURROGATE.search(word):  # no tokenizer leaves white space
            words[index - FIRST_WORD] = word
    return words


def card(model, int8):
    """Return what there is to know of a model, as text."""
    trained = settings_of(model)
    return CARD.format(
        classes=', '.join(model.classes), pooling=model.options['pooling'],
        wide=', beside n-grams' if model.options['ngrams'] else '', data=data_of(model, trained),
        several=SEVERAL % len(model.models) if hasattr(model, 'models') else '',
        errors=listed((name[:-4], '%.4f' % model.saved[name]) for name in ERRORS
                      if is_number(model.saved.get(name))),
        settings=listed((name, trained[name]) for name in TOLD if name in trained),
        input=WORDS, tokenizer=model.tokenizer, output=PROBABILITIES,
        temperature=model.temperature,
        weights='8 bits for words and LSTM, float32 for the rest' if int8 else 'float32')


def is_number(value):
    """Whether a saved value is one finite number; NaN stands for what was not measured."""
    return value is not None and value.ndim == 0 and value.dtype.kind == 'f' and value == value


def listed(pairs):
    """Return names and values as text."""
    return ', '.join('%s %s' % pair for pair in pairs) or 'unknown'


def settings_of(model):
    """Return the options of a model's training that are numbers or short texts; {} if it has none.
    """
    saved = json.loads(str(model.saved.get('options', '{}')))
    return {name: value for name, value in saved.items() if isinstance(value, (int, float))
            or isinstance(value, str) and len(value) < LONG and value.isprintable()}


def data_of(model, trained):
    """Return what a model was trained on, without the folders of the machine."""
    digest = model.saved.get('data_sha256')
    path, name = trained.get('path'), trained.get('dataset')
    told = ['the file %s' % os.path.basename(path) if isinstance(path, str) else str(name)]
    told += ['sha256 of its indices %s' % digest] * (digest is not None and digest.ndim == 0)
    return ', '.join(told) if path or name else 'unknown'
