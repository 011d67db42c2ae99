"""Columns prepared as codes: a network looks them up, is refused where it does not, and is mended at one click."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from core import suggest
from core.backend.choose import choose
from core.data import load
from core.data.choices import ColumnChoice
from core.data.schema import Prepared
from core.edits import insert_after, repaired
from core.engine.messages import TrainingTask
from core.errors import UserInputError
from core.layers.embed_columns import EmbedColumns
from core.spec import DataSource, DataSpec, TrainingConfig, mlp
from core.training.trainer import Trainer
from core.validation import Report, check

EMBED = ColumnChoice(encoding="embedding")


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHAINRULE_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def source(tmp_path: Path) -> DataSource:
    """The class follows from the town alone, by a rule that no order of the towns tells."""
    rng = np.random.default_rng(1)
    towns, sizes = rng.integers(0, 30, 600), rng.normal(size=600)
    path = tmp_path / "towns.csv"
    rows = "".join(f"{s:.3f},t{t:02},{'ab'[t * t % 7 % 2]},{'uvw'[t % 3]}\n" for s, t in zip(sizes, towns, strict=True))
    path.write_text("size,town,kind,sort\n" + rows, "utf-8")
    return DataSource("file", path=str(path))


def prepared(source: DataSource, *embedded: str) -> Prepared:
    return load.prepare(DataSpec(source, target="kind", columns=dict.fromkeys(embedded, EMBED)))


def report(network, data: Prepared) -> Report:
    return check(network, row_shape=data.row_shape, outputs=data.outputs, codes=data.preparation.embedded)


def test_the_suggested_network_looks_codes_up_and_learns_from_them(source: DataSource) -> None:
    data = prepared(source, "town")
    assert data.preparation.embedded == ((1, 31),)
    config = replace(suggest.training_for(data, TrainingConfig()), epochs=60)
    network = suggest.network_for(data, config)
    assert [spec.layer.kind for spec in network.layers] == ["input", "embed_columns", "dense", "dense", "dense"]
    assert network.targets("l0") == (network.layers[1].id,)
    assert report(network, data).ok
    trainer = Trainer(TrainingTask(network, config, data), choose("numpy"))
    while not trainer.ended:
        trainer.train_batch()
    loss, accuracy = trainer.measure(trainer.validation)
    assert accuracy > 0.95, loss


def test_codes_that_no_layer_looks_up_are_refused_and_mended(source: DataSource) -> None:
    data = prepared(source, "town", "sort")
    plain = mlp(data.row_shape[0], (8,), data.outputs)
    badge = report(plain, data).badges[0]
    assert (badge.layer_id, badge.severity, badge.title) == ("l0", "error", "Codes are not embedded")
    assert badge.fix is not None
    mended = repaired(plain, badge.fix)
    assert report(mended, data).ok
    with pytest.raises(UserInputError, match="Codes are not embedded"):
        Trainer(TrainingTask(plain, TrainingConfig(), data), choose("numpy"))


def test_other_columns_are_set_at_one_click(source: DataSource) -> None:
    data, before = prepared(source, "sort", "town"), prepared(source, "town")
    network = suggest.network_for(before, TrainingConfig())
    wrong = report(suggest.fitted(network, data, TrainingConfig()), data)
    assert wrong.ok, "as with the shape of the input, other data set it by themselves"
    shaped = replace(network, layers=tuple(
        replace(s, layer=replace(s.layer, shape=data.row_shape)) if s.layer.kind == "input" else s
        for s in network.layers
    ))  # fmt: skip
    badge = next(b for b in report(shaped, data).badges if b.severity == "error")
    assert badge.title == "Does not fit the data"
    assert badge.fix is not None
    assert report(repaired(shaped, badge.fix), data).ok


def test_a_layer_that_has_nothing_to_look_up_goes_at_one_click(source: DataSource) -> None:
    data = prepared(source)
    network = suggest.network_for(prepared(source, "town"), TrainingConfig())
    fitted = suggest.fitted(network, data, TrainingConfig())
    badge = next(b for b in report(fitted, data).badges if b.title == "Nothing to embed")
    assert badge.fix is not None
    mended = repaired(fitted, badge.fix)
    assert not any(isinstance(s.layer, EmbedColumns) for s in mended.layers)
    assert report(mended, data).ok


def test_without_data_nothing_is_said() -> None:
    assert check(mlp(3, (4,), 2)).ok


@pytest.mark.parametrize(
    "hypers", [{"columns": (0, 0), "tokens": (2, 2)}, {"columns": (5,)}, {"columns": (0, 1)}, {"columns": (4,)}]
)
def test_impossible_columns_have_a_badge(hypers: dict[str, tuple[int, ...]]) -> None:
    network = mlp(4, (3,), 2)
    wrong = insert_after(network, "l0", EmbedColumns(**hypers))
    assert any(b.title == "Shapes do not fit" for b in check(wrong).badges)
