"""What is pasted becomes the data: cells of a spreadsheet, the text of a CSV file, or files that were copied."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtGui import QGuiApplication

from app.notice import refusal
from core.data import pasted
from core.errors import UserInputError

if TYPE_CHECKING:
    from app.session import Session

HELP = "Takes the cells that were copied in a spreadsheet, or any text of rows, from the clipboard (Ctrl+V)."


def paste(session: Session) -> None:
    """Take what the clipboard holds."""
    held = QGuiApplication.clipboard().mimeData()
    files = [url.toLocalFile() for url in held.urls() if url.isLocalFile()] if held.hasUrls() else []
    if files:
        session.open_paths(files)
    elif held.hasText() or held.hasHtml():
        session.data_files.paste(held.text(), held.html() if held.hasHtml() else "")
    else:
        what, remedy = "There is nothing to paste.", pasted.REMEDY
        if held.hasImage():
            what, remedy = "A picture on the clipboard is no table.", "Save pictures as files, and drop those."
        session.notice.emit(refusal(UserInputError(what, remedy=remedy), key="data"))
