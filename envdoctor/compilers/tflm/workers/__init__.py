"""What runs in a stage's own process, under the Python of its environment: nothing here imports envdoctor."""
