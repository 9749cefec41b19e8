"""Tiny packages made at random that do odd things while they are imported, and what CPython says of each."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from pathlib import Path

#: Imports every package that it is told of in a child of its own and says what each raised.
_ORACLE = """
import importlib, json, os, sys, signal, random, ctypes.util, contextlib, types
def attempt(folder):
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
            os.dup2(1, 2)
            signal.alarm(3)
            sys.path.insert(0, folder)
            try:
                importlib.import_module("pkg")
                said = "fine"
            except BaseException as error:
                said = type(error).__name__
            os.write(write, said.encode())
        finally:
            os._exit(0)
    os.close(write)
    said = b""
    while chunk := os.read(read, 4096):
        said += chunk
    os.close(read)
    os.waitpid(child, 0)
    return said.decode()
print(json.dumps([attempt(folder) for folder in json.load(sys.stdin)]))
"""


def imported(packages, root: Path):
    """What importing each of some packages (file name to text) raises in this Python: "" for nothing, None where it does not end."""
    folders = []
    for number, files in enumerate(packages):
        folder = root / str(number)
        for name, text in files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        folders.append(str(folder))
    environment = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
    command = [sys.executable, "-B", "-c", _ORACLE]
    done = subprocess.run(
        command, input=json.dumps(folders), capture_output=True, text=True, check=True, env=environment
    )
    said = json.loads(done.stdout.splitlines()[-1])
    return [None if not each else "" if each == "fine" else each for each in said]


class Programs:
    """Makes packages; the same seed makes the same ones."""

    def __init__(self, seed: int, *, odd: float = 0.15) -> None:
        """`odd`: how often something stands that no reader of texts can understand."""
        self._random = random.Random(seed)
        self._odd = odd
        self._number = 0

    def package(self):
        """The files of one package `pkg`."""
        files = {"pkg/__init__.py": "", "pkg/a.py": self._module("a"), "pkg/sub/__init__.py": self._module("s", 2)}
        files["pkg/b.py"] = self._module("b", 3)
        head = [
            self._pick("from pkg import a", "from . import a, b", "import pkg.b as b", "from .sub import s_x", "pass")
        ]
        files["pkg/__init__.py"] = self._module("i", 5, head)
        return files

    def _module(self, prefix, most=3, head=()):
        self._prefix = prefix
        lines = ["import os, sys, json, ctypes, ctypes.util, contextlib, random, types, importlib"]
        lines += [f"{prefix}_x = None", f"{prefix}_list = []", f"{prefix}_t = ('u', 'v')"]
        lines += head
        for _ in range(self._random.randrange(1, most + 1)):
            lines += self._statement(2)
        return "\n".join(lines) + "\n"

    def _pick(self, *choices):
        return self._random.choice(choices)

    def _name(self):
        self._number += 1
        return f"n{self._number}"

    def _block(self, depth):
        lines = [line for _ in range(self._random.randrange(1, 3)) for line in self._statement(depth)]
        return ["    " + line for line in lines]

    def _failing(self):
        x = f"{self._prefix}_x"
        return self._pick(
            "import nothere_mod", "from nothere_mod import y", "import json.nothere", "from json import nothere_name",
            "json.nothere_attr", f"{x} = ctypes.CDLL('libnothere_zz.so.1')", "undefined_name_zz", "raise ImportError('x')",
            "raise OSError", "from pkg.sub import nothere_name", "from .a import nothere_too", "import pkg.nothere_sub",
            f"if {x} is None:\n    raise RuntimeError('none')", f"if not {self._prefix}_list:\n    raise ValueError",
            "importlib.import_module('nothere_dyn')", "__import__('nothere_dyn')", f"print({x}.strip())", "os.nothere_attr",
            "from pkg.sub import s_x as sx, s_t, s_gone",
        ).split("\n")  # fmt: skip

    def _harmless(self):
        x = f"{self._prefix}_x"
        return self._pick(
            f"{x} = 1", f"{x} = ctypes.util.find_library('nothere_zz')", f"{self._prefix}_list.append(1)", f"{x} = {x} or 'bundled'",
            "import json as js", f"del {x}\n{x} = 3", f"{x} = [i for i in {self._prefix}_t]", f"({x} := 5)", f"{x} = lambda: 7",
            f"{x} = os.environ.get('NOTHERE_VARIABLE')", f"{x}, _y = 1, 2", f"globals()['{x}'] = 4", f"{x} = 'plain'",
            "json.given = 1\njson.given", f"{x} = bool({x})", f"{self._prefix}_list = list({self._prefix}_t)", f"{x} = '' + str({x})",
        ).split("\n")  # fmt: skip

    def _unknown(self):
        if not self._odd:
            return self._known()
        return self._pick(
            "random.random() > 2", "len(sys.argv) > 99", "os.getpid() > 0", "'HOME' in os.environ", "json.loads('true')"
        )

    def _known(self):
        x = f"{self._prefix}_x"
        return self._pick(
            "sys.version_info >= (3, 8)", "sys.platform == 'nowhere'", "True", "__name__ == '__main__'", f"{x} is None", f"not {x}",
            "os.name in ('posix', 'nt')", f"{self._prefix}_list", "'u' in " + f"{self._prefix}_t", f"{x} == 1 or {x}",
        )  # fmt: skip

    def _odd_statement(self, depth):
        x, name, inner = f"{self._prefix}_x", self._name(), self._block(depth - 1)
        return self._pick(
            ["with contextlib.ExitStack() as stack:", "    stack.enter_context(contextlib.suppress(ImportError))", *inner],
            [f"class {name}:", "    def __enter__(self): return self", "    def __exit__(self, *a): return True", f"with {name}():", *inner],
            ["@contextlib.contextmanager", f"def {name}():", "    try:", "        yield", "    except Exception:", "        pass",
             f"with {name}():", *inner],
            [f"def {name}():", *inner, "    yield", f"{name}()"],
            [f"async def {name}():", *inner, f"{name}().close()"],
            ["sys.modules['nothere_mod'] = types.ModuleType('nothere_mod')", "sys.modules['nothere_mod'].y = 1"],
            [f"setattr(sys.modules[__name__], '{x}', 'set')"],
            [f"exec('{x} = 9')"],
            ["match len(sys.argv):", "    case 0:", *["    " + line for line in inner], "    case _:", "        pass"],
            ["class Finder:", "    @staticmethod", "    def find_spec(name, path=None, target=None):",
             "        if name.startswith('nothere'):", "            from importlib.machinery import ModuleSpec",
             "            return ModuleSpec(name, Finder)", "    @staticmethod", "    def create_module(spec): return None",
             "    @staticmethod", "    def exec_module(module): module.y = 1", "sys.meta_path.insert(0, Finder)"],
            ["def __getattr__(name):", "    if name.startswith('__'): raise AttributeError(name)", "    return 1"],
            [f"for {name} in random.sample(range(3), 2):", *inner],
            [f"while {self._unknown()}:", *inner, "    break"],
            [f"def {name}(f):", "    try:", "        return f()", "    except Exception:", "        return None", f"@{name}",
             f"def {name}_f():", *inner],
            ["import threading", f"def {name}():", f"    global {x}", f"    {x} = 'threaded'", f"t = threading.Thread(target={name})",
             "t.start()", "t.join()"],
            [f"{self._prefix}_reg = []", f"def {name}(v): {self._prefix}_reg.append(v); return v", f"list(map({name}, [1]))",
             f"if not {self._prefix}_reg:", *inner],
        )  # fmt: skip

    def _function(self, depth):
        name = self._name()
        x = f"{self._prefix}_x"
        body = self._block(depth - 1)
        first = self._pick([], [f"    global {x}"], [], ["    def inner():", "        return None", "    inner()"])
        last = self._pick([], ["    return 1"], [], [])
        if not first or "global" not in first[0]:
            first = [f"    {line}" for line in (f"{x} = None",)] + first
        call = self._pick(
            [f"{name}()"], [f"{name}()"], [], ["try:", f"    {name}()", *self._handler(depth)], [f"{x} = {name}()"]
        )
        again = self._pick([], [], [], [f"def {name}(): pass"])
        return [f"def {name}():", *first, *body, *last, *again, *call]

    def _handler(self, depth):
        kind = self._pick(
            "ImportError", "Exception", "OSError", "(ImportError, OSError)", "ModuleNotFoundError", "AttributeError", "NameError", "",
            "LookupError", "ImportError as error", "(ImportError,) + (OSError,)", "RuntimeError", "BaseException",
        )  # fmt: skip
        body = self._pick(["    pass"], ["    pass"], ["    raise"], self._block(depth - 1), [f"    {self._prefix}_x = 'handled'"],
                          ["    raise RuntimeError('r') from None"], ["    import json"])  # fmt: skip
        return [f"except {kind}:".replace(" :", ":"), *body]

    def _try(self, depth):
        lines = ["try:", *self._block(depth - 1), *self._handler(depth)]
        if "except:" not in lines and self._random.random() < 0.2:
            lines += self._handler(depth)
        lines = [line for index, line in enumerate(lines)]
        if self._random.random() < 0.25:
            lines += ["else:", *self._block(depth - 1)]
        if self._random.random() < 0.25:
            lines += ["finally:", self._pick("    pass", f"    {self._prefix}_x = 'last'", "    import json")]
        return self._in_order(lines)

    @staticmethod
    def _in_order(lines):
        """A bare `except` must be the last."""
        heads = [index for index, line in enumerate(lines) if line.startswith("except")]
        if any(lines[index] == "except:" for index in heads[:-1]):
            return ["pass"]
        return lines

    def _class(self, depth):
        name = self._name()
        body = self._block(depth - 1)
        tail = self._pick(
            [f"{name}()"],
            [f"{name}().m()"],
            [],
            [f"class {name}B({name}):", "    def m(self): return 1", f"{name}B().m()"],
        )
        inside = ["    " + line for line in body]
        return self._pick(
            [f"class {name}:", f"    {self._prefix}_x = None", *body],
            [f"class {name}:", "    def __init__(self):", f"        self.{self._prefix}_x = {self._prefix}_x = None", *inside,
             "    def m(self): return self", *tail],
            [f"class {name}:", "    def m(self):", f"        {self._prefix}_x = None", *inside, *tail],
        )  # fmt: skip

    def _statement(self, depth):
        if depth <= 0:
            return self._failing() if self._random.random() < 0.35 else self._harmless()
        if self._random.random() < self._odd:
            return self._odd_statement(depth)
        kind = self._random.randrange(12)
        inner = lambda: self._block(depth - 1)  # noqa: E731
        if kind <= 1:
            return self._failing() if self._random.random() < 0.4 else self._harmless()
        if kind <= 4:
            return self._try(depth)
        if kind == 5:
            return [f"if {self._pick(self._known(), self._known(), self._unknown())}:", *inner(), "else:", *inner()]
        if kind == 6:
            return [f"for item in {self._pick(self._prefix + '_t', '()', '(1, 2)', '[1]', self._prefix + '_list')}:", *inner(),
                    *self._pick([], ["    break"], ["    continue"]), *self._pick([], ["else:", *inner()])]  # fmt: skip
        if kind == 7:
            return [f"with {self._pick('contextlib.suppress(ImportError)', 'contextlib.suppress(Exception)', 'contextlib.nullcontext()')}:",
                    *inner()]  # fmt: skip
        if kind == 8:
            return self._class(depth)
        if kind == 9 and self._random.random() < 0.5:
            x = f"{self._prefix}_x"
            return ["n_tries = 0", "while True:", *inner(), "    n_tries += 1", f"    if {x} or n_tries > 2: break"]
        return self._function(depth)
