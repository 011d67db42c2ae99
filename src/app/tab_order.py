"""The order in which Tab visits panels that are made one after the other."""

from __future__ import annotations

from collections.abc import Iterable

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QWidget


def order_tabs(before: QWidget, parts: Iterable[QWidget]) -> None:
    """Let Tab go from `before` through the controls of each part in turn; within a part their order stays.

    A control that is made late comes last in its window, wherever it stands. `before` itself must take the keyboard.
    """
    place = {widget: at for at, widget in enumerate(_chain(before.window()))}
    for part in parts:
        inside = [w for w in (part, *part.findChildren(QWidget)) if w in place and _takes_tab(w)]
        for widget in sorted(inside, key=place.__getitem__):
            QWidget.setTabOrder(before, widget)
            before = widget


def _chain(window: QWidget) -> Iterable[QWidget]:
    widget = window.nextInFocusChain()
    while widget is not None and widget is not window:
        yield widget
        widget = widget.nextInFocusChain()


def _takes_tab(widget: QWidget) -> bool:
    return bool(widget.focusPolicy() & Qt.FocusPolicy.TabFocus) and widget.focusProxy() is None
