"""Locks the environments of data/environments.toml, and holds each lock against every platform and Python in the table.

    python tools/lock_environments.py [--keep] [NAME ...]

Writes envdoctor/data/constraints/NAME.txt: names, versions, markers and hashes; no URL and no path. Then prints, for
each platform, the oldest glibc or macOS that the wheels admit and the sizes for the table, and exits with 1 if a pin has
no wheel somewhere. `--keep` only checks and measures. Needs the network; asks pip's main index alone, since a lock must not depend
on what else its maker's pip looks at.
"""

from __future__ import annotations

import dataclasses
import io
import re
import sys
import zipfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import tomli
from packaging.markers import Marker
from packaging.utils import parse_wheel_filename

from envdoctor.core.command import Command
from envdoctor.core.data import DATA, load_table
from envdoctor.executors.local import LocalExecutor
from envdoctor.index.settings import load_settings
from envdoctor.index.uv_settings import uv_arguments, uv_environment
from envdoctor.net.ranges import RemoteFile
from envdoctor.net.session import Session
from envdoctor.net.transport import NetworkSettings

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from packaging.tags import Tag

PLATFORMS = {
    "linux-x86_64": ("linux", "x86_64", "Linux", "posix"),
    "linux-aarch64": ("linux", "aarch64", "Linux", "posix"),
    "macos-arm64": ("darwin", "arm64", "Darwin", "posix"),
    "macos-x86_64": ("darwin", "x86_64", "Darwin", "posix"),
    "windows-x86_64": ("win32", "AMD64", "Windows", "nt"),
}
TAGS = {
    "linux-x86_64": r"(?:manylinux_(?P<a>\d+)_(?P<b>\d+)|manylinux(?P<year>2014|2010|1))_x86_64",
    "linux-aarch64": r"(?:manylinux_(?P<a>\d+)_(?P<b>\d+)|manylinux(?P<year>2014))_aarch64",
    "macos-arm64": r"macosx_(?P<a>\d+)_(?P<b>\d+)_(?:arm64|universal2)",
    "macos-x86_64": r"macosx_(?P<a>\d+)_(?P<b>\d+)_(?:x86_64|universal2|intel)",
    "windows-x86_64": r"win_amd64",
}
LEGACY_GLIBC = {"2014": (2, 17), "2010": (2, 12), "1": (2, 5)}  # PEP 599, 571, 513
MEASURED = "3.11"


@dataclass(frozen=True, kw_only=True)
class Need:
    """What a platform must have for a lock, and the sizes of the wheels there in bytes."""

    oldest: tuple[int, int]
    download: int
    installed: int


class _File(io.RawIOBase):
    """A remote file as zipfile wants it."""

    def __init__(self, remote: RemoteFile) -> None:
        self._remote, self._position = remote, 0

    def seekable(self) -> bool:
        return True

    def readable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._remote.size}[whence]
        self._position = base + offset
        return self._position

    def read(self, size: int = -1) -> bytes:
        data = self._remote.read_at(self._position, self._remote.size if size < 0 else size)
        self._position += len(data)
        return data


def main(arguments: Sequence[str]) -> int:
    """Lock, check and measure the named environments, or all."""
    table = load_table("environments")
    names = [word for word in arguments if not word.startswith("-")] or list(table)
    problems = []
    for name in names:
        lock = DATA / "constraints" / f"{name}.txt"
        oldest_python = min(table[name]["pythons"], key=lambda text: tuple(map(int, text.split("."))))
        if "--keep" not in arguments:
            text = "\n".join(table[name]["requirements"])
            _compile(oldest_python, "--generate-hashes", "-o", str(lock), stdin=text)
        problems += _examine(name, table[name], lock, oldest_python)
    sys.stdout.write("".join(f"PROBLEM {text}\n" for text in problems))
    return 1 if problems else 0


def _compile(python: str, *options: str, stdin: str) -> str:
    settings = dataclasses.replace(load_settings(), extra_index_urls=(), find_links=())
    argv = (
        *("uv", "pip", "compile", "-", "--universal", "--python-version", python, "--no-python-downloads"),
        *("--only-binary", ":all:", "--no-header", "--no-annotate", "--no-emit-index-url", "--quiet"),
        *options,
        *uv_arguments(settings),
    )
    result = LocalExecutor().run(Command(argv=argv, env=uv_environment(settings), stdin=stdin.encode(), timeout=600))
    if not result.ok:
        sys.exit(f"{' '.join(argv)} {result.describe_failure()}\n{result.stderr}")
    return result.stdout


def _examine(name: str, row: dict[str, Any], lock: Path, oldest_python: str) -> Iterator[str]:
    """Yield what is wrong; print what each platform needs."""
    text = lock.read_text("utf-8")
    packages = tomli.loads(_compile(oldest_python, "--format", "pylock.toml", stdin=text))["packages"]
    if sorted(f"{one['name']}=={one['version']}" for one in packages) != sorted(set(re.findall(r"^\S+==\S+", text, re.M))):
        yield f"{name}: the index resolves something else than the lock says"
    settings = load_settings()
    session = Session(NetworkSettings(cert=settings.cert, timeout=settings.timeout))
    for platform in row["platforms"]:
        for python in row["pythons"]:
            chosen = {one["name"]: _wheel(one, python, platform) for one in packages if _applies(one, python, platform)}
            yield from (f"{name}: {package} has no wheel for {python} on {platform}" for package, url in chosen.items() if not url)
            if python == MEASURED and all(chosen.values()):
                need = _measure(session, [url for url in chosen.values() if url], platform)
                sys.stdout.write(
                    f"{name:16} {platform:15} oldest {need.oldest[0]}.{need.oldest[1]:<4}"
                    f" download = {need.download / 1e6:.0f}, installed = {need.installed / 1e6:.0f}\n"
                )


def _applies(package: dict[str, Any], python: str, platform: str) -> bool:
    system, machine, name, os_name = PLATFORMS[platform]
    environment = {
        "python_version": python,
        "python_full_version": f"{python}.9",
        "sys_platform": system,
        "platform_machine": machine,
        "platform_system": name,
        "os_name": os_name,
        "implementation_name": "cpython",
        "platform_python_implementation": "CPython",
    }
    return "marker" not in package or Marker(package["marker"]).evaluate(environment)


def _wheel(package: dict[str, Any], python: str, platform: str) -> str | None:
    """URL of the wheel that admits the oldest system."""
    suited = []
    for wheel in package["wheels"]:
        url = wheel["url"]
        ages = [_age(tag, python, platform) for tag in parse_wheel_filename(url.rpartition("/")[2].replace("%2B", "+"))[3]]
        known = [age for age in ages if age is not None]
        if known:
            suited.append((min(known), url))
    return min(suited)[1] if suited else None


def _age(tag: Tag, python: str, platform: str) -> tuple[int, int] | None:
    """The oldest glibc or macOS of a tag, (0, 0) if any will do; None if the tag does not suit."""
    major, minor = python.split(".")
    if tag.interpreter.startswith("cp3") and tag.abi == "abi3":
        fits = int(tag.interpreter[3:]) <= int(minor)
    else:
        fits = (tag.interpreter, tag.abi) == (f"cp{major}{minor}",) * 2 or (
            tag.interpreter in {"py3", f"py{major}{minor}", f"cp{major}{minor}"} and tag.abi == "none"
        )
    if not fits:
        return None
    if tag.platform == "any":
        return (0, 0)
    match = re.fullmatch(TAGS[platform], tag.platform)
    if match is None:
        return None
    groups = match.groupdict()
    if groups.get("year"):
        return LEGACY_GLIBC[groups["year"]]
    return (int(groups["a"]), int(groups["b"])) if groups else (0, 0)


def _measure(session: Session, urls: list[str], platform: str) -> Need:
    def sizes(url: str) -> tuple[int, int]:
        remote = RemoteFile(session, url, tail=1 << 18)
        with zipfile.ZipFile(_File(remote)) as archive:  # type: ignore[arg-type]  # reads, seeks and tells; no more is used
            return remote.size, sum(member.file_size for member in archive.infolist())

    with ThreadPoolExecutor(4) as pool:
        measured = list(pool.map(sizes, urls))
    oldest = max(
        min(age for tag in parse_wheel_filename(url.rpartition("/")[2])[3] if (age := _age(tag, MEASURED, platform)))
        for url in urls
    )
    return Need(oldest=oldest, download=sum(one[0] for one in measured), installed=sum(one[1] for one in measured))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
