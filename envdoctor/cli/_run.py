"""From arguments to an exit code: the lazy command group, and the one place where errors become messages."""

from __future__ import annotations

import contextlib
import errno
import importlib
import os
import pkgutil
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

import click

from envdoctor.cli import tell_of_little_memory
from envdoctor.core.errors import EnvDoctorError, ExitCode
from envdoctor.support import interruption
from envdoctor.support.files import is_special
from envdoctor.support.parallel import memory_is_scarce

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


#: What the machine answers whatever a program does: a full or broken disk, a missing permission. No bug of ours.
_REFUSALS = frozenset(
    getattr(errno, name)
    for name in (
        *("EACCES", "EPERM", "EROFS", "ENOSPC", "EDQUOT", "EFBIG", "EIO"),
        *("ENAMETOOLONG", "ELOOP", "EMFILE", "ENFILE", "ENOMEM"),
    )
    if hasattr(errno, name)
)
#: How errors without a type of their own tell that memory is short: threads, a library's mapping, C code of Python.
_OF_MEMORY = ("can't start new thread", "failed to map segment", "setting an exception", "without exception set")


#: Seconds that other threads get, after an interrupt, to end their programs and to remove their files.
_HASTE = 0.5


class _Commands(click.Group):
    """A group whose commands are the modules of this package, imported when they are asked for."""

    def make_context(
        self,
        info_name: str | None,
        args: list[str],
        parent: click.Context | None = None,
        **extra: Any,  # noqa: ANN401  (click's own)
    ) -> click.Context:
        with _readers_may_leave():  # prints `--help`
            return super().make_context(info_name, args, parent, **extra)

    def invoke(self, ctx: click.Context) -> object:
        with _readers_may_leave():
            return super().invoke(ctx)

    def list_commands(self, ctx: click.Context) -> list[str]:
        del ctx
        package = importlib.import_module("envdoctor.cli")
        return sorted(info.name for info in pkgutil.iter_modules(package.__path__) if not info.name.startswith("_"))

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name.startswith("_") or cmd_name not in self.list_commands(ctx):
            return None
        command = importlib.import_module(f"envdoctor.cli.{cmd_name}").command
        if not isinstance(command, click.Command):
            raise TypeError(f"envdoctor.cli.{cmd_name}.command is not a command")
        if ctx.resilient_parsing:
            _offer_values(cmd_name, command)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if ctx.resilient_parsing:  # a shell asks what can come next; nothing is run
            return super().resolve_command(ctx, args)
        if args and self.get_command(ctx, args[0]) is None:
            import difflib

            near = difflib.get_close_matches(args[0], self.list_commands(ctx), n=1)
            hint = f"did you mean '{near[0]}'?" if near else "see 'envdoctor --help'."
            raise click.UsageError(f"there is no command '{args[0]}'; {hint}", ctx)
        from envdoctor.cli import _defaults

        if _defaults.NEEDLESS.isdisjoint(args):
            ctx.default_map = _defaults.default_map()
        return super().resolve_command(ctx, args)


def _offer_values(name: str, command: click.Command) -> None:
    from envdoctor.cli._completion import offer_values

    offer_values(name, command)
    for word, child in command.commands.items() if isinstance(command, click.Group) else ():
        offer_values(word, child)


@click.command(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="envdoctor", message="envdoctor %(version)s")
def group() -> None:
    """Find out why an edge-ML toolchain does not work here, prove it, and run the build by a route that does."""


def run(words: Sequence[str], *, is_process: bool = False) -> int:
    """Run a command line to its exit code; nothing but a message ever reaches the user.

    Args:
        words: the arguments.
        is_process: the process is there for this alone, and ends when it has run.
    """
    from envdoctor.support.streams import guarded_streams

    _replace_closed_streams()
    _leave_current_folder_out()
    _leave_special_netrc_out()
    if asked := os.environ.get("_ENVDOCTOR_COMPLETE"):  # as click names it
        from envdoctor.cli._completion import answer

        return answer(group, asked)
    interruption.begin()
    with guarded_streams(), _signals_interrupt(is_process=is_process):
        return _run(words)


def _run(words: Sequence[str]) -> int:
    try:
        code = group.main(args=list(words), prog_name="envdoctor", standalone_mode=False)
        sys.stdout.flush()
    except BrokenPipeError:  # as below, at the flush
        _give_up(sys.stdout)
        return ExitCode.OK
    except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001  (told to the user, whatever it is)
        if _is_interrupt(error):
            _end_quickly()
        try:
            return _tell(error)
        except (MemoryError, ImportError, SystemError):  # no memory even for what looks a message through
            return tell_of_little_memory()
    return code if isinstance(code, int) else ExitCode.OK


def _tell(error: BaseException) -> ExitCode:
    """Say what ended the command; its exit code."""
    code, message = _explain(error)
    if code == ExitCode.USAGE:
        from envdoctor.cli import _defaults

        message += _defaults.origin_of_value(message)
    if os.environ.get("ENVDOCTOR_TRACEBACK"):
        import traceback

        message = "".join(traceback.format_exception(error)) + message
    try:
        click.echo(message, err=True)
    except OSError:  # nobody can be told but by the exit code
        _give_up(sys.stderr)
    return code


@contextlib.contextmanager
def _readers_may_leave() -> Iterator[None]:
    """End well when the reader goes away (`envdoctor check | head`): click would make an exit code of its own of it."""
    try:
        yield
    except BrokenPipeError:
        _give_up(sys.stdout)
        raise click.exceptions.Exit(ExitCode.OK) from None


def _replace_closed_streams() -> None:
    """Lead a stream that the caller closed (`envdoctor check >&-`) into the void: Python has None there.

    One that is open only to be read from (`1</dev/null`) takes no more than that.

    Its number is taken too, or the next file that is opened would be a stream of the programs that are started.
    """
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            stream = Path(os.devnull).open(mode, encoding="utf-8")  # noqa: SIM115  (open to the end)
            os.set_inheritable(stream.fileno(), True)  # noqa: FBT003  (positional alone)
            setattr(sys, name, stream)
        elif mode == "w" and not _is_writable(getattr(sys, name)):
            _give_up(getattr(sys, name))


def _is_writable(stream: TextIO) -> bool:
    try:
        os.write(stream.fileno(), b"")
    except (OSError, ValueError) as error:  # a stream of no file is what the caller made it
        return getattr(error, "errno", None) != errno.EBADF
    return True


def _leave_current_folder_out() -> None:
    """Look for no program in the current folder: what lies there may be what is only looked at."""
    if path := os.environ.get("PATH"):
        folders = [folder for folder in path.split(os.pathsep) if Path(folder.strip('"')).is_absolute()]
        os.environ["PATH"] = os.pathsep.join(folders) or os.defpath  # an empty one means the current folder


def _leave_special_netrc_out() -> None:
    """Read no credentials from a pipe or a device, for which each request would wait, and uv too."""
    named = os.environ.get("NETRC")
    names = [named] if named else ["~/.netrc", "~/_netrc"]
    if any(is_special(os.path.expanduser(name)) for name in names):  # noqa: PTH111  (without a home it raises nothing)
        os.environ["NETRC"] = os.devnull


def _give_up(stream: TextIO) -> None:
    """Lead a stream that takes nothing into the void, so that the interpreter's last flush does not fail too."""
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def _explain(error: BaseException) -> tuple[ExitCode, str]:
    """The exit code of an error, and what to tell the user."""
    if _is_interrupt(error):
        return _ended()
    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        return ExitCode.USAGE, error.format_message()
    if isinstance(error, click.ClickException):
        return ExitCode.USAGE, f"envdoctor: {error.format_message()}"
    if isinstance(error, EnvDoctorError):
        return error.exit_code, f"envdoctor: {error}"
    if said := _refusal(error):
        return ExitCode.PROBLEMS, f"envdoctor: {said}"
    return ExitCode.BUG, _describe_bug(error)


def _ended() -> tuple[ExitCode, str]:
    if interruption.time_is_up():
        why = "envdoctor: it may use less processor time than it needs (see 'ulimit -t'); allow it more"
        return ExitCode.PROBLEMS, why
    return ExitCode.INTERRUPTED, "envdoctor: interrupted; what was started was ended, and nothing is half-written"


def _is_interrupt(error: BaseException) -> bool:
    """True also of what comes of an interrupt in the middle of a lock's or C code's work ("release unlocked lock")."""
    return isinstance(error, (KeyboardInterrupt, click.Abort)) or interruption.is_asked()


def _refusal(error: BaseException) -> str:
    """What the machine refuses whatever a program does; "" if it is no such thing."""
    if isinstance(error, OSError) and error.errno in _REFUSALS:
        if error.filename is None:
            _give_up(sys.stdout)
        return f"{error.filename or 'output'}: {error.strerror}"
    said = ""
    if isinstance(error, FileNotFoundError):
        said = _missing_folder(error)
    elif isinstance(error, ImportError):
        said = _foreign_library(str(error))
    # Without memory Python itself ends in errors of any kind: "error return without exception set".
    is_of_memory = isinstance(error, MemoryError) or any(words in str(error) for words in _OF_MEMORY)
    if not said and (is_of_memory or memory_is_scarce()):
        return "it may use less memory than it needs (see 'ulimit -v'); allow it more"
    return said


def _missing_folder(error: FileNotFoundError) -> str:
    """That a folder which every program takes for granted is not there; "" if it is no such thing."""
    if "usable temporary directory" in str(error):
        return "there is no folder for temporary files; set TMPDIR to one"
    try:
        Path.cwd()
    except OSError:
        return "the current folder is gone; go to one that is there"
    return ""


def _foreign_library(said: str) -> str:
    """That the library which Python can't load, for itself, is one that a variable leads the loader to; "" if none."""
    for name in ("LD_LIBRARY_PATH", "LD_PRELOAD", "DYLD_LIBRARY_PATH", "DYLD_INSERT_LIBRARIES"):
        led = [folder for folder in os.environ.get(name, "").split(os.pathsep) if folder and folder in said]
        if led:
            return f"{name} leads Python to a library that it can't load ({said}); take {led[0]} out of {name}"
    return ""


def _describe_bug(error: BaseException) -> str:
    import traceback

    last = traceback.extract_tb(error.__traceback__)[-1]
    where = f"{Path(last.filename).name}:{last.lineno}"
    return (
        f"envdoctor: this is a bug of envdoctor: {type(error).__name__}: {error} ({where})."
        " Please report it with the output of the same command under ENVDOCTOR_TRACEBACK=1."
    )


def _end_quickly() -> None:
    """After an interrupt: the other threads end what they have begun, and a second Ctrl-C breaks into nothing."""
    interruption.interrupt()
    with contextlib.suppress(ValueError):  # not the main thread
        for number in _ending_signals():
            signal.signal(number, signal.SIG_IGN)
    interruption.await_threads(_HASTE)


def _ending_signals() -> Iterator[int]:
    """Those that end a command, unless whoever started it has them ignored (nohup, a shell's background jobs)."""
    for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGPROF"):
        number = getattr(signal, name, None)  # Windows has no SIGHUP
        if number is not None and signal.getsignal(number) is not signal.SIG_IGN:
            yield number


@contextlib.contextmanager
def _signals_interrupt(*, is_process: bool) -> Iterator[None]:
    """Let SIGTERM, or a terminal that is closed, end a command as Ctrl-C does.

    So its children are ended and nothing stays half-written. Under nohup a closed terminal still ends nothing.
    Signals stay ignored to the end of a process that is interrupted.
    """
    interrupt = interruption.Interrupter()
    before = {}
    try:
        for number in _ending_signals():
            before[number] = signal.signal(number, interrupt)
        interruption.mind_time()
    except ValueError:  # not the main thread: whoever called us minds the signals
        yield
        return
    try:
        yield
    finally:
        interrupt.rest()
        for number, handler in before.items() if not (is_process and interruption.is_asked()) else ():
            signal.signal(number, handler)
