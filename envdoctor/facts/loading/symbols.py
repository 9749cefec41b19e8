"""Undefined symbols: names that a native file must find when it is loaded, and does not find."""

from __future__ import annotations

import json
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

from envdoctor.binaries.elf_symbols import ElfSymbols
from envdoctor.binaries.files import FileBlocks, FileBytes
from envdoctor.binaries.library import NeedKind
from envdoctor.binaries.undefined import SymbolFiles, find_lacks, mapped_for
from envdoctor.core.finding import Evidence, Severity
from envdoctor.core.frozen import frozen
from envdoctor.environments.cache import open_cache
from envdoctor.net.cache import DiskCache
from envdoctor.support.files import read_regular
from envdoctor.support.hashing import hash_code
from envdoctor.support.text import plural

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from envdoctor.binaries.closure import Closures
    from envdoctor.binaries.elf_symbols import Wanted
    from envdoctor.binaries.undefined import Lack
    from envdoctor.core.request import Request
    from envdoctor.facts import Facts
    from envdoctor.facts.loading.environment import Environment
    from envdoctor.facts.natives import NativeFile

_LIMIT = 4 << 20
_MOST_NAMES = 12
_LARGEST_TEXT = 4 << 20
_GLOBALLY = (b"RTLD_GLOBAL", b"setdlopenflags")  # what code says that lends its libraries' symbols to all


@frozen
class UndefinedSymbols:
    """Symbols that ld.so does not find when it loads a file.

    Attributes:
        file: an extension module, or a library that code opens by its name.
        holder: the path of the file that needs the symbols: the file, or one that it brings.
        names: the first of them, in order, as a person reads them.
        count: how many there are.
        searched: how many files were asked for them: all that the loader maps.
        elsewhere: files that define them all the same, and that are not searched for them.
        imported: whether importing the distribution's packages surely loads the file.
    """

    file: NativeFile
    holder: str
    names: tuple[str, ...]
    count: int = 1
    searched: int
    elsewhere: tuple[str, ...] = ()
    imported: bool = True

    @property
    def severity(self) -> Severity:
        """A library that no import is known to open may be for another program, which has the symbols."""
        if self.imported:
            return Severity.ERROR
        return Severity.WARNING if self.file.is_module else Severity.INFO

    @property
    def proof(self) -> tuple[Evidence, ...]:
        """Where the symbols are needed, and where they were looked for."""
        where = f"the {self.searched} files that the loader maps for it"
        has = f"defined in {self.elsewhere[0]}, which is not among them" if self.elsewhere else "not defined anywhere"
        return (
            Evidence(source=self.holder, excerpt="\n".join(f"undefined symbol: {name}" for name in self.names)),
            Evidence(source=where, excerpt=f"not defined there; {has}" if self.elsewhere else "not defined there"),
        )


def in_words(lacking: Sequence[UndefinedSymbols]) -> str:
    """One sentence on the files of a distribution that lack symbols, the worst first."""
    worst = lacking[0]
    name = worst.file.path.rpartition("/")[2]
    others = f" and {plural(len(lacking) - 1, 'more file')}" if lacking[1:] else ""
    more = f" and {plural(worst.count - 1, 'more symbol')}" if worst.count > 1 else ""
    where = "nothing that is loaded with it defines" if worst.elsewhere else "nothing defines"
    return f"{name}{others} of {worst.file.distribution.title} can't be loaded: {where} {worst.names[0]}{more}."


@frozen
class Symbols:
    """What was found.

    Attributes:
        undefined: for each file that fails, what it lacks.
        unread: the files whose symbols could not be read, and why.
    """

    undefined: tuple[UndefinedSymbols, ...] = ()
    unread: tuple[tuple[NativeFile, str], ...] = ()

    def by_distribution(self) -> dict[str, list[UndefinedSymbols]]:
        """What each distribution's files lack, by its metadata folder, the worst first."""
        rows: dict[str, list[UndefinedSymbols]] = {}
        for one in sorted(self.undefined, key=lambda one: -one.severity):
            rows.setdefault(one.file.distribution.metadata, []).append(one)
        return rows


@frozen
class Undefined:
    """One row of `Answer`: paths and names only, to be kept from one run to the next."""

    root: str
    holder: str
    names: tuple[str, ...]
    count: int
    searched: int
    elsewhere: tuple[str, ...] = ()


@frozen
class Answer:
    """What is undefined, and the path and the problem of each file whose symbols could not be read."""

    undefined: tuple[Undefined, ...] = ()
    unread: tuple[tuple[str, str], ...] = ()


def find_undefined(
    facts: Facts, environment: Environment, closures: Closures, files: Sequence[NativeFile], request: Request
) -> Symbols:
    """What the loads of an environment's ELF files lack, found anew when one of them has changed.

    Files for which a library is missing are left out: that is why they fail. So are extension modules of other Pythons,
    and symbols that a library may bring which code loads for all (RTLD_GLOBAL).

    Args:
        facts: to see what is imported.
        environment: where the files are.
        closures: what was found of the files' needs.
        files: those that this machine could load.
        request: whose folder of kept answers is used.
    """
    loads = _Loads(environment, closures, files)
    if not loads.mapped:
        return Symbols()
    cache = DiskCache(open_cache(request).root / "symbols", _LIMIT)
    key = loads.state()
    answer = cache.get_value(key, Answer)
    if answer is None:
        answer = _judge(loads)
        cache.put_value(key, answer)
    return Symbols(
        undefined=tuple(_told(answer, loads, facts, environment)),
        unread=tuple((loads.own[path], problem) for path, problem in answer.unread if path in loads.own),
    )


def _told(answer: Answer, loads: _Loads, facts: Facts, environment: Environment) -> Iterator[UndefinedSymbols]:
    modules = {path for path, one in loads.own.items() if one.is_module}
    by_modules = {row.holder for row in answer.undefined if row.root in modules}
    for row in answer.undefined:
        file = loads.own[row.root]
        if (file.is_module and not file.importable) or (row.root not in modules and row.holder in by_modules):
            continue
        imported = environment.imports(file)
        if row.elsewhere and (_may_be_global(row, loads, facts) or not (imported or file.is_module)):
            continue
        yield UndefinedSymbols(
            file=file,
            holder=row.holder,
            names=row.names,
            count=row.count,
            searched=row.searched,
            elsewhere=row.elsewhere,
            imported=imported,
        )


def _may_be_global(row: Undefined, loads: _Loads, facts: Facts) -> bool:
    """Whether code of the distribution, or of those whose files define the symbols, loads something for all."""
    whose = {loads.own[path].distribution.metadata for path in (row.root, *row.elsewhere) if path in loads.own}
    for record in facts.records.records:
        if record.distribution.metadata in whose:
            names = [path for path in record.paths if path.endswith(".py")]
            texts = (_text(f"{record.distribution.root}/{path}") for path in names)
            if any(word in text for text in texts for word in _GLOBALLY):
                return True
    return False


def _text(path: str) -> bytes:
    try:
        return read_regular(path, _LARGEST_TEXT)
    except OSError:
        return _GLOBALLY[0]  # it may say so


class _Loads:
    """What the loader maps for each file of an environment that finds all its libraries.

    Attributes:
        mapped: for each file all that is mapped for it, itself first.
        needs: for each file the names that it needs, and the files that they are found in.
        own: the environment's files.
        program: the interpreter and what it needs.
        system: the other libraries of the machine.
    """

    def __init__(self, environment: Environment, closures: Closures, files: Sequence[NativeFile]) -> None:
        self._canonical = environment.tree.canonical
        self.own = {self._canonical(one.path): one for one in files}
        self.needs: dict[str, dict[str, str]] = {}
        for path, found in closures.found.items():
            needs = self.needs.setdefault(self._canonical(path), {})
            needs |= {name: self._canonical(file) for name, file in found.items()}
        lost = self._add_loaded_before()
        mapped = {path: mapped_for(path, self.needs) for path in self.own}
        self.mapped = {path: brought for path, brought in mapped.items() if lost.isdisjoint(brought)}
        self.program = mapped_for(self._canonical(environment.loader.program), self.needs)
        self.system = tuple(environment.loader.cache.values())

    def _add_loaded_before(self) -> set[str]:
        """Gives needs that are not found the environment's library of that name, which code loads before.

        Returns:
            The files for which that fails.
        """
        named: dict[str, str] = {}
        for path, one in self.own.items():
            for name in (one.library and one.library.own_name, path.rpartition("/")[2]):
                if name:
                    named.setdefault(name, path)
        lost = set()
        for path, one in self.own.items():
            needs = self.needs.setdefault(path, {})
            for need in one.library.needed if one.library else ():
                if need.name not in needs and need.name in named:
                    needs[need.name] = named[need.name]
                elif need.name not in needs and need.kind is NeedKind.REQUIRED:
                    lost.add(path)
        return lost

    def state(self) -> str:
        """All that decides: the files, unchanged, what maps what, and the code that judges."""
        paths = dict.fromkeys([*self.program, *(path for brought in self.mapped.values() for path in brought)])
        return json.dumps(
            [
                hash_code("facts/loading", "binaries"),
                self.program,
                sorted(self.mapped),
                sorted((path, sorted(needs.items())) for path, needs in self.needs.items()),
                [_stamp(path) for path in [*paths, *self.own, *self.system]],
            ]
        )


def _stamp(path: str) -> list[object]:
    try:
        found = os.stat(path)
    except OSError:
        return [path]
    return [path, found.st_size, found.st_mtime_ns, found.st_ctime_ns]


@contextmanager
def _open(path: str) -> Iterator[ElfSymbols]:
    with FileBytes(path) as source:
        yield ElfSymbols(FileBlocks(source))


def _judge(loads: _Loads) -> Answer:
    files = SymbolFiles(_open)
    judged = {path for brought in loads.mapped.values() for path in brought if path in loads.own}
    lacks = find_lacks(loads.mapped, loads.needs, judged, loads.program, files)
    unread = tuple((path, files.unread[path]) for path in sorted(files.unread))
    definers = {lack.holder: _definers(lack, [*loads.own, *loads.system], files) for lack in lacks}
    undefined = tuple(_row(lack, loads, definers[lack.holder]) for lack in lacks)
    return Answer(undefined=undefined, unread=unread)


def _definers(lack: Lack, places: Iterable[str], files: SymbolFiles) -> dict[Wanted, str]:
    """For each symbol a file that defines it and is not searched."""
    left = set(lack.symbols)
    found: dict[Wanted, str] = {}
    for path in places:
        if left:
            lacking = files.not_defined(path, left)
            found |= dict.fromkeys(left - lacking, path)
            left = lacking
    return found


def _row(lack: Lack, loads: _Loads, definers: Mapping[Wanted, str]) -> Undefined:
    nowhere = [each for each in lack.symbols if each not in definers]
    return Undefined(
        root=lack.root,
        holder=lack.holder,
        names=tuple(each.shown for each in (nowhere or lack.symbols)[:_MOST_NAMES]),
        count=len(nowhere or lack.symbols),
        searched=len({*loads.program, *loads.mapped[lack.root]}),
        elsewhere=() if nowhere else tuple(dict.fromkeys(definers.values())),
    )
