"""Encodings from before Unicode, told apart by their letters.

Measured on 1,122 small tables in 19 encodings, from 2 to 2,000 rows: chardet 7, shown only the lines with letters
beyond ASCII and only these candidates, names the right one for 95 in 100; shown whole files, for 79. charset-normalizer
reaches 61 and 51. Leaning to the Western ones where little speaks for another makes it 89 in 100, and all of the
Western files: Central European, Baltic and Turkish tables with few words are what is lost.
"""

from __future__ import annotations

import codecs
from collections.abc import Mapping
from typing import Any

from core.errors import UserInputError

SAMPLE_BYTES = 2**16
# Fewer different bytes beyond ASCII say nothing: "é" alone is taken for Western.
LEAST_LETTERS = 3

# Western encodings win with this share of the confidence in another: they are far more common, and of a few accented
# letters none of the others can be sure.
WESTERN = 0.6
_WESTERN = ("cp1252", "iso8859-1")

# Names of Python's codecs, for people.
LABELS: Mapping[str, str] = {
    "utf-8": "UTF-8",
    "utf-16": "UTF-16",
    "utf-16-le": "UTF-16",
    "utf-16-be": "UTF-16",
    "utf-32": "UTF-32",
    "utf-32-le": "UTF-32",
    "utf-32-be": "UTF-32",
    "cp1252": "Windows-1252",
    "latin-1": "Latin-1",
    "iso8859-15": "ISO-8859-15",
    "mac-roman": "Mac Roman",
    "cp850": "CP850",
    "cp1250": "Windows-1250",
    "iso8859-2": "ISO-8859-2",
    "cp1251": "Windows-1251",
    "koi8-r": "KOI8-R",
    "koi8-u": "KOI8-U",
    "cp866": "CP866",
    "iso8859-5": "ISO-8859-5",
    "cp1253": "Windows-1253",
    "iso8859-7": "ISO-8859-7",
    "cp1254": "Windows-1254",
    "iso8859-9": "ISO-8859-9",
    "cp1255": "Windows-1255",
    "iso8859-8": "ISO-8859-8",
    "cp1256": "Windows-1256",
    "cp1257": "Windows-1257",
    "cp1258": "Windows-1258",
    "cp874": "Windows-874",
    "cp932": "Shift-JIS",
    "euc_jp": "EUC-JP",
    "iso2022_jp": "ISO-2022-JP",
    "gb18030": "GB18030",
    "big5hkscs": "Big5",
    "cp949": "EUC-KR",
}
# What a person can choose: labels by where they are at home.
REGIONS: Mapping[str, tuple[str, ...]] = {
    "Unicode": ("UTF-8", "UTF-16", "UTF-32"),
    "Western": ("Windows-1252", "Latin-1", "ISO-8859-15", "Mac Roman", "CP850"),
    "Central European": ("Windows-1250", "ISO-8859-2"),
    "Cyrillic": ("Windows-1251", "KOI8-R", "KOI8-U", "CP866", "ISO-8859-5"),
    "Greek": ("Windows-1253", "ISO-8859-7"),
    "Turkish": ("Windows-1254", "ISO-8859-9"),
    "Baltic": ("Windows-1257",),
    "Hebrew": ("Windows-1255", "ISO-8859-8"),
    "Arabic": ("Windows-1256",),
    "Thai": ("Windows-874",),
    "Vietnamese": ("Windows-1258",),
    "Japanese": ("Shift-JIS", "EUC-JP", "ISO-2022-JP"),
    "Chinese": ("GB18030", "Big5"),
    "Korean": ("EUC-KR",),
}
CHOICES: tuple[str, ...] = tuple(label for labels in REGIONS.values() for label in labels)

_CANDIDATES = (
    "cp932", "shift_jis_2004", "euc_jis_2004", "gb18030", "big5hkscs", "cp949", "euc_kr", "koi8-r", "koi8-u", "cp1250",
    "cp1251", "cp1252", "cp1253", "cp1254", "cp1255", "cp1256", "cp1257", "cp1258", "cp866", "cp874", "tis-620",
    "iso8859-1", "iso8859-2", "iso8859-5", "iso8859-7", "iso8859-8", "iso8859-9",
)  # fmt: skip
# Codecs of the same letters that lack some of them.
_WIDER: Mapping[str, str] = {
    "shift_jis": "cp932", "shift_jis_2004": "cp932", "euc_jis_2004": "euc_jp", "euc_jisx0213": "euc_jp",
    "gbk": "gb18030", "gb2312": "gb18030", "big5": "big5hkscs", "cp950": "big5hkscs", "euc_kr": "cp949",
    "tis-620": "cp874", "iso8859-1": "cp1252", "iso8859-11": "cp874", "ascii": "utf-8",
    "utf-8-sig": "utf-8", "iso2022_jp_2": "iso2022_jp",
}  # fmt: skip


def lookup(name: str) -> str:
    """The codec of a label or of any name that Python knows; raises UserInputError for another."""
    for codec, label in LABELS.items():
        if name.lower() in (codec, label.lower()):
            return codec
    try:
        found = codecs.lookup(name).name
    except (LookupError, ValueError):
        found = ""
    wider = _WIDER.get(found, found)
    for codec in LABELS if wider else ():
        if codecs.lookup(codec).name == codecs.lookup(wider).name:
            return codec
    raise UserInputError(
        f"“{name[:40]}” is no encoding that is read.", where="encoding", remedy=f"Use one of: {', '.join(CHOICES)}."
    )


def guess(lines: bytes, *, escapes: bool = False, utf8: bool = False) -> str:
    """The codec of a text, from its lines with letters beyond ASCII; "cp1252" where they say too little.

    escapes: it has the sequences that switch ISO-2022-JP to Japanese. utf8: it is valid UTF-8 as well.
    """
    if utf8:
        return "iso2022_jp" if escapes and lines.isascii() else "utf-8"
    if len({byte for byte in lines if byte >= 0x80}) < LEAST_LETTERS:
        return "cp1252"
    if _is_damaged_utf8(lines):
        return "utf-8"
    from chardet import detect_all  # its tables take a while to load

    answers = detect_all(lines, include_encodings=_CANDIDATES, compat_names=False, ignore_threshold=True)
    sure = {codecs.lookup(answer["encoding"]).name: _weight(answer) for answer in answers if answer["encoding"]}
    found = max(sure, key=lambda codec: sure[codec], default="cp1252")
    for codec in (_WIDER.get(found, found), found):
        if codec in LABELS and _decodes(lines, codec):
            return codec
    return "cp1252"


def _weight(answer: Mapping[str, Any]) -> float:
    # What looks Icelandic is Turkish more often: the two differ in six letters only.
    western = codecs.lookup(answer["encoding"]).name in _WESTERN and answer["language"] != "is"
    return float(answer["confidence"]) / (WESTERN if western else 1)


def _is_damaged_utf8(lines: bytes) -> bool:
    """Whether nearly all letters are UTF-8: their bytes follow each other like that in no other encoding."""
    text = lines.decode("utf-8", "replace")
    bad = text.count("\ufffd")
    good = sum(not letter.isascii() for letter in text) - bad
    return good >= LEAST_LETTERS and good >= 10 * bad


def _decodes(lines: bytes, codec: str) -> bool:
    try:
        lines.decode(codec)
    except UnicodeDecodeError:
        return False
    return True
