"""Mending a user's environment: the only code that changes one, and only when asked."""
