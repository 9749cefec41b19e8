"""What importing a module does, as plain values; see the room's own docstring for how they are read."""

from __future__ import annotations

import enum

from envdoctor.core.frozen import frozen


class What(enum.Enum):
    """The kinds of step."""

    __hash__ = object.__hash__  # events are looked up by the ten thousand

    IMPORT = "imports"  # a module, whether it is there or not
    USE = "uses"  # MODULE.NAME of a module, by an attribute or by `from MODULE import NAME`
    SET = "sets"  # gives a name to a module; to `os.environ` as NAME=VALUE
    LOAD = "loads"  # a native file: of an extension module, or one that ctypes or another call names
    LOOK_UP = "looks for"  # a library of the system
    ADD_FOLDER = "adds a folder of libraries"  # os.add_dll_directory
    OPEN = "opens"  # a file of the site, by its whole path
    ASK = "asks for the distribution"  # its metadata
    RAISE = "raises"


class Certainty(enum.Enum):
    """Whether a step is taken. Only CERTAIN may break a verdict."""

    __hash__ = object.__hash__

    CERTAIN = "certain"  # on every import that does not fail before
    MAY = "may"  # nothing is known
    NEVER = "never"  # in a branch that this Python on this system does not take


@frozen
class Event:
    """One step of an import.

    Attributes:
        what: the kind of step.
        subject: the module, the file, the library, the distribution or the exception.
        name: of USE and SET the name that the module is asked for or given; of ASK the version, where one is asked for
            and found, or those that would do, where it fails; of LOAD the module for which a file lacks what its
            import calls, or the function that it is asked for in vain; of RAISE what is wrong with a text that this
            Python does not take.
        certainty: whether the step is taken.
        via: the modules whose import leads there, the one imported first.
        fails: the site says that there is no such thing, so that the step raises.
        instead_of: the module whose absence led here, where a handler took that.
        from_import: of USE, `from subject import name`, which a submodule satisfies too.
        alternatives: of LOAD, where the name is worked out: other files that may be meant as well.
        line: of RAISE, the statement's in the text of the last module of `via`; 0 for one that stands elsewhere.
    """

    what: What
    subject: str
    name: str = ""
    certainty: Certainty = Certainty.CERTAIN
    via: tuple[str, ...] = ()
    fails: bool = False
    from_import: bool = False
    instead_of: str = ""
    alternatives: tuple[str, ...] = ()
    line: int = 0


@frozen
class Outcome:
    """What became of an import in thought.

    Attributes:
        events: the steps, in order, each once.
        fails: proven: the import raises, whatever the unknown things are.
        raises: the exception's name then; "" where it is one of several.
        cause: the step that the exception goes back to, through handlers that raise another in its place.
        may_fail_for: steps of which it is not known whether the import fails for them.
        complete: whether every module was followed; False where a text could not be read or there were too many.
        unreadable: whether the text of a module could not be read.
        steps: statements and calls that were gone through.
        ended: the modules of which the text was gone through to its end on all ways that led there.
        is_cut: whether it took too many steps to be followed to its end.
    """

    events: tuple[Event, ...] = ()
    fails: bool = False
    raises: str = ""
    cause: Event | None = None
    may_fail_for: frozenset[Event] = frozenset()
    complete: bool = True
    unreadable: bool = False
    steps: int = 0
    ended: frozenset[str] = frozenset()
    is_cut: bool = False
