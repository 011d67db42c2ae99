"""The time of one training step (forward, loss, backward, Adam) of Chainrule and of other libraries, side by side.

    python tests/benchmarks/step_time.py [--only WORKLOAD ...] [--quick] [--json] [--write]

Every library runs in a process of its own with as many threads as there are cores; they take turns, one block of steps
each, over several rounds, so that whatever else happens on the machine happens to all. A block during which others used
the processor is repeated, as long as patience lasts. A figure is the median of the rounds. All start from the same
weights on the same batch: numbers of parameters and the losses of the first steps are compared before anything is
timed. Libraries that are not installed are said to be so.

--write puts the tables into docs/benchmarks.md. Exit code 1 where a peer computes something else than we do.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import time
from dataclasses import asdict, dataclass

from peers import report
from peers.worker import Block, Peer, Ready
from peers.workloads import WORKLOADS

from core.backend.choose import usable_cores

ROUNDS, QUICK_ROUNDS = 7, 5
QUIET = 0.15  # cores that others may use during a block; the clock of this measure ticks a hundred times a second
PATIENCE = 60.0  # seconds that may go into repeating blocks, for each workload
PAUSE = 0.03  # seconds before a turn, in which the threads of the one before fall asleep
LOSS_TOLERANCE = 1e-3  # relative, of the losses of the first steps
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")

# Key: (module in peers, variant, name).
PEERS: dict[str, tuple[str, str, str]] = {
    "floor": ("floor", "", "Matrix products alone"),
    "numpy": ("ours", "numpy", "Chainrule, NumPy"),
    "mlx": ("ours", "mlx", "Chainrule, MLX"),
    "pytorch": ("pytorch", "eager", "PyTorch"),
    "pytorch_fused": ("pytorch", "fused", "PyTorch, fused Adam"),
    "pytorch_channels_last": ("pytorch", "channels_last", "PyTorch, channels last"),
    "pytorch_compiled": ("pytorch", "compiled", "PyTorch, torch.compile"),
    "scikit_learn": ("scikit_learn", "", "scikit-learn"),
    "jax": ("jax_numpy", "", "JAX, jit"),
    "mlx_nn": ("mlx_nn", "", "mlx.nn, compiled"),
}
SLOW_TO_BUILD = ("pytorch_compiled",)


@dataclass(frozen=True)
class Result:
    """One peer on one workload. seconds: of a step, one for every round; none where `ready` says why not.

    disturbed: rounds in which others used the processor.
    """

    peer: str
    ready: Ready
    seconds: tuple[float, ...] = ()
    disturbed: int = 0

    @property
    def median(self) -> float:
        return statistics.median(self.seconds)


def measured(workload: str, peers: dict[str, Peer], rounds: int) -> dict[str, Result]:
    ready = {}
    for key, peer in peers.items():
        ready[key] = peer.build(workload)
        print(f"  {PEERS[key][2]}: {ready[key].why or 'ready'}", file=sys.stderr)
    able = [key for key, answer in ready.items() if not answer.why]
    blocks: dict[str, list[Block]] = {key: [] for key in peers}
    patience = PATIENCE
    for turn in range(rounds):
        for key in able[turn % len(able) :] + able[: turn % len(able)]:  # nobody always follows the same neighbour
            began = time.monotonic()
            found = [_block(peers[key])]
            while found[-1].others > QUIET and time.monotonic() - began < patience:
                found.append(_block(peers[key]))
            blocks[key].append(min(found, key=lambda block: block.others))
            patience -= time.monotonic() - began if len(found) > 1 else 0.0
    return {
        key: Result(key, ready[key], tuple(b.seconds for b in found), sum(b.others > QUIET for b in found))
        for key, found in blocks.items()
    }


def _block(peer: Peer) -> Block:
    time.sleep(PAUSE)
    return peer.measure()


def differences(workload: str, results: dict[str, Result]) -> list[str]:
    """In words: who does not do the same work as we."""
    wanted, found = WORKLOADS[workload], []
    ours = results["numpy"].ready
    for key, result in results.items():
        ready, name = result.ready, PEERS[key][2]
        if ready.why or key == "floor":
            continue
        if ready.parameters != wanted.parameters:
            found.append(f"{workload}: {name} has {ready.parameters:,} parameters, not {wanted.parameters:,}")
        # With two classes scikit-learn learns another function of the same outputs: only its first loss is the same.
        steps = 1 if key == "scikit_learn" and wanted.classes == 2 else None
        for a, b in zip(ready.losses[:steps], ours.losses[:steps], strict=False):
            if abs(a - b) > LOSS_TOLERANCE * abs(b):
                found.append(f"{workload}: {name} has losses {ready.losses}, not {ours.losses}")
                break
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", nargs="+", choices=WORKLOADS, default=list(WORKLOADS), metavar="WORKLOAD")
    parser.add_argument("--peers", nargs="+", choices=PEERS, default=list(PEERS), metavar="PEER")
    parser.add_argument("--quick", action="store_true", help=f"{QUICK_ROUNDS} rounds instead of {ROUNDS}")
    parser.add_argument("--json", action="store_true", help="print all figures as JSON")
    parser.add_argument("--write", action="store_true", help="put the tables into docs/benchmarks.md")
    arguments = parser.parse_args()
    cores = usable_cores()
    # Inherited by all.
    os.environ.update({name: str(cores) for name in THREADS})
    chosen = [key for key in PEERS if key in {*arguments.peers, "floor", "numpy"}]
    peers = {key: Peer(*PEERS[key][:2]) for key in chosen}
    results = {}
    for workload in arguments.only:
        print(workload, file=sys.stderr, flush=True)
        results[workload] = measured(workload, peers, QUICK_ROUNDS if arguments.quick else ROUNDS)
    for peer in peers.values():
        peer.close()
    if arguments.json:
        print(json.dumps({w: {k: asdict(r) for k, r in found.items()} for w, found in results.items()}, indent=1))
    names = {key: name for key, (_, _, name) in PEERS.items()}
    text = report.markdown(results, names, cores=cores)
    if arguments.write:
        report.write(text)
    elif not arguments.json:
        print(text)
    wrong = [line for workload, found in results.items() for line in differences(workload, found)]
    for line in wrong:
        print(line, file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
