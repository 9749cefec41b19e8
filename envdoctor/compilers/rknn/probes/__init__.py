"""The probes that ask about rknn-toolkit2."""
