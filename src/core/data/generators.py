"""Toy data for learners: small problems whose difficulty one sees. All randomness comes from the seed.

Every generator is a frozen value: how many points, how noisy, which seed, and what else it can be asked for, each a
described field, so that forms and checks follow from them. Noise is the standard deviation of a normal shift of every
point, in the units that each docstring names; it blurs the border between classes without moving it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from core import keys, values
from core.errors import UserInputError
from core.values import Hyper, hyper

MOST_ROWS = 100_000
MOST_NOISE = 2.0
COMMON = ("rows", "noise", "seed")

Columns = dict[str, list[str]]


@dataclass(frozen=True)
class Generator:
    """What all generators share; `name` in files and on the command line, `label` and `description` for people."""

    name: ClassVar[str]
    label: ClassVar[str]
    description: ClassVar[str]
    task: ClassVar[str] = "classification"

    rows: int = hyper(
        400,
        "Points",
        "How many points are drawn. More points show the pattern better and take longer.",
        minimum=4,
        maximum=MOST_ROWS,
        suggestions=(100, 200, 400, 1000, 2000, 5000),
    )
    noise: float = hyper(
        0.1,
        "Noise",
        "How far points stray from the pattern. With much noise no network can be right everywhere.",
        minimum=0.0,
        maximum=MOST_NOISE,
    )
    seed: int = hyper(
        7,
        "Seed",
        "Every random choice follows from it: the same seed draws the same points.",
        minimum=0,
        maximum=2**31 - 1,
        suggestions=(1, 2, 3, 7, 42),
    )

    def draw(self, rng: np.random.Generator) -> Columns:
        """The cells as text, by column, the target last."""
        raise NotImplementedError


def _noise(usual: float) -> Any:
    """The field of the noise with another usual value."""
    told = values.hypers(Generator)["noise"]
    return hyper(usual, told.label, told.help, minimum=told.minimum, maximum=told.maximum)


def _imbalance() -> Any:
    return hyper(
        1.0,
        "Imbalance",
        "How many times the first class outnumbers the last. 1: all equally many.",
        minimum=1.0,
        maximum=50.0,
        suggestions=(1.0, 2.0, 5.0, 10.0, 20.0),
    )


@dataclass(frozen=True)
class Spirals(Generator):
    """Two arms wound around each other in the unit circle (after Lang and Witbrock 1988, Learning to tell two spirals
    apart): at a share s of an arm's length the radius is r = √s and the angle 2π · turns · r, the second arm turned by
    π. Noise in half the gap between arms.
    """

    name = "spirals"
    label = "Two spirals"
    description = "Two arms wound around each other: needs hidden layers."
    turns: float = hyper(
        1.5,
        "Turns",
        "How often each arm winds around the middle. More turns need a larger network.",
        minimum=0.25,
        maximum=4.0,
        suggestions=(0.5, 1.0, 1.5, 2.0, 3.0),
    )
    imbalance: float = _imbalance()

    def draw(self, rng: np.random.Generator) -> Columns:
        arm = _classes(self.rows, 2, self.imbalance)
        along = np.sqrt(rng.uniform(0.02, 1.0, self.rows))  # even along the arm, which grows longer outwards
        angle = along * self.turns * 2 * np.pi + np.pi * arm
        xy = np.stack([along * np.cos(angle), along * np.sin(angle)], axis=1)
        half_gap = 0.25 / self.turns
        shift = rng.normal(0, self.noise * half_gap, xy.shape)
        return _labelled(xy + shift, np.where(arm == 0, "first", "second"), "arm")


@dataclass(frozen=True)
class Xor(Generator):
    """Points of the square [-1, 1]², labelled by the sign of x · y: exclusive or for signs (Minsky and Papert 1969).
    Noise in the square's half side.
    """

    name = "xor"
    label = "XOR"
    description = "Opposite corners belong together: no straight line parts them."

    def draw(self, rng: np.random.Generator) -> Columns:
        xy = rng.uniform(-1, 1, (self.rows, 2))
        same = xy[:, 0] * xy[:, 1] > 0
        return _labelled(xy + rng.normal(0, self.noise, xy.shape), np.where(same, "same", "different"), "sign")


@dataclass(frozen=True)
class Circles(Generator):
    """A disc of radius 0.5, filled evenly (r = 0.5 √u), inside a ring from 0.75 to 1. Noise in the ring's outer
    radius.
    """

    name = "circles"
    label = "Circles"
    description = "A disc inside a ring."
    noise: float = _noise(0.05)
    imbalance: float = _imbalance()

    def draw(self, rng: np.random.Generator) -> Columns:
        inner = _classes(self.rows, 2, self.imbalance) == 0
        radius = np.where(inner, 0.5 * np.sqrt(rng.random(self.rows)), rng.uniform(0.75, 1.0, self.rows))
        angle = rng.uniform(0, 2 * np.pi, self.rows)
        xy = np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1)
        return _labelled(xy + rng.normal(0, self.noise, xy.shape), np.where(inner, "inner", "outer"), "ring")


@dataclass(frozen=True)
class Moons(Generator):
    """Two half circles that reach into each other, as scikit-learn's make_moons (Pedregosa et al. 2011): for t from 0
    to π the upper is (cos t, sin t), the lower (1 - cos t, 1/2 - sin t). Noise in the radius.
    """

    name = "moons"
    label = "Moons"
    description = "Two half moons that reach into each other: a border with two bends."
    imbalance: float = _imbalance()

    def draw(self, rng: np.random.Generator) -> Columns:
        upper = _classes(self.rows, 2, self.imbalance) == 0
        t = rng.uniform(0, np.pi, self.rows)
        x, y = np.where(upper, np.cos(t), 1 - np.cos(t)), np.where(upper, np.sin(t), 0.5 - np.sin(t))
        xy = np.stack([x, y], axis=1)
        return _labelled(xy + rng.normal(0, self.noise, xy.shape), np.where(upper, "upper", "lower"), "moon")


@dataclass(frozen=True)
class Gaussians(Generator):
    """Clouds around the corners of a regular polygon in the unit circle, the first at the top; each is a normal
    distribution with the standard deviation 0.2 + noise on both axes.
    """

    name = "gaussians"
    label = "Gaussians"
    description = "Clouds that touch: no border is perfect."
    PLACES: ClassVar[dict[int, tuple[str, ...]]] = {
        2: ("top", "bottom"),
        3: ("top", "left", "right"),
        4: ("top", "left", "bottom", "right"),
        5: ("top", "upper left", "lower left", "lower right", "upper right"),
        6: ("top", "upper left", "lower left", "bottom", "lower right", "upper right"),
    }
    classes: int = hyper(3, "Classes", "How many clouds there are.", minimum=2, maximum=6, suggestions=(2, 3, 4, 5, 6))
    imbalance: float = _imbalance()

    def draw(self, rng: np.random.Generator) -> Columns:
        which = _classes(self.rows, self.classes, self.imbalance)
        angle = 2 * np.pi * which / self.classes + np.pi / 2
        middle = np.stack([np.cos(angle), np.sin(angle)], axis=1)
        xy = middle + rng.normal(0, 0.2 + self.noise, (self.rows, 2))
        return _labelled(xy, np.array(self.PLACES[self.classes])[which], "cloud")


@dataclass(frozen=True)
class Checkerboard(Generator):
    """The square [-1, 1]² in n × n fields; a point's class is the parity of ⌊n (x + 1) / 2⌋ + ⌊n (y + 1) / 2⌋. Noise in
    half the side of a field.
    """

    name = "checkerboard"
    label = "Checkerboard"
    description = "Fields of a chessboard: many separate islands of each class."
    noise: float = _noise(0.05)
    squares: int = hyper(
        4,
        "Fields a side",
        "How many fields stand side by side. More fields need a larger network and more points.",
        minimum=2,
        maximum=8,
        suggestions=(2, 3, 4, 6, 8),
    )

    def draw(self, rng: np.random.Generator) -> Columns:
        xy = rng.uniform(-1, 1, (self.rows, 2))
        field = np.floor((xy + 1) / 2 * self.squares).astype(int)
        dark = field.sum(axis=1) % 2 == 0
        shift = rng.normal(0, self.noise / self.squares, xy.shape)
        return _labelled(xy + shift, np.where(dark, "dark", "light"), "field")


@dataclass(frozen=True)
class Plane(Generator):
    """z = 2 x - y + 0.5 on the square [-1, 1]². Noise is added to z, in its own unit."""

    name = "plane"
    label = "Regression plane"
    description = "A height over a plane, with noise: the simplest regression."
    task = "regression"

    def draw(self, rng: np.random.Generator) -> Columns:
        xy = rng.uniform(-1, 1, (self.rows, 2))
        z = 2 * xy[:, 0] - xy[:, 1] + 0.5 + rng.normal(0, self.noise, self.rows)
        return {"x": _texts(xy[:, 0]), "y": _texts(xy[:, 1]), "z": _texts(z)}


@dataclass(frozen=True)
class Surface(Generator):
    """A curved height z over the square [-1, 1]². Hills: sin(π x) · cos(π y); saddle: x² - y²; bump: exp(-4 r²);
    ripples: cos(3 π r) / (1 + 2 r); r² = x² + y². Noise is added to z, in its own unit.
    """

    name = "surface"
    label = "Curved surface"
    description = "A height that bends: a straight model fails, hidden layers follow it."
    task = "regression"
    noise: float = _noise(0.05)
    shape: str = hyper(
        "hills",
        "Shape",
        "Hills: sin(π x) · cos(π y). Saddle: x² − y². Bump: exp(−4 r²). Ripples: cos(3 π r) / (1 + 2 r).",
        choices=(("hills", "Hills"), ("saddle", "Saddle"), ("bump", "Bump"), ("ripples", "Ripples")),
    )

    def draw(self, rng: np.random.Generator) -> Columns:
        xy = rng.uniform(-1, 1, (self.rows, 2))
        z = self._height(xy[:, 0], xy[:, 1]) + rng.normal(0, self.noise, self.rows)
        return {"x": _texts(xy[:, 0]), "y": _texts(xy[:, 1]), "z": _texts(z)}

    def _height(self, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        r = np.hypot(x, y)
        if self.shape == "saddle":
            return x**2 - y**2
        if self.shape == "bump":
            return np.exp(-4 * r**2)
        if self.shape == "ripples":
            return np.cos(3 * np.pi * r) / (1 + 2 * r)
        return np.sin(np.pi * x) * np.cos(np.pi * y)


@dataclass(frozen=True)
class Sine(Generator):
    """y = sin(π · cycles · x) for x from -1 to 1: one input, one number. Noise is added to y, in its own unit."""

    name = "sine"
    label = "Sine"
    description = "One input, one number: a wave with noise, and the curve that a network draws through it."
    task = "regression"
    cycles: float = hyper(
        2.0,
        "Cycles",
        "How many waves there are. Fast waves need more hidden neurons and longer training.",
        minimum=0.25,
        maximum=8.0,
        suggestions=(0.5, 1.0, 2.0, 3.0, 5.0),
    )

    def draw(self, rng: np.random.Generator) -> Columns:
        x = rng.uniform(-1, 1, self.rows)
        y = np.sin(np.pi * self.cycles * x) + rng.normal(0, self.noise, self.rows)
        return {"x": _texts(x), "y": _texts(y)}


GENERATORS: dict[str, type[Generator]] = {
    cls.name: cls
    for cls in (Spirals, Xor, Circles, Moons, Gaussians, Checkerboard, Sine, Plane, Surface)
}  # fmt: skip


@dataclass(frozen=True)
class GeneratorInfo:
    """name in files and on the command line; label and description for people; task; usual number of rows and noise.

    fields: what it can be asked for besides, by name.
    """

    name: str
    label: str
    description: str
    task: str
    rows: int = 400
    noise: float = 0.1
    fields: tuple[tuple[str, Hyper], ...] = ()


def generators() -> tuple[GeneratorInfo, ...]:
    return tuple(generator(name) for name in GENERATORS)


def generator(name: str) -> GeneratorInfo:
    """Raises UserInputError for an unknown name."""
    cls = _known(name)
    own = tuple((field, told) for field, told in values.hypers(cls).items() if field not in COMMON)
    return GeneratorInfo(name, cls.label, cls.description, cls.task, cls.rows, cls.noise, own)


def usual(name: str) -> Generator:
    """The generator with its usual settings; raises UserInputError for an unknown name."""
    return _known(name)()


def settled(name: str, *, rows: int, noise: float, seed: int, choices: Mapping[str, Any] | None = None) -> Generator:
    """The generator that is asked for.

    Raises:
        UserInputError: an unknown generator or choice, or a value outside its limits.
    """
    cls = _known(name)
    asked = {"rows": rows, "noise": noise, "seed": seed, **(choices or {})}
    unknown = sorted(set(asked) - set(values.hypers(cls)))
    if unknown:
        own = ", ".join(values.hypers(cls))
        remedy = f"It knows: {own}."
        raise UserInputError(f"There is no choice {unknown[0]!r}.", where=cls.label, remedy=remedy)
    return cls(**{field: values.checked(cls, field, raw) for field, raw in asked.items()})


def generate(name: str, *, rows: int, noise: float, seed: int, choices: Mapping[str, Any] | None = None) -> Columns:
    """The cells of generated data as text, by column, the target last.

    Raises:
        UserInputError: an unknown generator or choice, or a value outside its limits.
    """
    made = settled(name, rows=rows, noise=noise, seed=seed, choices=choices)
    return made.draw(keys.generator(keys.key(seed, name)))


def told(name: str, *, rows: int, noise: float, seed: int, choices: Mapping[str, Any] | None = None) -> list[Any]:
    """What decides about every cell, as plain data: choices that are as usual say nothing."""
    made, plain = settled(name, rows=rows, noise=noise, seed=seed, choices=choices), usual(name)
    own = [field for field in values.hypers(made) if field not in COMMON]
    other = {field: getattr(made, field) for field in own if getattr(made, field) != getattr(plain, field)}
    return [name, made.rows, made.noise, made.seed, *([other] if other else [])]


def _known(name: str) -> type[Generator]:
    if name not in GENERATORS:
        raise UserInputError(f"There is no generator {name!r}.", remedy=f"Use one of: {', '.join(GENERATORS)}.")
    return GENERATORS[name]


def _classes(rows: int, count: int, imbalance: float) -> np.ndarray:
    """(rows,) class indices, evenly mixed. The sizes fall geometrically, the first `imbalance` times the last."""
    shares = imbalance ** -(np.arange(count) / (count - 1))
    exact = rows * shares / shares.sum()
    sizes = np.maximum(1, np.floor(exact)).astype(int)
    short = rows - int(sizes.sum())
    sizes[np.argsort(sizes - exact, kind="stable")[: max(0, short)]] += 1
    sizes[0] = max(1, sizes[0] + min(0, short))  # the one row of a rare class is taken from the largest
    index = np.repeat(np.arange(count), sizes)
    place = np.concatenate([(np.arange(size) + 0.5) / size for size in sizes])
    return index[np.lexsort((index, place))][:rows]


def _labelled(xy: np.ndarray, labels: np.ndarray, target: str) -> Columns:
    return {"x": _texts(xy[:, 0]), "y": _texts(xy[:, 1]), target: [str(label) for label in labels]}


def _texts(values: np.ndarray) -> list[str]:
    return [f"{value:.6f}" for value in values]
