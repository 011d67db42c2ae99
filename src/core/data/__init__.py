"""Data: readers, profiles, preparation, splits, generators."""
