"""The names of classes: what a label is called, and in which order the classes stand."""
import re

from sentiment.data import about
from sentiment.data.errors import BadInput, brief, shown

MAX_CLASSES = 100  # more are no classes: ratings such as 3.47, or texts
SHORT = {'pos': 'positive', 'neg': 'negative', 'neu': 'neutral'}  # one name, however it is spelt
NUMBER = re.compile(r'[+-]?(\d{1,15}(\.\d*)?|\.\d+)')


def name_of(value):
    """Return the name of a class: text as it stands, 1.0 as 1, pos and neg in full; '' of none."""
    if value is None or value != value:
        return ''
    text = str(value).strip()
    if is_number(text) and float(text) == int(float(text)):
        return str(int(float(text)))
    return SHORT.get(text.lower(), text)


def is_number(name):
    """Whether the name of a class is a number."""
    return bool(NUMBER.fullmatch(name))


def in_order(names):
    """Return the different names: numbers by size, others by the alphabet, negative first."""
    return sorted(set(names), key=lambda name: (float(name), '') if is_number(name)
                  else (float('inf'), name))


def check_classes(source, names):
    """Raise BadInput if these names, all of a training set's, cannot be those of its classes."""
    names = in_order(names)
    if len(names) < 2:
        raise BadInput('%s: only one class, %s, where two are the least'
                       % (source, shown(names[0]) if names else 'none'))
    if len(names) > MAX_CLASSES:
        raise BadInput('%s: more than %d different labels, such as %s: no classes'
                       % (source, MAX_CLASSES, brief(', '.join(names[:3]))))
    folded = {}
    for name in names:
        other = folded.setdefault(name.casefold(), name)
        if other != name:
            raise BadInput('%s: the labels %s and %s differ in nothing but capitals'
                           % (source, shown(other), shown(name)))
    return about.check_classes(source, names)


def indices_of(labels, classes, source):
    """Return the place of each label among ``classes``; raise BadInput at one that is not there."""
    place = {name: k for k, name in enumerate(classes)}
    unknown = [name for name in in_order(labels) if name not in place]
    if unknown:
        raise BadInput('%s: labels that are no class of the training: %s; known are %s'
                       % (source, brief(', '.join(unknown)), brief(', '.join(classes))))
    return [place[label] for label in labels]
