"""What is said of slow work: nothing where it is quick, two lines where it is not."""
import threading

import pytest

from sentiment import log


def test_what_is_quick_is_not_spoken_of():
    assert log.PATIENCE >= 600  # in tests, or a busy machine would say more than others
    with log.kept() as lines:
        with log.slow('counting', 'counted'):
            pass
    assert lines == []


def test_what_is_slow_is_said_while_it_is_done_and_when_it_is(monkeypatch, capsys):
    monkeypatch.setattr(log, 'PATIENCE', 0)
    began = threading.Event()
    with log.kept() as lines:
        with log.slow('counting', 'counted'):
            while not lines:  # said by another thread, to whoever listens to this one
                began.wait(0.01)
            assert lines == [('counting', 'counting')]
    assert lines[1][1].startswith('counted; ')
    assert capsys.readouterr().err == ''


def test_what_fails_is_not_said_to_be_done(monkeypatch):
    monkeypatch.setattr(log, 'PATIENCE', 0)
    with log.kept() as lines:
        with pytest.raises(KeyError), log.slow('counting', 'counted'):
            while not lines:
                pass
            raise KeyError
    assert [line for _, line in lines] == ['counting']
