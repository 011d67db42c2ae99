"""Honest files of everything that is read from outside, and damaged copies of them: the input of a number is always the
same.

A copy is damaged blindly (bits, bytes, pieces left out, doubled, exchanged with another file's) or knowingly: numbers
become the sizes that break readers, lines and cells change places, archives and images are put together again with
right sums, so that the damage is met behind them.
"""

from __future__ import annotations

import gzip
import importlib.util
import io
import json
import random
import re
import struct
import sys
import zipfile
import zlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import ModuleType

ROOT = Path(__file__).resolve().parents[2]
Files = Sequence[tuple[str, bytes]]

MARKS = (
    b"\0", b"\xff", b"\n", b"\r", b'"', b"'", b",", b";", b"{", b"}", b"[", b"]", b"<", b">", b"&", b"=", b"\\", b"%",
    b"-1", b"1e999", b"99999999999999999999", b"\xff\xff\xff\xff", b"\x7f\xff\xff\xff", b"\0\0\0\0", b"NaN", b"null",
    b"\xef\xbb\xbf", b"\xff\xfe", b"\r\n", b"\t", b"../", b"1.234,5", b"\xf0\x9f\x92\xa1", b"\xed\xa0\x80", b"\x1b$B",
)  # fmt: skip
# What a size, a count or an offset may be and should not.
SIZES = (0, 1, 0x7F, 0x80, 0xFF, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 2**63 - 1, 2**63, 2**64 - 1)
WORDS: Mapping[str, tuple[bytes, ...]] = {
    "csv": (b'""', b'"\n', b",,,,", b"sep=;\n", b"#", b"1,5", b"1 234", b"2024-13-45", b"\x1a"),
    "json": (b'{"a":', b"[[[[", b"]]]]", b"\\ud800", b"\\u0000", b"1e400", b"-", b"true", b'"":', b"}{", b"},{", b"//"),
    "arff": (b"@data\n", b"@attribute x numeric\n", b"@attribute y {a,b}\n", b"{0 1}", b"{9 9", b"'", b"?", b"@end"),
    "excel": (b"<row>", b"</c>", b'r="XFD1048576"', b't="s"', b"<v>1e999</v>", b"&#0;", b"<![CDATA[", b"<!--"),
    "sqlite": (b"CREATE TABLE t(a,a)", b"CREATE VIEW", b"AS (random())", b"COLLATE x", b"WITHOUT ROWID", b"VIRTUAL"),
    "npy": (b"'descr'", b"'shape': (", b"'|O'", b"'<f8'", b"True", b"(1,)", b"'>U9'", b"'<M8[s]'", b"[('a','<f8')]"),
    "project": (b'"layers"', b'"kind"', b'"edges":[]', b"NaN", b"-1", b"1e308", b"[]", b"{}", b'""', b"null", b"true"),
    "drawn": (b"[0,0,0]", b"[2,2]", b"1e999", b"NaN", b'"curve"', b'"classes"', b"null", b"[[]]", b"-0.0", b"true"),
}
LINES = ("csv", "json", "arff", "packed", "labels")
# Readers whose files are archives that are put together again.
ARCHIVES = ("excel", "npz", "zip", "project", "album")


def makers(file: str = "makers") -> ModuleType:
    name = f"tests_core_data_{file}"
    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(name, ROOT / "tests" / "core" / "data" / f"{file}.py")
        assert spec is not None
        assert spec.loader is not None
        sys.modules[name] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(sys.modules[name])
    return sys.modules[name]


# --- honest files


def seeds(folder: Path) -> dict[str, list[tuple[str, bytes]]]:
    """Honest files by reader; small ones, so that a change is seldom without effect."""
    found = {**_texts(folder), **_arrays(), **_pictures(), **_own(folder)}
    try:
        import numpy as np

        arrays = {"X": np.arange(12.0).reshape(6, 2), "y": np.arange(6)}
        found["matlab"] = [("t.mat", makers().mat(arrays)), ("t.mat", makers().mat(arrays, packed=True))]
    except ImportError:
        print("SciPy is not installed: MATLAB files are left out.", file=sys.stderr)
    return found


def _texts(folder: Path) -> dict[str, list[tuple[str, bytes]]]:
    make = makers()
    rows = [["n", "word", "gap"], *([i / 4, f"wörd {i % 5}", None if i % 3 else True] for i in range(12))]
    text = "".join(",".join("" if c is None else str(c) for c in row) + "\n" for row in rows)
    quoted = 'id;"date";"price, €"\n' + "".join(f'{i};"2024-0{i}-11";"1.{i}34,50"\n' for i in range(1, 9))
    records = [dict(zip(rows[0], row, strict=True)) for row in rows[1:]]
    nested = [{"a": {"b": i, "c": [i, {"d": None}]}, "e": "x" * i} for i in range(6)]
    arff = "@relation r\n@attribute n numeric\n@attribute w {a,'b c'}\n@attribute s string\n@data\n"
    arff += "".join(f"{i},{'a' if i % 2 else chr(39) + 'b c' + chr(39)},'x, {i}'\n" for i in range(9))
    table = "CREATE TABLE t(a REAL, b TEXT); CREATE TABLE u(c, d AS (c + 1), PRIMARY KEY (c)) WITHOUT ROWID;"
    table = f"PRAGMA page_size = 512; {table} INSERT INTO u VALUES (1), ('x'); CREATE INDEX i ON t(b);"
    select = "SELECT range / 4 AS n, 'w' || range % 5 AS word, [range] AS l, {'a': range} AS s FROM range(20)"
    return {
        "csv": [
            ("t.csv", text.encode()),
            ("t.csv", text.encode("utf-16")),
            ("t.csv", text.replace(",", ";").encode("cp1252")),
            ("t.tsv", quoted.replace(";", "\t").encode("utf-8-sig")),
            ("t.csv", ("sep=;\n" + quoted).encode("cp1252", "replace")),
            ("t.txt", "日本,東京\n大阪,京都\n".encode("cp932") * 5),
        ],
        "packed": [(f"t.csv{s}", pack(text.encode())) for s, pack in make.packers.items()],
        "zip": [
            ("t.zip", make.zipped({"t.csv": text, "u.json": _json(records)})),
            ("t.zip", make.zipped({"t.csv": text}, packed=False)),
            ("t.zip", make.zipped({"__MACOSX/._t.csv": b"\0", "d/t.csv.gz": make.packers[".gz"](text.encode())})),
        ],
        "json": [
            ("t.json", _json(records)),
            ("t.jsonl", make.lines(records).encode()),
            ("t.json", _json({"data": rows})),
            ("t.json", _json(nested)),
            ("t.jsonl", make.lines(nested).encode("utf-16")),
            ("t.json", _json({"a": {"0": 1.5, "1": 2}, "b": {"0": "x", "1": "y"}})),
        ],
        "arff": [("t.arff", arff.encode()), ("t.arff", b"@relation r\n@attribute a numeric\n@data\n{0 1}\n{}\n")],
        "excel": [
            ("t.xlsx", make.xlsx({"S": rows[:6], "T": [["a"], [1]]}, shared=["x"])),
            ("t.ods", make.ods({"S": rows[:6]})),
            ("t.xlsx", _stored(make.xlsx({"S": rows[:6]}))),
            ("t.ods", _stored(make.ods({"S": rows[:6]}))),
        ],
        "xls": [
            ("t.xls", makers("xls_made").xls({"S": rows, "T": [["a"], [1]]})),
            ("t.xls", makers("xls_made").xls({"S": [["a", "b"], *([i, f"text {i}"] for i in range(40))]})),
        ],
        "parquet": [
            ("t.parquet", make.parquet(folder, select)),
            ("t.parquet", make.parquet(folder, select, ", COMPRESSION zstd")),
            ("t.parquet", make.parquet(folder, "SELECT 1.5::DECIMAL(9,2) AS d, now() AS t, 'x' AS w", "")),
        ],
        "sqlite": [("t.db", make.sqlite(folder, table, {"t": [(i / 2, f"x{i % 3}") for i in range(20)]}))],
    }


def _arrays() -> dict[str, list[tuple[str, bytes]]]:
    import numpy as np

    make = makers()
    matrix = np.arange(18, dtype=np.float64).reshape(6, 3)
    pictures = np.arange(3 * 6 * 6, dtype=np.uint8).reshape(3, 6, 6)
    records = np.array([(1, "a"), (2, "b")], [("n", "<i4"), ("w", "<U3")])
    return {
        "npy": [
            ("t.npy", make.npy(matrix)),
            ("t.npy", make.npy(np.array(["x", "y"]))),
            ("t.npy", make.npy(np.asfortranarray(matrix.astype(">f4")))),
            ("t.npy", make.npy(records)),
            ("t.npy", make.npy(pictures)),
            ("t.npy", make.npy(np.array(["2024-01-02", "NaT"], "M8[D]"))),
        ],
        "npz": [
            ("t.npz", make.npz({"X": matrix, "y": matrix[:, 0]}, packed=False)),
            ("t.npz", make.npz({"X": matrix})),
            ("t.npz", make.npz({"images": pictures, "labels": np.arange(3)})),
        ],
        "idx": [
            ("t-ubyte", make.idx(np.arange(18, dtype=np.uint8).reshape(6, 3))),
            ("t-images-idx3-ubyte", make.idx(pictures)),
            ("t.idx", make.idx(np.arange(6, dtype=">f8"), 0x0E)),
            ("t-images-idx3-ubyte.gz", make.packers[".gz"](make.idx(pictures))),
        ],
    }


def _pictures() -> dict[str, list[tuple[str, bytes]]]:
    import numpy as np
    from PIL import Image

    def saved(image: Image.Image, kind: str, **how: object) -> bytes:
        buffer = io.BytesIO()
        image.save(buffer, kind, **how)
        return buffer.getvalue()

    colour = Image.fromarray((np.indices((9, 12, 3)).sum(0) * 9).astype(np.uint8))
    grey, frames = colour.convert("L"), [colour, colour.rotate(180)]
    exif = Image.Exif()
    exif[0x0112] = 6
    film = {"save_all": True, "append_images": frames[1:]}
    images = [
        ("t.png", saved(colour, "PNG")),
        ("t.png", saved(colour.convert("P"), "PNG", transparency=0)),
        ("t.png", saved(Image.fromarray(np.full((9, 9), 9000, np.uint16)), "PNG", exif=exif)),
        ("t.jpg", saved(colour, "JPEG", exif=exif, quality=60)),
        ("t.jpg", saved(colour.convert("CMYK"), "JPEG", progressive=True)),
        ("t.bmp", saved(grey, "BMP")),
        ("t.gif", saved(frames[0], "GIF", **film)),
        ("t.webp", saved(frames[0], "WEBP", **film)),
        ("t.tif", saved(colour, "TIFF", compression="tiff_lzw")),
        ("t.tif", saved(grey, "TIFF")),
    ]
    labels = "file,label\n" + "".join(f"{i}.png,{'ab'[i % 2]}\n" for i in range(4))
    small = {f"{i}.png": saved(grey.resize((5, 4 + i)), "PNG") for i in range(4)}
    return {
        "images": images,
        "album": [
            ("t.zip", makers().zipped({f"{'ab'[i % 2]}/{name}": data for i, (name, data) in enumerate(small.items())})),
            ("t.zip", makers().zipped({**small, "labels.csv": labels})),
        ],
    }


def _own(folder: Path) -> dict[str, list[tuple[str, bytes]]]:
    """What this program writes and reads again: drawn points, and project files."""
    import numpy as np

    from core.data.preprocess import ClassTarget, NumberFeature, Preparation
    from core.data.schema import Prepared
    from core.network import Network
    from core.project import file
    from core.spec import DataSource, DataSpec, Project, mlp
    from core.training.snapshot import Curve, History, Mark

    classes = DataSource("drawn", "classes", points=tuple((i / 9, -i / 9, i % 2) for i in range(9)))
    curve = DataSource("drawn", "curve", points=tuple((i / 9, i * i / 81) for i in range(9)))
    network = mlp(2, (3,), 2)
    features = (NumberFeature("a", 0.0, 1.0, 2.0), NumberFeature("b", 0.0, 1.0, 2.0))
    prepared = Prepared(
        folder="", fingerprint="f", task="classification", target="y", feature_names=("a", "b"), row_shape=(2,),
        outputs=2, classes=("no", "yes"), rows={"train": 6, "validation": 2, "test": 2},
        preparation=Preparation(features, ClassTarget("y", ("no", "yes"))),
    )  # fmt: skip
    values = np.ones(3, np.float32)
    saved = file.SavedProject(
        project=Project("p", data=DataSpec(classes), network=network), weights=Network.of(network).init(1),
        trained_network=network, loss="softmax_cross_entropy", prepared=prepared,
        history=History({"loss/train": Curve(np.arange(3), values, values, values)}, (Mark(1, "here"),)),
    )  # fmt: skip
    path = folder / "seed.chainrule"
    file.save(path, saved)
    return {
        "drawn": [("t.drawn", _json(source.to_json())) for source in (classes, curve)],
        "project": [("t.chainrule", path.read_bytes())],
    }


def _json(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode()


def _stored(content: bytes) -> bytes:
    """A ZIP with nothing packed, so that changes reach its members."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return bytes(makers().zipped({name: archive.read(name) for name in archive.namelist()}, packed=False))


# --- damage


def sample(reader: str, number: int, files: Files) -> tuple[str, bytes]:
    """The input of a number: its file's name and bytes."""
    rng = random.Random(f"{reader} {number}")
    name, content = files[number % len(files)]
    other = files[rng.randrange(len(files))][1]
    change = _changer(reader, rng, other)
    if reader in ARCHIVES and rng.random() < 0.7:
        return name, _archive_again(content, rng, change)
    if reader == "images" and rng.random() < 0.6:
        return name, _image_again(name, content, rng, change)
    if reader == "packed" and rng.random() < 0.6:
        return name, _packed_again(name, content, change)
    if reader == "parquet" and rng.random() < 0.6:
        return name, _index_changed(content, change)
    return name, change(content)


def _changer(reader: str, rng: random.Random, other: bytes) -> Callable[[bytes], bytes]:
    words = (*MARKS, *WORDS.get(reader, ()))

    def change(content: bytes) -> bytes:
        way = rng.random()
        if way < 0.08:
            return spliced(content, other, rng)
        if way < 0.2:
            return resized(content, rng)
        if way < 0.4 and (reader in LINES or b"\n" in content[:200]):
            return relined(content, rng)
        return mutated(content, rng, words)

    return change


def mutated(content: bytes, rng: random.Random, words: Sequence[bytes] = MARKS) -> bytes:
    """A copy with some bytes changed, left out, doubled, put in or cut off."""
    data = bytearray(content)
    for _ in range(rng.choice((1, 1, 2, 4, 16))):
        if not data:
            break
        at, length = rng.randrange(len(data)), rng.choice((1, 1, 2, 4, 8, 64, 512))
        match rng.randrange(8):
            case 0:
                data[at] ^= 1 << rng.randrange(8)
            case 1:
                data[at] = rng.randrange(256)
            case 2:
                data[at : at + rng.choice((0, 1, 4))] = rng.choice(words)
            case 3:
                del data[at : at + length]
            case 4:
                data[at:at] = data[at : at + length] * rng.choice((1, 2, 50))
            case 5:
                data[at : at + length] = rng.randbytes(min(length, len(data) - at))
            case 6:
                if rng.random() < 0.3:
                    del data[at:]
            case 7:
                data[at:at] = rng.choice(words) * rng.choice((1, 3, 300))
    return bytes(data)


def spliced(content: bytes, other: bytes, rng: random.Random) -> bytes:
    """The beginning of one file and the end of another."""
    return content[: rng.randrange(len(content) + 1)] + other[rng.randrange(len(other) + 1) :]


def resized(content: bytes, rng: random.Random) -> bytes:
    """Some number in the file, in letters or in bytes, becomes a size that it should not have."""
    data = bytearray(content)
    if rng.random() < 0.4 and (numbers := [*re.finditer(rb"\d+", content)]):
        found = rng.choice(numbers)
        data[found.start() : found.end()] = str(rng.choice((*SIZES, 10**30, -1))).encode()
        return bytes(data)
    for _ in range(rng.choice((1, 1, 2, 3))):
        width = rng.choice((1, 2, 4, 8))
        size = rng.choice(SIZES) & (2 ** (8 * width) - 1)
        at = rng.randrange(max(1, min(len(data), rng.choice((64, 512, len(data) or 1)))))
        if rng.random() < 0.3:
            at = max(0, len(data) - 1 - at)
        data[at : at + width] = size.to_bytes(width, rng.choice(("little", "big")))
    return bytes(data)


def relined(content: bytes, rng: random.Random) -> bytes:
    """Lines and cells change places, or come often."""
    lines = content.split(b"\n")
    for _ in range(rng.choice((1, 2, 5))):
        at, to = rng.randrange(len(lines)), rng.randrange(len(lines))
        match rng.randrange(5):
            case 0:
                lines[at], lines[to] = lines[to], lines[at]
            case 1:
                lines[at:at] = [lines[to]] * rng.choice((1, 40))
            case 2:
                del lines[at]
                lines = lines or [b""]
            case 3:
                cells = re.split(rb"([,;\t:])", lines[at])
                rng.shuffle(cells)
                lines[at] = b"".join(cells)
            case 4:
                lines[at] = lines[at] * rng.choice((2, 30)) + lines[to]
    return b"\n".join(lines)


# --- damage behind sums that are right


def _archive_again(content: bytes, rng: random.Random, change: Callable[[bytes], bytes]) -> bytes:
    """An archive with one member changed, renamed, doubled or left out."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    chosen = rng.choice(list(members))
    way = rng.random()
    if way < 0.06:
        del members[chosen]
    elif way < 0.12:
        name = rng.choice(("../x", "/x", "x\\y.csv", "a" * 300, "é.csv", ".x", "x/", "CON", " "))
        members[name] = members.pop(chosen)
    elif way < 0.16:
        members[chosen] = bytes(makers().zipped({chosen: members[chosen]}))
    else:
        members[chosen] = change(members[chosen])
    return bytes(makers().zipped(members, packed=rng.random() < 0.5))


def _packed_again(name: str, content: bytes, change: Callable[[bytes], bytes]) -> bytes:
    suffix = f".{name.rpartition('.')[2]}"
    unpack: dict[str, Callable[[bytes], bytes]] = {
        ".gz": gzip.decompress, ".bz2": makers().bz2.decompress, ".zst": makers().zstd.decompress,
    }  # fmt: skip
    return bytes(makers().packers[suffix](change(unpack[suffix](content))))


def _index_changed(content: bytes, change: Callable[[bytes], bytes]) -> bytes:
    """A Parquet file whose index, at its end, is changed and said to be as long as it is."""
    (length,) = struct.unpack("<L", content[-8:-4])
    index = change(content[-8 - length : -8])
    return content[: -8 - length] + index + struct.pack("<L", len(index)) + b"PAR1"


def _image_again(name: str, content: bytes, rng: random.Random, change: Callable[[bytes], bytes]) -> bytes:
    """An image whose header, or one of whose parts, is changed; the sums of a PNG are made right."""
    if not name.endswith(".png"):
        cut = rng.choice((16, 64, 200))
        return change(content[:cut]) + content[cut:]
    parts, at = [], 8
    while at + 12 <= len(content):
        (length,) = struct.unpack(">L", content[at : at + 4])
        parts.append((content[at + 4 : at + 8], content[at + 8 : at + 8 + length]))
        at += 12 + length
    chosen = rng.randrange(len(parts))
    kind, data = parts[chosen]
    if kind == b"IDAT" and rng.random() < 0.5:
        parts[chosen] = (kind, zlib.compress(change(zlib.decompress(b"".join(d for k, d in parts if k == b"IDAT")))))
    else:
        parts[chosen] = (kind, change(data))
    if rng.random() < 0.1:
        rng.shuffle(parts)
    made = [struct.pack(">L", len(d)) + k + d + struct.pack(">L", zlib.crc32(k + d)) for k, d in parts]
    return content[:8] + b"".join(made)
