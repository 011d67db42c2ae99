"""One training step of the same network in several libraries, for `step_time.py`.

Each module has `build(workload, variant)`, which makes the network of `workloads.py` from the very same weights and
returns it ready to step. A module may import its library only: every peer runs in a process of its own.
"""
