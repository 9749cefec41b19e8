"""Compilers: one folder is one family of targets, with all that is known of it; the registry finds each COMPILER."""
