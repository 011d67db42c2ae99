"""The engine and jobs processes and their clients."""
