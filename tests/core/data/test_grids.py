"""Pictures in columns stay whole."""

import pytest

from core.data import load
from core.spec import DataSource, DataSpec


def _prepared(tmp_path, names: list[str], cells: list[list[object]]):
    file = tmp_path / "rows.csv"
    lines = [[*names, "label"], *([*row, "ab"[i % 2]] for i, row in enumerate(cells))]
    file.write_text("\n".join(",".join(map(str, line)) for line in lines) + "\n")
    return load.prepare(DataSpec(DataSource("file", path=str(file))), cache=tmp_path)


def _rows(columns: int, constant: int) -> list[list[object]]:
    return [[0 if k == constant else (i * 7 + k * 3) % 17 for k in range(columns)] for i in range(30)]


@pytest.mark.parametrize(
    "names",
    [
        [f"pixel_{r}_{c}" for r in range(4) for c in range(5)],
        [f"p{k}x{c}" for k in range(1, 5) for c in range(1, 6)],
        [f"px{k}" for k in range(25)],
    ],
)
def test_a_pixel_that_never_changes_stays_in_its_place(tmp_path, names) -> None:
    prepared = _prepared(tmp_path, names, _rows(len(names), constant=3))
    assert prepared.row_shape == (len(names),)
    assert prepared.feature_names[3] == names[3]


@pytest.mark.parametrize(
    "names", [[f"pixel_{r}_{c}" for r in range(4) for c in range(5)][:-1], [f"v{k}" for k in range(20)]]
)
def test_numbered_columns_that_make_no_picture_are_columns_like_others(tmp_path, names) -> None:
    assert _prepared(tmp_path, names, _rows(len(names), constant=3)).row_shape == (len(names) - 1,)


def test_the_digits_are_whole_pictures() -> None:
    assert load.prepare(DataSpec(DataSource("sample", "digits"))).row_shape == (64,)
