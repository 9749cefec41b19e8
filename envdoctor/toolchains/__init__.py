"""Compilers that run outside Python: where they are, how they are started, what they say, how they are acquired."""
