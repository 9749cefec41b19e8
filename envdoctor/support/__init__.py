"""Functions without a home of their own, for any room: text, hashing, redaction, names, bounded readers."""
