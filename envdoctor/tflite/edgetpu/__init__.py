"""What edgetpu_compiler will do with a model: which operators it maps, which stay on the CPU, and why."""
