"""envdoctor: why an edge-ML toolchain does not work here, the proof, the fix, and another route."""

__version__ = "0.1.0"
