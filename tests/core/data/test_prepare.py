"""From cells to arrays: the formulas, on the training rows only, the same on both ways into the network."""

import csv
import io
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from core.data import fit, load, sources, store
from core.data.preprocess import CategoryFeature, ClassTarget, NumberFeature, NumberTarget
from core.data.progress import silent
from core.data.schema import Arrays, Part, Prepared
from core.data.table import MISSING, UNKNOWN
from core.errors import UserInputError
from core.evaluation.rows import prepared_rows
from core.spec import DataSource, DataSpec

from .conftest import Make

PARTS = ("train", "validation", "test")


def table(columns: dict[str, list[object]]) -> str:
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(columns)
    writer.writerows(zip(*columns.values(), strict=True))
    return text.getvalue()


def prepared(source: DataSource, **settings) -> tuple[Prepared, Arrays]:
    made = load.prepare(DataSpec(source, **settings))
    return made, store.load(made)


def parts(arrays: Arrays) -> tuple[Part, Part, Part]:
    return arrays.train, arrays.validation, arrays.test


def mixed(rows: int = 200) -> dict[str, list[object]]:
    rng = np.random.default_rng(3)
    size = [f"{value:.3f}" for value in rng.normal(50, 9, rows)]
    for i in range(0, rows, 11):
        size[i] = ["", "NA", "?"][i % 3]
    return {
        "size": size,
        "when": [f"{value:.1f}" for value in rng.normal(2000, 1, rows)],
        "island": [["Biscoe", "Dream", "Torgersen", "NA"][i] for i in rng.integers(0, 4, rows)],
        "kind": [["cat", "dog"][i] for i in rng.integers(0, 2, rows)],
    }


def test_the_formulas(file: Make) -> None:
    columns = mixed()
    made, arrays = prepared(file(table(columns)), target="kind")
    size, when, island = made.preparation.features
    train = arrays.train.row_numbers
    known = np.array([float(columns["size"][i]) for i in train if columns["size"][i] not in ("", "NA", "?")])
    fill = np.median(known)
    filled = np.array([fill if columns["size"][i] in ("", "NA", "?") else float(columns["size"][i]) for i in train])
    assert isinstance(size, NumberFeature)
    assert (size.fill, size.mean, size.scale) == pytest.approx((fill, filled.mean(), filled.std()), rel=1e-12)
    np.testing.assert_allclose(arrays.train.x[:, 0], (filled - filled.mean()) / filled.std(), rtol=1e-6, atol=1e-6)
    np.testing.assert_allclose(arrays.train.x[:, :2].mean(axis=0), 0, atol=1e-5)
    np.testing.assert_allclose(arrays.train.x[:, :2].std(axis=0), 1, atol=1e-5)
    assert isinstance(when, NumberFeature)
    assert isinstance(island, CategoryFeature)
    assert island.categories == ("Biscoe", "Dream", "Torgersen")
    counts = {label: sum(columns["island"][i] == label for i in train) for label in island.categories}
    assert counts[island.fill] == max(counts.values())
    assert made.feature_names == ("size", "when", "island=Biscoe", "island=Dream", "island=Torgersen")
    for part in parts(arrays):
        assert part.x.dtype == np.float32
        for x, i in zip(part.x[:, 2:], part.row_numbers, strict=True):
            label = columns["island"][i] if columns["island"][i] != "NA" else island.fill
            assert x.tolist() == [float(category == label) for category in island.categories]


def test_what_comes_out(file: Make) -> None:
    columns = mixed()
    made, arrays = prepared(file(table(columns)), target="kind")
    assert (made.task, made.target, made.classes, made.row_shape) == ("classification", "kind", ("cat", "dog"), (5,))
    assert made.rows == {"train": 120, "validation": 40, "test": 40}
    rows = np.concatenate([part.row_numbers for part in parts(arrays)])
    assert sorted(rows.tolist()) == list(range(200))
    for part in parts(arrays):
        assert (part.y.dtype, part.y.shape) == (np.int32, (len(part.x),))
        assert [made.classes[y] for y in part.y] == [columns["kind"][i] for i in part.row_numbers]
        assert not part.x.flags.writeable
        assert isinstance(part.x, np.memmap)


def test_regression_targets_are_scaled_by_the_training_rows(file: Make) -> None:
    columns = mixed()
    made, arrays = prepared(file(table(columns)), target="when")
    target = made.preparation.target
    assert isinstance(target, NumberTarget)
    truth = np.array([float(cell) for cell in columns["when"]])
    train = truth[arrays.train.row_numbers]
    assert (target.mean, target.scale) == pytest.approx((train.mean(), train.std()), rel=1e-12)
    for part in parts(arrays):
        assert (part.y.dtype, part.y.shape) == (np.float32, (len(part.x), 1))
        np.testing.assert_allclose(part.y[:, 0] * target.scale + target.mean, truth[part.row_numbers], rtol=1e-6)
    assert (made.classes, made.outputs) == ((), 1)


def test_nothing_is_learned_from_rows_that_do_not_train(file: Make) -> None:
    columns = mixed()
    made, arrays = prepared(file(table(columns)), target="kind")
    for part in (arrays.validation, arrays.test):
        for i in part.row_numbers:
            columns["size"][i], columns["when"][i], columns["island"][i] = "1e6", "", "Atlantis"
    again, changed = prepared(file(table(columns), "changed.csv"), target="kind")
    assert again.preparation == made.preparation
    np.testing.assert_array_equal(changed.train.x, arrays.train.x)
    assert (changed.test.x[:, 2:] == 0).all()  # a label that no training row has


def test_the_64_most_frequent_labels_get_inputs_and_the_others_none(file: Make) -> None:
    labels = [f"c{i % 100}" for i in range(1000)] + [f"c{i % 60}" for i in range(1000)]
    columns = {"v": [i % 7 * 0.5 for i in range(2000)], "label": labels, "kind": ["ab"[i % 2] for i in range(2000)]}
    made, arrays = prepared(file(table(columns)), target="kind")
    feature = made.preparation.features[1]
    assert isinstance(feature, CategoryFeature)
    assert len(feature.categories) == 64
    assert {f"c{i}" for i in range(60)} < set(feature.categories)
    for x, i in zip(arrays.test.x[:, 1:], arrays.test.row_numbers, strict=True):
        assert x.sum() == (labels[i] in feature.categories)


@pytest.mark.parametrize("ragged", ["", "1,2,3\n"])
def test_both_ways_into_the_network_agree(file: Make, ragged: str) -> None:
    """Training reads columns with DuckDB; prediction prepares cells of text. A row must give the same x."""
    rows = 120
    columns: dict[str, list[object]] = {
        "clean": [f"{i * 1.7 % 13:.2f}" for i in range(rows)],
        "whole": [i * 7 % 5 for i in range(rows)],
        "gaps": ["" if i % 5 == 0 else f" {i % 9}.50 " for i in range(rows)],
        "words": ["1e999" if i == 50 else "inf" if i == 51 else "about 3" if i == 52 else i % 11 for i in range(rows)],
        "label": [["yes", "no", " yes", "NA", "-"][i % 5] for i in range(rows)],
        "code": [["1", "2", "3.0", "2.0"][i % 4] for i in range(rows)],
        "state": [["NY", "CA", "NA", ""][i % 4] for i in range(rows)],
        "text": [["a,b", 'q"q', "line\nbreak", "=1", "ÄÖ"][i % 5] for i in range(rows)],
        "kind": ["ab"[i * i % 3 % 2] for i in range(rows)],
    }
    source = file(table(columns) + ragged)
    made, arrays = prepared(source, target="kind", kinds={"code": "category", "words": "number"})
    names = tuple(feature.name for feature in made.preparation.features)
    assert names == tuple(columns)[:-1]
    given = load.read_cells(source, names)
    x, _ = prepared_rows(made.preparation, given)
    for part in parts(arrays):
        np.testing.assert_allclose(part.x, x[part.row_numbers], rtol=1e-6, atol=1e-6)
    x, _, _, _ = load.load_for_prediction(source, made.preparation)
    np.testing.assert_allclose(arrays.test.x, x[arrays.test.row_numbers], rtol=1e-6, atol=1e-6)
    part = load.load_with_target(source, made.preparation)
    np.testing.assert_array_equal(part.y[arrays.test.row_numbers], arrays.test.y)


def test_labels_of_numbers_are_one_however_they_are_written(file: Make) -> None:
    target = [["0", "1", "1.0", "0.0"][i % 4] for i in range(40)]
    rows = {"v": [i % 7 * 0.5 for i in range(40)], "y": target}
    made, _ = prepared(file(table(rows)))
    assert made.classes == ("0", "1")
    rows["y"] = ["NA", *target[1:]]
    made, _ = prepared(file(table(rows), "gap.csv"), task="classification", target="y")
    assert made.classes == ("0", "1")
    assert made.rows["train"] + made.rows["validation"] + made.rows["test"] == 39


def test_classes_are_in_a_lasting_order(file: Make) -> None:
    for labels, expected in (
        (["10", "9", "-1"], ("-1", "9", "10")),
        (["class 10", "class 2"], ("class 2", "class 10")),
        (["yes", "no"], ("no", "yes")),
    ):
        rows = {"v": [i * 0.3 for i in range(30)], "kind": [labels[i % len(labels)] for i in range(30)]}
        made, _ = prepared(file(table(rows)), task="classification", target="kind")
        assert isinstance(made.preparation.target, ClassTarget)
        assert made.classes == made.preparation.target.classes == expected


def test_rows_without_a_target_are_left_out_and_said(file: Make) -> None:
    rows = {"v": [i * 0.3 for i in range(60)], "y": ["" if i in (3, 8) else f"{i * 0.7:.1f}" for i in range(60)]}
    made, arrays = prepared(file(table(rows)), target="y")
    assert sum(made.rows.values()) == 58
    assert not {3, 8} & set(np.concatenate([part.row_numbers for part in parts(arrays)]).tolist())
    assert any("2 rows" in text for text in made.warnings)


def test_shares_of_zero(file: Make) -> None:
    made, arrays = prepared(file(table(mixed())), target="kind", validation=0.0, test=0.0)
    assert made.rows == {"train": 200, "validation": 0, "test": 0}
    assert arrays.validation.x.shape == (0, 5)
    assert arrays.test.y.shape == (0,)


def test_a_column_that_is_constant_or_empty_among_training_rows(file: Make) -> None:
    columns = mixed(60)
    _, arrays = prepared(file(table(columns)), target="kind")
    train = set(arrays.train.row_numbers.tolist())
    columns["flat"] = [5 if i in train else i for i in range(60)]
    columns["rare"] = ["" if i in train else "xyz"[i % 3] for i in range(60)]
    columns["late"] = ["" if i in train else i for i in range(60)]
    made, arrays = prepared(file(table(columns), "odd.csv"), target="kind", kinds={"rare": "category"})
    flat = next(feature for feature in made.preparation.features if feature.name == "flat")
    assert flat == NumberFeature("flat", 5.0, 5.0, 1.0)
    late = next(feature for feature in made.preparation.features if feature.name == "late")
    assert late == NumberFeature("late", 0.0, 0.0, 1.0)
    assert "rare" not in {feature.name for feature in made.preparation.features}
    assert any("“rare”" in text for text in made.warnings)
    assert all(np.isfinite(part.x).all() for part in parts(arrays))


def test_extreme_numbers_stay_finite(file: Make) -> None:
    values = ["1e308", "-1e308", "1e-308", "0"] * 15
    rows = {"v": values, "kind": ["ab"[i % 2] for i in range(60)]}
    _, arrays = prepared(file(table(rows)), target="kind")
    assert all(np.isfinite(part.x).all() for part in parts(arrays))
    np.testing.assert_allclose(arrays.train.x.std(), 1, rtol=1e-4)


def test_codes_of_labels_that_no_training_row_had() -> None:
    column = SimpleNamespace(name="v", kind="category")
    feature = CategoryFeature("v", ("a", "c"), fill="c")
    values = fit.Values(column, np.array([0, 1, 2, MISSING, UNKNOWN], np.int32), ("a", "b", "c"))
    assert fit.transform(feature, values).tolist() == [[1, 0], [0, 0], [0, 1], [0, 1], [0, 0]]


def test_clean_columns_are_stored_as_numbers_and_a_late_word_costs_one_column(file: Make) -> None:
    lines = "".join(f"{i}.5,{i % 9},x\n" for i in range(3000)) + "unknown,1,y\n"
    with sources.open_table(file("a,b,c\n" + lines), progress=silent) as table_:
        assert (table_.numeric, table_.textual) == ((True, True, False), (True, False, True))
        assert table_.codes(2, ("y",)).tolist() == [UNKNOWN] * 3000 + [0]


# --- kept for the next time


def test_the_same_content_and_wishes_are_prepared_once(file: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    content = table(mixed())
    made, _ = prepared(file(content), target="kind")
    monkeypatch.setattr(load, "open_table", lambda *a, **k: pytest.fail("the file was read again"))
    assert prepared(file(content, "copy.csv"), target="kind")[0] == made


def test_other_wishes_and_other_content_are_prepared_anew(file: Make) -> None:
    content = table(mixed())
    found = {
        prepared(source, **settings)[0].fingerprint
        for source, settings in (
            (file(content), {"target": "kind"}),
            (file(content), {"target": "island"}),
            (file(content), {"target": "kind", "excluded": ("size",)}),
            (file(content), {"target": "kind", "seed": 8}),
            (file(content), {"target": "kind", "test": 0.3}),
            (file(content.replace("cat", "cow"), "b.csv"), {"target": "kind"}),
        )
    }
    assert len(found) == 6


@pytest.mark.parametrize("harm", ["truncate", "flip", "remove", "manifest", "empty"])
def test_damaged_arrays_are_noticed_and_made_again(file: Make, harm: str) -> None:
    source = file(table(mixed()))
    made, arrays = prepared(source, target="kind")
    x = np.array(arrays.train.x)
    del arrays
    victim = Path(made.folder) / "train-x.npy"
    data = bytearray(victim.read_bytes())
    if harm == "truncate":
        victim.write_bytes(data[:-100])
    elif harm == "flip":
        data[-5] ^= 0x40
        victim.write_bytes(data)
    elif harm == "remove":
        victim.unlink()
    elif harm == "manifest":
        (Path(made.folder) / store.MANIFEST).write_text('{"files": [')
    else:
        (Path(made.folder) / store.MANIFEST).write_text("")
    again, arrays = prepared(source, target="kind")
    assert again == made
    np.testing.assert_array_equal(arrays.train.x, x)


def test_a_failure_leaves_nothing_behind(file: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "write_targets", lambda *a: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        prepared(file(table(mixed())), target="kind")
    assert list(store.room().iterdir()) == []


def test_what_was_not_used_for_longest_goes_first(file: Make) -> None:
    source = file(table(mixed()))
    made = [prepared(source, target="kind", seed=seed)[0] for seed in range(4)]
    for age, entry in enumerate(made):
        os.utime(Path(entry.folder) / store.MANIFEST, (1000 - age, 1000 - age))
    prepared(source, target="kind", seed=3)  # used again
    size = sum(path.stat().st_size for path in Path(made[0].folder).iterdir())
    store.trim(store.room(), keep=made[0].fingerprint, limit=int(2.5 * size))
    assert {path.name for path in store.room().iterdir()} == {made[0].fingerprint, made[3].fingerprint}


def test_arrays_that_are_gone_are_refused_in_words(file: Make) -> None:
    made, arrays = prepared(file(table(mixed())), target="kind")
    del arrays
    (Path(made.folder) / "test-x.npy").unlink()
    with pytest.raises(UserInputError, match="gone or damaged"):
        store.load(made)


def test_a_large_table_is_kept_as_read(file: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources, "IN_MEMORY_BYTES", 1000)
    columns = mixed()
    columns["größe; ü"] = [f"{i},5" for i in range(200)]
    source = file(table(columns) + "1,2\n")
    first = load.inspect(DataSpec(source))
    monkeypatch.setattr(sources, "read", lambda path, *_, **__: pytest.fail("the file was read again"))
    assert load.inspect(DataSpec(source)) == first
    assert first.rejected_count == 1
    made, arrays = prepared(source, target="kind")
    monkeypatch.undo()
    monkeypatch.setenv("CHAINRULE_CACHE", str(Path(source.path).parent / "other"))
    direct, same = prepared(source, target="kind")
    assert direct.preparation == made.preparation
    np.testing.assert_array_equal(arrays.train.x, same.train.x)


def test_progress_is_told(file: Make) -> None:
    told: list[tuple[str, float | None]] = []
    load.prepare(DataSpec(file(table(mixed())), target="kind"), progress=lambda text, share: told.append((text, share)))
    assert len({text for text, _ in told}) >= 3
    assert all(share is None or 0 <= share <= 1 for _, share in told)


def test_another_process_that_was_faster_is_no_failure(file: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    source = file(table(mixed()))
    made, _ = prepared(source, target="kind")
    monkeypatch.setattr(store, "find", lambda *a: None)  # it was not there yet when this one began
    monkeypatch.setattr(store.shutil, "rmtree", lambda *a, **k: None)
    assert prepared(source, target="kind")[0] == made


@pytest.mark.skipif(os.name == "nt", reason="there the age of the folder decides")
def test_folders_of_killed_processes_are_removed(file: Make) -> None:
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    for name in (f"work-{dead.pid}-x", f"work-{os.getppid()}-y", "work-z"):
        (store.room() / name).mkdir()
    made, _ = prepared(file(table(mixed())), target="kind")
    assert {path.name for path in store.room().iterdir()} == {made.fingerprint, f"work-{os.getppid()}-y", "work-z"}
