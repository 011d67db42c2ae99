"""The files that data come from: several at once, one that is gone, one that has changed meanwhile, the clipboard."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Signal

from app.notice import Notice, failure
from core.data import pasted
from core.data.schema import TableProfile
from core.data.together import COLUMNS, PARTS, ROWS, WhichFile
from core.engine.jobs import JobFailed
from core.errors import MissingFile
from core.paths import data_folder
from core.spec import DataSource

if TYPE_CHECKING:
    from app.session import Session

DATA = "data"  # key of notices
OFFERED = 3  # files by name in a notice
WAYS = {PARTS: "Train and test", COLUMNS: "Side by side", ROWS: "One below the other"}


def source_of(paths: list[str]) -> DataSource:
    """One file, or several that are one source."""
    first, *others = dict.fromkeys(str(Path(path).absolute()) for path in paths)
    was_pasted = Path(first).is_relative_to(data_folder() / pasted.FOLDER)
    name = pasted.NAME if was_pasted else Path(first).name
    return DataSource("file", f"{name} and {len(others):,} more" if others else name, first, also=tuple(others))


def paths_of(source: DataSource) -> tuple[str, ...]:
    return (source.path, *source.also) if source.kind == "file" else ()


def only(source: DataSource, path: str) -> DataSource:
    """One of the files of a source, read alone."""
    return replace(source, name=Path(path).name, path=path, also=(), joined="", sha256="")


class DataFiles(QObject):
    """find_asked: the person wants to look for the file of this path."""

    find_asked = Signal(str)

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._session = session
        self._found: dict[str, str] = {}  # files that were found again while others of the same source are missing

    # --- what a refusal leads to

    def told(self, failed: JobFailed, source: DataSource | None, *, key: str) -> Notice:
        """A refusal, with what can be done about it."""
        error, present = failed.error, self._present()
        if isinstance(error, WhichFile) and source is not None:
            return self._which(error, source)
        if isinstance(error, MissingFile) and present is not None and error.path in paths_of(present):
            return self._missing(error.path)
        return failure(failed, key=key)

    def _present(self) -> DataSource | None:
        data = self._session.document.project.data
        return data.source if data is not None and data.source.kind == "file" else None

    def _which(self, error: WhichFile, source: DataSource) -> Notice:
        use = self._session.use_source
        files: list[tuple[str, Callable[[], object]]] = [
            (f"Only {Path(path).name}", lambda path=path: use(only(source, path)))  # type: ignore[misc]
            for path in error.files[:OFFERED]
        ]
        ways: list[tuple[str, Callable[[], object]]] = [
            (WAYS[way], lambda way=way: use(replace(source, joined=way)))  # type: ignore[misc]
            for way in error.ways
        ]
        text = f"{error.what} {error.reason}".strip()
        more = len(error.files) - OFFERED
        text += f" {more} more can be opened one by one." if more > 0 else ""
        return Notice("warning", "Which one?", text, actions=(*ways, *files), key=DATA)

    def _missing(self, path: str) -> Notice:
        name = Path(path).name
        text = f"It was at {path}, and may have been moved, renamed or deleted."
        if self._session.document.trained is not None:
            text += " What the network has learned is still here."
        return Notice(
            "error", f"{name} is not there", text, actions=(("Find it…", lambda: self.find_asked.emit(path)),), key=DATA
        )

    # --- a file that was moved

    def relink(self, missing: str, path: str) -> None:
        """Take the file at `path` for the one that is missing, if it holds the same; ask where it does not."""
        source = self._present()
        if source is None or missing not in paths_of(source):
            return
        self._found[missing] = path
        new = self._with_found(source, Path(path).parent)

        def compare(content: str) -> None:
            self._found.clear()
            found = replace(new, sha256=content)
            if source.sha256 in ("", content):
                self._take(f"Find {Path(path).name}", found)
            else:
                self._session.notice.emit(self._other(missing, Path(path).name, found))

        def failed(job: JobFailed) -> None:
            error = job.error
            again = isinstance(error, MissingFile) and error.path in paths_of(source)
            notice = self._missing(error.path) if again and isinstance(error, MissingFile) else failure(job, key=DATA)
            self._session.notice.emit(notice)

        self._submit("content_hash", new, f"Comparing {Path(path).name}", compare, failed)

    def _with_found(self, source: DataSource, folder: Path) -> DataSource:
        """The source with what was found; files that lay together are looked for together."""
        paths = []
        for path in paths_of(source):
            beside = folder / Path(path).name
            moved = str(beside) if not Path(path).exists() and beside.exists() else path
            paths.append(self._found.get(path, moved))
        first, *also = paths
        same_name = source.name == Path(source.path).name
        return replace(source, name=Path(first).name if same_name else source.name, path=first, also=tuple(also))

    def _other(self, missing: str, name: str, found: DataSource) -> Notice:
        text = "Its content is not what this project used: what was trained saw other rows."
        actions: tuple[tuple[str, Callable[[], object]], ...] = (
            ("Use it anyway", lambda: self._take(f"Use {name}", found)),
            ("Find another…", lambda: self.find_asked.emit(missing)),
        )
        return Notice("warning", f"{name} holds other data", text, actions=actions, key=DATA)

    # --- a file that has changed

    def read_again(self) -> None:
        """Take over what the files hold now; columns, target and all choices stay where they fit."""
        data, source = self._session.document.project.data, self._present()
        if data is None or source is None:
            return

        def adopt(profile: TableProfile) -> None:
            self._take(f"Read {source.name} again", replace(source, sha256=profile.sha256))

        def failed(job: JobFailed) -> None:
            notice = self.told(job, source, key=DATA)
            if not notice.actions:
                afresh = ("Read it as new data", lambda: self._session.use_source(replace(source, sha256="")))
                notice = replace(notice, actions=(afresh,))
            self._session.notice.emit(notice)

        anew = replace(data, source=replace(source, sha256=""))
        self._submit("inspect", anew, f"Reading {source.name}", adopt, failed)

    # --- the clipboard

    def paste(self, text: str, html: str) -> None:
        """A table from the clipboard becomes the data; it is kept as a file of the program's own."""

        def use(path: str) -> None:
            self._session.use_source(DataSource("file", pasted.NAME, path))

        def failed(job: JobFailed) -> None:
            self._session.notice.emit(failure(job, key=DATA))

        self._session.jobs.submit("paste", (text, html), label="Pasting", done=use, failed=failed, key="data")

    def _take(self, text: str, source: DataSource) -> None:
        self._session.change_data(text, source=source)

    def _submit(
        self, job: str, what: Any, label: str, done: Callable[[Any], None], failed: Callable[[JobFailed], None]
    ) -> None:
        self._session.jobs.submit(job, (what,), label=label, done=done, failed=failed, key="data")
