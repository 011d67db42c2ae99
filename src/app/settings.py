"""What the program remembers between starts: one table of settings in an INI file in the config folder.

`CHAINRULE_CONFIG` names another folder for it.
A file that cannot be read is set aside, never repaired in place: the person may want what is in it.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import platformdirs
from PySide6.QtCore import QByteArray, QSettings

FILE_NAME = "settings.ini"
RECENT_FILES = 8


def config_folder() -> Path:
    return Path(os.environ.get("CHAINRULE_CONFIG") or platformdirs.user_config_path("Chainrule", appauthor=False))


@dataclass(frozen=True)
class Setting:
    """One remembered value: where it stands, what it is before anyone chose, and how a stored text is read.

    `read` raises ValueError for a text that is no legal value; the default then serves.
    """

    key: str
    default: Any
    read: Callable[[Any], Any]
    help: str


def _choice(*choices: str) -> Callable[[Any], str]:
    def read(raw: Any) -> str:
        if raw not in choices:
            raise ValueError(f"{raw!r} is none of {choices}")
        return str(raw)

    return read


def _flag(raw: Any) -> bool:
    known = {"true": True, "false": False, True: True, False: False}
    if raw not in known:
        raise ValueError(f"{raw!r} is neither true nor false")
    return known[raw]


def _pixels(raw: Any) -> int:
    value = int(raw)
    if not 100 <= value <= 4000:
        raise ValueError(f"{value} pixels is no width or height of a panel")
    return value


def _state(raw: Any) -> bytes:
    if isinstance(raw, QByteArray):
        return bytes(raw.data())
    if isinstance(raw, bytes):
        return raw
    raise ValueError("no stored state")


def _share(raw: Any) -> float:
    value = float(raw)
    if not 0.0 <= value <= 1.0:
        raise ValueError(f"{value} is no share")
    return value


def _texts(raw: Any) -> tuple[str, ...]:
    found = [raw] if isinstance(raw, str) else raw
    if not isinstance(found, (list, tuple)) or not all(isinstance(text, str) for text in found):
        raise ValueError("no list of texts")
    return tuple(text for text in found if text)


def _paths(raw: Any) -> tuple[str, ...]:
    return _texts(raw)[:RECENT_FILES]


TABLE: tuple[Setting, ...] = (
    Setting("theme", "system", _choice("system", "light", "dark"), "Light, dark, or as the system has it."),
    Setting("window/geometry", b"", _state, "Size and place of the window."),
    Setting("window/left_width", 264, _pixels, "Width of the data and layers column."),
    Setting("window/right_width", 288, _pixels, "Width of the inspector column."),
    Setting("window/bottom_height", 252, _pixels, "Height of the plots under the centre."),
    Setting("window/left", True, _flag, "Whether the data and layers column is open."),
    Setting("window/right", True, _flag, "Whether the inspector column is open."),
    Setting(
        "window/bottom_design", False, _flag, "Whether the plots are open on Design, where the canvas matters most."
    ),
    Setting("window/bottom_train", True, _flag, "Whether the plots are open on Train."),
    Setting("plots/shown", (), _texts, "The plots side by side, from the left; the usual ones where none are named."),
    Setting("plots/smoothing", 0.02, _share, "Reach of the plots' average, as a share of the width."),
    Setting("plots/in_epochs", True, _flag, "Epochs along the bottom of the plots; else steps."),
    Setting("files/recent", (), _paths, "Files opened lately, the newest first."),
    Setting("files/details", (), _texts, "When these were opened, and what belongs to them."),
    Setting("files/folder", "", str, "The folder that file dialogs open in."),
)


class Settings:
    """Reads and writes the table. Every read gives a legal value, whatever the file says."""

    def __init__(self, folder: Path | None = None) -> None:
        self.path = (folder or config_folder()) / FILE_NAME
        self.set_aside: Path | None = _set_aside_if_corrupt(self.path)
        self._store = QSettings(str(self.path), QSettings.Format.IniFormat)

    def get(self, key: str) -> Any:
        """The stored value, or the default where no legal one is stored; KeyError for an unknown key."""
        setting = _BY_KEY[key]
        if not self._store.contains(key):
            return setting.default
        try:
            return setting.read(self._store.value(key))
        except (ValueError, TypeError):
            return setting.default

    def set(self, key: str, value: Any) -> None:
        legal = _BY_KEY[key].read(value)
        if isinstance(legal, bytes):
            legal = QByteArray(legal)
        self._store.setValue(key, list(legal) if isinstance(legal, tuple) else legal)

    def save(self) -> None:
        self._store.sync()

    def add_recent(self, path: str) -> None:
        known = [p for p in self.get("files/recent") if p != path]
        self.set("files/recent", (path, *known)[:RECENT_FILES])

    def forget_recent(self, path: str) -> None:
        self.set("files/recent", tuple(p for p in self.get("files/recent") if p != path))


_BY_KEY = {setting.key: setting for setting in TABLE}


def _set_aside_if_corrupt(path: Path) -> Path | None:
    """Move a file that is no INI text out of the way; gives its new place."""
    if not path.is_file() or _readable(path):
        return None
    aside = path.with_name(f"{path.stem}-damaged-{time.strftime('%Y%m%d-%H%M%S')}{path.suffix}")
    try:
        path.replace(aside)
    except OSError:
        return None
    return aside


def _readable(path: Path) -> bool:
    try:
        text = path.read_bytes().decode("utf-8")
    except (OSError, UnicodeDecodeError):
        return False
    if "\x00" in text:
        return False
    probe = QSettings(str(path), QSettings.Format.IniFormat)
    probe.allKeys()
    return probe.status() == QSettings.Status.NoError
