"""LiteRT: int8 .tflite files, by the LiteRT quantizer or TensorFlow's converter."""
