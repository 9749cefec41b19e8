"""Imports modules of a wheel in thought, to see which native files that loads and which of them it can't go without."""

from __future__ import annotations

import ast
import functools
import posixpath
from typing import TYPE_CHECKING, Protocol

from envdoctor.core.errors import Unreadable
from envdoctor.core.frozen import frozen
from envdoctor.imports.events import Certainty, What
from envdoctor.imports.interpreter import import_in_thought
from envdoctor.imports.scopes import own_nodes
from envdoctor.imports.wheel_site import WheelSite
from envdoctor.support.syntax import parse_python
from envdoctor.wheels.module_index import ModuleIndex

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from envdoctor.core.target import Target
    from envdoctor.imports.events import Event, Outcome
    from envdoctor.imports.wheel_site import Beside
    from envdoctor.wheels.contents import WheelContents

_MOST_ROUNDS = 24  # files, one after the other, that an import fails for


class Process(Protocol):
    """A process in which modules are imported in thought."""

    def fails(self, path: str) -> bool:
        """Whether a file of the wheel, from site-packages, fails to load; asked in the order of the loads."""
        ...

    def watch(self, event: Event) -> None:
        """Is told of each step, before what comes of it is known."""
        ...


@frozen
class Loads:
    """The native files that an import loads.

    Attributes:
        events: the loads; those of files that fail are followed by what comes where they don't.
        needed: those that the import certainly fails for.
        doubtful: those that it may fail for.
        imported: the modules that it certainly imports to their end: importing one of them by its name does the same,
            if the root is the package that it is in.
        is_cut: whether it took too many steps; then so does the import of any module in the package.
    """

    events: tuple[Event, ...]
    needed: frozenset[Event]
    doubtful: frozenset[Event]
    imported: frozenset[str] = frozenset()
    is_cut: bool = False


class ImportedWheel:
    """One wheel, from which modules are imported.

    Attributes:
        index: its modules.
        complete: False once the text of a module could not be read.
    """

    def __init__(
        self, wheel: WheelContents, read: Callable[[str], str], target: Target, beside: Beside | None = None
    ) -> None:
        """Prepares.

        Args:
            wheel: the wheel.
            read: the text of a member.
            target: where it is imported.
            beside: what lies beside it; None for anything.
        """
        self.index = ModuleIndex(wheel.members, target)
        self.complete = True
        self._read = functools.cache(read)
        self._target = target
        self._beside = beside
        lines = [line for member in self.index.path_files for line in self._lines(member)]
        for line in lines:
            self.index.add_path(line)
        self._startup = tuple(_startup_imports(lines))

    def is_native(self, module: str) -> bool:
        """Whether a module is a native file of the wheel itself, rather than text that imports some."""
        member = self.index.find(module)
        return member is not None and not member.endswith(".py")

    def loads(self, root: str, begin: Callable[[], Process]) -> Loads:
        """What `import root` loads.

        Args:
            root: the module.
            begin: begins a process. An import that fails for a file is made again in a new one as if the file loaded.
        """
        supposed: set[str] = set()
        events: dict[Event, None] = {}
        needed: set[Event] = set()
        doubtful: set[Event] = set()
        for _ in range(_MOST_ROUNDS):
            outcome = self._begun(root, begin, supposed)
            events |= dict.fromkeys(event for event in outcome.events if event.what is What.LOAD)
            doubtful |= {event for event in outcome.may_fail_for if event.what is What.LOAD}
            cause = outcome.cause
            if cause is not None and cause.what is not What.LOAD:  # one of several exceptions, of which another may be
                loads = {each for each in outcome.events if each.what is What.LOAD and each.fails}
                loads = {each for each in loads if each.certainty is Certainty.CERTAIN}
                if loads and not self._begun(root, begin, supposed.union(each.subject for each in loads)).fails:
                    needed |= loads
            if cause is None or cause.what is not What.LOAD or cause.subject in supposed:
                break
            supposed |= {cause.subject, *cause.alternatives}
            needed |= {each for each in outcome.events if each.fails and each.subject in supposed}
        certain = (each for each in outcome.events if each.certainty is Certainty.CERTAIN)
        return Loads(
            events=tuple(events),
            needed=frozenset(needed),
            doubtful=frozenset(doubtful - needed),
            imported=outcome.ended.intersection(each.subject for each in certain if each.what is What.IMPORT),
            is_cut=outcome.is_cut,
        )

    def _begun(self, root: str, begin: Callable[[], Process], supposed: set[str]) -> Outcome:
        process = begin()
        for module in self._startup:
            self._import(module, process, supposed)
        return self._import(root, process, supposed)

    def _import(self, module: str, process: Process, supposed: set[str]) -> Outcome:
        def fails(path: str) -> bool:
            return process.fails(path) and path not in supposed

        site = WheelSite(self.index, self._read, self._target, self._beside, fails=fails)
        outcome = import_in_thought(module, site, watch=process.watch)
        self.complete &= not outcome.unreadable
        return outcome

    def takes_late(self, path: str) -> bool:
        """Whether texts beside an extension module import it, all of them in functions or where a handler stands by."""
        folder, stem = posixpath.dirname(path), posixpath.basename(path).partition(".")[0]
        late = False
        for name in self.index.texts_in(folder):
            text = "\n".join(self._lines(name))
            if stem in text:
                imports = _imports_of(stem, text)
                if imports is None or False in imports:
                    return False
                late |= bool(imports)
        return late

    def _lines(self, member: str) -> list[str]:
        try:
            return self._read(member).splitlines()
        except Unreadable:  # Python goes on without it too
            return []


def _imports_of(stem: str, text: str) -> list[bool] | None:
    """Of each import of a module by its last name whether it is put off or tried; None where the text can't be read."""
    try:
        tree = parse_python(text)
    except Unreadable:
        return None
    tried = {
        id(node)
        for each in ast.walk(tree)
        if isinstance(each, ast.Try) and each.handlers
        for part in each.body
        for node in ast.walk(part)
    }
    at_once = {id(node) for node in own_nodes(tree.body)} - tried
    found = [
        node
        for node in ast.walk(tree)
        if isinstance(node, (ast.Import, ast.ImportFrom))
        and any(alias.name.rpartition(".")[2] == stem for alias in node.names)
    ]
    return [id(node) not in at_once for node in found]


def _startup_imports(lines: Iterable[str]) -> Iterator[str]:
    """The modules that Python imports for the lines of .pth files when it starts (site)."""
    for line in lines:
        if line.startswith(("import ", "import\t")):
            try:
                nodes = ast.walk(parse_python(line))
            except Unreadable:
                continue
            yield from (alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names)
