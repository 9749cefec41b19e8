"""Edge TPUs that are attached, as Linux lists them in sysfs, and whether this user may use them.

Sources: libedgetpu's `debian/edgetpu-accelerator.rules` (1a6e:089a before the first use, 18d1:9302 once the firmware is
loaded; group plugdev), gasket-driver's `debian/gasket-dkms.udev` (group apex), pci.ids (1ac1:089a).
"""

from __future__ import annotations

import enum
import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from envdoctor.support.files import read_head

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_USB = frozenset({("1a6e", "089a"), ("18d1", "9302")})
_PCI = ("0x1ac1", "0x089a")
_RULES = ("etc/udev/rules.d", "run/udev/rules.d", "lib/udev/rules.d", "usr/lib/udev/rules.d")
_MOST_BYTES, _MOST_FILES = 64 << 10, 2000


class Access(enum.Enum):
    """Whether this user's programs can use a device."""

    USABLE = "usable"
    NO_NODE = "no node"  # no driver has made one, or a container does not see it
    DENIED = "denied"


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """One Edge TPU.

    Attributes:
        bus: `usb` or `pci`.
        place: its folder in sysfs.
        identity: vendor and product, 18d1:9302.
        node: the file that programs open; for PCI without a driver the one that is expected.
        access: whether they can.
        group: the group that the node belongs to; empty where that is not known.
    """

    bus: str
    place: str
    identity: str
    node: str
    access: Access
    group: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Devices:
    """All that are attached.

    Attributes:
        attached: in the order of sysfs.
        rules: the udev rules that speak of them: file and line.
        driver: whether the kernel's apex driver is loaded.
        user: this process' user, and the groups that it runs with.
    """

    attached: tuple[Device, ...] = ()
    rules: tuple[tuple[str, str], ...] = ()
    driver: bool = False
    user: str = ""
    groups: frozenset[str] = frozenset()


def find_devices(root: Path = Path("/"), may_use: Callable[[Path], bool] | None = None) -> Devices:
    """Read sysfs, /dev and the udev rules.

    Args:
        root: the folder that stands for `/`.
        may_use: whether this process may read and write a path; the system is asked by default.
    """
    allowed = may_use or (lambda path: os.access(path, os.R_OK | os.W_OK))
    user, groups = _who()
    return Devices(
        attached=tuple(_with_access(one, root, allowed) for one in (*_usb(root), *_pci(root))),
        rules=tuple(_rules(root)),
        driver=(root / "sys/module/apex").is_dir(),
        user=user,
        groups=groups,
    )


def _usb(root: Path) -> Iterator[Device]:
    for place in _entries(root / "sys/bus/usb/devices"):
        identity = (_line(place / "idVendor"), _line(place / "idProduct"))
        bus, number = _line(place / "busnum"), _line(place / "devnum")
        if identity in _USB and bus.isdecimal() and number.isdecimal():
            node = f"/dev/bus/usb/{int(bus):03}/{int(number):03}"
            yield Device(bus="usb", place=str(place), identity=":".join(identity), node=node, access=Access.NO_NODE)


def _pci(root: Path) -> Iterator[Device]:
    for place in _entries(root / "sys/bus/pci/devices"):
        if (_line(place / "vendor"), _line(place / "device")) == _PCI:
            made = [one.name for one in _entries(place / "apex")]
            node = f"/dev/{made[0] if made else 'apex_0'}"
            yield Device(bus="pci", place=str(place), identity="1ac1:089a", node=node, access=Access.NO_NODE)


def _with_access(device: Device, root: Path, allowed: Callable[[Path], bool]) -> Device:
    path = root / device.node.lstrip("/")
    try:
        group = _group(path.stat().st_gid)
    except OSError:
        return device
    return replace(device, access=Access.USABLE if allowed(path) else Access.DENIED, group=group)


def _rules(root: Path) -> Iterator[tuple[str, str]]:
    """The lines of rule files that speak of an Edge TPU."""
    folders = {(root / folder).resolve(): None for folder in _RULES}  # /lib may be /usr/lib
    for path in (one for folder in folders for one in _entries(folder) if one.suffix == ".rules"):
        try:
            text = read_head(path, _MOST_BYTES).decode("utf-8", "replace")
        except OSError:
            continue
        for line in map(str.strip, text.splitlines()):
            if not line.startswith("#") and any(word in line for word in ('"1a6e"', '"18d1"', '"apex"')):
                yield str(path), line[:300]


def _entries(folder: Path) -> list[Path]:
    try:
        return sorted(folder.iterdir())[:_MOST_FILES]
    except OSError:
        return []


def _line(path: Path) -> str:
    try:
        return read_head(path, 100).decode("ascii", "replace").strip().lower()
    except OSError:
        return ""


def _group(number: int) -> str:
    import grp

    try:
        return grp.getgrgid(number).gr_name
    except KeyError:
        return str(number)


def _who() -> tuple[str, frozenset[str]]:
    import pwd

    try:
        user = pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        user = str(os.geteuid())
    return user, frozenset(map(_group, {os.getegid(), *os.getgroups()}))
