"""The title row: menu, project name and state, stages, and what computes."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QObject, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QAction, QIcon, QKeyEvent, QMouseEvent, QPainter, QPixmap
from PySide6.QtSvg import QSvgRenderer
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLineEdit, QMenu, QSizePolicy, QStackedWidget, QToolButton, QWidget

from app import theme
from app.stages import STAGES
from app.widgets import Dot, ElidedLabel, Segmented, icon_button, set_role, wrapped
from app.words import backend_name
from core.resources import resource_path

if TYPE_CHECKING:
    from app.session import Session

HEIGHT = 44
NAME_LENGTH = 80


def mark(size: int) -> QPixmap:
    """The program's mark, sharp on every screen."""
    ratio = theme.pixel_ratio()
    made = QPixmap(QSize(round(size * ratio), round(size * ratio)))
    made.fill(Qt.GlobalColor.transparent)
    painter = QPainter(made)
    QSvgRenderer(str(resource_path("mark", "chainrule.svg"))).render(painter, QRectF(made.rect()))
    painter.end()
    made.setDevicePixelRatio(ratio)
    return made


class ProjectName(QStackedWidget):
    """The name of the project; a double click or F2 edits it in place."""

    renamed = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.shown = ElidedLabel("", "title")
        self.shown.set_tip("Double-click to rename the project.")
        self.field = QLineEdit()
        set_role(self.field, "plain")
        self.field.setFont(theme.font("title"))
        self.field.setMaxLength(NAME_LENGTH)
        self.field.setAccessibleName("Name of the project")
        self.field.editingFinished.connect(self._finish)
        self.field.installEventFilter(self)
        self.addWidget(self.shown)
        self.addWidget(self.field)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)

    def set_name(self, name: str) -> None:
        self.shown.set_text(name)
        self.updateGeometry()

    def sizeHint(self) -> QSize:
        hint = self.shown.sizeHint()
        editing = self.currentWidget() is self.field
        return QSize(max(hint.width() + 4, 180 if editing else 0), 26)

    def minimumSizeHint(self) -> QSize:
        return QSize(40, 26)

    def edit(self) -> None:
        self.field.setText(self.shown.full_text())
        self.setCurrentWidget(self.field)
        self.updateGeometry()
        self.field.setFocus()
        self.field.selectAll()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        self.edit()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress and event.key() == Qt.Key.Key_Escape:
            self._leave()
            return True
        return super().eventFilter(watched, event)

    def _finish(self) -> None:
        name = " ".join(self.field.text().split())
        if self.currentWidget() is self.field:
            self._leave()
            if name and name != self.shown.full_text():
                self.renamed.emit(name)

    def _leave(self) -> None:
        self.setCurrentWidget(self.shown)
        self.updateGeometry()


class BackendBadge(QFrame):
    """What computes, where, and why; the colour says whether it is up, the words say so too."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        set_role(self, "badge")
        self.setFixedHeight(26)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        row = QHBoxLayout(self)
        row.setContentsMargins(10, 0, 12, 0)
        row.setSpacing(7)
        self.dot = Dot()
        self.text = ElidedLabel()
        row.addWidget(self.dot)
        row.addWidget(self.text)
        session.engine.ready.connect(self._show)
        session.engine.state_changed.connect(self._show)
        self._show()

    def _show(self, _what: object = None) -> None:
        engine = self._session.engine
        info = engine.backend
        if engine.state == "lost":
            text, token, why = "Engine stopped", "bad", "The process that trains has ended."
        elif info is None:
            text, token, why = "Engine starting…", "faint", "The process that trains is coming up."
        else:
            text, token = f"{backend_name(info)} · {info.device}", "good"
            why = f"{backend_name(info)} {info.version}".strip() + f" computes, on {info.device}.\n{info.why}"
        self.text.set_text(text)
        self.dot.set_token(token)
        self.setToolTip(wrapped(why))
        self.text.set_tip(why)
        self.setAccessibleName(f"Backend: {text}")


class TitleBar(QWidget):
    """stage_chosen: the person asks for that stage. theme_toggled: light for dark, dark for light."""

    stage_chosen = Signal(str)
    theme_toggled = Signal()

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        set_role(self, "bar")
        self.setFixedHeight(HEIGHT)
        self.menu_button = self._menu_button()
        self.name = ProjectName()
        self.name.renamed.connect(self._rename)
        self.state = ElidedLabel("", "faint", mode=Qt.TextElideMode.ElideMiddle)
        self.stages = Segmented(tuple((s.name, s.name, s.help) for s in STAGES), role="stage")
        self.stages.chosen.connect(self.stage_chosen)
        self.badge = BackendBadge(session)
        self.theme_button = icon_button("moon", "Switch between light and dark", on_click=self.theme_toggled.emit)
        self._lay_out()
        session.document.file_changed.connect(self._show_file)
        theme.signals.changed.connect(self._show_theme)
        self._show_file()
        self._show_theme()

    def set_menu(self, menu: QMenu) -> None:
        self.menu_button.setMenu(menu)

    def add_undo(self, *actions: QAction) -> None:
        """Buttons for undo and redo: one click takes a step back."""
        for at, action in enumerate(actions, start=1):
            made = QToolButton()
            made.setDefaultAction(action)
            set_role(made, "ghost")
            self._end.insertWidget(at, made)

    def set_stage(self, name: str) -> None:
        self.stages.set_value(name)

    def _menu_button(self) -> QToolButton:
        made = QToolButton()
        set_role(made, "menu")
        made.setIcon(QIcon(mark(22)))
        made.setIconSize(QSize(22, 22))
        made.setFixedHeight(30)
        made.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        made.setToolTip("Menu: files, editing, view, training, help (Alt+M)")
        made.setShortcut("Alt+M")
        made.setAccessibleName("Menu")
        return made

    def _lay_out(self) -> None:
        row = QHBoxLayout(self)
        row.setContentsMargins(10, 0, 12, 0)
        row.setSpacing(8)
        left, right = QWidget(), QWidget()
        start, end = QHBoxLayout(left), QHBoxLayout(right)
        self._end = end
        for inner in (start, end):
            inner.setContentsMargins(0, 0, 0, 0)
            inner.setSpacing(10)
        start.addWidget(self.menu_button)
        start.addWidget(self.name, 0)
        start.addWidget(self.state, 1)
        end.addStretch(1)
        end.addWidget(self.badge)
        end.addWidget(self.theme_button)
        row.addWidget(left, 1)  # equal shares keep the stages in the very middle
        row.addWidget(self.stages, 0)
        row.addWidget(right, 1)

    def _rename(self, name: str) -> None:
        self._session.document.apply(lambda p: replace(p, name=name), "Rename the project")

    def _show_file(self) -> None:
        document = self._session.document
        self.name.set_name(document.project.name)
        saved = f"{document.path.name} — edited" if document.path and document.edited else ""
        self.state.set_text(saved or (document.path.name if document.path else "not saved yet"))
        self.state.set_tip(str(document.path) if document.path else "This project has no file yet. Ctrl+S saves it.")

    def _show_theme(self, _theme: object = None) -> None:
        dark = theme.current().dark
        theme.set_icon(self.theme_button, "sun" if dark else "moon", "muted")
