"""Asks the system's own tool about files, several at once, and holds its words against envdoctor's reading."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from envdoctor.core.command import Command
from envdoctor.core.errors import FactUnavailable
from envdoctor.core.target import System
from envdoctor.facts.witness import Account, Disagreement, Witness
from envdoctor.facts.witness.comparing import different_names, different_paths, different_versions
from envdoctor.facts.witness.words import Words, parse_ldd, parse_otool
from envdoctor.support.parallel import in_parallel
from envdoctor.support.text import one_line

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from envdoctor.binaries.library import NativeLibrary
    from envdoctor.core.command import CommandResult
    from envdoctor.executors import Executor
    from envdoctor.facts import Facts
    from envdoctor.facts.loading.environment import Environment
    from envdoctor.facts.natives import NativeFile

#: Seconds for all files together, and for one; `ldd` takes about 0.02 a file.
_ALL, _ONE = 120.0, 20.0
_AT_ONCE = 8
#: Letters of what it printed that are kept for evidence; it may print megabytes about each of a thousand files.
_KEPT, _MOST_LETTERS = 1 << 16, 300
#: Variables of the loader that would change what it prints or loads; LD_LIBRARY_PATH counts for envdoctor too.
_ENVIRONMENT = {"LC_ALL": "C", "LD_PRELOAD": None, "LD_AUDIT": None, "LD_DEBUG": None}


def question(facts: Facts, executor: Executor) -> Witness:
    """Ask about the native files of the environment; see `Witness`.

    Raises:
        FactUnavailable: there is no witness on this system.
    """
    from envdoctor.facts.loading.environment import Environment

    environment = Environment(facts)
    system = environment.loader.system
    if system is System.WINDOWS:
        raise FactUnavailable("witness", "Windows has no tool like ldd that would tell")
    if system is System.MACOS:
        _require_otool(executor)
    files = {one.path: one for one in facts.natives.files if environment.can_load(one)}  # some belong to two
    asked = sorted(files.values(), key=lambda one: not one.is_module)
    interview = _Ldd(environment, executor) if system is System.LINUX else _Otool(environment, executor)
    return interview.about(asked)


def _require_otool(executor: Executor) -> None:
    """On a Mac without the developer tools, /usr/bin/otool opens a window that offers to install them."""
    result = executor.run(Command(argv=("xcode-select", "-p"), timeout=_ONE))
    if not result.ok:
        raise FactUnavailable("witness", "otool comes with Apple's command line tools, which are not installed")


class _Ldd:
    """glibc's or musl's ldd, which looks for libraries as the loader does."""

    tool = "ldd"

    def __init__(self, environment: Environment, executor: Executor) -> None:
        self._environment = environment
        self._executor = executor

    def about(self, files: Sequence[NativeFile]) -> Witness:
        """Ask about files until the time is over."""
        end = time.monotonic() + _ALL
        heard = list(in_parallel(lambda one: self._ask(one, end), files, _AT_ONCE, "witness"))
        accounts = [one for one in heard if isinstance(one, Account)]
        known = {one.path: one for one in files}
        return Witness(
            tool=self.tool,
            accounts=tuple(accounts),
            disagreements=tuple(each for one in accounts for each in self.differences(one, known[one.path])),
            silent=tuple(one for one in heard if isinstance(one, tuple)),
            left=heard.count(None),
        )

    def command(self, file: NativeFile) -> tuple[str, ...]:
        """What is run."""
        return ("ldd", file.path)

    def account(self, file: NativeFile, result: CommandResult) -> Account:
        """What it said."""
        printed = result.stdout + result.stderr
        return Account(path=file.path, command=result.argv, words=parse_ldd(printed), printed=printed[:_KEPT])

    def differences(self, account: Account, file: NativeFile) -> Iterator[Disagreement]:
        """Libraries that the two find in different places, and symbol versions that only one of them misses."""
        result = self._environment.bare_session().load(file.path)
        yield from different_paths(account, file, result)
        if not self._environment.loader.musl:  # which does not look at versions
            yield from different_versions(account, file, result)

    def _ask(self, file: NativeFile, end: float) -> Account | tuple[str, str] | None:
        """The account of a file, or the file and why there is none; None after the end of the time."""
        left = end - time.monotonic()
        if left <= 0:
            return None
        command = Command(argv=self.command(file), env=_ENVIRONMENT, timeout=min(_ONE, left))
        result = self._executor.run(command)
        if result.ended or result.error or result.signal:  # what it printed may be half of it
            return file.path, result.describe_failure()
        account = self.account(file, result)
        static = account.words.refused and file.library is not None and not file.library.needed
        if account.words.found or account.words.none or static:
            return account
        return file.path, one_line(result.last_line)[:_MOST_LETTERS] or result.describe_failure()


class _Otool(_Ldd):
    """Apple's otool, which lists install names and looks for none of them."""

    tool = "otool -L"

    def command(self, file: NativeFile) -> tuple[str, ...]:
        """What is run: for the architecture of the examined Python."""
        return ("otool", "-arch", self._environment.loader.architecture, "-L", file.path)

    def account(self, file: NativeFile, result: CommandResult) -> Account:
        """What it said, without the file's own name."""
        part = self._part(file)
        words = parse_otool(result.stdout, part.own_name if part else None) if result.ok else Words()
        return Account(path=file.path, command=result.argv, words=words, printed=result.stdout[:_KEPT])

    def differences(self, account: Account, file: NativeFile) -> Iterator[Disagreement]:
        """Install names that only one of the two reads."""
        part = self._part(file)
        yield from different_names(account, {need.name for need in part.needed} if part else ())

    def _part(self, file: NativeFile) -> NativeLibrary | None:
        """What is there for the architecture of the examined Python."""
        return file.library.for_architecture(self._environment.loader.architecture) if file.library else None
