"""What the exported Python programs write for a kind of layer, in NumPy, PyTorch and MLX."""
