"""Pins the environments of all tables environments.toml, and holds the pins against every platform and Python there.

    python tools/make_constraints.py [--keep] [NAME ...]

Writes constraints/NAME.txt beside the table: names, versions, markers and hashes; no URL and no path. Then prints the
sizes for the table, and exits with 1 if a pin has no wheel for a platform as old as the table says, for a Python that
it lists. `--keep` only checks and measures. Needs the network; asks pip's main index alone, since the pins must not
depend on what else their maker's pip looks at.
"""

from __future__ import annotations

import atexit
import dataclasses
import io
import re
import sys
import tempfile
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any
from urllib.parse import unquote

import tomli
from packaging.markers import Marker
from packaging.utils import parse_wheel_filename

from envdoctor.core.command import Command
from envdoctor.core.data import load_table
from envdoctor.core.target import Interpreter, Platform, System, Target
from envdoctor.environments.spec import find_lock
from envdoctor.executors.local import LocalExecutor
from envdoctor.executors.programs import find_uv
from envdoctor.index.places import local_path
from envdoctor.index.settings import load_settings
from envdoctor.index.uv_settings import uv_arguments, uv_environment
from envdoctor.net.ranges import RemoteFile
from envdoctor.net.session import Session
from envdoctor.net.transport import NetworkSettings
from envdoctor.net.urls import is_remote
from envdoctor.support.target_names import parse_target

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

#: The Python whose wheels are measured where an environment has it, and the patch release that markers get.
MEASURED = "3.11"
PATCH = 9
ANY = Target(platform=Platform(system=System.WINDOWS, arch="amd64"), interpreter=Interpreter(version=(3, 11)))


def main(arguments: Sequence[str]) -> int:
    """Pin, check and measure the named environments, or all."""
    table = load_table("environments")
    problems: list[str] = []
    for name in [word for word in arguments if not word.startswith("-")] or table:
        lock = find_lock(name)
        if "--keep" not in arguments:
            _compile(table[name], "\n".join(table[name]["requirements"]), "--generate-hashes", "-o", str(lock))
            lock.write_text(_without_comments(lock.read_text("utf-8")), "utf-8")
        problems += _examine(name, table[name], lock)
    sys.stdout.write("".join(f"PROBLEM {text}\n" for text in problems))
    return 1 if problems else 0


def _compile(row: dict[str, Any], requirements: str, *options: str) -> str:
    """Resolve for all platforms and the environment's oldest Python on; what uv prints."""
    settings = dataclasses.replace(load_settings(), extra_index_urls=())
    settings = settings if row.get("find_links") else dataclasses.replace(settings, find_links=())
    oldest = min(row["pythons"], key=lambda text: tuple(map(int, text.split("."))))
    argv = (
        *(find_uv(), "pip", "compile", "-", "--universal", "--python-version", oldest, "--no-python-downloads"),
        *("--only-binary", ":all:", "--no-header", "--no-annotate", "--no-emit-index-url", "--quiet"),
        *(word for name in row.get("left_out", ()) for word in ("--no-emit-package", name)),
        *(word for file in _overrides(row) for word in ("--overrides", file)),
        *options,
        *uv_arguments(settings),
    )
    command = Command(argv=argv, env=uv_environment(settings), stdin=requirements.encode(), timeout=600)
    result = LocalExecutor().run(command)
    if not result.ok:
        sys.exit(f"{' '.join(argv)} {result.describe_failure()}\n{result.stderr}")
    return result.stdout


def _overrides(row: dict[str, Any]) -> Iterator[str]:
    """A file with the requirements that stand for what packages ask for themselves."""
    if "overrides" in row:
        with tempfile.NamedTemporaryFile("w", suffix=".txt", delete=False) as file:
            file.write("\n".join(row["overrides"]))
        atexit.register(Path(file.name).unlink)
        yield file.name


def _without_comments(lock: str) -> str:
    """The pins alone: uv names below them what it left out."""
    return "".join(line for line in lock.splitlines(keepends=True) if not line.startswith("#")).strip() + "\n"


def _examine(name: str, row: dict[str, Any], lock: Path) -> Iterator[str]:
    """Print what the environment takes on each platform, and yield what is wrong."""
    text = lock.read_text("utf-8")
    packages = tomli.loads(_compile(row, text, "--format", "pylock.toml"))["packages"]
    resolved = {f"{one['name']}=={one['version']}" for one in packages}
    if resolved != set(re.findall(r"^[^\s#]+==\S+", text, re.MULTILINE)):
        yield f"{name}: the index gives something else than what is pinned"
    for platform, need in row["platforms"].items():
        for python in row["pythons"]:
            wheels = _wheels(packages, _target(platform, need, python))
            yield from (f"{name}: {package} has no wheel for {python} on {platform}" for package in _missing(wheels))
            if python == (MEASURED if MEASURED in row["pythons"] else row["pythons"][0]):
                download, installed = _measure([url for url in wheels.values() if url])
                sys.stdout.write(f"{name:16} {platform:15} download = {download}, installed = {installed}\n")


def _target(platform: str, need: dict[str, Any], python: str) -> Target:
    """The oldest machine that the table admits, with that Python."""
    system, arch = platform.split("-")
    libc = f"-glibc{need['glibc']}" if "glibc" in need else ""
    return parse_target(f"{system}{need.get('macos', '')}-{arch}-cp{python}.{PATCH}{libc}", ANY)


def _wheels(packages: list[dict[str, Any]], target: Target) -> dict[str, str]:
    """For each distribution that is installed on a target, the URL of its wheel; empty where there is none."""
    found = {}
    for one in packages:
        if "marker" not in one or Marker(one["marker"]).evaluate(target.markers):
            suited = [wheel["url"] for wheel in one["wheels"] if target.accepts(_tags(wheel["url"]))]
            found[one["name"]] = suited[0] if suited else ""
    return found


def _tags(url: str) -> frozenset[Any]:
    return parse_wheel_filename(unquote(url.rpartition("/")[2]))[3]


def _missing(wheels: dict[str, str]) -> list[str]:
    return [name for name, url in wheels.items() if not url]


def _measure(urls: list[str]) -> tuple[int, int]:
    """MB to download and MB unpacked."""
    settings = load_settings()
    session = Session(NetworkSettings(cert=settings.cert, timeout=settings.timeout))

    def sizes_of(url: str) -> tuple[int, int]:
        if is_remote(url):
            return _sizes(_File(remote := RemoteFile(session, url, tail=1 << 18)), remote.size)
        path = local_path(url)
        return _sizes(path.open("rb"), path.stat().st_size)

    with ThreadPoolExecutor(4) as pool:
        sizes = list(pool.map(sizes_of, urls))
    return tuple(round(sum(column) / 1e6) for column in zip(*sizes, strict=True))


def _sizes(stream: IO[bytes], size: int) -> tuple[int, int]:
    """Bytes of a wheel, and of what is in it."""
    with stream, zipfile.ZipFile(stream) as archive:
        return size, sum(member.file_size for member in archive.infolist())


class _File(io.RawIOBase):
    """A remote file as zipfile wants it."""

    def __init__(self, remote: RemoteFile) -> None:
        self._remote, self._position = remote, 0

    def seekable(self) -> bool:
        """Always."""
        return True

    def tell(self) -> int:
        """The position."""
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Move the position."""
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._remote.size}[whence]
        self._position = base + offset
        return self._position

    def read(self, size: int = -1) -> bytes:
        """Bytes from the position on."""
        data = self._remote.read_at(self._position, self._remote.size if size < 0 else size)
        self._position += len(data)
        return data


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
