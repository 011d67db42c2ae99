"""Threads that compute side by side with NumPy, as many as BLAS may use: the window keeps a core to itself."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from typing import Any

import numpy as np
from threadpoolctl import ThreadpoolController

from core.backend.choose import usable_cores


class Workers:
    """threads: how many calls `side_by_side` computes at a time, the calling thread's own among them."""

    def __init__(self) -> None:
        self._blas = ThreadpoolController().select(user_api="blas")
        self.threads = min([usable_cores(), *(library["num_threads"] for library in self._blas.info())])
        self._pool: ThreadPoolExecutor | None = None

    def blas_alone(self) -> AbstractContextManager[Any]:
        """While it lasts, every thread's matrix products stay in that thread."""
        return self._blas.limit(limits=1)

    def side_by_side(self, calls: Sequence[Callable[[], Any]]) -> list[Any]:
        """What the calls give, in their order. What is not finite is found by the trainer and told in words."""
        if self.threads == 1 or len(calls) <= 1:
            return [call() for call in calls]
        if self._pool is None:
            self._pool = ThreadPoolExecutor(self.threads - 1, thread_name_prefix="core")
        results: list[Any] = [None] * len(calls)
        left = iter(range(len(calls)))  # shared: whoever is free takes the next, which `next` gives to one thread only

        def work() -> None:
            for i in left:
                results[i] = calls[i]()

        others = [self._pool.submit(_quietly, work) for _ in range(min(self.threads, len(calls)) - 1)]
        try:
            work()
        finally:
            for other in others:
                other.result()
        return results


def _quietly(call: Callable[[], Any]) -> Any:
    with np.errstate(all="ignore"):
        return call()
