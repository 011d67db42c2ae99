"""The inspector: what is selected, in words, fields and live pictures."""
