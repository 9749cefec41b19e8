"""Which versions of a package exist, install and load on a target, and why the others do not."""
