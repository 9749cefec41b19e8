"""`import` in all its forms."""

from __future__ import annotations

import ast
from collections import Counter
from typing import TYPE_CHECKING, Any

from envdoctor.core.errors import Unreadable
from envdoctor.core.target import System
from envdoctor.imports.escapes import ANYTHING, LOADED
from envdoctor.imports.events import What
from envdoctor.imports.exceptions import Exc, Raised, built_in
from envdoctor.imports.flow import NEXT, Ends
from envdoctor.imports.heap import DONE, RUNNING
from envdoctor.imports.lazy_keras import real_name
from envdoctor.imports.scopes import Scope
from envdoctor.imports.site import Found, Presence
from envdoctor.imports.syntax_errors import NUL, RefusedText, tree_for
from envdoctor.imports.values import ABSENT, SOMETHING, UNKNOWN, Made, Module, OwnPath, Perhaps

if TYPE_CHECKING:
    from envdoctor.imports.heap import State
    from envdoctor.imports.machine import Machine

_MOST_TEXT = 1 << 20
_MOST_RUNS = 2  # of one module, on ways that differ
_ADDS_FOLDER = "add_dll_directory"
_ABSENT = Found(presence=Presence.ABSENT)


class Imports:
    """Imports."""

    def __init__(self, machine: Machine, most_modules: int) -> None:
        self._machine = machine
        self._most = most_modules
        self._found: dict[str, Found] = {}
        self._entered: set[str] = set()
        self._runs: Counter[str] = Counter()
        self._ended: set[str] = set()
        self._raising: set[str] = set()
        self._natives_ran = False  # whether an extension module of the distribution may have been imported

    def find(self, module: str) -> Found:
        """What there is of a module."""
        if module not in self._found:
            self._found[module] = self._machine.site.find(module)
        found = self._found[module]
        return _ABSENT if found.waits and not self._natives_ran else found

    def path_of(self, module: str) -> str:
        """The file of a module, from site-packages."""
        return self.find(module).path

    def package_of(self, module: str) -> str:
        """The package that a module's relative imports start from."""
        return module if self.find(module).is_package else module.rpartition(".")[0]

    @property
    def ended(self) -> frozenset[str]:
        """The modules of which the text was gone through to its end, and raised on no way that led there."""
        return frozenset(self._ended - self._raising)

    # --- statements

    def statement(self, node: ast.Import, scope: Scope, state: State) -> None:
        """`import a.b` and `import a.b as c`."""
        for alias in node.names:
            value = self.load(alias.name, state)
            top = alias.name.partition(".")[0]
            if not alias.asname:
                value = Module(top) if isinstance(value, Module) else UNKNOWN
            elif isinstance(value, Module):
                value = self._along(alias.name, state)
            self._machine.statements.targets.name(alias.asname or top, value, scope, state)

    def _along(self, name: str, state: State) -> Any:  # noqa: ANN401
        """What `import a.b as c` binds: the attribute, which need not be the module."""
        value: Any = Module(name.partition(".")[0])
        for part in name.split(".")[1:]:
            known = state.read(value.name, part) if isinstance(value, Module) else UNKNOWN
            if known is ABSENT or isinstance(known, Perhaps):
                below = real_name(f"{value.name}.{part}", self._machine) if known is ABSENT else ""
                value = Module(below) if below else UNKNOWN
            else:
                value = self._machine.attributes.slot(value.name, part, state) if isinstance(value, Module) else UNKNOWN
        return value

    def from_statement(self, node: ast.ImportFrom, scope: Scope, state: State) -> None:
        """`from a import b`."""
        base = self._base(node, scope)
        if base is None:
            raise Raised(built_in("ImportError", self._machine.emit(What.RAISE, "ImportError", state)))
        module = self.load(base, state)
        if base == "__future__" and any(alias.name == "annotations" for alias in node.names):
            self._machine.calls.functions.lazy.add(scope.module)
        for alias in node.names:
            if alias.name == "*":
                self._machine.attributes.star(module, scope, state)
                continue
            value = (
                self._machine.attributes.member(module, alias.name, state) if isinstance(module, Module) else UNKNOWN
            )
            self._machine.statements.targets.name(alias.asname or alias.name, value, scope, state)

    def imported_by(self, module: str) -> list[str]:
        """What a module imported so far, itself first."""
        events = self._machine.events
        direct = (event.subject for event in events if event.what is What.IMPORT and event.via[-1:] == (module,))
        return list(dict.fromkeys((module, *direct)))

    def named(self, node: ast.Import | ast.ImportFrom, scope: Scope) -> list[str]:
        """The modules that a statement names."""
        if isinstance(node, ast.Import):
            return [alias.name for alias in node.names]
        base = self._base(node, scope)
        return [base] if base else []

    @staticmethod
    def _base(node: ast.ImportFrom, scope: Scope) -> str | None:
        """The absolute name of what is imported from; None if that is beyond the top."""
        if not node.level:
            return node.module or ""
        parts = scope.package.split(".") if scope.package else []
        if node.level > len(parts):
            return None
        above = parts[: len(parts) - node.level + 1]
        return ".".join([*above, node.module] if node.module else above)

    def call(self, values: tuple[Any, ...], scope: Scope, state: State, *, top: bool = False) -> Any:  # noqa: ANN401
        """`importlib.import_module` and `__import__`."""
        name = values[0] if values else UNKNOWN
        if not isinstance(name, str):
            self._natives_ran = True
            self._machine.opaque(state, name)  # the rest is only read
            return Made(LOADED)
        relative = name.lstrip(".")
        dots = len(name) - len(relative)
        fromlist, level = (*values[3:5], None, None)[:2] if top else (None, None)
        if level:  # `__import__` takes it from the module that it is given the names of
            self._machine.opaque(state, *values)
            return UNKNOWN
        if dots:
            given = values[1] if len(values) > 1 else scope.package
            parts = given.split(".") if isinstance(given, str) else []
            if dots > len(parts):
                self._machine.surprise(state)
                return UNKNOWN
            name = ".".join([*parts[: len(parts) - dots + 1], *([relative] if relative else [])])
        value = self.load(name, state)
        if top and not fromlist and isinstance(value, Module):
            return Module(name.partition(".")[0])
        return UNKNOWN if top and "." in name else value

    def spec(self, values: tuple[Any, ...], _: Scope, state: State) -> Any:  # noqa: ANN401
        """`importlib.util.find_spec`: None for a top-level module that is not there."""
        name = values[0] if values else UNKNOWN
        if isinstance(name, str) and name and "." not in name and not self._machine.escapes.may_be_found(name):
            presence = self.find(name).presence
            if presence is Presence.ABSENT:
                self._machine.emit(What.IMPORT, name, state, fails=True)
                return None
            return UNKNOWN if presence is Presence.UNKNOWN else SOMETHING
        self._machine.surprise(state)
        return UNKNOWN

    # --- loading

    def load(self, name: str, state: State) -> Any:  # noqa: ANN401
        """Imports a module, after the packages above it: the module, or UNKNOWN where another may be in its place.

        Raises:
            Raised: that certainly fails.
        """
        parts = name.split(".")
        for depth in range(1, len(parts) + 1):
            self._load(real_name(".".join(parts[:depth]), self._machine), state)
        return self.as_value(real_name(name, self._machine))

    def _loaded(self, module: str, state: State) -> None:
        """A module was imported for the first time: the package above it gets it as an attribute."""
        state.set_status(module, DONE)
        package, _, name = module.rpartition(".")
        if package and state.has(package):
            self._machine.statements.targets.slot(package, name, self.as_value(module), state)

    def as_value(self, module: str) -> Any:  # noqa: ANN401
        """A module that was imported; UNKNOWN where another may be in its place."""
        replaced = self._machine.escapes.replaced
        return UNKNOWN if module in replaced or ANYTHING in replaced else Module(module)

    def _load(self, module: str, state: State) -> None:
        machine, found = self._machine, self.find(module)
        if found.presence is Presence.TEXT:
            self._follow(module, state)
        elif machine.escapes.may_be_found(module) and found.presence in {Presence.ABSENT, Presence.UNKNOWN}:
            machine.emit(What.IMPORT, module, state)
            machine.may_raise(state, "ModuleNotFoundError")
        elif found.presence is Presence.ABSENT:
            event = machine.emit(What.IMPORT, module, state, fails=True)
            raise Raised(built_in("ModuleNotFoundError", event))
        elif state.status(module) is ABSENT:
            self._load_unfollowed(module, found, state)

    def _load_unfollowed(self, module: str, found: Found, state: State) -> None:
        """A module of which the text is not at hand, for the first time."""
        machine = self._machine
        if found.presence is Presence.NATIVE:
            self._load_native(module, found, state)
        elif found.presence is Presence.NAMESPACE:
            self._loaded(module, state)
        else:
            event = machine.emit(What.IMPORT, module, state, fails=found.fails)
            if found.fails and not machine.escapes.may_be_found(module):
                raise Raised(built_in(found.raises, event) if found.raises else Exc(cause=event))
            if not found.loads:
                machine.surprise(state)

    def _load_native(self, module: str, found: Found, state: State) -> None:
        """An extension module: what it does itself is not known."""
        machine, self._natives_ran = self._machine, True
        machine.emit(What.IMPORT, module, state)
        machine.via.append(module)
        try:
            fails = machine.site.fails_to_load(found.path)
            event = machine.emit(What.LOAD, found.path, state, fails=fails)
            if found.fails and not fails:
                fails = True
                event = machine.emit(What.LOAD, found.path, state, name=module, fails=True)
        finally:
            machine.via.pop()
        if fails:
            raise Raised(built_in("ImportError", event))
        machine.surprise(state)
        self._loaded(module, state)

    def _follow(self, module: str, state: State) -> None:
        """A module with a text: runs it, if it did not run yet."""
        status = state.status(module)
        if status is not ABSENT and not isinstance(status, Perhaps):
            return
        if status is ABSENT:
            self.execute(module, state)
            return
        if self._runs[module] >= _MOST_RUNS:
            machine = self._machine
            machine.escapes.lose_place(module, state)
            self._loaded(module, state)
            machine.surprise(state)
            return
        # On some ways it was imported before, on others it was not.
        other = state.fork(must=False)
        must = state.must
        other.set_status(module, "")
        try:
            self.execute(module, other)
            state.set_status(module, DONE)
            state.merge(other, self._machine.escapes.lose)
        except Raised as error:
            self._machine.surprise(other, error.exc)
            must = must and not self._machine.tries
        state.must = must

    def execute(self, module: str, state: State) -> None:
        """Runs the text of a module, as if it had not run before.

        Raises:
            Raised: it certainly raises.
        """
        machine = self._machine
        machine.emit(What.IMPORT, module, state)
        self._runs[module] += 1
        text = self._read(module)
        tree = None if text is None else self._tree(text, module, state)
        if tree is None:
            machine.complete = False
            machine.escapes.everything = True
            machine.escapes.add_finders()
            machine.surprise(state)
            self._loaded(module, state)
            return
        machine.via.append(module)
        if text and _ADDS_FOLDER in text and machine.site.target.platform.system is System.WINDOWS:
            machine.emit(What.ADD_FOLDER, "", state)
        state.make(
            module,
            {
                "__name__": module,
                "__file__": OwnPath(f"/{self.path_of(module)}"),
                "__package__": self.package_of(module),
            },
        )
        state.set_status(module, RUNNING)
        try:
            ends = machine.run(tree.body, Scope(module=module, package=self.package_of(module)), state)
            self._finish(module, ends, state)
        finally:
            machine.via.pop()

    def _finish(self, module: str, ends: Ends, state: State) -> None:
        """A module that raises is taken out of `sys.modules` again."""
        machine = self._machine
        (self._ended if NEXT in ends.normal else self._raising).add(module)
        for exc, raised in ends.raised.items():
            raised.set_status(module, "")
            if ends.normal:
                machine.surprise(raised, exc)
        if NEXT in ends.normal:
            state.become(ends.normal[NEXT].state)
            self._loaded(module, state)
            return
        machine.calls.functions.raise_any(ends, state)

    def _read(self, module: str) -> str | None:
        """The text of a module, if it is read; None if it can't be, or is one too many."""
        if module not in self._entered and len(self._entered) >= self._most:
            return None
        self._entered.add(module)
        try:
            text = self._machine.site.read(module)
        except Unreadable:
            self._machine.unreadable = True
            return None
        return text if len(text) <= _MOST_TEXT else None

    def _tree(self, text: str, module: str, state: State) -> ast.Module | None:
        """The syntax tree of a module's text; None where there is none, and that proves nothing.

        Raises:
            Raised: the target's Python refuses the text too.
        """
        machine = self._machine
        try:
            return tree_for(text, machine.site.target)
        except RefusedText as refused:
            if not machine.site.may_be_compiled(module):
                machine.via.append(module)
                event = machine.emit(What.RAISE, "SyntaxError", state, name=str(refused))
                machine.via.pop()
                raise Raised(Exc(cause=event) if NUL in text else built_in("SyntaxError", event)) from None
        except Unreadable:
            pass
        machine.unreadable = True
        return None
