"""What the sub-commands do: each takes the parsed options and returns (answer as plain data, answer in words)."""

from core.commands.inspecting import inspect, profile_json
from core.commands.trained import check_gradients, evaluate, export, predict, predictions_json
from core.commands.training import train

__all__ = ["check_gradients", "evaluate", "export", "inspect", "predict", "predictions_json", "profile_json", "train"]
