"""Encodings and line ends are found whatever falls on the edge of what is read at a time."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.data import encoding

PIECES = st.lists(st.sampled_from(["a", "b,c", "é", "€", "𝄞", "\n", "\r", "\r\n"]), min_size=1, max_size=12)


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    return tmp_path_factory.mktemp("encoding") / "text.csv"


def detected(path: Path, content: bytes, chunk: int) -> encoding.Encoding:
    path.write_bytes(content)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(encoding, "CHUNK", chunk)
        return encoding.detect(path)


@given(PIECES, st.integers(1, 5))
def test_utf8_and_its_line_ends(path: Path, pieces: list[str], chunk: int) -> None:
    text = "".join(pieces)
    found = detected(path, text.encode(), chunk)
    ends = set(re.findall("\r\n|\r|\n", text))
    assert found.label == "UTF-8"
    assert found.plain is (ends in (set(), {"\n"}, {"\r\n"}))


@given(PIECES, st.integers(0, 40), st.sampled_from([b"\xe9", b"\xe2\x82", b"\xff", b"\xc3"]), st.integers(1, 5))
def test_one_bad_byte_anywhere_is_no_utf8(path: Path, pieces: list[str], at: int, bad: bytes, chunk: int) -> None:
    content = "".join(pieces).encode("ascii", "replace")
    content = content[:at] + bad + content[at:]
    assert detected(path, content, chunk).label == "Windows-1252"


@given(PIECES, st.sampled_from(["utf-8-sig", "utf-16", "cp1252"]), st.integers(1, 5))
def test_a_copy_in_utf8_says_the_same(path: Path, pieces: list[str], codec: str, chunk: int) -> None:
    text = "".join(pieces).replace("𝄞", "x")
    copy = path.with_name("copy.csv")
    path.write_bytes(text.encode(codec))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(encoding, "CHUNK", chunk)
        encoding.write_utf8(path, encoding.Encoding(codec, codec, plain=False), copy)
    assert copy.read_bytes().decode() == re.sub("\r\n|\r", "\n", text)


def test_a_letter_torn_by_others_is_no_utf8(path: Path) -> None:
    assert detected(path, b"\xe2\x82" + b"abcd" + b"\xac", 2).label == "Windows-1252"
