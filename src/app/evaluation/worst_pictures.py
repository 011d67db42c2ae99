"""The images that a network gets most wrong, as pictures: what it should have said, what it said, how sure it was."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QEvent, QRectF, QSize, Qt
from PySide6.QtGui import QFontMetricsF, QHelpEvent, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QScrollArea, QSizePolicy, QToolTip, QWidget

from app import theme
from app.pictures import Pictures
from app.style import set_role
from core.evaluation.result import Evaluation

TILE, GAP, MARGIN, LINE = 72, 16, 18, 16
MOST = 50


@dataclass(frozen=True)
class Mistake:
    """row: number of the image. true, said, sure: words. right: whether it was right after all, by a hair."""

    row: int
    true: str
    said: str
    sure: str
    right: bool


def mistakes(e: Evaluation, listed: int) -> list[Mistake]:
    """The worst first."""
    if e.truth is None or e.predicted is None or e.row_numbers is None:
        return []
    place = e.places()
    found = []
    for row in [row for row in e.worst if row in place][: min(listed, MOST)]:
        i = place[row]
        if e.task == "classification":
            true, said = (" ".join(e.classes[int(n)].split()) for n in (e.truth[i], e.predicted[i]))
            sure = f"{100 * float(e.confidence[i]):.0f} %" if e.confidence is not None else ""
            found.append(Mistake(row, true, said, sure, bool(e.truth[i] == e.predicted[i])))
        else:
            off = float(e.predicted[i] - e.truth[i])
            true, said = theme.number(float(e.truth[i])), theme.number(float(e.predicted[i]))
            found.append(Mistake(row, true, said, f"{'+' if off > 0 else ''}{theme.number(off)}", False))
    return found


class _Wall(QWidget):
    def __init__(self, found: Sequence[Mistake], pictures: Pictures) -> None:
        super().__init__()
        self._found, self._pictures = found, pictures
        policy = QSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Minimum)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)
        self.setAccessibleName("Most wrong images")
        said = "; ".join(f"{m.true} answered as {m.said}, {m.sure}" for m in found[:20])
        self.setAccessibleDescription(said)
        set_role(self, "scrolled")
        theme.signals.changed.connect(self.update)

    def _across(self, width: int) -> int:
        return max(1, (width - 2 * MARGIN + GAP) // (TILE + GAP))

    def hasHeightForWidth(self) -> bool:
        return True

    def heightForWidth(self, width: int) -> int:
        return -(-len(self._found) // self._across(width)) * (TILE + 2 * LINE + GAP) + 4

    def sizeHint(self) -> QSize:
        return QSize(320, self.heightForWidth(320))

    def resizeEvent(self, event: QResizeEvent) -> None:
        self.setMinimumHeight(self.heightForWidth(self.width()))
        super().resizeEvent(event)

    def _box(self, k: int) -> QRectF:
        line, across = divmod(k, self._across(self.width()))
        return QRectF(MARGIN + across * (TILE + GAP), 2 + line * (TILE + 2 * LINE + GAP), TILE, TILE)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        for k, mistake in enumerate(self._found):
            box = self._box(k)
            if box.top() > event.rect().bottom() or box.bottom() + 2 * LINE < event.rect().top():
                continue
            self._paint(painter, box, mistake)

    def _paint(self, painter: QPainter, box: QRectF, mistake: Mistake) -> None:
        colours = theme.current()
        pixmap = self._pictures.pixmap(mistake.row, TILE, self.devicePixelRatioF())
        if pixmap is not None:
            size = pixmap.deviceIndependentSize()
            at = QRectF(0, 0, size.width(), size.height())
            at.moveCenter(box.center())
            painter.drawPixmap(at, pixmap, QRectF(pixmap.rect()))
        words = mistake.said if mistake.right else f"✗ {mistake.said}"
        below = mistake.sure if mistake.right else f"is {mistake.true}, {mistake.sure}"
        first = QRectF(box.left() - 4, box.bottom() + 2, TILE + 8, LINE)
        for line, (text, kind, colour) in enumerate(
            (
                (words, "small", colours.text if mistake.right else colours.bad),
                (below, "caption", colours.muted),
            )
        ):
            painter.setFont(theme.font(kind))
            painter.setPen(colour)
            cut = QFontMetricsF(painter.font()).elidedText(text, Qt.TextElideMode.ElideRight, first.width())
            painter.drawText(first.translated(0, line * (LINE - 2)), Qt.AlignmentFlag.AlignCenter, cut)

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            k = next((k for k in range(len(self._found)) if self._box(k).contains(event.pos().toPointF())), -1)
            text = ""
            if k >= 0:
                m = self._found[k]
                text = f"Answered: {m.said}, {m.sure}\nTrue: {m.true}"
            QToolTip.showText(event.globalPos(), text, self)
            return True
        return super().event(event)


def worst_pictures(e: Evaluation, pictures: Pictures, listed: int) -> QScrollArea:
    area = QScrollArea()
    area.setWidgetResizable(True)
    area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    area.setMinimumHeight(120)
    area.setWidget(_Wall(mistakes(e, listed), pictures))
    return area
