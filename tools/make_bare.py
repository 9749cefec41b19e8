"""Make a folder that stands for a machine with only what the README names: no ssh, no QEMU, no headers of Python.

`FOLDER/bin` is a PATH: links to the programs of Debian's essential packages and of those that the README names.
`FOLDER/venv` is this environment again, on a copy of its Python that has no headers beside it.
`FOLDER/tests.txt` names the tests concerned: those that start programs, or that ask for them by `needs`.

Usage: .venv/bin/python tools/make_bare.py FOLDER
"""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

_TESTS = Path(__file__).parents[1] / "tests"
_CONCERNED = re.compile(r"(needs|subprocess|envdoctor\.executors(\..+)?)")
_NAMED = re.compile(r"(python3|make|git|gcc|cpp|binutils|libc-dev-bin|ca-certificates|openssl|apt)(?![a-z])(?!-utils)")


def main() -> None:
    """Make the folder named on the command line anew."""
    folder = Path(sys.argv[1]).absolute()
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "bin").mkdir(parents=True)
    link_programs(folder / "bin")
    make_environment(folder)
    (folder / "tests.txt").write_text("".join(f"{path}\n" for path in concerned_tests()), encoding="utf-8")


def link_programs(target: Path) -> None:
    """Link what the packages bring, and the names that Debian's alternatives give to it (awk, cc)."""
    rows = _told("dpkg-query", "--show", "--showformat", "${Package}\t${Essential}\t${db:Status-Status}\n").splitlines()
    packages = [
        name
        for name, essential, status in (row.split("\t") for row in rows)
        if status == "installed" and (essential == "yes" or _NAMED.match(name))
    ]
    listed = [Path(line) for line in _told("dpkg-query", "--listfiles", *packages).splitlines()]
    programs = [path for path in listed if path.parent.name in {"bin", "sbin"} and path.is_file()]
    files = {path.resolve() for path in programs}
    for program in (*programs, *(path for path in Path("/etc/alternatives").iterdir() if path.resolve() in files)):
        if not (target / program.name).exists():
            (target / program.name).symlink_to(program)


def make_environment(folder: Path) -> None:
    """Copy the interpreter, since it looks for its library and its headers from where it lies; link the library."""
    python = folder / "python" / "bin" / "python3"
    python.parent.mkdir(parents=True)
    shutil.copy2(Path(sys.executable).resolve(), python)
    (folder / "python" / "lib").symlink_to(Path(sys.base_prefix) / "lib")
    subprocess.run([python, "-m", "venv", "--without-pip", folder / "venv"], check=True)
    site = next((folder / "venv").glob("lib/python*/site-packages"))
    library = Path(sysconfig.get_path("purelib"))
    (site / "0.pth").write_text(f"{library}\n", "utf-8")
    for more in library.glob("*.pth"):  # Python reads those of the first folder only
        shutil.copy2(more, site)


def concerned_tests() -> list[Path]:
    """The files of tests that reach, by themselves or through helpers, what starts programs or asks for them."""
    return [
        path
        for path in sorted(_TESTS.rglob("test_*.py"))
        if path.parent.name != "integration" and any(map(_CONCERNED.fullmatch, _imports(path, set())))
    ]


def _imports(path: Path, seen: set[str]) -> set[str]:
    """Add to `seen` the modules that a file imports, and those that the tests' helpers among them import."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom) and node.module:
            names = [node.module]
        for name in set(names) - seen:
            seen.add(name)
            helper = _TESTS / "helpers" / f"{name}.py"
            if helper.is_file():
                _imports(helper, seen)
    return seen


def _told(*argv: str) -> str:
    return subprocess.run(argv, check=True, capture_output=True, text=True).stdout


if __name__ == "__main__":
    main()
