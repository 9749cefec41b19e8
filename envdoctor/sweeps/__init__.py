"""Many items, one judging function: pools, and the file that keeps what was found."""
