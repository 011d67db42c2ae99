"""Chainrule without its window: networks, backpropagation, training, data, evaluation and export. Never imports Qt."""

__version__ = "0.1.0"
