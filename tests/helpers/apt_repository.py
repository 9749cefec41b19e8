"""A local apt repository, made by Debian's own tools and served on loopback; needs dpkg-deb and apt-ftparchive."""

from __future__ import annotations

import contextlib
import functools
import gzip
import http.server
import lzma
import shutil
import subprocess
import threading

from needs import needs


def build_package(folder, tree, version="16.0", *, name="edgetpu-compiler", arch="amd64"):
    """A .deb of a folder's content."""
    needs("dpkg-deb")
    package = folder / "package"
    shutil.copytree(tree, package, symlinks=True)
    (package / "DEBIAN").mkdir()
    control = (
        f"Package: {name}\nVersion: {version}\nArchitecture: {arch}\nMaintainer: test <t@example.org>\nDescription: t\n"
    )
    (package / "DEBIAN/control").write_text(control)
    target = folder / f"{name}_{version}_{arch}.deb"
    subprocess.run(
        ["dpkg-deb", "--build", "-z1", "--root-owner-group", package, target], check=True, capture_output=True
    )
    shutil.rmtree(package)
    return target


def build_repository(root, packages, suite="coral-edgetpu-stable", arch="amd64"):
    """A repository with an index and a Release file over these packages; flat if `suite` is empty."""
    needs("apt-ftparchive")
    pool = root / "pool" if suite else root
    pool.mkdir(parents=True, exist_ok=True)
    for package in packages:
        shutil.copy(package, pool)
    index = root / "dists" / suite / "main" / f"binary-{arch}" if suite else root
    index.mkdir(parents=True, exist_ok=True)
    where = "pool" if suite else "."
    listing = subprocess.run(["apt-ftparchive", "packages", where], cwd=root, check=True, capture_output=True).stdout
    (index / "Packages").write_bytes(listing)
    (index / "Packages.gz").write_bytes(gzip.compress(listing))
    (index / "Packages.xz").write_bytes(lzma.compress(listing))
    top = root / "dists" / suite if suite else root
    (top / "Release").write_bytes(
        subprocess.run(["apt-ftparchive", "release", "."], cwd=top, check=True, capture_output=True).stdout
    )


@contextlib.contextmanager
def served(folder):
    """Serve a folder on loopback; yields its URL."""
    handler = functools.partial(_Quiet, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *words):
        pass
