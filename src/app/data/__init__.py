"""The data: where rows come from, what a table holds, what each column is for, and the split."""
