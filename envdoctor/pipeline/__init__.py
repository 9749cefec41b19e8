"""Run routes: stages in their own processes and environments, gates after them, falling back and resuming."""
