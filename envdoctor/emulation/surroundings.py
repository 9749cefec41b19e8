"""What this machine stands in: a container, a chroot, WSL, a virtual machine of Docker Desktop.

It decides who owns the emulation handlers (a container uses its host's), and where they must be registered.
Sources: systemd's container interface, podman-run(1) on /run/.containerenv, the release names of the kernels that
Microsoft and LinuxKit build.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from envdoctor.support.files import head_text

_MAX_SIZE = 1 << 16
_CGROUP_WORDS = {"/docker": "docker", "/kubepods": "kubernetes", "/lxc": "lxc", "/libpod": "podman"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """Where this process is.

    Attributes:
        container: what kind of container (`docker`, `podman`, ...); an empty string outside of one.
        chroot: True if `/` is not the first process's; None if this can't be told (only root may look).
        wsl: the version of the Windows Subsystem for Linux, or None.
        docker_desktop: True on the kernel of Docker Desktop's virtual machine.
        proof: the file or value that each statement comes from.
    """

    container: str = ""
    chroot: bool | None = None
    wsl: int | None = None
    docker_desktop: bool = False
    proof: tuple[str, ...] = ()


def collect_surroundings(root: Path = Path("/")) -> Surroundings:
    """Look around.

    Args:
        root: what to take for `/`.
    """
    release = head_text(root / "proc/sys/kernel/osrelease", _MAX_SIZE).strip()
    container, proof = _container(root)
    wsl = wsl_version(release)
    desktop = "linuxkit" in release
    if wsl is not None or desktop:
        proof = (*proof, f"/proc/sys/kernel/osrelease: {release}")
    return Surroundings(
        container=container,
        chroot=_chroot(root),
        wsl=wsl,
        docker_desktop=desktop,
        proof=proof,
    )


def wsl_version(release: str) -> int | None:
    """`5.15.90.1-microsoft-standard-WSL2` -> 2, `4.4.0-19041-Microsoft` -> 1, others None."""
    if "microsoft" not in release.lower():
        return None
    return 1 if "Microsoft" in release and "WSL2" not in release else 2


def _container(root: Path) -> tuple[str, tuple[str, ...]]:
    for name, kind in ((".dockerenv", "docker"), ("run/.containerenv", "podman")):
        if (root / name).exists():
            return kind, (f"/{name} exists",)
    named = head_text(root / "run/systemd/container", _MAX_SIZE).strip()
    if named:
        return named, (f"/run/systemd/container: {named}",)
    for part in head_text(root / "proc/1/environ", _MAX_SIZE).split("\0"):
        if part.startswith("container=") and part != "container=":
            return part.partition("=")[2], (f"/proc/1/environ: {part}",)
    cgroup = head_text(root / "proc/1/cgroup", _MAX_SIZE)
    for word, kind in _CGROUP_WORDS.items():
        if word in cgroup:
            return kind, (f"/proc/1/cgroup names {word}",)
    return "", ()


def _chroot(root: Path) -> bool | None:
    try:
        return not os.path.samestat((root / "proc/1/root").stat(), root.stat())
    except OSError:
        return None
