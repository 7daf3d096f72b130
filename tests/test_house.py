"""The house: three scripts at the root, rooms whose imports run one way, short functions."""
import ast
import glob
import os

from tests.helpers import ROOT

FILES = {os.path.relpath(path, ROOT): ast.parse(open(path, encoding='utf-8').read())
         for path in glob.glob(os.path.join(ROOT, '*.py'))
         + glob.glob(os.path.join(ROOT, 'sentiment', '**', '*.py'), recursive=True)}
# a room imports from those before it; lstm.py stands among them
STOREYS = ('log', 'parser', 'start', 'engine', 'data', 'reviews', 'scaling', 'imdb_preprocess',
           'imdb', 'loss', 'wide', 'fast', 'training', 'lstm', 'using', 'reporting',
           'serving', 'portable', 'estimator', 'commands')


def modules():
    """Return module name -> its syntax tree."""
    return {path[:-3].replace(os.sep, '.').replace('.__init__', ''): tree
            for path, tree in FILES.items()}


def imported(tree, known):
    """Return the names of our modules that a file imports, anywhere in it."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found |= {node.module} | {'%s.%s' % (node.module, alias.name) for alias in node.names}
    return found & set(known)


def storey(module):
    """Return where a module stands; the package itself imports when it is asked, from any."""
    parts = module.split('.')
    return STOREYS.index(parts[1] if parts[0] == 'sentiment' else parts[0])


def test_the_root_has_three_scripts():
    assert sorted(path for path in FILES if os.sep not in path) == [
        'imdb.py', 'imdb_preprocess.py', 'lstm.py']
    with open(os.path.join(ROOT, 'lstm.py'), encoding='utf-8') as file:
        assert len(file.readlines()) <= 450


def test_imports_run_one_way():
    known = modules()
    for name, tree in known.items():
        for other in imported(tree, known) - {'sentiment'}:
            if name != 'sentiment':  # which imports what it is asked for
                assert storey(other) <= storey(name), '%s imports %s' % (name, other)
    below = imported(known['lstm'], known) - {'sentiment'}
    assert all(storey(other) < STOREYS.index('lstm') for other in below)


def test_no_circle_of_imports():
    known = modules()
    left = {name: imported(tree, known) - {name, 'sentiment'} for name, tree in known.items()}
    while left:
        free = [name for name, others in left.items() if not others & set(left)]
        assert free, 'a circle among %s' % sorted(left)
        for name in free:
            del left[name]


def test_functions_are_short():
    for path, tree in FILES.items():
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef) and node.name != 'train_lstm':
                assert node.end_lineno - node.lineno < 40, '%s: %s' % (path, node.name)


def test_one_place_names_the_engine():
    for path, tree in FILES.items():
        if not path.startswith(os.path.join('sentiment', 'engine')):
            names = {name.split('.')[0] for node in ast.walk(tree)
                     for name in ([alias.name for alias in node.names]
                                  if isinstance(node, ast.Import) else
                                  [node.module or ''] if isinstance(node, ast.ImportFrom) else [])}
            assert not names & {'theano', 'pytensor', 'aesara', 'jax'}, path


def test_each_file_says_what_it_is_for():
    for path, tree in FILES.items():
        assert ast.get_docstring(tree), path
