"""Which encoding a text file has, and a UTF-8 copy of it where another one is needed."""

from __future__ import annotations

import codecs
import io
from dataclasses import dataclass
from pathlib import Path

from core.data.progress import Progress, silent
from core.errors import UserInputError

CHUNK = 2**20
HEAD = 4096
# Bytes that Windows-1252 leaves undefined: a file that has them is read as Latin-1.
_UNDEFINED = bytes((0x81, 0x8D, 0x8F, 0x90, 0x9D))
_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig", "UTF-8"),
    (codecs.BOM_UTF32_LE, "utf-32", "UTF-32"),
    (codecs.BOM_UTF32_BE, "utf-32", "UTF-32"),
    (codecs.BOM_UTF16_LE, "utf-16", "UTF-16"),
    (codecs.BOM_UTF16_BE, "utf-16", "UTF-16"),
)


@dataclass(frozen=True)
class Encoding:
    """codec: its name in Python. label: its name for people. plain: UTF-8 with one kind of line end, \\n or \\r\\n."""

    codec: str
    label: str
    plain: bool


def detect(path: Path, *, progress: Progress = silent) -> Encoding:
    """The encoding of a text file: by its byte order mark, as valid UTF-8, as UTF-16 by its zeros, else a Western one.

    The whole file is read, because one letter in the last line decides between UTF-8 and Latin-1.

    Raises:
        UserInputError: zero bytes or many control characters, so that this is no text.
    """
    size = max(path.stat().st_size, 1)
    with path.open("rb") as file:
        head = file.read(HEAD)
        for mark, codec, label in _BOMS:
            if head.startswith(mark) and codec != "utf-8-sig":
                return Encoding(codec, label, plain=False)
        wide = _utf16_without_mark(head)
        if wide is not None:
            return Encoding(wide, "UTF-16", plain=False)
        _refuse_control_characters(head, path)
        file.seek(0)
        scan = _Scan(path)
        while chunk := file.read(CHUNK):
            scan.feed(chunk)
            progress(f"Reading {path.name}", min(1.0, file.tell() / size))
    return scan.result()


class _Scan:
    """What every byte of a file has to say about its encoding and its line ends."""

    def __init__(self, path: Path) -> None:
        self._path, self._offset = path, 0
        self._decoder = codecs.getincrementaldecoder("utf-8")()
        self._utf8, self._undefined = True, False
        self._line_ends: set[bytes] = set()
        self._last = b""

    def feed(self, chunk: bytes) -> None:
        zero = chunk.find(0)
        if zero >= 0:
            raise _no_text(self._path, f"Byte {self._offset + zero + 1:,} is zero, which no text file has.")
        self._offset += len(chunk)
        if not chunk.isascii():
            self._undefined |= any(byte in chunk for byte in _UNDEFINED)
            self._decode(chunk)
        elif self._decoder.getstate()[0]:  # a letter that began in the chunk before
            self._decode(chunk)
        self._note_line_ends(chunk)
        self._last = chunk[-1:]

    def _decode(self, chunk: bytes, *, final: bool = False) -> None:
        try:
            self._decoder.decode(chunk, final)
        except UnicodeDecodeError:
            self._utf8 = False
            self._decoder.reset()

    def _note_line_ends(self, chunk: bytes) -> None:
        if self._last != b"\r" and b"\r" not in chunk:
            if b"\n" in chunk:
                self._line_ends.add(b"\n")
            return
        whole = self._last + chunk if self._last == b"\r" else chunk
        pairs, held = whole.count(b"\r\n"), whole.endswith(b"\r")
        self._line_ends |= {b"\r\n"} if pairs else set()
        self._line_ends |= {b"\n"} if whole.count(b"\n") > pairs else set()
        # A return at the very end may belong to a pair whose other half comes with the next chunk.
        self._line_ends |= {b"\r"} if whole.count(b"\r") - held > pairs else set()

    def result(self) -> Encoding:
        self._decode(b"", final=True)
        if self._last == b"\r":
            self._line_ends.add(b"\r")
        if self._utf8:
            return Encoding("utf-8-sig", "UTF-8", plain=self._line_ends in (set(), {b"\n"}, {b"\r\n"}))
        if self._undefined:
            return Encoding("latin-1", "Latin-1", plain=False)
        return Encoding("cp1252", "Windows-1252", plain=False)


def _utf16_without_mark(head: bytes) -> str | None:
    """Western text in UTF-16 has a zero in nearly every other byte."""
    pairs = len(head) // 2
    if pairs < 4:
        return None
    if head[1::2].count(0) > 0.7 * pairs and head[0::2].count(0) == 0:
        return "utf-16-le"
    if head[0::2].count(0) > 0.7 * pairs and head[1::2].count(0) == 0:
        return "utf-16-be"
    return None


def _refuse_control_characters(head: bytes, path: Path) -> None:
    odd = sum(byte < 32 and byte not in b"\t\n\v\f\r\x1b" for byte in head)
    if odd > len(head) // 50:
        raise _no_text(path, f"{odd:,} of its first {len(head):,} bytes are control characters.")


def _no_text(path: Path, reason: str) -> UserInputError:
    remedy = "Export the table as CSV and open that file."
    return UserInputError("This is not a text file.", where=path.name, reason=reason, remedy=remedy)


def write_utf8(path: Path, encoding: Encoding, copy: Path, *, progress: Progress = silent) -> None:
    """`copy` becomes the text of `path` in UTF-8, every line end a \\n.

    Raises:
        UserInputError: bytes that are not of this encoding, or a zero character.
    """
    size = max(path.stat().st_size, 1)
    decoder = io.IncrementalNewlineDecoder(codecs.getincrementaldecoder(encoding.codec)(), translate=True)
    with path.open("rb") as source, copy.open("wb") as target:
        while True:
            chunk = source.read(CHUNK)
            try:
                text = decoder.decode(chunk, final=not chunk)
            except UnicodeDecodeError as err:
                where = f"{path.name}, near byte {source.tell() - len(chunk) + err.start + 1:,}"
                raise UserInputError(
                    f"This file is not valid {encoding.label}.",
                    where=where,
                    reason="It may be cut off or damaged.",
                    remedy="Save it again as UTF-8.",
                ) from err
            if "\0" in text:
                raise _no_text(path, "It holds zero characters.")
            target.write(text.encode("utf-8", "replace"))
            progress(f"Converting {path.name} from {encoding.label}", min(1.0, source.tell() / size))
            if not chunk:
                return
