"""The errors that `core` raises on purpose.

`UserInputError` is for what a person can mend: it says what, where, why and what to do, and a window or a command line
can print it as it is. Everything else that escapes is a defect of this program.
"""

from __future__ import annotations

import os


class UserInputError(Exception):
    """A refusal of bad input. The state of the program is unchanged when it is raised.

    what:   one sentence, e.g. "This file has a header but no rows."
    where:  file, line, column or setting concerned, or "".
    reason: why it cannot be used, with the limit or number that was met, or "".
    remedy: what the person can do, or "".
    """

    def __init__(self, what: str, *, where: str = "", reason: str = "", remedy: str = "") -> None:
        self.what, self.where, self.reason, self.remedy = what, where, reason, remedy
        super().__init__(what, where, reason, remedy)

    def __str__(self) -> str:
        head = f"{self.where}: {self.what}" if self.where else self.what
        return " ".join(part for part in (head, self.reason, self.remedy) if part)

    def __reduce__(self) -> tuple[object, ...]:
        # Keyword-only arguments need a hand to travel between processes.
        return (_rebuild, (self.what, self.where, self.reason, self.remedy))


def _rebuild(what: str, where: str, reason: str, remedy: str) -> UserInputError:
    return UserInputError(what, where=where, reason=reason, remedy=remedy)


class MissingFile(UserInputError):
    """A file that is not where it was; `path` says where that is."""

    def __init__(self, path: str | os.PathLike[str], where: str) -> None:
        self.path = str(path)
        remedy = "Choose it again where it is now."
        super().__init__("This file is not there.", where=where, reason=f"Looked for {self.path}.", remedy=remedy)

    def __reduce__(self) -> tuple[object, ...]:
        return (MissingFile, (self.path, self.where))


class SpecError(ValueError):
    """A layer cannot accept its inputs. Raised by `Layer.output_shape` before anything is allocated.

    `fix` optionally names hyper-parameters that would mend it: ("Set units to 10", {"units": 10}).
    """

    def __init__(self, text: str, *, fix: tuple[str, dict[str, object]] | None = None) -> None:
        super().__init__(text)
        self.text, self.fix = text, fix
