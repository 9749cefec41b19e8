"""Probes: one module is one probe is one question; each judges facts and touches nothing."""
