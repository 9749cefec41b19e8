"""What is inside a wheel: names, metadata, native libraries and what they need, without fetching all of it."""
