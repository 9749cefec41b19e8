"""Resolution by uv: one short process a question, in a cache of envdoctor's own, for any target.

uv decides; it is never asked to build, to download a Python or to look outside the user's own pip settings.
"""

from __future__ import annotations

import enum
import hashlib
import os
import re
import sys
import tempfile
import threading
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from envdoctor.availability.kept import KeptAnswers
from envdoctor.availability.stand_in import stand_in
from envdoctor.core.command import Command
from envdoctor.core.errors import EnvironmentProblem
from envdoctor.core.target import Libc, System
from envdoctor.executors.programs import find_uv
from envdoctor.index.uv_settings import uv_arguments, uv_configuration, uv_environment
from envdoctor.support.files import read_regular, remove_special
from envdoctor.support.requirement import parse_requirement

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from envdoctor.core.command import CommandResult
    from envdoctor.core.target import Platform, Target
    from envdoctor.executors import Executor
    from envdoctor.index.settings import IndexSettings
    from envdoctor.net.cache import DiskCache

_SECONDS = 300.0
_UNSATISFIABLE = 1
# glibc versions that uv has a platform name for, as of 0.11; all others go by a stand-in.
_NAMED_GLIBC = frozenset({17, 28, *range(31, 41)})
_MUSL = (1, 2)
_PIN = re.compile(r"([A-Za-z0-9][A-Za-z0-9._-]*)==([^\s;]+)")
# uv's words for "nothing was learned", which it says with the same status as "unsatisfiable".
_NO_ANSWER = re.compile(
    r"network was disabled|network connectivity is disabled|error sending request|Failed to fetch|Failed to download"
    r"|Failed to read|HTTP status|Request failed|timed out|Failed to inspect Python",
    re.IGNORECASE,
)
_UNDATED = re.compile(r"^warning: `([^`]+)` is missing an upload date", re.MULTILINE)
_PLACE = re.compile(r"[^;@]*@")
_CREDENTIALS = re.compile(r"://[^/@\s]+@")


class Outcome(enum.Enum):
    """What uv said."""

    RESOLVED = "resolved"
    UNSATISFIABLE = "unsatisfiable"
    UNDECIDED = "undecided"


@dataclass(frozen=True, kw_only=True, slots=True)
class Question:
    """What is asked of a resolver.

    Attributes:
        requirements: PEP 508 lines that must hold together.
        target: for which machine.
        constraints: lines that restrict versions without asking for a package.
        as_of: only files uploaded before this moment (UTC) count; None for all.
    """

    requirements: tuple[str, ...]
    target: Target
    constraints: tuple[str, ...] = ()
    as_of: datetime | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Resolution:
    """A resolver's answer.

    Attributes:
        pins: normalized name and version of every package, if RESOLVED.
        words: what uv said, credentials hidden; the reason if not RESOLVED.
        command: what was run, for a person who wants to see for themselves.
        undated: files that `as_of` left out because nothing tells when they were uploaded.
    """

    outcome: Outcome
    pins: tuple[tuple[str, str], ...] = ()
    words: str = ""
    command: str = ""
    undated: tuple[str, ...] = ()


class UvResolver:
    """Asks uv. Safe to share among threads: each question is a process of its own."""

    def __init__(
        self,
        executor: Executor,
        settings: IndexSettings,
        folder: Path,
        *,
        offline: bool = False,
        cache: DiskCache | None = None,
    ) -> None:
        """Prepares to ask.

        Args:
            executor: runs uv.
            settings: the user's own.
            folder: where uv's cache, its configuration and the stand-ins are kept.
            offline: only uv's cache may answer.
            cache: where answers are kept for as long as the pages that they come from; None keeps none.
        """
        self._executor = executor
        self._settings = settings
        self._folder = folder
        self._offline = offline
        self._kept = KeptAnswers(cache, settings)
        self._lock = threading.Lock()

    def resolve(self, question: Question) -> Resolution:
        """Uv's answer. A network that fails, or an offline cache that lacks a page, is UNDECIDED.

        Raises:
            EnvironmentProblem: there is no uv, or the cache folder can't be used.
            UsageProblem: uv has no notion of the target.
        """
        for line in question.requirements:
            if why := _refusal(line):
                return Resolution(outcome=Outcome.UNDECIDED, words=f"{line!r} {why}, so that it is not asked for")
        stdin = "".join(f"{line}\n" for line in question.requirements).encode()
        with self._arguments(question) as arguments:
            try:
                environment = self._environment(question)
            except OSError as error:
                raise EnvironmentProblem(
                    f"the cache folder {self._folder.parent} can't be used ({error.strerror or error}); mend that, or "
                    "set ENVDOCTOR_CACHE to a folder that can."
                ) from error
            command = Command(argv=(find_uv(), *arguments), env=environment, stdin=stdin, timeout=_SECONDS)
            key = self._kept.key(_asked(command, question))
            if (known := self._kept.get(key, Resolution)) is not None:
                return known
            remove_special(self._folder / "uv", spared="archive-v0")  # of which it reads nothing to resolve
            result = self._executor.run(command)
        found = _read(result, f"uv {' '.join(arguments)} <<< {' '.join(map(repr, question.requirements))}")
        if found.outcome is not Outcome.UNDECIDED:
            self._kept.put(key, found)
        return found

    @contextmanager
    def _arguments(self, question: Question) -> Iterator[tuple[str, ...]]:
        arguments = ["pip", "compile", "-", "--only-binary", ":all:", "--no-header", "--no-annotate", "--no-progress"]
        arguments += ["--color", "never", "--no-python-downloads", *uv_arguments(self._settings)]
        arguments += _machine(question.target, self._folder / "stand-ins")
        if self._offline:
            arguments.append("--offline")
        if question.as_of is not None:
            arguments += ["--exclude-newer", question.as_of.strftime("%Y-%m-%dT%H:%M:%SZ")]
        if not question.constraints:
            yield tuple(arguments)
            return
        with tempfile.TemporaryDirectory(prefix="envdoctor-") as folder:
            file = Path(folder) / "constraints.txt"
            file.write_text("".join(f"{line}\n" for line in question.constraints), encoding="utf-8")
            yield (*arguments, "--constraints", str(file))

    def _environment(self, question: Question) -> dict[str, str | None]:
        environment: dict[str, str | None] = {name: None for name in os.environ if name.startswith("UV_")}
        environment |= uv_environment(self._settings)
        text, secrets = uv_configuration(self._settings)
        if text:
            environment |= {"UV_DEFAULT_INDEX": None, "UV_INDEX": None, "UV_NO_CONFIG": None, **secrets}
            environment["UV_CONFIG_FILE"] = str(self._configuration(text))
        if question.as_of is not None:  # files beside the indexes have no date, and uv would take them all the same
            environment["UV_FIND_LINKS"] = None
        environment["UV_CACHE_DIR"] = str(self._folder / "uv")
        environment["MACOSX_DEPLOYMENT_TARGET"] = _deployment_target(question.target.platform)
        return environment

    def _configuration(self, text: str) -> Path:
        """The file with this text; its name tells its content, so that no two settings share one."""
        file = self._folder / f"uv-{hashlib.sha256(text.encode()).hexdigest()[:16]}.toml"
        with self._lock:
            if not _holds(file, text):
                self._folder.mkdir(parents=True, exist_ok=True)
                written = self._folder / f"uv-{os.getpid()}.tmp"
                try:
                    written.write_text(text, encoding="utf-8")
                    written.replace(file)
                finally:
                    written.unlink(missing_ok=True)
        return file


def _holds(file: Path, text: str) -> bool:
    """Whether a file is there and whole."""
    try:
        return read_regular(file, len(text.encode())) == text.encode()
    except OSError:
        return False


def _asked(command: Command, question: Question) -> list[object]:
    """All that uv is told, the constraints by their lines: the file of them has another name each time."""
    program = Path(command.argv[0]).stat()
    arguments = command.argv[:-2] if question.constraints else command.argv
    told = [arguments, question.constraints, command.stdin.decode(), command.env]
    return [program.st_mtime_ns, program.st_size, sys.version, *told]


def _read(result: CommandResult, command: str) -> Resolution:
    words = _CREDENTIALS.sub("://****@", result.stderr.strip())
    undated = tuple(_UNDATED.findall(words))
    words = "\n".join(line for line in words.splitlines() if not line.startswith("warning: "))
    if result.ok:
        pins = tuple((match[1], match[2]) for match in map(_PIN.match, result.stdout.splitlines()) if match)
        return Resolution(outcome=Outcome.RESOLVED, pins=pins, words=words, command=command, undated=undated)
    decided = result.returncode == _UNSATISFIABLE and "No solution found" in words and not _NO_ANSWER.search(words)
    outcome = Outcome.UNSATISFIABLE if decided else Outcome.UNDECIDED
    said = words or result.describe_failure()
    return Resolution(outcome=outcome, words=said, command=command, undated=undated)


def _refusal(line: str) -> str:
    """Why a requirement is no line for uv: what stands in metadata is not to become an option of it, or a place."""
    try:
        parse_requirement(line)
    except ValueError:
        return "is not a requirement (PEP 508)"
    if not line.isprintable():
        return "is more than one line"
    return "names a place instead of versions" if _PLACE.match(line) else ""


def _machine(target: Target, stand_ins: Path) -> list[str]:
    """The options that name the machine: uv's own words where it has some, else an interpreter that stands in."""
    name = _named(target)
    if name is None:
        return ["--python", str(stand_in(target, stand_ins))]
    return ["--python", sys.executable, "--python-platform", name, "--python-version", target.interpreter.full_version]


def _named(target: Target) -> str | None:
    interpreter, platform = target.interpreter, target.platform
    if interpreter.implementation != "cp" or interpreter.free_threaded or not _plain_cpython():
        return None
    arch = {"arm64": "aarch64", "amd64": "x86_64", "x86": "i686"}.get(platform.arch, platform.arch)
    if platform.system is System.WINDOWS:
        return f"{arch}-pc-windows-msvc"
    if arch not in {"x86_64", "aarch64"} or platform.version is None:
        return None
    if platform.system is System.MACOS:
        return f"{arch}-apple-darwin"
    if platform.libc is Libc.MUSL:
        return f"{arch}-unknown-linux-musl" if platform.version == _MUSL else None
    major, minor = platform.version
    return f"{arch}-manylinux_{major}_{minor}" if minor in _NAMED_GLIBC else None


@lru_cache(maxsize=1)
def _plain_cpython() -> bool:
    """Uv takes the implementation, and whether there is a lock, from the interpreter that it is given: this one."""
    import sysconfig

    return sys.implementation.name == "cpython" and not sysconfig.get_config_var("Py_GIL_DISABLED")


def _deployment_target(platform: Platform) -> str | None:
    if platform.system is not System.MACOS or platform.version is None:
        return None
    return f"{platform.version[0]}.{platform.version[1]}"
