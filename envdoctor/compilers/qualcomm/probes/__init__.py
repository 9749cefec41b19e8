"""The probes that ask about onnxruntime-qnn."""
