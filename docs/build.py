"""Fill the marked blocks of the tutorial, in both languages, and check what is in it.

    python docs/build.py           writes the blocks anew
    python docs/build.py --check   says what differs, and writes nothing

A comment right above a block says what the block is filled with:

    <!-- code: lstm.lstm_layer -->   the source of this function, module.function
    <!-- run -->                     lines that begin with $, and what they print
    <!-- rows: runs -->              a table whose rows come from measured.json
    <!-- lines -->                   a table, filled by hand and checked: the code in a row is a
                                     line of the function that the row names

Commands run on docs/reviews, 52 sentences, and what a terminal would show of them is compared as it
stands, on either engine, any Python and any processor; only words per second, seconds and Theano's
own warnings are left out. So they train without dropout, for which the engines draw other random
numbers; in float64, as processors round the last digits otherwise; and with 32 units. The
parameters start from singular vectors, whose sign is LAPACK's choice: below 26 units its QR
iteration chooses by version and by processor, from there on its divide and conquer always does
alike (tried: NumPy 1.21 and 2.4, on OpenBLAS's kernels for Prescott, Nehalem, Sandy Bridge, Haswell
and Skylake-X, up to 120 seeds a size).
"""
import ast
import functools
import json
import os
import re
import shlex
import subprocess
import sys
import tempfile
import textwrap

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(HERE)
PAGES = ('tutorial.md', 'tutorial.zh.md')
BLOCK = re.compile(r'<!-- (code|run|rows|lines)(?:: (\S+))? -->\n'
                   r'(```.*?\n```|(?:\|[^\n]*\n?)+)', re.S)
FENCE = re.compile(r'^```(\w*)\n(.*?)\n```$', re.S | re.M)
INLINE = re.compile(r'(?<!\S)\$([^$\n]+)\$')
# where Theano finds no BLAS; what the verbs say on a slow machine alone
WARNINGS = re.compile(r'^([A-Z]+ \(theano\.\S+\): .*|compiling the model|compiled; \d+ s)\n', re.M)
TIMES = re.compile(r'\d+(?= words/s)|\d+(?= s;)')


def read(*path):
    """Return the text of a file of the project."""
    with open(os.path.join(ROOT, *path), encoding='utf-8') as file:
        return file.read()


# --- What blocks are filled with --------------------------------------------------------------


@functools.lru_cache(None)
def source_of(name):
    """Return the source of a function, ``module.function``; KeyError if the module has none.

    A module is named from the project's root, or it is a script of this folder.
    """
    *module, function = name.split('.')
    path = os.path.join(*module) + '.py'
    text = read(path if os.path.exists(os.path.join(ROOT, path)) else os.path.join('docs', path))
    node = {child.name: child for child in ast.parse(text).body if hasattr(child, 'name')}[function]
    first = min([node.lineno] + [decorator.lineno for decorator in node.decorator_list])
    return textwrap.dedent('\n'.join(text.splitlines()[first - 1:node.end_lineno]))


def lines_of(name):
    """Return the lines of a function, without indentation and comments."""
    return [re.sub(r'\s+# .*', '', line).strip() for line in source_of(name).splitlines()]


def commands_of(block):
    """Return the commands of a console block; one that ends in a backslash goes on below."""
    return tuple(re.findall(r'^\$ ((?:.*\\\n)*.*)', block, re.M))


@functools.lru_cache(None)
def run(commands):
    """Run commands one after the other in a folder that looks like the project's; return outputs.

    They are of both streams, as on a terminal, without Theano's warnings. Links stand for the
    scripts: what the commands write stays out of the project.
    """
    environment = dict(os.environ, THEANO_FLAGS='', PYTENSOR_FLAGS='', PYTHONUNBUFFERED='1')
    ours = [re.sub(r'\bpython(?= \w+\.py)', shlex.quote(sys.executable), command)
            for command in commands]
    with tempfile.TemporaryDirectory() as folder:
        environment['SENTIMENT_DATA'] = os.path.join(folder, 'data')
        for name in ('lstm.py', 'imdb_preprocess.py', 'sentiment', 'docs'):
            os.symlink(os.path.join(ROOT, name), os.path.join(folder, name))
        return [show(command, folder, environment) for command in ours]


def show(command, folder, environment):
    """Return what a command prints; raise RuntimeError with it if the command fails."""
    done = subprocess.run(command, shell=True, cwd=folder, env=environment, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT)
    output = WARNINGS.sub('', done.stdout.decode()).rstrip('\n')
    if done.returncode:
        raise RuntimeError('$ %s\n%s' % (command, output))
    return output


def outputs(text):
    """Return command -> output of all commands of a page, which are run in its order."""
    commands = tuple(command for kind, _, block in BLOCK.findall(text) if kind == 'run'
                     for command in commands_of(block))
    return dict(zip(commands, run(commands)))


def measured_rows(name):
    """Return the cells of a table of what docs/measure.py measured."""
    measured = json.loads(read('docs', 'measured.json'))[name]
    if name == 'scales':
        return [['`%s`' % parameter, '%.1e' % value] for parameter, value in measured.items()]
    return [['`%s`' % run['options']] + ['%.3f' % error for error in run['errors']]
            for run in measured.values()]


def without_times(block):
    """Return a console block in which every speed and duration reads as the same."""
    return TIMES.sub('…', block)


def fill(match, text):
    """Return what a marked block of ``text`` should be, its marker included."""
    kind, name, block = match.groups()
    head = match.group(0)[:-len(block)]
    if kind == 'code':
        block = '```python\n%s\n```' % source_of(name)
    elif kind == 'rows':
        rows = ['| %s |\n' % ' | '.join(cells) for cells in measured_rows(name)]
        block = ''.join(block.splitlines(True)[:2] + rows)
    elif kind == 'run':
        printed = outputs(text)
        parts = [['$ ' + command] + [printed[command]] * bool(printed[command])
                 for command in commands_of(block)]
        fresh = '```console\n%s\n```' % '\n'.join(sum(parts, []))
        block = block if without_times(block) == without_times(fresh) else fresh
    return head + block


def filled(text):
    """Return a page with all its blocks filled anew."""
    return BLOCK.sub(lambda match: fill(match, text), text)


# --- What a page holds ------------------------------------------------------------------------


def sections(text):
    """Return the page cut before each heading; a # in a fenced block is none."""
    marks = [match.start() for match in re.finditer(r'^#+ ', mask_fences(text), re.M)]
    return [text[start:end] for start, end in zip(marks, marks[1:] + [len(text)])]


def mask_fences(text):
    """Return the text with fenced blocks blotted out, each character in its place."""
    return FENCE.sub(lambda match: re.sub(r'\S', ' ', match.group(0)), text)


def prose(text):
    """Return the text without fenced blocks and code."""
    return re.sub(r'`[^`\n]*`', ' ', FENCE.sub('', text))


def tables(text):
    """Return the tables marked <!-- lines -->: rows of (equations, line of code, function)."""
    blocks = [block for kind, _, block in BLOCK.findall(text) if kind == 'lines']
    rows = [line.strip(' |').split(' | ') for block in blocks for line in block.splitlines()[2:]]
    return [(re.findall(r'\((\w+)\)', cells[0]), cells[1].strip('` '), cells[2].strip('` '))
            for cells in rows]


def equations(text):
    """Return the numbers of the page's equations, in order."""
    return re.findall(r'\\tag\{(\w+)\}', text)


def outline(text):
    """Return what both languages have in common, a list for each section.

    The heading's level and number, formulas, fenced blocks, figures and links, code in tables.
    """
    common = []
    for section in sections(text):
        words = prose(section)
        common.append({
            'heading': re.match(r'#+ (?:\d+\.)?', section).group(0),
            'blocks': [without_times(block) for _, block in FENCE.findall(section)],
            'formulas': sorted(set(INLINE.findall(words))),
            'links': sorted(name.replace('.zh.', '.') for name in links(section)),
            'lines': tables(section)})
    return common


def links(text):
    """Return the targets of a page's links and figures."""
    return re.findall(r'\]\((\S+?)\)', prose(text))


def main():
    """Write the pages anew, or say which differ; return the exit status."""
    status = 0
    for page in PAGES:
        old, new = read('docs', page), filled(read('docs', page))
        if old == new:
            continue
        status = 1
        print('docs/%s: %s' % (page, 'not what the source says' if '--check' in sys.argv else
                               'filled anew'))
        if '--check' not in sys.argv:
            status = 0
            with open(os.path.join(HERE, page), 'w', encoding='utf-8') as file:
                file.write(new)
    return status


if __name__ == '__main__':
    sys.exit(main())
