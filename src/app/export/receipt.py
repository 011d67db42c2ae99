"""The receipt of an export: what was written, who read it again, and how far the answers lie apart."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt, QUrl
from PySide6.QtGui import QDesktopServices, QGuiApplication
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QLabel, QScrollArea, QWidget

from app import theme
from app.widgets import Card, Chip, ElidedLabel, button, label, wrapped
from app.words import size
from core.export.result import ExportResult

HELP = (
    "The file was read again from the disk, by another program where one is installed, and asked for rows that "
    "training never saw. This is the largest difference between its answers and the network's own."
)


class ReceiptCard(Card):
    def __init__(self, result: ExportResult, label_of_format: str, code: str, parent: QWidget | None = None) -> None:
        super().__init__(parent, margin=16, spacing=10)
        self.result, self.code = result, code
        self.setAccessibleName(f"Receipt: {self.sentence()}")
        head = QHBoxLayout()
        head.addWidget(label("Receipt", "title"), 1)
        head.addWidget(Chip(label_of_format, "plain"))
        self.body.addLayout(head)
        self.body.addLayout(self._verdict())
        self.body.addLayout(self._facts())
        if result.receipt.note:
            self.body.addWidget(label(result.receipt.note, "muted", wrap=True))
        row = QHBoxLayout()
        row.addWidget(
            button("Show in folder", icon="open", tip="Opens the folder that holds the file.", on_click=self._show)
        )
        row.addStretch(1)
        self.body.addLayout(row)
        if code:
            self._add_code()
        self.body.addStretch(0)

    def sentence(self) -> str:
        receipt = self.result.receipt
        found = f"largest difference {self.difference()}"
        return f"The same answers, {found}" if receipt.passed else f"The answers differ, {found}"

    def difference(self) -> str:
        """Two digits: the size counts, not the figures."""
        return theme.number(float(f"{self.result.receipt.max_abs_difference:.2g}"))

    def _verdict(self) -> QHBoxLayout:
        receipt = self.result.receipt
        passed = receipt.passed
        row = QHBoxLayout()
        row.setSpacing(10)
        mark = QLabel()
        mark.setAccessibleName("Passed" if passed else "Failed")
        theme.set_icon(mark, "check" if passed else "warning", "good" if passed else "bad", 20)
        number = label(self.difference(), "mono_large")
        words = "Same answers" if passed else "The answers differ"
        text = label(f"{words}: largest difference", "good" if passed else "bad", wrap=True)
        limit = label(
            f"≤ {theme.number(receipt.tolerance)}" if passed else f"> {theme.number(receipt.tolerance)}", "mono_small"
        )
        for widget in (text, number):
            widget.setToolTip(wrapped(HELP))
        row.addWidget(mark)
        row.addWidget(text, 1)
        row.addWidget(number)
        row.addWidget(limit)
        return row

    def _facts(self) -> QGridLayout:
        result, receipt = self.result, self.result.receipt
        files = len(result.files)
        path = Path(result.path)
        grid = QGridLayout()
        grid.setHorizontalSpacing(12)
        grid.setVerticalSpacing(5)
        grid.setColumnStretch(1, 1)
        for i, (name, text) in enumerate((
            ("File" if files == 1 else "Files", path.name if files == 1 else f"{path.name} and {files - 1} more"
             if not path.is_dir() else f"{path.name}, {files} files"),
            ("Folder", str(path.parent)),
            ("Size", size(result.bytes)),
            ("Read by", receipt.reference),
            ("Compared", f"{receipt.rows:,} {'row' if receipt.rows == 1 else 'rows'}"),
        )):  # fmt: skip
            grid.addWidget(label(name, "muted"), i, 0)
            value = ElidedLabel(text, "small", mode=Qt.TextElideMode.ElideMiddle)
            grid.addWidget(value, i, 1)
        return grid

    def _add_code(self) -> None:
        row = QHBoxLayout()
        row.addWidget(label("Use it", "section"), 1)
        self.copy = button("Copy", icon="copy", role="link", tip="Copies these lines.", on_click=self._copy)
        row.addWidget(self.copy)
        self.body.addLayout(row)
        text = label(self.code.rstrip(), "code", selectable=True)
        text.setAccessibleName("Code that uses the file")
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setWidget(text)
        area.setMinimumHeight(100)
        area.setMaximumHeight(text.sizeHint().height() + 12)
        area.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.body.addWidget(area, 4)

    def _copy(self) -> None:
        QGuiApplication.clipboard().setText(self.code)
        self.copy.setText("Copied")

    def _show(self) -> None:
        path = Path(self.result.path)
        QDesktopServices.openUrl(QUrl.fromLocalFile(str(path if path.is_dir() else path.parent)))
