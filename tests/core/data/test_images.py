"""Sources of images, honest ones: what is found, and what becomes of every pixel."""

from __future__ import annotations

import gzip
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from core import suggest
from core.data import load, store
from core.data.images import ask, formats
from core.data.images.recognize import recognize
from core.data.pixels import normalised
from core.data.preprocess import ClassTarget, ImageFeature, NumberTarget
from core.data.schema import Loading
from core.errors import UserInputError
from core.project import facts
from core.spec import DataSource, DataSpec, TrainingConfig

from .images_made import (
    class_files,
    encoded,
    folder,
    idx,
    looked,
    picture,
    pixels_of,
    prepared,
    source,
    texts,
    zipped,
)


def test_folders_are_classes_and_every_pixel_arrives(tmp_path: Path) -> None:
    files = class_files(("cat", "dog", "owl"))
    profile = looked(folder(tmp_path / "pets", files))
    assert (profile.rows, profile.target, profile.task) == (18, "class", "classification")
    assert profile.images is not None
    assert profile.images.classes == ("cat", "dog", "owl")
    assert (profile.images.height, profile.images.width, profile.images.channels) == (8, 8, 1)
    made, arrays = prepared(tmp_path / "pets")
    assert made.row_shape == (8, 8, 1)
    assert sum(made.rows.values()) == 18
    pixels = pixels_of(made)
    for i, name in enumerate(profile.images.names):
        expected = np.asarray(Image.open(tmp_path / "pets" / name))
        assert (pixels[i, ..., 0] == expected).all(), name
    feature = made.preparation.image
    assert feature is not None
    for part in (arrays.train, arrays.validation, arrays.test):
        for x, y, row in zip(part.x[:], part.y, part.row_numbers, strict=True):
            assert profile.images.names[row].startswith(made.classes[y])
            assert np.array_equal(x, normalised(pixels[row : row + 1], feature)[0])


def test_an_archive_gives_what_its_folder_gives(tmp_path: Path) -> None:
    files = {f"pets/{name}": content for name, content in class_files().items()}
    packed = zipped(tmp_path, {**files, "__MACOSX/pets/cat/._1.png": b"junk", "pets/.DS_Store": b"junk"})
    one, _ = prepared(folder(tmp_path / "plain", files))
    two, _ = prepared(packed)
    assert one.preparation == two.preparation
    assert np.array_equal(pixels_of(one), pixels_of(two))


def test_names_are_sorted_as_people_count(tmp_path: Path) -> None:
    files = {f"a/{i}.png": encoded(picture(i)) for i in (10, 2, 1)} | {"b/1.png": encoded(picture(9))}
    assert looked(folder(tmp_path, files)).images.names == ("a/1.png", "a/2.png", "a/10.png", "b/1.png")  # type: ignore[union-attr]


def test_train_and_test_folders_are_the_split(tmp_path: Path) -> None:
    files = {f"train/{n}": c for n, c in class_files(each=20).items()}
    files |= {f"test/{n}": c for n, c in class_files(each=5).items()}
    profile = looked(folder(tmp_path / "d", files))
    assert "40 in train/, 10 in test/" in texts(profile)
    assert "both in train/ and in test/" in texts(profile)  # the same bytes lie in both here
    made, arrays = prepared(tmp_path / "d", validation=0.2, test=0.2)
    assert made.rows == {"train": 30, "validation": 10, "test": 10}
    names = profile.images.names  # type: ignore[union-attr]
    assert all(names[row].startswith("test/") for row in arrays.test.row_numbers)
    assert not any(names[row].startswith("test/") for row in arrays.train.row_numbers)


def test_a_table_of_labels_names_images_by_path_file_or_stem(tmp_path: Path) -> None:
    images = {f"img/{i:02}.png": encoded(picture(i)) for i in range(12)}
    for form in ("img/{:02}.png", "{:02}.png", "{:02}"):
        rows = "\n".join(f"{form.format(i)},{'odd' if i % 2 else 'even'},x" for i in range(12))
        place = folder(tmp_path / form[:3].strip("{:"), {**images, "labels.csv": f"file,label,note\n{rows}\n".encode()})
        profile = looked(place)
        assert (profile.target, profile.task) == ("label", "classification"), form
        assert profile.images.classes == ("even", "odd")  # type: ignore[union-attr]
        assert [int(k) for k in profile.images.labels] == [i % 2 for i in range(12)]  # type: ignore[union-attr]
        assert profile.images.targets == ("label", "note")  # type: ignore[union-attr]


def test_numbers_as_labels_are_a_regression(tmp_path: Path) -> None:
    images = {f"{i}.png": encoded(picture(i)) for i in range(30)}
    rows = "\n".join(f"{i}.png;{i * 1.5}" for i in range(30))
    made, arrays = prepared(folder(tmp_path / "r", {**images, "ages.csv": f"name;age\n{rows}\n".encode()}))
    target = made.preparation.target
    assert made.task == "regression"
    assert isinstance(target, NumberTarget)
    back = arrays.test.y[:, 0] * target.scale + target.mean
    names = looked(tmp_path / "r").images.names  # type: ignore[union-attr]
    expected = [1.5 * int(names[row][:-4]) for row in arrays.test.row_numbers]
    assert np.allclose(back, expected, atol=1e-4)


def test_lines_that_name_no_image_and_images_without_a_line_are_told(tmp_path: Path) -> None:
    images = {f"{i}.png": encoded(picture(i)) for i in range(10)}
    table = "file,label\n" + "\n".join(f"{i}.png,{'ab'[i % 2]}" for i in range(9)) + "\nnowhere.png,a\n"
    profile = looked(folder(tmp_path, {**images, "labels.csv": table.encode()}))
    assert "One line of labels.csv name images that are not here" in texts(profile)
    assert "One image has no label" in texts(profile)
    assert prepared(tmp_path)[0].rows["train"] + 0 < 10


def test_file_names_tell_classes_where_nothing_else_does(tmp_path: Path) -> None:
    files = {f"{kind}.{i}.png": encoded(picture(i)) for kind in ("cat", "dog") for i in range(5)}
    assert looked(folder(tmp_path, files)).images.classes == ("cat", "dog")  # type: ignore[union-attr]


def test_images_without_any_label_can_be_looked_at_but_not_trained_on(tmp_path: Path) -> None:
    place = folder(tmp_path / "x", {f"IMG_{i}.png": encoded(picture(i)) for i in range(5)})
    profile = looked(place)
    assert profile.findings[0].severity == "error"
    assert "Nothing says what these images show" in profile.findings[0].text
    with pytest.raises(UserInputError, match="Nothing says"):
        prepared(place)


def test_loose_files_with_a_table_are_one_source(tmp_path: Path) -> None:
    files = {f"{i}.png": encoded(picture(i)) for i in range(8)}
    rows = "\n".join(f"{i}.png,{'ab'[i % 2]}" for i in range(8))
    place = folder(tmp_path, {**files, "labels.csv": f"file,label\n{rows}".encode()})
    first, *others = sorted(place.iterdir())
    made, _ = prepared(first, *others)
    assert sum(made.rows.values()) == 8
    assert made.classes == ("a", "b")


# --- formats


def test_every_format_and_mode_becomes_8_bit_pixels() -> None:
    grey = np.full((6, 6), 200, np.uint8)
    ramp = np.full((6, 6), 200 * 257, np.uint16)
    rgb = np.dstack([grey, grey // 2, grey // 4])
    clear = np.dstack([np.zeros((6, 6, 3), np.uint8), np.zeros((6, 6), np.uint8)])
    cases = {
        "PNG": encoded(grey), "16 bits": encoded(ramp), "BMP": encoded(grey, "BMP"), "GIF": encoded(grey, "GIF"),
        "TIFF": encoded(grey, "TIFF"), "WebP": encoded(np.dstack([grey] * 3), "WEBP", lossless=True),
        "JPEG": encoded(grey, "JPEG", quality=95), "palette": encoded(Image.fromarray(grey).convert("P")),
        "CMYK": encoded(Image.fromarray(np.dstack([grey] * 3)).convert("CMYK"), "JPEG", quality=95),
    }  # fmt: skip
    for name, data in cases.items():
        found = formats.decode(data, 6, 6, 1)
        assert isinstance(found, np.ndarray), (name, found)
        assert found.shape == (6, 6, 1)
        assert np.abs(found.astype(int) - 200).max() <= 2, name
    assert np.array_equal(formats.decode(encoded(rgb), 6, 6, 3), rgb)
    assert (np.asarray(formats.decode(encoded(clear), 6, 6, 1)) == 255).all()  # transparency stands on white
    white = Image.new("1", (6, 6), 1)
    assert (np.asarray(formats.decode(encoded(white), 6, 6, 1)) == 255).all()


def test_a_camera_s_turn_is_undone() -> None:
    pixels = np.zeros((4, 8), np.uint8)
    pixels[:, 4:] = 255
    turned = Image.fromarray(pixels).rotate(90, expand=True)
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by 90 degrees clockwise
    found = formats.decode(encoded(turned, "PNG", exif=exif), 8, 4, 1)
    assert np.array_equal(np.asarray(found)[..., 0], pixels)


@pytest.mark.parametrize("turn", range(1, 9))
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_every_turn_of_a_camera_is_undone_and_measured(tmp_path: Path, turn: int, kind: str) -> None:
    upright = np.zeros((48, 80), np.uint8)
    upright[:24, :40], upright[24:, 40:] = 255, 120
    flips = {1: lambda a: a, 2: np.fliplr, 3: lambda a: a[::-1, ::-1], 4: np.flipud, 5: np.transpose,
             6: np.rot90, 7: lambda a: a[::-1, ::-1].T, 8: lambda a: np.rot90(a, -1)}  # fmt: skip
    exif = Image.Exif()
    exif[0x0112] = turn
    stored = Image.fromarray(np.ascontiguousarray(flips[turn](upright))).convert("RGB")
    data = encoded(stored, kind, exif=exif, **({"quality": 95} if kind in ("JPEG", "WEBP") else {}))
    head = formats.header(data)
    assert isinstance(head, formats.Header)
    assert (head.width, head.height) == (80, 48)
    found = formats.decode(data, 80, 48, 1)
    assert isinstance(found, np.ndarray), found
    assert np.abs(found[..., 0].astype(int) - upright).mean() < 4
    size = looked(folder(tmp_path, {f"{c}/{i}.png": data for c in "ab" for i in range(2)})).images
    assert size is not None
    assert size.width > size.height


def test_frames_colours_and_transparency_of_every_kind(tmp_path: Path) -> None:
    red, clear = (200, 30, 40), (200, 30, 40, 0)
    frames = [Image.new("RGB", (6, 6), colour) for colour in (red, (0, 0, 255))]
    indexed = Image.new("P", (6, 6), 1)
    indexed.putpalette([0, 0, 0, *red])
    see_through = Image.new("P", (6, 6), 0)
    see_through.putpalette([9, 9, 9, *red])
    cases = {
        "animated GIF": (encoded(frames[0], "GIF", save_all=True, append_images=frames[1:]), red),
        "animated WebP": (encoded(frames[0], "WEBP", save_all=True, append_images=frames[1:], lossless=True), red),
        "animated PNG": (encoded(frames[0], "PNG", save_all=True, append_images=frames[1:]), red),
        "palette": (encoded(indexed), red),
        "palette with transparency": (encoded(see_through, transparency=0), (255, 255, 255)),
        "colour key": (encoded(Image.new("RGB", (6, 6), red), transparency=red), (255, 255, 255)),
        "grey key": (encoded(Image.new("L", (6, 6), 7), transparency=7), (255, 255, 255)),
        "transparent GIF": (encoded(see_through, "GIF", transparency=0), (255, 255, 255)),
        "alpha": (encoded(Image.new("RGBA", (6, 6), clear)), (255, 255, 255)),
        "half alpha": (encoded(Image.new("RGBA", (6, 6), (0, 0, 0, 128))), (127, 127, 127)),
        "WebP alpha": (encoded(Image.new("RGBA", (6, 6), clear), "WEBP", lossless=True), (255, 255, 255)),
        "CMYK": (encoded(Image.new("RGB", (6, 6), red).convert("CMYK"), "JPEG", quality=98), red),
        "CMYK TIFF": (encoded(Image.new("RGB", (6, 6), red).convert("CMYK"), "TIFF"), red),
        "progressive": (encoded(Image.new("RGB", (6, 6), red), "JPEG", progressive=True, quality=98), red),
        "16 bits grey": (encoded(Image.fromarray(np.full((6, 6), 90 * 257, np.uint16))), (90, 90, 90)),
        "two colours": (encoded(Image.new("1", (6, 6), 1)), (255, 255, 255)),
    }
    for name, (data, colour) in cases.items():
        found = formats.decode(data, 6, 6, 3)
        assert isinstance(found, np.ndarray), (name, found)
        assert np.abs(found.astype(int) - colour).max() <= 3, name


def test_shrinking_averages_instead_of_skipping() -> None:
    board = (np.indices((64, 64)).sum(0) % 2 * 255).astype(np.uint8)
    found = np.asarray(formats.decode(encoded(board), 8, 8, 1))
    assert np.abs(found.astype(int) - 127).max() <= 8


def test_the_first_frame_of_a_film_counts() -> None:
    frames = [Image.fromarray(np.full((5, 5), level, np.uint8)) for level in (10, 250)]
    for kind in ("GIF", "TIFF"):
        data = encoded(frames[0], kind, save_all=True, append_images=frames[1:])
        assert np.abs(np.asarray(formats.decode(data, 5, 5, 1)).astype(int) - 10).max() <= 1, kind


# --- guesses


def test_grey_pictures_stored_as_colours_are_guessed_as_grey(tmp_path: Path) -> None:
    grey = {f"{k}/{i}.png": encoded(np.dstack([picture(50 * i)] * 3)) for k in "ab" for i in range(4)}
    assert looked(folder(tmp_path / "g", grey)).images.channels == 1  # type: ignore[union-attr]
    assert looked(folder(tmp_path / "c", class_files(colour=True))).images.channels == 3  # type: ignore[union-attr]


def test_size_is_the_most_frequent_one_shrunk(tmp_path: Path) -> None:
    def guess(name: str, *sizes: tuple[int, int]) -> tuple[int, int]:
        files = {f"{k}/{i}.png": encoded(np.zeros(size[::-1], np.uint8)) for k in "ab" for i, size in enumerate(sizes)}
        images = looked(folder(tmp_path / name, files)).images
        assert images is not None
        return images.width, images.height

    assert guess("same", (28, 28), (28, 28), (40, 30)) == (28, 28)
    assert guess("large", (640, 480), (640, 480)) == (64, 48)
    assert guess("mixed", (100, 60), (90, 200), (300, 301), (77, 50)) == (64, 64)
    images = looked(tmp_path / "large", height=32, width=32, channels=3).images
    assert images is not None
    assert (images.height, images.width, images.channels, images.guessed) == (32, 32, 3, (48, 64, 1))


def test_normalisation_is_that_of_the_training_images(tmp_path: Path) -> None:
    made, arrays = prepared(folder(tmp_path, class_files(each=15, colour=True)))
    feature = made.preparation.image
    assert feature is not None
    train = pixels_of(made)[arrays.train.row_numbers].astype(np.float64)
    assert np.allclose(feature.mean, train.mean((0, 1, 2)))
    assert np.allclose(feature.scale, train.std((0, 1, 2)))
    x = np.asarray(arrays.train.x)
    assert np.allclose(x.mean((0, 1, 2)), 0, atol=1e-5)
    assert np.allclose(x.std((0, 1, 2)), 1, atol=1e-4)


def test_what_a_person_should_know_is_said(tmp_path: Path) -> None:
    files = class_files(("many",), each=60) | {"few/1.png": encoded(picture(1, 9)), "few/2.png": encoded(picture(2, 9))}
    files["many/copy.png"] = files["many/3.png"]
    told = texts(looked(folder(tmp_path, files)))
    assert "Classes are uneven: 61 images of “many”, 2 of “few”" in told
    assert "Too few images to learn from: “few” (2)" in told
    assert "2 different sizes" in told
    packed = texts(looked(zipped(tmp_path, files)))
    assert "One image is the same as another" in packed


# --- arrays


DIGITS = np.arange(40 * 7 * 6, dtype=np.int64).reshape(40, 7, 6).astype(np.uint8)
ANSWERS = (np.arange(40) % 4).astype(np.uint8)


@pytest.mark.parametrize("packed", [False, True])
def test_mnist_files_are_images_with_labels_and_a_test_part(tmp_path: Path, packed: bool) -> None:
    end = ".gz" if packed else ""
    files = {
        f"train-images-idx3-ubyte{end}": idx(DIGITS, packed=packed),
        f"train-labels-idx1-ubyte{end}": idx(ANSWERS, packed=packed),
        f"t10k-images-idx3-ubyte{end}": idx(DIGITS[:12], packed=packed),
        f"t10k-labels-idx1-ubyte{end}": idx(ANSWERS[:12], packed=packed),
    }
    place = folder(tmp_path, files)
    for path in (place, place / f"train-images-idx3-ubyte{end}"):
        made, arrays = prepared(path)
        assert made.rows["test"] == 12
        assert made.rows["train"] + made.rows["validation"] == 40
        assert made.row_shape == (7, 6, 1)
        pixels = pixels_of(made)[..., 0]
        assert np.array_equal(pixels[:40], DIGITS)
        assert np.array_equal(pixels[40:], DIGITS[:12])
        assert np.array_equal(arrays.test.y, ANSWERS[:12])


def test_arrays_of_numpy_are_images(tmp_path: Path) -> None:
    np.savez(tmp_path / "mnist.npz", x_train=DIGITS, y_train=ANSWERS, x_test=DIGITS[:8], y_test=ANSWERS[:8])
    made, _ = prepared(tmp_path / "mnist.npz")
    assert made.rows["test"] == 8
    np.save(tmp_path / "x.npy", DIGITS)
    np.save(tmp_path / "y.npy", ANSWERS)
    made, _ = prepared(tmp_path / "x.npy")  # its labels lie beside it
    assert made.classes == ("0", "1", "2", "3")
    assert sum(made.rows.values()) == 40


def test_channels_before_rows_are_moved_and_fractions_kept(tmp_path: Path) -> None:
    colour = np.random.default_rng(1).random((20, 3, 9, 8)).astype(np.float32)
    np.savez(tmp_path / "c.npz", images=colour, labels=ANSWERS[:20])
    made, _ = prepared(tmp_path / "c.npz")
    assert made.row_shape == (9, 8, 3)
    assert np.array_equal(pixels_of(made), np.moveaxis(colour, 1, -1))
    assert made.preparation.image is not None
    assert made.preparation.image.white == 1.0


def test_a_dark_batch_of_whole_numbers_is_asked_about_in_the_numbers_of_the_training(tmp_path: Path) -> None:
    bright = np.random.default_rng(2).integers(0, 17, (40, 8, 8))
    np.savez(tmp_path / "train.npz", images=bright, labels=ANSWERS)
    made, _ = prepared(tmp_path / "train.npz")
    dark = np.minimum(bright[:5], 1)
    np.save(tmp_path / "dark.npy", dark)
    seen: list[np.ndarray] = []

    def answer(x: np.ndarray) -> np.ndarray:
        seen.append(x)
        return np.zeros((len(x), 4))

    ask.answers(source(tmp_path / "dark.npy"), made.preparation, answer)
    image = made.preparation.image
    assert image is not None
    np.testing.assert_allclose(seen[0][..., 0] * image.scale[0] + image.mean[0], dark, atol=1e-4)


def test_a_table_of_numbers_in_an_array_stays_a_table(tmp_path: Path) -> None:
    np.save(tmp_path / "table.npy", np.random.default_rng(0).random((30, 5)))
    assert looked(tmp_path / "table.npy").images is None
    np.savez(tmp_path / "sequences.npz", x=np.zeros((30, 60, 5)), y=np.arange(30) % 2)
    assert recognize(source(tmp_path / "sequences.npz")) is None


# --- one pass, one store


def test_what_is_decoded_can_be_looked_at_meanwhile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from core.data.images import prepare

    monkeypatch.setattr(prepare, "LOADING_SECONDS", 0.0)
    seen: list[Loading] = []

    def look(loading: Loading) -> None:
        values = np.load(loading.path, mmap_mode="r")
        assert values[loading.done - 1].any()
        seen.append(loading)

    load.prepare(DataSpec(source(folder(tmp_path, class_files()))), loading=look)
    assert [each.done for each in seen] == list(range(1, 13))


def test_the_same_images_are_prepared_once_and_augmentation_changes_nothing(tmp_path: Path) -> None:
    from core.data.augmentation import Augmentation

    spec = DataSpec(source(folder(tmp_path, class_files())))
    one = load.prepare(spec)
    assert load.prepare(replace(spec, augmentation=Augmentation(rotate=10.0))).fingerprint == one.fingerprint
    assert load.prepare(replace(spec, height=16, width=16)).fingerprint != one.fingerprint
    (tmp_path / "cat" / "0.png").write_bytes(encoded(picture(99)))
    os.utime(tmp_path / "cat" / "0.png", ns=(1, 1))
    assert load.prepare(spec).fingerprint != one.fingerprint


def test_large_sources_are_normalised_a_batch_at_a_time(tmp_path: Path) -> None:
    _, arrays = prepared(folder(tmp_path, class_files(each=20)))
    x = arrays.train.x
    assert not isinstance(x, np.ndarray)
    whole = np.asarray(x)
    some = np.array([3, 1, 7])
    assert np.array_equal(np.take(x, some, axis=0), whole[some])
    assert np.array_equal(x[2:5], whole[2:5])
    assert np.array_equal(x[4], whole[4])
    assert np.array_equal(x.min(axis=0), whole.min(axis=0))
    assert x.nbytes == whole.nbytes
    assert x.shape == whole.shape


def test_settings_and_preparation_travel_as_json(tmp_path: Path) -> None:
    from core.data.augmentation import Augmentation

    plain = DataSpec(DataSource("file", "x", "/x"))
    assert not {"height", "width", "channels", "augmentation"} & set(plain.to_json())
    spec = replace(plain, height=32, width=24, channels=3, augmentation=Augmentation(flip="both", noise=0.1))
    assert DataSpec.from_json(spec.to_json()) == spec
    for wrong in ({"height": 100_000}, {"channels": 2}, {"augmentation": {"zoom": 9}}, {"augmentation": {"what": 1}}):
        with pytest.raises(UserInputError):
            DataSpec.from_json({**plain.to_json(), **wrong})
    made, _ = prepared(folder(tmp_path, class_files(colour=True)))
    again = facts.preparation_from_json(facts.preparation_to_json(made.preparation))
    assert again == made.preparation
    broken = facts.preparation_to_json(made.preparation)
    for field, value in (("scale", [0, 1, 1]), ("mean", [1, 2]), ("height", 0), ("width", 10**9), ("white", 0)):
        with pytest.raises(UserInputError):
            facts.preparation_from_json({**broken, "image": {**broken["image"], field: value}})


# --- what is suggested


def test_images_get_a_convolutional_network_that_fits(tmp_path: Path) -> None:
    from core.network import Network

    made, _ = prepared(folder(tmp_path, class_files(("a", "b", "c"), side=28)))
    config = suggest.training_for(made, TrainingConfig())
    network = Network.of(suggest.network_for(made, config), config)
    assert network.output_shape == (3,)
    assert [node.layer.kind for node in network.nodes].count("conv2d") == 3
    tiny = suggest.convolutional((4, 4, 1), 2, rows=100)
    assert Network.of(tiny).output_shape == (2,)


def test_gzip_of_a_table_is_still_a_table(tmp_path: Path) -> None:
    (tmp_path / "t.csv.gz").write_bytes(gzip.compress(b"a,b\n1,2\n3,4\n"))
    assert looked(tmp_path / "t.csv.gz").images is None


def test_classes_are_texts_even_where_folders_have_numbers(tmp_path: Path) -> None:
    made, _ = prepared(folder(tmp_path, class_files(("7", "10", "08"))))
    assert isinstance(made.preparation.target, ClassTarget)
    assert made.classes == ("7", "08", "10")
    assert isinstance(made.preparation.image, ImageFeature)


def test_store_refuses_pixels_of_another_shape(tmp_path: Path) -> None:
    made, _ = prepared(folder(tmp_path, class_files()))
    np.save(Path(made.folder) / store.PIXELS, np.zeros((3, 2, 2, 1), np.uint8))
    with pytest.raises(UserInputError, match="damaged"):
        store.load(made)
