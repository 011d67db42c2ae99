"""Saving under faults: the old file or the new one, never neither, never half of one."""

import errno
import os
import random
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

import pytest

from core.errors import UserInputError
from core.project import atomic
from core.project.atomic import atomic_write, clean_orphans, previous_version

OLD, NEW = b"old version", b"new version " * 1000


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "work.chainrule"
    path.write_bytes(OLD)
    return path


def fails_with(code: int) -> Callable[..., Any]:
    def fail(*args: Any, **kwargs: Any) -> Any:
        raise OSError(code, os.strerror(code))

    return fail


def test_bytes_and_functions_are_written_whole(file: Path) -> None:
    atomic_write(file, NEW)
    assert file.read_bytes() == NEW

    def write(out: BinaryIO) -> None:
        out.write(b"0123456789")
        out.seek(2)
        out.write(b"__")

    atomic_write(file, write)
    assert file.read_bytes() == b"01__456789"
    assert os.listdir(file.parent) == [file.name]


@pytest.mark.parametrize("call", ["open", "fsync", "replace"])
@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EROFS, errno.EIO])
def test_a_failing_system_call_leaves_the_old_file(file: Path, monkeypatch: Any, call: str, code: int) -> None:
    monkeypatch.setattr(os, call, fails_with(code))
    with pytest.raises(UserInputError) as caught:
        atomic_write(file, NEW)
    monkeypatch.undo()
    assert file.read_bytes() == OLD
    assert os.listdir(file.parent) == [file.name]
    assert str(file) in str(caught.value)
    assert caught.value.remedy
    if code == errno.ENOSPC:
        assert "full" in caught.value.what
        assert "unchanged" in caught.value.reason


def test_a_function_that_fails_leaves_the_old_file(file: Path) -> None:
    def write(out: BinaryIO) -> None:
        out.write(NEW)
        raise ValueError("a defect")

    with pytest.raises(ValueError, match="a defect"):
        atomic_write(file, write)
    assert file.read_bytes() == OLD
    assert os.listdir(file.parent) == [file.name]


@pytest.mark.skipif(os.name == "nt", reason="POSIX file size limit")
def test_a_real_limit_on_the_size_leaves_the_old_file(file: Path) -> None:
    code = (
        "import resource, sys; resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))\n"
        "from core.project.atomic import atomic_write\n"
        "from core.errors import UserInputError\n"
        "try: atomic_write(sys.argv[1], b'x' * 1_000_000)\n"
        "except UserInputError as err: print(err.what)\n"
    )
    done = subprocess.run([sys.executable, "-c", code, str(file)], env=environment(), capture_output=True, text=True)
    assert "grew larger" in done.stdout, done.stderr
    assert file.read_bytes() == OLD
    assert os.listdir(file.parent) == [file.name]


def environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(Path(atomic.__file__).parents[2])}


def test_missing_folder_long_name_and_folder_in_the_way_are_explained(tmp_path: Path) -> None:
    with pytest.raises(UserInputError, match="does not exist"):
        atomic_write(tmp_path / "gone" / "a.chainrule", NEW)
    with pytest.raises(UserInputError, match="cannot be used"):
        atomic_write(tmp_path / ("n" * 300), NEW)
    (tmp_path / "taken").mkdir()
    with pytest.raises(UserInputError, match="A folder has this name"):
        atomic_write(tmp_path / "taken", NEW)


def test_a_write_protected_file_is_not_replaced(file: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr(os, "access", lambda path, mode: False)  # root may write anything
    with pytest.raises(UserInputError, match="write-protected"):
        atomic_write(file, NEW)
    assert file.read_bytes() == OLD


def test_the_previous_version_is_kept_and_only_on_success(file: Path, monkeypatch: Any) -> None:
    atomic_write(file, b"second", keep_previous=True)
    assert previous_version(file).read_bytes() == OLD
    monkeypatch.setattr(os, "fsync", fails_with(errno.ENOSPC))
    with pytest.raises(UserInputError):
        atomic_write(file, b"third", keep_previous=True)
    monkeypatch.undo()
    assert (file.read_bytes(), previous_version(file).read_bytes()) == (b"second", OLD)
    monkeypatch.setattr(os, "link", fails_with(errno.EPERM))  # as on FAT
    atomic_write(file, b"third", keep_previous=True)
    assert (file.read_bytes(), previous_version(file).read_bytes()) == (b"third", b"second")
    assert sorted(os.listdir(file.parent)) == [file.name, file.name + "~"]


def test_a_blocked_rename_is_tried_again_a_few_times(file: Path, monkeypatch: Any) -> None:
    replace, calls = os.replace, []

    def blocked_twice(source: Any, target: Any) -> None:
        calls.append(target)
        if len(calls) <= 2:
            raise PermissionError(errno.EACCES, "held by a scanner")
        replace(source, target)

    monkeypatch.setattr(os, "replace", blocked_twice)
    atomic_write(file, NEW)
    assert file.read_bytes() == NEW
    calls.clear()
    monkeypatch.setattr(os, "replace", fails_with(errno.EACCES))
    began = time.monotonic()
    with pytest.raises(UserInputError, match="does not allow writing"):
        atomic_write(file, OLD)
    assert time.monotonic() - began < 3
    assert file.read_bytes() == NEW


def test_after_a_failed_fsync_a_fresh_file_is_written(file: Path, monkeypatch: Any) -> None:
    fsync, seen = os.fsync, []

    def fails_once(descriptor: int) -> None:
        seen.append(os.fstat(descriptor).st_ino)
        if len(seen) == 1:
            raise OSError(errno.EIO, "input/output error")
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", fails_once)
    atomic_write(file, NEW)
    assert file.read_bytes() == NEW
    assert file.stat().st_ino == seen[1]
    assert len(seen) == 3  # the failed file, the fresh one, the folder
    assert os.listdir(file.parent) == [file.name]


def test_a_folder_that_cannot_be_confirmed_is_not_called_saved(file: Path, monkeypatch: Any) -> None:
    calls = []

    def fails_for_the_folder(descriptor: int) -> None:
        calls.append(descriptor)
        if len(calls) == 2:
            raise OSError(errno.EIO, "input/output error")

    monkeypatch.setattr(os, "fsync", fails_for_the_folder)
    with pytest.raises(UserInputError, match="did not confirm"):
        atomic_write(file, NEW)


@pytest.mark.skipif(os.name == "nt", reason="POSIX links and permissions")
def test_links_are_followed_and_permissions_stay(file: Path) -> None:
    file.chmod(0o640)
    link = file.parent / "link.chainrule"
    link.symlink_to(file.name)
    atomic_write(link, NEW)
    assert link.is_symlink()
    assert file.read_bytes() == NEW
    assert file.stat().st_mode & 0o777 == 0o640


def test_orphans_go_and_everything_else_stays(tmp_path: Path) -> None:
    orphan = tmp_path / f".work.chainrule.0a1b2c{atomic.TEMPORARY_SUFFIX}"
    fresh = tmp_path / f".other.chainrule.3d4e5f{atomic.TEMPORARY_SUFFIX}"
    mine = tmp_path / "notes.chainrule-tmp"
    for path in (orphan, fresh, mine):
        path.write_bytes(b"x")
    os.utime(orphan, (time.time() - 3600,) * 2)
    os.utime(mine, (time.time() - 3600,) * 2)
    assert clean_orphans(tmp_path) == (orphan,)
    assert fresh.exists()
    assert mine.exists()
    assert clean_orphans(tmp_path / "missing") == ()


@pytest.mark.skipif(os.name == "nt", reason="SIGKILL")
def test_killed_at_any_moment_the_file_is_old_or_new(tmp_path: Path) -> None:
    """The child writes version after version, each 400 kB of one letter; it is killed a dozen times."""
    path = tmp_path / "work.chainrule"
    path.write_bytes(b"a" * 400_000)
    code = (
        "import itertools, sys\n"
        "from core.project.atomic import atomic_write\n"
        "def slowly(letter):\n"
        "    def write(out):\n"
        "        for _ in range(400): out.write(letter * 1000); out.flush()\n"
        "    return write\n"
        "print('ready', flush=True)\n"
        "for letter in itertools.cycle((b'a', b'b', b'c')):\n"
        "    atomic_write(sys.argv[1], slowly(letter), keep_previous=True)\n"
    )
    chance = random.Random(3)
    for _ in range(12):
        child = subprocess.Popen([sys.executable, "-c", code, str(path)], env=environment(), stdout=subprocess.PIPE)
        assert child.stdout is not None
        child.stdout.readline()
        time.sleep(chance.uniform(0.0, 0.05))
        child.kill()
        child.wait()
        child.stdout.close()
        for found in (path, previous_version(path)):
            if found.exists():
                content = found.read_bytes()
                assert content == content[:1] * 400_000
    clean_orphans(tmp_path, untouched_for=0.0)
    assert set(os.listdir(tmp_path)) <= {path.name, path.name + "~"}
