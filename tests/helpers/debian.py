"""Debian packages for another architecture, downloaded by this system's apt with lists of its own, never installed.

The mirror and the keys are those that this system uses, so that no address stands here.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from needs import needs

CACHE = Path(os.environ.get("ENVDOCTOR_TEST_CACHE", "~/.cache/envdoctor-tests")).expanduser()
_KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")


class Debian:
    """One suite for one architecture, with a private apt below the cache."""

    def __init__(self, suite, architecture="arm64"):
        needs("apt-get", "dpkg-deb", "tar")
        self.architecture = architecture
        self.folder = CACHE / f"apt-{suite}-{architecture}"
        for name in ("lists/partial", "cache/archives/partial", "parts"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        (self.folder / "status").touch()
        key = f"[signed-by={_KEYRING}] " if _KEYRING.exists() else ""
        (self.folder / "sources.list").write_text(f"deb {key}{_mirror()} {suite} main\n")

    def download(self, *packages, closure=True):
        """The .deb files of some packages, and of all that they depend on if `closure`; kept in the cache."""
        target = self.folder / f"debs-{'-'.join(packages)}"[:120]
        if not (target / "complete").exists():
            shutil.rmtree(target, ignore_errors=True)
            target.mkdir()
            self._run("update")
            if closure:
                archives = self.folder / "cache/archives"
                shutil.rmtree(archives)
                (archives / "partial").mkdir(parents=True)
                self._run("install", "--download-only", "--no-install-recommends", "-y", *packages)
                for deb in archives.glob("*.deb"):
                    deb.replace(target / deb.name)
            else:
                self._run("download", *packages, cwd=target)
            (target / "complete").touch()
        return sorted(target.glob("*.deb"))

    def newest(self, pattern):
        """The package with the highest version in a name that matches."""
        self._run("update")
        done = self._apt("apt-cache", "pkgnames", "linux-image")
        names = [name for name in done.stdout.split() if re.fullmatch(pattern, name)]
        if not names:
            pytest.skip(f"the mirror has no package {pattern}")
        return max(names, key=lambda name: [int(number) for number in re.findall(r"\d+", name)])

    def _run(self, *words, cwd=None):
        done = self._apt("apt-get", "-q", *words, cwd=cwd)
        if done.returncode:
            pytest.skip(f"apt-get {' '.join(words[:3])} does not work here: {done.stderr.strip()[-300:]}")

    def _apt(self, program, *words, cwd=None):
        state = self.folder
        options = {
            "APT::Architecture": self.architecture,
            "APT::Architectures": self.architecture,
            "APT::Sandbox::User": "",
            "Debug::NoLocking": "1",
            "Dir::State::Lists": state / "lists",
            "Dir::State::status": state / "status",
            "Dir::Cache": state / "cache",
            "Dir::Etc::sourcelist": state / "sources.list",
            "Dir::Etc::sourceparts": state / "parts",
        }
        given = [word for key, value in options.items() for word in ("-o", f"{key}={value}")]
        return subprocess.run([program, *given, *words], cwd=cwd, capture_output=True, text=True, check=False)


def unpack(debs, root):
    """Unpack packages over each other into a file system whose /bin and /lib are links, as Debian's are."""
    for name in ("bin", "sbin", "lib"):
        (root / "usr" / name).mkdir(parents=True, exist_ok=True)
        if not (root / name).is_symlink():
            (root / name).symlink_to(f"usr/{name}")
    for deb in debs:
        content = subprocess.run(["dpkg-deb", "--fsys-tarfile", deb], check=True, capture_output=True).stdout
        argv = ["tar", "--extract", "--keep-directory-symlink", "--no-same-owner", "--directory", root]
        subprocess.run(argv, input=content, check=True, capture_output=True)


def _mirror():
    """The mirror of Debian itself that this system's apt uses."""
    folder = Path("/etc/apt")
    for file in (*sorted(folder.glob("sources.list.d/*")), folder / "sources.list"):
        if file.is_file():
            match = re.search(r"(?m)^(?:URIs:|deb(?: \[[^\]]*\])?)\s+(\S+/debian)/?\s", file.read_text())
            if match:
                return match.group(1)
    return pytest.skip("this system's apt has no mirror of Debian")
