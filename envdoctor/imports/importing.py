"""`import` in all its forms, and modules as values."""

from __future__ import annotations

import ast
import builtins
from collections import Counter
from typing import TYPE_CHECKING, Any

from envdoctor.core.errors import Unreadable
from envdoctor.core.target import System
from envdoctor.imports.escapes import ANYTHING, NAMES
from envdoctor.imports.events import What
from envdoctor.imports.exceptions import Exc, Raised, built_in, is_exception
from envdoctor.imports.flow import NEXT, Ends
from envdoctor.imports.heap import DONE, RUNNING
from envdoctor.imports.known import constant, is_usual
from envdoctor.imports.scopes import Scope
from envdoctor.imports.site import Found, Presence
from envdoctor.imports.targets import LOADED, SEARCHED
from envdoctor.imports.values import (
    ABSENT,
    SOMETHING,
    UNKNOWN,
    Ending,
    External,
    Function,
    Kind,
    Made,
    Method,
    Module,
    Perhaps,
    Reference,
)
from envdoctor.support.syntax import parse_python

if TYPE_CHECKING:
    from collections.abc import Sequence

    from envdoctor.imports.heap import State
    from envdoctor.imports.machine import Machine

_MOST_TEXT = 1 << 20
_MOST_RUNS = 2  # of one module, on ways that differ
_ENVIRONMENT = "os.environ"
_ADDS_FOLDER = "add_dll_directory"
#: What every module has (reference manual, "Import-related attributes on module objects").
ALWAYS = frozenset({
    "__name__", "__doc__", "__file__", "__path__", "__spec__", "__loader__", "__package__", "__cached__", "__dict__",
    "__builtins__", "__annotations__", "__class__",
})  # fmt: skip
#: Python's own names that not every Python has, or only where `site` ran, or where something put them there.
_DOUBTFUL = frozenset({"_", "exit", "quit", "copyright", "credits", "license", "help", "__builtins__", "WindowsError"})
_NEWER = frozenset(
    {"ExceptionGroup", "BaseExceptionGroup", "EncodingWarning", "PythonFinalizationError", "aiter", "anext"}
)


class Imports:
    """Imports and attributes of modules."""

    def __init__(self, machine: Machine, most_modules: int) -> None:
        self._machine = machine
        self._most = most_modules
        self._found: dict[str, Found] = {}
        self._entered: set[str] = set()
        self._runs: Counter[str] = Counter()
        self._stars: dict[str, list[str]] = {}

    def find(self, module: str) -> Found:
        """What there is of a module."""
        if module not in self._found:
            self._found[module] = self._machine.site.find(module)
        return self._found[module]

    def path_of(self, module: str) -> str:
        """The file of a module, from site-packages."""
        return self.find(module).path

    def package_of(self, module: str) -> str:
        """The package that a module's relative imports start from."""
        return module if self.find(module).is_package else module.rpartition(".")[0]

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
                value = Module(f"{value.name}.{part}") if known is ABSENT else UNKNOWN
            else:
                value = self._slot(value.name, part, state) if isinstance(value, Module) else UNKNOWN
        return value

    def from_statement(self, node: ast.ImportFrom, scope: Scope, state: State) -> None:
        """`from a import b`."""
        base = self._base(node, scope)
        if base is None:
            self._machine.may_raise(state, "ImportError")
            module: Any = UNKNOWN
        else:
            module = self.load(base, state)
        if base == "__future__" and any(alias.name == "annotations" for alias in node.names):
            self._machine.calls.functions.lazy.add(scope.module)
        for alias in node.names:
            if alias.name == "*":
                self._star(module, scope, state)
                continue
            value = self._member(module, alias.name, state) if isinstance(module, Module) else UNKNOWN
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
            self._machine.escapes.everything = True
            self._machine.opaque(state, *values)
            return UNKNOWN
        relative = name.lstrip(".")
        dots = len(name) - len(relative)
        if dots:
            given = values[1] if len(values) > 1 else scope.package
            parts = given.split(".") if isinstance(given, str) else []
            if dots > len(parts):
                self._machine.surprise(state)
                return UNKNOWN
            name = ".".join([*parts[: len(parts) - dots + 1], *([relative] if relative else [])])
        value = self.load(name, state)
        if top and len(values) < 4 and isinstance(value, Module):  # noqa: PLR2004 - without a `fromlist`
            return Module(name.partition(".")[0])
        return UNKNOWN if top else value

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
            self._load(".".join(parts[:depth]), state)
        return self._as_value(name)

    def _loaded(self, module: str, state: State) -> None:
        """A module was imported for the first time: the package above it gets it as an attribute."""
        state.set_status(module, DONE)
        package, _, name = module.rpartition(".")
        if package and state.has(package):
            self._machine.statements.targets.slot(package, name, self._as_value(module), state)

    def _as_value(self, module: str) -> Any:  # noqa: ANN401
        replaced = self._machine.escapes.replaced
        return UNKNOWN if module in replaced or ANYTHING in replaced else Module(module)

    def _load(self, module: str, state: State) -> None:
        machine, found = self._machine, self.find(module)
        if machine.escapes.may_be_found(module) and found.presence in {Presence.ABSENT, Presence.UNKNOWN}:
            machine.emit(What.IMPORT, module, state)
            machine.may_raise(state, "ModuleNotFoundError")
        elif found.presence is Presence.ABSENT:
            event = machine.emit(What.IMPORT, module, state, fails=True)
            raise Raised(built_in("ModuleNotFoundError", event))
        elif found.presence is Presence.TEXT:
            self._follow(module, state)
        elif state.status(module) is not ABSENT:
            return
        elif found.presence is Presence.NATIVE:
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
        machine = self._machine
        machine.emit(What.IMPORT, module, state)
        machine.via.append(module)
        try:
            fails = machine.site.fails_to_load(found.path)
            event = machine.emit(What.LOAD, found.path, state, fails=fails)
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
        tree = None if text is None else self._tree(text)
        if tree is None:
            machine.complete = False
            machine.escapes.everything = machine.escapes.finders = True
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
                "__file__": Ending(f"/{self.path_of(module)}"),
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

    def _tree(self, text: str) -> ast.Module | None:
        try:
            return parse_python(text)
        except Unreadable:
            self._machine.unreadable = True
            return None

    # --- modules as values

    def _member(self, module: Module, name: str, state: State) -> Any:  # noqa: ANN401
        """`from module import name`: an attribute, else a submodule."""
        submodule = f"{module.name}.{name}"
        found = self.find(module.name)
        if state.has(module.name) or found.presence is Presence.NAMESPACE:
            known = state.read(module.name, name)
            if known is not ABSENT and not isinstance(known, Perhaps):
                return self._slot(module.name, name, state)
            below = self.find(submodule).presence
            if (
                known is ABSENT
                and below not in {Presence.ABSENT, Presence.UNKNOWN}
                and "__getattr__" not in state.names(module.name)
            ):
                return self.load(submodule, state)
            if below not in {Presence.ABSENT, Presence.UNKNOWN}:
                return self._machine.expressions.branched(lambda inner: self.load(submodule, inner), state) and UNKNOWN
        elif self.find(submodule).presence in {Presence.TEXT, Presence.NATIVE}:  # unless the package has the name itself
            return self._machine.expressions.branched(lambda inner: self.load(submodule, inner), state) and UNKNOWN
        return self._ask(module, name, state, from_import=True)

    def _slot(self, place: str, name: str, state: State) -> Any:  # noqa: ANN401
        value = state.names(place).get(name, UNKNOWN)
        return UNKNOWN if self._machine.escapes.is_volatile(place, name) else value

    def _ask(self, module: Module, name: str, state: State, *, from_import: bool) -> Any:  # noqa: ANN401
        """An attribute of a module that is not bound to one value.

        Raises:
            Raised: the module certainly has no such name.
        """
        machine = self._machine
        known = state.read(module.name, name)
        if isinstance(known, Perhaps) or (known is ABSENT and self._may_have(module, name, state)):
            machine.emit(What.USE, module.name, state, name=name, from_import=from_import)
            machine.may_raise(state, "ImportError" if from_import else "AttributeError")
            return UNKNOWN if state.has(module.name) else self._external(module, name)
        event = machine.emit(What.USE, module.name, state, name=name, from_import=from_import, fails=True)
        raise Raised(built_in("ImportError" if from_import else "AttributeError", event))

    def _may_have(self, module: Module, name: str, state: State) -> bool:
        """Whether a module may have a name that it is not known to have."""
        escapes, presence = self._machine.escapes, self.find(module.name).presence
        if name in ALWAYS or escapes.may_be_given(module.name, name) or escapes.may_be_found(module.name):
            return True
        submodule = self.find(f"{module.name}.{name}").presence
        if state.has(module.name) or presence is Presence.NAMESPACE:
            dynamic = "__getattr__" in state.names(module.name) or bool(self._stars.get(module.name))
            return dynamic or submodule is not Presence.ABSENT
        return presence is not Presence.ELSEWHERE or not self._machine.site.lacks(module.name, name)

    def _external(self, module: Module, name: str) -> Any:  # noqa: ANN401
        """Something in a module that is not followed."""
        full = f"{module.name}.{name}"
        known = constant(full, self._machine.site.target)
        if known is not UNKNOWN:
            return known
        presence = self.find(full).presence
        there = presence in {Presence.ELSEWHERE, Presence.TEXT, Presence.NATIVE}
        return Module(full) if there else External(full)

    def attribute(self, subject: Any, name: str, state: State) -> Any:  # noqa: ANN401, PLR0911 - one way for each kind
        """`subject.name`.

        Raises:
            Raised: there certainly is no such attribute.
        """
        machine = self._machine
        if isinstance(subject, Module):
            if name == "__dict__":
                return Made(NAMES, (subject.name,))
            known = state.read(subject.name, name)
            if known is not ABSENT and not isinstance(known, Perhaps):
                return self._slot(subject.name, name, state)
            return self._ask(subject, name, state, from_import=False)
        if isinstance(subject, External):
            full = f"{subject.name}.{name}"
            self._searched(subject, name)
            return External(full)
        if isinstance(subject, Reference) and subject.kind in {Kind.INSTANCE, Kind.CLASS, Kind.EXCEPTION}:
            return machine.calls.classes.attribute(subject, name, state)
        if isinstance(subject, (str, Ending, Reference, Made)):
            return Method(subject, name)
        if (subject is None or isinstance(subject, (bool, int))) and not hasattr(subject, name):
            raise Raised(
                built_in("AttributeError", machine.emit(What.USE, repr(subject), state, name=name, fails=True))
            )
        if isinstance(subject, tuple) and name in {"major", "minor", "micro"} and len(subject) == 5:  # noqa: PLR2004
            return subject[("major", "minor", "micro").index(name)]
        if isinstance(subject, Function) and name == "__name__":
            return getattr(subject.node, "name", "<lambda>")
        machine.surprise(state)
        return UNKNOWN

    def _searched(self, subject: External, name: str) -> None:
        """`sys.path.insert` and the like change how modules are found."""
        if subject.name in SEARCHED and name not in {"index", "count", "copy"}:
            self._machine.escapes.finders = True
        if subject.name == LOADED and name not in {"get", "keys", "items", "values", "copy"}:
            self._machine.escapes.replaced.add(ANYTHING)

    def missing_name(self, module: str, name: str, state: State) -> Any:  # noqa: ANN401
        """A name that a module did not bind: one of Python's own, or of what it imported all names of.

        Raises:
            Raised: there certainly is none.
        """
        machine = self._machine
        for star in self._stars.get(module, ()):
            if not machine.site.lacks(star, name):
                machine.surprise(state)
                only = len(self._stars[module]) == 1 and not hasattr(builtins, name)
                return self._external(Module(star), name) if only else UNKNOWN
        if name in ALWAYS or name in _DOUBTFUL or name in _NEWER:
            machine.surprise(state)
            return External(f"builtins.{name}") if is_exception(name) else UNKNOWN
        if hasattr(builtins, name):
            return External(f"builtins.{name}")
        if machine.escapes.may_be_given(module, name):
            machine.may_raise(state, "NameError")
            return UNKNOWN
        raise Raised(built_in("NameError", machine.emit(What.USE, module, state, name=name, fails=True)))

    def has_all_of_others(self, module: str) -> bool:
        """Whether a module takes all names of one that is not followed."""
        return bool(self._stars.get(module))

    def _star(self, module: Any, scope: Scope, state: State) -> None:  # noqa: ANN401
        """`from module import *`."""
        machine = self._machine
        if (
            isinstance(module, Module)
            and state.has(module.name)
            and not machine.escapes.may_be_given(module.name, "__all__")
        ):
            self._copy(module.name, scope, state)
            return
        source = module.name if isinstance(module, Module) else ""
        self._stars.setdefault(scope.module, []).append(source)
        for name, value in list(state.names(scope.module).items()):
            if name not in ALWAYS and not name.startswith("_") and not (source and machine.site.lacks(source, name)):
                machine.escapes.lose(value, state)
                state.write(scope.module, name, UNKNOWN)

    def _copy(self, source: str, scope: Scope, state: State) -> None:
        """The public names of a followed module."""
        machine, names = self._machine, state.names(source)
        listed = machine.expressions.items(self._slot(source, "__all__", state), state) if "__all__" in names else None
        if "__all__" in names and (listed is None or not all(isinstance(name, str) for name in listed)):
            wanted: Sequence[Any] = [name for name in names if name not in ALWAYS]
            self._stars.setdefault(scope.module, []).append("")
            wanted = [name for name in wanted if not name.startswith(" ")]
            for name in wanted:
                if name not in state.names(scope.module):
                    state.write(scope.module, name, Perhaps(UNKNOWN))
            return
        self._stars.setdefault(scope.module, []).extend(self._stars.get(source, ()))
        for name in listed if listed is not None else [each for each in names if not each.startswith("_")]:
            value = self._member(Module(source), name, state) if listed is not None else names[name]
            machine.statements.targets.name(name, value, scope, state)

    def contained(self, item: Any, container: Any, state: State) -> bool | None:  # noqa: ANN401
        """`item in sys.modules`, and in `os.environ`."""
        if container == External(_ENVIRONMENT) and isinstance(item, str):
            return None if is_usual(item) else False
        if container != External(LOADED) or not isinstance(item, str):
            return None
        absent = self.find(item).presence is Presence.ABSENT and not self._machine.escapes.may_be_found(item)
        if absent:
            self._machine.emit(What.IMPORT, item, state)
            return False
        return True if state.status(item) in {RUNNING, DONE} else None

    def item(self, subject: Any, index: Any, state: State) -> Any:  # noqa: ANN401
        """`sys.modules[name]` and `globals()[name]`; None for anything else."""
        machine = self._machine
        if subject == External(LOADED):
            if isinstance(index, str) and state.status(index) in {RUNNING, DONE}:
                return self._as_value(index)
            machine.escapes.everything |= not isinstance(index, str)
            machine.surprise(state)
            return UNKNOWN
        if isinstance(subject, Made) and subject.maker == NAMES:
            place = subject.arguments[0]
            known = state.read(place, index) if isinstance(index, str) else ABSENT
            if known is not ABSENT and not isinstance(known, Perhaps) and not machine.escapes.is_volatile(place, index):
                return known
            machine.surprise(state)
            return UNKNOWN
        return None
