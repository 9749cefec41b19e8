"""The values that everything else passes around. Nothing here does I/O."""
