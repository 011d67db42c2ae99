"""Packs the built folder as a Debian package: program, command, desktop entry, file type, icons."""

import shutil
import subprocess
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent

# Qt is in the package; these are the system's parts that it loads.
DEPENDS = (
    "libc6 (>= 2.34), libgl1, libegl1, libxkbcommon0, libfontconfig1, libfreetype6, libdbus-1-3, "
    "libglib2.0-0 | libglib2.0-0t64, libxcb-cursor0, libxkbcommon-x11-0, libxcb-icccm4, libxcb-image0, "
    "libxcb-keysyms1, libxcb-render-util0, libxcb-shape0, libxcb-randr0, libxcb-xkb1"
)


def control(version: str, architecture: str, kilobytes: int) -> str:
    return f"""Package: chainrule
Version: {version}
Architecture: {architecture}
Maintainer: The Chainrule authors <authors@chainrule.invalid>
Installed-Size: {kilobytes}
Depends: {DEPENDS}
Section: science
Priority: optional
Description: See backpropagation happen, and train real networks with it
 Drop a data file on the window, draw a network, press Train, watch the loss
 and the gradients live, and take the trained model away as a file that gives
 the same answers elsewhere.
"""


def place(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy2(source, target)


def lay_out(tree: Path, program: Path, icons: Path) -> None:
    """The package's files, each where the desktop looks for it."""
    shutil.copytree(program, tree / "opt" / "chainrule", symlinks=True)
    command = tree / "usr" / "bin" / "chainrule"
    command.parent.mkdir(parents=True)
    command.symlink_to("/opt/chainrule/chainrule")
    share = tree / "usr" / "share"
    desktop = "org.chainrule.Chainrule.desktop"
    place(HERE / "linux" / desktop, share / "applications" / desktop)
    place(HERE / "linux" / "chainrule-mime.xml", share / "mime" / "packages" / "chainrule.xml")
    place(ROOT / "LICENSE", share / "doc" / "chainrule" / "copyright")
    hicolor = share / "icons" / "hicolor"
    for name, kind, place_as in (
        ("chainrule", "apps", "chainrule"),
        ("chainrule-document", "mimetypes", "application-x-chainrule"),
    ):
        place(ROOT / "resources" / "mark" / f"{name}.svg", hicolor / "scalable" / kind / f"{place_as}.svg")
        for size in (16, 24, 32, 48, 64, 128, 256, 512):
            place(icons / f"{name}-{size}.png", hicolor / f"{size}x{size}" / kind / f"{place_as}.png")


def build_deb(program: Path, icons: Path, version: str, target: Path) -> Path:
    """Write chainrule_VERSION_ARCHITECTURE.deb into the target folder."""
    architecture = subprocess.run(
        ["dpkg", "--print-architecture"], capture_output=True, text=True, check=True
    ).stdout.strip()
    tree = target / "deb"
    shutil.rmtree(tree, ignore_errors=True)
    lay_out(tree, program, icons)
    size = sum(path.lstat().st_size for path in tree.rglob("*") if path.is_file()) // 1024
    (tree / "DEBIAN").mkdir()
    (tree / "DEBIAN" / "control").write_text(control(version, architecture, size), encoding="utf-8")
    package = target / f"chainrule_{version}_{architecture}.deb"
    subprocess.run(["dpkg-deb", "--root-owner-group", "-Zxz", "--build", str(tree), str(package)], check=True)
    shutil.rmtree(tree)
    return package
