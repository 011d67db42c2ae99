"""The one window: rows, panels, stages, menus, drops, and leaving without losing anything."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from PySide6.QtCore import QByteArray, QSize, QTimer, Signal
from PySide6.QtGui import QCloseEvent, QGuiApplication, QIcon, QKeyEvent, QPaintEvent, QShowEvent, Qt
from PySide6.QtWidgets import QMainWindow, QMenu, QVBoxLayout, QWidget

from app import help, theme
from app.actions import Actions
from app.body import SIDES, Body, SideToggle
from app.controlbar import ControlBar
from app.data_watch import CHANGED
from app.drop import DropOverlay
from app.files import ProjectFiles
from app.find_file import FindFile
from app.notice import Notice
from app.notices import NoticeStack
from app.one_click import OneClick
from app.panels import PANELS, Panel
from app.paste import paste
from app.settings import Settings
from app.stages import BY_NAME, STAGES
from app.statusbar import StatusBar
from app.titlebar import TitleBar, mark
from app.words import backend_name
from core.spec import DataSource

if TYPE_CHECKING:
    from app.session import Session

RUN = "run"  # key of the notices about a run
RUN_STAGES = ("Design", "Train")
USUAL_SIZE, SMALLEST_SIZE = (1280, 800), (1100, 700)
FRAME_MILLISECONDS = 100  # a window manager has drawn its frame by then
PRELOAD_MILLISECONDS = 120


class Window(QMainWindow):
    """`painted`: the window can be seen and used for the first time."""

    painted = Signal()

    def __init__(self, session: Session, settings: Settings, *, panels: Mapping[str, Panel] = PANELS) -> None:
        super().__init__()
        self.session, self.settings = session, settings
        self._more_wanted = False  # the welcome was left for the whole list of samples
        self._look_shown = False  # of a file that is being read, the first rows are there
        self._look_over = QTimer(self, singleShot=True, interval=0)
        self._look_over.timeout.connect(self._refresh_welcome)
        self._was_painted = False
        self._placed = QSize()
        self.title, self.controls, self.status = TitleBar(session), ControlBar(session), StatusBar(session)
        self.body = Body(session, settings, panels)
        self.status.busy.told_elsewhere = self._page_tells_work
        self.controls.more.place_in(self.body, over=self.body.right)
        self.notices = NoticeStack(self.body, self.body.free_corner)
        self.files = ProjectFiles(session, settings, self)
        self.find_file = FindFile(session, settings, self)
        self.one_click = OneClick(session, self)
        self._lay_out()
        self.overlay = DropOverlay(self, self._drop_hint)
        self.actions_ = Actions(self, self._commands())
        self.actions_.recent_menu.aboutToShow.connect(self._show_recent)  # a file may be gone since
        self._add_menus()
        self._connect()
        self._place()
        self._show_file()
        self.show_stage("Data")
        self._refresh_welcome()

    # --- building

    def _lay_out(self) -> None:
        central = QWidget()
        column = QVBoxLayout(central)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        for part in (self.title, self.controls, self.body, self.status):
            column.addWidget(part, 1 if part is self.body else 0)
        for side in SIDES:
            self.status.add_corner(SideToggle(side, self.body))
        self.setCentralWidget(central)
        self.setWindowIcon(QIcon(mark(64)))

    def _commands(self) -> dict[str, Callable[..., object]]:
        files, session = self.files, self.session
        stages = {f"stage_{s.name}": lambda n=s.name: self.show_stage(n) for s in STAGES}
        sides = {side: lambda on, s=side: self.body.set_open(s, on) for side in SIDES}
        stack = session.document.undo_stack
        return {
            **stages, **sides,
            "new": files.new, "open": files.open, "save": files.save, "save_as": files.save_as, "quit": self.close,
            "export": lambda: self.show_stage("Export"), "undo": stack.undo, "redo": stack.redo,
            "paste": self._paste, "rename": self.title.name.edit,
            "theme": self.set_theme, "full_screen": self._full_screen,
            "train": session.toggle_train, "step": self._if_enabled("step", session.step),
            "step_epoch": self._if_enabled("step_epoch", session.step_epoch),
            "stop": self._if_enabled("stop", session.stop), "reset": self._if_enabled("reset", self.reset_run),
            "cross_validate": self._show_folds,
            "shortcuts": lambda: help.shortcuts(self).show(), "log": help.show_log, "about": self._about,
        }  # fmt: skip

    def _if_enabled(self, control: str, act: Callable[[], object]) -> Callable[[], object]:
        """What a disabled button would refuse, its key refuses too."""
        return lambda: act() if getattr(self.controls.buttons, control).isEnabled() else None

    def _add_menus(self) -> None:
        if sys.platform == "darwin":
            self.actions_.fill_bar(self.menuBar())
        menu = QMenu(self)
        self.actions_.fill_menu(menu)
        self.title.set_menu(menu)
        self.title.add_undo(self.actions_.by_name["undo"], self.actions_.by_name["redo"])

    def _connect(self) -> None:
        session, document, welcome = self.session, self.session.document, self.body.welcome
        session.notice.connect(self.notices.show)
        session.stage_requested.connect(self._on_stage_requested)
        session.first_look.connect(self._begin_look)
        session.busy_changed.connect(self._end_look)
        session.engine.state_changed.connect(self._on_engine)
        self.title.stage_chosen.connect(self.show_stage)
        self.title.theme_toggled.connect(lambda: self.set_theme("light" if theme.current().dark else "dark"))
        self.controls.reset_asked.connect(self.reset_run)
        self.overlay.dropped.connect(self._drop)
        self.body.sides_changed.connect(self._show_sides)
        document.data_changed.connect(self._forget_troubles)
        document.file_changed.connect(lambda: None if document.edited else self._forget_refusals("file"))
        for signal in (document.file_changed, document.data_changed):
            signal.connect(self._show_file)
            signal.connect(self._refresh_welcome)
        stack = document.undo_stack
        for changed in (stack.canUndoChanged, stack.canRedoChanged, stack.undoTextChanged, stack.redoTextChanged):
            changed.connect(self._show_undo)
        welcome.start_asked.connect(self.one_click.start)
        welcome.open_asked.connect(self.files.open)
        welcome.more_asked.connect(self._leave_welcome)
        welcome.draw_asked.connect(lambda: self.session.use_source(DataSource("drawn", "classes")))
        welcome.recent_asked.connect(self.files.open_recent)
        welcome.clear_asked.connect(self.files.forget_all)
        self.one_click.changed.connect(self._refresh_welcome)
        self.one_click.changed.connect(lambda: welcome.show_waiting(self.one_click.source))
        self.files.recent_changed.connect(self._show_recent)
        self._show_recent()
        self._show_undo()
        self._show_sides()

    def _place(self) -> None:
        """The place of last time, if a screen still shows it; never larger than the screen."""
        screen = QGuiApplication.primaryScreen().availableGeometry()
        self.setMinimumSize(min(SMALLEST_SIZE[0], screen.width()), min(SMALLEST_SIZE[1], screen.height()))
        kept = self.settings.get("window/geometry")
        if not (kept and self.restoreGeometry(QByteArray(kept))):
            self.resize(min(USUAL_SIZE[0], screen.width()), min(USUAL_SIZE[1], screen.height()))
            self.move(screen.center() - self.rect().center())
            self._placed = self.size()

    def _keep_as_placed(self) -> None:
        if self.size() == self._placed:  # else somebody has chosen another size meanwhile
            self.keep_on_screen()

    def keep_on_screen(self) -> None:
        """The frame, which the system adds once the window is shown, must not push the last row off a small screen."""
        if self.isMaximized() or self.isFullScreen():
            return
        screen, frame = self.screen().availableGeometry(), self.frameGeometry()
        wide, high = max(0, frame.width() - screen.width()), max(0, frame.height() - screen.height())
        if wide or high:
            self.resize(self.width() - wide, self.height() - high)
        left = max(screen.left(), min(frame.left(), screen.right() + 1 - frame.width() + wide))
        top = max(screen.top(), min(frame.top(), screen.bottom() + 1 - frame.height() + high))
        if (left, top) != (frame.left(), frame.top()):
            self.move(left, top)

    # --- stages and sides

    def show_stage(self, name: str) -> None:
        if name in BY_NAME:
            self.body.set_stage(name)
            self.title.set_stage(name)
            self.status.busy.refresh()
            if name not in RUN_STAGES:
                self.notices.dismiss(RUN, severity="success")  # read by now, and it would cover what the run led to
            self.body.focus_centre()

    def _page_tells_work(self) -> bool:
        return not self.body.welcome_shown and BY_NAME[self.body.stage].tells_work

    def _on_stage_requested(self, name: str) -> None:
        if not (name == "Data" and self.one_click.pending):  # a sample goes straight on to Train
            self.show_stage(name)

    def _on_engine(self, state: str) -> None:
        if state == "running":
            self.notices.dismiss(RUN)  # how the run before ended

    def _show_sides(self) -> None:
        self.notices.place()
        for side in SIDES:
            action = self.actions_.by_name[side]
            action.blockSignals(True)
            action.setChecked(self.body.is_open(side))
            action.blockSignals(False)
            action.setEnabled(self.body.can_open(side))

    def set_theme(self, mode: str) -> None:
        self.settings.set("theme", mode)
        theme.set_mode(mode)
        self.actions_.show_theme_mode()

    # --- what is dropped

    def _drop(self, paths: list[str]) -> None:
        taker = self.body.file_taker(paths)
        if taker is None:
            self.files.open_paths(paths)
        else:
            taker[1](paths[0])

    def _drop_hint(self, paths: list[str]) -> str:
        taker = self.body.file_taker(paths)
        usual = "A data file becomes the data of this project. A .chainrule file is opened as a project."
        if len(paths) > 1:
            usual = "Train and test files, X and y, tables of the same columns, or images become the data."
        return usual if taker is None else taker[0]

    # --- the welcome

    def _refresh_welcome(self) -> None:
        document = self.session.document
        if document.project.data is not None:
            self._more_wanted = False
        empty = document.project.data is None and document.path is None and not document.project.network.layers
        wanted = empty and not self._more_wanted and not self._look_shown
        self.body.set_welcoming(wanted or self.one_click.pending)

    def _begin_look(self) -> None:
        """The first rows of a file are seen on the data page."""
        self._look_shown = True
        self._refresh_welcome()

    def _end_look(self, busy: object) -> None:
        if busy is None and self._look_shown:
            self._look_shown = False
            self._look_over.start()  # not before what was read is taken

    def _leave_welcome(self) -> None:
        self._more_wanted = True
        self._refresh_welcome()

    # --- what is shown about the file

    def _show_file(self) -> None:
        document = self.session.document
        self.setWindowTitle(f"{document.project.name}[*] — Chainrule")
        self.setWindowModified(document.edited)
        self.setWindowFilePath(str(document.path) if document.path else "")

    def _forget_troubles(self) -> None:
        """Other data were chosen: what was said of the ones before does not hold any more."""
        self._forget_refusals("data", "file")
        for severity in ("warning", "info"):
            self.notices.dismiss("data", severity=severity)
        self.notices.dismiss(CHANGED)

    def _forget_refusals(self, *keys: str) -> None:
        """What was refused is of the past once another file was read, or this one saved."""
        for key in keys:
            self.notices.dismiss(key, severity="error")

    def _show_recent(self) -> None:
        self.actions_.show_recent(self.files.recents, self.files.open_recent, self.files.forget_all)
        self.body.welcome.set_recent(self.files.recents)

    def _show_undo(self, _what: object = None) -> None:
        stack = self.session.document.undo_stack
        for name, can, text in (
            ("undo", stack.canUndo(), stack.undoText()),
            ("redo", stack.canRedo(), stack.redoText()),
        ):
            action = self.actions_.by_name[name]
            action.setEnabled(can)
            action.setText(f"{name.capitalize()} “{text}”" if can and text else name.capitalize())

    # --- commands of the window itself

    def reset_run(self) -> None:
        """Forget the run; what it had learned can be brought back once."""
        document = self.session.document
        trained, history, evaluation = document.trained, document.history, document.evaluation
        self.session.reset()
        self.notices.dismiss(RUN)
        if trained is None:
            return

        def bring_back() -> None:
            document.set_result(trained, history)
            document.set_evaluation(evaluation)

        text = "Its weights and curves are gone; the design and the data stay."
        self.session.notice.emit(
            Notice("info", "The run was reset", text, actions=(("Bring it back", bring_back),), key=RUN)
        )

    def _show_folds(self) -> None:
        """The cross-validation side of Evaluate."""
        self.show_stage("Evaluate")
        page = self.body.panel("Evaluate").panel
        if page is not None and hasattr(page, "show_folds"):
            page.show_folds()

    def _paste(self) -> None:
        """On the other stages keys belong to other things."""
        if self.body.stage == "Data":
            paste(self.session)

    def _full_screen(self, on: bool) -> None:
        self.showFullScreen() if on else self.showNormal()

    def _about(self) -> None:
        info = self.session.engine.backend
        computes = f"{backend_name(info)} {info.version} on {info.device}" if info else "The engine is starting"
        help.about(self, " ".join(computes.split())).show()

    # --- events

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Keys that no control wanted: Space trains or pauses, Escape closes the newest notice."""
        if event.key() == Qt.Key.Key_Space and not event.modifiers() and not event.isAutoRepeat():
            self.session.toggle_train()
        elif event.key() == Qt.Key.Key_Escape and self.notices.close_newest():
            return
        else:
            super().keyPressEvent(event)

    def focusNextPrevChild(self, next: bool) -> bool:
        """Tab follows the arrangement, whenever its panels and their fields were made."""
        self.body.order_tabs(self.controls.more_button)
        return super().focusNextPrevChild(next)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.overlay.watch()

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if not self._was_painted:
            self._was_painted = True
            QTimer.singleShot(0, self.painted.emit)
            QTimer.singleShot(FRAME_MILLISECONDS, self._keep_as_placed)
            QTimer.singleShot(PRELOAD_MILLISECONDS, self._preload)

    def _preload(self) -> None:
        """Make the other panels one by one while nothing happens, so that no stage is slow to open."""
        if self.isVisible() and self.body.preload_one():
            QTimer.singleShot(PRELOAD_MILLISECONDS, self._preload)

    def closeEvent(self, event: QCloseEvent) -> None:
        if not self.files.may_leave("close"):
            event.ignore()
            return
        self.settings.set("window/geometry", self.saveGeometry())
        self.settings.save()
        event.accept()
