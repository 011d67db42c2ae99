"""Chainrule without its window: networks, backpropagation, training, data, evaluation and export. Never imports Qt."""

from core.kernels import choose_kernels

__version__ = "0.1.0"

choose_kernels()
