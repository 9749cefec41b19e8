"""The use cases: one module a command, each a function from plain values to a report."""
