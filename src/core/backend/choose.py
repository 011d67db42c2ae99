"""Which backend computes, and why. MLX is probed in a child process: a broken build may raise anything or abort."""

from __future__ import annotations

import functools
import glob
import importlib.util
import json
import multiprocessing
import os
import platform
import sys
from dataclasses import dataclass
from multiprocessing.connection import Connection

import numpy as np

from core.errors import UserInputError

PROBE_SECONDS = 30.0


@dataclass(frozen=True)
class BackendInfo:
    """name "numpy" or "mlx"; device e.g. "Apple M3 Pro GPU", "2 CPU cores"; why: the reason for the choice."""

    name: str
    device: str
    why: str
    version: str = ""


def usable_cores() -> int:
    """Cores that this process may run on."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def choose(wanted: str) -> BackendInfo:
    """The backend for "auto", "numpy" or "mlx"; raises UserInputError where MLX is asked for and does not work."""
    if wanted == "numpy":
        return _numpy("NumPy was chosen.")
    if wanted == "mlx":
        found = probe()
        if found.name != "mlx":
            raise UserInputError(
                "MLX cannot be used here.", where="backend", reason=found.why, remedy="Use auto or numpy."
            )
        return BackendInfo("mlx", found.device, "MLX was chosen.", found.version)
    reason = _no_gpu()
    if reason:
        return _numpy(reason)
    found = probe()
    if found.name == "mlx" and "GPU" not in found.device:
        return _numpy("MLX found no GPU, and on a CPU NumPy is faster.")
    return found


def _numpy(why: str) -> BackendInfo:
    cores = usable_cores()
    return BackendInfo("numpy", f"{cores} CPU core{'s' if cores > 1 else ''}", why, np.__version__)


def _no_gpu() -> str:
    """Why MLX cannot have a GPU on this machine, or ""; looks without loading anything."""
    if importlib.util.find_spec("mlx") is None:
        return "MLX is not installed, so NumPy serves."
    if sys.platform == "darwin":
        return "" if platform.machine() == "arm64" else "MLX needs Apple silicon; on this Mac NumPy serves."
    if glob.glob("/dev/nvidia[0-9]*"):
        return ""
    return "No GPU that MLX can use; on a CPU NumPy is many times faster."


@functools.cache
def probe() -> BackendInfo:
    """What MLX says of itself in a child process; NumPy with the reason where it fails in any way."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe(duplex=False)
    child = context.Process(target=_probe_child, args=(theirs,), daemon=True)
    child.start()
    theirs.close()
    try:
        answer = ours.recv_bytes().decode() if ours.poll(PROBE_SECONDS) else ""
    except EOFError:  # it died without a word
        answer = ""
    child.join(1.0)
    if child.is_alive():
        child.kill()
    if not answer:
        code = child.exitcode
        return _numpy(f"MLX did not start (its process ended with {code}), so NumPy serves.")
    found = json.loads(answer)
    if "error" in found:
        return _numpy(f"MLX does not load here ({found['error']}), so NumPy serves.")
    why = "MLX found a GPU." if "GPU" in found["device"] else "MLX runs on the CPU here."
    return BackendInfo("mlx", found["device"], why, found["version"])


def _probe_child(pipe: Connection) -> None:
    try:
        import mlx.core as mx

        gpu = mx.metal.is_available() or getattr(getattr(mx, "cuda", None), "is_available", lambda: False)()
        x = mx.ones((8, 8)) @ mx.ones((8, 8))
        mx.eval(x)
        name = mx.device_info().get("device_name", "") if gpu else ""
        device = f"{name} GPU".strip() if gpu else f"{usable_cores()} CPU cores"
        answer = {"device": device, "version": getattr(mx, "__version__", "")}
    except BaseException as err:  # whatever a broken build raises becomes words
        answer = {"error": f"{type(err).__name__}: {err}"[:300]}
    pipe.send_bytes(json.dumps(answer).encode())
