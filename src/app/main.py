"""Starts the window."""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Mapping
from pathlib import Path

NO_DISPLAY = (
    "chainrule: there is no display to open a window on. Without one, use: chainrule"
    " inspect | train | evaluate | predict | export | check-gradients  (chainrule --help says more)"
)
THEME_OPTION = "--theme"


def run(argv: list[str]) -> int:
    """Open the window with the files that `argv` names; gives the exit status of the program."""
    if no_display(os.environ, sys.platform):
        print(NO_DISPLAY, file=sys.stderr)
        return 1
    from app.application import start  # Qt is loaded only now

    mode, paths = _read(argv)
    return start(mode, [str(Path(path).absolute()) for path in paths])


def no_display(environment: Mapping[str, str], platform: str) -> bool:
    """Whether Qt would find no screen. It would end the process there, so it is asked before."""
    if not platform.startswith("linux") or environment.get("QT_QPA_PLATFORM"):
        return False
    if environment.get("WAYLAND_DISPLAY"):
        return False
    display = environment.get("DISPLAY", "")
    return not display or (display.startswith(":") and not _answers(display))


def _answers(display: str) -> bool:
    """Whether the local X server of that number takes connections, on its named or its abstract socket."""
    name = f"/tmp/.X11-unix/X{display[1:].split('.')[0]}"
    for address in (name, f"\0{name}"):
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
            try:
                probe.connect(address)
            except OSError:
                continue
            return True
    return False


def _read(argv: list[str]) -> tuple[str, list[str]]:
    """The theme asked for, "" for the remembered one, and the files."""
    rest, mode = list(argv), ""
    if THEME_OPTION in rest:
        at = rest.index(THEME_OPTION)
        mode = rest[at + 1] if at + 1 < len(rest) else ""
        del rest[at : at + 2]
    return (mode if mode in ("system", "light", "dark") else ""), rest
