"""Several files that make one table: train and test, X and y, tables of the same columns; and what is refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core import cli
from core.data import load, store
from core.data.digest import of_files
from core.data.join import FILE
from core.data.together import COLUMNS, PARTS, ROWS, WhichFile, adopted, named
from core.errors import UserInputError
from core.project import file as project_file
from core.project.file import SavedProject
from core.spec import DataSource, DataSpec, Project

from . import makers

ROWS_OF = 30
NAMES = ["size", "colour", "kind"]


def table(start: int, rows: int = ROWS_OF) -> list[list[Any]]:
    """Rows that differ from each other, whose kind follows from their size."""
    return [[start + i + 0.5, ("red", "blue")[i % 2], ("small", "big")[i % 3 == 0]] for i in range(rows)]


def csv(rows: list[list[Any]], names: list[str] | None = None, mark: str = ",", comma: bool = False) -> str:
    def cell(value: Any) -> str:
        return str(value).replace(".", ",") if comma and isinstance(value, float) else str(value)

    lines = [mark.join(map(cell, row)) for row in rows]
    return "\n".join([*([mark.join(names)] if names else []), *lines]) + "\n"


def array(values: Any) -> bytes:
    import io

    out = io.BytesIO()
    np.save(out, values)
    return out.getvalue()


@pytest.fixture
def files(tmp_path: Path) -> Callable[..., DataSource]:
    """files({"a.csv": "...", ...}, joined="rows") → the source of these files in this order."""

    def make(contents: dict[str, str | bytes], **how: str) -> DataSource:
        paths = []
        for name, content in contents.items():
            path = tmp_path / "given" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content if isinstance(content, bytes) else content.encode())
            paths.append(str(path))
        return DataSource("file", f"{Path(paths[0]).name} and more", paths[0], also=tuple(paths[1:]), **how)

    return make


def cells(source: DataSource) -> dict[str, tuple[str | None, ...]]:
    profile = load.inspect(DataSpec(source))
    return load.read_cells(source, tuple(column.name for column in profile.columns))


@pytest.mark.parametrize(
    ("name", "part", "side"),
    [
        ("train.csv", "train", ""), ("titanic-test.csv.gz", "test", ""), ("X_train.npy", "train", "features"),
        ("ytest.csv", "test", "target"), ("adult.test", "test", ""), ("trainLabels.csv", "train", "target"),
        ("val_y.npy", "validation", "target"), ("X.csv", "", "features"), ("labels.csv", "", "target"),
        ("contest.csv", "", ""), ("training_set.csv", "train", ""), ("xylophone.csv", "", ""),
    ],
)  # fmt: skip
def test_what_a_name_says(name: str, part: str, side: str) -> None:
    told = named(Path("/somewhere/test") / name)
    assert (told.part, told.side) == (part, side)


PAIRS: dict[str, dict[str, str | bytes]] = {
    "csv": {"train.csv": csv(table(0), NAMES), "test.csv": csv(table(100, 12), NAMES)},
    "other order of columns": {
        "train.csv": csv(table(0), NAMES),
        "test.csv": csv([row[::-1] for row in table(100, 12)], NAMES[::-1]),
    },
    "test is dropped first": {"test.csv": csv(table(100, 12), NAMES), "train.csv": csv(table(0), NAMES)},
    "other delimiters and decimals": {
        "train.csv": csv(table(0), NAMES),
        "test.csv": csv(table(100, 12), NAMES, ";", comma=True),
    },
    "encodings": {
        "train.csv": csv(table(0), NAMES).encode("utf-16"),
        "test.csv": csv(table(100, 12), NAMES),
    },
    "packed and a workbook": {
        "data_train.csv.gz": makers.packers[".gz"](csv(table(0), NAMES).encode()),
        "data_test.xlsx": makers.xlsx({"One": [NAMES, *table(100, 12)]}),
    },
    "json lines and a table": {
        "train.jsonl": "".join(json.dumps(dict(zip(NAMES, row, strict=True))) + "\n" for row in table(0)),
        "test.tsv": csv(table(100, 12), NAMES, "\t"),
    },
    "a column more in test": {
        "train.csv": csv(table(0), NAMES),
        "test.csv": csv([[*row, "note"] for row in table(100, 12)], [*NAMES, "remark"]),
    },
}


@pytest.mark.parametrize("contents", PAIRS.values(), ids=PAIRS)
def test_training_and_test_files_decide_the_split(files, contents: dict[str, str | bytes]) -> None:
    source = files(contents)
    found = cells(source)
    assert list(found) == [*NAMES, "part"]
    both = [*table(0), *table(100, 12)]
    rows = list(zip(*(found[name] for name in NAMES), strict=True))
    assert rows == [(str(a), b, c) for a, b, c in both]
    assert found["part"] == ("train",) * ROWS_OF + ("test",) * 12
    spec = load.adopted(DataSpec(source))
    assert (spec.split, spec.split_by) == ("column", "part")
    profile = load.inspect(spec)
    assert profile.together is not None
    assert (profile.together.how, profile.target) == (PARTS, "kind")
    made = load.prepare(spec)
    assert made.rows == {"train": 24, "validation": 6, "test": 12}
    assert not any("part" in name for name in made.feature_names)
    assert sorted(store.load(made).test.row_numbers.tolist()) == list(range(ROWS_OF, ROWS_OF + 12))


def test_a_file_that_validates_leaves_the_training_rows_whole(files) -> None:
    three = {
        "train.csv": csv(table(0), NAMES),
        "val.csv": csv(table(50, 7), NAMES),
        "test.csv": csv(table(90, 5), NAMES),
    }
    source = files(three)
    assert load.prepare(load.adopted(DataSpec(source))).rows == {"train": ROWS_OF, "validation": 7, "test": 5}


def test_a_person_may_still_split_at_random(files) -> None:
    source = files(PAIRS["csv"])
    assert load.prepare(DataSpec(source, excluded=("part",), split="random")).rows["test"] == 8


X = np.arange(120, dtype=np.float32).reshape(30, 4)
Y = np.arange(30) % 3
SIDES: dict[str, tuple[dict[str, str | bytes], str]] = {
    "csv": ({"X.csv": csv(X.tolist(), list("abcd")), "y.csv": csv([[v] for v in Y], ["species"])}, "species"),
    "no headers": ({"X.csv": csv(X.tolist()), "y.csv": csv([[v] for v in Y])}, "y"),
    "npy": ({"X.npy": array(X), "y.npy": array(Y)}, "y"),
    "y first": ({"labels.npy": array(Y), "features.npy": array(X)}, "labels"),
    "npy and csv": ({"X.npy": array(X), "y.csv": csv([[f"k{v}"] for v in Y], ["name"])}, "name"),
    "one name twice": ({"X.csv": csv(X.tolist(), list("abcd")), "y.csv": csv([[v] for v in Y], ["a"])}, "a (2)"),
}


@pytest.mark.parametrize(("contents", "target"), SIDES.values(), ids=SIDES)
def test_features_and_answers_stand_side_by_side(files, contents: dict[str, str | bytes], target: str) -> None:
    source = files(contents)
    profile = load.inspect(DataSpec(source))
    assert profile.together is not None
    assert (profile.together.how, profile.together.target, profile.target) == (COLUMNS, target, target)
    assert (profile.rows, len(profile.columns), profile.task) == (30, 5, "classification")
    found = cells(source)
    assert [float(value) for value in next(iter(found.values()))] == X[:, 0].tolist()
    assert [value.strip("k") for value in found[target]] == [str(v) for v in Y]
    assert load.prepare(DataSpec(source)).target == target


@pytest.mark.parametrize("kind", ["csv", "npy"])
def test_four_files_of_parts_and_sides(files, kind: str) -> None:
    def file(values: np.ndarray) -> str | bytes:
        return array(values) if kind == "npy" else csv(np.reshape(values, (len(values), -1)).tolist())

    parts = {"y_test": Y[:9], "X_train": X, "y_train": Y, "X_test": X[:9]}
    source = files({f"{name}.{kind}": file(values) for name, values in parts.items()})
    spec = load.adopted(DataSpec(source))
    profile = load.inspect(spec)
    assert (profile.rows, profile.target, spec.split_by) == (39, "y", "part")
    assert load.prepare(spec).rows == {"train": 24, "validation": 6, "test": 9}
    found = cells(source)
    assert [int(float(v)) for v in found["y"]] == [*Y, *Y[:9]]


def test_tables_of_the_same_columns_are_appended(files) -> None:
    source = files({
        "north.csv": csv(table(0), NAMES), "a'west.csv": csv(table(90), NAMES),
        "south.csv": csv([[b, a, c] for a, b, c in table(40)], ["colour", "size", "kind"]),
    })  # fmt: skip
    spec = adopted(DataSpec(source), load.inspect(DataSpec(source)).together)
    assert (spec.split, spec.excluded) == ("stratified", (FILE,))
    profile = load.inspect(spec)
    assert profile.together is not None
    assert (profile.together.how, profile.rows, profile.target) == (ROWS, 90, "kind")
    found = cells(source)
    assert found[FILE] == ("north.csv",) * 30 + ("a'west.csv",) * 30 + ("south.csv",) * 30
    assert [float(v) for v in found["size"]] == [row[0] for s in (0, 90, 40) for row in table(s)]
    grouped = load.prepare(DataSpec(source, split="group", split_by=FILE))
    assert sorted(grouped.rows.values()) == [30, 30, 30]


def test_two_files_of_one_name_are_told_apart_by_their_folders(files) -> None:
    source = files({"2023/t.csv": csv(table(0), NAMES), "2024/t.csv": csv(table(40), NAMES)})
    assert set(cells(source)[FILE]) == {"2023/t.csv", "2024/t.csv"}


def test_numbers_in_one_file_and_words_in_another(files) -> None:
    source = files({"a.csv": "v,k\n" + "1.5,x\n2,y\n" * 600, "b.csv": "k,v\n" + "x,many\ny,3\n" * 600})
    found = cells(source)
    assert found["v"][:2] == ("1.5", "2")
    assert found["v"][-2:] == ("many", "3")
    column = load.inspect(DataSpec(source, target="k")).column("v")
    assert (column.kind, column.distinct) == ("category", 4)


def test_rows_that_do_not_fit_are_told_with_their_file(files) -> None:
    good = csv(table(0), NAMES)
    late = "size,colour,kind\n1,red,big,4\n" + good.split("\n", 1)[1]
    source = files({"a.csv": good + "1,2\n", "b.csv": good, "c.csv": late})
    profile = load.inspect(DataSpec(source))
    assert (profile.rows, profile.rejected_count) == (90, 2)
    assert [(row.line, row.reason[:6]) for row in profile.rejected] == [(32, "a.csv:"), (2, "c.csv:")]


def test_a_large_pair_is_kept_and_read_alike_the_second_time(files, monkeypatch: pytest.MonkeyPatch) -> None:
    from core.data import sources

    monkeypatch.setattr(sources, "IN_MEMORY_BYTES", 100)
    source = files(PAIRS["csv"])
    digest = load.content_hash(source)
    once = load.inspect(DataSpec(source))
    monkeypatch.setattr(sources, "join", None)  # what was kept is not read again
    again = load.inspect(DataSpec(source))
    assert again == once
    assert again.together is not None
    assert again.sha256 == digest


# --- not one table


@pytest.mark.parametrize(
    ("contents", "how", "said", "ways"),
    [
        ({"cars.csv": "a,b\n1,2\n3,4\n", "houses.csv": "c\n1\n2\n3\n"}, "", "not clear how these belong", ()),
        ({"cars.csv": "a,b\n1,2\n3,4\n", "houses.csv": "c\n1\n2\n"}, "", "not clear how these belong", (COLUMNS,)),
        ({"cars.csv": "a,b\n1,2\n3,4\n", "more.csv": "a,b,c\n1,2,3\n"}, "", "not clear how these belong", (ROWS,)),
        ({"train.csv": "a,b\n1,2\n3,4\n", "test.csv": "a\n1\n"}, "", "test.csv lacks the column “b” of train.csv", ()),
        ({"iris_train.csv": "a,b\n1,2\n", "wine_test.csv": "a,c\n1,2\n2,2\n"}, "", "not clear how", ()),
        ({"X.csv": "a\n1\n2\n3\n", "y.csv": "t\n1\n0\n"}, "", "different numbers of rows", ()),
        ({"a.csv": "a,b\n1,2\n", "b.csv": "a,b\n3,4\n"}, PARTS, "no training and test files", (ROWS, COLUMNS)),
        ({"a.csv": "a,b\n1,2\n", "b.csv": "c,d\n3,4\n"}, ROWS, "b.csv lacks the columns “a”, “b” of a.csv", (COLUMNS,)),
    ],
)  # fmt: skip
def test_no_guess_where_it_is_not_clear(files, contents, how: str, said: str, ways: tuple[str, ...]) -> None:
    source = files(contents, joined=how)
    with pytest.raises(WhichFile) as refused:
        load.inspect(DataSpec(source))
    assert said in refused.value.what
    assert refused.value.files == (source.path, *source.also)
    assert refused.value.ways == ways
    assert refused.value.remedy


def test_a_person_says_how(files) -> None:
    pair = {"cars.csv": "a,b\n" + "1,x\n3,y\n" * 20, "houses.csv": "c\n" + "7\n9\n" * 20}
    assert list(cells(files(pair, joined=COLUMNS))) == ["a", "b", "c"]
    with pytest.raises(UserInputError, match="no way to put files together"):
        load.inspect(DataSpec(files(pair, joined="shuffled")))


def test_a_row_that_does_not_fit_would_shift_the_answers(files) -> None:
    source = files({"X.csv": "a,b\n" + "1,2\n" * 20 + "5\n" + "1,2\n" * 20, "y.csv": "t\n" + "1\n0\n" * 20})
    with pytest.raises(UserInputError, match="does not fit the others") as refused:
        load.inspect(DataSpec(source))
    assert refused.value.where == "X.csv, line 22"


def test_hash_and_fingerprint_are_of_all_files(files) -> None:
    one = files(PAIRS["csv"])
    first = load.content_hash(one)
    assert first == of_files([Path(one.path), *map(Path, one.also)])
    assert load.content_hash(DataSource("file", path=one.path)) == of_files([Path(one.path)]) != first
    Path(one.also[0]).write_text(csv(table(7, 12), NAMES))
    assert load.content_hash(one) != first
    spec = DataSpec(one)
    assert load.fingerprint(spec, first) != load.fingerprint(DataSpec(files(PAIRS["csv"], joined=ROWS)), first)


# --- kept and told


def test_a_project_carries_all_small_files(files, tmp_path: Path) -> None:
    source = files(PAIRS["csv"])
    source = DataSource("file", source.name, source.path, load.content_hash(source), also=source.also, joined=PARTS)
    path = tmp_path / "p.chainrule"
    project_file.save(path, SavedProject(Project(data=DataSpec(source))))
    for each in (source.path, *source.also):
        Path(each).unlink()
    data = project_file.load(path, data_folder=tmp_path / "kept").project.data
    assert data is not None
    assert data.source.joined == PARTS
    assert load.content_hash(data.source) == source.sha256
    assert load.inspect(data).rows == ROWS_OF + 12


def test_the_command_line(files, tmp_path: Path, monkeypatch, capsys) -> None:
    files(PAIRS["csv"])
    monkeypatch.chdir(tmp_path / "given")
    assert cli.headless(("inspect", "train.csv", "--also", "test.csv", "--json")) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["rows"], told["together"]["how"]) == (42, PARTS)
    assert cli.headless(("inspect", "train.csv", "--also", "test.csv")) == 0
    assert "train.csv trains and test.csv tests" in capsys.readouterr().out
    arguments = ("train", "train.csv", "--also", "test.csv", "--epochs", "1", "--out", "p.chainrule", "--json")
    assert cli.headless(arguments) == 0
    assert json.loads(capsys.readouterr().out)["rows"] == {"train": 24, "validation": 6, "test": 12}
    assert cli.headless(("evaluate", "p.chainrule", "--json")) == 0
    capsys.readouterr()
    assert cli.headless((*arguments[:4], "--split", "random", "--exclude", "part", "--epochs", "1", "--json")) == 0
    assert json.loads(capsys.readouterr().out)["rows"]["test"] == 8
    assert cli.headless(("inspect", "train.csv", "--also", "gone.csv")) == 2
    assert capsys.readouterr().err.startswith("chainrule: gone.csv: This file is not there.")
    assert cli.headless(("inspect", "sample:iris", "--also", "test.csv")) == 2


# --- images or tables


def test_arrays_of_pictures_and_of_rows_can_be_read_either_way(files) -> None:
    rng = np.random.default_rng(3)
    pictures = rng.integers(0, 256, (40, 8, 10), dtype=np.uint8)
    flat = rng.integers(0, 256, (40, 64), dtype=np.uint8)
    for content, found in ((array(pictures), "images"), (array(flat), "table")):
        source = files({"values.npy": content})
        told = load.inspect(DataSpec(source))
        assert (told.images is not None, told.shapes) == (found == "images", ("images", "table"))
    table_ = load.inspect(DataSpec(files({"values.npy": array(pictures)}, shape="table")))
    assert (table_.images, len(table_.columns), table_.rows) == (None, 80, 40)
    images = load.inspect(DataSpec(files({"values.npy": array(flat)}, shape="images"))).images
    assert images is not None
    assert (images.height, images.width, images.channels) == (8, 8, 1)


def test_rows_as_pictures_keep_their_labels_and_pixels(files) -> None:
    rng = np.random.default_rng(4)
    flat, labels = rng.integers(0, 256, (60, 192), dtype=np.uint8), np.arange(60) % 3
    both = {"X.npy": array(flat), "y.npy": array(labels)}
    as_table = load.prepare(DataSpec(files(both)))
    spec = DataSpec(files(both, shape="images"))
    made = load.prepare(spec)
    assert (as_table.row_shape, made.row_shape, made.classes) == ((192,), (8, 8, 3), ("0", "1", "2"))
    assert made.fingerprint != as_table.fingerprint
    x = store.load(made).train
    picture = flat.reshape(60, 8, 8, 3)[x.row_numbers]
    assert np.allclose(np.corrcoef(np.asarray(x.x[:]).ravel(), picture.ravel())[0, 1], 1.0, atol=0.01)
    asked = load.load_with_target(DataSource("file", path=spec.source.path, also=spec.source.also), made.preparation)
    assert asked.x[:].shape == (60, 8, 8, 3)
    assert DataSpec.from_json(json.loads(json.dumps(spec.to_json()))) == spec
    assert "shape" not in DataSpec(files(both)).to_json()["source"]


def test_what_cannot_be_images_is_refused(files) -> None:
    for contents in ({"t.npy": array(np.zeros((9, 65)))}, {"t.csv": "a,b\n1,2\n"}):
        assert load.inspect(DataSpec(files({"t.csv": "a,b\n1,2\n"}))).shapes == ()
        with pytest.raises(UserInputError, match="cannot be read as images"):
            load.inspect(DataSpec(files(contents, shape="images")))
    with pytest.raises(UserInputError, match="is no choice"):
        load.inspect(DataSpec(files({"t.csv": "a,b\n1,2\n"}, shape="sounds")))


def test_idx_and_npz_as_tables(files) -> None:
    pictures = (np.arange(30 * 64) % 251).astype(np.uint8).reshape(30, 8, 8)
    both = makers.npz({"x": pictures, "y": np.arange(30) % 2})
    for name, content in (("train-images-idx3-ubyte", makers.idx(pictures)), ("both.npz", both)):
        profile = load.inspect(DataSpec(files({name: content}, shape="table")))
        assert (profile.images, profile.rows) == (None, 30)
        assert len(profile.columns) in (64, 65)


def pixel_csv(values: np.ndarray, names: list[str], label: list[str]) -> str:
    rows = [[label[i], *values[i].ravel().tolist()] for i in range(len(values))]
    return csv(rows, ["label", *names])


@pytest.mark.parametrize(
    ("shape", "names"),
    [
        ((9, 9), [f"pixel{i}" for i in range(81)]), ((8, 12), [f"p_{r}_{c}" for r in range(8) for c in range(12)]),
        ((8, 8, 3), [f"px{i + 1}" for i in range(192)]),
    ],
    ids=["square", "by row and column", "colours"],
)  # fmt: skip
def test_a_table_of_pixels_can_be_images(files, shape: tuple[int, ...], names: list[str]) -> None:
    rng = np.random.default_rng(5)
    values = rng.integers(0, 256, (50, *shape), dtype=np.uint8)
    label = [("cat", "dog")[i % 2] for i in range(50)]
    content = {"t.csv": pixel_csv(values, names, label)}
    as_table = load.inspect(DataSpec(files(content)))
    assert (as_table.images, as_table.shapes) == (None, ("images", "table"))
    source = files(content, shape="images")
    profile = load.inspect(DataSpec(source))
    assert profile.images is not None
    assert profile.images.classes == ("cat", "dog")
    channels = shape[2] if len(shape) == 3 else 1
    assert (profile.images.height, profile.images.width, profile.images.channels) == (*shape[:2], channels)
    made = load.prepare(DataSpec(source))
    part, image = store.load(made).train, made.preparation.image
    assert image is not None
    wanted = values.reshape(50, *shape[:2], channels)[part.row_numbers]
    assert np.allclose(np.asarray(part.x[:]), (wanted - np.array(image.mean)) / np.array(image.scale), atol=1e-3)
    asked = load.load_with_target(DataSource("file", path=source.path), made.preparation)
    assert np.allclose(asked.x[:][part.row_numbers], np.asarray(part.x[:]), atol=1e-4)
    assert asked.y[part.row_numbers].tolist() == part.y.tolist()


def test_digits_from_zero_to_sixteen_are_images_of_their_own_unit() -> None:
    spec = DataSpec(DataSource("sample", "digits", shape="images"))
    made = load.prepare(spec)
    assert (made.row_shape, len(made.classes), sum(made.rows.values())) == ((8, 8, 1), 10, 1797)
    assert made.preparation.image is not None
    assert made.preparation.image.white == 16.0


def test_training_and_test_tables_of_pixels_keep_their_parts(files) -> None:
    rng = np.random.default_rng(6)
    values = rng.integers(0, 256, (60, 8, 8), dtype=np.uint8)
    label, names = [str(i % 3) for i in range(60)], [f"pixel{i}" for i in range(64)]
    both = {"train.csv": pixel_csv(values[:40], names, label), "test.csv": pixel_csv(values[40:], names, label[40:])}
    made = load.prepare(DataSpec(files(both, shape="images")))
    assert made.rows["test"] == 20
    assert sorted(store.load(made).test.row_numbers.tolist()) == list(range(40, 60))
