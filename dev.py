#!/usr/bin/env python3
"""Sets Chainrule up and runs it: all that a developer does, from a bare machine, with the standard library.

    python3 dev.py run [arguments]      open the window, or run a headless command such as: run train data.csv
    python3 dev.py test [arguments]     run the tests (arguments go to pytest)
    python3 dev.py lint                 style, types and import contracts
    python3 dev.py bench [names] [--options]   the benchmarks in tests/benchmarks, one after another
    python3 dev.py shots [arguments]    take the screenshots in docs/screenshots
    python3 dev.py build [arguments]    build the double-click program into dist/
    python3 dev.py lock [--upgrade]     compile the hash-pinned lock files again (needs uv)

Each command first makes sure of .venv, the locked libraries and, on Debian and Ubuntu, Qt's system libraries.
"""

from __future__ import annotations

import ctypes
import hashlib
import json
import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any, NoReturn

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
STAMP = VENV / "chainrule-setup.json"
LOCKS = ROOT / "packaging" / "locks"
PYTHON = VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")

OLDEST, NEWEST = (3, 11), (3, 14)

# Each lock and the dependency groups in it. They share one set of versions, so one .venv can hold them all.
LOCK_GROUPS = {
    "test": ("build", "test"),
    "run": ("build",),
    "bench": ("build", "test", "bench"),
    "package": ("build", "package"),
}
# A .venv that holds a lock on the right also holds the one on the left.
HELD_BY = {"run": ("run", "test", "bench", "package"), "test": ("test", "bench")}

# Detected by library name: package names change between releases (libglib2.0-0 became libglib2.0-0t64).
QT_LIBRARIES = {
    "libGL.so.1": "libgl1",
    "libEGL.so.1": "libegl1",
    "libxkbcommon.so.0": "libxkbcommon0",
    "libglib-2.0.so.0": "libglib2.0-0",
    "libfreetype.so.6": "libfreetype6",
    "libfontconfig.so.1": "libfontconfig1",
    "libdbus-1.so.3": "libdbus-1-3",
    "libxcb-cursor.so.0": "libxcb-cursor0",
    "libxkbcommon-x11.so.0": "libxkbcommon-x11-0",
    "libxcb-icccm.so.4": "libxcb-icccm4",
    "libxcb-image.so.0": "libxcb-image0",
    "libxcb-keysyms.so.1": "libxcb-keysyms1",
    "libxcb-render-util.so.0": "libxcb-render-util0",
    "libxcb-shape.so.0": "libxcb-shape0",
    "libxcb-randr.so.0": "libxcb-randr0",
    "libxcb-xkb.so.1": "libxcb-xkb1",
    "libwayland-cursor.so.0": "libwayland-cursor0",
}
FONT_FOLDERS = ("/usr/share/fonts", "/usr/local/share/fonts", "~/.local/share/fonts", "~/.fonts")


def say(text: str) -> None:
    print(f"dev: {text}", file=sys.stderr, flush=True)


def fail(text: str) -> NoReturn:
    say(text)
    sys.exit(1)


def succeeds(command: list[str], **options: Any) -> bool:
    """Whether a command, shown to the user as it runs, ends well."""
    return subprocess.run(command, cwd=ROOT, check=False, **options).returncode == 0


# --- the machine ----------------------------------------------------------------------------------


def use_supported_python() -> None:
    """Start again under a supported Python where this one is too old or too new for the locked libraries."""
    if OLDEST <= sys.version_info[:2] <= NEWEST:
        return
    for minor in (13, 12, 14, 11):
        other = shutil.which(f"python3.{minor}")
        if other is not None:
            os.execv(other, [other, str(ROOT / "dev.py"), *sys.argv[1:]])
    wanted = f"from 3.{OLDEST[1]} to 3.{NEWEST[1]}"
    fail(f"this is Python {sys.version.split()[0]}; install one {wanted} and run this again.")


def on_debian() -> bool:
    return sys.platform == "linux" and shutil.which("apt-get") is not None


def install_debian_packages(packages: list[str], why: str) -> bool:
    """Install system packages when root, else print the exact command. Tells whether they are there now."""
    command = ["apt-get", "install", "-y", "--no-install-recommends", *packages]
    if os.geteuid() != 0:
        say(f"{why} Please run:\n    sudo apt-get update && sudo {shlex.join(command)}")
        return False
    say(f"{why} Installing {', '.join(packages)}.")
    quiet = {"env": {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}, "stdout": subprocess.DEVNULL}
    # Go on with a stale package list: the update fails too where only one of many sources is out of reach.
    succeeds(["apt-get", "update", "-q"], **quiet)
    if succeeds(command, **quiet):
        return True
    say(f"could not install them. The command was:\n    {shlex.join(command)}")
    return False


def library_loads(name: str) -> bool:
    try:
        ctypes.CDLL(name)
    except OSError:
        return False
    return True


def has_fonts() -> bool:
    folders = (Path(folder).expanduser() for folder in FONT_FOLDERS)
    return any(next(folder.rglob("*.[ot]tf"), None) is not None for folder in folders if folder.is_dir())


def ensure_system_libraries() -> None:
    if not on_debian():
        return
    missing = [package for library, package in QT_LIBRARIES.items() if not library_loads(library)]
    if not has_fonts():
        missing.append("fonts-dejavu-core")
    if missing:
        install_debian_packages(missing, "Qt needs system libraries that are not installed.")


# --- the virtual environment ----------------------------------------------------------------------


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def read_stamp() -> dict[str, str]:
    try:
        stamp = json.loads(STAMP.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    # A moved or copied .venv still points to its old place.
    return stamp if stamp.get("place") == str(VENV) else {}


def venv_works() -> bool:
    code = f"import sys; sys.exit(not {OLDEST} <= sys.version_info[:2] <= {NEWEST})"
    try:
        return subprocess.run([str(PYTHON), "-c", code], capture_output=True).returncode == 0
    except OSError:
        return False


def create_venv() -> None:
    if venv_works():
        return
    if VENV.exists():
        say(".venv does not work here (moved, or made by another Python): making it again.")
        shutil.rmtree(VENV)
    uv = shutil.which("uv")
    if uv is not None and succeeds([uv, "venv", "--quiet", "--seed", "--python", sys.executable, str(VENV)]):
        return
    if not succeeds([sys.executable, "-c", "import ensurepip"], stderr=subprocess.DEVNULL):
        package = f"python{sys.version_info[0]}.{sys.version_info[1]}-venv"
        if not on_debian() or not install_debian_packages([package], "Python's venv module is missing."):
            fail("Python cannot make virtual environments here: install its venv module, or uv.")
    if not succeeds([sys.executable, "-m", "venv", "--clear", str(VENV)]):
        fail("could not create .venv; the reason stands above.")


def install(*arguments: str) -> None:
    """Install into .venv, with uv where it is there and works (it is much faster), else with pip."""
    uv = shutil.which("uv")
    if uv is not None:
        if succeeds([uv, "pip", "install", "--quiet", "--python", str(PYTHON), *arguments]):
            return
        say("uv could not; trying pip.")
    pip = [str(PYTHON), "-m", "pip"]
    if not succeeds([*pip, "--version"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL):
        succeeds([str(PYTHON), "-m", "ensurepip", "--default-pip"], stdout=subprocess.DEVNULL)
    if not succeeds([*pip, "install", "--quiet", "--disable-pip-version-check", "--no-input", *arguments]):
        fail("could not install the libraries; the reason stands above. The next try goes on from here.")


def install_lock(name: str, stamp: dict[str, str]) -> None:
    """Bring .venv to a lock file, if it is not there yet."""
    wanted = {other: digest(LOCKS / f"{other}.txt") for other in HELD_BY.get(name, (name,))}
    if any(stamp.get(other) == value for other, value in wanted.items()):
        return
    say(f"installing the libraries of packaging/locks/{name}.txt (the first time takes a minute or two)")
    install("--require-hashes", "-r", str(LOCKS / f"{name}.txt"))
    # What the new versions replaced is gone: only this lock is known to be whole now.
    for other in LOCK_GROUPS:
        stamp.pop(other, None)
    stamp[name] = wanted[name]


def install_project(stamp: dict[str, str]) -> None:
    """Install the checkout itself, editable, with the build backend that the lock pins."""
    definition = digest(ROOT / "pyproject.toml")
    if stamp.get("project") == definition:
        return
    install("--no-deps", "--no-build-isolation", "--editable", str(ROOT))
    stamp["project"] = definition


def check_qt_loads() -> None:
    result = subprocess.run([str(PYTHON), "-c", "import PySide6.QtWidgets"], capture_output=True, text=True)
    if result.returncode != 0:
        reason = (result.stderr.strip().splitlines() or ["no reason given"])[-1]
        fail(f"Qt does not load: {reason}\nInstall the system libraries it names and run this again.")


def ensure(lock: str) -> None:
    """Make sure that .venv holds all of one lock file and the project itself; quick when it already does."""
    ensure_system_libraries()
    if not venv_works():
        create_venv()
    stamp = read_stamp()
    before = dict(stamp)
    install_lock(lock, stamp)
    install_project(stamp)
    if stamp != before:
        check_qt_loads()
        stamp["place"] = str(VENV)
        STAMP.write_text(json.dumps(stamp, indent=1), encoding="utf-8")
        say("set up.")


# --- the commands ---------------------------------------------------------------------------------


def python(*arguments: str) -> int:
    """Run .venv's Python in the checkout, with this terminal, and give its exit code."""
    try:
        return subprocess.run([str(PYTHON), *arguments], cwd=ROOT).returncode
    except KeyboardInterrupt:
        return 130


def run(arguments: list[str]) -> int:
    ensure("run")
    # In the caller's folder: `run train data.csv` means the file that lies there.
    command = [str(PYTHON), "-m", "core", *arguments]
    if os.name != "nt":
        sys.stdout.flush()
        os.execv(command[0], command)
    return subprocess.run(command).returncode


def test(arguments: list[str]) -> int:
    ensure("test")
    return python("-m", "pytest", *arguments)


def lint(arguments: list[str]) -> int:
    ensure("test")
    checks = {
        "ruff": ["-m", "ruff", "check", *arguments],
        "mypy": ["-m", "mypy"],
        "imports": ["-c", "from importlinter.cli import lint_imports_command as c; c()", "--no-cache"],
    }
    failed = []
    for name, command in checks.items():
        say(name)
        if python(*command) != 0:
            failed.append(name)
    say(f"failed: {', '.join(failed)}" if failed else "all clean")
    return len(failed)


def bench(arguments: list[str]) -> int:
    """Names first; from the first option on, all goes to the benchmarks named."""
    split = next((i for i, word in enumerate(arguments) if word.startswith("-")), len(arguments))
    names, options = arguments[:split], arguments[split:]
    if options and not names:
        fail(f"which benchmark is to take {shlex.join(options)}? Name it first: bench step_time --quick")
    ensure("bench")
    found = sorted((ROOT / "tests" / "benchmarks").glob("[!_]*.py"))
    benchmarks = {path.stem.removeprefix("bench_"): str(path) for path in found}
    unknown = set(names) - set(benchmarks)
    if unknown or not benchmarks:
        fail(f"no benchmark {', '.join(sorted(unknown))}; there are: {', '.join(benchmarks) or 'none'}")
    return max(python(benchmarks[name], *options) for name in names or benchmarks)


def shots(arguments: list[str]) -> int:
    ensure("test")
    return python(str(ROOT / "tests" / "shots.py"), *arguments)


def build(arguments: list[str]) -> int:
    ensure("package")
    return python(str(ROOT / "packaging" / "build.py"), *arguments)


def lock(arguments: list[str]) -> int:
    """Compile every lock file; `test` first, since the others take its versions."""
    uv = shutil.which("uv")
    if uv is None:
        fail("compiling the locks needs uv (python3 -m pip install uv)")
    options = "--universal --python-version 3.11 --generate-hashes --quiet"
    options += " --no-emit-index-url --no-emit-find-links --no-header --no-annotate"
    for name, groups in LOCK_GROUPS.items():
        target = LOCKS / f"{name}.txt"
        command = [uv, "pip", "compile", "pyproject.toml", *shlex.split(options), *arguments]
        command += [word for group in groups for word in ("--group", group)]
        if name != "test":
            command += ["--constraints", str(LOCKS / "test.txt")]
        if not succeeds([*command, "--output-file", str(target)], stdout=subprocess.DEVNULL):
            fail(f"could not compile {target.name}; the reason stands above.")
        say(f"wrote {target.relative_to(ROOT)}")
    return 0


COMMANDS = {command.__name__: command for command in (run, test, lint, bench, shots, build, lock)}


def main() -> int:
    name, *arguments = sys.argv[1:] or ["help"]
    if name in ("help", "-h", "--help"):
        print(__doc__)
        return 0
    if name not in COMMANDS:
        fail(f"no command {name!r}; there are: {', '.join(COMMANDS)}")
    use_supported_python()
    return COMMANDS[name](arguments)


if __name__ == "__main__":
    sys.exit(main())
