"""What `inspect` is about: a wheel on this disk, or the one of an index that a target would install."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from envdoctor.availability.candidates import candidates
from envdoctor.availability.table import nothing_of, parse_requirements
from envdoctor.binaries.files import FileBytes
from envdoctor.core.availability import ReasonKind
from envdoctor.core.errors import Unreadable, UsageProblem
from envdoctor.index.project import FileKind, IndexFile
from envdoctor.wheels.archive import WheelArchive
from envdoctor.wheels.metadata import read_metadata

if TYPE_CHECKING:
    from packaging.version import Version

    from envdoctor.availability.candidates import Refusals
    from envdoctor.availability.catalogue import Catalogue
    from envdoctor.core.target import Target

_WHEEL = ".whl"
_SOURCES = (".tar.gz", ".tgz", ".tar.bz2", ".tar.xz")
_ARCHIVES = (*_SOURCES, ".zip")


@dataclass(frozen=True, kw_only=True, slots=True)
class Subject:
    """One wheel, or the lack of one.

    Attributes:
        name: normalized.
        version: as its file name has it, or as asked for.
        file: the wheel; None if the index has none for the target.
        is_local: whether it lies on this disk, so that an index knows nothing of it.
        extras: that were asked for with it.
        is_named: whether a pre-release, if it is one, was asked for.
        passed_over: the newest version that was allowed and has no wheel for the target, if that is newer.
        misnamed: its file's name, where that is no wheel's.
    """

    name: str
    version: str
    file: IndexFile | None
    is_local: bool = False
    extras: tuple[str, ...] = ()
    is_named: bool = True
    passed_over: str = ""
    misnamed: str = ""

    @property
    def requirement(self) -> str:
        """The line that asks for exactly this."""
        extras = f"[{','.join(self.extras)}]" if self.extras else ""
        return f"{self.name}{extras}=={self.version}"


def find_subject(text: str, catalogue: Catalogue, target: Target) -> Subject:
    """What a person means by a path, ``name``, ``name==version`` or another requirement.

    Raises:
        UsageProblem: no such file, or no requirement.
        NetworkProblem, Unreadable: see `IndexClient.project`.
    """
    if text.endswith(_WHEEL) or "/" in text or "\\" in text:
        return _local(Path(text))
    return _remote(text, catalogue, target)


def refuse_other_paths(text: str) -> None:
    """Makes sure that what is on this disk is a wheel, rather than looking for a package of that name.

    Raises:
        UsageProblem: it is something else, or nothing, or a URL.
    """
    path = Path(text)
    if "://" in text:
        raise UsageProblem(f"{text} is a URL; give NAME==VERSION, of which the index has the wheel, or a file.")
    if path.is_dir() and (path.suffix == _WHEEL or path.name != text or text == ".."):
        raise UsageProblem(f"{text} is a folder; give a .whl file, or for an environment --installed NAME --in PATH.")
    if text.endswith(_ARCHIVES) and not path.exists():
        raise UsageProblem(f"There is no file {text}.")
    if text.endswith(_SOURCES):
        raise UsageProblem(
            f"{text} is a source distribution: what its files need is known once it is built; build a wheel "
            f"with 'python -m pip wheel --no-deps {text}' and inspect that."
        )
    if path.suffix != _WHEEL and path.is_file():
        raise UsageProblem(f"{text} is a file, but not a wheel: its name does not end in .whl.")


def _local(path: Path) -> Subject:
    from packaging.utils import canonicalize_name

    if path.exists() and not path.is_file():
        raise UsageProblem(f"{path} is not a regular file; give a .whl file.")
    if not path.is_file():
        raise UsageProblem(f"There is no file {path}.")
    filename = path.name if _is_wheel_name(path.name) else _name_by_contents(path)
    if not _is_wheel_name(filename):
        raise UsageProblem(f"{path.name} is not named like a wheel: NAME-VERSION-PYTHON-ABI-PLATFORM.whl (PEP 427).")
    name, version = filename.split("-")[:2]
    file = IndexFile(filename=filename, url=path.resolve().as_uri(), kind=FileKind.WHEEL, version=version)
    misnamed = path.name if filename != path.name else ""
    return Subject(name=canonicalize_name(name), version=version, file=file, is_local=True, misnamed=misnamed)


def _is_wheel_name(filename: str) -> bool:
    from packaging.utils import InvalidWheelFilename, parse_wheel_filename

    try:
        parse_wheel_filename(filename)
    except InvalidWheelFilename:
        return False
    return True


def _name_by_contents(path: Path) -> str:
    """The name that a wheel should have by its METADATA and WHEEL; "" where it can't be read as one."""
    from packaging.utils import canonicalize_name

    try:
        with FileBytes(path) as source:
            metadata = read_metadata(WheelArchive(source))
    except Unreadable:
        return ""
    columns = zip(*(tag.split("-") for tag in metadata.tags), strict=True)
    tags = "-".join(".".join(dict.fromkeys(column)) for column in columns)
    return f"{canonicalize_name(metadata.name).replace('-', '_')}-{metadata.version}-{tags}.whl"


def _remote(text: str, catalogue: Catalogue, target: Target) -> Subject:
    from packaging.utils import canonicalize_name

    (requirement,) = parse_requirements([text])
    name = canonicalize_name(requirement.name)
    releases = catalogue.releases(name)
    found = candidates(catalogue.refusals(name, target), requirement.specifier)
    usable = found.usable
    if usable:
        return Subject(
            name=name,
            version=str(usable[0]),
            file=catalogue.wheel(name, usable[0], target),
            extras=tuple(sorted(requirement.extras)),
            is_named=bool(requirement.specifier.prereleases) or not usable[0].is_prerelease,
            passed_over=_passed_over(found.refused, usable[0]),
        )
    allowed = [version for version in releases if requirement.specifier.contains(version, prereleases=True)]
    if not allowed:
        raise UsageProblem(nothing_of(requirement, catalogue))
    newest = max(allowed)  # of which there may be a wheel all the same, if it was yanked
    return Subject(name=name, version=str(newest), file=catalogue.wheel(name, newest, target))


def _passed_over(refused: Refusals, chosen: Version) -> str:
    newer = [
        one for one, why in refused.items() if one > chosen and not one.is_prerelease and ReasonKind.YANKED not in why
    ]
    return str(max(newer)) if newer else ""
