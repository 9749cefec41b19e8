"""QEMU user mode and binfmt_misc: what a kernel starts, by which emulator, and what stands in the way."""
