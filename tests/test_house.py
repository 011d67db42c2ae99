"""The house itself: what may be called, what is committed, who imports whom, what is shipped."""

import ast
import importlib.metadata
import os
import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path
from xml.etree import ElementTree

import pytest
from importlinter.cli import EXIT_STATUS_SUCCESS, lint_imports
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import core
from core.resources import resource_path, resource_root

ROOT = Path(__file__).resolve().parents[1]
LOCKS = sorted((ROOT / "packaging" / "locks").glob("*.txt"))
SOURCES = sorted((ROOT / "src").rglob("*.py"))
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


# --- calls that could run what a file says --------------------------------------------------------

FORBIDDEN_MODULES = {"cPickle", "cloudpickle", "dill", "joblib", "marshal", "pickle", "shelve", "torch"}
FORBIDDEN_NAMES = {"__import__", "compile", "eval", "exec"}
FORBIDDEN_CALLS = {"mx.load", "mlx.core.load", "os.system", "os.popen"}


def forbidden(tree: ast.AST) -> list[str]:
    """What a parsed file does that could run code hidden in data."""
    found = []
    for node in ast.walk(tree):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [node.module or ""]
        elif isinstance(node, ast.Call):
            found += [f"line {node.lineno}: {what}" for what in forbidden_in_call(node)]
        found += [f"import {name}" for name in names if name.split(".")[0] in FORBIDDEN_MODULES]
    return found


def forbidden_in_call(call: ast.Call) -> list[str]:
    called = ast.unparse(call.func)
    found = [called] if called in FORBIDDEN_NAMES | FORBIDDEN_CALLS else []
    for keyword in call.keywords:
        if keyword.arg in ("allow_pickle", "shell") and ast.unparse(keyword.value) != "False":
            found.append(f"{called}({keyword.arg}=...)")
    return found


@pytest.mark.parametrize(
    "code",
    [
        "import pickle",
        "from marshal import loads",
        "import torch.serialization",
        "eval(text)",
        "exec(text)",
        "mx.load(path)",
        "np.load(path, allow_pickle=True)",
        "np.load(path, allow_pickle=trusted)",
        "subprocess.run(text, shell=True)",
    ],
)
def test_the_walk_sees_forbidden_code(code: str) -> None:
    assert forbidden(ast.parse(code))


def test_the_walk_lets_harmless_code_pass() -> None:
    harmless = "np.load(path, allow_pickle=False)\nre.compile(text)\nmx.compile(step)\nself.eval()"
    assert forbidden(ast.parse(harmless)) == []


def test_nothing_in_the_source_runs_what_a_file_says() -> None:
    trees = {path: ast.parse(path.read_bytes(), filename=str(path)) for path in SOURCES}
    found = [f"{path.relative_to(ROOT)}: {what}" for path, tree in trees.items() for what in forbidden(tree)]
    assert found == []


# --- what is committed ----------------------------------------------------------------------------

INDEX_ADDRESS = re.compile(r"https?://\S*/simple\b|--(?:extra-)?index-url[ =]\S+|--find-links[ =]\S+")
# The folders in which people and build machines keep their checkouts.
MACHINE_PATH = re.compile(r"(?<![\w.~-])/(?:home|Users|root|work)/[\w.-]+")


def tracked_texts() -> dict[str, str]:
    if not (ROOT / ".git").exists():
        pytest.skip("not a git checkout")
    listing = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    texts = {}
    for name in filter(None, listing.split("\0")):
        path = ROOT / name
        data = path.read_bytes() if path.is_file() else b"\0"
        if b"\0" not in data:
            texts[name] = data.decode("utf-8", errors="replace")
    return texts


@pytest.mark.parametrize("pattern", [INDEX_ADDRESS, MACHINE_PATH, re.compile(re.escape(str(ROOT)))])
def test_no_address_of_an_index_or_of_a_machine_is_committed(pattern: re.Pattern[str]) -> None:
    found = [
        f"{name}: {match.group()}"
        for name, text in tracked_texts().items()
        if (match := pattern.search(text)) and name != "tests/test_house.py"
    ]
    assert found == []


@pytest.mark.parametrize("page", ["README.md", "CHANGELOG.md", "docs/guide/README.md"])
def test_what_the_pages_point_to_is_there(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    targets = re.findall(r"\]\(([^)#]+)[^)]*\)|(?:src|srcset)=\"([^\"]+)\"", text)
    local = [target for pair in targets for target in pair if target and "://" not in target]
    assert [target for target in local if not (ROOT / page).parent.joinpath(target).exists()] == []


def locked(path: Path) -> dict[str, list[str]]:
    """Package name → every version a lock file pins, after checking that each entry carries a hash."""
    entries = path.read_text(encoding="utf-8").replace("\\\n", " ").splitlines()
    versions: dict[str, list[str]] = {}
    for entry in entries:
        name, version = re.match(r"([a-z0-9.-]+)(?:\[[a-z,-]+\])?==(\S+)", entry).groups()  # type: ignore[union-attr]
        assert "--hash=sha256:" in entry, f"{path.name}: {name} has no hash"
        versions.setdefault(name, []).append(version)
    return versions


@pytest.mark.parametrize("path", LOCKS, ids=lambda path: path.stem)
def test_locks_pin_by_hash_and_name_no_address(path: Path) -> None:
    assert locked(path)
    assert "://" not in path.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("lock", "group"), [("run", None), ("test", "test"), ("bench", "bench"), ("package", "package")]
)
def test_locks_hold_what_the_project_asks_for(lock: str, group: str | None) -> None:
    wanted = [Requirement(text) for text in PROJECT["project"]["dependencies"]]
    wanted += [Requirement(text) for text in PROJECT["dependency-groups"].get(group, [])]
    pins = locked(ROOT / "packaging" / "locks" / f"{lock}.txt")
    stale = [
        str(r) for r in wanted if not any(r.specifier.contains(v) for v in pins.get(canonicalize_name(r.name), []))
    ]
    assert stale == [], "run: python3 dev.py lock"


def test_the_locks_agree_on_every_version() -> None:
    versions: dict[str, set[tuple[str, ...]]] = {}
    for path in LOCKS:
        for name, pins in locked(path).items():
            versions.setdefault(name, set()).add(tuple(pins))
    assert [name for name, pins in versions.items() if len(pins) > 1] == []


def test_the_version_is_the_same_everywhere() -> None:
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert re.findall(r"^## \[(.+?)\]", changelog, re.MULTILINE)[0] == core.__version__
    assert importlib.metadata.version("chainrule") == core.__version__


# --- who may import whom --------------------------------------------------------------------------


def test_the_import_contracts_hold(capsys: pytest.CaptureFixture[str]) -> None:
    status = lint_imports(config_filename=str(ROOT / "pyproject.toml"), no_cache=True, no_logo=True)
    assert status == EXIT_STATUS_SUCCESS, capsys.readouterr().out


def test_every_panel_is_under_the_contract() -> None:
    contracts = PROJECT["tool"]["importlinter"]["contracts"]
    (independent,) = [set(c["modules"]) for c in contracts if c["type"] == "independence"]
    panels = {f"app.{path.parent.name}" for path in (ROOT / "src" / "app").glob("*/*.py")}
    assert panels == independent


def test_every_folder_of_source_is_a_package() -> None:
    # import-linter does not look into a folder without __init__.py.
    folders = {path.parent for path in SOURCES} - {ROOT / "src"}
    assert [str(folder) for folder in folders if not (folder / "__init__.py").exists()] == []


def modules_of(package: str) -> list[str]:
    base = ROOT / "src"
    names = [".".join(path.relative_to(base).with_suffix("").parts) for path in (base / package).rglob("*.py")]
    return sorted(name.removesuffix(".__init__") for name in names if not name.endswith("__main__"))


def import_apart(names: list[str], *, blocked: list[str], absent: list[str]) -> str:
    """Import modules in a fresh Python where some others cannot be; give what went wrong, or nothing."""
    code = (
        "import importlib, sys\n"
        f"for name in {blocked!r}: sys.modules[name] = None\n"
        f"for name in {names!r}:\n"
        "    try: importlib.import_module(name)\n"
        "    except ModuleNotFoundError as error:\n"
        # These have no wheel for some systems, where the modules that wrap them serve nobody.
        "        if (error.name or '').split('.')[0] not in ('mlx', 'coremltools'): raise\n"
        f"loaded = [name for name in {absent!r} if name in sys.modules]\n"
        "sys.exit(f'loaded: {loaded}' if loaded else 0)\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    command = [sys.executable, "-c", code]
    said = subprocess.run(command, env=environment, capture_output=True, text=True).stderr
    return "\n".join(said.strip().splitlines()[-3:])


def test_core_imports_where_there_is_no_qt() -> None:
    blocked = ["PySide6", "shiboken6", "pyqtgraph", "app"]
    assert import_apart(modules_of("core"), blocked=blocked, absent=[]) == ""


def test_the_window_loads_no_engine_library() -> None:
    absent = ["mlx.core", "duckdb", "onnx", "onnxruntime"]
    assert import_apart(modules_of("app"), blocked=[], absent=absent) == ""


def test_test_folders_do_not_hide_the_packages() -> None:
    assert list((ROOT / "tests").rglob("__init__.py")) == []


# --- set-up ---------------------------------------------------------------------------------------


def test_dev_needs_nothing_but_python() -> None:
    text = (ROOT / "dev.py").read_text(encoding="utf-8")
    # An old Python must get as far as the sentence that tells it so.
    tree = ast.parse(text, feature_version=(3, 8))
    modules = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    modules |= {str(node.module) for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert modules <= sys.stdlib_module_names


def test_continuous_integration_runs_the_same_command_as_a_person() -> None:
    script = ROOT / ".ci" / "run"
    assert "python3 dev.py test" in script.read_text(encoding="utf-8")
    assert os.name == "nt" or os.access(script, os.X_OK)


# --- what is shipped ------------------------------------------------------------------------------


def test_resources_are_found_in_a_checkout() -> None:
    assert resource_root() == ROOT / "resources"
    with pytest.raises(FileNotFoundError, match="no resource icons/nothing"):
        resource_path("icons", "nothing.svg")


def test_the_wheel_carries_both_packages_and_the_resources(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    names = set(zipfile.ZipFile(wheel).namelist())
    shipped = {f"core/_resources/{p.relative_to(ROOT / 'resources').as_posix()}" for p in resource_root().rglob("*.*")}
    assert {"app/__init__.py", "core/resources.py"} | shipped <= names


@pytest.mark.parametrize("path", sorted((ROOT / "resources" / "icons").glob("*.svg")), ids=lambda path: path.stem)
def test_icons_are_of_one_family(path: Path) -> None:
    icon = ElementTree.parse(path).getroot()
    assert (icon.get("viewBox"), icon.get("stroke-width"), icon.get("stroke")) == ("0 0 24 24", "1.5", "#000")
    colours = {node.get(kind) for node in icon.iter() for kind in ("fill", "stroke")}
    assert colours <= {None, "none", "#000"}, "the window tints icons by replacing #000"


def test_every_font_family_comes_with_its_licence() -> None:
    fonts = resource_path("fonts")
    families = {path.stem.split("-")[0] for path in fonts.glob("*.[ot]tf")}
    assert families == {"Inter", "JetBrainsMono"}
    for family in families:
        assert "SIL OPEN FONT LICENSE" in (fonts / f"{family}-OFL.txt").read_text(encoding="utf-8")
