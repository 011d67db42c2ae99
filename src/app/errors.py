"""Whatever escapes: written to a log, told once in one card, and the program runs on."""

from __future__ import annotations

import logging
import sys
import threading
import traceback
from logging.handlers import RotatingFileHandler
from pathlib import Path
from types import TracebackType

from PySide6.QtCore import QMessageLogContext, QObject, QtMsgType, Signal, qInstallMessageHandler

from app.notice import Notice, refusal
from core.errors import UserInputError
from core.paths import data_folder

LOG_BYTES, LOG_FILES = 1_000_000, 3
SAME_ERROR_SHOWN = 1  # an exception in a paint event would come sixty times a second
KEY = "defect"
log = logging.getLogger("chainrule")
_QT_LEVELS = {
    QtMsgType.QtDebugMsg: logging.DEBUG, QtMsgType.QtInfoMsg: logging.INFO, QtMsgType.QtWarningMsg: logging.WARNING,
    QtMsgType.QtCriticalMsg: logging.ERROR, QtMsgType.QtFatalMsg: logging.CRITICAL,
}  # fmt: skip


def log_path() -> Path:
    return data_folder() / "logs" / "chainrule.log"


def start_log() -> None:
    """Log to a rotating file; without a writable folder the program goes on and logs to stderr alone."""
    log.setLevel(logging.INFO)
    try:
        path = log_path()
        path.parent.mkdir(parents=True, exist_ok=True)
        handler: logging.Handler = RotatingFileHandler(
            path, maxBytes=LOG_BYTES, backupCount=LOG_FILES, encoding="utf-8"
        )
    except OSError:
        handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    log.addHandler(handler)


class ErrorHooks(QObject):
    """Catches what slots, threads and Qt report. `caught` carries a `Notice` and arrives in the window's thread."""

    caught = Signal(object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._seen: dict[str, int] = {}
        self._before = (sys.excepthook, threading.excepthook)

    def install(self) -> None:
        sys.excepthook = self.on_exception
        threading.excepthook = self._on_thread
        qInstallMessageHandler(self._on_qt)

    def remove(self) -> None:
        sys.excepthook, threading.excepthook = self._before
        qInstallMessageHandler(None)

    def on_exception(self, kind: type[BaseException], error: BaseException | None, trace: TracebackType | None) -> None:
        if issubclass(kind, KeyboardInterrupt):
            sys.__excepthook__(kind, error or kind(), trace)
            return
        if isinstance(error, UserInputError):
            self.caught.emit(refusal(error, key=KEY))
            return
        text = "".join(traceback.format_exception(kind, error, trace))
        self._report(f"{kind.__name__}: {error}", text)

    def _on_thread(self, args: threading.ExceptHookArgs) -> None:
        self.on_exception(args.exc_type, args.exc_value, args.exc_traceback)

    def _on_qt(self, kind: QtMsgType, context: QMessageLogContext, message: str) -> None:
        log.log(_QT_LEVELS.get(kind, logging.WARNING), "Qt: %s (%s)", message, context.category)

    def _report(self, what: str, text: str) -> None:
        place = text.rsplit("\n  File ", 1)[-1].split("\n", 1)[0]
        times = self._seen[what + place] = self._seen.get(what + place, 0) + 1
        if times > SAME_ERROR_SHOWN:
            return
        log.error("%s", text)
        print(text, file=sys.stderr, end="")
        told = "This is a defect of the program. Your work is still here; saving it now is wise."
        self.caught.emit(Notice("error", "Something went wrong", f"{told} Log: {log_path()}", text, key=KEY))
