"""A machine with a real aarch64 kernel, by QEMU's system emulation: no KVM, no network, no root, gone afterwards.

Its whole file system is an initramfs: Python, envdoctor and what a test adds. /lab/driver.py is run in it; what that
prints is the result.
"""

from __future__ import annotations

import lzma
import os
import shutil
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from debian import CACHE, Debian, unpack
from needs import needs

ROOT = Path(__file__).resolve().parents[2]
_SYSTEM = ("bash", "coreutils", "mount", "kmod", "python3-minimal", "libpython3-stdlib", "ca-certificates")
_LEAVE_OUT = ("usr/share/doc", "usr/share/man", "usr/share/locale", "usr/share/info", "usr/lib/aarch64-linux-gnu/gconv")
_INIT = """\
#!/bin/bash
export PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 PYTHONPATH=/opt/site PYTHONDONTWRITEBYTECODE=1
mount -t proc proc /proc; mount -t sysfs sys /sys; mount -t devtmpfs dev /dev; mount -t tmpfs tmp /tmp
for module in /lab/modules/*; do insmod $module; done
echo; echo BEGIN-DRIVER
python3 -X utf8 /lab/driver.py
echo END-DRIVER $?
sync; echo o > /proc/sysrq-trigger; sleep 60
"""


@dataclass(frozen=True, kw_only=True)
class Kernel:
    """A kernel image and the module for binfmt_misc that belongs to it, not compressed."""

    image: Path
    module: Path


def kernel(suite="bookworm", pattern=r"linux-image-[\d.]+(?:-\d+|\+deb\d+)-cloud-arm64"):
    """Debian's newest kernel of that name."""
    debian = Debian(suite)
    name = debian.newest(pattern)
    folder = CACHE / name
    if not (folder / "complete").exists():
        shutil.rmtree(folder, ignore_errors=True)
        (folder / "tree").mkdir(parents=True)
        (deb,) = debian.download(name, closure=False)
        unpack([deb], folder / "tree")
        (image,) = (folder / "tree/boot").glob("vmlinuz-*")
        image.replace(folder / "vmlinuz")
        module = next(iter((folder / "tree/usr/lib/modules").rglob("binfmt_misc.ko*")))
        data = module.read_bytes()
        (folder / "binfmt_misc.ko").write_bytes(lzma.decompress(data) if module.suffix == ".xz" else data)
        shutil.rmtree(folder / "tree")
        (folder / "complete").touch()
    return Kernel(image=folder / "vmlinuz", module=folder / "binfmt_misc.ko")


def system():
    """The file system without anything of a test: Debian's Python, and what envdoctor depends on, for aarch64."""
    folder = CACHE / "arm-system-1"
    if not (folder / "complete").exists():
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        unpack(Debian("bookworm").download(*_SYSTEM), folder)
        for name in _LEAVE_OUT:
            shutil.rmtree(folder / name, ignore_errors=True)
        _install_dependencies(folder / "opt/site")
        (folder / "complete").touch()
    return folder


def _install_dependencies(target):
    """What pyproject.toml names, less uv, which only the making of environments needs."""
    import tomllib

    from envdoctor.executors.programs import find_uv

    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    names = [name for name in project["dependencies"] if not name.startswith("uv")]
    argv = [find_uv(), "pip", "install", "--target", target, "--python-platform", "aarch64-manylinux_2_28"]
    argv += ["--python-version", "3.11", "--only-binary", ":all:", *names]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"the dependencies of envdoctor can't be had for aarch64: {done.stderr.strip()[-300:]}")


def boot(folder, kernel_, lab, *, seconds=600, memory=2048):
    """Start a machine with the files of `lab` in /lab; returns what its driver printed, and how long it took.

    Args:
        folder: an empty folder.
        kernel_: from `kernel`.
        lab: a folder with driver.py and what it needs.
        seconds: until the machine is given up.
        memory: MiB.
    """
    machine = needs("qemu-system-aarch64", "cpio")
    image = folder / "initramfs"
    _pack(folder, kernel_, lab, image)
    argv = [machine, "-M", "virt,gic-version=3", "-cpu", "cortex-a76", "-smp", "2", "-m", str(memory), "-nographic"]
    argv += ["-no-reboot", "-nic", "none", "-accel", "tcg,thread=multi", "-kernel", kernel_.image, "-initrd", image]
    argv += ["-append", "console=ttyAMA0 rdinit=/init panic=-1 quiet"]
    start = time.monotonic()
    try:
        done = subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, timeout=seconds, check=False)
        console = done.stdout
    except subprocess.TimeoutExpired as error:
        console = (error.stdout or b"") + b"\n(the machine was given up)"
    text = console.decode("utf-8", "replace").replace("\r\n", "\n")
    if "BEGIN-DRIVER\n" not in text or "\nEND-DRIVER 0" not in text:
        pytest.fail(f"the machine did not come to an end:\n{text[-4000:]}")
    return text.partition("BEGIN-DRIVER\n")[2].partition("\nEND-DRIVER")[0], time.monotonic() - start


def _pack(folder, kernel_, lab, image):
    """System, envdoctor and lab as one cpio archive (newc), everything owned by root."""
    tree = folder / "tree"
    shutil.copytree(system(), tree, symlinks=True, copy_function=_link)
    for source in ("envdoctor", "probes/envdoctor_probes", "reports/envdoctor_reports"):
        ignore = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / source, tree / "opt/site" / Path(source).name, ignore=ignore, copy_function=_link)
    shutil.copytree(lab, tree / "lab", symlinks=True)
    (tree / "lab/modules").mkdir()
    shutil.copy(kernel_.module, tree / "lab/modules")
    for name in ("proc", "sys", "dev", "tmp", "root", "run", "var/lib", "etc"):
        (tree / name).mkdir(parents=True, exist_ok=True)
    (tree / "init").write_text(_INIT)
    (tree / "init").chmod(0o755)
    (tree / "etc/os-release").unlink(missing_ok=True)
    (tree / "etc/os-release").write_text('ID=debian\nVERSION_ID="12"\nPRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\n')
    names = "\n".join(sorted(os.path.relpath(path, tree) for path in tree.rglob("*"))).encode()
    with image.open("wb") as out:
        argv = ["cpio", "--quiet", "-o", "-H", "newc", "-R", "0:0"]
        subprocess.run(argv, input=names, cwd=tree, stdout=out, check=True)
    shutil.rmtree(tree)


def _link(source, target):
    try:
        os.link(source, target, follow_symlinks=False)
    except OSError:
        shutil.copy2(source, target, follow_symlinks=False)
