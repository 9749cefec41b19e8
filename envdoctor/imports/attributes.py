"""Modules as values: which names they have, and what else is asked for its attributes or items."""

from __future__ import annotations

import builtins
from typing import TYPE_CHECKING, Any

from envdoctor.imports.constants import constant
from envdoctor.imports.enumerated import MADE_BY, part_of_info, require_still_has
from envdoctor.imports.escapes import ANYTHING, DOUBTED, LIBRARY, LOADED, NAMES, PATHS, governed
from envdoctor.imports.events import What
from envdoctor.imports.exceptions import Raised, built_in, is_exception, takes
from envdoctor.imports.known import ADDS_FINDER
from envdoctor.imports.lazy_keras import real_name
from envdoctor.imports.paths import PATH, path_attribute, text_of
from envdoctor.imports.site import Presence
from envdoctor.imports.standard_library import standard_found
from envdoctor.imports.standard_names import standard_has
from envdoctor.imports.targets import ENVIRONMENT
from envdoctor.imports.values import (
    ABSENT,
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
    Result,
)
from envdoctor.imports.versions import told_version, version_attribute

if TYPE_CHECKING:
    from collections.abc import Sequence

    from envdoctor.imports.heap import State
    from envdoctor.imports.importing import Imports
    from envdoctor.imports.machine import Machine
    from envdoctor.imports.scopes import Scope

#: Methods of lists and dictionaries that leave them as they are.
_LOOKS = frozenset({"index", "count", "copy", "get", "keys", "items", "values"})
#: Attributes by which a value that is not known may be the module `sys`, or one that has it.
_OF_SYS = frozenset({"sys", "modules", "meta_path", "path_hooks"})
_ADDS_FOLDER = "addsitedir"  # of the module `site`
_VERSION_PARTS, _VERSION_LENGTH = ("major", "minor", "micro"), 5  # of sys.version_info
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


class Attributes:
    """Attributes, of modules above all."""

    def __init__(self, machine: Machine, imports: Imports) -> None:
        self._machine = machine
        self._imports = imports
        self._stars: dict[str, list[str]] = {}
        self._refused: set[tuple[str, str]] = set()  # names for which a module's `__getattr__` just raised

    def member(self, module: Module, name: str, state: State) -> Any:  # noqa: ANN401
        """`from module import name`: an attribute, else a submodule."""
        submodule = f"{module.name}.{name}"
        found = self._imports.find(submodule)
        below = found.presence
        if state.has(module.name) or self._imports.find(module.name).presence is Presence.NAMESPACE:
            known = state.read(module.name, name)
            if known is not ABSENT and not isinstance(known, Perhaps):
                return self.slot(module.name, name, state)
            is_there = below not in {Presence.ABSENT, Presence.UNKNOWN}
            if is_there and known is ABSENT and "__getattr__" not in state.names(module.name):
                return self._imports.load(submodule, state)
        else:
            is_there = below in {Presence.TEXT, Presence.NATIVE}
            if below is Presence.ELSEWHERE and found.fails and self._machine.site.lacks_itself(module.name, name):
                return self._imports.load(submodule, state)
        if is_there:  # and the package may have the name itself
            self._machine.expressions.branched(lambda inner: self._imports.load(submodule, inner), state)
            return UNKNOWN
        return self._ask(module, name, state, from_import=True)

    def slot(self, place: str, name: str, state: State) -> Any:  # noqa: ANN401
        """What a module has under a name that it binds, as far as nobody else may have changed that."""
        return self._machine.escapes.read(place, name, state.names(place).get(name, UNKNOWN))

    def _ask(self, module: Module, name: str, state: State, *, from_import: bool) -> Any:  # noqa: ANN401
        """An attribute of a module that is not bound to one value.

        Raises:
            Raised: the module certainly has no such name.
        """
        machine = self._machine
        known = state.read(module.name, name)
        if known is ABSENT and state.has(module.name):
            answer = self._answer(module, name, state)
            if answer is not None:
                return answer.value
        if isinstance(known, Perhaps) or (known is ABSENT and self._may_have(module, name, state)):
            machine.emit(What.USE, module.name, state, name=name, from_import=from_import)
            if machine.tries and not self._is_there(module.name, name, state, from_import=from_import):
                machine.may_raise(state, "ImportError" if from_import else "AttributeError")
            return UNKNOWN if state.has(module.name) else self._external(module, name, state)
        event = machine.emit(What.USE, module.name, state, name=name, from_import=from_import, fails=True)
        raise Raised(built_in("ImportError" if from_import else "AttributeError", event))

    def _has(self, module: str, name: str) -> bool:
        """Whether a module is one of Python's own that certainly has a name."""
        target = self._machine.site.target
        standard = self._imports.find(module) == standard_found(module, target)
        return standard and standard_has(module, name, target) and not self._machine.escapes.may_be_found(module)

    def _is_there(self, module: str, name: str, state: State, *, from_import: bool) -> bool:
        """Whether nothing speaks against it that a module has a name, or a submodule that can be imported."""
        if self._has(module, name):
            return True
        if state.has(module) or self._machine.escapes.may_be_found(module):
            return False
        below = from_import and self._imports.find(f"{module}.{name}").loads
        return below or self._machine.site.binds(module, name)

    def has(self, subject: Any, name: Any, state: State) -> Any:  # noqa: ANN401
        """What `hasattr` says of a module, without asking its `__getattr__`; UNKNOWN where that is not known."""
        if not isinstance(subject, Module) or not isinstance(name, str):
            return UNKNOWN
        known = state.read(subject.name, name)
        if known is not ABSENT:
            volatile = isinstance(known, Perhaps) or self._machine.escapes.is_volatile(subject.name, name, known)
            return UNKNOWN if volatile else True
        if self._has(subject.name, name):
            return True
        return UNKNOWN if self._may_have(subject, name, state) else False

    def _answer(self, module: Module, name: str, state: State) -> Result | None:
        """What a followed module's own `__getattr__` (PEP 562) gives for a name; None where it gives nothing.

        Raises:
            Raised: it raises something else than that there is no such attribute.
        """
        machine = self._machine
        self._refused.discard((module.name, name))
        function = state.read(module.name, "__getattr__")
        is_plain = isinstance(function, Function) and not machine.escapes.is_volatile(module.name, "__getattr__")
        if not is_plain or name in ALWAYS or self._may_get(module, name):
            return None
        try:
            return Result(machine.calls.functions.run(function, (name,), {}, state))
        except Raised as error:
            refused = takes(External("builtins.AttributeError"), error.exc)
            below = self._imports.find(f"{module.name}.{name}").presence
            if refused is None and below is not Presence.ABSENT:  # which may be imported in its place
                machine.surprise(state, error.exc)
                return Result(UNKNOWN)
            if not refused:
                raise
            self._refused.add((module.name, name))
            return None

    def _may_get(self, module: Module, name: str) -> bool:
        """Whether a module may have got a name in a way that was not followed, or be another one by now."""
        escapes = self._machine.escapes
        given = escapes.may_be_given(module.name, name) or escapes.may_be_found(f"{module.name}.{name}")
        return given or bool(self._stars.get(module.name))

    def _may_have(self, module: Module, name: str, state: State) -> bool:
        """Whether a module may have a name that it is not known to have."""
        escapes, found = self._machine.escapes, self._imports.find(module.name)
        presence, below = found.presence, f"{module.name}.{name}"
        is_found = escapes.may_be_found(below, in_package=found.is_package)
        if name in ALWAYS or escapes.may_be_given(module.name, name) or is_found:
            return True
        submodule = self._imports.find(below).presence
        if state.has(module.name) or presence is Presence.NAMESPACE:
            answers = "__getattr__" in state.names(module.name) and (module.name, name) not in self._refused
            dynamic = answers or bool(self._stars.get(module.name))
            return dynamic or submodule is not Presence.ABSENT
        return presence is not Presence.ELSEWHERE or not self._machine.site.lacks(module.name, name)

    def _external(self, module: Module, name: str, state: State) -> Any:  # noqa: ANN401
        """Something in a module that is not followed."""
        if name == "sys":  # as `os` and many others have it
            return Module(name)
        if name == _ADDS_FOLDER:
            self._machine.escapes.add_finders()
        full = real_name(f"{module.name}.{name}", self._machine)
        known = constant(full, self._machine.site.target)
        if known is UNKNOWN:
            known = told_version(self._machine, module.name, name, state)
        if known is not UNKNOWN:
            return known
        presence = self._imports.find(full).presence
        there = presence in {Presence.ELSEWHERE, Presence.TEXT, Presence.NATIVE}
        return Module(full) if there else External(full)

    def attribute(self, subject: Any, name: str, state: State) -> Any:  # noqa: ANN401
        """`subject.name`.

        Raises:
            Raised: there certainly is no such attribute.
        """
        if name == "f_globals":  # of a caller's frame, by which it may be given names
            self._machine.escapes.opened.update(self._machine.via)
        if isinstance(subject, Module):
            return self._of_module(subject, name, state)
        if isinstance(subject, External):
            if subject.name.startswith("?"):
                self._machine.surprise(state)
            self._searched(subject, name)
            library = self._machine.calls.libraries.named(subject, name, state)
            return External(f"{subject.name}.{name}") if library is None else library
        if isinstance(subject, Reference) and subject.kind in {Kind.INSTANCE, Kind.CLASS, Kind.EXCEPTION}:
            return self._machine.calls.classes.attribute(subject, name, state)
        if isinstance(subject, Made):
            return self._of_made(subject, name, state)
        if isinstance(subject, (str, Ending, Reference)):
            return Method(subject, name)
        return self._of_constant(subject, name, state)

    def _of_made(self, subject: Made, name: str, state: State) -> Any:  # noqa: ANN401
        machine = self._machine
        if subject.maker == LOADED:  # a module, nobody knows which
            machine.escapes.everything |= name == "__dict__"
            machine.surprise(state)
            return UNKNOWN
        if subject.maker == PATHS and name not in _LOOKS:
            machine.escapes.searched.update(subject.arguments)
        if subject.maker in MADE_BY:
            require_still_has(machine, subject.maker, name, state)
        if subject.maker == LIBRARY:
            path = subject.arguments[0]
            if not machine.escapes.may_be_given(path, name) and machine.site.lacks_function(path, name):
                event = machine.emit(What.LOAD, path, state, name=name, fails=True)
                raise Raised(built_in("AttributeError", event))
            machine.surprise(state)
            return UNKNOWN
        value = path_attribute(text_of(subject), name) if subject.maker == PATH else version_attribute(subject, name)
        return Method(subject, name) if value is None else value

    def _of_module(self, subject: Module, name: str, state: State) -> Any:  # noqa: ANN401
        if name == "__dict__":
            return Made(NAMES, (subject.name,))
        known = state.read(subject.name, name)
        if known is not ABSENT and not isinstance(known, Perhaps):
            return self.slot(subject.name, name, state)
        value = self._ask(subject, name, state, from_import=False)
        return Made(PATHS, (subject.name,)) if name == PATHS else value

    def _of_constant(self, subject: Any, name: str, state: State) -> Any:  # noqa: ANN401
        machine = self._machine
        if (subject is None or isinstance(subject, (bool, int))) and not hasattr(subject, name):
            event = machine.emit(What.USE, repr(subject), state, name=name, fails=True)
            raise Raised(built_in("AttributeError", event))
        if isinstance(subject, tuple) and name in _VERSION_PARTS and len(subject) == _VERSION_LENGTH:
            return subject[_VERSION_PARTS.index(name)]
        if isinstance(subject, tuple) and (part := part_of_info(subject, name)) is not None:
            return part
        if isinstance(subject, Function) and name == "__name__":
            return getattr(subject.node, "name", "<lambda>")
        machine.surprise(state)
        if name == _ADDS_FOLDER:
            machine.escapes.add_finders()
        if subject is not UNKNOWN or name not in _OF_SYS:
            return UNKNOWN
        return External(DOUBTED if name == "sys" else f"{DOUBTED}.{name}")

    def _searched(self, subject: External, name: str) -> None:
        """`sys.path.insert` and the like change how modules are found."""
        found = governed(subject)
        if found == LOADED and name not in _LOOKS:
            self._machine.escapes.replaced.add(ANYTHING)
        elif found and name not in _LOOKS and f"{subject.name}.{name}" not in ADDS_FINDER:
            self._machine.escapes.add_finders()
        if subject.name == ENVIRONMENT and name not in {*_LOOKS, "setdefault"}:
            self._machine.escapes.settings.add(ANYTHING)

    def missing_name(self, module: str, name: str, state: State) -> Any:  # noqa: ANN401
        """A name that a module did not bind: one of Python's own, or of what it imported all names of.

        Raises:
            Raised: there certainly is none.
        """
        machine = self._machine
        if name == PATHS:
            machine.surprise(state)
            return Made(PATHS, (module,))
        for star in self._stars.get(module, ()):
            if not machine.site.lacks(star, name):
                machine.surprise(state)
                only = len(self._stars[module]) == 1 and not hasattr(builtins, name)
                return self._external(Module(star), name, state) if only else UNKNOWN
        if name in ALWAYS or name in _DOUBTFUL or not machine.site.lacks("builtins", name):
            if hasattr(builtins, name) and name not in {*ALWAYS, *_DOUBTFUL, *_NEWER}:
                return External(f"builtins.{name}")
            machine.surprise(state)
            return External(f"builtins.{name}") if is_exception(name) else UNKNOWN
        if machine.escapes.may_be_given(module, name):
            machine.may_raise(state, "NameError")
            return UNKNOWN
        raise Raised(built_in("NameError", machine.emit(What.USE, module, state, name=name, fails=True)))

    def has_all_of_others(self, module: str) -> bool:
        """Whether a module takes all names of one that is not followed."""
        return bool(self._stars.get(module))

    def star(self, module: Any, scope: Scope, state: State) -> None:  # noqa: ANN401
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
            if value is not UNKNOWN and name not in ALWAYS and not (source and machine.site.lacks(source, name)):
                machine.escapes.lose(value, state)
                state.write(scope.module, name, UNKNOWN)

    def _copy(self, source: str, scope: Scope, state: State) -> None:
        """The public names of a followed module."""
        machine, names = self._machine, state.names(source)
        listed = machine.expressions.items(self.slot(source, "__all__", state), state) if "__all__" in names else None
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
            value = self.member(Module(source), name, state) if listed is not None else names[name]
            machine.statements.targets.name(name, value, scope, state)
