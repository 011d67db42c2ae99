"""Files opened lately: what they are called, where they lie, when they were opened, whether they are still there."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QDateTime, QLocale

from app.settings import RECENT_FILES, Settings
from core.data import pasted
from core.paths import data_folder

LIST, DETAILS = "files/recent", "files/details"
DAY = 86_400.0
MOST_FILES = 200


@dataclass(frozen=True)
class Recent:
    """A project, or the first of the files of a source with the others in `also`; when: seconds since 1970, 0 =
    unknown."""

    path: str
    name: str
    also: tuple[str, ...] = ()
    when: float = 0.0

    @property
    def missing(self) -> str:
        """The first of its files that is not there, or ""."""
        return next((path for path in (self.path, *self.also) if not Path(path).exists()), "")

    @property
    def place(self) -> str:
        """The folder, the person's own written as ~; what was pasted lies among the program's own data."""
        if Path(self.path).is_relative_to(data_folder() / pasted.FOLDER):
            return "from the clipboard"
        folder, home = Path(self.path).parent, Path.home()
        return str(Path("~") / folder.relative_to(home)) if folder.is_relative_to(home) else str(folder)

    def moment(self, now: float | None = None) -> str:
        """When it was opened, in words."""
        if not self.when:
            return ""
        now = time.time() if now is None else now
        opened = time.localtime(self.when)
        for day, word in ((now, "today"), (now - DAY, "yesterday")):
            if time.localtime(day)[:3] == opened[:3]:
                return time.strftime(f"{word}, %H:%M", opened)
        moment = QDateTime.fromSecsSinceEpoch(int(self.when)).date()
        return QLocale().toString(moment, QLocale.FormatType.ShortFormat)


def listed(settings: Settings) -> tuple[Recent, ...]:
    """The newest first."""
    details = _details(settings)
    return tuple(details.get(path, Recent(path, Path(path).name)) for path in settings.get(LIST))


def remember(settings: Settings, path: str, *, name: str = "", also: tuple[str, ...] = ()) -> None:
    """A file that was opened just now."""
    settings.add_recent(path)
    known = _details(settings)
    known[path] = Recent(path, name or Path(path).name, also[:MOST_FILES], time.time())
    kept = [known[each] for each in settings.get(LIST) if each in known]
    told = ({"path": r.path, "name": r.name, "also": r.also, "when": r.when} for r in kept[:RECENT_FILES])
    settings.set(DETAILS, tuple(json.dumps(each) for each in told))


def clear(settings: Settings) -> None:
    settings.set(LIST, ())
    settings.set(DETAILS, ())


def _details(settings: Settings) -> dict[str, Recent]:
    found = {}
    for text in settings.get(DETAILS):
        try:
            told = json.loads(text)
            also = tuple(str(path) for path in told["also"])
            found[str(told["path"])] = Recent(str(told["path"]), str(told["name"]), also, float(told["when"]))
        except (ValueError, KeyError, TypeError):
            continue  # somebody has written into the file
    return found
