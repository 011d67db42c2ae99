"""What the exported Python programs share: reading a table, preparing it, printing answers.

Every value that comes from the user's data enters the program as a Python literal, never as code.
"""

from __future__ import annotations

import builtins
import keyword
import re
from collections.abc import Collection
from dataclasses import dataclass
from string import Template

from core import __version__
from core.data import dates
from core.data.preprocess import (
    CategoryFeature,
    ClassTarget,
    DateFeature,
    Feature,
    LabelsTarget,
    NumberFeature,
    NumberTarget,
    Preparation,
)
from core.export import python_columns as columns
from core.export.base import separator_of
from core.export.literals import literal, plain
from core.model import TrainedModel
from core.spec import NetworkSpec

# Names that the programs use themselves, and attributes that an nn.Module has already, in PyTorch and in MLX.
_OWN_NAMES = """
annotations attend average bag cells column convolve1d convolve2d csv datetime elu embed_columns gelu
group_standardized gru_cell hour_of label leaky_relu look_up lstm_cell main math model moment month_of mx network nn
np number p phase positions predict prepare present re recurrent relu run run_gru run_lstm run_simple_rnn self
self_attention sigmoid silu softmax softplus standardized sys tanh torch w weights windows x y yes z zlib
"""
_MODULE_NAMES = """
add_module apply apply_to_modules bfloat16 buffers call_super_init children clear compile copy cpu cuda double
dump_patches eval extra_repr filter_and_map float forward freeze fromkeys get get_buffer get_extra_state get_parameter
get_submodule half ipu is_module items keys leaf_modules load_state_dict load_weights modules mtia named_buffers
named_children named_modules named_parameters parameters pop popitem register_backward_hook register_buffer
register_forward_hook register_forward_pre_hook register_full_backward_hook register_full_backward_pre_hook
register_load_state_dict_post_hook register_load_state_dict_pre_hook register_module register_parameter
register_state_dict_post_hook register_state_dict_pre_hook requires_grad_ save_weights set_dtype set_extra_state
set_submodule setdefault share_memory state state_dict to to_empty train trainable_parameter_filter
trainable_parameters training type unfreeze update update_modules valid_child_filter valid_parameter_filter values xpu
zero_grad
"""
NAMES_IN_USE = frozenset(
    {*_OWN_NAMES.split(), *_MODULE_NAMES.split(), *keyword.kwlist, *keyword.softkwlist, *dir(builtins)}
)


@dataclass(frozen=True)
class Program:
    """The parts that differ from library to library, as Python text.

    needs: what to install, in words. imports: lines. network: the definition. answer: the body of `predict` from
    `x`, the prepared rows, to `y`: probabilities (rows, classes) or values (rows, 1) as a NumPy array.
    """

    needs: str
    imports: str
    network: str
    answer: str


def program(model: TrainedModel, parts: Program, *, files: str) -> str:
    """The text of model.py."""
    if model.preparation.image is not None:
        from core.export.python_images import image_program  # it needs what stands here

        return image_program(model, model.preparation.image, parts, files=files)
    features = model.preparation.features
    return _PROGRAM.substitute(
        answer_texts(model, "tells {}"),
        name=plain(model.name) or "A network",
        version=__version__,
        needs=parts.needs,
        files=files,
        example=_example(model.preparation),
        imports=parts.imports.strip(),
        constants=_constants(model.preparation),
        standard=columns.imports(features),
        functions=columns.functions(features),
        numbers=columns.numbers_of_csv(features),
        network=parts.network.strip(),
        answer=indented(parts.answer),
    )


def answer_texts(model: TrainedModel, what: str) -> dict[str, str]:
    """What differs with the target: `what` it tells, the results of `predict`, a header and a line of the answers.

    what: with {} for the name of the target.
    """
    target = model.preparation.target
    said = what.format(plain(target.name))
    if isinstance(target, NumberTarget):
        return {"what": said, "results": "(values, the same as an array: (rows, 1))", "header": "[TARGET]",
                "line": "[answer]"}  # fmt: skip
    found = {"header": '[TARGET, *(f"p({name})" for name in CLASSES)]'}
    if isinstance(target, ClassTarget):
        return found | {
            "what": f"{said} ({len(target.classes)} classes)",
            "results": "(labels, probabilities: (rows, classes))",
            "line": "[answer, *map(float, y[i])]",
        }
    return found | {
        "what": f"{said} ({len(target.classes)} labels, any number of them a row)",
        "results": "(lists of labels, probabilities: (rows, labels))",
        "line": "[SEPARATOR.join(answer), *map(float, y[i])]",
    }


def variables(network: NetworkSpec) -> dict[str, str]:
    """A Python name for every layer, by id, close to the name that people gave it; "ID/dropout" for its own dropout."""
    found: dict[str, str] = {}
    for i, spec in enumerate(network.layers):
        stem = re.sub(r"[^a-z0-9]+", "_", spec.name.lower()).strip("_")
        stem = stem if stem.isidentifier() else f"layer_{stem or i}"
        found[spec.id] = _unused(stem, {*NAMES_IN_USE, *found.values()})
        own = f"{found[spec.id]}_dropout"
        found[f"{spec.id}/dropout"] = _unused(own, {*NAMES_IN_USE, *found.values()})
    return found


def _unused(stem: str, taken: Collection[str]) -> str:
    candidates = (stem, f"{stem}_layer", *(f"{stem}_{i}" for i in range(2, len(taken) + 3)))
    return next(name for name in candidates if name not in taken)


def _example(preparation: Preparation) -> str:
    """One or two cells of a row, for the docstring."""
    shown = (f'"{plain(f.name)}": {_cell(f)}' for f in preparation.features[:2])
    return f"{{{', '.join(shown)}{', ...' if len(preparation.features) > 2 else ''}}}"


def _cell(feature: Feature) -> str:
    if isinstance(feature, NumberFeature):
        return f"{feature.typical:.4g}"
    if isinstance(feature, DateFeature):
        return f'"{dates.written(feature.fill)}"'
    return f'"{plain(feature.fill)}"' if isinstance(feature, CategoryFeature) else '"some words"'


def target_constants(preparation: Preparation) -> list[str]:
    """Lines that say what is told."""
    target = preparation.target
    lines = [f"TARGET = {literal(target.name)}"]
    if isinstance(target, NumberTarget):
        lines += ["# The network answers in standard deviations around the mean of the target.",
                  f"MEAN, SCALE = {target.mean!r}, {target.scale!r}"]  # fmt: skip
        return lines
    lines += [f"CLASSES = {literal(target.classes)}"]
    if isinstance(target, LabelsTarget):
        lines += ["# A row has every label whose probability is at least 0.5.",
                  f"SEPARATOR = {literal(separator_of(target))}"]  # fmt: skip
    return lines


def _constants(preparation: Preparation) -> str:
    lines = target_constants(preparation)
    return "\n".join([*lines, "", *columns.constants(preparation.features)])


def indented(text: str) -> str:
    """As the body of a function."""
    return "\n".join(f"    {line}" if line else line for line in text.strip().splitlines())


_PROGRAM = Template('''\
"""$name: $what. Written by Chainrule $version.

From the command line, for every row of a CSV file:   python model.py data.csv > answers.csv
From Python, for rows as dictionaries:                from model import predict
                                                      answers, y = predict([$example])

Needs $needs, and $files in the same folder.
"""

$standard

$imports

HERE = Path(__file__).parent

$constants


$functions


$network


def predict(rows):
    """Rows as {column: cell} → $results. A column left out counts as missing."""
    x = prepare(rows)
$answer


def main(path):
    """Print the answers for the rows of a CSV file as CSV."""
    with open(path, newline="", encoding="utf-8-sig") as file:
        delimiter = max(",;\\t", key=file.readline().count)
        file.seek(0)
        rows = list(csv.DictReader(file, delimiter=delimiter))
    if delimiter == ";":  # such files write 1.5 as 1,5
        numbers = [column for column, how in COLUMNS.items() if $numbers]
        rows = [row | {c: row[c].replace(",", ".") for c in numbers if row.get(c)} for row in rows]
    absent = [column for column in COLUMNS if rows and column not in rows[0]]
    if absent:
        sys.exit(f"{path} has no column {absent[0]!r}.")
    answers, y = predict(rows) if rows else ([], [])
    sys.stdout.reconfigure(encoding="utf-8", newline="")
    out = csv.writer(sys.stdout, lineterminator="\\n")
    out.writerow($header)
    for i, answer in enumerate(answers):
        out.writerow($line)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("Usage: python model.py data.csv")
    main(sys.argv[1])
''')
