"""The data page while its rows are drawn by hand: the plane, the tools, and what still lacks."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QFileDialog, QHBoxLayout, QVBoxLayout, QWidget

from app.data.board import Board
from app.data.draw_tools import DrawTools
from app.data.facts import count
from app.data.sources import choose_file, open_source_menu
from app.notice import Notice, refusal
from app.settings import Settings
from app.widgets import ElidedLabel, button
from core.data.drawing import LABELS, MOST_POINTS, Points, drawing, lacking, to_csv
from core.errors import UserInputError
from core.project.atomic import atomic_write

if TYPE_CHECKING:
    from app.session import Session

READY = {
    "classes": "Ready: press Train, and the network's answer is drawn under your points.",
    "curve": "Ready: press Train, and the network draws its curve through your points.",
}
OLDER = "The run goes on with the points that it began with."
FULL = f"The drawing is full: it holds {MOST_POINTS:,} points."
NOTICE = "drawing"


class DrawPage(QWidget):
    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self.board, self.tools = Board(), DrawTools()
        self._name, self._facts, self._state = ElidedLabel(role="title"), ElidedLabel(role="muted"), ElidedLabel()
        column = QVBoxLayout(self)
        column.setContentsMargins(20, 14, 20, 16)
        column.setSpacing(10)
        column.addLayout(self._build_head())
        middle = QHBoxLayout()
        middle.setSpacing(12)
        middle.addWidget(self.board, 1)
        middle.addWidget(self.tools)
        column.addLayout(middle, 1)
        foot = QHBoxLayout()
        foot.setSpacing(10)
        foot.addWidget(self._state, 1)
        tip = "Gives up the run of the earlier points and begins one with these."
        self.anew = button("Train on these points", icon="play", role="link", tip=tip, on_click=session.train_anew)
        foot.addWidget(self.anew)
        column.addLayout(foot)
        self._listen()
        self.refresh()

    def _build_head(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(10)
        samples = button("Samples", icon="sparkles", tip="Real data sets and generated patterns that come along.")
        samples.clicked.connect(lambda: open_source_menu(self._session, self, under=samples))
        replace = button("Replace…", icon="open", tip="Reads a table in place of the drawing.")
        replace.clicked.connect(lambda: choose_file(self._session, self))
        row.addWidget(self._name)
        row.addWidget(self._facts, 1)
        row.addWidget(samples)
        row.addWidget(replace)
        return row

    def _listen(self) -> None:
        document = self._session.document
        self._timer = QTimer(self, singleShot=True, interval=0)
        self._timer.timeout.connect(self.refresh)
        signals = (document.data_changed, document.profile_changed, document.prepared_changed)
        for signal in (*signals, self._session.running_network_changed, self._session.engine.state_changed):
            signal.connect(self._timer.start)
        self.board.drawn.connect(self._drawn)
        self.board.full.connect(lambda: self._session.notice.emit(Notice("info", FULL, key=NOTICE)))
        self.tools.changed.connect(self._take_tool)
        self.tools.clear_asked.connect(lambda: self._drawn((), "Clear the drawing"))
        self.tools.save_asked.connect(self._ask_where)

    def refresh(self) -> None:
        data = self._session.document.project.data
        if data is None or data.source.kind != "drawn":
            return
        name, points = data.source.name, data.source.points
        self._name.set_text(drawing(name).label)
        classes = len({p[2] for p in points if len(p) > 2})
        parts = [count(len(points), "point"), *([count(classes, "class", "classes")] if classes else [])]
        self._facts.set_text(" · ".join((*parts, "kept in the project")))
        self.tools.show_drawing(name, points)
        self._take_tool()
        self.board.show_points(points)
        lack = lacking(name, points)
        older = not lack and self._session.engine.state in ("running", "paused") and self._session.data_are_newer
        self.anew.setVisible(older)
        self._state.set_text(OLDER if older else lack or self._told(name))

    def _told(self, name: str) -> str:
        """That it can be learned from, or why not."""
        profile = self._session.document.profile
        found = profile.findings if profile is not None else ()
        errors = [f.text for f in found if f.severity == "error"]
        warnings = [f.text for f in found if f.severity == "warning" and not f.action]
        return errors[0] if errors else " ".join((READY[name], *warnings[:1]))

    def _take_tool(self) -> None:
        self.board.index, self.board.spread = self.tools.index, self.tools.spread_value
        self.board.erasing = self.tools.erasing
        self.board.update()

    def _drawn(self, points: Points, text: str) -> None:
        self._session.draw(text, points)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """1 to 6 pick a class, E the eraser."""
        index = event.key() - Qt.Key.Key_1
        if event.key() == Qt.Key.Key_E:
            self.tools.eraser.click()
        elif 0 <= index < len(LABELS):
            self.tools.choose(index)
        else:
            super().keyPressEvent(event)

    # --- saving

    def _ask_where(self) -> None:
        settings = Settings()
        proposed = Path(settings.get("files/folder")) / "drawn points.csv"
        path, _ = QFileDialog.getSaveFileName(self, "Save the points", str(proposed), "CSV (*.csv)")
        if path:
            settings.set("files/folder", str(Path(path).parent))
            self.write(path if Path(path).suffix else f"{path}.csv")

    def write(self, path: str) -> None:
        data = self._session.document.project.data
        assert data is not None
        try:
            atomic_write(path, to_csv(data.source.name, data.source.points))
        except UserInputError as err:
            self._session.notice.emit(refusal(err, key=NOTICE))
        else:
            self._session.notice.emit(Notice("success", f"Saved {Path(path).name}", key=NOTICE))
