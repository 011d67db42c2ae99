"""The Qt application: puts settings, theme, session and window together, and takes them apart again."""

from __future__ import annotations

import os
import signal
import sys

from PySide6.QtCore import QEvent, Qt, QTimer
from PySide6.QtGui import QFileOpenEvent
from PySide6.QtWidgets import QApplication

from app import theme
from app.errors import ErrorHooks, log, start_log
from app.notice import Notice
from app.session import Session
from app.settings import Settings
from app.window import Window
from core import __version__

# Set to have the program say on stderr when its window can be used, and end; the start-up benchmark reads it.
STARTUP_VARIABLE = "CHAINRULE_STARTUP"
SIGNAL_MILLISECONDS = 300


class Application(QApplication):
    """Files that the system asks to open wait until there is a window to open them in."""

    def __init__(self, argv: list[str]) -> None:
        super().__init__(argv)
        self.setApplicationName("Chainrule")
        self.setApplicationVersion(__version__)
        self.setDesktopFileName("chainrule")
        self._waiting: list[str] = []
        self._window: Window | None = None

    def serve(self, window: Window, paths: list[str]) -> None:
        self._window = window
        waiting, self._waiting = [*paths, *self._waiting], []
        if waiting:
            QTimer.singleShot(0, lambda: window.files.open_paths(waiting))

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.FileOpen and isinstance(event, QFileOpenEvent):
            if self._window is not None:
                self._window.files.open_paths([event.file()])
            else:
                self._waiting.append(event.file())
            return True
        return super().event(event)


def start(mode: str, paths: list[str]) -> int:
    """Run the program until its window is closed. `mode`: a theme for this run, "" for the remembered one."""
    start_log()
    QApplication.setHighDpiScaleFactorRoundingPolicy(Qt.HighDpiScaleFactorRoundingPolicy.PassThrough)
    application = Application(sys.argv[:1])
    settings, session, hooks = Settings(), Session(), ErrorHooks(application)
    hooks.install()
    try:
        theme.install(application, mode or settings.get("theme"))
        window = Window(session, settings)
        _connect(application, window, hooks)
        window.show()
        application.serve(window, paths)
        status = application.exec()
        remove(window)
        return status
    finally:
        session.shutdown()
        hooks.remove()


def remove(window: Window) -> None:
    """Delete the window while what it listens to is still there."""
    window.deleteLater()
    QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


def _connect(application: Application, window: Window, hooks: ErrorHooks) -> None:
    hooks.caught.connect(window.notices.show)
    # Two more processes on few cores would make the window late; they are up before anyone can press a button.
    window.painted.connect(window.session.start)
    window.painted.connect(lambda: _on_painted(application))
    # The run is checkpointed on the way out. `quit` would ask every window first, and whoever sends a signal is not
    # there to answer. Python sees a signal only when Python runs, and a window at rest runs none: hence the timer.
    alarm = QTimer(application, interval=SIGNAL_MILLISECONDS)
    alarm.timeout.connect(lambda: None)
    alarm.start()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda _number, _frame: application.exit(0))
    aside = window.settings.set_aside
    if aside is not None:
        text = f"They could not be read and were set aside as {aside}. The usual settings serve now."
        window.session.notice.emit(Notice("warning", "Your settings were damaged", text, key="settings"))


def _on_painted(application: Application) -> None:
    log.info("Chainrule %s is up", __version__)
    if os.environ.get(STARTUP_VARIABLE):
        print("usable", file=sys.stderr, flush=True)
        application.quit()
