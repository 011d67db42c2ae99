"""The entries of a column's menu that put the rows in another order."""

from __future__ import annotations

from PySide6.QtWidgets import QMenu

from app.data.pages import Pages
from core.data.schema import View


def add_sorting(menu: QMenu, pages: Pages, column: int) -> None:
    menu.addSeparator()
    view = pages.view
    for label, wanted, descending, tip in (
        (
            "Sort ascending",
            column,
            False,
            "Smallest first, texts as people count, missing cells last. For looking only.",
        ),
        ("Sort descending", column, True, "Largest first, missing cells last. For looking only."),
        ("In the order of the source", -1, False, "As the rows stand in the source."),
    ):
        action = menu.addAction(label)
        action.setToolTip(tip)
        action.setCheckable(True)
        action.setChecked((view.column, view.descending) == (wanted, descending))
        to = View(wanted, descending, view.containing)
        action.triggered.connect(lambda _checked=False, to=to: pages.look(to))
