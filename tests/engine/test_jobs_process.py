"""The jobs process: answers, refusals in words, and a crash that costs nothing."""

import multiprocessing
import threading
from collections.abc import Iterator

import numpy as np
import pytest

from core.engine import jobs as jobs_module
from core.engine.jobs import Job, JobDone, JobFailed, JobPartial, jobs_main
from core.engine.process import ChildProcess
from core.spec import DataSource, DataSpec


@pytest.fixture
def jobs() -> Iterator[ChildProcess]:
    child = ChildProcess(jobs_main, name="jobs")
    yield child
    child.kill()


def answer(child: ChildProcess, job: Job) -> JobDone | JobFailed:
    child.send(job)
    for _ in range(400):
        for message in child.wait(0.05):
            if isinstance(message, JobDone | JobFailed):
                return message
    raise AssertionError("no answer")


def test_reads_prepares_and_tells_of_it(jobs) -> None:
    spec = DataSpec(DataSource("sample", "iris"))
    assert answer(jobs, Job(1, "inspect", (spec,))).result.rows == 150
    prepared = answer(jobs, Job(2, "prepare", (spec,))).result
    assert sum(prepared.rows.values()) == 150


def test_images_can_be_looked_at_while_they_are_prepared(jobs, tmp_path) -> None:
    np.savez(tmp_path / "d.npz", x=np.ones((900, 40, 40), np.uint8), y=np.arange(900) % 3)
    spec = DataSpec(DataSource("file", "d.npz", str(tmp_path / "d.npz")))
    jobs.send(Job(1, "prepare", (spec,)))
    seen = []
    while not any(isinstance(message, JobDone | JobFailed) for message in seen):
        seen += jobs.wait(0.05)
    partial = [message.value for message in seen if isinstance(message, JobPartial)]
    assert partial
    assert partial[0].shape == (40, 40, 1)


def test_a_bad_file_is_a_refusal_in_words(jobs, tmp_path) -> None:
    path = tmp_path / "junk.csv"
    path.write_bytes(bytes(range(256)) * 20)
    failed = answer(jobs, Job(1, "inspect", (DataSpec(DataSource("file", path.name, str(path))),)))
    assert isinstance(failed, JobFailed)
    assert failed.error is not None
    assert "junk.csv" in str(failed.error)


def test_a_defect_comes_with_its_traceback(jobs) -> None:
    failed = answer(jobs, Job(1, "inspect", (None,)))
    assert isinstance(failed, JobFailed)
    assert failed.error is None
    assert "Traceback" in failed.details


def test_goes_on_after_a_refusal(jobs, tmp_path) -> None:
    answer(jobs, Job(1, "open_project", (str(tmp_path / "none.chainrule"),)))
    assert isinstance(answer(jobs, Job(2, "inspect", (DataSpec(DataSource("sample", "wine")),))), JobDone)


def test_a_lower_limit_of_the_system_is_no_obstacle(monkeypatch) -> None:
    """Only an administrator may raise a hard limit: asking for it would end the process at its start."""
    resource = pytest.importorskip("resource")
    asked = []
    monkeypatch.setattr(jobs_module.sys, "platform", "linux")
    monkeypatch.setattr(resource, "getrlimit", lambda _kind: (2**30, 2**31))
    monkeypatch.setattr(resource, "setrlimit", lambda _kind, limits: asked.append(limits))
    jobs_module.limit_memory()
    ((soft, hard),) = asked
    assert soft <= 2**30
    assert hard == 2**31


def test_a_result_that_cannot_travel_is_a_defect_told_in_words(monkeypatch) -> None:
    ours, theirs = multiprocessing.Pipe()
    monkeypatch.setattr(jobs_module, "limit_memory", lambda: None)
    monkeypatch.setattr(jobs_module, "step_back", lambda: None)
    monkeypatch.setattr(jobs_module.signal, "signal", lambda *_: None)
    monkeypatch.setitem(jobs_module.JOBS, "inspect", lambda _report: lambda: None)
    ours.send(Job(1, "inspect"))
    ours.send(Job(2, "save_predictions", ("x", None)))
    server = threading.Thread(target=jobs_main, args=(theirs,))
    server.start()
    answers = [ours.recv() for _ in range(2) if ours.poll(5)]
    ours.close()
    server.join(5)
    first, second = answers
    assert isinstance(first, JobFailed)
    assert "pickle" in first.details
    assert second.id == 2
