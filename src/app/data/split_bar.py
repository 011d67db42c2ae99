"""Training, validation and test rows as one bar whose borders can be moved."""

from __future__ import annotations

from html import escape

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFocusEvent, QFontMetricsF, QKeyEvent, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from app import theme
from app.data import paint
from core.forecast import count_text

BAR = 6.0
GAP = 2.0
APART = 8.0  # pixels between two counts
REACH = 7.0  # pixels on either side of a border where the mouse takes it
STEP = 0.05
LEAST_TRAINING = 0.1
MOST_HELD = 0.6
PARTS = ("train", "validation", "test")
WHAT = (
    "<p>The network learns from the <b>training</b> rows. The <b>validation</b> rows tell while training if it learns"
    " or only memorizes. The <b>test</b> rows are kept for the final, honest score.</p>"
)
HOW = (
    "<p>Drag a border, or use ← and → (with Shift: the second border).</p>",
    "<p>Drag the first border, or use ← and →.</p>",
    "<p>Drag the second border, or use Shift with ← and →.</p>",
)


class SplitBar(QWidget):
    """`chosen`: shares of validation and test rows, when a border is let go or moved by a key.

    Left and right move the border between training and validation, with Shift the one between validation and test.
    """

    chosen = Signal(float, float)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._validation = self._test = 0.2
        self._rows = 0
        self._counts: dict[str, int] | None = None
        self._held = -1
        self._why, self._how = ("", ""), HOW[0]
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self._tell()
        theme.signals.changed.connect(self.update)

    def sizeHint(self) -> QSize:
        return QSize(200, 32)

    def minimumSizeHint(self) -> QSize:
        return QSize(120, 32)

    def show_split(self, rows: int, validation: float, test: float, counts: dict[str, int] | None) -> None:
        """counts: rows by part where they are known; else they are estimated from the shares."""
        if self._held >= 0:
            return  # a border that is being dragged is not torn out of the hand
        self._rows, self._validation, self._test, self._counts = rows, validation, test, counts
        self._tell()

    def hold(self, first: str = "", second: str = "") -> None:
        """Why the first or the second border cannot be moved; "" where it can."""
        self._why = (first, second)
        can_move = not (first and second)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus if can_move else Qt.FocusPolicy.NoFocus)
        self._how = HOW[1 if second else 2 if first else 0] if can_move else ""
        self._tell()

    def counts(self) -> tuple[int, int, int]:
        if self._counts is not None:
            train, validation, test = (self._counts.get(part, 0) for part in PARTS)
            return train, validation, test
        validation, test = round(self._rows * self._validation), round(self._rows * self._test)
        return self._rows - validation - test, validation, test

    def _tell(self) -> None:
        self.setAccessibleName("Split into training, validation and test rows")
        told = ", ".join(f"{p} {n:,}" for p, n in zip(PARTS, self.counts(), strict=True))
        self.setAccessibleDescription(told)
        reasons = "".join(f"<p>{escape(why)}</p>" for why in dict.fromkeys(self._why) if why)
        self.setToolTip(f"{WHAT}<p>Rows: {told}.</p>{self._how}{reasons}")
        self.update()

    def _borders(self) -> tuple[float, float]:
        return self.width() * (1 - self._validation - self._test), self.width() * (1 - self._test)

    def _border_at(self, at: QPointF) -> int:
        near = [REACH + 1 if why else abs(at.x() - x) for x, why in zip(self._borders(), self._why, strict=True)]
        index = 0 if near[0] <= near[1] else 1
        return index if near[index] <= REACH and at.y() <= BAR + 12 else -1

    def _move(self, border: int, share: float) -> None:
        """Put a border at `share` of the whole width; the other stays where it is."""
        if border == 0:
            validation = 1 - self._test - share
            self._validation = min(MOST_HELD, max(0.0, min(validation, 1 - self._test - LEAST_TRAINING)))
        else:
            whole = self._validation + self._test
            per_rest = self._validation / max(1e-9, 1 - self._test)
            self._test = min(MOST_HELD if self._why[0] else whole, MOST_HELD, max(0.0, 1 - share))
            self._validation = (1 - self._test) * per_rest if self._why[0] else whole - self._test
        self._validation, self._test = round(self._validation, 2), round(self._test, 2)
        self._counts = None
        self._tell()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self._held = self._border_at(event.position())
            self._before = (self._validation, self._test, self._counts)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._held >= 0:
            self._move(self._held, event.position().x() / max(1, self.width()))
        else:
            near = self._border_at(event.position()) >= 0
            self.setCursor(Qt.CursorShape.SplitHCursor if near else Qt.CursorShape.ArrowCursor)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if self._held >= 0:
            self._held = -1
            if (self._validation, self._test) != self._before[:2]:
                self.chosen.emit(self._validation, self._test)
            else:
                self._counts = self._before[2]
                self._tell()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        direction = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}.get(Qt.Key(event.key()))
        border = 1 if event.modifiers() & Qt.KeyboardModifier.ShiftModifier else 0
        if direction is None or self._why[border]:
            super().keyPressEvent(event)
            return
        at = 1 - self._test - (self._validation if border == 0 else 0)
        before = (self._validation, self._test)
        self._move(border, at + direction * STEP)
        if (self._validation, self._test) != before:
            self.chosen.emit(self._validation, self._test)

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        self.update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self.update()

    def leaveEvent(self, event: QEvent) -> None:
        super().leaveEvent(event)
        self.unsetCursor()

    def colours(self) -> tuple[QColor, QColor, QColor]:
        now = theme.current()
        return now.accent, now.negative, now.faint

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        first, second = self._borders()
        ends = (0.0, first, second, float(self.width()))
        for i, colour in enumerate(self.colours()):
            left = ends[i] + (GAP / 2 if i else 0)
            right = ends[i + 1] - (GAP / 2 if i < 2 else 0)
            if right > left:
                painter.setBrush(colour)
                painter.drawRoundedRect(QRectF(left, 1, right - left, BAR), BAR / 2, BAR / 2)
        if self.hasFocus():
            self._paint_grips(painter, (first, second))
        self._paint_words(painter)

    def _paint_grips(self, painter: QPainter, borders: tuple[float, float]) -> None:
        painter.setPen(theme.current().accent)
        painter.setBrush(theme.current().panel)
        for x in (x for x, why in zip(borders, self._why, strict=True) if not why):
            painter.drawRoundedRect(QRectF(min(max(x, 2.5), self.width() - 2.5) - 2, 0.5, 4, BAR + 1), 2, 2)

    def _paint_words(self, painter: QPainter) -> None:
        painter.setFont(paint.light_caption())
        painter.setPen(theme.current().muted)
        metrics = QFontMetricsF(painter.font())
        words, widths = self._words(metrics)
        middle = max((self.width() - widths[1]) / 2, widths[0] + APART)
        starts = (0.0, min(middle, self.width() - widths[2] - APART - widths[1]), self.width() - widths[2])
        for word, left, width in zip(words, starts, widths, strict=True):
            painter.drawText(QRectF(left, 13, width + 2, 16), Qt.AlignmentFlag.AlignVCenter, word)

    def _words(self, metrics: QFontMetricsF) -> tuple[list[str], list[float]]:
        """The counts and how wide they are drawn; shortened where they would not stand beside each other."""
        counts = tuple(zip(PARTS, self.counts(), strict=True))
        words = [f"{part} {n:,}" for part, n in counts]
        if sum(map(metrics.horizontalAdvance, words)) + 2 * APART > self.width():
            words = [f"{part} {count_text(n)}" for part, n in counts]
        return words, [metrics.horizontalAdvance(word) for word in words]
