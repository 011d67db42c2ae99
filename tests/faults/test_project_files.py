"""Project files that are damaged or made to do harm: one clear refusal, nothing written elsewhere."""

import json
import random
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.data.preprocess import ClassTarget, NumberFeature, Preparation
from core.data.schema import Prepared
from core.errors import UserInputError
from core.network import Network
from core.project import facts, file, migrations, strict_json, tensors
from core.project.file import SavedProject
from core.spec import DataSource, DataSpec, Project, mlp
from core.training.snapshot import Curve, History, Mark

NETWORK = mlp(2, (3,), 2)
PREPARED = Prepared(
    folder="", fingerprint="f", task="classification", target="y", feature_names=("a", "b"), row_shape=(2,), outputs=2,
    classes=("no", "yes"), rows={"train": 6, "validation": 2, "test": 2},
    preparation=Preparation(
        (NumberFeature("a", 0.0, 1.0, 2.0), NumberFeature("b", 0.0, 1.0, 2.0)), ClassTarget("y", ("no", "yes"))
    ),
)  # fmt: skip


def project() -> SavedProject:
    steps = np.arange(3, dtype=np.int64)
    values = np.ones(3, np.float32)
    return SavedProject(
        project=Project("p", data=DataSpec(DataSource("sample", name="x")), network=NETWORK),
        weights=Network.of(NETWORK).init(1),
        trained_network=NETWORK,
        loss="softmax_cross_entropy",
        history=History({"loss/train": Curve(steps, values, values, values)}, (Mark(1, "here"),)),
        prepared=PREPARED,
    )


@pytest.fixture
def members(tmp_path: Path) -> dict[str, bytes]:
    file.save(tmp_path / "good.chainrule", project())
    with zipfile.ZipFile(tmp_path / "good.chainrule") as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def refused(path: Path, *words: str) -> None:
    before = sorted(path.parent.rglob("*"))
    with pytest.raises(UserInputError) as caught:
        file.load(path, data_folder=path.parent / "cache")
    for word in words:
        assert word in str(caught.value)
    assert path.name in str(caught.value)
    assert sorted(path.parent.rglob("*")) == before


def archive_of(path: Path, members: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as out:
        for name, data in members.items():
            out.writestr(name, data)
    return path


# --- the archive


@pytest.mark.parametrize("content", [b"", b"PK", b"not a zip at all" * 99, b"PK\x05\x06" + b"\0" * 17, b"\0" * 70_000])
def test_what_is_no_archive_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "bad.chainrule"
    path.write_bytes(content)
    refused(path, "not a project")


@pytest.mark.parametrize("name", ["../evil", "data/../../evil", "/etc/evil", "C:/evil", "data\\..\\evil"])
def test_names_that_leave_the_archive_are_refused(tmp_path: Path, members: dict[str, bytes], name: str) -> None:
    refused(archive_of(tmp_path / "bad.chainrule", members | {name: b"x"}), "not a project")


def test_a_name_that_hides_behind_a_nul_is_refused(tmp_path: Path, members: dict[str, bytes]) -> None:
    path = archive_of(tmp_path / "bad.chainrule", members | {"weightsX.txt": b"x"})
    path.write_bytes(path.read_bytes().replace(b"weightsX", b"weights\0"))
    refused(path, "outside")


def test_an_embedded_name_never_becomes_a_path(tmp_path: Path, members: dict[str, bytes]) -> None:
    """The name inside project.json could climb, too; whatever it says, the file lands in a folder of our making."""
    data = json.loads(members["project.json"])
    data["data"]["source"] |= {"kind": "file", "path": "/nowhere/t.csv"}
    names = {"../../evil": "_.._evil", "/etc/x": "_etc_x", "..": "data", "": "data", "C:\\x": "C__x", "a\0b": "a_b"}
    for name, safe in names.items():
        data["data_embedded"] = {"name": name}
        hostile = members | {"project.json": json.dumps(data).encode(), f"data/{safe}": b"x", "data/sub/evil": b"x"}
        loaded = file.load(archive_of(tmp_path / "bad.chainrule", hostile), data_folder=tmp_path / "cache")
        found = Path(loaded.project.data.source.path)
        assert found.parent.parent == tmp_path / "cache"
        assert found.name == safe
    data["data_embedded"] = {"name": "sub/evil"}
    hostile = members | {"project.json": json.dumps(data).encode(), "data/sub/evil": b"x"}
    loaded = file.load(archive_of(tmp_path / "bad.chainrule", hostile), data_folder=tmp_path / "cache")
    assert loaded.project.data.source.path == "/nowhere/t.csv"


def test_links_and_encryption_and_doubles_are_refused(tmp_path: Path, members: dict[str, bytes]) -> None:
    link = zipfile.ZipInfo("data/link")
    link.external_attr = 0o120777 << 16
    path = archive_of(tmp_path / "link.chainrule", members)
    with zipfile.ZipFile(path, "a") as out:
        out.writestr(link, "/etc/passwd")
    refused(path, "link")
    path = archive_of(tmp_path / "twice.chainrule", members)
    with zipfile.ZipFile(path, "a") as out, pytest.warns(UserWarning, match="Duplicate"):
        out.writestr("project.json", members["project.json"])
    refused(path, "two members")
    raw = bytearray(archive_of(tmp_path / "locked.chainrule", members).read_bytes())
    raw[raw.index(b"PK\x01\x02") + 8] |= 1
    (tmp_path / "locked.chainrule").write_bytes(raw)
    refused(tmp_path / "locked.chainrule", "encrypted")


def test_bombs_and_lies_about_sizes_are_refused(tmp_path: Path, members: dict[str, bytes]) -> None:
    bomb = b"[" + b" " * (strict_json.MAX_BYTES + 1) + b"]"
    refused(archive_of(tmp_path / "bomb.chainrule", members | {"project.json": bomb}), "at most")
    raw = bytearray(archive_of(tmp_path / "lie.chainrule", members).read_bytes())
    at = raw.index(b"PK\x01\x02") + 24
    raw[at : at + 4] = struct.pack("<L", 10)
    (tmp_path / "lie.chainrule").write_bytes(raw)
    refused(tmp_path / "lie.chainrule", "not a project")
    many = {f"m{i}": b"" for i in range(65)}
    refused(archive_of(tmp_path / "many.chainrule", members | many), "members")
    endless = {f"{'m' * 900}{i}": b"" for i in range(80)}
    refused(archive_of(tmp_path / "endless.chainrule", members | endless), "far more members")


def test_unknown_members_are_left_alone(tmp_path: Path, members: dict[str, bytes]) -> None:
    loaded = file.load(archive_of(tmp_path / "a.chainrule", members | {"thumbnail.png": b"x" * 10**6}))
    assert loaded.project == project().project


def test_cut_short_anywhere_it_is_refused(tmp_path: Path, members: dict[str, bytes]) -> None:
    whole = archive_of(tmp_path / "a.chainrule", members).read_bytes()
    for i in range(1, 30):
        (tmp_path / "cut.chainrule").write_bytes(whole[: len(whole) * i // 30])
        refused(tmp_path / "cut.chainrule")


def test_flipped_bytes_never_give_a_traceback(tmp_path: Path, members: dict[str, bytes]) -> None:
    whole = archive_of(tmp_path / "a.chainrule", members).read_bytes()
    chance, path = random.Random(5), tmp_path / "flip.chainrule"
    outcomes = set()
    for _ in range(300):
        raw = bytearray(whole)
        for _ in range(chance.randint(1, 4)):
            raw[chance.randrange(len(raw))] = chance.randrange(256)
        path.write_bytes(raw)
        try:
            file.load(path, data_folder=tmp_path / "cache")
            outcomes.add("read")
        except UserInputError:
            outcomes.add("refused")
    assert "refused" in outcomes


# --- project.json


def changed(members: dict[str, bytes], change: Callable[[dict[str, Any]], Any]) -> dict[str, bytes]:
    data = json.loads(members["project.json"])
    change(data)
    return members | {"project.json": json.dumps(data).encode()}


@pytest.mark.parametrize(
    "text",
    [
        b"", b"{", b"nothing", b"[1, 2]", b"null", b'{"format": NaN}', b'{"format": 1e999}', b"\xff\xfe{}",
        b'{"format": 1, "format": 1}', b"[" * 200_000 + b"]" * 200_000, b'{"a":' * 200_000 + b"1" + b"}" * 200_000,
        b'{"format": ' + b"9" * 5000 + b"}", b'{"format": true}', b'{"format": 0}', b'{"format": "1"}',
        b'{"format": 1}',
    ],
)  # fmt: skip
def test_malformed_json_is_refused(tmp_path: Path, members: dict[str, bytes], text: bytes) -> None:
    refused(archive_of(tmp_path / "bad.chainrule", members | {"project.json": text}))


HOSTILE_EDITS: dict[str, Callable[[dict[str, Any]], Any]] = {
    "name gone": lambda d: d.pop("name"),
    "network a text": lambda d: d.update(network="dense"),
    "layers a number": lambda d: d["network"].update(layers=3),
    "unknown layer": lambda d: d["network"]["layers"][1].update(kind="os.system"),
    "unknown setting": lambda d: d["network"]["layers"][1].update(evil=1),
    "units as text": lambda d: d["network"]["layers"][1].update(units="8"),
    "negative units": lambda d: d["network"]["layers"][1].update(units=-8),
    "edge to nowhere": lambda d: d["network"]["edges"].append(["l0", "l99"]),
    "edge of three": lambda d: d["network"]["edges"].append(["l0", "l1", "l2"]),
    "edge of a table": lambda d: d["network"]["edges"].append([{}, []]),
    "training gone": lambda d: d.pop("training"),
    "unknown optimizer": lambda d: d["training"].update(optimizer={"kind": "magic"}),
    "data a list": lambda d: d.update(data=[]),
    "shares of more than all": lambda d: d["data"].update(test=0.9, validation=0.9),
    "layout of one": lambda d: d.update(layout={"l0": [1]}),
    "layout of texts": lambda d: d.update(layout={"l0": ["a", "b"]}),
    "layout a list": lambda d: d.update(layout=[1, 2, 3]),
    "marks malformed": lambda d: d.update(marks=[["a", 1]]),
    "trained gone": lambda d: d.pop("trained"),
    "trained without loss": lambda d: d["trained"].pop("loss"),
    "a loss that does not fit": lambda d: d["trained"].update(loss="mse"),
    "weights of another network": lambda d: d["trained"]["network"]["layers"][1].update(units=4),
    "weights of a giant": lambda d: d["trained"]["network"]["layers"][1].update(units=1_000_000),
    "trained in a circle": lambda d: d["trained"]["network"]["edges"].append(["l2", "l1"]),
    "embedded a number": lambda d: (d["data"]["source"].update(kind="file"), d.update(data_embedded=3)),
}


@pytest.mark.parametrize("name", HOSTILE_EDITS)
def test_a_project_of_wrong_parts_is_refused(tmp_path: Path, members: dict[str, bytes], name: str) -> None:
    refused(archive_of(tmp_path / "bad.chainrule", changed(members, HOSTILE_EDITS[name])))


def test_a_design_that_is_unfinished_or_absurd_opens(tmp_path: Path, members: dict[str, bytes]) -> None:
    """What the canvas shows with badges is no damage; and no weights are made for it."""

    def absurd(data: dict[str, Any]) -> None:
        giants = [{"id": f"x{i}", "name": f"x{i}", "kind": "dense", "units": 10**6} for i in range(9)]
        data["network"]["layers"] += giants
        data["network"]["edges"] += [[f"x{i}", f"x{i + 1}"] for i in range(8)] + [["x8", "x0"]]

    loaded = file.load(archive_of(tmp_path / "a.chainrule", changed(members, absurd)))
    assert len(loaded.project.network.layers) == 12


def test_newer_formats_are_read_where_they_allow_it_and_never_overwritten(
    tmp_path: Path, members: dict[str, bytes]
) -> None:
    newer = migrations.FORMAT + 1
    path = tmp_path / "newer.chainrule"
    archive_of(path, changed(members, lambda d: d.update(format=newer, readable_since=newer)))
    refused(path, "newer Chainrule", "Update")
    archive_of(path, changed(members, lambda d: d.update(format=newer, readable_since=migrations.FORMAT, extra=1)))
    loaded = file.load(path)
    assert loaded.project == project().project
    assert "newer" in loaded.read_only
    content = path.read_bytes()
    with pytest.raises(UserInputError, match="newer Chainrule"):
        file.save(path, loaded)
    assert path.read_bytes() == content
    file.save(tmp_path / "copy.chainrule", loaded)
    assert file.load(tmp_path / "copy.chainrule").read_only == ""


def test_older_formats_are_migrated_step_by_step(monkeypatch: Any) -> None:
    monkeypatch.setattr(migrations, "FORMAT", 3)
    monkeypatch.setattr(
        migrations, "MIGRATIONS", {1: lambda d: d | {"b": d.pop("a")}, 2: lambda d: d | {"b": d["b"] + 1}}
    )
    assert migrations.migrated({"format": 1, "a": 5}, where="x") == ({"format": 1, "b": 6}, "")
    assert migrations.migrated({"format": 2, "b": 5}, where="x") == ({"format": 2, "b": 6}, "")


# --- preparation.json


PREPARATION_EDITS: dict[str, Callable[[dict[str, Any]], Any]] = {
    "task unknown": lambda d: d.update(task="clustering"),
    "task and classes apart": lambda d: d.update(task="regression"),
    "classes apart": lambda d: d.update(classes=["no", "maybe"]),
    "feature unknown": lambda d: d["preparation"]["features"][0].update(kind="image"),
    "feature a text": lambda d: d["preparation"]["features"].append("a"),
    "scale zero": lambda d: d["preparation"]["features"][0].update(scale=0),
    "mean a text": lambda d: d["preparation"]["features"][0].update(mean="1"),
    "rows negative": lambda d: d["rows"].update(train=-1),
    "shape a text": lambda d: d.update(row_shape="2"),
    "outputs a bool": lambda d: d.update(outputs=True),
    "target gone": lambda d: d["preparation"].pop("target"),
    "names of numbers": lambda d: d.update(feature_names=[1, 2]),
}


@pytest.mark.parametrize("name", PREPARATION_EDITS)
def test_a_damaged_preparation_is_refused(name: str) -> None:
    data = json.loads(strict_json.dumps(facts.prepared_to_json(PREPARED)))
    assert facts.prepared_from_json(data) == PREPARED
    PREPARATION_EDITS[name](data)
    with pytest.raises(UserInputError):
        facts.prepared_from_json(data)


# --- arrays


def tensor_file(header: Any, data: bytes = b"\0" * 16, *, length: int | None = None) -> bytes:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text) if length is None else length) + text + data


def entry(dtype: Any = "F32", shape: Any = (4,), offsets: Any = (0, 16)) -> dict[str, Any]:
    return {"dtype": dtype, "shape": list(shape), "data_offsets": list(offsets)}


HOSTILE_ARRAYS = {
    "nothing": b"",
    "header beyond the end": tensor_file({}, length=2**40),
    "header of 2^63": tensor_file({}, length=2**63),
    "header a list": tensor_file([], b""),
    "header no json": tensor_file(b"{]", b""),
    "header deep": tensor_file(b"[" * 5000 + b"]" * 5000, b""),
    "name twice": tensor_file(b'{"a":{},"a":{}}', b""),
    "dtype unknown": tensor_file({"a": entry("F8")}),
    "dtype a pickle": tensor_file({"a": entry("object")}),
    "dtype a table": tensor_file({"a": entry({})}),
    "shape too large": tensor_file({"a": entry(shape=(2**31, 2**31))}),
    "shape that overflows to fit": tensor_file({"a": entry(shape=(2**62, 4, 2**62))}),
    "shape negative": tensor_file({"a": entry(shape=(-2, -2))}),
    "shape of floats": tensor_file({"a": entry(shape=(4.0,))}),
    "shape of a hundred axes": tensor_file({"a": entry(shape=(1,) * 100 + (4,))}),
    "offsets past the end": tensor_file({"a": entry(shape=(8,), offsets=(0, 32))}),
    "offsets backwards": tensor_file({"a": entry(offsets=(16, 0))}),
    "offsets of one": tensor_file({"a": entry(offsets=(0,))}),
    "overlap": tensor_file({"a": entry(), "b": entry()}),
    "gap": tensor_file({"a": entry(shape=(2,), offsets=(0, 8)), "b": entry(shape=(1,), offsets=(12, 16))}),
    "rest unclaimed": tensor_file({"a": entry(shape=(2,), offsets=(0, 8))}),
    "entry a number": tensor_file({"a": 3}),
}


@pytest.mark.parametrize("name", HOSTILE_ARRAYS)
def test_hostile_arrays_are_refused_before_they_are_loaded(name: str, monkeypatch: Any) -> None:
    monkeypatch.setattr(tensors.safetensors.numpy, "load", lambda data: pytest.fail("was loaded"))
    with pytest.raises(UserInputError, match=r"cannot be read|damaged"):
        tensors.unpack(HOSTILE_ARRAYS[name], where="weights")


def test_arrays_come_back_as_they_were() -> None:
    arrays = {
        "z": np.arange(6, dtype=np.float64).reshape(2, 3).T,
        "a/b": np.zeros((0, 4), np.float32),
        "ü": np.array(3, np.int64),
        "flags": np.array([True, False]),
    }
    found = tensors.unpack(tensors.pack(arrays), where="x")
    assert set(found) == set(arrays)
    for name, array in arrays.items():
        np.testing.assert_array_equal(found[name], array)
        assert found[name].dtype == array.dtype
    assert tensors.pack(arrays) == tensors.pack(dict(reversed(arrays.items())))


def test_a_curve_without_all_parts_is_refused(tmp_path: Path, members: dict[str, bytes]) -> None:
    arrays = tensors.unpack(members["history.safetensors"], where="x")
    for broken in (
        {k: v for k, v in arrays.items() if not k.endswith("/low")},
        arrays | {"loss/train/mean": np.ones(4, np.float32)},
        arrays | {"loss/train/step": np.ones(3, np.float32)},
        {"odd": np.ones(3, np.float32)},
    ):
        hostile = members | {"history.safetensors": tensors.pack(broken)}
        refused(archive_of(tmp_path / "bad.chainrule", hostile), "history")
