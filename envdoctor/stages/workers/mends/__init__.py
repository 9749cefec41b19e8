"""What can be mended in a .tflite file without the model that it was made from: one module is one mend.

A mend changes a graph and tells what it changed; whether the file still computes the same, `mend_proof` measures.
"""
