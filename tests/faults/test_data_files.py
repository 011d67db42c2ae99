"""Broken and hostile data files: each is refused in its own words, nothing else changes, nothing is left behind."""

import os
import re
from pathlib import Path

import numpy as np
import pytest

from core.budget import DEFAULT
from core.data import load
from core.errors import UserInputError
from core.paths import cache_folder
from core.spec import DataSource, DataSpec


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHAINRULE_CACHE", str(tmp_path / "cache"))


def source(folder: Path, content: bytes | str, name: str = "table.csv") -> DataSource:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return DataSource("file", path=str(path))


def refusal(given: DataSource, **settings) -> UserInputError:
    """What `inspect` and `prepare` both say; nothing may be left in the cache."""
    spec = DataSpec(given, **settings)
    with pytest.raises(UserInputError) as looked:
        load.inspect(spec)
    with pytest.raises(UserInputError) as made:
        load.prepare(spec)
    assert str(looked.value) == str(made.value)
    assert [path for path in cache_folder().rglob("*") if path.is_file()] == []
    return looked.value


# A pickle that would run a command: GLOBAL os.system, MARK, a text, TUPLE, REDUCE, STOP.
PICKLE = b"\x80\x04cos\nsystem\n(S'echo no'\ntR."


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"\xfd7zXZ\x00" + bytes(50), "an xz archive"),
        (b"7z\xbc\xaf\x27\x1c" + bytes(50), "a 7-Zip archive"),
        (b"\x89PNG\r\n\x1a\n" + bytes(100), "This image cannot be read"),
        (b"\xff\xd8\xff\xe0" + bytes(100), "This image cannot be read"),
        (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj", "a PDF document"),
        (b"Rar!\x1a\x07\x00" + bytes(50), "a RAR archive"),
        (PICKLE, "a Python pickle"),
        (b"ARROW1" + bytes(50), "an Arrow file"),
        (b"\x89HDF\r\n\x1a\n" + bytes(50), "an HDF5 file"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(50), "an old Office document"),
        (b"RIFF\x24\0\0\0WAVEfmt ", "a WAV recording"),
        (b"<!DOCTYPE html><html><body>404</body></html>", "a web page"),
        (b"\xef\xbb\xbf <?xml version='1.0'?><a/>", "an XML document"),
    ],
)
def test_another_format_is_named(tmp_path: Path, content: bytes, said: str) -> None:
    error = refusal(source(tmp_path, content))
    assert said in error.what
    assert error.where == "table.csv"
    assert error.remedy


@pytest.mark.parametrize(
    "content",
    [
        b"a,b\n1,2\n" + bytes(20) + b"3,4\n",
        b"a,b\n" + b"1,2\n" * 300_000 + b"3,\0\n",
        bytes(range(1, 32)) * 40,
        bytes(np.random.default_rng(1).integers(0, 256, 5000, dtype=np.uint8)),
    ],
    ids=["zero bytes", "one zero byte far down", "control characters", "noise"],
)
def test_binary_junk_is_no_text(tmp_path: Path, content: bytes) -> None:
    assert refusal(source(tmp_path, content)).what == "This is not a text file."


def test_a_column_named_like_a_program_is_no_program(tmp_path: Path) -> None:
    assert load.inspect(DataSpec(source(tmp_path, "MZ ratio,ID3\n1.5,2\n2.5,3\n"))).rows == 2


@pytest.mark.parametrize(
    ("content", "what", "remedy"),
    [
        ("", "This file is empty.", "exported or downloaded"),
        ("\n\n  \n", "This file has no text in it.", "exported"),
        ("\ufeff", "This file has no text in it.", "exported"),
        ("a,b,c\n", "This file has a header but no rows.", "exported"),
        ("a,b,c", "This file has a header but no rows.", "exported"),
    ],
)
def test_nothing_to_read(tmp_path: Path, content: str, what: str, remedy: str) -> None:
    error = refusal(source(tmp_path, content))
    assert error.what == what
    assert remedy in error.remedy


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    error = refusal(DataSource("file", path=str(tmp_path / "gone.csv")))
    assert error.what == "This file is not there."
    assert str(tmp_path / "gone.csv") in error.reason


@pytest.mark.parametrize("moment", ["Reading table.csv", "Reading 2 columns"])
def test_a_file_removed_while_it_is_read(tmp_path: Path, moment: str) -> None:
    given = source(tmp_path, "a,b\n" + "1.5,x\n" * 1000)

    def remove(text: str, share: float | None) -> None:
        if text == moment:
            Path(given.path).unlink(missing_ok=True)

    with pytest.raises(UserInputError) as refused:
        load.prepare(DataSpec(given), progress=remove)
    assert refused.value.where == "table.csv"
    assert [path for path in cache_folder().rglob("*") if path.is_file()] == []


def test_a_folder(tmp_path: Path) -> None:
    assert "folder" in refusal(DataSource("file", path=str(tmp_path))).what


@pytest.mark.skipif(os.name == "nt" or getattr(os, "geteuid", lambda: 1)() == 0, reason="everything may be read here")
def test_a_file_that_may_not_be_read(tmp_path: Path) -> None:
    given = source(tmp_path, "a,b\n1,2\n")
    os.chmod(given.path, 0)
    assert "may not be read" in refusal(given).what


@pytest.mark.parametrize("kind", ["sample", "generator"])
def test_unknown_samples_and_generators(kind: str) -> None:
    assert "iris" in refusal(DataSource(kind, "nothing")).remedy or kind == "generator"


def test_a_million_columns_are_refused_from_the_header(tmp_path: Path) -> None:
    header = ",".join(f"c{i}" for i in range(1_000_000))
    error = refusal(source(tmp_path, f"{header}\n1,2\n"))
    assert error.what == "This table has too many columns."
    assert f"{DEFAULT.columns:,}" in error.reason


def test_a_line_without_end(tmp_path: Path) -> None:
    assert "too long" in refusal(source(tmp_path, "x" * (DEFAULT.line_bytes + 10))).what


@pytest.mark.parametrize("rows_after", [0, 3, 100_000])
def test_an_unclosed_quotation_mark_names_its_line(tmp_path: Path, rows_after: int) -> None:
    error = refusal(source(tmp_path, 'a,b\n1,2\n3,"4\n' + "5,6\n" * rows_after + "7,8\n"))
    assert "quotation mark" in error.what
    assert error.where == "table.csv, line 3"


def test_a_giant_cell(tmp_path: Path) -> None:
    text = "y" * (DEFAULT.cell_bytes + 1)
    error = refusal(source(tmp_path, f"a,b\n1,2\n3,{text}\n"))
    assert error.what == "A cell of “b” is too large."
    giant = "y" * (DEFAULT.line_bytes + 1)
    error = refusal(source(tmp_path, f'a,b\n1,2\n3,"{giant}"\n4,5\n'))
    assert error.what == "This line is too long."
    assert error.where == "table.csv, line 3"


def test_rows_that_have_nothing_in_common(tmp_path: Path) -> None:
    lines = "".join(",".join("x" * (i % 9 + 1)) + "\n" for i in range(60))
    assert "does not look like a table" in refusal(source(tmp_path, lines)).what


def test_a_text_is_no_table(tmp_path: Path) -> None:
    words = "It was the best of times, it was the worst of times, it was the age of wisdom,\nit was the age.\n\n"
    assert "does not look like a table" in refusal(source(tmp_path, words * 5)).what


def test_most_rows_unlike_the_header(tmp_path: Path) -> None:
    lines = "a,b,c\n" + "1,2,3\n" * 1500 + "1,2\n" * 4000
    error = refusal(source(tmp_path, lines))
    assert "do not fit" in error.what
    assert "4,000 of 5,500" in error.reason
    assert error.where == "table.csv, line 1,502"


def test_a_header_that_does_not_fit(tmp_path: Path) -> None:
    error = refusal(source(tmp_path, "a,b,c,d\n" + "1,2\n" * 10))
    assert error.what == "The header does not fit the rows."


def test_a_truncated_file_says_how_many_rows_it_has(tmp_path: Path) -> None:
    profile = load.inspect(DataSpec(source(tmp_path, "a,b,c\n" + "1,2,x\n" * 80 + "1,2")))
    assert (profile.rows, profile.rejected_count, profile.rejected[0].line) == (80, 1, 82)


def test_utf16_cut_in_a_letter(tmp_path: Path) -> None:
    content = ("a,b\n" + "1,x\n" * 50).encode("utf-16") + b"\x31"
    assert "not valid UTF-16" in refusal(source(tmp_path, content)).what


# --- tables that can be looked at, not trained on


@pytest.mark.parametrize(
    ("content", "settings", "said"),
    [
        ("a,kind\n1.5,x\n2.5,x\n3.5,x\n", {"target": "kind"}, "one value only"),
        ("a,y\n1.5,7\n2.5,7\n3.5,7\n", {"target": "y"}, "one value only"),
        ("a,y\n1.5,\n2.5,NA\n3.5,?\n", {"target": "y"}, "no value in any row"),
        ("a,kind\n1.5,x\n", {}, "row"),
        ("a\n1.5\n2.5\n3.5\n", {}, "No column is left"),
        ("a,kind\n1.5,x\n2.5,y\n3.5,x\n", {"target": "kind", "task": "regression"}, "no numbers"),
        ("a,kind\n1.5,x\n2.5,y\n3.5,x\n", {"excluded": ("a",)}, "No column is left"),
        (
            "id,name\n" + "".join(f"{i},person {i}\n" for i in range(60)),
            {"target": "name"},
            "Nearly every row has its own value",
        ),
    ],
    ids=[
        "one class",
        "constant",
        "empty target",
        "single row",
        "single column",
        "words to regress",
        "none left",
        "names",
    ],
)
def test_what_cannot_be_learned_from_is_shown_with_the_reason(
    tmp_path: Path, content: str, settings: dict[str, object], said: str
) -> None:
    spec = DataSpec(source(tmp_path, content), **settings)
    errors = [finding.text for finding in load.inspect(spec).findings if finding.severity == "error"]
    assert len(errors) == 1
    assert said in errors[0]
    with pytest.raises(UserInputError, match=re.escape(errors[0])):
        load.prepare(spec)


@pytest.mark.parametrize(
    ("settings", "what"),
    [
        ({"target": "nothing"}, "There is no column “nothing”."),
        ({"excluded": ("gone",)}, "There is no column “gone”."),
        ({"kinds": {"lost": "number"}}, "There is no column “lost”."),
        ({"kinds": {"b": "number"}}, "“b” cannot be read as numbers."),
        ({"kinds": {"a": "picture"}}, "“picture” is no kind of column."),
        ({"task": "clustering"}, "“clustering” is no task."),
    ],
)
def test_wishes_that_cannot_be_met(tmp_path: Path, settings: dict[str, object], what: str) -> None:
    error = refusal(source(tmp_path, "a,b\n1.5,x\n2.5,y\n3.5,x\n"), **settings)
    assert error.what == what
    assert error.remedy


def test_a_file_changed_since_it_was_chosen_is_noticed(tmp_path: Path) -> None:
    given = source(tmp_path, "a,b\n1.5,x\n2.5,y\n" * 1)
    old = DataSource("file", path=given.path, sha256="0" * 64)
    assert any("changed" in finding.text for finding in load.inspect(DataSpec(old)).findings)
    now = DataSource("file", path=given.path, sha256=load.content_hash(given))
    assert not any("changed" in finding.text for finding in load.inspect(DataSpec(now)).findings)


def test_a_comma_too_many_in_every_row_does_not_shift_the_columns(tmp_path: Path) -> None:
    lines = "".join(f"{i % 3},so, and so,{'ab'[i % 2]}\n" for i in range(30))
    assert refusal(source(tmp_path, "size,remark,kind\n" + lines)).what == "The header does not fit the rows."
