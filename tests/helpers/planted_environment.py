"""An environment in which every file that Python runs at its start would leave a mark."""

import os
import shutil
import subprocess
import sys

from built import built
from sites import Site

_WRITE = "import pathlib; pathlib.Path({mark!r}).touch()\n"


class Planted:
    """A virtual environment, a user's site-packages and a folder of PYTHONPATH with such files.

    Attributes:
        folder: of the environment.
        python: its interpreter.
        variables: what brings in the other two, and a start-up script.
    """

    def __init__(self, path, *, sees_base=True):
        self.folder = path / "planted"
        self.python = self.folder / "bin" / "python"
        self._marks = path / "marks"
        self._marks.mkdir()
        more = ["--system-site-packages"] if sees_base else []
        make = [sys.executable, "-I", "-S", "-m", "venv", "--without-pip", *more]
        made = built(make, lambda folder: subprocess.run([*make, str(folder)], check=True))
        shutil.copytree(made, self.folder, symlinks=True)
        library = "lib/python{}.{}/site-packages".format(*sys.version_info[:2])
        self.site = Site(self.folder / library)
        self.site.install("foo", "1.0")
        for name, place in {"site": self.site.path, "user": path / "base" / library, "path": path / "path"}.items():
            place.mkdir(parents=True, exist_ok=True)
            (place / "mark.pth").write_text(self.code(f"{name}-pth"))
            (place / "sitecustomize.py").write_text(self.code(f"{name}-sitecustomize"))
            (place / "usercustomize.py").write_text(self.code(f"{name}-usercustomize"))
        (path / "startup.py").write_text(self.code("startup"))
        self.variables = {
            "PYTHONPATH": str(path / "path"),
            "PYTHONUSERBASE": str(path / "base"),
            "PYTHONSTARTUP": str(path / "startup.py"),
            "VIRTUAL_ENV": str(self.folder),
            "PATH": os.pathsep.join([str(self.python.parent), os.environ["PATH"]]),
        }

    def marks(self):
        """Which of the files ran."""
        return sorted(one.name for one in self._marks.iterdir())

    def code(self, name):
        """What leaves a mark."""
        return _WRITE.format(mark=str(self._marks / name))
