"""The installed distributions that an interpreter sees, in the order in which it sees them."""

from __future__ import annotations

import enum
import os
from typing import TYPE_CHECKING

from envdoctor.core.errors import FactUnavailable
from envdoctor.core.frozen import frozen
from envdoctor.facts.packages.metadata import normalize
from envdoctor.support.files import is_special

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from envdoctor.facts import Facts

#: What pip and importlib.metadata read in a metadata folder; "" is one that is a file itself.
_READ = ("", "/METADATA", "/PKG-INFO", "/entry_points.txt", "/direct_url.json", "/INSTALLER", "/RECORD")


class Layout(enum.Enum):
    """How a distribution's metadata is kept."""

    DIST_INFO = "dist-info"
    EGG_INFO = "egg-info"
    EGG = "egg"
    EGG_LINK = "egg-link"  # a development install whose project is gone; one that is there counts as EGG_INFO


@frozen
class Distribution:
    """One installed distribution.

    Attributes:
        name, version: as its metadata says; `version` is empty where nothing says it.
        metadata: path of its metadata folder or file.
        root: the folder that it is installed in, which the paths in its RECORD start from.
        origin: why that folder is searched, an `Origin`'s value.
        requires: its requirements, as written.
        installer: the program that installed it, as INSTALLER says: pip, uv, conda; empty where nothing says it.
        editable: the project folder of an editable install; empty for others.
        project_missing: True if that folder does not exist.
        source: the folder, file or URL that it was installed from, where that is no index and not editable.
        has_record: True if there is a RECORD.
        system: True if it belongs to the operating system, whose package manager strips and moves files as it likes.
        problem: why its metadata can't be used; empty if it can.
    """

    name: str
    version: str = "1.0"
    metadata: str = ""
    root: str = ""
    origin: str = "site"
    layout: Layout = Layout.DIST_INFO
    requires: tuple[str, ...] = ()
    requires_python: str = ""
    installer: str = "pip"
    editable: str = ""
    project_missing: bool = False
    source: str = ""
    has_record: bool = True
    system: bool = False
    problem: str = ""

    @property
    def key(self) -> str:
        """Its name in the form that is compared."""
        return normalize(self.name)

    @property
    def title(self) -> str:
        """Name and version, for a person."""
        return f"{self.name} {self.version}".rstrip()


@frozen
class Packages:
    """All installed distributions.

    Attributes:
        distributions: in the order of the search path; where two have one name, the first is the one in use.
        leftovers: paths that pip left behind when an uninstall was interrupted (`~umpy`).
        blind: folders that could not be listed, with the reason.
        unreadable: .pth files that Python reads at every start and that are no regular files, with the reason.
    """

    distributions: tuple[Distribution, ...] = ()
    leftovers: tuple[str, ...] = ()
    blind: tuple[tuple[str, str], ...] = ()
    unreadable: tuple[tuple[str, str], ...] = ()

    def active(self) -> dict[str, Distribution]:
        """The distribution in use for each normalized name."""
        found: dict[str, Distribution] = {}
        for one in self.distributions:
            if not one.problem:
                found.setdefault(one.key, one)
        return found

    def require_regular(self, group: str) -> None:
        """Called before a program is run that reads them, as Python at its start and pip do.

        Raises:
            FactUnavailable: of the group, for a FIFO or a device among them that the program would wait for.
        """
        read = (f"{one.metadata}{name}" for one in self.distributions for name in _READ)
        for path in (*(path for path, _ in self.unreadable), *read):
            if is_special(path):
                raise FactUnavailable(group, f"{path} is no regular file, and would be waited for; delete it")

    def find(self, name: str) -> Distribution | None:
        """The distribution in use under a name, in whatever spelling, or None."""
        key = normalize(name)
        return next((one for one in self.distributions if one.key == key and not one.problem), None)


def derive(facts: Facts) -> Packages:
    """Look through the interpreter's search path.

    Raises:
        FactUnavailable: the interpreter could not be described.
    """
    from envdoctor.facts.packages.listing import list_folder

    distributions: list[Distribution] = []
    leftovers: list[str] = []
    blind: list[tuple[str, str]] = []
    unreadable: list[tuple[str, str]] = []
    for folder in facts.python.search_path:
        try:
            names = sorted(os.listdir(folder.path))
        except NotADirectoryError:
            names = []  # an archive on the search path, such as an old egg
        except OSError as error:
            blind.append((folder.path, error.strerror or str(error)))
            continue
        distributions += list_folder(folder, names)
        unreadable += _unreadable(folder.path, names)
        leftovers += [os.path.join(folder.path, name) for name in names if name.startswith("~")]
    return Packages(
        distributions=tuple(distributions),
        leftovers=tuple(leftovers),
        blind=tuple(blind),
        unreadable=tuple(unreadable),
    )


def _unreadable(folder: str, names: Iterable[str]) -> Iterator[tuple[str, str]]:
    from envdoctor.support.files import open_regular

    for name in names:
        if name.endswith(".pth"):
            try:
                open_regular(f"{folder}/{name}").close()
            except (FileNotFoundError, PermissionError):
                continue  # a dead link, which Python overlooks, or not for this user
            except OSError as error:
                yield f"{folder}/{name}", error.strerror or str(error)
