"""dev.py: what set-up does again, and what it says where it may not do it."""

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture
def dev(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """dev.py as a module whose .venv and locks lie in an empty folder."""
    spec = importlib.util.spec_from_file_location("dev", ROOT / "dev.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    for name in module.LOCK_GROUPS:
        (tmp_path / f"{name}.txt").write_text(name, encoding="utf-8")
    monkeypatch.setattr(module, "LOCKS", tmp_path)
    monkeypatch.setattr(module, "VENV", tmp_path / ".venv")
    monkeypatch.setattr(module, "STAMP", tmp_path / "stamp.json")
    return module


@pytest.fixture
def installed(dev: ModuleType, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the lock files that were installed."""
    names: list[str] = []
    monkeypatch.setattr(dev, "install", lambda *arguments: names.append(Path(arguments[-1]).stem))
    return names


def test_a_lock_is_installed_once(dev: ModuleType, installed: list[str]) -> None:
    stamp: dict[str, str] = {}
    dev.install_lock("test", stamp)
    dev.install_lock("test", stamp)
    assert installed == ["test"]


def test_a_wider_lock_serves_a_narrower_command(dev: ModuleType, installed: list[str]) -> None:
    stamp: dict[str, str] = {}
    dev.install_lock("test", stamp)
    dev.install_lock("run", stamp)
    dev.install_lock("bench", stamp)
    assert installed == ["test", "bench"]


def test_a_changed_lock_is_installed_again(dev: ModuleType, installed: list[str], tmp_path: Path) -> None:
    stamp: dict[str, str] = {}
    dev.install_lock("run", stamp)
    (tmp_path / "run.txt").write_text("newer", encoding="utf-8")
    dev.install_lock("run", stamp)
    assert installed == ["run", "run"]


def test_options_after_a_benchmarks_name_go_to_it(dev: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    ran: list[tuple[str, ...]] = []
    monkeypatch.setattr(dev, "ensure", lambda lock: None)
    monkeypatch.setattr(dev, "python", lambda *arguments: ran.append(arguments) or 0)
    assert dev.bench(["step_time", "--only", "cnn"]) == 0
    assert [(Path(script).name, *options) for script, *options in ran] == [("step_time.py", "--only", "cnn")]
    with pytest.raises(SystemExit):
        dev.bench(["--quick"])


@pytest.mark.parametrize("text", ["", "not json", '{"place": "elsewhere", "run": "0"}'])
def test_a_stamp_of_another_place_is_not_believed(dev: ModuleType, text: str) -> None:
    dev.STAMP.write_text(text, encoding="utf-8")
    assert dev.read_stamp() == {}


def test_without_root_the_exact_command_is_printed(
    dev: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(dev.os, "geteuid", lambda: 1000, raising=False)
    monkeypatch.setattr(dev, "succeeds", lambda *_, **__: pytest.fail("ran a command"))
    assert not dev.install_debian_packages(["libegl1", "libgl1"], "Qt needs them.")
    expected = "sudo apt-get update && sudo apt-get install -y --no-install-recommends libegl1 libgl1"
    assert expected in capsys.readouterr().err


def test_an_unknown_command_names_the_known_ones(
    dev: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(dev.sys, "argv", ["dev.py", "tset"])
    with pytest.raises(SystemExit, match="1"):
        dev.main()
    assert "run, test, lint, bench, shots, build, lock" in capsys.readouterr().err
