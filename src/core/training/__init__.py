"""The training loop, its thread, its snapshots and checkpoints."""
