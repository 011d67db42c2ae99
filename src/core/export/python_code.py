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
from core.data import cells
from core.data.preprocess import CategoryFeature, ClassTarget, NumberFeature, NumberTarget, Preparation
from core.export.base import classes_of
from core.model import TrainedModel
from core.spec import NetworkSpec

# Names that the programs use themselves, and attributes that an nn.Module has already, in PyTorch and in MLX.
_OWN_NAMES = """
annotations attend average cells column convolve1d convolve2d csv elu embed_columns gelu group_standardized gru_cell label
leaky_relu look_up lstm_cell main math model mx network nn np number p positions predict prepare present recurrent
relu run run_gru run_lstm run_simple_rnn self self_attention sigmoid silu softmax softplus standardized sys tanh torch
w weights windows x y yes z
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
    target = model.preparation.target
    is_class = isinstance(target, ClassTarget)
    return _PROGRAM.substitute(
        name=plain(model.name) or "A network",
        what=f"tells {plain(target.name)}" + (f" ({len(classes_of(model))} classes)" if is_class else ""),
        version=__version__,
        needs=parts.needs,
        files=files,
        example=_example(model.preparation),
        imports=parts.imports.strip(),
        constants=_constants(model.preparation),
        label=_label_code(model.preparation),
        log=_LOG if any(isinstance(f, NumberFeature) and f.log for f in model.preparation.features) else "",
        network=parts.network.strip(),
        answer=indented(parts.answer),
        results=_CLASS_RESULTS if is_class else _NUMBER_RESULTS,
        header='[TARGET, *(f"p({name})" for name in CLASSES)]' if is_class else "[TARGET]",
        line="[answer, *map(float, y[i])]" if is_class else "[answer]",
    )


def plain(text: str) -> str:
    """Text from the user's data made harmless inside a docstring: no quotes, backslashes or invisible characters."""
    return "".join(c if c.isprintable() and c not in '"\\' else " " for c in text)


def literal(value: object) -> str:
    """A Python literal with double quotes where it can; invisible characters are always escaped."""
    if isinstance(value, str) and value.isprintable() and "\\" not in value and '"' not in value:
        return f'"{value}"'
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(map(literal, value))}]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{literal(k)}: {literal(v)}" for k, v in value.items()) + "}"
    return repr(value)


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
    cells = (
        f'"{plain(f.name)}": {f.typical:.4g}'
        if isinstance(f, NumberFeature)
        else f'"{plain(f.name)}": "{plain(f.fill)}"'
        for f in preparation.features[:2]
    )
    return f"{{{', '.join(cells)}{', ...' if len(preparation.features) > 2 else ''}}}"


def target_constants(preparation: Preparation) -> list[str]:
    """Lines that say what is told."""
    target = preparation.target
    lines = [f"TARGET = {literal(target.name)}"]
    if isinstance(target, NumberTarget):
        lines += ["# The network answers in standard deviations around the mean of the target.",
                  f"MEAN, SCALE = {target.mean!r}, {target.scale!r}"]  # fmt: skip
    else:
        lines += [f"CLASSES = {literal(target.classes)}"]
    return lines


def _constants(preparation: Preparation) -> str:
    lines = target_constants(preparation)
    lines += ["", "# The columns that the network takes. A missing cell counts as `fill`.", "COLUMNS = {"]
    for f in preparation.features:
        how = (
            {"fill": f.fill, "mean": f.mean, "scale": f.scale, **({"log": True} if f.log else {})}
            if isinstance(f, NumberFeature)
            else {"fill": f.fill, "labels": list(f.categories)}
        )
        lines.append(f"    {literal(f.name)}: {literal(how)},")
    return "\n".join([*lines, "}", f"MISSING = {literal(sorted(cells.MISSING))}"])


def _label_code(preparation: Preparation) -> str:
    categories = [f for f in preparation.features if isinstance(f, CategoryFeature)]
    if not categories:
        return ""
    numeric = any(cells.number(label) is not None for f in categories for label in f.categories)
    return _LABEL.substitute(rest=_NUMBER_AS_LABEL if numeric else "    return text")


def indented(text: str) -> str:
    """As the body of a function."""
    return "\n".join(f"    {line}" if line else line for line in text.strip().splitlines())


_LABEL = Template('''

def label(cell, labels, fill):
    """The label in a cell, written as in training; `fill` where it is missing. It may be an unknown one."""
    text = "" if cell is None else str(cell).strip()
    if text in labels:
        return text
    if text in MISSING:
        return fill
$rest
''')

_NUMBER_AS_LABEL = '''    value = number(text)
    if math.isnan(value):
        return text
    return str(int(value)) if value == int(value) and abs(value) < 1e15 else repr(value)  # 3.0 is the label "3"'''

_LOG = """            if "log" in how:
                values = np.log1p(np.maximum(values, 0.0))
"""

_CLASS_RESULTS = (
    '''"""Rows as {column: cell} → (labels, probabilities: (rows, classes)). A column left out counts as missing."""'''
)
_NUMBER_RESULTS = (
    '''"""Rows as {column: cell} → (values, the same as an array: (rows, 1)). A column left out counts as missing."""'''
)

_PROGRAM = Template('''\
"""$name: $what. Written by Chainrule $version.

From the command line, for every row of a CSV file:   python model.py data.csv > answers.csv
From Python, for rows as dictionaries:                from model import predict
                                                      answers, y = predict([$example])

Needs $needs, and $files in the same folder.
"""

import csv
import math
import sys
from pathlib import Path

$imports

HERE = Path(__file__).parent

$constants


def number(cell):
    """The number in a cell; NaN where it is missing or no number."""
    text = str(cell)
    try:
        value = math.nan if "_" in text else float(text)
    except ValueError:
        return math.nan
    return value if math.isfinite(value) else math.nan
$label

def prepare(rows):
    """Rows as {column: cell} → x: (rows, values), as the network met them in training."""
    parts = []
    for column, how in COLUMNS.items():
        cells = [row.get(column) for row in rows]
        if "labels" in how:
            labels = [label(cell, how["labels"], how["fill"]) for cell in cells]
            parts.append(np.array([[name == known for known in how["labels"]] for name in labels], float))
        else:
            values = np.array([number(cell) for cell in cells])
            values[np.isnan(values)] = how["fill"]
$log            parts.append((values[:, None] - how["mean"]) / how["scale"])
    return np.concatenate(parts, axis=1).astype(np.float32)


$network


def predict(rows):
    $results
    x = prepare(rows)
$answer


def main(path):
    """Print the answers for the rows of a CSV file as CSV."""
    with open(path, newline="", encoding="utf-8-sig") as file:
        delimiter = max(",;\\t", key=file.readline().count)
        file.seek(0)
        rows = list(csv.DictReader(file, delimiter=delimiter))
    if delimiter == ";":  # such files write 1.5 as 1,5
        numbers = [column for column, how in COLUMNS.items() if "mean" in how]
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
