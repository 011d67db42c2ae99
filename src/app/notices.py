"""What the program has to say, as cards in place: with repairs, never in the way, gone with Escape."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QEvent, QObject, QRect, Qt, QTimer, Signal
from PySide6.QtGui import QEnterEvent
from PySide6.QtWidgets import QApplication, QFrame, QHBoxLayout, QLabel, QPlainTextEdit, QVBoxLayout, QWidget

from app import theme
from app.notice import Notice
from app.widgets import FlowLayout, button, icon_button, label, set_role

WIDTH, LEAST_WIDTH, MARGIN = 372, 216, 12
MOST_CARDS = 4
READING_MILLISECONDS = {"info": 9_000, "success": 9_000}  # warnings and errors stay until they are closed
ICONS = {
    "info": ("info", "accent"), "success": ("check", "good"), "warning": ("warning", "warn"), "error": ("error", "bad"),
}  # fmt: skip


class NoticeCard(QFrame):
    """One notice. It leaves by itself only if it asks for nothing, and never while the pointer rests on it."""

    closed = Signal(object)
    resized = Signal()

    def __init__(self, notice: Notice, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.notice = notice
        set_role(self, "notice", notice.severity)
        self.setAccessibleName(f"{notice.severity}: {notice.title}")
        self.setAccessibleDescription(notice.text)
        self._timer = QTimer(self, singleShot=True)
        self._timer.timeout.connect(self.close_card)
        self._lay_out()
        self._wait()

    def _lay_out(self) -> None:
        row = QHBoxLayout(self)
        row.setContentsMargins(14, 12, 8, 12)
        row.setSpacing(10)
        sign = QLabel()
        name, token = ICONS.get(self.notice.severity, ICONS["info"])
        theme.set_icon(sign, name, token, 18)
        row.addWidget(sign, 0, Qt.AlignmentFlag.AlignTop)
        column = QVBoxLayout()
        column.setSpacing(4)
        title = label(self.notice.title, "strong", wrap=True)
        column.addWidget(title)
        if self.notice.text:
            column.addWidget(label(self.notice.text, "muted", wrap=True))
        self._add_actions(column)
        row.addLayout(column, 1)
        close = icon_button("close", "Close (Escape)", size=14, on_click=self.close_card)
        close.setFixedSize(24, 24)
        row.addWidget(close, 0, Qt.AlignmentFlag.AlignTop)

    def _add_actions(self, column: QVBoxLayout) -> None:
        row = FlowLayout(spacing=12)
        row.setContentsMargins(0, 4, 0, 0)
        for text, act in self.notice.actions:
            row.addWidget(button(text, role="link", on_click=self._then_close(act)))
        if self.notice.details:
            self.details = QPlainTextEdit(self.notice.details)
            self.details.setReadOnly(True)
            self.details.setFont(theme.font("mono_small"))
            self.details.setFixedHeight(140)
            self.details.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
            self.details.hide()
            self._fold = button("Details", role="link", on_click=self._toggle_details)
            row.addWidget(self._fold)
        if row.count():
            column.addLayout(row)
        if self.notice.details:
            column.addWidget(self.details)

    def _then_close(self, act: Callable[[], object]) -> Callable[[], None]:
        def run() -> None:
            self.close_card()
            act()

        return run

    def _toggle_details(self) -> None:
        self.details.setVisible(self.details.isHidden())
        self._fold.setText("Details" if self.details.isHidden() else "Hide details")
        self._timer.stop()
        self.resized.emit()

    def _wait(self) -> None:
        time = READING_MILLISECONDS.get(self.notice.severity)
        if time is not None:
            self._timer.start(time * (2 if self.notice.actions else 1))

    def enterEvent(self, event: QEnterEvent) -> None:
        self._timer.stop()
        super().enterEvent(event)

    def leaveEvent(self, event: QEvent) -> None:
        self._wait()
        super().leaveEvent(event)

    def close_card(self) -> None:
        self.closed.emit(self)


class NoticeStack(QObject):
    """Stacks the cards at the bottom right of `area` in `host`; the newest lies lowest. A notice with the same key
    replaces."""

    def __init__(self, host: QWidget, area: Callable[[], QRect] | None = None) -> None:
        super().__init__(host)
        self._host, self._area = host, area or host.rect
        self._cards: list[NoticeCard] = []
        host.installEventFilter(self)

    @property
    def cards(self) -> tuple[NoticeCard, ...]:
        return tuple(self._cards)

    def show(self, notice: Notice) -> None:
        for old in [c for c in self._cards if notice.key and c.notice.key == notice.key]:
            self._remove(old)
        if any(c.notice == notice for c in self._cards):
            return
        card = NoticeCard(notice, self._host)
        card.closed.connect(self._on_closed)
        card.resized.connect(self.place)
        self._cards.append(card)
        for old in self._cards[:-MOST_CARDS]:
            self._remove(old)
        card.show()
        self.place()

    def dismiss(self, key: str, *, severity: str = "") -> None:
        """Take back what has become untrue, or only what is of that severity; of "data", "data:..." as well."""
        about = [c for c in self._cards if key in (c.notice.key, c.notice.key.partition(":")[0])]
        for card in [c for c in about if severity in ("", c.notice.severity)]:
            self._remove(card)
        self.place()

    def close_newest(self) -> bool:
        """Whether there was one to close."""
        if not self._cards:
            return False
        self._remove(self._cards[-1])
        self.place()
        return True

    def clear(self) -> None:
        for card in self.cards:
            self._remove(card)

    def place(self) -> None:
        area = self._area().adjusted(MARGIN, MARGIN, -MARGIN, -MARGIN)
        right, bottom = area.right(), area.bottom()
        for card in reversed(self._cards):
            card.setFixedWidth(min(WIDTH, max(LEAST_WIDTH, area.width())))
            layout = card.layout()
            assert layout is not None
            layout.activate()
            height = layout.totalHeightForWidth(card.width())
            card.setGeometry(right - card.width(), bottom - height, card.width(), height)
            card.raise_()
            bottom -= height + 8

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Resize:
            self.place()
        return super().eventFilter(watched, event)

    def _on_closed(self, card: NoticeCard) -> None:
        self._remove(card)
        self.place()

    def _remove(self, card: NoticeCard) -> None:
        if card in self._cards:
            self._cards.remove(card)
            focused = QApplication.focusWidget()
            if focused is not None and card.isAncestorOf(focused):
                self._host.setFocus()  # not whatever control happens to come first
            card.hide()
            card.deleteLater()
