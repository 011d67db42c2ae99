"""The matrix products of a step and nothing else, in NumPy: what is left when all the rest is free."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import threadpoolctl
from peers.workloads import Product, Workload


def build(workload: Workload, variant: str) -> tuple[Callable[[], float], int, str]:
    """(step, parameters, version); the products have no loss, so a step answers 0."""
    calls = [call for product in workload.products for call in _calls(product)]

    def step() -> float:
        for left, right, out in calls:
            np.matmul(left, right, out=out)
        return 0.0

    return step, workload.parameters, f"{np.__version__} ({_kernels()})"


def _kernels() -> str:
    """Which library multiplies, and for which family of processors."""
    libraries = [info for info in threadpoolctl.threadpool_info() if info["user_api"] == "blas"]
    return ", ".join(f"{info['internal_api']}, {info.get('architecture', 'own')} kernels" for info in libraries)


def _calls(of: Product) -> list[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    rng = np.random.default_rng(3)
    lead = (of.batch,) if of.batch > 1 else ()

    def drawn(*shape: int) -> np.ndarray:
        return rng.normal(size=(*lead, *shape)).astype(np.float32)

    x, W, dy = drawn(of.m, of.k), drawn(of.k, of.n), drawn(of.m, of.n)
    products = {
        "y": (x, W, drawn(of.m, of.n)),
        "dW": (np.swapaxes(x, -1, -2), dy, drawn(of.k, of.n)),
        "dx": (dy, np.swapaxes(W, -1, -2), drawn(of.m, of.k)),
    }
    return [products[part] for part in of.parts] * of.repeat
