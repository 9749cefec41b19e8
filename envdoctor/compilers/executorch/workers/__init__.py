"""What runs in a stage's own process, under the Python of its environment; it may import envdoctor.stages.workers."""
