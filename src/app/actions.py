"""Everything a person can ask for by menu or key, in one table."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject
from PySide6.QtGui import QAction, QActionGroup, QKeySequence
from PySide6.QtWidgets import QMenu, QMenuBar

from app import theme
from app.recent import Recent
from app.stages import STAGES

if TYPE_CHECKING:
    from app.window import Window

MENUS = ("File", "Edit", "View", "Train", "Help")
Standard = QKeySequence.StandardKey


@dataclass(frozen=True)
class Entry:
    """An action: `keys` are pressed for it, `shown` is written beside it where the window reads the key itself."""

    name: str
    menu: str
    text: str
    keys: tuple[str | QKeySequence.StandardKey, ...] = ()
    shown: str = ""
    checkable: bool = False


SEPARATOR = "-"
TABLE: tuple[Entry | str, ...] = (
    Entry("new", "File", "New", (Standard.New,)),
    Entry("open", "File", "Open…", (Standard.Open,)),
    Entry("recent", "File", "Open recent"),
    SEPARATOR,
    Entry("save", "File", "Save", (Standard.Save,)),
    Entry("save_as", "File", "Save as…", ("Ctrl+Shift+S",)),
    Entry("export", "File", "Export…", ("Ctrl+E",)),
    SEPARATOR,
    Entry("quit", "File", "Quit", ("Ctrl+Q",)),
    Entry("undo", "Edit", "Undo", (Standard.Undo,)),
    Entry("redo", "Edit", "Redo", ("Ctrl+Shift+Z", "Ctrl+Y")),
    SEPARATOR,
    Entry("paste", "Edit", "Paste a table", (Standard.Paste,)),
    SEPARATOR,
    Entry("rename", "Edit", "Rename the project", ("F2",)),
    *(Entry(f"stage_{s.name}", "View", s.name, (f"Ctrl+{i}",)) for i, s in enumerate(STAGES, start=1)),
    SEPARATOR,
    Entry("left", "View", "Data and layers", ("Ctrl+B",), checkable=True),
    Entry("right", "View", "Inspector", ("Ctrl+I",), checkable=True),
    Entry("bottom", "View", "Plots", ("Ctrl+J",), checkable=True),
    SEPARATOR,
    Entry("theme", "View", "Theme"),
    Entry("full_screen", "View", "Full screen", (Standard.FullScreen,), checkable=True),
    Entry("train", "Train", "Train or pause", shown="Space"),
    Entry("step", "Train", "Step one batch", ("Ctrl+Return", "Ctrl+Enter")),
    Entry("step_epoch", "Train", "Step one epoch", ("Ctrl+Shift+Return", "Ctrl+Shift+Enter")),
    Entry("stop", "Train", "Stop", ("Ctrl+.",)),
    Entry("reset", "Train", "Reset the run"),
    SEPARATOR,
    Entry("cross_validate", "Train", "Cross-validate…"),
    Entry("shortcuts", "Help", "Keyboard shortcuts", ("F1",)),
    Entry("log", "Help", "Show the log file"),
    Entry("about", "Help", "About Chainrule"),
)
ICONS = {"new": "plus", "open": "open", "save": "save", "export": "export", "undo": "undo", "redo": "redo"} | {
    "step": "step", "step_epoch": "step-epoch", "stop": "stop", "reset": "reset", "train": "play", "shortcuts": "help",
}  # fmt: skip


class Actions(QObject):
    """The actions by name; `by_name["save"].trigger()` does what the menu does."""

    def __init__(self, window: Window, commands: dict[str, Callable[..., object]]) -> None:
        super().__init__(window)
        self._window = window
        self.by_name: dict[str, QAction] = {}
        for entry in TABLE:
            if isinstance(entry, Entry) and entry.name not in ("recent", "theme"):
                self._add(entry, commands[entry.name])
        self.recent_menu = QMenu("Open recent", window)
        self.theme_menu = self._theme_menu(commands["theme"])
        self._tint()
        theme.signals.changed.connect(self._tint)

    def _add(self, entry: Entry, act: Callable[..., object]) -> None:
        action = QAction(f"{entry.text}\t{entry.shown}" if entry.shown else entry.text, self._window)
        keys = [QKeySequence(key) for key in entry.keys]
        if keys:
            action.setShortcuts(keys)
        action.setCheckable(entry.checkable)
        if entry.checkable:
            action.toggled.connect(act)
        else:
            action.triggered.connect(lambda _checked=False: act())
        self._window.addAction(action)
        self.by_name[entry.name] = action

    def _theme_menu(self, choose: Callable[..., object]) -> QMenu:
        menu = QMenu("Theme", self._window)
        self.theme_group = QActionGroup(menu)
        for mode, text in (("system", "As the system has it"), ("light", "Light"), ("dark", "Dark")):
            action = menu.addAction(text)
            action.setCheckable(True)
            action.setChecked(theme.mode() == mode)
            action.setData(mode)
            action.triggered.connect(lambda _checked=False, m=mode: choose(m))
            self.theme_group.addAction(action)
        return menu

    def show_theme_mode(self) -> None:
        for action in self.theme_group.actions():
            action.setChecked(action.data() == theme.mode())

    def _tint(self, _theme: object = None) -> None:
        for name, icon in ICONS.items():
            self.by_name[name].setIcon(theme.icon(icon, "muted"))

    # --- menus

    def fill_menu(self, menu: QMenu) -> None:
        """All menus under one button, for desktops without a menu bar of their own."""
        for title in MENUS:
            self._fill(menu.addMenu(title), title)

    def fill_bar(self, bar: QMenuBar) -> None:
        for title in MENUS:
            self._fill(bar.addMenu(title), title)

    def _fill(self, menu: QMenu, title: str) -> None:
        submenus = {"recent": self.recent_menu, "theme": self.theme_menu}
        within = False  # separators belong to the menu of the entry before them
        for entry in TABLE:
            if isinstance(entry, str):
                if within:
                    menu.addSeparator()
                continue
            within = entry.menu == title
            if within and entry.name in submenus:
                menu.addMenu(submenus[entry.name])
            elif within:
                menu.addAction(self.by_name[entry.name])

    def show_recent(
        self, recents: tuple[Recent, ...], choose: Callable[[Recent], object], clear: Callable[[], object]
    ) -> None:
        """Projects and data; what is not there any more is grey, with a way to find it."""
        menu = self.recent_menu
        menu.clear()
        menu.setEnabled(bool(recents))
        menu.setToolTipsVisible(True)
        for each in recents:
            words = f"{each.name} — {'not there' if each.missing else each.place}".replace("&", "&&")
            action = menu.addAction(f"{words}\t{each.moment()}")
            action.setToolTip("\n".join((each.path, *each.also[:5])))
            if each.missing:
                action.setEnabled(False)
                action = menu.addAction("    Find it…")
            action.triggered.connect(lambda _checked=False, each=each: choose(each))
        if recents:
            menu.addSeparator()
            menu.addAction("Clear the list").triggered.connect(lambda _checked=False: clear())


def shortcut_table() -> list[tuple[str, list[tuple[str, str]]]]:
    """Menu by menu: what it does and the keys for it, as this system writes them."""
    groups: dict[str, list[tuple[str, str]]] = {title: [] for title in MENUS}
    for entry in TABLE:
        if isinstance(entry, Entry):
            keys = [QKeySequence(k).toString(QKeySequence.SequenceFormat.NativeText) for k in entry.keys]
            text = entry.shown or next((k for k in keys if k), "")
            if text:
                groups[entry.menu].append((entry.text.rstrip("…"), text))
    groups["File"].append(("Menu", "⌘" if sys.platform == "darwin" else "Alt+M"))
    return [(title, rows) for title, rows in groups.items() if rows]
