"""Hostile and broken images: refused or left out by their own words, before anything is allocated for them."""

from __future__ import annotations

import gzip
import io
import os
import stat
import struct
import time
import tracemalloc
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, PngImagePlugin

from core.budget import DEFAULT
from core.data import load
from core.data.images import formats, prepare, recognize
from core.errors import UserInputError
from core.spec import DataSpec

from ..core.data.checks import forget_peak, peak
from ..core.data.images_made import (
    class_files,
    encoded,
    folder,
    idx,
    looked,
    picture,
    png_header,
    prepared,
    source,
    texts,
    zipped,
)

SECONDS = 2.0
pytestmark = pytest.mark.filterwarnings("ignore:::PIL")


@pytest.fixture(autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHAINRULE_CACHE", str(tmp_path_factory.mktemp("cache")))


def _jpeg_of(width: int, height: int) -> bytes:
    """A JPEG whose frame header announces another size than its data have."""
    data = bytearray(encoded(picture(9), "JPEG"))
    at = data.index(b"\xff\xc0")
    data[at + 5 : at + 9] = struct.pack(">HH", height, width)
    return bytes(data)


def _gif_of(width: int, height: int) -> bytes:
    data = bytearray(encoded(picture(9), "GIF"))
    data[6:10] = struct.pack("<HH", width, height)
    return bytes(data)


def _many_texts() -> bytes:
    told = PngImagePlugin.PngInfo()
    told.add_text("comment", "x" * 40_000_000, zip=True)
    return encoded(picture(1), pnginfo=told)


DAMAGED: dict[str, tuple[bytes, str]] = {
    "image bomb, PNG": (png_header(60_000, 60_000), "more pixels than the limit of 64 million"),
    "image bomb, JPEG": (_jpeg_of(65_000, 65_000), "more pixels than"),
    "image bomb, GIF": (_gif_of(65_000, 65_000), "more pixels than"),
    "large, PNG": (png_header(10_000, 10_000), "10,000 × 10,000 pixels; the limit is 64 million"),
    "a program": (b"\x7fELF" + b"\0" * 500, "a program, not an image"),
    "a web page": (b"<!DOCTYPE html><html></html>", "a web page, not an image"),
    "a text": (b"PNG of a cat, to follow\n", "it is a text, none of PNG"),
    "transparent, 56 megapixels": (encoded(Image.new("RGBA", (7500, 7500))), "save it smaller, or as JPEG"),
    "WebP, 20 megapixels": (encoded(Image.new("RGB", (4500, 4500)), "WEBP"), "save it smaller, or as JPEG"),
    "progressive JPEG": (
        encoded(Image.new("RGB", (7900, 7900)), "JPEG", progressive=True, subsampling=0),
        "save it smaller",
    ),
    "a vector drawing": (b"<svg xmlns='http://www.w3.org/2000/svg'><script>1</script></svg>", "none of PNG"),
    "PostScript": (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\nshowpage", "none of PNG"),
    "an icon": (b"\0\0\1\0\1\0" + b"\x10\x10\0\0\1\0\x20\0" + b"\0" * 200, "none of PNG"),
    "a Photoshop file": (b"8BPS\0\1" + b"\0" * 100, "none of PNG"),
    "nothing": (b"", "it is empty"),
    "noise": (bytes(range(256)) * 4, "none of PNG"),
    "cut PNG header": (encoded(picture(1))[:20], "damaged"),
    "cut JPEG header": (encoded(picture(1), "JPEG")[:30], "damaged"),
    "a pickle": (b"\x80\x04\x95" + b"\0" * 50, "not an image|none of PNG"),
}


@pytest.mark.parametrize("name", DAMAGED)
def test_one_bad_image_is_left_out_and_said_why(tmp_path: Path, name: str) -> None:
    content, why = DAMAGED[name]
    place = folder(tmp_path, {**class_files(), "cat/bad.png": content})
    began = time.perf_counter()
    profile = looked(place)
    assert time.perf_counter() - began < SECONDS
    assert (profile.rows, profile.rejected_count) == (12, 1)
    rejected = profile.rejected[0]
    assert rejected.text == "cat/bad.png"
    assert any(part in rejected.reason for part in why.split("|")), rejected.reason
    assert "One image cannot be read" in texts(profile)
    made, _ = prepared(place)
    assert sum(made.rows.values()) == 12


@pytest.mark.parametrize("name", DAMAGED)
def test_alone_it_is_refused(tmp_path: Path, name: str) -> None:
    content, _ = DAMAGED[name]
    with pytest.raises(UserInputError, match=r"cannot be read|holds no") as err:
        looked(folder(tmp_path, {"cat/bad.png": content}))
    assert err.value.reason


def test_an_image_whose_pixels_break_off_is_left_out_while_decoding(tmp_path: Path) -> None:
    whole = encoded(np.random.default_rng(0).integers(0, 255, (64, 64), dtype=np.uint8))
    place = folder(tmp_path, {**class_files(), "cat/cut.png": whole[: len(whole) // 2]})
    assert looked(place).rejected_count == 0  # its header is fine
    made, _ = prepared(place)
    assert sum(made.rows.values()) == 12
    assert any("cat/cut.png" in warning for warning in made.warnings)


def test_a_bomb_in_a_text_beside_the_pixels_takes_no_memory(tmp_path: Path) -> None:
    data = _many_texts()
    tracemalloc.start()
    formats.header(data)
    formats.decode(data, 8, 8, 1)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 16 * 2**20


def test_an_image_bomb_takes_no_memory() -> None:
    tracemalloc.start()
    assert isinstance(formats.header(png_header(60_000, 60_000)), str)
    assert isinstance(formats.decode(png_header(60_000, 60_000), 28, 28, 1), str)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2**20


@pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="the system does not tell the peak")
@pytest.mark.parametrize(
    ("kind", "mode", "megapixels"),
    [("PNG", "RGBA", 48), ("PNG", "LA", 48), ("PNG", "RGB", 48), ("PNG", "I;16", 63), ("PNG", "L", 63),
     ("JPEG", "RGB", 63), ("JPEG", "CMYK", 48), ("WEBP", "RGB", 12), ("GIF", "P", 63)],
)  # fmt: skip
def test_a_large_image_is_read_in_little_memory(kind: str, mode: str, megapixels: int) -> None:
    side = int((megapixels * 1e6) ** 0.5)
    data = encoded(Image.new(mode, (side, side), 1 if mode in ("I;16", "L", "P") else None), kind)
    formats.decode(encoded(picture(1)), 8, 8, 3)
    before, began = forget_peak(), time.perf_counter()
    assert isinstance(formats.header(data), formats.Header)
    found = formats.decode(data, 64, 48, 3)
    assert time.perf_counter() - began < SECONDS
    assert isinstance(found, np.ndarray), found
    assert found.shape == (48, 64, 3)
    after = peak()
    assert before is not None
    assert after is not None
    assert after - before < 256 * 2**20 + 4 * len(data)


@pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="the system does not tell the peak")
@pytest.mark.parametrize("channels", [1, 3])
def test_a_tall_and_narrow_image_is_read_in_little_memory(channels: int) -> None:
    """Resized row by row first it would take another image nearly as large, and a weight for each of its rows."""
    data = encoded(Image.new("RGB", (12, 4_000_000), (9, 90, 200)), "PNG")
    formats.decode(encoded(picture(1)), 8, 8, channels)
    before = forget_peak()
    found = formats.decode(data, 7, 5, channels)
    after = peak()
    assert isinstance(found, np.ndarray), found
    assert found.shape == (5, 7, channels)
    assert np.ptp(found, axis=(0, 1)).max() == 0
    assert before is not None
    assert after is not None
    assert after - before < 256 * 2**20 + 4 * len(data)


@pytest.mark.parametrize("mode", ["RGBA", "LA", "RGB", "L", "I;16", "F", "P"])
def test_strips_give_what_the_whole_gives(mode: str, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(2)
    smooth = Image.fromarray(rng.integers(0, 255, (24, 31, 4), dtype=np.uint8)).resize((640, 480))
    if mode == "I;16":
        image = Image.fromarray(np.asarray(smooth)[..., 0].astype(np.uint16) * 257)
    elif mode == "F":
        image = Image.fromarray(np.asarray(smooth)[..., 0].astype(np.float32) / 255)
    else:
        image = smooth.convert("RGB").convert(mode) if mode == "P" else smooth.convert(mode)
    exif = Image.Exif()
    exif[0x0112] = 6
    data = encoded(image, "TIFF") if mode == "F" else encoded(image, exif=exif)
    whole = formats.decode(data, 40, 60, 3)
    monkeypatch.setattr(formats, "LARGE", 1000)
    monkeypatch.setattr(formats, "STRIP", 10_000)
    strips = formats.decode(data, 40, 60, 3)
    assert isinstance(whole, np.ndarray), whole
    assert isinstance(strips, np.ndarray), strips
    assert np.abs(whole.astype(int) - strips).mean() < 2


@pytest.mark.parametrize("name", ["photo.png", "photo.JPG", "scan.tiff"])
def test_what_is_only_named_like_an_image_is_said(tmp_path: Path, name: str) -> None:
    for content, said in (
        (b"see the attachment\nand the other one\n", "It is a text"),
        (b"\1\2\3" * 50, "none of PNG"),
    ):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(UserInputError, match="named like an image") as err:
            looked(tmp_path / name)
        assert said in err.value.reason
    (tmp_path / name).write_bytes(b"%PDF-1.7\n")
    with pytest.raises(UserInputError, match="a PDF document"):
        looked(tmp_path / name)


def _cut(level: int) -> bytes:
    noise = np.random.default_rng(level).integers(0, 255, (64, 64), dtype=np.uint8)
    return encoded(noise)[:3000]


def test_a_folder_of_broken_images_is_refused_with_the_reason(tmp_path: Path) -> None:
    place = folder(tmp_path / "all", {f"{c}/{i}.png": _cut(i) for c in "ab" for i in range(4)})
    assert looked(place).rows == 8  # their headers are fine
    with pytest.raises(UserInputError, match="None of these images can be read") as err:
        prepared(place)
    assert "Of 8 images: It is damaged" in err.value.reason
    heads = folder(tmp_path / "heads", {f"{c}/{i}.png": b"\x89PNG\r\n\x1a\n" for c in "ab" for i in range(4)})
    with pytest.raises(UserInputError, match="None of these images can be read"):
        looked(heads)


def test_a_class_of_broken_images_is_said(tmp_path: Path) -> None:
    place = folder(tmp_path, {**class_files(("cat",)), **{f"dog/{i}.png": _cut(i) for i in range(6)}})
    with pytest.raises(UserInputError, match="all of one class") as err:
        prepared(place)
    assert "“cat”" in err.value.reason


# --- archives


def _member(path: Path, name: str, content: bytes = b"x", *, mode: int = 0, flags: int = 0) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for file, data in class_files().items():
            archive.writestr(file, data)
        info = zipfile.ZipInfo(name)
        info.external_attr = mode << 16
        archive.writestr(info, content)
    if flags:
        raw = bytearray(path.read_bytes())
        at = raw.rindex(b"PK\x01\x02")
        raw[at + 8 : at + 10] = struct.pack("<H", flags)
        path.write_bytes(raw)
    return path


@pytest.mark.parametrize(
    ("name", "mode", "flags", "why"),
    [
        ("../../evil.png", 0, 0, "points outside"),
        ("/etc/evil.png", 0, 0, "points outside"),
        ("C:/evil.png", 0, 0, "points outside"),
        ("cat\\..\\..\\evil.png", 0, 0, "points outside"),
        ("cat/link.png", stat.S_IFLNK | 0o777, 0, "is a link"),
        ("cat/secret.png", 0, 1, "is encrypted"),
    ],
)
def test_members_that_reach_outside_refuse_the_archive(
    tmp_path: Path, name: str, mode: int, flags: int, why: str
) -> None:
    path = _member(tmp_path / "evil.zip", name, encoded(picture(1)), mode=mode, flags=flags)
    with pytest.raises(UserInputError, match=why):
        looked(path)
    assert not (tmp_path.parent / "evil.png").exists()


def test_a_zip_bomb_is_refused_by_its_table_of_contents(tmp_path: Path) -> None:
    path = tmp_path / "bomb.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        archive.writestr("cat/0.png", b"\0" * (100 * 2**20))
        archive.writestr("dog/0.png", encoded(picture(1)))
    began = time.perf_counter()
    with pytest.raises(UserInputError, match="suspiciously much"):
        looked(path)
    assert time.perf_counter() - began < SECONDS


def test_a_member_that_lies_about_its_size_is_left_out(tmp_path: Path) -> None:
    path = zipped(tmp_path, {**class_files(), "dog/z.png": encoded(picture(5))})
    raw = bytearray(path.read_bytes())
    at = raw.rindex(b"PK\x01\x02")
    raw[at + 24 : at + 28] = struct.pack("<I", 5)  # the size that the table of contents tells
    path.write_bytes(raw)
    profile = looked(path)
    assert profile.rejected_count == 1


def test_too_many_files_are_refused_before_they_are_opened(tmp_path: Path) -> None:
    few = replace(DEFAULT, images=10)
    for path in (folder(tmp_path / "many", class_files()), zipped(tmp_path, class_files())):
        with pytest.raises(UserInputError, match="too many"):
            recognize.recognize(source(path), few)


def test_a_cut_archive_is_refused(tmp_path: Path) -> None:
    path = zipped(tmp_path, class_files())
    path.write_bytes(path.read_bytes()[:-30])
    with pytest.raises(UserInputError, match="cannot be read"):
        looked(path)


def test_one_damaged_member_spoils_only_itself(tmp_path: Path) -> None:
    path = zipped(tmp_path, class_files())
    raw = bytearray(path.read_bytes())
    at = raw.index(b"cat/3.png") + len("cat/3.png") + 8
    raw[at : at + 12] = b"\xff" * 12
    path.write_bytes(raw)
    assert sum(prepared(path)[0].rows.values()) == 11


# --- folders


def test_links_and_pipes_in_a_folder_are_not_followed(tmp_path: Path) -> None:
    outside = tmp_path / "outside.png"
    outside.write_bytes(encoded(picture(1)))
    place = folder(tmp_path / "d", class_files())
    (place / "cat" / "link.png").symlink_to(outside)
    (place / "loop").symlink_to(place, target_is_directory=True)
    if hasattr(os, "mkfifo"):
        os.mkfifo(place / "cat" / "pipe.png")
    assert looked(place).rows == 12


def test_folders_without_images_are_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(UserInputError, match="holds no images") as err:
        looked(folder(tmp_path / "t", {"notes.md": b"x"}))
    assert "notes.md" in err.value.reason
    (tmp_path / "none").mkdir()
    with pytest.raises(UserInputError, match="holds no images"):
        looked(tmp_path / "none")


def test_files_that_go_away_meanwhile_are_left_out(tmp_path: Path) -> None:
    place = folder(tmp_path, class_files())
    profile = looked(place)
    spec = DataSpec(source(place))
    album = recognize.recognize(spec.source)
    assert album is not None
    (place / "cat" / "0.png").unlink()
    from core.data import store

    with store.new_entry("gone") as (entry, told):
        made = prepare.prepare(spec, profile.sha256, album, entry, "gone", where="x")
        told["x"] = 1
    assert sum(made.rows.values()) == 11
    assert any("cat/0.png" in warning for warning in made.warnings)


# --- arrays


def test_arrays_that_announce_more_than_they_hold_are_refused_at_once(tmp_path: Path) -> None:
    head = struct.pack(">BBBBIII", 0, 0, 8, 3, 2**31, 2**12, 2**12)
    for name, content in (("train-images-idx3-ubyte", head), ("t-images-idx3-ubyte.gz", gzip.compress(head))):
        path = folder(tmp_path, {name: content}) / name
        began = time.perf_counter()
        with pytest.raises(UserInputError, match="damaged"):
            looked(path)
        assert time.perf_counter() - began < SECONDS
    fake = io.BytesIO()
    np.lib.format.write_array_header_1_0(fake, {"descr": "|u1", "fortran_order": False, "shape": (2**40, 28, 28)})
    (tmp_path / "x.npy").write_bytes(fake.getvalue() + b"\0" * 100)
    with pytest.raises(UserInputError, match="damaged"):
        looked(tmp_path / "x.npy")


def test_objects_in_arrays_are_never_unpickled(tmp_path: Path) -> None:
    class Bomb:
        def __reduce__(self) -> tuple[object, ...]:
            return os.mkdir, (str(tmp_path / "pwned"),)

    boxed = np.empty((3, 8, 8), object)
    boxed[:] = Bomb()
    np.save(tmp_path / "x.npy", boxed, allow_pickle=True)
    np.savez(tmp_path / "x.npz", allow_pickle=True, x=boxed, y=np.arange(3))
    with pytest.raises(UserInputError):
        looked(tmp_path / "x.npy")
    assert looked(tmp_path / "x.npz").images is None  # what is left of it is the array y
    assert not (tmp_path / "pwned").exists()


def test_images_and_labels_of_different_length_do_not_fit(tmp_path: Path) -> None:
    digits = np.zeros((10, 6, 6), np.uint8)
    files = {"train-images-idx3-ubyte": idx(digits), "train-labels-idx1-ubyte": idx(np.zeros(9, np.uint8))}
    with pytest.raises(UserInputError, match="not of one length"):
        looked(folder(tmp_path, files))


def test_a_cut_packed_array_is_refused_while_it_is_read(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    digits = rng.integers(0, 255, (300, 12, 12), dtype=np.uint8)
    files = {
        "train-images-idx3-ubyte.gz": idx(digits, packed=True)[:-9000],
        "train-labels-idx1-ubyte.gz": idx(np.arange(300).astype(np.uint8) % 3, packed=True),
    }
    with pytest.raises(UserInputError, match="damaged"):
        prepared(folder(tmp_path, files))


def test_sizes_beyond_reason_are_refused(tmp_path: Path) -> None:
    place = folder(tmp_path, class_files())
    with pytest.raises(UserInputError, match="no labels called"):
        looked(place, target="nothing")
    with pytest.raises(UserInputError, match="no task"):
        looked(place, task="dance")


def test_fuzzed_images_never_break_the_reader() -> None:
    rng = np.random.default_rng(4)
    kinds = ("PNG", "JPEG", "BMP", "GIF", "WEBP", "TIFF")
    seeds = [encoded(Image.fromarray(picture(30, 12, colour=True)), kind) for kind in kinds]
    for i in range(600):
        data = bytearray(seeds[i % len(seeds)])
        for at in rng.integers(0, len(data), int(rng.integers(1, 8))):
            data[at] = rng.integers(256)
        data = data[: int(rng.integers(1, len(data) + 1))] if i % 3 == 0 else data
        head = formats.header(bytes(data))
        assert isinstance(head, (str, formats.Header))
        found = formats.decode(bytes(data), 7, 5, 1 + 2 * (i % 2), pixels=1_000_000)
        assert isinstance(found, str) or found.shape == (5, 7, 1 + 2 * (i % 2))


def test_several_files_that_do_not_belong_together_are_refused(tmp_path: Path) -> None:
    for name, columns in (("a.csv", "x,y"), ("b.csv", "v,w")):
        (tmp_path / name).write_text(f"{columns}\n1,2\n")
    with pytest.raises(UserInputError, match="belong together"):
        load.inspect(DataSpec(source(tmp_path / "a.csv", tmp_path / "b.csv")))
