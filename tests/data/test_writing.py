"""What is written is whole or not there at all, and stands where the user said."""
import os
import socket
import stat
import subprocess
import sys

import pytest

from sentiment.data import writing
from sentiment.data.errors import BadInput
from sentiment.data.writing import check_can_write, check_can_write_in, write_whole
from tests.helpers import ROOT, full_disk


def write(path, data=b'new'):
    """Write a file whole."""
    with write_whole(str(path)) as file:
        file.write(data)


def test_a_file_appears_whole_with_the_usual_mode(tmp_path):
    path = tmp_path / 'new'
    with write_whole(str(path)) as file:
        file.write(b'all of it')
        assert not path.exists()
    (tmp_path / 'usual').write_bytes(b'')
    assert path.read_bytes() == b'all of it'
    assert stat.S_IMODE(path.stat().st_mode) == stat.S_IMODE((tmp_path / 'usual').stat().st_mode)


def test_a_bare_name_is_written_to_the_current_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with write_whole('bare') as file:
        file.write(b'x')
    assert os.listdir(str(tmp_path)) == ['bare']


@pytest.mark.parametrize('step', ['fsync', 'replace'])
def test_a_full_disk_is_named_and_the_old_file_survives(tmp_path, monkeypatch, step):
    path = tmp_path / 'model'
    path.write_bytes(b'old')
    monkeypatch.setattr(os, step, full_disk)
    with pytest.raises(BadInput, match='model: No space left on device'):
        with write_whole(str(path)) as file:
            file.write(b'new')
    assert path.read_bytes() == b'old' and os.listdir(str(tmp_path)) == ['model']


@pytest.mark.skipif(not os.path.exists('/dev/full'), reason='this system has no /dev/full')
def test_a_disk_that_is_really_full_is_named(tmp_path, monkeypatch):
    path, real_open = tmp_path / 'model', open
    path.write_bytes(b'old')
    monkeypatch.setattr('builtins.open', lambda name, mode: real_open('/dev/full', 'wb'))
    with pytest.raises(BadInput, match='model: No space left on device'):
        with write_whole(str(path)) as file:
            file.write(b'new' * 10 ** 5)
    assert path.read_bytes() == b'old'


@pytest.mark.parametrize('error', [KeyboardInterrupt, SystemExit, ValueError])
def test_an_interruption_leaves_the_old_file(tmp_path, error):
    path = tmp_path / 'model'
    path.write_bytes(b'old')
    with pytest.raises(error):
        with write_whole(str(path)) as file:
            file.write(b'new')
            raise error
    assert path.read_bytes() == b'old' and os.listdir(str(tmp_path)) == ['model']


def test_a_missing_folder_and_a_folder_in_the_way_are_named(tmp_path):
    (tmp_path / 'folder').mkdir()
    for name in ('none/file', 'folder'):
        with pytest.raises(BadInput, match=name):
            with write_whole(str(tmp_path / name)) as file:
                file.write(b'new')
    assert os.listdir(str(tmp_path)) == ['folder']


# --- Where it goes ----------------------------------------------------------------------------


def make_fifo(path):
    os.mkfifo(str(path))


def make_socket(path):
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))


@pytest.mark.skipif(not hasattr(os, 'mkfifo'), reason='this system has no FIFOs')
@pytest.mark.parametrize('make, named', [
    (make_fifo, 'not a regular file but a pipe'), (make_socket, 'not a regular file but a socket'),
    (os.mkdir, 'not a regular file but a folder')])
def test_only_a_regular_file_is_replaced(make, named, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # the name of a socket is short
    make('node')
    kind = stat.S_IFMT(os.stat('node').st_mode)
    for refuse in (check_can_write, write):
        with pytest.raises(BadInput, match='node: ' + named):
            refuse('node')
    assert stat.S_IFMT(os.stat('node').st_mode) == kind and os.listdir() == ['node']


def test_a_link_keeps_its_target(tmp_path):
    (tmp_path / 'real').mkdir()
    link, target = tmp_path / 'link.npz', tmp_path / 'real' / 'model.npz'
    link.symlink_to(os.path.join('real', 'model.npz'))
    for data in (b'first', b'second'):  # dangling, then not
        check_can_write(str(link))
        write(link, data)
        assert link.is_symlink() and target.read_bytes() == data
    assert os.listdir(str(tmp_path / 'real')) == ['model.npz']


@pytest.mark.parametrize('length', [1, 240, 255])
def test_any_name_that_the_system_takes_is_written(length, tmp_path):
    check_can_write(str(tmp_path / ('x' * length)))
    assert os.listdir(str(tmp_path)) == []
    write(tmp_path / ('x' * length))
    assert os.listdir(str(tmp_path)) == ['x' * length]


def test_a_name_that_is_too_long_is_found_out_before(tmp_path):
    with pytest.raises(BadInput, match='File name too long') as caught:
        check_can_write(str(tmp_path / ('x' * 256)))
    assert len(str(caught.value)) < 1000


def test_a_loop_of_links_is_one_line(tmp_path):
    (tmp_path / 'a').symlink_to('b')
    (tmp_path / 'b').symlink_to('a')
    with pytest.raises(BadInput, match='/a'):
        check_can_write(str(tmp_path / 'a'))


def test_a_folder_that_takes_no_file_is_named(tmp_path, monkeypatch):
    def forbidden(*_):
        raise PermissionError(13, 'Permission denied')

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(writing, 'create', forbidden)
    with pytest.raises(BadInput, match='%s: no file can be written in this folder: Permission'
                                       % tmp_path):
        check_can_write('model.npz')
    with pytest.raises(BadInput, match='new: no file can be written'):
        check_can_write_in(str(tmp_path / 'new'))


def test_a_full_disk_is_found_out_before(tmp_path, monkeypatch):
    monkeypatch.setattr(os, 'fsync', full_disk)
    with pytest.raises(BadInput, match='No space left'):
        check_can_write(str(tmp_path / 'model'))
    assert os.listdir(str(tmp_path)) == []


def test_a_missing_folder_is_named_in_full(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(BadInput, match='%s: no such folder to write m.npz in' % (tmp_path / 'no')):
        check_can_write(os.path.join('no', 'm.npz'))
    for path in ('', 'folder/'):
        with pytest.raises(BadInput, match='is a folder'):
            check_can_write(path)


def test_the_cache_folder_below_a_file_is_named(tmp_path):
    (tmp_path / 'home').write_bytes(b'')
    with pytest.raises(BadInput, match='home/.cache'):
        check_can_write_in(str(tmp_path / 'home' / '.cache'))


# --- What a killed process left ---------------------------------------------------------------


KILLED = """
import os, sys
sys.path.insert(0, sys.argv[2])
from sentiment.data.writing import write_whole
with write_whole(sys.argv[1]) as file:
    file.write(b'half')
    file.flush()
    if len(sys.argv) == 4:
        print('writing', flush=True)
        sys.stdin.readline()
    else:
        os._exit(9)
"""


@pytest.mark.skipif(writing.fcntl is None, reason='this system has no file locks')
def test_what_a_killed_process_left_is_cleared_by_the_next(tmp_path):
    path, other = str(tmp_path / 'model[1].npz'), str(tmp_path / 'other.npz')
    for name in (path, other):
        assert subprocess.call([sys.executable, '-c', KILLED, name, ROOT]) == 9
    assert len(os.listdir(str(tmp_path))) == 2
    check_can_write(path)
    assert len(os.listdir(str(tmp_path))) == 1  # the other's is the other's
    write(other)
    write(path)
    assert sorted(os.listdir(str(tmp_path))) == ['model[1].npz', 'other.npz']


@pytest.mark.skipif(writing.fcntl is None, reason='this system has no file locks')
def test_what_a_living_process_writes_is_left_alone(tmp_path):
    path = str(tmp_path / 'model.npz')
    with subprocess.Popen([sys.executable, '-c', KILLED, path, ROOT, 'wait'], bufsize=0,
                          stdin=subprocess.PIPE, stdout=subprocess.PIPE) as living:
        assert living.stdout.readline() == b'writing\n'
        write(path, b'ours')
        assert len(os.listdir(str(tmp_path))) == 2
        living.communicate(b'\n')
    assert living.returncode == 0
    with open(path, 'rb') as file:
        assert file.read() == b'half'
    assert os.listdir(str(tmp_path)) == ['model.npz']


def test_a_temporary_file_that_is_cleared_too_early_is_made_again(tmp_path, monkeypatch):
    lock, calls = writing.try_lock, []

    def cleared(descriptor, wait):
        if not calls:
            calls.extend(tmp_path.iterdir())
            calls[0].unlink()
        return lock(descriptor, wait)

    monkeypatch.setattr(writing, 'try_lock', cleared)
    write(tmp_path / 'model')
    assert (tmp_path / 'model').read_bytes() == b'new' and len(calls) == 1


@pytest.mark.parametrize('missing', [None, 'locks'])
def test_a_system_without_locks_writes_too(missing, tmp_path, monkeypatch):
    if missing:
        monkeypatch.setattr(writing, 'try_lock', lambda descriptor, wait: False)
    else:
        monkeypatch.setattr(writing, 'fcntl', None)
    check_can_write(str(tmp_path / 'model'))
    write(tmp_path / 'model')
    assert os.listdir(str(tmp_path)) == ['model']
