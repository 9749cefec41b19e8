"""Small fail-closed readers of native libraries (ELF, Mach-O, PE), and the searches of the platforms' loaders."""
