"""Menus of the canvas: which layer to add, and what can be done to what was clicked."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from itertools import groupby

from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMenu, QWidget

from app import theme
from app.canvas import groups, operations
from app.canvas.keys import Keys
from app.canvas.scene import Hit
from app.document import Document


def layer_menu(document: Document, parent: QWidget, chosen: Callable[[str], object], *, title: str = "") -> QMenu:
    """Every layer that can be added here; `chosen(kind)` is called with the one picked."""
    menu = QMenu(title or "Add layer", parent)
    menu.setToolTipsVisible(True)
    for name, kinds in groupby(operations.offered_kinds(document), groups.group_of):
        part = menu if name in ("input", "core") else menu.addMenu(groups.icon(name), groups.group(name).label)
        part.setToolTipsVisible(True)
        for cls in kinds:
            action = QAction(groups.icon(name), cls.label, part)
            action.setToolTip(cls.summary)
            action.triggered.connect(lambda _checked=False, kind=cls.kind: chosen(kind))
            part.addAction(action)
    return menu


def context_menu(keys: Keys, hit: Hit, parent: QWidget, insert: Callable[[str], object]) -> QMenu:
    """What can be done to the card, connection or place under the pointer."""
    menu = QMenu(parent)
    if hit.id:
        _card_items(menu, keys, hit.id, insert)
    elif hit.edge is not None:
        menu.addMenu(layer_menu(keys.document, menu, insert, title="Insert layer here"))
        if keys.document.project.network.sources(hit.edge.target)[0] != hit.edge.source:
            _item(menu, "Move to an earlier input", "", partial(operations.put_earlier, keys.document, hit.edge))
        _item(menu, "Remove connection", "Del", keys.delete, icon="trash")
    else:
        menu.addMenu(layer_menu(keys.document, menu, insert))
        menu.addSeparator()
        _item(menu, "Select all", "Ctrl+A", keys.select_all)
        _item(menu, "Fit to view", "Ctrl+0", keys.board.fit, icon="fit-view")
        arrange = _item(menu, "Arrange cards", "", lambda: operations.arrange(keys.document), icon="network")
        arrange.setEnabled(bool(keys.document.project.layout))
    return menu


def _card_items(menu: QMenu, keys: Keys, id: str, insert: Callable[[str], object]) -> None:
    many = len(keys.document.selected) > 1
    if not many:
        _item(menu, "Rename", "F2", keys.rename, icon="pencil")
    _item(menu, "Duplicate", "Ctrl+D", keys.duplicate, icon="duplicate")
    if not many:
        menu.addMenu(layer_menu(keys.document, menu, insert, title="Insert layer after"))
        menu.addSeparator()
        for text, key, by, icon in (
            ("Move earlier", "Alt+←", -1, "arrow-up"),
            ("Move later", "Alt+→", 1, "arrow-down"),
        ):
            item = _item(menu, text, key, partial(keys.reorder, by), icon=icon)
            item.setEnabled(operations.can_move(keys.document, id, by))
    menu.addSeparator()
    _item(menu, f"Delete {len(keys.document.selected)} layers" if many else "Delete", "Del", keys.delete, icon="trash")


def _item(menu: QMenu, text: str, key: str, act: Callable[[], object], *, icon: str = "") -> QAction:
    """The key is only told here; the canvas itself listens to it."""
    action = QAction(f"{text}\t{key}" if key else text, menu)
    if icon:
        action.setIcon(theme.icon(icon, "muted"))
    action.triggered.connect(lambda _checked=False: act())
    menu.addAction(action)
    return action
