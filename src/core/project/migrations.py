"""Bringing an older `project.json` up to the present format, one version at a time, from table to table.

To change the format: raise FORMAT, and add to MIGRATIONS a function from the version before. A function gets
a table of its own and may change it; it never sees the other members.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from core.errors import UserInputError

FORMAT = 1
MIGRATIONS: dict[int, Callable[[dict[str, Any]], dict[str, Any]]] = {}


def migrated(data: Any, *, where: str) -> tuple[dict[str, Any], str]:
    """`data` in the present format, and why it may only be read ("" where it may be saved again).

    A newer program states in "readable_since" which format it believes its file can still be read as; such a
    file is opened for reading, so that saving it cannot drop what this version does not know.

    Raises:
        UserInputError: no version, or one that is newer than can be read.
    """
    version = data.get("format") if isinstance(data, dict) else None
    if type(version) is not int or version < 1:
        raise UserInputError("This project does not say its format version.", where=where)
    if version > FORMAT:
        return data, _read_only(data, version, where)
    for step in range(version, FORMAT):
        data = MIGRATIONS[step](data)
    return data, ""


def _read_only(data: dict[str, Any], version: int, where: str) -> str:
    since = data.get("readable_since", version)
    if type(since) is not int or since > FORMAT:
        raise UserInputError(
            "This project was made by a newer Chainrule.",
            where=where,
            reason=f"Its format is {version}; this program reads up to {FORMAT}.",
            remedy="Update Chainrule to open it.",
        )
    return "A newer Chainrule made this project. It can be read, and saved under another name."
