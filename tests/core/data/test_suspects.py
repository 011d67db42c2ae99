"""Suspicious data: rows that repeat, columns that almost say the target; each found, mended by one setting, and no more
suspected than it deserves."""

import json

import numpy as np
import pytest

from core import cli
from core.data import load, store
from core.errors import UserInputError
from core.spec import DataSource, DataSpec, Project

from .conftest import Inspect, Make
from .test_parts import rows

N = 400
RNG = np.random.default_rng(11)
NOISE = RNG.normal(0, 1, N)


def labels(flips: int = 0) -> list[str]:
    found = ["yes" if i % 3 == 0 else "no" for i in range(N)]
    for i in range(flips):
        found[i * 7] = "no" if found[i * 7] == "yes" else "yes"
    return found


def suspected(profile) -> list[str]:
    return [f.column for f in profile.findings if f.action == "exclude" and "known only when" in f.text]


def test_a_number_that_almost_says_the_class(inspect: Inspect) -> None:
    sure = [round(float(5 * (label == "yes") + NOISE[i] * 0.3), 3) for i, label in enumerate(labels(flips=3))]
    usual = [round(float(2 * (label == "yes") + NOISE[i]), 3) for i, label in enumerate(labels())]
    profile = inspect(rows(("sure", sure), ("usual", usual), ("target", labels())))
    assert suspected(profile) == ["sure"]
    (told,) = (f for f in profile.findings if f.column == "sure")
    assert "99.2 %" in told.text
    assert told.severity == "warning"


def test_a_label_that_almost_says_the_class(inspect: Inspect) -> None:
    code = [("AB" if label == "yes" else "CDE")[i % 2] for i, label in enumerate(labels(flips=2))]
    town = [f"T{i % 150}" for i in range(N)]  # it knows the rows by heart, and tells nothing
    profile = inspect(rows(("code", code), ("town", town), ("x", NOISE.round(3).tolist()), ("target", labels())))
    assert suspected(profile) == ["code"]


def test_three_classes_in_intervals(inspect: Inspect) -> None:
    kind = [i % 3 for i in range(N)]
    x = [round(float([9, 1, 5][k] + 0.2 * NOISE[i]), 3) for i, k in enumerate(kind)]
    profile = inspect(rows(("x", x), ("y", NOISE.round(3).tolist()), ("target", ["abc"[k] for k in kind])))
    assert suspected(profile) == ["x"]


def test_missing_cells_may_tell(inspect: Inspect) -> None:
    paid = ["" if label == "yes" else "2020" for label in labels()]
    paid[1] = "2021"
    profile = inspect(rows(("paid", paid), ("x", NOISE.round(3).tolist()), ("target", labels())))
    assert suspected(profile) == ["paid"]


def test_a_rare_class_is_no_suspicion(inspect: Inspect) -> None:
    rare = ["yes" if i % 100 == 0 else "no" for i in range(N)]
    profile = inspect(rows(("x", NOISE.round(3).tolist()), ("side", list("ab") * (N // 2)), ("target", rare)))
    assert suspected(profile) == []


def test_a_number_that_is_the_target_in_other_units(inspect: Inspect) -> None:
    price = (100 + 20 * NOISE).round(4)
    euros = (0.92 * price + 0.01 * RNG.normal(0, 1, N)).round(4)
    near = price + 4 * RNG.normal(0, 1, N)
    columns = (("euros", euros.tolist()), ("near", near.round(3).tolist()), ("price", price.tolist()))
    profile = inspect(rows(*columns), target="price")
    assert profile.task == "regression"
    assert suspected(profile) == ["euros"]


def test_few_rows_and_easy_patterns_are_not_suspected(inspect: Inspect) -> None:
    few = inspect(rows(("x", [*range(20), *range(100, 120)]), ("target", ["a"] * 20 + ["b"] * 20)))
    assert suspected(few) == []
    assert suspected(load.inspect(DataSpec(DataSource("generator", "gaussians", noise=0.0)))) == []


def test_what_the_exact_comparison_tells_is_told_once(inspect: Inspect) -> None:
    other = [{"yes": "1x", "no": "0x"}[label] for label in labels()]
    profile = inspect(rows(("x", NOISE.round(3).tolist()), ("other", other), ("target", labels())))
    assert len([f for f in profile.findings if f.column == "other"]) == 1


def repeated() -> str:
    x = [*range(50), *range(10)]
    return rows(("x", x), ("note", [f'"n{k % 7}"' for k in x]), ("target", ["ab"[k % 2] for k in x]))


def test_repeated_rows_are_counted_and_kept_once(file: Make) -> None:
    source = file(repeated())
    (told,) = (f for f in load.inspect(DataSpec(source)).findings if f.action == "keep one")
    assert told.text.startswith("10 rows repeat")
    assert told.severity == "warning"
    spec = DataSpec(source, drop_duplicates=True)
    arrays = store.load(load.prepare(spec))
    used = np.concatenate([part.row_numbers for part in (arrays.train, arrays.validation, arrays.test)])
    assert sorted(used.tolist()) == list(range(50))
    assert [f.action for f in load.inspect(spec).findings if "repeat" in f.text] == ["keep all"]


def test_cells_of_other_columns_are_not_the_same(inspect: Inspect) -> None:
    swapped = rows(("a", [1, 2] * 30), ("b", [2, 1] * 30), ("c", list(range(60))), ("target", list("xy") * 30))
    assert not [f for f in inspect(swapped).findings if f.action == "keep one"]


def test_kept_in_projects_and_part_of_the_fingerprint() -> None:
    plain, once = (DataSpec(DataSource("sample", "iris"), drop_duplicates=drop) for drop in (False, True))
    assert "drop_duplicates" not in plain.to_json()
    assert DataSpec.from_json(once.to_json()) == once
    assert Project(data=once).data == once
    assert load.fingerprint(plain, "0") != load.fingerprint(once, "0")


def test_headless(file: Make, capsys: pytest.CaptureFixture[str]) -> None:
    path = file(repeated()).path
    assert cli.headless(["train", path, "--drop-duplicates", "--exclude", "note", "--epochs", "1", "--json"]) == 0
    assert sum(json.loads(capsys.readouterr().out)["rows"].values()) == 50
    assert cli.headless(["inspect", path, "--json"]) == 0
    assert any(f["action"] == "keep one" for f in json.loads(capsys.readouterr().out)["findings"])


def wide_table() -> str:
    income = (10 ** RNG.uniform(1, 6, N)).round()
    plain = np.abs(NOISE).round(3)
    below = -income
    columns = (("income", income.tolist()), ("plain", plain.tolist()), ("below", below.tolist()))
    return rows(*columns, ("target", labels()))


def test_numbers_that_span_powers_of_ten(inspect: Inspect, file: Make) -> None:
    assert [(f.column, f.action) for f in inspect(wide_table()).findings] == [("income", "log")]
    spec = DataSpec(file(wide_table()), target="target", logs=("income",))
    assert [f.action for f in load.inspect(spec).findings] == ["no log"]
    prepared = load.prepare(spec)
    feature = prepared.preparation.features[0]
    assert feature.log
    x = store.load(prepared).train.x[:, 0]
    assert (abs(x.mean()), x.std()) == pytest.approx((0.0, 1.0), abs=1e-5)
    assert abs(x).max() < 3
    assert DataSpec.from_json(spec.to_json()) == spec


def test_no_logarithm_of_numbers_below_zero(file: Make) -> None:
    with pytest.raises(UserInputError, match="below zero"):
        load.prepare(DataSpec(file(wide_table()), target="target", logs=("below",)))


def test_logarithm_headless(file: Make, tmp_path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "made.chainrule"
    told = ["train", file(wide_table()).path, "--target", "target", "--log", "income", "--epochs", "1", "--json"]
    assert cli.headless([*told, "--out", str(out)]) == 0
    assert cli.headless(["export", str(out), "--format", "onnx", "--json"]) == 0
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["receipt"]["passed"]
