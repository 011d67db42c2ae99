"""The export page: formats to choose from, and the receipt of what was written."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QFileDialog,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from app import theme
from app.banner import Banner
from app.busy import BusyStrip
from app.export.receipt import ReceiptCard
from app.export.snippets import snippet
from app.result_page import ResultPage
from app.settings import Settings
from app.style import restyle, set_role
from app.widgets import Card, ElidedLabel, EmptyState, button, explain, label
from core.export.result import ExportResult
from core.export.run import FormatInfo

if TYPE_CHECKING:
    from app.document import Trained
    from app.session import Session

ICONS: Mapping[str, str] = {
    "onnx": "network", "coreml": "cpu", "pytorch": "lightning", "mlx": "layers", "numpy": "file", "safetensors": "data",
}  # fmt: skip
SIDE = 432
OLDER_DATA = "What is exported belongs to the older data."
OLDER_DESIGN = "What is exported is the older design."
EXPORT_TIP = "Writes the trained network, reads it again and compares the answers."


class FormatCard(Card):
    def __init__(self, info: FormatInfo, parent: QWidget | None = None) -> None:
        super().__init__(parent, margin=14, spacing=8)
        self.info = info
        head = QHBoxLayout()
        head.setSpacing(8)
        icon = QLabel()
        theme.set_icon(icon, ICONS.get(info.name, "export"), "muted", 18)
        head.addWidget(icon)
        head.addWidget(ElidedLabel(info.label, "title"), 1)
        head.addWidget(label("folder" if info.is_folder else info.suffix, "mono_small"))
        self.body.addLayout(head)
        self.body.addWidget(label(info.help, "muted", wrap=True))
        self.body.addStretch(1)
        self.export = button("Export…", icon="export")
        self.export.setAccessibleName(f"Export as {info.label}")
        row = QHBoxLayout()
        row.addWidget(self.export)
        row.addStretch(1)
        self.body.addLayout(row)

    def mark(self, *, chosen: bool) -> None:
        self.setProperty("selected", "true" if chosen else "false")
        restyle(self)


class ExportPage(ResultPage):
    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(session, "Export", parent)
        self.waiting = ""  # the format that is being written
        self._trained: Trained | None = None
        self.receipt: ReceiptCard | None = None
        self._stack.addWidget(self._build_absence("export"))
        self._stack.addWidget(self._build_page())
        self._listen(session.document.network_changed, session.document.prepared_changed)
        session.busy_changed.connect(self._busy_changed)
        session.notice.connect(self._on_notice)
        self.refresh()

    # --- building

    def _build_page(self) -> QWidget:
        made = QWidget()
        column = QVBoxLayout(made)
        column.setContentsMargins(20, 14, 20, 16)
        column.setSpacing(12)
        head = QHBoxLayout()
        head.setSpacing(10)
        title = label("Export", "title")
        title.setMinimumHeight(30)  # as high as the heads of pages with buttons
        head.addWidget(title)
        head.addWidget(ElidedLabel("The trained network as a file. Every export is read again and proved.", "muted"), 1)
        column.addLayout(head)
        column.addWidget(BusyStrip(self._session))
        self.older = Banner("warning", "Train again", self._session.train)
        column.addWidget(self.older)
        row = QHBoxLayout()
        row.setSpacing(12)
        row.addWidget(self._build_formats(), 1)
        row.addWidget(self._build_side())
        column.addLayout(row, 1)
        return made

    def _build_formats(self) -> QScrollArea:
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        body = set_role(QWidget(), "scrolled")
        grid = QGridLayout(body)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setSpacing(12)
        self.cards: dict[str, FormatCard] = {}
        for i, info in enumerate(self._session.export_formats()):
            card = FormatCard(info)
            card.export.clicked.connect(lambda _checked=False, i=info: self._choose(i))
            self.cards[info.name] = card
            grid.addWidget(card, i // 2, i % 2)
        for column in range(2):
            grid.setColumnStretch(column, 1)
        grid.setRowStretch(grid.rowCount(), 1)
        area.setWidget(body)
        return area

    def _build_side(self) -> QWidget:
        side = QWidget()
        side.setFixedWidth(SIDE)
        self._side = QVBoxLayout(side)
        self._side.setContentsMargins(0, 0, 0, 0)
        placeholder = set_role(Card(), "dropzone")
        placeholder.body.addWidget(EmptyState(
            "check", "A receipt for every export",
            "The file is read again from the disk and answers for rows it never saw. The largest difference to the "
            "network here stands on the receipt.", width=300,
        ))  # fmt: skip
        self._placeholder = placeholder
        self._side.addWidget(placeholder)
        return side

    # --- what is shown

    def refresh(self) -> None:
        if not self.isVisible():
            return
        trained = self._session.document.trained
        self._stack.setCurrentIndex(0 if trained is None else 1)
        if trained is None:
            self._show_absence(
                training=("Training goes on", "When the run ends, the network can be taken along from here."),
                untrained=("Not trained yet", "Train the network: it can then be taken along as a file."),
                nothing=("Nothing to export yet", "Choose data and train a network first."),
            )
        if trained is not self._trained:
            self._trained = trained
            self._show_receipt(None)
        if trained is not None:
            self.older.show_text(self._why_older(trained, data=OLDER_DATA, design=OLDER_DESIGN))
        for card in self.cards.values():
            explain(card.export, enabled=not self.waiting, tip=EXPORT_TIP, why_not="another export is being written.")

    # --- exporting

    def _choose(self, info: FormatInfo) -> None:
        settings = Settings()
        name = "".join(c if c.isalnum() or c in " -_." else "_" for c in self._session.document.project.name).strip(
            " ."
        )
        proposed = str(Path(settings.get("files/folder")) / f"{name or 'network'}{info.suffix}")
        title = f"Export as {info.label}"
        path, _ = QFileDialog.getSaveFileName(
            self, title, proposed, "" if info.is_folder else f"{info.label} (*{info.suffix})"
        )
        if path:
            settings.set("files/folder", str(Path(path).parent))
            self.start(info, path)

    def start(self, info: FormatInfo, path: str) -> None:
        if not info.is_folder and not path.lower().endswith(info.suffix.lower()):
            path += info.suffix
        self._set_waiting(info.name)
        self._session.export(info.name, path, self._done)

    def _set_waiting(self, name: str) -> None:
        self.waiting = name
        chosen = name or (self.receipt.result.format if self.receipt is not None else "")
        for card in self.cards.values():
            card.mark(chosen=card.info.name == chosen)
        self.refresh()

    def _done(self, result: ExportResult) -> None:
        self._show_receipt(result)
        self._set_waiting("")

    def _busy_changed(self, busy: Any) -> None:
        """Cancelled, failed or done: the buttons must come back in every case."""
        if busy is None and self.waiting:
            self._set_waiting("")

    def _on_notice(self, notice: Any) -> None:
        if self.waiting and notice.key == "export":
            self._set_waiting("")

    def _show_receipt(self, result: ExportResult | None) -> None:
        if self.receipt is not None:
            self._side.removeWidget(self.receipt)
            self.receipt.deleteLater()
            self.receipt = None
        trained = self._trained
        if result is not None and trained is not None:
            info = self.cards.get(result.format)
            code = snippet(result.format, result.path, trained.prepared.preparation)
            self.receipt = ReceiptCard(result, info.info.label if info else result.format, code)
            self._side.addWidget(self.receipt)
        self._placeholder.setVisible(self.receipt is None)
