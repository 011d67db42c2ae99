"""Labels of embedded columns as points: what they stand for, where they lie, and that pictures move without jumps."""

import numpy as np
import pytest
from fakes import FakeSession, snapshot
from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QImage, QPainter
from pytestqt.qtbot import QtBot

from app import embedding
from app.embedding import OTHER, Planes, Tokens, tokens_of
from app.inspector.embedding_map import EmbeddingMap
from app.inspector.fields import CountsField
from app.inspector.panel import Inspector
from app.lens import hover, tiles
from app.lens.layout import layout
from app.lens.pictures import Palette
from app.lens.structure import structure
from app.lens.view import View
from core.data.preprocess import CategoryFeature, ClassTarget, NumberFeature, Preparation
from core.data.schema import Prepared
from core.layers.dense import Dense
from core.layers.embed_columns import EmbedColumns
from core.layers.input import Input
from core.spec import Project, sequential

TOWN = CategoryFeature("town", ("Oslo", "Rome", "Paris"), "Oslo", embedded=True)
SEX = CategoryFeature("sex", ("", "f", "m"), "", embedded=True)
PREPARED = Prepared(
    "", "f", "classification", "t", ("age", "town", "sex"), (3,), 2, ("a", "b"),
    {"train": 9, "validation": 0, "test": 0},
    Preparation((NumberFeature("age", 0, 0, 1), TOWN, SEX), ClassTarget("t", ("a", "b"))),
)  # fmt: skip
LAYER = EmbedColumns(columns=(1, 2), tokens=(4, 4), width=5)
NETWORK = sequential(Input((3,)), LAYER, Dense(2))
LABELS = (OTHER, "Oslo", "Rome", "Paris")


def test_arrays_are_named_after_their_columns() -> None:
    assert tokens_of(LAYER, PREPARED) == (
        Tokens("W0", "town", LABELS), Tokens("W1", "sex", (OTHER, "", "f", "m")),
    )  # fmt: skip
    assert tokens_of(Dense(2), PREPARED) == ()


def test_labels_are_not_guessed_where_the_data_do_not_fit() -> None:
    assert tokens_of(EmbedColumns(columns=(1,), tokens=(9,)), PREPARED) == (Tokens("W0", "town"),)
    assert tokens_of(EmbedColumns(columns=(0,), tokens=(4,)), PREPARED) == (Tokens("W0", "input 1"),)
    assert tokens_of(LAYER, None)[0].labels == ()


def test_the_plane_shows_the_directions_of_greatest_spread() -> None:
    rng = np.random.default_rng(1)
    flat = rng.normal(size=(50, 2)) * (5.0, 2.0)
    turn, _ = np.linalg.qr(rng.normal(size=(6, 6)))
    points = embedding.plane(flat @ turn[:2] + 3.0)
    apart = np.linalg.norm(flat[:, None] - flat[None], axis=-1)
    assert np.linalg.norm(points[:, None] - points[None], axis=-1) == pytest.approx(apart)
    assert embedding.spread_told(flat @ turn[:2]) == pytest.approx(1.0)


def test_a_picture_goes_on_from_where_it_was() -> None:
    rng = np.random.default_rng(2)
    W, planes = rng.normal(size=(20, 8)), Planes()
    before = planes.of("W", W)
    mirrored = W @ np.diag([-1.0] * 8) + rng.normal(size=W.shape) * 1e-3
    after = planes.of("W", mirrored)  # the same points, seen from behind
    assert np.abs(after - before).max() < 0.05


def test_a_width_of_one_and_diverged_weights_are_drawn() -> None:
    assert embedding.plane(np.array([[0.0], [2.0]])).tolist() == [[-1.0, 0.0], [1.0, 0.0]]
    assert np.isfinite(embedding.plane(np.full((3, 4), np.nan))).all()


def test_the_nearest_labels_leave_out_the_other_ones() -> None:
    W = np.array([[0.0, 0.0], [0.1, 0.0], [1.0, 0.0], [0.3, 0.0]])
    assert embedding.nearest(W, 1) == [3, 2]


def test_places_keep_within_the_box() -> None:
    at = embedding.places(np.array([[-3.0, 2.0], [3.0, -2.0]]), QRectF(10, 20, 200, 100))
    assert QRectF(10, 20, 200, 100).contains(QPointF(*at[0]))
    assert QRectF(10, 20, 200, 100).contains(QPointF(*at[1]))


def test_pointing_at_a_label_tells_its_neighbours(qtbot: QtBot) -> None:
    made = EmbeddingMap()
    qtbot.addWidget(made)
    made.resize(240, 220)
    made.show()
    made.show_array(np.array([[0.0, 0.0], [1.0, 0.0], [-1.0, 0.0], [-0.8, 0.1]]), LABELS, "l1/W0")
    assert made.told() == "4 labels"
    place = made._places()[2]
    told: list[str] = []
    made.read.connect(told.append)
    qtbot.mouseMove(made, QPointF(*place).toPoint())
    qtbot.waitUntil(lambda: made.hovered == 2)
    assert told[-1] == "Rome: closest to Paris, Oslo"
    assert not made.grab().isNull()


def test_the_opened_network_draws_labels(qtbot: QtBot) -> None:
    built = structure(NETWORK, PREPARED)
    column = built.columns[1]
    assert (column.form, [each.column for each in column.tokens]) == ("points", ["town", "sex"])
    rng = np.random.default_rng(0)
    tensors = {f"weights/l1/W{k}": rng.normal(size=(4, 5)) for k in range(2)} | {
        "weights/l2/W": rng.normal(size=(11, 2))
    }
    view = View(built, layout(built, 800, 500, card=False), tensors, PREPARED)
    image = QImage(800, 500, QImage.Format.Format_RGB32)
    image.fill(0)
    painter = QPainter(image)
    tiles.paint(painter, view, Palette())
    painter.end()
    left, top, width, height = (int(v) for v in view.layout.columns[1].boxes[0])
    seen = {image.pixel(x, y) for x in range(left, left + width, 2) for y in range(top, top + height, 2)}
    assert len(seen) > 4  # dots and letters, and not an empty tile
    found = hover.content(view, hover.Target("neuron", column=1), Palette())
    assert found is not None
    assert ("town", "4 labels → 5", None) in found.rows


def test_without_the_data_it_is_drawn_as_any_layer() -> None:
    assert structure(NETWORK, None).columns[1].form == "neurons"


def test_the_inspector_names_columns_and_draws_their_labels(qtbot: QtBot, session: FakeSession) -> None:
    session.document.open(Project("p", network=NETWORK), None)
    session.document.set_prepared(PREPARED)
    inspector = Inspector(session)
    qtbot.addWidget(inspector)
    inspector.resize(288, 900)
    inspector.show()
    session.document.select("l1")
    field = inspector.layer.form.fields["columns"]
    assert isinstance(field, CountsField)
    assert field.line.text() == "town, sex"
    live = inspector.layer.live
    assert live.points.isHidden()
    rng = np.random.default_rng(0)
    arrays = {f"weights/l1/W{k}": rng.normal(size=(4, 5)).astype(np.float32) for k in range(2)}
    session.engine.play(snapshot(tensors=arrays))
    live.refresh()
    assert not live.points.isHidden()
    assert "of the spread in view" in live.told.full_text()
    assert live.choice is not None
    live._choose("W1")
    assert live.points._labels == (OTHER, "", "f", "m")
