"""What the stages of compilers and of the pipeline share: their processes, their problems, and common gates."""
