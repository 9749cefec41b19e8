"""The probes that ask about Vela."""
