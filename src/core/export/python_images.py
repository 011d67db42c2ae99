"""The exported Python program of a network that takes images: it reads image files, or an array of pixels."""

from __future__ import annotations

from string import Template

from core import __version__
from core.data.preprocess import ImageFeature
from core.export.literals import literal, plain
from core.export.python_code import Program, answer_texts, indented, target_constants
from core.model import TrainedModel


def image_program(model: TrainedModel, image: ImageFeature, parts: Program, *, files: str) -> str:
    """The text of model.py."""
    colours = "RGB" if image.channels == 3 else "grey"
    return _PROGRAM.substitute(
        answer_texts(model, "tells {} from images"),
        name=plain(model.name) or "A network",
        version=__version__,
        needs=f"{parts.needs}, Pillow to read image files",
        files=files,
        imports=parts.imports.strip(),
        constants="\n".join(target_constants(model.preparation)),
        height=image.height,
        width=image.width,
        mode=literal("RGB" if image.channels == 3 else "L"),
        channels=image.channels,
        colours=colours,
        mean=literal(image.mean),
        scale=literal(image.scale),
        white=repr(image.white),
        network=parts.network.strip(),
        answer=indented(parts.answer),
    )


_PROGRAM = Template('''\
"""$name: $what. Written by Chainrule $version.

From the command line, for image files:   python model.py a.png b.jpg > answers.csv
for an array of pixels (rows, $height, $width, $channels), 0 to WHITE:   python model.py pixels.npy > answers.csv
From Python:                              from model import predict, read
                                          answers, y = predict([read("a.png"), read("b.jpg")])

Needs $needs, and $files in the same folder.
"""

import csv
import sys
from pathlib import Path

$imports

HERE = Path(__file__).parent

$constants

# An image as the network takes it: $colours, of this size. From every pixel, 0 to WHITE, the mean of its channel is
# taken; the rest is divided by the scale.
HEIGHT, WIDTH, CHANNELS, MODE = $height, $width, $channels, $mode
CENTRE, SPREAD = $mean, $scale
WHITE = $white


def read(path):
    """The pixels of an image file: (HEIGHT, WIDTH, CHANNELS), 0 to WHITE."""
    from PIL import Image, ImageOps

    with Image.open(path) as image:
        image = ImageOps.exif_transpose(image)
        if image.mode in ("LA", "PA", "RGBA") or "transparency" in image.info:
            image = image.convert("RGBA").resize((WIDTH, HEIGHT), Image.Resampling.BILINEAR)
            white = Image.new("RGBA", image.size, (255, 255, 255, 255))
            image = Image.alpha_composite(white, image)
        image = image.convert(MODE).resize((WIDTH, HEIGHT), Image.Resampling.BILINEAR)
        return np.asarray(image, np.float32).reshape(HEIGHT, WIDTH, CHANNELS) * (WHITE / 255.0)


def prepare(images):
    """Pixels (rows, HEIGHT, WIDTH, CHANNELS) → x, as the network met them in training."""
    x = np.asarray(images, np.float32).reshape(-1, HEIGHT, WIDTH, CHANNELS)
    return ((x - np.array(CENTRE, np.float32)) / np.array(SPREAD, np.float32)).astype(np.float32)


$network


def predict(images):
    """Pixels (rows, HEIGHT, WIDTH, CHANNELS), 0 to WHITE → $results."""
    x = prepare(images)
$answer


def main(paths):
    """Print the answers for image files, or for one array of pixels, as CSV."""
    is_array = len(paths) == 1 and paths[0].endswith(".npy")
    images = np.load(paths[0], allow_pickle=False) if is_array else np.stack([read(path) for path in paths])
    answers, y = predict(images)
    sys.stdout.reconfigure(encoding="utf-8", newline="")
    out = csv.writer(sys.stdout, lineterminator="\\n")
    out.writerow($header + ([] if is_array else ["file"]))
    for i, answer in enumerate(answers):
        out.writerow($line + ([] if is_array else [paths[i]]))


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit("Usage: python model.py IMAGE...")
    main(sys.argv[1:])
''')
