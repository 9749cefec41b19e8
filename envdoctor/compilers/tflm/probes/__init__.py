"""The probes that ask about tflite-micro."""
