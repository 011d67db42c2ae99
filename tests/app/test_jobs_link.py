"""The window's end of the jobs process."""

import os
import signal
from collections.abc import Iterator

import pytest

from app.jobs_link import JobsLink
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
