"""Asks the system's own tool about files, several at once, and holds its words against envdoctor's reading."""

from __future__ import annotations

import os
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from envdoctor.binaries.library import NeedKind
from envdoctor.core.command import Command
from envdoctor.core.errors import FactUnavailable
from envdoctor.core.target import System
from envdoctor.facts.witness import Account, Disagreement, Witness
from envdoctor.facts.witness.words import Words, parse_ldd, parse_otool

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from envdoctor.core.command import CommandResult
    from envdoctor.executors import Executor
    from envdoctor.facts import Facts
    from envdoctor.facts.loading.environment import Environment
    from envdoctor.facts.natives import NativeFile

#: Seconds for all files together, and for one; `ldd` takes about 0.02 a file.
_ALL, _ONE = 120.0, 20.0
_AT_ONCE = 8
_HARDWARE = "/glibc-hwcaps/"


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
    asked = sorted(filter(environment.can_load, facts.natives.files), key=lambda one: not one.is_module)
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
        with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="witness") as pool:
            heard = list(pool.map(lambda one: self._ask(one, end), files))
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
        return Account(path=file.path, command=result.argv, words=parse_ldd(printed), printed=printed)

    def differences(self, account: Account, file: NativeFile) -> Iterator[Disagreement]:
        """Libraries of which it says another path, or that only one of the two finds."""
        theirs = account.words.found
        ours: dict[str, str] = {}
        result = self._environment.bare_session().load(file.path)
        for each in result.resolutions:
            # ldd passes over what may be absent, and over the file itself where its libraries need it again.
            spoken = each.need.kind is NeedKind.REQUIRED and not _agree(each.path, file.path)
            if spoken or each.need.name in theirs:
                ours.setdefault(each.need.name, each.path)
        for name in dict.fromkeys([*ours, *theirs]):
            if not name.rpartition("/")[2].startswith("ld-") and not _agree(ours.get(name), theirs.get(name)):
                yield Disagreement(
                    account=account, name=name, ours=ours.get(name, "not named"), theirs=theirs.get(name, "not named")
                )

    def _ask(self, file: NativeFile, end: float) -> Account | tuple[str, str] | None:
        """The account of a file, or the file and why there is none; None after the end of the time."""
        left = end - time.monotonic()
        if left <= 0:
            return None
        command = Command(argv=self.command(file), env={"LC_ALL": "C", "LD_PRELOAD": None}, timeout=min(_ONE, left))
        result = self._executor.run(command)
        account = self.account(file, result)
        if (account.words.found or account.words.none) and not (result.ended or result.error):
            return account
        return file.path, result.last_line or result.describe_failure()


class _Otool(_Ldd):
    """Apple's otool, which lists install names and looks for none of them."""

    tool = "otool -L"

    def command(self, file: NativeFile) -> tuple[str, ...]:
        """What is run: for the architecture of the examined Python."""
        return ("otool", "-arch", self._environment.loader.architecture, "-L", file.path)

    def account(self, file: NativeFile, result: CommandResult) -> Account:
        """What it said, without the file's own name."""
        own_name = file.library.own_name if file.library else None
        words = parse_otool(result.stdout, own_name) if result.ok else Words()
        return Account(path=file.path, command=result.argv, words=words, printed=result.stdout + result.stderr)

    def differences(self, account: Account, file: NativeFile) -> Iterator[Disagreement]:
        """Install names that only one of the two reads."""
        library = file.library and file.library.for_architecture(self._environment.loader.architecture)
        ours = {need.name for need in library.needed} if library else set()
        theirs = set(account.words.found)
        for name in sorted(ours ^ theirs):
            said = ("named", "not named")
            ours_says, theirs_says = said if name in ours else said[::-1]
            yield Disagreement(account=account, name=name, ours=ours_says, theirs=theirs_says)


def _agree(ours: str | None, theirs: str | None) -> bool:
    """Whether two paths are one file; a variant for this very processor (glibc-hwcaps) stands for the plain file."""
    if ours is None or theirs is None:
        return ours == theirs
    if not ours or not theirs:
        return ours == theirs
    if _HARDWARE in theirs:
        return ours.rpartition("/")[2] == theirs.rpartition("/")[2]
    return os.path.realpath(ours) == os.path.realpath(theirs)
