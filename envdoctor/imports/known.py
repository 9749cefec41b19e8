"""What is known of Python's own functions: what they return, and that they leave their arguments alone."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

from envdoctor.imports import operations
from envdoctor.imports.attempts import QUIET, SUPPRESS, TRANSPARENT
from envdoctor.imports.constants import bits_of, processor_of
from envdoctor.imports.dictionaries import make_dict, text_pairs, under_key
from envdoctor.imports.enumerated import ENTRY_POINTS
from envdoctor.imports.enumerated import functions as of_pkgutil
from envdoctor.imports.escapes import LOADED, NAMES
from envdoctor.imports.events import What
from envdoctor.imports.exceptions import Raised, built_in, own_name
from envdoctor.imports.finders import known_below
from envdoctor.imports.generated_code import functions as of_generated_code
from envdoctor.imports.iterables import Iterables
from envdoctor.imports.made_text import MadeText
from envdoctor.imports.parameters import placed
from envdoctor.imports.paths import (
    PATH,
    PATHS_MADE,
    joined_path,
    of_path,
    path_method,
    path_object,
    split_extension,
    text_of,
)
from envdoctor.imports.values import (
    UNKNOWN,
    Ending,
    External,
    Function,
    Kind,
    Made,
    Method,
    Module,
    Passing,
    Reference,
    Result,
    is_constant,
    is_short,
    truth_of,
)
from envdoctor.imports.variables import set_variable, variable_of
from envdoctor.imports.versions import MAKERS, text_of_version, version_made

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from envdoctor.imports.heap import State
    from envdoctor.imports.machine import Machine
    from envdoctor.imports.scopes import Scope

#: Functions that do nothing to what they are given and raise nothing that a sound program would see.
_QUIET = frozenset({
    "os.path.dirname", "os.path.split", "os.path.abspath", "os.path.realpath", "os.path.basename", "os.path.normpath",
    "os.path.expanduser", "logging.getLogger", "warnings.warn", "warnings.filterwarnings", "warnings.simplefilter",
    "builtins.print", "builtins.isinstance", "builtins.issubclass", "builtins.callable", "builtins.repr",
    "builtins.id", "builtins.type", "typing.TypeVar", "os.getcwd", "platform.python_implementation", "sys.getrefcount",
})  # fmt: skip
#: Python's import no longer asks a finder's `find_module` ("What's New In Python 3.12", importlib).
_WITHOUT_FIND_MODULE = (3, 12)
ADDS_FINDER = frozenset({"sys.meta_path.append", "sys.meta_path.insert"})
#: Decorators that make a function remember what it returned.
CACHES = frozenset({"functools.cache", "functools.lru_cache"})
_DICT = frozenset({"builtins.dict", "collections.OrderedDict", "collections.defaultdict"})
_INSTANCES = TRANSPARENT | {SUPPRESS, ENTRY_POINTS, "functools.wraps", *CACHES, "cffi.FFI", "_cffi_backend.FFI"}
_VIEWS = frozenset({"keys", "values", "items"})
_READING = frozenset({"get", "keys", "items", "values", "copy", "index", "count", "__contains__"})


class Known:
    """Calls of Python's own functions."""

    def __init__(self, machine: Machine) -> None:
        self._machine = machine
        texts = MadeText(machine)
        self._of: dict[str, Callable[[tuple[Any, ...], Scope, State], Any]] = {
            **Iterables(machine).functions,
            **of_generated_code(machine),
            **of_pkgutil(machine),
            "os.path.join": lambda values, _scope, _state: joined_path(values),
            "os.path.splitext": lambda values, _scope, _state: split_extension(values),
            "os.fspath": lambda values, _scope, _state: text_of(_first(values)),
            **dict.fromkeys(PATHS_MADE, lambda values, _scope, _state: path_object(values)),
            **{maker: functools.partial(self._version, maker) for maker in MAKERS},
            "builtins.int": self._number,
            "builtins.str": lambda values, _scope, _state: _text(values),
            "builtins.bool": self._bool,
            "builtins.globals": lambda _values, scope, _state: Made(NAMES, (scope.module,)),
            "builtins.vars": self._vars,
            "builtins.locals": self._vars,
            "builtins.getattr": self._getattr,
            "builtins.hasattr": self._hasattr,
            "builtins.setattr": self._setattr,
            "builtins.delattr": self._setattr,
            "builtins.exec": texts.execute,
            "builtins.eval": texts.evaluate,
            "sys.exit": self._exit,
            "builtins.super": self._super,
            "builtins.__import__": lambda values, scope, state: machine.imports.call(values, scope, state, top=True),
            "importlib.import_module": machine.imports.call,
            "importlib.util.find_spec": machine.imports.spec,
            "os.getenv": lambda values, _, state: variable_of(values, machine, state),
            "os.environ.get": lambda values, _, state: variable_of(values, machine, state),
            "os.environ.setdefault": lambda values, _, state: set_variable(values, machine, state),
            "platform.machine": lambda *_: processor_of(machine.site.target),
            "platform.architecture": lambda *_: (f"{bits_of(machine.site.target)}bit", UNKNOWN),
            "struct.calcsize": self._size,
            **{each: functools.partial(self._add_finder, each) for each in ADDS_FINDER},
            "platform.system": lambda *_: machine.site.target.markers["platform_system"],
        }

    def call(
        self,
        subject: Any,  # noqa: ANN401
        arguments: tuple[Any, ...] | None,
        keywords: Mapping[str, Any],
        scope: Scope,
        state: State,
    ) -> Result | None:
        """What a call returns; None if nothing is known of it."""
        if isinstance(subject, Method) and isinstance(subject.function, str):
            return self._method(subject.subject, subject.function, arguments, state)
        if not isinstance(subject, External):
            return None
        if arguments is None and subject.name not in {"builtins.setattr", "builtins.exec", "builtins.eval"}:
            return None
        work = self._of.get(subject.name)
        if work:
            values, more = placed(subject.name, arguments or (), keywords)
            self._machine.escapes.lose(tuple(more.values()), state)
            return Result(work(values, scope, state))
        if subject.name in _QUIET:
            return Result(self._quiet(subject.name, arguments or (), state))
        return self._made(subject, arguments or (), keywords, state)

    def _made(
        self, subject: External, arguments: tuple[Any, ...], keywords: Mapping[str, Any], state: State
    ) -> Result | None:
        """New objects: exceptions, dictionaries, and those of a few classes."""
        if own_name(subject):  # which keeps its arguments, and looks at none of them
            self._machine.escapes.lose((*arguments, *keywords.values()), state)
            return Result(Reference(Kind.EXCEPTION, self._machine.place(), subject))
        if subject.name in CACHES and len(arguments) == 1 and isinstance(arguments[0], Function):
            return Result(arguments[0])
        if subject.name in _INSTANCES:
            if subject.name not in QUIET:
                self._machine.surprise(state)
            self._machine.escapes.lose(tuple(keywords.values()), state)
            return Result(Made(subject.name, arguments))
        if subject.name in _DICT and not (arguments and keywords):
            if not arguments:
                held = [self._machine.escapes.kept(each, state) for each in keywords.values()]
                return Result(make_dict(self._machine, tuple(keywords), held, state))
            self._machine.opaque(state, *arguments)
            place = self._machine.place()
            state.make(place, {"": UNKNOWN})
            return Result(Reference(Kind.DICT, place))
        return None

    def _quiet(self, name: str, arguments: tuple[Any, ...], state: State) -> Any:  # noqa: ANN401
        if name == "builtins.isinstance" or any(
            isinstance(each, Reference) and each.kind is Kind.INSTANCE for each in arguments
        ):
            self._machine.escapes.lose(arguments, state)
        if name.startswith("os.path."):
            return of_path(name, arguments)
        return None if name == "builtins.print" else UNKNOWN

    def _method(self, subject: Any, name: str, arguments: tuple[Any, ...] | None, state: State) -> Result | None:  # noqa: ANN401
        """A method of a text, a list or a dictionary."""
        if arguments is None:
            return None
        if isinstance(subject, (str, Ending)):
            return self._of_text(subject, name, arguments, state)
        if isinstance(subject, Made):
            return self._of_made(subject, name, arguments, state)
        if isinstance(subject, Reference) and subject.kind is Kind.LIST and name in {"append", "extend"}:
            return self._longer(subject, name, arguments, state)
        if isinstance(subject, Reference) and subject.kind in {Kind.LIST, Kind.DICT} and name in _READING:
            return Result(self._read(subject, name, arguments, state))
        return None

    def _of_text(self, subject: str | Ending, name: str, arguments: tuple[Any, ...], state: State) -> Result:
        items = self._machine.expressions.items
        values = tuple(items(each, state) if isinstance(each, Reference) else text_of(each) for each in arguments)
        result = operations.method(subject, name, values)
        if result is UNKNOWN:
            self._machine.opaque(state, *arguments)
        return Result(result)

    def _of_made(self, subject: Made, name: str, arguments: tuple[Any, ...], state: State) -> Result | None:
        if subject.maker == NAMES:
            return self._of_names(subject, name, arguments, state)
        value = path_method(text_of(subject), name, arguments) if subject.maker == PATH else None
        return None if value is None else Result(value)

    def _read(self, subject: Reference, name: str, arguments: tuple[Any, ...], state: State) -> Any:  # noqa: ANN401
        """What is read from a list or a dictionary; of `get` it may be known."""
        keys = self._machine.expressions.items(subject, state)
        if subject.kind is Kind.DICT and keys is not None and name in _VIEWS and not arguments:
            values = tuple(under_key(self._machine, subject, key, state) for key in keys)
            pairs = tuple(zip(keys, values, strict=True))
            return Passing({"keys": keys, "values": values, "items": pairs}[name])
        if subject.kind is Kind.LIST or name != "get" or not arguments:
            self._machine.escapes.lose((*arguments, *state.names(subject.place).values()), state)
            self._machine.surprise(state)
            return UNKNOWN
        if operations.contained(arguments[0], keys) is False:
            return arguments[1] if len(arguments) > 1 else None
        self._machine.escapes.lose(arguments[1:], state)
        return under_key(self._machine, subject, arguments[0], state)

    def _of_names(self, subject: Made, name: str, arguments: tuple[Any, ...], state: State) -> Result:
        pairs = text_pairs(self._machine, _first(arguments), state) if name == "update" else None
        for key, value in pairs or ():
            self._machine.statements.targets.item(subject, key, value, state)
        if name not in _READING and pairs is None:
            self._machine.opaque(state, subject, *arguments)
        return Result(UNKNOWN)

    def _longer(self, subject: Reference, name: str, arguments: tuple[Any, ...], state: State) -> Result | None:
        items = self._machine.expressions.items(subject, state)
        more = arguments if name == "append" else self._machine.expressions.items(_first(arguments), state)
        if items is None or more is None or not is_short((*items, *more)):
            return None
        self._machine.statements.targets.slot(subject.place, "", (*items, *more), state)
        return Result(None)

    def _bool(self, values: tuple[Any, ...], _: Scope, state: State) -> Any:  # noqa: ANN401
        holds = truth_of(values[0]) if values else False
        if holds is None:
            self._machine.opaque(state, *values)
        return UNKNOWN if holds is None else holds

    def _vars(self, values: tuple[Any, ...], scope: Scope, state: State) -> Any:  # noqa: ANN401
        if not values and scope.frame is None:
            return Made(NAMES, (scope.module if scope.body is None else scope.body,))
        self._machine.escapes.everything |= _first(values) == Made(LOADED)
        self._machine.opaque(state, *values)
        return UNKNOWN

    def _getattr(self, values: tuple[Any, ...], _: Scope, state: State) -> Any:  # noqa: ANN401
        if len(values) == 2 and isinstance(values[1], str):  # noqa: PLR2004 - without a default
            return self._machine.attributes.attribute(values[0], values[1], state)
        if values and not isinstance(values[0], Module):
            self._machine.opaque(state, *values)
        self._machine.surprise(state)
        return UNKNOWN

    def _hasattr(self, values: tuple[Any, ...], _: Scope, state: State) -> Any:  # noqa: ANN401
        subject, name = (*values, UNKNOWN, UNKNOWN)[:2]
        answer = self._machine.attributes.has(subject, name, state)
        return self._quiet("builtins.hasattr", values, state) if answer is UNKNOWN else answer

    def _setattr(self, values: tuple[Any, ...], _: Scope, state: State) -> Any:  # noqa: ANN401
        machine = self._machine
        if len(values) > 1 and isinstance(values[1], str):
            value = values[2] if len(values) > 2 else UNKNOWN  # noqa: PLR2004 - setattr has three
            machine.statements.targets.attribute(values[0], values[1], value, state)
        else:
            known = bool(values) and isinstance(values[0], Reference)
            machine.escapes.everything |= not known and not (values and isinstance(values[0], Module))
            machine.opaque(state, *values)
        return None

    def _exit(self, values: tuple[Any, ...], scope: Scope, state: State) -> Any:  # noqa: ANN401
        del values, scope
        machine = self._machine
        handled = machine.handling[-1] if machine.handling else None
        event = machine.emit(What.RAISE, "SystemExit", state)
        raise Raised(built_in("SystemExit", (handled and handled.cause) or event))

    def _super(self, values: tuple[Any, ...], scope: Scope, state: State) -> Any:  # noqa: ANN401
        self._machine.opaque(state, *values, *(state.names(scope.frame).values() if scope.frame is not None else ()))
        return UNKNOWN

    def _add_finder(self, how: str, values: tuple[Any, ...], _: Scope, state: State) -> None:
        """A finder that only knows how things were done before Python 3.12 finds nothing since."""
        machine = self._machine
        finder = values[-1] if values else UNKNOWN
        of = finder.of if isinstance(finder, Reference) and finder.kind is Kind.INSTANCE else UNKNOWN
        late = machine.site.target.interpreter.version >= _WITHOUT_FIND_MODULE
        if late and machine.calls.classes.lookup(of, "find_spec", state) is None:
            return
        is_seen = isinstance(finder, Reference) and finder.place not in machine.escapes.wild
        below = known_below(finder, state, machine.site.read) if is_seen else ""
        if not isinstance(finder, Reference) or not below:
            machine.escapes.add_finders(ahead=not how.endswith(".append"))
            machine.escapes.lose(values, state)
            return
        machine.escapes.replaced.add(below)
        machine.escapes.lose(tuple(state.names(finder.place).values()), state)
        found = machine.escapes.finders, machine.escapes.ahead
        machine.escapes.lose(values, state)
        # Its own code puts nothing into `sys.modules` but what it is asked for.
        machine.escapes.finders, machine.escapes.ahead = found

    def _version(self, maker: str, values: tuple[Any, ...], _: Scope, state: State) -> Any:  # noqa: ANN401
        made = version_made(maker, values)
        if made is UNKNOWN:
            self._machine.opaque(state, *values)
        return made

    def _number(self, values: tuple[Any, ...], _: Scope, state: State) -> Any:  # noqa: ANN401
        """`int`, of one value."""
        number = operations.tried(int, *values) if len(values) == 1 and is_constant(values) else UNKNOWN
        if number is UNKNOWN:
            self._machine.opaque(state, *values)
        return number

    def _size(self, values: tuple[Any, ...], _: Scope, state: State) -> Any:  # noqa: ANN401
        """`struct.calcsize`, of a pointer."""
        if values == ("P",):
            return bits_of(self._machine.site.target) // 8
        self._machine.opaque(state, *values)
        return UNKNOWN


def _first(values: tuple[Any, ...]) -> Any:  # noqa: ANN401
    return values[0] if values else UNKNOWN


def _text(values: tuple[Any, ...]) -> Any:  # noqa: ANN401
    value = text_of_version(text_of(values[0])) if len(values) == 1 else UNKNOWN
    if isinstance(value, (str, Ending)):
        return value
    return str(value) if is_constant(value) and not isinstance(value, (bytes, tuple)) else UNKNOWN
