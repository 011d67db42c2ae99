"""The command line: `chainrule` opens the window, its sub-commands run headless.

Progress goes to stderr, the answer to stdout: words, or one JSON object with --json. Exit code 0 done, 2 refused input,
1 a defect of ours.
"""

from __future__ import annotations

import argparse
import io
import json
import math
import multiprocessing
import os
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from core import __version__, commands
from core.commands import columns
from core.console import end_progress
from core.data.augmentation import Augmentation
from core.data.together import WAYS
from core.errors import UserInputError
from core.optimizers import OPTIMIZERS
from core.schedules import SCHEDULES
from core.spec import TrainingConfig
from core.values import hypers

DATA_HELP = "a file, sample:NAME, or generator:NAME such as 'generator:moons?rows=400&noise=0.1'"
COMMANDS = ("inspect", "train", "evaluate", "predict", "export", "check-gradients")


def main(argv: Sequence[str] | None = None) -> int:
    """Run the program with these arguments (default: the process's); returns the exit code."""
    multiprocessing.freeze_support()
    arguments = list(sys.argv[1:] if argv is None else argv)
    if any(word in COMMANDS or word in ("-h", "--help", "--version") for word in arguments[:1]):
        return headless(arguments)
    if arguments and arguments[0].isidentifier() and not Path(arguments[0]).exists():
        # A mistyped command would open a window, or fail for want of a screen.
        print(f"chainrule: {arguments[0]!r} is neither a command ({', '.join(COMMANDS)}) nor a file.", file=sys.stderr)
        return 2
    from app.main import run  # Qt is loaded for the window only

    return run(arguments)


def headless(arguments: Sequence[str]) -> int:
    """Run one sub-command; refusals become one message on stderr."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a name that this terminal cannot write must not end the program
            stream.reconfigure(errors="backslashreplace")
    options = parser().parse_args(arguments)
    try:
        answer, words = options.command(options)
        end_progress()
        _print(json.dumps(_finite(answer), allow_nan=False) if options.json else words)
    except UserInputError as err:
        return _fail(2, str(err))
    except MemoryError:
        return _fail(2, "There is not enough memory for this. Close other programs or use less data.")
    except KeyboardInterrupt:
        return _fail(130, "interrupted")
    except Exception:
        code = _fail(1, "this is a defect of the program, not of your input:")
        traceback.print_exc()
        return code
    failed = isinstance(answer, list) and not all(entry.get("passed", True) for entry in answer)
    return 1 if failed else 0


def _fail(code: int, why: str) -> int:
    end_progress()
    print(f"chainrule: {why}", file=sys.stderr)
    return code


def _print(text: str) -> None:
    try:
        print(text, flush=True)
    except BrokenPipeError:  # the reader, `head` say, had enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _finite(answer: Any) -> Any:
    """Plain data with null for infinity and what is no number, which JSON does not know."""
    if isinstance(answer, dict):
        return {name: _finite(value) for name, value in answer.items()}
    if isinstance(answer, (list, tuple)):
        return [_finite(value) for value in answer]
    return None if isinstance(answer, float) and not math.isfinite(answer) else answer


def parser() -> argparse.ArgumentParser:
    """The whole grammar of the command line."""
    top = argparse.ArgumentParser(
        prog="chainrule",
        description="See backpropagation happen and train real networks. Without a command the window opens; files "
        "given instead of a command are opened in it.",
    )
    top.add_argument("--version", action="version", version=f"chainrule {__version__}")
    commands_ = top.add_subparsers(required=True, metavar="COMMAND")

    def command(name: str, run: Any, help: str) -> argparse.ArgumentParser:
        sub = commands_.add_parser(name, help=help, description=help)
        sub.add_argument("--json", action="store_true", help="print one JSON object on stdout")
        sub.set_defaults(command=run)
        return sub

    inspect = command("inspect", commands.inspect, "Say what is in a data file.")
    inspect.add_argument("data", metavar="DATA", help=DATA_HELP)
    _target(inspect, "the column to predict")
    _reading(inspect)
    _train(command("train", commands.train, "Train a network on data, or the network of a project."))
    evaluate = command("evaluate", commands.evaluate, "Measure a trained project on its test rows or on other data.")
    evaluate.add_argument("project", metavar="PROJECT")
    evaluate.add_argument("--data", metavar="DATA", help="a file with the same columns, target included")
    _reading(evaluate)
    predict = command("predict", commands.predict, "Answer for the rows of a file.")
    predict.add_argument("project", metavar="PROJECT")
    predict.add_argument("data", metavar="DATA")
    predict.add_argument("--out", metavar="FILE.csv", help="write a CSV file instead of printing")
    _reading(predict)
    export = command("export", commands.export, "Write the trained network as a file and prove that it answers alike.")
    export.add_argument("project", metavar="PROJECT")
    export.add_argument(
        "--format", required=True, metavar="FORMAT", help="onnx, safetensors, mlx, pytorch, numpy, coreml"
    )
    export.add_argument("--out", metavar="PATH", help="default: beside the project, named after it")
    check = command("check-gradients", commands.check_gradients, "Compare every gradient with central differences.")
    check.add_argument("project", metavar="PROJECT", nargs="?", help="also check this project's whole network")
    return top


def _rate(text: str) -> float | str:
    return text if text == "auto" else float(text)


def _reading(sub: argparse.ArgumentParser) -> None:
    """How a data file is read where the guess is wrong."""
    add = sub.add_argument
    also = "a file that belongs to DATA, e.g. test.csv to train.csv, y.npy to X.npy; may be told more than once"
    add("--also", metavar="FILE", action="append", help=also)
    together = "how these files make one table: train and test, side by side, one below the other (default: found out)"
    add("--together", dest="joined", choices=WAYS, default="", help=together)
    add("--as", dest="shape", choices=("images", "table"), default="", help="what an array is read as, if not as found")
    add("--part", metavar="NAME", default="", help="the sheet, table, array or member of the file")
    add("--encoding", metavar="NAME", default="", help="of a text file, e.g. UTF-8, Shift-JIS")
    add("--delimiter", metavar="X", default="", help="between the cells of a text file; tab for a tab")
    add("--header", dest="header", action="store_const", const="yes", default="", help="the first row has the names")
    add("--no-header", dest="header", action="store_const", const="no", help="the first row is a row like the others")
    add("--decimal-comma", dest="decimal", action="store_const", const=",", default="", help="1,5 is a number")


def _target(sub: argparse.ArgumentParser, help: str) -> None:
    """What is to be predicted."""
    add = sub.add_argument
    add(
        "--target", metavar="NAME", action="append",
        help=f"{help}; told more than once: columns of yes and no, each the label that it is called after",
    )  # fmt: skip
    add(
        "--task", choices=("auto", "classification", "regression", "labels"), default="auto",
        help="labels: any number of labels a row",
    )  # fmt: skip
    add("--separator", metavar="X", default="", help="what joins several labels in a cell (default: guessed)")


def _train(sub: argparse.ArgumentParser) -> None:
    _reading(sub)
    add = sub.add_argument
    add("data", metavar="DATA|PROJECT", help=DATA_HELP)
    _target(sub, "the column to predict (default: guessed, and said)")
    shape = sub.add_mutually_exclusive_group()
    shape.add_argument("--hidden", metavar="64,32", help="widths of the hidden layers")
    shape.add_argument("--network", metavar="NETWORK.json", help="a network as JSON, as in a project's project.json")
    add("--activation", metavar="NAME", help="of the hidden layers, e.g. relu")
    add("--epochs", type=int, metavar="N")
    add("--batch-size", metavar="N|full")
    add("--optimizer", metavar="NAME", help=", ".join(OPTIMIZERS))
    add("--loss", metavar="NAME", help=", ".join(kind for kind, _ in TrainingConfig.LOSSES))
    add("--label-smoothing", type=float, metavar="X")
    add("--class-weights", choices=("equal", "balanced"))
    add("--clip-norm", type=float, metavar="X", help="the longest gradient; 0: any")
    add("--clip-value", type=float, metavar="X", help="the largest entry of the gradient; 0: any")
    add("--learning-rate", type=_rate, metavar="X|auto", help="auto: found by a range test before training")
    add("--schedule", metavar="NAME", help="of the learning rate: " + ", ".join(SCHEDULES))
    add("--l1", type=float, metavar="X")
    add("--l2", type=float, metavar="X")
    add("--dropout", type=float, metavar="X")
    add("--validation", type=float, metavar="0.2", help="share of the rows")
    add("--test", type=float, metavar="0.2", help="share of the rows")
    add(
        "--split", metavar="stratified|quantile|random|group:NAME|time:NAME|column:NAME", help="which rows make the "
        "parts: by class, by tenths of a number, at random, whole groups, the latest last, or as a column says (train, "
        "validation, test)",
    )  # fmt: skip
    add("--folds", type=int, metavar="K", help="cross-validate first: K runs, each validated on its own part")
    add("--exclude", metavar="NAME", action="append", help="leave this column out; may be told more than once")
    add("--log", metavar="NAME", action="append", help="use log(1 + x) of this column; may be told more than once")
    columns.add_to(sub)
    add("--drop-duplicates", action="store_true", help="of rows that are alike cell by cell, use only the first")
    add("--image-size", metavar="N|WxH", help="pixels of the images that the network gets (default: guessed)")
    add("--channels", choices=("grey", "rgb"), help="of the images (default: guessed)")
    add("--augment", metavar="WHAT=X,...", help="vary the training rows: " + ", ".join(hypers(Augmentation)))
    add("--early-stopping", type=int, metavar="N", help="epochs without a better validation loss; 0: never")
    add("--seed", type=int, metavar="N")
    add("--backend", choices=("auto", "numpy", "mlx"))
    add("--out", metavar="FILE.chainrule", help="save the trained project")


if __name__ == "__main__":
    sys.exit(main())
