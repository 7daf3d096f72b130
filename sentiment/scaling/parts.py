"""A run over parts: which there are, which are missing, and that all are of one setting.

A part's answer appears whole, under the part's name, so that the same command again does what is
missing and nothing twice.
"""
import json
import os
from collections import namedtuple

from sentiment.data.errors import BadInput, shown
from sentiment.data.opening import read_at_most
from sentiment.log import logger
from sentiment.scaling import storage

MANIFEST = '_manifest.json'  # what the parts in a folder were made with
PACKED = '.gz', '.bz2', '.xz'
MOST = 2 ** 20  # bytes of a manifest

# a part, and where its answer goes
Part = namedtuple('Part', 'path target')


# --- Which parts ------------------------------------------------------------------------------


def find_parts(patterns):
    """Return the whole paths of the parts in folders, globs and files, each once; raises BadInput.

    Files whose names begin with a dot or _ are none, and folders in folders are passed over.
    """
    found, passed = {}, 0
    for pattern in patterns:
        paths, n_folders = storage.find(pattern)
        found.update(dict.fromkeys(map(storage.whole, paths)))
        passed += n_folders
    if passed:
        logger.info('left out: %d folders among the parts', passed)
    return list(found)


def plan(paths, folder, ending=None):
    """Return the :class:`Part` of each path: its answer gets its name in ``folder``, with another
    ``ending`` if the form changes. Raises BadInput if two would have one name.
    """
    parts, first = [], {}
    for path in paths:
        name = target_name(storage.split(path)[1], ending)
        if first.setdefault(name, path) != path:
            raise BadInput('%s and %s: the answers of both would be called %s'
                           % (first[name], path, name))
        parts.append(Part(path, storage.join(storage.whole(folder), name)))
    return parts


def target_name(name, ending):
    """Return the name of a part's answer, which is not compressed."""
    if name.endswith(PACKED):
        name = os.path.splitext(name)[0]
    return os.path.splitext(name)[0] + ending if ending else name


def missing(parts, folder, setting):
    """Return those parts whose answers are not in ``folder``, which is made if need be.

    Raises BadInput as :func:`those_there` does, and if an answer is older than its part.
    """
    setting = dict(setting, folders=sorted({storage.split(part.path)[0] for part in parts}))
    if storage.whole(folder) in setting['folders']:
        raise BadInput('output: %s is a folder of parts that are read' % folder)
    there = those_there([part.target for part in parts], folder, setting)
    for part in parts:
        if part.target in there:
            check_age(part)
    if there:
        logger.info('%s: %d of %d parts are there already and stay', folder, len(there), len(parts))
    return [part for part in parts if part.target not in there]


def those_there(targets, folder, setting):
    """Return the set of those files that are in ``folder`` already, which is made if need be.

    setting: what all of them are made with, a dict for JSON, kept in the folder. Raises BadInput if
    those there are of another one, or of one that is not known.
    """
    storage.make_folder(folder)
    manifest = storage.join(folder, MANIFEST)
    there = {target for target in targets if storage.is_there(target)}
    if storage.is_there(manifest):
        check_setting(folder, read_manifest(manifest), json.loads(json.dumps(setting)))
    elif there:
        raise BadInput('output: %s is there already, and nothing tells what it was made with'
                       % min(there))
    else:
        with storage.written(manifest) as file:
            file.write(json.dumps(setting, indent=1, sort_keys=True).encode('utf-8') + b'\n')
    return there


def read_manifest(path):
    """Return the setting that stands in a folder's manifest; raises BadInput."""
    with storage.opened(path) as file:
        try:
            setting = json.loads(read_at_most(path, file, MOST).decode('utf-8'))
        except (ValueError, RecursionError) as error:
            raise BadInput('%s: damaged' % path) from error
    if not isinstance(setting, dict):
        raise BadInput('%s: damaged' % path)
    return setting


def check_setting(folder, theirs, ours):
    """Raise BadInput, with a difference, unless two settings are the same: that of the version if
    there is one, as others may come from it.
    """
    for name in sorted(set(theirs) | set(ours), key=lambda name: (name != 'version', name)):
        there, now = theirs.get(name), ours.get(name)
        if isinstance(there, dict) and isinstance(now, dict):
            check_setting(folder, there, now)
        elif there != now:
            raise BadInput('%s: what is there was made with another setting: %s is %s there and '
                           '%s now; give another folder' % (
                               folder, name, shown(there), shown(now)))


def check_age(part):
    """Raise BadInput if a part is newer than its answer."""
    times = storage.time_of(part.path), storage.time_of(part.target)
    if None not in times and times[0] > times[1]:
        raise BadInput('%s: newer than its answer, %s; remove that to have it made again' % part)
