"""Kernels run in parts: each part once, whoever is there to do it; what happens to an error."""
import os
import threading
import time
import warnings
from types import SimpleNamespace

import numpy
import pytest
from numba import types
from numba.extending import intrinsic

from sentiment.fast import team as module
from sentiment.fast.team import (ALL, Team, add, give_way, job, look, nanoseconds, run_parts,
                                 share, swap)
from sentiment.fast.threads import jit

N_LOOKS, N_TRIES = 10 ** 4, 10 ** 4  # a minute or so at most: before that, any thread has come


@jit
def mark(part, board, n_parts, first, done):
    """Count in ``done`` that a part was done, as by ``first``."""
    if part == ALL:
        return share(board, n_parts, *job())
    done[part] += first + part
    return 0


@jit
def meet(part, board, n_parts, here):
    """Wait until all parts are being done at the same time."""
    if part == ALL:
        return share(board, n_parts, *job())
    add(here, 0, 1)
    for _ in range(N_LOOKS):
        if look(here, 0) == n_parts:
            add(here, 1, 1)
            break
        give_way()
    return 0


@jit
def fail(part, board, n_parts, wrong, done):
    if part == ALL:
        return share(board, n_parts, *job())
    if part == wrong:
        raise ValueError
    done[part] = 1
    return 0


@intrinsic
def has_owner(typing_context, array):
    """Whether references to an array are counted."""
    def emit(context, builder, signature, arguments):
        owner = context.make_array(array)(context, builder, arguments[0]).meminfo
        return builder.icmp_unsigned('!=', owner, owner.type(None))
    return types.boolean(array), emit


@jit
def take_apart(part, board, n_parts, flags, bytes_, numbers, pair, owners, sums):
    """Sum up a part of arrays of several kinds, in a part and in a pair; say what has an owner."""
    if part == ALL:
        owners[n_parts] = has_owner(flags) + has_owner(numbers) + has_owner(pair[0])
        return share(board, n_parts, *job())
    owners[part] = has_owner(flags) + has_owner(numbers) + has_owner(pair[0])
    for k in range(part, len(flags), n_parts):
        sums[part] += flags[k] + 2 * bytes_[0, k] + 4 * numbers[k, 0] + 8 * pair[0][k] + pair[1]
    return 0


def test_no_references_to_arrays_are_counted_in_a_part():
    rng = numpy.random.RandomState(0)
    flags, bytes_ = rng.rand(9) < 0.5, rng.randint(-9, 9, (1, 9)).astype('int8')
    numbers, first, owners, sums = rng.rand(9, 1), rng.rand(9), *numpy.zeros((2, 4))
    run_parts(take_apart, 3, flags, bytes_, numbers, (first, 16.), owners, sums)
    assert owners.tolist() == [0, 0, 0, 3]
    wanted = flags + 2. * bytes_[0] + 4 * numbers[:, 0] + 8 * first + 16
    numpy.testing.assert_allclose(sums[:3], [wanted[part::3].sum() for part in range(3)])


def is_done(team, n_parts, n_jobs=1):
    """Have a team do jobs; return whether each part of each was done once."""
    done = numpy.zeros(n_parts, 'int64')
    for _ in range(n_jobs):
        assert mark(ALL, team.board(), n_parts, 7, done) == 0
    return (done == n_jobs * (7 + numpy.arange(n_parts))).all()


@pytest.fixture
def make_team():
    teams = []

    def make(n_threads):
        teams.append(Team(n_threads))
        return teams[-1]
    yield make
    for one in teams:
        one.close()


def wait_for(condition):
    """Wait until the condition holds, for a minute at most."""
    for _ in range(60000):
        if condition():
            return True
        time.sleep(0.001)
    return False


@pytest.mark.parametrize('n_threads', [1, 2, 5])
@pytest.mark.parametrize('n_parts', [1, 2, 9])
def test_every_part_is_done_once(make_team, n_threads, n_parts):
    assert is_done(make_team(n_threads), n_parts, 500)


def all_meet(team, n_parts):
    """Return whether all parts were done at the same time in one of many jobs."""
    here = numpy.zeros(2, 'int64')
    for _ in range(N_TRIES):
        here[:] = 0
        assert meet(ALL, team.board(), n_parts, here) == 0
        if here[1] == n_parts:
            return True
    return False


def test_parts_are_done_at_the_same_time(make_team):
    assert all_meet(make_team(3), 3)


def test_who_sleeps_is_woken(make_team):
    team = make_team(2)
    for _ in range(3):
        assert all_meet(team, 2)
        assert wait_for(lambda: not team.wake.is_set())


def test_nobody_is_called_for_a_few_jobs(make_team):
    team = make_team(2)
    assert is_done(team, 2, module.ALONE) and not team.threads[0].ident
    assert is_done(team, 2) and team.threads[0].ident


def test_whoever_does_not_come_is_not_waited_for(make_team):
    team = make_team(4)
    team.start()
    team.close()
    assert not any(thread.is_alive() for thread in team.threads)
    assert is_done(team, 4, 100)


def test_where_no_more_threads_can_be_had(make_team, monkeypatch):
    team = make_team(4)

    def start():
        raise RuntimeError("can't start new thread")
    monkeypatch.setattr(team.threads[1], 'start', start)
    assert is_done(team, 4, 100)
    assert len(team.threads) == 1


def test_while_the_team_works_for_another(make_team):
    team = make_team(2)
    team.board()[module.BUSY] = 1
    assert is_done(team, 5)
    assert team.board()[module.JOB] == 0  # nothing was written down for the others
    assert team.board()[module.BUSY] == 1


@pytest.mark.skipif(not module.POSIX, reason='no clock here')
def test_who_had_to_wait_for_a_processor_rests(make_team, monkeypatch):
    rests, wait = [], threading.Event()
    monkeypatch.setattr(module, 'help_out', lambda board, patience: True)  # crowded, always
    monkeypatch.setattr(module, 'time', SimpleNamespace(
        sleep=lambda seconds: (rests.append(seconds), wait.wait(0.001))))
    team = make_team(2)
    team.start()
    assert wait_for(lambda: len(rests) >= 3) and set(rests) == {module.REST}
    assert is_done(team, 2)


def test_time_goes_on():
    @jit
    def now():
        return nanoseconds()
    before = now()
    time.sleep(0.01)
    assert 10 ** 7 <= now() - before or not module.POSIX


def test_any_number_of_callers(make_team):
    team, right = make_team(3), []
    callers = [threading.Thread(target=lambda: right.append(is_done(team, 3, 3000)))
               for _ in range(4)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    assert right == [True] * 4


@pytest.mark.skipif(not hasattr(os, 'fork'), reason='processes do not fork here')
@pytest.mark.parametrize('worked_before', [True, False])
def test_a_fork_has_a_team_of_its_own(worked_before):
    if worked_before:
        assert is_done(module.team, 2)
    with warnings.catch_warnings():
        warnings.simplefilter('ignore', DeprecationWarning)  # of threads and forks
        pid = os.fork()
    if not pid:
        well = False
        try:
            well = is_done(module.team, 2, 100) and (
                all(thread.is_alive() for thread in module.team.threads))
        finally:
            os._exit(0 if well else 1)
    assert os.waitpid(pid, 0)[1] == 0


@pytest.mark.parametrize('wrong', [0, 1, 2])
def test_an_error_in_any_part_is_raised(wrong):
    done = numpy.zeros(3, 'int64')
    with pytest.raises(MemoryError, match='fail'):
        run_parts(fail, 3, wrong, done)
    assert done.tolist() == [part != wrong for part in range(3)]
    run_parts(mark, 3, 1, done)  # as if nothing had been


def test_a_number_is_swapped_for_the_one_that_was_seen():
    @jit
    def try_it(board, old):
        return swap(board, 1, old, 9)
    board = numpy.array([1, 2, 3])
    assert not try_it(board, 3)
    assert try_it(board, 2)
    assert board.tolist() == [1, 9, 3]
