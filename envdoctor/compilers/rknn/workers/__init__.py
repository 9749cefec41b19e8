"""Tasks of this compiler, run in its own environment; see envdoctor/stages/workers."""
