"""Findings as cards in place, each with its repair where one click mends it."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from PySide6.QtWidgets import QFrame, QVBoxLayout, QWidget

from app.document import Document
from app.inspector.advice import Advice
from app.style import set_role
from app.widgets import button, label
from core import edits
from core.layout import columns, settled
from core.spec import Project
from core.validation import Badge, Fix


class Banner(QFrame):
    """A title, a sentence, and perhaps a link."""

    def __init__(self, kind: str, title: str, text: str) -> None:
        super().__init__()
        set_role(self, "banner", kind)
        self.column = QVBoxLayout(self)
        self.column.setContentsMargins(10, 8, 10, 9)
        self.column.setSpacing(2)
        head = label(title, {"error": "bad", "warning": "warn"}.get(kind, "small"), wrap=True)
        self.column.addWidget(head)
        if text:
            self.column.addWidget(label(text, "small", wrap=True))


class Findings(QWidget):
    def __init__(self, document: Document) -> None:
        super().__init__()
        self.document = document
        self._shown: tuple[object, ...] = ()
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(6)

    def show_layers(self, ids: tuple[str, ...]) -> None:
        """What is wrong with these layers; several get their names in front."""
        self._show(tuple(badge for id in ids for badge in self.document.report.of(id)), named=len(ids) > 1)

    def show_all(self, advice: tuple[Advice, ...]) -> None:
        """Everything that is wrong with the network, then what is worth knowing."""
        read = ["", *(id for part in columns(self.document.project.network) for column in part for id in column)]
        badges = sorted(self.document.report.badges, key=lambda badge: read.index(badge.layer_id))
        self._show((*badges, *advice), named=True)

    def _show(self, found: tuple[Badge | Advice, ...], *, named: bool) -> None:
        key = (named, *found, *(self._name(f) for f in found))
        if key == self._shown:
            return
        self._shown = key
        while (item := self._column.takeAt(0)) is not None:
            old = item.widget()
            if old is not None:
                old.hide()
                old.deleteLater()
        for each in found:
            self._column.addWidget(self._banner(each, named=named))
        self.setVisible(bool(found))

    def _name(self, found: Badge | Advice) -> str:
        network = self.document.project.network
        id = found.layer_id if isinstance(found, Badge) else ""
        return network.layer(id).name if network.has(id) else ""

    def _banner(self, found: Badge | Advice, *, named: bool) -> Banner:
        if isinstance(found, Advice):
            return Banner(found.kind, found.title, found.text)
        name = self._name(found)
        title = f"{name}: {found.title[0].lower()}{found.title[1:]}" if named and name else found.title
        made = Banner("error" if found.severity == "error" else "warning", title, found.text)
        for fix in found.fixes:
            made.column.addWidget(button(fix.label, role="link", on_click=partial(self._repair, fix)))
        if named and name:
            show = button("Show it", role="link", tip="Select the layer.")
            show.clicked.connect(lambda _checked=False, id=found.layer_id: self.document.select(id))
            made.column.addWidget(show)
        return made

    def _repair(self, fix: Fix) -> None:
        def both(p: Project) -> Project:
            network = edits.repaired(p.network, fix)
            return replace(p, network=network, layout=settled(network, p.layout))

        self.document.apply(both, fix.label)
