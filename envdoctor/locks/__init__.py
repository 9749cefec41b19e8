"""Locks: the choice of a sound set over several targets, and the formats that hold one."""
