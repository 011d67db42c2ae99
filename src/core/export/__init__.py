"""One file an export format, and the receipt."""
