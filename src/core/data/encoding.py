"""Which encoding a text file has, and a UTF-8 copy of it where another one is needed."""

from __future__ import annotations

import codecs
import io
import unicodedata
from dataclasses import dataclass
from pathlib import Path

from core.data import legacy_encoding
from core.data.legacy_encoding import LABELS, SAMPLE_BYTES
from core.data.progress import Progress, silent
from core.errors import UserInputError

CHUNK = 2**20
HEAD = 4096
# Bytes that Windows-1252 leaves undefined: a file that has them is read as Latin-1.
_UNDEFINED = bytes((0x81, 0x8D, 0x8F, 0x90, 0x9D))
# Bytes of plain ASCII texts.
_PLAIN = frozenset((*range(0x20, 0x7F), *b"\t\r\n"))
# Categories of Unicode that no table is written in: control, unassigned, private use, half of a surrogate pair.
_NO_TEXT = ("Cc", "Cn", "Co", "Cs")
# The least share of letters of UTF-16 that are delimiters, digits and line ends, whose other byte is zero.
_WIDE_SHARE = 0.02
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


def detect(path: Path, wanted: str = "", *, progress: Progress = silent) -> Encoding:
    """The encoding of a text file: by its byte order mark, as valid UTF-8, as UTF-16 by its zeros, else by its letters.

    The whole file is read, because one letter in the last line decides between UTF-8 and Latin-1. wanted: what a person
    says it is.

    Raises:
        UserInputError: zero bytes or many control characters, so that this is no text; a name of no encoding.
    """
    size = max(path.stat().st_size, 1)
    with path.open("rb") as file:
        head = file.read(HEAD)
        if wanted:
            return _named(wanted, head)
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


def _named(wanted: str, head: bytes) -> Encoding:
    codec = legacy_encoding.lookup(wanted)
    if codec == "utf-8":
        return Encoding("utf-8-sig", "UTF-8", plain=False)
    if codec in ("utf-16", "utf-32") and not head.startswith(tuple(mark for mark, name, _ in _BOMS if name == codec)):
        # Without a mark Python takes the byte order of this computer.
        codec = (_utf16_without_mark(head) or "utf-16-le") if codec == "utf-16" else "utf-32-le"
    return Encoding(codec, LABELS[codec], plain=False)


class _Scan:
    """What every byte of a file has to say about its encoding and its line ends."""

    def __init__(self, path: Path) -> None:
        self._path, self._offset = path, 0
        self._decoder = codecs.getincrementaldecoder("utf-8")()
        self._utf8, self._undefined, self._escapes = True, False, False
        self._lines: dict[bytes, None] = {}  # those with letters beyond ASCII, each once
        self._collected = 0
        self._line_ends: set[bytes] = set()
        self._last = b""

    def feed(self, chunk: bytes) -> None:
        zero = chunk.find(0)
        if zero >= 0:
            raise _no_text(self._path, f"Byte {self._offset + zero + 1:,} is zero, which no text file has.")
        self._offset += len(chunk)
        if not chunk.isascii():
            self._undefined |= any(byte in chunk for byte in _UNDEFINED)
            self._collect(chunk)
            self._decode(chunk)
        elif self._decoder.getstate()[0]:  # a letter that began in the chunk before
            self._decode(chunk)
        self._escapes |= b"\x1b$" in chunk
        self._note_line_ends(chunk)
        self._last = chunk[-1:]

    def _collect(self, chunk: bytes) -> None:
        """Whole lines only: a letter of several bytes must not be torn."""
        if self._collected >= SAMPLE_BYTES:
            return
        lines = chunk.splitlines()
        for line in lines if len(chunk) < CHUNK else lines[1:-1]:
            if not line.isascii() and line not in self._lines and self._collected + len(line) <= SAMPLE_BYTES:
                self._lines[line] = None
                self._collected += len(line)

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
        if self._utf8 and not self._escapes:
            return Encoding("utf-8-sig", "UTF-8", plain=self._line_ends in (set(), {b"\n"}, {b"\r\n"}))
        codec = legacy_encoding.guess(b"\n".join(self._lines), escapes=self._escapes, utf8=self._utf8)
        if codec == "cp1252" and self._undefined:
            codec = "latin-1"
        if codec == "utf-8":
            return Encoding("utf-8-sig", "UTF-8", plain=False)
        return Encoding(codec, LABELS[codec], plain=False)


def _utf16_without_mark(head: bytes) -> str | None:
    """Digits, delimiters and line ends of UTF-16 have a zero, always on the same side, and the rest is text."""
    pairs = len(head) // 2
    if pairs < 4:
        return None
    for codec, zeros, others in (("utf-16-le", head[1::2], head[0::2]), ("utf-16-be", head[0::2], head[1::2])):
        plain = sum(byte in _PLAIN for byte in others) + sum(byte in _PLAIN for byte in zeros)
        few = zeros.count(0) < _WIDE_SHARE * pairs
        # A text with a stray zero byte is damaged, not wide.
        stray = zeros.count(0) < 0.7 * pairs and plain > 0.9 * 2 * pairs - zeros.count(0)
        if others.count(0) or few or stray:
            continue
        text = codecs.getincrementaldecoder(codec)("replace").decode(head[: 2 * pairs])
        if all(letter in "\t\r\n" or unicodedata.category(letter) not in _NO_TEXT for letter in text):
            return codec
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
                    remedy="Choose another encoding, or save it again as UTF-8.",
                ) from err
            if "\0" in text:
                raise _no_text(path, "It holds zero characters.")
            target.write(text.encode("utf-8", "replace"))
            progress(f"Converting {path.name} from {encoding.label}", min(1.0, source.tell() / size))
            if not chunk:
                return
