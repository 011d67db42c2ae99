"""The pages process: rows of the data to look at, while the jobs process does longer work.

Only the newest request counts. What is asked for is answered block by block, and each block looks for newer requests
first; a view that nobody waits for any longer is given up.
"""

from __future__ import annotations

import contextlib
import signal
import threading
import traceback
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import TYPE_CHECKING, Any

from core.data.schema import Page, View
from core.engine.jobs import limit_memory, step_back
from core.errors import UserInputError
from core.spec import DataSource

if TYPE_CHECKING:
    from core.data.browse import Browser  # the window asks without loading DuckDB

BLOCK_ROWS = 64
BLOCK_COLUMNS = 64


@dataclass(frozen=True)
class Ask:
    """Blocks of a view. stamp: stands for source, view and folder together. digest: `content_hash` of the source.

    prepared: the folder of the arrays whose parts are to be told, or "". blocks: (k, m) are the rows from
    k * BLOCK_ROWS on, of the columns from m * BLOCK_COLUMNS on.
    """

    stamp: int
    source: DataSource
    digest: str
    view: View
    prepared: str
    blocks: tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class Counted:
    """The view stands; it has so many rows."""

    stamp: int
    rows: int


@dataclass(frozen=True)
class Block:
    stamp: int
    place: tuple[int, int]
    page: Page


@dataclass(frozen=True)
class Working:
    """What takes long, and how far it is."""

    stamp: int
    text: str
    fraction: float | None


@dataclass(frozen=True)
class Unreadable:
    """error: a refusal in words, or None for a defect, whose traceback is in `details`."""

    stamp: int
    error: UserInputError | None
    details: str = ""


class _Superseded(Exception):
    """Nobody waits for this any longer."""


def pages_main(pipe: Connection) -> None:
    """Answer requests until the window's end of the pipe closes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    limit_memory()
    step_back()
    _Server(pipe).run()


class _Server:
    def __init__(self, pipe: Connection) -> None:
        self._pipe, self._news = pipe, threading.Condition()
        self._newest: Ask | None = None
        self._served: Ask | None = None
        self._closed = False
        self._browser: Browser | None = None
        self._opened: tuple[DataSource, str] | None = None
        self._looking = -1  # the stamp of the view that is being made

    def run(self) -> None:
        threading.Thread(target=self._receive, daemon=True).start()
        while (ask := self._next()) is not None:
            with contextlib.suppress(_Superseded):
                self._serve(ask)
        if self._browser is not None:
            self._browser.close()

    def _next(self) -> Ask | None:
        """The newest request, once it is another than the last; None where the window is gone."""
        with self._news:
            self._news.wait_for(lambda: self._closed or self._newest is not self._served)
            self._served = None if self._closed else self._newest
            return self._served

    def _receive(self) -> None:
        while True:
            try:
                ask = self._pipe.recv()
            except (EOFError, OSError):
                ask = None
            with self._news:
                self._newest, self._closed = ask, ask is None
                stale = self._browser is not None and self._looking not in (-1, ask.stamp if ask else -1)
                if stale and self._browser is not None:
                    self._browser.interrupt()
                self._news.notify()
            if ask is None:
                return

    def _serve(self, ask: Ask) -> None:
        try:
            browser = self._open(ask)
            self._looking = ask.stamp
            rows = browser.look(ask.view, progress=lambda text, fraction: self._tell(ask, text, fraction))
            self._looking = -1
            self._send(Counted(ask.stamp, rows))
            for place in ask.blocks:
                if self._newest is not ask:
                    return
                self._send(Block(ask.stamp, place, _cut(browser, ask, place)))
        except UserInputError as err:
            self._send(Unreadable(ask.stamp, err))
        except _Superseded:
            raise
        except Exception:
            # What was interrupted fails in some way of its own; nobody waits for it.
            if self._newest is not None and self._newest.stamp == ask.stamp:
                self._send(Unreadable(ask.stamp, None, traceback.format_exc()))
        finally:
            self._looking = -1

    def _open(self, ask: Ask) -> Browser:
        from core.data.browse import Browser

        wanted = ask.source, ask.digest
        if self._browser is None or self._opened != wanted:
            if self._browser is not None:
                self._browser.close()
            self._browser = self._opened = None
            self._browser = Browser(
                ask.source, ask.digest, progress=lambda text, fraction: self._tell(ask, text, fraction)
            )
            self._opened = wanted
        return self._browser

    def _tell(self, ask: Ask, text: str, fraction: float | None) -> None:
        newest = self._newest
        if newest is None or (newest.source, newest.digest) != (ask.source, ask.digest):
            raise _Superseded
        if self._looking == ask.stamp != newest.stamp:
            raise _Superseded
        self._send(Working(ask.stamp, text, fraction))

    def _send(self, message: Any) -> None:
        try:
            self._pipe.send(message)
        except OSError as err:
            raise _Superseded from err


def _cut(browser: Browser, ask: Ask, place: tuple[int, int]) -> Page:
    """The columns of a block alone: of a wide table most are out of sight."""
    row, column = place[0] * BLOCK_ROWS, place[1] * BLOCK_COLUMNS
    page = browser.page(row, BLOCK_ROWS, prepared=ask.prepared)
    cut = tuple(cells[column : column + BLOCK_COLUMNS] for cells in page.rows)
    return Page(page.numbers, cut, page.parts)
