"""Which kernels OpenBLAS, the library behind NumPy's matrix products, is to use. To be called before NumPy loads.

OpenBLAS chooses by the processor's model. Of AMD models newer than itself it knows nothing and takes its AVX2 kernels,
where those for AVX-512 are up to 1.7 times as fast (docs/decisions/0007). They are asked for here where the processor
says it has every instruction they use.
"""

from __future__ import annotations

import os

NEEDED = {"avx512f", "avx512cd", "avx512bw", "avx512dq", "avx512vl"}
NAME = "OPENBLAS_CORETYPE"


def choose_kernels(cpuinfo: str = "/proc/cpuinfo") -> None:
    """Set the variable that OpenBLAS looks at, unless the person has; on Linux alone, where the answer is a file."""
    if NAME in os.environ:
        return
    try:
        with open(cpuinfo, encoding="utf-8", errors="replace") as file:
            first = file.read(8192).partition("\n\n")[0]  # one processor: all of them are alike
    except OSError:
        return
    if wants_avx512(first):
        os.environ[NAME] = "SkylakeX"


def wants_avx512(processor: str) -> bool:
    """Whether this description of a processor is of an AMD model that can run the kernels for AVX-512."""
    facts = dict(line.split(":", 1) for line in processor.splitlines() if ":" in line)
    plain = {name.strip(): value.strip() for name, value in facts.items()}
    return plain.get("vendor_id") == "AuthenticAMD" and set(plain.get("flags", "").split()) >= NEEDED
