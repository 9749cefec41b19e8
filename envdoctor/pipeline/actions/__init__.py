"""Actions: one module is one action, in a constant ACTION that the registry finds."""
