"""Which libedgetpu runs beside which interpreter: from its package's version and a table of public reports.

libedgetpu is linked against TensorFlow Lite's headers, whose layout changes between releases: one that was built from
another release than the interpreter crashes it, without a word (google-coral/edgetpu#812).
"""

from __future__ import annotations

import enum
import posixpath
import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
from packaging.specifiers import SpecifierSet
from packaging.version import InvalidVersion, Version

from envdoctor.core.data import load_file
from envdoctor.support.files import read_head, read_regular

if TYPE_CHECKING:
    from collections.abc import Iterator

_STATUS = "var/lib/dpkg/status"
_INFO = "var/lib/dpkg/info"
_MOST_BYTES = 64 << 20
_NAMES = ("libedgetpu1-std", "libedgetpu1-max", "libedgetpu1")
_VERSION = re.compile(r"(?P<release>\d+(?:\.\d+)*)(?:tf(?P<tensorflow>\d+(?:\.\d+){1,2}))?(?P<rest>.*)")
#: Interpreters whose versions are not TensorFlow's.
_NUMBERED_OTHERWISE = frozenset({"pycoral", "ai-edge-litert"})
#: What Coral's own packages, and those of one fork whose names don't tell, were built from.
_BUILT = {"16.0": "2.5.0", "16.0-0ppa1": "2.8.4", "16.0pp2": "2.9.3", "16.0pp3": "2.10.1"}


class Pairing(enum.Enum):
    """What is known of a library beside an interpreter."""

    WORKS = "works"
    FAILS = "fails"
    REPORTED_BOTH_WAYS = "reported both ways"
    NOT_KNOWN = "not known"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """A library beside an interpreter.

    Attributes:
        library: its package's version.
        tensorflow: the release that it was built from; empty if that is not known.
        interpreter: the distribution, with its version.
        words: what was seen, in a few words.
        source: who saw it.
    """

    library: str
    tensorflow: str
    interpreter: str
    pairing: Pairing
    words: str = ""
    source: str = ""


class _Row(msgspec.Struct, kw_only=True):
    release: str
    tensorflow: str = ""
    interpreter: list[str]
    versions: str = ""
    pairing: Pairing
    words: str
    source: str


class _Table(msgspec.Struct):
    pairs: list[_Row]


def package_of_file(path: str, root: Path = Path("/")) -> tuple[str, str]:
    """The Debian package of libedgetpu that holds a file, and its version; both empty if none does.

    Source: dpkg(1), FILES.
    """
    real = posixpath.realpath(path)
    for name in _NAMES:
        version = _installed(name, root)
        if version and _lists(name, (path, real), root):
            return name, version
    return "", ""


def _installed(name: str, root: Path) -> str:
    try:
        text = read_regular(root / _STATUS, _MOST_BYTES)
    except OSError:
        return ""
    found = re.search(rb"(?:^|\n)(Package: " + name.encode() + rb"\n.*?)(?:\n\n|\Z)", text, re.DOTALL)
    if found is None:
        return ""
    block = found[1].decode("utf-8", "replace")
    fields = dict(line.partition(": ")[::2] for line in block.splitlines() if not line.startswith(" "))
    return fields.get("Version", "") if fields.get("Status", "").endswith(" installed") else ""


def _lists(name: str, paths: tuple[str, ...], root: Path) -> bool:
    folder = root / _INFO
    files = [folder / f"{name}.list", *sorted(folder.glob(f"{name}:*.list"))]
    # /lib is /usr/lib on systems whose packages may still say either
    wanted = {path.removeprefix("/usr") for path in paths}
    for file in files:
        try:
            listed = read_head(file, 1 << 20).decode("utf-8", "replace").splitlines()
        except OSError:
            continue
        if any(line.removeprefix("/usr") in wanted for line in listed):
            return True
    return False


def built_from(version: str) -> tuple[str, str]:
    """The release of libedgetpu and the TensorFlow that it was built from, as its package's version tells.

    Coral's own releases name none; a version that fits no known scheme gives empty words.
    """
    match = _VERSION.fullmatch(version)
    if match is None:
        return "", ""
    return match["release"], match["tensorflow"] or _BUILT.get(version, "")


def judge_pair(library: str, interpreter: str, version: str) -> Pair:
    """What is known of a libedgetpu of that package version beside an interpreter.

    Reports come first; where there is none, two that were built from the same minor release fit.
    """
    release, tensorflow = built_from(library)
    known = Pair(
        library=library, tensorflow=tensorflow, interpreter=f"{interpreter} {version}", pairing=Pairing.NOT_KNOWN
    )
    try:
        number = Version(version)
    except InvalidVersion:
        return known
    for row in _rows(release, tensorflow):
        if interpreter in row.interpreter and SpecifierSet(row.versions, prereleases=True).contains(number):
            return replace(known, pairing=row.pairing, words=row.words, source=row.source)
    if interpreter not in _NUMBERED_OTHERWISE and tensorflow and Version(tensorflow).release[:2] == number.release[:2]:
        words = f"both were built from TensorFlow {'.'.join(tensorflow.split('.')[:2])}"
        return replace(known, pairing=Pairing.WORKS, words=words, source="feranick/libedgetpu, README")
    return known


def _rows(release: str, tensorflow: str) -> Iterator[_Row]:
    """The rows about one library."""
    table = msgspec.convert(load_file(Path(__file__).with_name("pairs.toml")), type=_Table)
    for row in table.pairs:
        if row.release != release or (row.tensorflow and not tensorflow):
            continue
        if not row.tensorflow or SpecifierSet(row.tensorflow).contains(tensorflow):
            yield row
