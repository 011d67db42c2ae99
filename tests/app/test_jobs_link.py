"""The window's end of the jobs process."""

import os
import signal
from collections.abc import Iterator

import pytest

from app import jobs_link
from app.jobs_link import JobsLink
from core.engine.jobs import Job
from core.spec import DataSource, DataSpec


@pytest.fixture
def jobs(qapp) -> Iterator[JobsLink]:
    link = JobsLink()
    link.start()
    yield link
    link.shutdown()


def test_a_process_that_died_while_nothing_ran_is_no_ones_business(jobs, qtbot) -> None:
    os.kill(jobs._child.pid, signal.SIGTERM)
    qtbot.waitUntil(lambda: not jobs._child.alive)
    done, failed = [], []
    args = (DataSpec(DataSource("sample", "iris")),)
    jobs.submit("inspect", args, label="Reading", done=done.append, failed=failed.append)
    qtbot.waitUntil(lambda: bool(done or failed), timeout=15_000)
    assert failed == []
    assert done[0].rows == 150


def test_the_time_left_is_that_of_the_step_under_way(monkeypatch):
    now = [100.0]
    monkeypatch.setattr(jobs_link.time, "monotonic", lambda: now[0])
    running = jobs_link._Waiting(Job(1, "x"), "Reading", print, print, "")
    assert running.seconds_left("Reading", 0.1) is None
    now[0] += 2
    assert running.seconds_left("Reading", 0.5) == 2.0
    assert running.seconds_left("Preparing", 0.01) is None
    now[0] += 1
    assert running.seconds_left("Preparing", 0.25) == 3.0
    assert running.seconds_left("Preparing", 0.05) is None
