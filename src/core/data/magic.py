"""What a file is by its first bytes, in words, so that a refusal can name it."""

from __future__ import annotations

# (bytes at the start, what they announce). Longer marks stand before shorter ones that they begin with.
_MARKS: tuple[tuple[bytes, str], ...] = (
    (b"PK\x03\x04", "a ZIP archive (Excel workbooks and project files are ZIP archives too)"),
    (b"PK\x05\x06", "an empty ZIP archive"),
    (b"\x89PNG\r\n\x1a\n", "a PNG picture"),
    (b"\xff\xd8\xff", "a JPEG picture"),
    (b"GIF87a", "a GIF picture"),
    (b"GIF89a", "a GIF picture"),
    (b"II*\x00", "a TIFF picture"),
    (b"MM\x00*", "a TIFF picture"),
    (b"%PDF-", "a PDF document"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old Office document (XLS or DOC)"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"BZh", "a bzip2 archive"),
    (b"\xfd7zXZ\x00", "an xz archive"),
    (b"\x28\xb5\x2f\xfd", "a Zstandard archive"),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive"),
    (b"Rar!\x1a\x07", "a RAR archive"),
    (b"\x93NUMPY", "a NumPy array"),
    (b"PAR1", "a Parquet file"),
    (b"ARROW1", "an Arrow file"),
    (b"\x89HDF\r\n\x1a\n", "an HDF5 file"),
    (b"SQLite format 3\x00", "an SQLite database"),
    (b"\x7fELF", "a program"),
    (b"MZ", "a Windows program"),
    (b"\xcf\xfa\xed\xfe", "a macOS program"),
    (b"\xca\xfe\xba\xbe", "a program"),
    (b"OggS", "an Ogg recording"),
    (b"ID3", "an MP3 recording"),
    (b"fLaC", "a FLAC recording"),
    (b"{\\rtf", "a Rich Text document"),
    (b"<!DOCTYPE html", "a web page"),
    (b"<!doctype html", "a web page"),
    (b"<html", "a web page"),
    (b"<?xml", "an XML document"),
)


def recognize(head: bytes) -> str | None:
    """The format that a file's first bytes announce, or None."""
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip(b" \t\r\n")
    for mark, name in _MARKS:
        if mark[:1] in b"<{%" and start.startswith(mark):
            return name
        # A heading may begin with "MZ" or "ID3"; a program or a recording has zero bytes besides.
        if head.startswith(mark) and (not mark.isalnum() or b"\0" in head):
            return name
    if head[:4] == b"RIFF":
        return {b"WAVE": "a WAV recording", b"WEBP": "a WebP picture"}.get(head[8:12], "a RIFF media file")
    if head[4:8] == b"ftyp":
        return "a video or a HEIF picture"
    if head[257:262] == b"ustar":
        return "a tar archive"
    if head[:1] == b"\x80" and head[1:2] in b"\x02\x03\x04\x05":
        return "a Python pickle, which could run a program when opened and therefore never is"
    return None
