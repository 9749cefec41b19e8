"""A stand-in for rknn-toolkit2, for tests alone: its steps return and print what a test tells, and compile nothing."""
