"""TensorFlow Lite models: what a file holds, and what can be judged from it without TensorFlow."""
