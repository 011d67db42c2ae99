"""Builds the double-click program into dist/. Run by `python3 dev.py build`.

With --package it also packs the one file to hand out: .deb, .dmg or .zip.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from deb import build_deb
from icons import draw_all

import core

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
DIST = ROOT / "dist"
ICONS = ROOT / "build" / "icons"
WINDOW_SECONDS = 10


def build() -> Path:
    """Draw the icons, run PyInstaller, give the program's folder."""
    draw_all(ICONS)
    command = [sys.executable, "-m", "PyInstaller", "--noconfirm", "--log-level", "WARN"]
    folders = ["--distpath", str(DIST), "--workpath", str(ROOT / "build" / "pyinstaller")]
    subprocess.run([*command, *folders, str(HERE / "chainrule.spec")], cwd=ROOT, check=True)
    if sys.platform == "darwin":
        bundle = DIST / "Chainrule.app"
        shutil.copy2(ICONS / "chainrule-document.icns", bundle / "Contents" / "Resources")
        # A file added after signing breaks the signature; sign again, ad hoc.
        subprocess.run(["codesign", "--force", "--deep", "--sign", "-", str(bundle)], check=True)
        return bundle
    return DIST / "chainrule"


def executable(program: Path) -> Path:
    if sys.platform == "darwin":
        return program / "Contents" / "MacOS" / "chainrule"
    return program / ("chainrule.exe" if os.name == "nt" else "chainrule")


def clean_environment() -> dict[str, str]:
    """This environment without what could lend the built program a module of the checkout."""
    return {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "VIRTUAL"))}


def check_window(command: str) -> None:
    """The window must open, stay open and say nothing of an error; a forgotten module would end it at once."""
    environment = {**clean_environment(), "QT_QPA_PLATFORM": "offscreen"}
    window = subprocess.Popen([command], env=environment, stderr=subprocess.PIPE, text=True)
    try:
        _, said = window.communicate(timeout=WINDOW_SECONDS)
        sys.exit(f"the window closed by itself: {said}")
    except subprocess.TimeoutExpired:
        window.terminate()
        _, said = window.communicate()
    if "Traceback" in said:
        sys.exit(f"the window met an error: {said}")


def check(program: Path) -> None:
    """The built program must do its work where there is no Python: print its version, train, export, open."""
    command = str(executable(program))
    with tempfile.TemporaryDirectory() as folder:
        rows = "".join(f"{x},{y},{'in' if x * y > 0 else 'out'}\n" for x in range(-9, 9) for y in range(-9, 9))
        Path(folder, "data.csv").write_text("x,y,side\n" + rows, encoding="utf-8")
        steps = (
            ["--version"],
            ["train", "data.csv", "--target", "side", "--epochs", "3", "--out", "run.chainrule", "--json"],
            ["export", "run.chainrule", "--format", "onnx", "--out", "run.onnx", "--json"],
        )
        for arguments in steps:
            subprocess.run([command, *arguments], cwd=folder, env=clean_environment(), check=True, timeout=120)
    check_window(command)


def size_of(program: Path) -> int:
    return sum(path.lstat().st_size for path in program.rglob("*") if path.is_file() and not path.is_symlink())


def package(program: Path) -> Path:
    """The one file to hand out."""
    name = f"chainrule-{core.__version__}"
    if sys.platform == "darwin":
        image = DIST / f"{name}.dmg"
        subprocess.run(
            ["hdiutil", "create", "-ov", "-volname", "Chainrule", "-srcfolder", str(program), str(image)],
            check=True,
        )
        return image
    if sys.platform == "linux" and shutil.which("dpkg-deb"):
        return build_deb(program, ICONS, core.__version__, DIST)
    return Path(shutil.make_archive(str(DIST / f"{name}-{sys.platform}"), "zip", DIST, program.name))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--package", action="store_true", help="also pack the file to hand out")
    options = parser.parse_args()
    program = build()
    check(program)
    print(f"{program.relative_to(ROOT)}: {size_of(program) / 1e6:.0f} MB")
    if options.package:
        file = package(program)
        print(f"{file.relative_to(ROOT)}: {file.stat().st_size / 1e6:.0f} MB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
