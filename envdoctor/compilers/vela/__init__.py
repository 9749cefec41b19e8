"""Arm Ethos-U, by Vela."""
