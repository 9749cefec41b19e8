"""Rules about the files' names and permissions: what other systems can't take, and what was left behind."""

from __future__ import annotations

import posixpath
import re
import stat
from typing import TYPE_CHECKING

from envdoctor.core.finding import Severity
from envdoctor.support.text import plural
from envdoctor.wheels.rules import Part, Sighting, listed, rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from envdoctor.wheels.reviewed import ReviewedWheel

_LEFT_OVER = re.compile(
    r"(?:.*/)?(?:\.DS_Store|Thumbs\.db|desktop\.ini|\._[^/]+|[^/]+\.(?:orig|rej|swp|swo|bak)|[^/]+~|\.coverage"
    r"|\.nfs[0-9a-f]+|\.?#[^/]+|core\.\d+|npm-debug\.log|[^/]+\.egg-info/.*|build/lib(?:\.[^/]+)?/.*"
    r"|(?:\.git|\.hg|\.svn|__MACOSX|\.pytest_cache|\.mypy_cache|\.ruff_cache|\.ipynb_checkpoints|\.idea|\.vscode|\.tox"
    r"|\.nox|\.venv|\.eggs)/.*)"
)
# Names of devices, with any suffix: "Naming Files, Paths, and Namespaces" of the Windows documentation.
_DEVICE = re.compile(r"(?:con|prn|aux|nul|com[1-9]|lpt[1-9])(?:\..*)?", re.IGNORECASE)
_NOT_ON_WINDOWS = re.compile(r'[<>:"|?*\x00-\x1f]|[ .]$')
_LONGEST_PATH = 200  # of the 260 that Windows allows by default, an environment's own path takes some 50
_ONE_PYTHON = re.compile(r"[cp]p\d{2,}")
#: What compilers, linkers and CMake leave beside what they make.
_OF_BUILDS = re.compile(
    r"(?:.*/)?(?:CMakeCache\.txt|\.ninja_(?:log|deps)|(?:CMakeFiles|[^/]+\.dSYM)/.*|[^/]+\.(?:pdb|ilk|exp|obj|o|gcno|gcda))"
)
_OF_INSTALLERS = ("INSTALLER", "REQUESTED", "direct_url.json", "installed-files.txt")
_EDITABLE = re.compile(r"(?:.*/)?(?:__editable__.*|_?_editable_.*\.(?:pth|py)|easy-install\.pth|[^/]+\.egg-link)")
_ABSOLUTE = re.compile(r"^\s*(?:/|[A-Za-z]:[\\/]|\.\.[\\/])", re.MULTILINE)
_LFS_POINTER = b"version https://git-lfs.github.com/spec/"
_KEY_FILE, _PRIVATE_KEY = re.compile(r".*\.(?:key|pem|p8)"), re.compile(rb"-----BEGIN [A-Z ]*PRIVATE KEY-----")
_SECRET = re.compile(r"(?:.*/)?(?:\.env|\.pypirc|\.netrc|\.npmrc|id_(?:rsa|dsa|ecdsa|ed25519)|\.aws/credentials)")
_LIBRARY = re.compile(r".*\.(?:so(?:\.[0-9.]+)?|dylib|pyd|dll)")
_LARGEST_KEY = 64 << 10
_LARGEST_PROGRAM = 64 << 20
_OF_TESTS = re.compile(r".*(?:test|example|sample|demo|fixture|snakeoil).*", re.IGNORECASE)
_LONGEST_LINK = 512
_SCHEMES = {"purelib", "platlib", "headers", "scripts", "data"}


@rule("left-over-file", fix="Leave such files out of the wheel.")
def left_over(wheel: ReviewedWheel) -> Iterator[Sighting]:
    """Files of an editor, a desktop, a test run or a version control system."""
    found = tuple(name for name in wheel.members if _LEFT_OVER.fullmatch(name) and not _is_of_jupyter(name))
    if found:
        yield Sighting(message=f"left over from where it was built: {listed(found)}", files=found)


def _is_of_jupyter(name: str) -> bool:
    """Whether it is the copy of its schema's package.json that JupyterLab's builder always makes."""
    return re.search(r"/share/jupyter/|/schemas/", name) is not None and name.endswith("/package.json.orig")


@rule("build-product", fix="Leave it out of the wheel: users need neither debug files nor what a build keeps.")
def build_product(wheel: ReviewedWheel) -> Iterator[Sighting]:
    """What compilers, linkers and CMake leave beside what they make: debug files, objects, caches with build paths."""
    found = tuple(name for name in wheel.members if _OF_BUILDS.fullmatch(name))
    if found:
        message = f"left over from its compilation: {listed(found)}"
        yield Sighting(message=message, files=found, severity=Severity.INFO)


@rule("installed-metadata", fix="Build the wheel from the sources rather than from an installed copy.")
def installed_metadata(wheel: ReviewedWheel) -> Iterator[Sighting]:
    """Files that installers write into .dist-info: the wheel was packed from an environment.

    `direct_url.json` makes `pip freeze` print a path of the build machine.
    """
    found = tuple(name for name in map(wheel.own, _OF_INSTALLERS) if name in wheel.members)
    if found:
        yield Sighting(message=f"installers write such files, wheels have none: {listed(found)}", files=found)


@rule("editable-install", fix="Build it with `python -m build`; what an editable install leaves is for one machine.")
def editable_install(wheel: ReviewedWheel) -> Iterator[Sighting]:
    """What an editable install makes, or a .pth file with a path outside site-packages: no other machine has it."""
    found = tuple(
        member
        for member, path in wheel.installed.items()
        if _EDITABLE.fullmatch(path)
        or (path.endswith(".pth") and "/" not in path and _ABSOLUTE.search(wheel.text(member)))
    )
    if found:
        message = f"leads to a folder of the build machine, as editable installs do: {listed(found)}"
        yield Sighting(message=message, files=found)


@rule("one-path-twice", fix="Leave one of them in the wheel.")
def one_path_twice(wheel: ReviewedWheel) -> Iterator[Sighting]:
    """Two members that installers write to one place, as from the top and from .data/purelib: one is overwritten.

    A path that the archive itself has twice is taken by installers, and refused by PyPI since 2025.
    """
    twice = tuple(name for name, member in wheel.members.items() if member.is_twice)
    if twice:
        yield Sighting(message=f"the archive has twice, and PyPI refuses: {listed(twice)}", files=twice)
    places: dict[str, list[str]] = {}
    for member, path in wheel.installed.items():
        places.setdefault(path, []).append(member)
    found = tuple(path for path, members in places.items() if len(members) > 1)
    if found:
        members = tuple(member for path in found for member in places[path])
        yield Sighting(message=f"several members are installed as {listed(found)}", files=members)


@rule("large-file-pointer", needs=Part.WHOLE, fix="Run `git lfs pull` before the build.")
def large_file_pointer(wheel: ReviewedWheel) -> Iterator[Sighting]:
    """A pointer of Git LFS in place of the file: the build machine had not fetched it."""
    small = (name for name, member in wheel.members.items() if 0 < member.size < _LONGEST_LINK)
    found = tuple(name for name in small if wheel.read(name).startswith(_LFS_POINTER))
    if found:
        yield Sighting(message=f"a pointer of Git LFS stands in place of {listed(found)}", files=found)


@rule("bytecode-file", fix="Leave out *.pyc and __pycache__: installers compile modules themselves.")
def bytecode(wheel: ReviewedWheel) -> Iterator[Sighting]:
    """Compiled modules: they are for one Python alone, and beside their source installers write their own.

    Without the source they are meant, where the tag is for one Python; another answers "bad magic number".
    """
    compiled = [name for name in wheel.members if name.endswith((".pyc", ".pyo"))]
    for_one = all(_ONE_PYTHON.fullmatch(tag.interpreter) for tag in wheel.tags) and len(wheel.tags) == 1
    found = tuple(name for name in compiled if not for_one or _source(name) in wheel.members)
    stale = tuple(name for name in wheel.members if "/__pycache__/" in f"/{name}" and name not in found)
    if found or stale:
        yield Sighting(message=f"holds compiled modules: {listed(found + stale)}", files=found + stale)


def _source(name: str) -> str:
    folder, file = posixpath.split(name)
    return posixpath.join(folder.removesuffix("__pycache__"), f"{file.partition('.')[0]}.py")


@rule("colliding-case", fix="Rename one of them.")
def colliding_case(wheel: ReviewedWheel) -> Iterator[Sighting]:
    """Two paths that differ only in the case of letters: on Windows and macOS the one overwrites the other."""
    if not (wheel.is_for_any_platform or wheel.is_for("win", "macosx")):
        return
    seen: dict[str, str] = {}
    for name in wheel.members:
        twin = seen.setdefault(name.lower(), name)
        if twin != name:
            yield Sighting(message=f"{twin} and {name} are one file on Windows and macOS", files=(twin, name))


@rule("windows-path", fix="Rename or shorten it.")
def windows_path(wheel: ReviewedWheel) -> Iterator[Sighting]:
    """A path that Windows refuses: a device's name, a forbidden character, or too long for its default limit."""
    if not (wheel.is_for_any_platform or wheel.is_for("win")):
        return
    refused = tuple(name for name in wheel.members if any(map(_is_refused, name.split("/"))))
    if refused:
        yield Sighting(message=f"Windows can't create {listed(refused)}", files=refused)
    long = tuple(path for path in wheel.installed.values() if len(path) > _LONGEST_PATH)
    if long:
        message = (
            f"a path of {max(map(len, long))} characters below site-packages; Windows allows 260 in all by default"
        )
        yield Sighting(message=f"{message}: {long[0]}", files=long)


def _is_refused(part: str) -> bool:
    return bool(_DEVICE.fullmatch(part) or _NOT_ON_WINDOWS.search(part))


@rule("non-ascii-path", fix="Use ASCII in the names of files.")
def non_ascii(wheel: ReviewedWheel) -> Iterator[Sighting]:
    """A name outside ASCII: how it is written differs by system and locale, and installing may fail."""
    found = tuple(name for name in wheel.members if not name.isascii())
    if found:
        yield Sighting(message=f"names outside ASCII: {listed(found)}", files=found)


@rule("unreadable-mode", fix="Give files the mode 0644, and 0755 to programs, in the archive.")
def unreadable_mode(wheel: ReviewedWheel) -> Iterator[Sighting]:
    """Files whose mode lets not even their owner read them.

    pip and uv disregard it. `unzip`, and the packagers and build systems that use it, get files that nobody can read.
    """
    found = tuple(
        name
        for name, member in wheel.members.items()
        if member.unix_mode is not None and not member.unix_mode & stat.S_IRUSR
    )
    if found:
        modes = sorted({f"{stat.S_IMODE(wheel.members[name].mode):03o}" for name in found})
        message = (
            f"{len(found)} of {len(wheel.members)} files have the mode {', '.join(modes)}, unreadable when unzipped"
        )
        yield Sighting(message=f"{message}: {listed(found)}", files=found)


@rule("private-mode", fix="Give files the mode 0644, and 0755 to programs, in the archive.")
def private_mode(wheel: ReviewedWheel) -> Iterator[Sighting]:
    """Files that not everybody may read: pip and uv give them the usual mode, `unzip` and other installers do not."""
    found = tuple(
        name
        for name, member in wheel.members.items()
        if member.unix_mode is not None and member.unix_mode & stat.S_IRUSR and not member.unix_mode & stat.S_IROTH
    )
    if found:
        message = f"others than the owner can't read {plural(len(found), 'file')} after an unzip: {listed(found)}"
        yield Sighting(message=message, files=found, severity=Severity.INFO)


@rule("special-mode", fix="Give files the mode 0644, and 0755 to programs, in the archive.")
def special_mode(wheel: ReviewedWheel) -> Iterator[Sighting]:
    """A set-user-id or set-group-id bit: a program that whoever starts it runs with its owner's rights."""
    special = stat.S_ISUID | stat.S_ISGID
    found = tuple(name for name, member in wheel.members.items() if (member.unix_mode or 0) & special)
    if found:
        yield Sighting(message=f"with a set-user-id or set-group-id bit: {listed(found)}", files=found)


@rule("program-not-executable", needs=Part.WHOLE, fix="Give it the mode 0755 before the wheel is packed.")
def not_executable(wheel: ReviewedWheel) -> Iterator[Sighting]:
    """A program in a package, without the mode of one: installers keep that, so that to start it is not permitted.

    A wheel whose texts call `chmod` sees to that itself.
    """
    found = tuple(
        name
        for name, member in wheel.members.items()
        if not (member.unix_mode or 0) & stat.S_IXUSR and "." not in posixpath.basename(name)
        if name in wheel.installed and member.size < _LARGEST_PROGRAM and _is_program(wheel.read(name))
    )
    texts = (wheel.text(name) for name in wheel.members if name.endswith(".py"))
    if found and not any("chmod" in text for text in texts):
        yield Sighting(message=f"programs that nobody may start: {listed(found)}", files=found)


def _is_program(content: bytes) -> bool:
    """Whether a file is an ELF program, which names its loader at its head, or a Mach-O one (MH_EXECUTE)."""
    head = content[:4096]
    is_elf = head.startswith(b"\x7fELF") and (b"/ld-" in head or b"/ld.so" in head)
    return is_elf or (head.startswith(b"\xcf\xfa\xed\xfe") and head[12:16] == b"\x02\0\0\0")


@rule("secret-file", fix="Leave it out, and make new secrets: what was published is known.")
def secret_file(wheel: ReviewedWheel) -> Iterator[Sighting]:
    """A file in which secrets are kept, such as `.env`, `.pypirc` or a private key of SSH."""
    found = tuple(name for name in wheel.members if _SECRET.fullmatch(name))
    if found:
        yield Sighting(message=f"may hold secrets: {listed(found)}", files=found)


@rule("private-key", needs=Part.WHOLE, fix="Leave it out, and make a new key: what was published is known.")
def private_key(wheel: ReviewedWheel) -> Iterator[Sighting]:
    """A private key outside of tests and examples."""
    found = tuple(
        name
        for name, member in wheel.members.items()
        if _KEY_FILE.fullmatch(name) and member.size < _LARGEST_KEY and not _OF_TESTS.fullmatch(name)
        if _PRIVATE_KEY.search(wheel.read(name))
    )
    if found:
        yield Sighting(message=f"holds a private key: {listed(found)}", files=found)


@rule("link-as-text", needs=Part.WHOLE, fix="Put a copy of the library into the wheel in its place.")
def link_as_text(wheel: ReviewedWheel) -> Iterator[Sighting]:
    """A library that is a text with another one's name: a symbolic link that was packed as what it points to."""
    found = []
    for name, member in wheel.members.items():
        if 0 < member.size < _LONGEST_LINK and _LIBRARY.fullmatch(name):
            target = wheel.read(name).decode("utf-8", "replace").strip()
            if posixpath.normpath(posixpath.join(posixpath.dirname(name), target)) in wheel.members:
                found.append(f"{name} ({target})")
    if found:
        yield Sighting(message=f"a text stands in place of the library: {listed(found)}", files=tuple(found))


@rule("symbolic-link", fix="Put a copy of the file into the wheel: PEP 427 has no links.")
def symbolic_link(wheel: ReviewedWheel) -> Iterator[Sighting]:
    """A symbolic link: installers write a small text file with the link's target in its place."""
    found = tuple(name for name, member in wheel.members.items() if stat.S_ISLNK(member.unix_mode or 0))
    if found:
        yield Sighting(message=f"symbolic links become text files when installed: {listed(found)}", files=found)


@rule("foreign-metadata-folder", fix="Leave one .dist-info and one .data folder in the wheel, named like its file.")
def foreign_folder(wheel: ReviewedWheel) -> Iterator[Sighting]:
    """A second .dist-info, a .egg-info, or a .data folder of another name or with an unknown part.

    pip 26.3 and uv 0.13.9 refuse the first and last; the others, and a .dist-info within the first, they put as they
    are into site-packages.
    """
    own = wheel.folder.removesuffix(".dist-info")
    nested = tuple(name for name in wheel.members if name.startswith(wheel.own("")) and name.count(".dist-info/") > 1)
    if nested:
        yield Sighting(message=f"has a metadata folder in its metadata folder: {listed(nested)}", files=nested)
    for top in dict.fromkeys(name.partition("/")[0] for name in wheel.members):
        if top.endswith((".dist-info", ".egg-info")) and top != wheel.folder:
            yield Sighting(
                message=f"has a second metadata folder, {top}, beside {wheel.folder}",
                files=(top,),
                is_refused=top.endswith(".dist-info"),
            )
        elif top.endswith(".data") and top.lower() != f"{own}.data".lower():
            message = f"{top} is not called {own}.data, so that installers do not look into it"
            yield Sighting(message=message, files=(top,))
    parts = (name.split("/") for name in wheel.members if name.startswith(f"{own}.data/"))
    unknown = sorted({each[1] for each in parts if each[1] not in _SCHEMES})
    if unknown:
        message = f"{own}.data/{unknown[0]} is not a folder that PEP 427 knows; pip and uv refuse the wheel"
        yield Sighting(message=message, files=(f"{own}.data/{unknown[0]}",), is_refused=True)
