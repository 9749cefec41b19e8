"""The probes that ask about IREE."""
