"""Writes envdoctor/data/standard_names.toml: the names in the modules of CPython's library, by version.

    python tools/make_standard_names.py PYTHON3.8 PYTHON3.9 ...

Each of the given interpreters is asked what its modules hold. Names of other systems, and of the version that comes
next, are those of typeshed's stubs, which mypy brings. A name counts as new in a version only if both agree on that: a
release that only mends may have it earlier.
"""

from __future__ import annotations

import ast
import functools
import json
import subprocess
import sys
from pathlib import Path

TARGET = Path(__file__).parents[1] / "envdoctor" / "data" / "standard_names.toml"
NEWEST = (3, 15)
HEADER = """\
# The names in the modules of CPython's standard library; `name<3.12` is gone since 3.12, `name>=3.11` new in 3.11.
# Source: dir() of each module of CPython {pythons} on Linux, and typeshed's stubs for
# other systems and 3.15; made by tools/make_standard_names.py. `*` stands for any name: the module answers for them by
# code (`__getattr__`). Names with two underscores at both ends are left out, and so are modules whose name begins with
# an underscore.
[names]
"""
#: What only some releases of a version have, those that distributions mended too; no version lacks it.
ALSO = {
    "email.generator": "NEWLINE_WITHOUT_FWSP_BYTES",
    "html.parser": "endtagopen",
    "pdb": "getsourcelines",
    "venv": "shlex",
    "zipfile": "re",
}
ASK = """
import importlib, json, pkgutil, sys, warnings
warnings.simplefilter("ignore")
SKIP = {"antigravity", "this", "idlelib", "turtledemo", "test", "tkinter", "turtle", "__main__", "lib2to3"}
found = {}
def look(name):
    try:
        module = importlib.import_module(name)
    except BaseException:
        return
    names = {each for each in (*dir(module), *getattr(module, "__all__", ())) if each[:2] + each[-2:] != "____"}
    if "__getattr__" in vars(module):
        names.add("*")
    for each in pkgutil.iter_modules(getattr(module, "__path__", ())):
        names.add(each.name)
        if each.name not in ("__main__", "tests", "test") and not name.startswith("encodings") and name != "ensurepip":
            look(name + "." + each.name)
    found[name] = sorted(names)
for name in sorted(set(json.load(sys.stdin)) - SKIP):
    if not name.startswith("_") or name == "__future__":
        look(name)
print(json.dumps({"version": sys.version_info[:2], "found": found}))
"""


def main(interpreters: list[str]) -> None:
    """Asks, and writes the table."""
    answers = sorted((_asked(each) for each in interpreters), key=lambda answer: answer["version"])
    stubs = Stubs()
    modules = sorted({name for answer in answers for name in answer["found"]})
    pythons = ", ".join(".".join(map(str, answer["version"])) for answer in answers)
    lines = [f'"{module}" = "{" ".join(_names(module, answers, stubs))}"\n' for module in modules]
    TARGET.write_text(HEADER.format(pythons=pythons) + "".join(lines), encoding="utf-8")


def _asked(interpreter: str) -> dict:
    import tomllib

    table = tomllib.loads((TARGET.parent / "python_modules.toml").read_text("utf-8"))
    modules = [*table["modules"], *table["added"], *table["removed"]]
    done = subprocess.run(
        [interpreter, "-I", "-c", ASK], input=json.dumps(modules), capture_output=True, text=True, check=True
    )
    return json.loads(done.stdout.splitlines()[-1])


def _names(module: str, answers: list[dict], stubs: Stubs) -> list[str]:
    versions = [tuple(answer["version"]) for answer in answers if module in answer["found"]]
    held = {tuple(answer["version"]): set(answer["found"].get(module, ())) for answer in answers}
    every = set().union(*held.values())
    found = []
    for name in sorted(every):
        have = [version for version in versions if name in held[version]]
        text = name
        if have[-1] != versions[-1] and not stubs.has(module, name, NEWEST):
            gone = versions[versions.index(have[-1]) + 1]
            text += f"<{gone[0]}.{gone[1]}"
        first = versions.index(have[0])
        if first and not any(stubs.has(module, name, version) for version in versions[:first]):
            text += f">={have[0][0]}.{have[0][1]}" if name == "*" or stubs.has(module, name, have[0]) else ""
        found.append(text)
    stubbed = sorted(name for name in stubs.ever(module) - every if not name.startswith("_"))
    also = ALSO.get(module)
    return [each for each in found + stubbed if each.partition("<")[0] != also] + ([also] if also else [])


class Stubs:
    """typeshed's stubs of the standard library."""

    def __init__(self) -> None:
        import mypy

        self._root = Path(mypy.__file__).parent / "typeshed" / "stdlib"
        self._known: dict = {}

    def has(self, module: str, name: str, version: tuple[int, int]) -> bool:
        """Whether a version has a name, on any system."""
        return name in self._of(module, version)

    def ever(self, module: str) -> set[str]:
        """The names that any version has, on any system."""
        return set().union(*(self._of(module, (3, minor)) for minor in range(8, NEWEST[1] + 1)))

    def _of(self, module: str, version: tuple[int, int]) -> set[str]:
        if (module, version) not in self._known:
            self._known[module, version] = set()  # for circles
            path = self._root.joinpath(*module.split("."))
            file = path / "__init__.pyi" if path.is_dir() else path.with_suffix(".pyi")
            below = {each.stem for each in path.glob("*.pyi")} | {each.name for each in path.glob("*") if each.is_dir()}
            names = {name for name in below if name != "__init__" and self._is_of(f"{module}.{name}", version)}
            if file.is_file():
                names |= self._bound(ast.parse(file.read_text("utf-8")).body, module, path.is_dir(), version)
            self._known[module, version] = names
        return self._known[module, version]

    @functools.cache  # noqa: B019 - one for the whole run
    def _is_of(self, module: str, version: tuple[int, int]) -> bool:
        """Whether a version has a module: VERSIONS has lines such as `asyncio.taskgroups: 3.11-`."""
        for line in (self._root / "VERSIONS").read_text("utf-8").splitlines():
            name, _, span = line.partition("#")[0].partition(":")
            if name == module:
                since, _, until = (part.strip() for part in span.partition("-"))
                first, last = (tuple(map(int, each.split("."))) if each else () for each in (since, until))
                return version >= first and (not last or version <= last)
        return True

    def _bound(self, body: list, module: str, package: int, version: tuple[int, int]) -> set[str]:
        names = set()
        for node in body:
            if isinstance(node, ast.If):
                holds = _holds(node.test, version)
                parts = [*(node.body if holds is not False else []), *(node.orelse if holds is not True else [])]
                names |= self._bound(parts, module, package, version)
            elif isinstance(node, (ast.FunctionDef, ast.ClassDef, ast.AsyncFunctionDef)):
                names.add(node.name)
            elif isinstance(node, (ast.Assign, ast.AnnAssign)):
                targets = node.targets if isinstance(node, ast.Assign) else [node.target]
                names |= {each.id for target in targets for each in ast.walk(target) if isinstance(each, ast.Name)}
            elif isinstance(node, ast.Import):
                names |= {alias.asname for alias in node.names if alias.asname}
            elif isinstance(node, ast.ImportFrom):
                names |= self._imported(node, module, package, version)
        return names

    def _imported(self, node: ast.ImportFrom, module: str, package: int, version: tuple[int, int]) -> set[str]:
        names = {alias.asname for alias in node.names if alias.asname}
        if any(alias.name == "*" for alias in node.names):
            above = module.split(".")
            above = above[: len(above) - node.level + package] if node.level else []
            names |= self._of(".".join([*above, *([node.module] if node.module else [])]), version)
        return names


def _holds(test: ast.expr, version: tuple[int, int]) -> bool | None:
    """Whether a condition on the version holds; None for any other."""
    if isinstance(test, ast.Compare) and ast.unparse(test.left) == "sys.version_info":
        wanted = ast.literal_eval(test.comparators[0])[:2]
        return version >= wanted if isinstance(test.ops[0], ast.GtE) else version < wanted
    return None


if __name__ == "__main__":
    main(sys.argv[1:])
