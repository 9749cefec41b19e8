"""The probes that ask about ExecuTorch."""
