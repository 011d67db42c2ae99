"""Test metrics and predictions."""
