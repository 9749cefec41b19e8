"""A wheel as the rules about its making look at it: names, tags, texts and native files, each read once."""

from __future__ import annotations

import posixpath
import re
from functools import cached_property
from typing import TYPE_CHECKING

from envdoctor.wheels.contents import install_path, module_path
from envdoctor.wheels.metadata import parse_fields
from envdoctor.wheels.module_texts import ModuleTexts, module_texts
from envdoctor.wheels.platform_tags import PlatformTag, parse_platform
from envdoctor.wheels.rules import Part

if TYPE_CHECKING:
    from packaging.tags import Tag

    from envdoctor.wheels.archive import WheelArchive
    from envdoctor.wheels.contents import NativeFile, WheelContents
    from envdoctor.wheels.directory import Member

_LARGEST_REMOTE_RECORD = 256 * 1024
_NOT_FOR_IMPORT = re.compile(
    r".*(?:test|template|example|sample|skeleton|cookiecutter|py2|python2|vendor|conftest).*", re.IGNORECASE
)


class ReviewedWheel:
    """One wheel, opened."""

    def __init__(self, archive: WheelArchive, contents: WheelContents, filename: str, *, is_whole: bool) -> None:
        """Looks at the file name; texts are read when they are asked for.

        Args:
            archive: the wheel.
            contents: what was seen in it.
            filename: as an installer gets it.
            is_whole: whether all of it may be read.
        """
        from packaging.utils import parse_wheel_filename

        self.contents = contents
        self.members: dict[str, Member] = contents.members
        self.filename = filename
        self._archive = archive
        self._is_whole = is_whole
        name, version, build, tags = parse_wheel_filename(filename)
        self.name = str(name)
        self.version = version
        self.build = "".join(map(str, build))
        self.tags: frozenset[Tag] = tags

    @property
    def at_hand(self) -> Part:
        """How much of the wheel rules may look at."""
        if self._is_whole:
            return Part.WHOLE
        record = self.members.get(self.own("RECORD"))
        small = record is None or record.compressed_size <= _LARGEST_REMOTE_RECORD
        return Part.RECORD if small else Part.PARTS

    @property
    def folder(self) -> str:
        """The .dist-info folder."""
        return self.contents.metadata.folder

    def own(self, name: str) -> str:
        """The path of a file of the .dist-info folder."""
        return f"{self.folder}/{name}"

    def text(self, member: str) -> str:
        """A member's text, "" if there is none; bytes that are not UTF-8 become surrogates."""
        return self._archive.read_text(member) if member in self.members else ""

    def read(self, member: str) -> bytes:
        """A member's content."""
        return self._archive.read(member)

    def digest(self, member: str, algorithm: str) -> bytes:
        """A member's hash.

        Raises:
            Unreadable: the member is damaged.
        """
        import hashlib

        found = hashlib.new(algorithm, usedforsecurity=False)
        for chunk in self._archive.chunks(member):
            found.update(chunk)
        return found.digest()

    @cached_property
    def metadata_text(self) -> str:
        """METADATA."""
        return self.text(self.own("METADATA"))

    @cached_property
    def wheel_fields(self) -> dict[str, list[str]]:
        """The fields of WHEEL, by name in small letters."""
        return parse_fields(self.text(self.own("WHEEL")))

    @cached_property
    def record_text(self) -> str:
        """RECORD; "" if there is none."""
        return self.text(self.own("RECORD"))

    @cached_property
    def installed(self) -> dict[str, str]:
        """Where installers put each member that belongs into site-packages, less its own .dist-info folder."""
        places = ((name, install_path(name)) for name in self.members if not name.startswith(f"{self.folder}/"))
        return {name: path for name, path in places if not path.startswith("../")}

    @cached_property
    def tops(self) -> dict[str, list[str]]:
        """The paths in site-packages by their first part."""
        found: dict[str, list[str]] = {}
        for path in self.installed.values():
            found.setdefault(path.partition("/")[0], []).append(path)
        return found

    @cached_property
    def platforms(self) -> tuple[PlatformTag, ...]:
        """What the platform parts of the file name promise."""
        return tuple(parse_platform(text) for text in sorted({tag.platform for tag in self.tags}))

    @property
    def is_for_any_platform(self) -> bool:
        """Whether one of its tags has the platform ``any``."""
        return any(platform.kind == "any" for platform in self.platforms)

    def is_for(self, *kinds: str) -> bool:
        """Whether one of its platform tags is of such a kind."""
        return any(platform.kind in kinds for platform in self.platforms)

    def oldest(self, kind: str, architecture: str = "") -> PlatformTag | None:
        """The tag of a kind that promises the oldest system, of an architecture if one is given."""
        fitting = [each for each in self.platforms if each.kind == kind and each.version]
        fitting = [each for each in fitting if not architecture or architecture in each.architectures]
        return min(fitting, key=lambda each: each.version or (), default=None)

    @cached_property
    def libraries(self) -> tuple[NativeFile, ...]:
        """The native files that could be read and are meant for a platform of the tags."""
        formats = {platform.format for platform in self.platforms}
        known = {architecture for platform in self.platforms for architecture in platform.architectures}
        return tuple(
            native
            for native in self.contents.natives
            if native.library and native.library.format in formats and known & set(native.library.architectures)
        )

    @cached_property
    def modules(self) -> tuple[NativeFile, ...]:
        """Its extension modules: named as ones, in a folder that can be a package, and not in one of test data."""
        return tuple(native for native in self.contents.natives if native.is_module and _is_importable(native.path))

    @cached_property
    def modules_by_name(self) -> dict[str, str]:
        """The member behind each dotted name that can be imported; a folder without `__init__.py` is behind ""."""
        found: dict[str, str] = {}
        for member, path in self.installed.items():
            folder, _, file = module_path(path).rpartition("/")
            parts = folder.split("/") if folder else []
            stem = file.partition(".")[0]
            for depth in range(1, len(parts) + 1):
                found.setdefault(".".join(parts[:depth]), "")
            if file == "__init__.py" and parts:
                found[".".join(parts)] = member
            elif file.endswith((".py", ".so", ".pyd")):
                found.setdefault(".".join([*parts, stem]), member)
        return found

    @cached_property
    def module_texts(self) -> ModuleTexts:
        """Its modules, but for tests, templates and vendored code; for a whole wheel alone."""
        sources = (
            (name, module_path(self.installed[member]), self.members[member].size, self.read(member))
            for name, member in self.modules_by_name.items()
            if member.endswith(".py") and not _NOT_FOR_IMPORT.fullmatch(module_path(self.installed[member]))
        )
        return module_texts(sources)

    def owns(self, top: str) -> bool:
        """Whether a name at the top is the wheel's own: the distribution is called so."""
        from packaging.utils import canonicalize_name

        return canonicalize_name(posixpath.splitext(top)[0]) == self.name


def is_of_tests(path: str) -> bool:
    """Whether a file lies in a folder of tests, or of data."""
    return any(part.lower() in {"test", "tests", "testdata", "test_data", "data"} for part in path.split("/")[:-1])


def _is_importable(path: str) -> bool:
    identifiers = all(folder.isidentifier() for folder in path.split("/")[:-1])
    return not path.startswith("../") and not is_of_tests(path) and identifiers
