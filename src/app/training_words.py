"""What the training settings are called, how they are grouped, and what each of them teaches. No Qt.

A setting that no table here knows still gets its field, under "Further", with the help of its description.
"""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from core import values
from core.optimizers import OPTIMIZERS
from core.schedules import SCHEDULES
from core.spec import TrainingConfig
from core.values import Hyper

HYPERS = values.hypers(TrainingConfig)
# Settings whose value is itself one of a family, with settings of its own.
FAMILIES: dict[str, dict[str, type[Any]]] = {"optimizer": OPTIMIZERS, "schedule": SCHEDULES}
FAMILY_NAMES = {"optimizer": "Optimizer", "schedule": "Schedule"}
# They belong to a run from its first step to its last.
FIXED_IN_RUN = {"loss", "label_smoothing", "class_weights", "seed", "backend"}
OFF: dict[float, str] = {0: "off"}
WORDS: dict[str, dict[float, str]] = {
    "batch_size": {0: "full"}, "early_stopping": OFF, "clip_norm": OFF, "clip_value": OFF, "max_norm": OFF,
}  # fmt: skip
SECTIONS = (
    ("Learning rate", ("learning_rate", "schedule")),
    ("Optimizer", ("optimizer",)),
    ("Batch and gradient", ("batch_size", "accumulate", "clip_norm", "clip_value")),
    ("Against overfitting", ("dropout", "l1", "l2", "max_norm", "early_stopping")),
    ("Loss", ("loss", "label_smoothing", "class_weights")),
    ("Run", ("epochs", "seed", "backend")),
)

LESSONS = {
    "learning_rate": "Every step does W ← W − η · dW, and η is this number. Ten times larger often diverges, ten times"
    " smaller often takes ten times as long. Change it while training and watch the loss.",
    "schedule": "How the learning rate changes over the run. Long steps find the valley, short ones its floor: most"
    " schedules end far below where they began. It can be changed while a run goes on.",
    "batch_size": "The gradient is the mean over this many rows. Small batches point roughly the right way and step"
    " often; their noise can help to leave poor places. “full” uses every row: no noise, few steps.",
    "accumulate": "2 means: the gradients of two batches are averaged before the weights move once. The step is that of"
    " a batch twice as large.",
    "clip_norm": "‖g‖ is the length of the gradient of all weights together. Where it is above this limit c, g becomes"
    " g · c / ‖g‖. Helps where the loss leaps now and then, above all in recurrent networks.",
    "clip_value": "Unlike clipping by norm this may turn the direction of the step: large entries are cut, small ones"
    " stay.",
    "dropout": "At each step a random share of the hidden outputs is set to zero, the rest is scaled up. No neuron can"
    " lean on a single other one, which narrows the gap between training and validation loss.",
    "l1": "Its gradient is λ · sign(W): a constant pull that sets small weights to exactly zero.",
    "l2": "Its gradient is λ · W: large weights are pulled back most. With plain SGD it is weight decay."
    " The plots show this penalty apart from the data loss.",
    "max_norm": "A hard limit instead of a pull: weights are free below it. It goes well with dropout and large"
    " learning rates.",
    "optimizer": "The rule that turns gradients into steps.",
    "loss": "Backpropagation starts with the derivative of this number. Cross-entropy compares probabilities with"
    " classes; mean squared error compares numbers.",
    "label_smoothing": "With 0.1 the right class is wanted at about 90 % instead of 100 %. The scores then have no"
    " reason to grow for ever, and the probabilities are more honest.",
    "class_weights": "Where 99 of 100 rows are of one class, a network is right 99 times by never naming the other."
    " Balanced weights make that cost as much as it should.",
    "early_stopping": "When the validation loss has stopped falling, more training only fits noise. The best weights"
    " are kept either way.",
    "seed": "First weights, the order of rows and dropout all follow from it. The same seed on the same machine gives"
    " the same run, bit for bit.",
    "epochs": "One epoch uses every training row once, in a new order each time.",
    "momentum": "With 0.9 a step is about the sum of the last ten gradients: it rolls through small bumps and speeds up"
    " where they agree.",
    "beta1": "0.9 averages over about ten steps. Larger is calmer and slower to turn.",
    "beta2": "0.999 averages over about a thousand steps. Smaller follows changes of the gradient's size sooner.",
    "epsilon": "A larger one shortens the steps of weights whose gradients are tiny.",
    "alpha": "0.99 averages over about a hundred steps.",
    "weight_decay": "Unlike an L2 penalty it does not go through the gradient: all weights shrink at the same rate,"
    " whatever their gradients are.",
    "factor": "0.1 is the usual choice: each fall makes steps ten times shorter.",
    "patience": "Too short reacts to noise, too long wastes epochs.",
    "warm_up": "The first gradients of a new network are large and mislead adaptive optimizers; short first steps keep"
    " them from doing harm.",
}


def steps_per_epoch(config: TrainingConfig, rows: int) -> int:
    """Steps that use `rows` training rows once; 0 without rows."""
    batch = min(config.batch_size * config.accumulate or rows, rows)
    return -(-rows // batch) if batch else 0


def sections() -> tuple[tuple[str, tuple[str, ...]], ...]:
    """All training settings in groups; those that no group names come last."""
    there = [f.name for f in fields(TrainingConfig)]
    grouped = {name for _, names in SECTIONS for name in names}
    found = [(title, tuple(name for name in names if name in there)) for title, names in SECTIONS]
    further = tuple(name for name in there if name not in grouped)
    return (*found, *((("Further", further),) if further else ()))


def title_of(name: str) -> str:
    return HYPERS[name].label if name in HYPERS else FAMILY_NAMES.get(name, name.capitalize())


def teach(name: str, hyper: Hyper) -> str:
    """The tooltip of a setting: its name, what it is, and what it does to training."""
    lesson = LESSONS.get(name, "")
    return "\n\n".join(part for part in (f"{hyper.label}. {hyper.help}", lesson) if part)


def formula_of(member: Any) -> str:
    """The first paragraph of what a member of a family says of itself: its rule, and who found it."""
    first = (member.__doc__ or "").strip().split("\n\n")[0]
    return " ".join(first.replace("`", "").split())


def describe(family: str, chosen: Any) -> str:
    """The tooltip of an optimizer or a schedule: what such a thing is, then the chosen one with its rule."""
    rate = f" A usual learning rate is {chosen.usual_rate:g}." if family == "optimizer" else ""
    what = f"{FAMILY_NAMES[family]}. {LESSONS[family]}"
    return f"{what}\n\n{chosen.label}: {chosen.help}{rate}\n\n{formula_of(chosen)}"
