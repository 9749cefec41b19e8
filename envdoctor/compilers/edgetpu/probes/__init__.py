"""The probes that ask about the Edge TPU compiler."""
