"""NumPy and MLX behind one interface."""
