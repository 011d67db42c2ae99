"""What the trained network is worth on rows it never saw, and its answers for new ones."""
