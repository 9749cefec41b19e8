"""Rules about the WHEEL file and the file's name, of which installers read the name alone (PEP 425, PEP 427)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from envdoctor.core.finding import Severity
from envdoctor.wheels.metadata import expand_tag
from envdoctor.wheels.rules import Sighting, listed, rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from envdoctor.binaries.library import NativeLibrary
    from envdoctor.wheels.reviewed import ReviewedWheel

_BINARY = (
    ".a",
    ".lib",
    ".o",
    ".obj",
    ".exe",
    ".node",
    ".jar",
    ".wasm",
    ".bin",
    ".so",
    ".dll",
    ".dylib",
    ".pyd",
    ".bc",
    ".whl",
)
_METAPACKAGE_FILES = 3


@rule("wheel-version", fix="Write `Wheel-Version: 1.0` into WHEEL.")
def wheel_version(wheel: ReviewedWheel) -> Iterator[Sighting]:
    """No Wheel-Version, or one that installers don't know.

    pip 26.3 and uv 0.13.9 refuse what is no number, or of a newer major version, and pass 0.1 over. Of a newer minor
    version (1.9) both warn, which is a note for the 1.1 that distlib wrote for years; one without a dot uv refuses,
    and a 0.x other than 0.1.
    """
    said = wheel.wheel_fields.get("wheel-version", [""])[0]
    numbers = [int(part) for part in said.split(".")] if re.fullmatch(r"\d+(\.\d+)*", said) else []
    if said in {"1.0", "0.1"}:
        return
    knows = "installers know 1.0" if numbers[:1] == [1] else "installers know 1.x"
    yield Sighting(
        message=f"WHEEL gives the Wheel-Version {said or 'nothing'!r}, and {knows}",
        files=("WHEEL",),
        severity=Severity.INFO if said == "1.1" else Severity.WARNING,
        is_refused=not numbers or numbers[0] > 1,
    )


@rule("wheel-field-twice", fix="Leave one of them.")
def wheel_field_twice(wheel: ReviewedWheel) -> Iterator[Sighting]:
    """A field of WHEEL that may stand once stands twice: each reader takes another."""
    for name in ("wheel-version", "root-is-purelib", "build"):
        if len(wheel.wheel_fields.get(name, ())) > 1:
            yield Sighting(message=f"WHEEL has {name.title()} {len(wheel.wheel_fields[name])} times", files=("WHEEL",))


@rule("purelib-flag", fix="Write `Root-Is-Purelib: true` or `false` into WHEEL.")
def purelib_flag(wheel: ReviewedWheel) -> Iterator[Sighting]:
    """Root-Is-Purelib is absent, or neither true nor false."""
    said = wheel.wheel_fields.get("root-is-purelib", [""])[0]
    if said.lower() not in {"true", "false"}:
        yield Sighting(message=f"WHEEL gives {said or 'nothing'!r} for Root-Is-Purelib", files=("WHEEL",))


@rule("purelib-with-modules", fix="Build it as a platform wheel: `Root-Is-Purelib: false`.")
def purelib_with_modules(wheel: ReviewedWheel) -> Iterator[Sighting]:
    """Extension modules are put into purelib: Root-Is-Purelib is true, or they lie in `.data/purelib`.

    They belong into platlib, which is another folder on systems with lib64.
    """
    if wheel.is_for_any_platform:
        return
    is_pure = wheel.wheel_fields.get("root-is-purelib", [""])[0].lower() == "true"
    at_root = tuple(native.path for native in wheel.modules if is_pure and ".data/" not in native.member)
    inside = tuple(native.path for native in wheel.modules if ".data/purelib/" in native.member)
    if at_root or inside:
        why = "Root-Is-Purelib is true, and there are" if at_root else ".data/purelib has"
        yield Sighting(message=f"{why} extension modules: {listed(at_root or inside)}", files=(*at_root, *inside))


@rule("tags-disagree", fix="Rename with `python -m wheel tags`, which keeps WHEEL and the name alike.")
def tags_disagree(wheel: ReviewedWheel) -> Iterator[Sighting]:
    """WHEEL's tags are others than those of the file name: it was renamed by hand.

    Installers go by the name; tools that read WHEEL, such as auditwheel, judge another wheel.
    """
    named = {str(tag) for tag in wheel.tags}
    lines = wheel.wheel_fields.get("tag", [])  # the contents' own tags are those of the name
    written = {tag.lower() for line in lines for tag in expand_tag(line)}
    if not written:
        what = f" that is PYTHON-ABI-PLATFORM, only {listed([repr(line) for line in lines])}" if lines else ""
        yield Sighting(message=f"WHEEL has no Tag{what}", files=("WHEEL",))
    elif named != written:
        only_named, only_written = sorted(named - written), sorted(written - named)
        parts = [f"the name says {listed(only_named)}"] if only_named else []
        parts += [f"WHEEL says {listed(only_written)}"] if only_written else []
        message = f"tags disagree: {', and '.join(parts)}" + ("" if len(parts) > 1 else " alone")
        yield Sighting(message=message, files=("WHEEL",), excerpt="\n".join(lines))


@rule("build-number-disagrees", fix="Write the same build number into the name and into WHEEL's Build.")
def build_disagrees(wheel: ReviewedWheel) -> Iterator[Sighting]:
    """WHEEL's Build is another number than the file name has."""
    said = wheel.wheel_fields.get("build", [""])[0]
    if said and said != wheel.build:
        message = f"WHEEL gives the build number {said}, and the name {wheel.build or 'has none'}"
        yield Sighting(message=message, files=("WHEEL",))


@rule(
    "any-platform-with-modules", fix="Build it as a platform wheel, with the tags of Python and platform in its name."
)
def any_with_modules(wheel: ReviewedWheel) -> Iterator[Sighting]:
    """The tag says that the wheel is for every platform, and its native files are for one.

    Installers take it everywhere, and the import fails on all other systems.
    """
    if not wheel.is_for_any_platform:
        return
    modules = [native for native in wheel.modules if native.library and "/_vendor" not in f"/{native.path}"]
    systems = sorted({_system(native.library) for native in modules if native.library})
    if modules and len(systems) == 1:
        paths = tuple(native.path for native in modules)
        yield Sighting(
            message=f"the tag says any platform, and extension modules are for {systems[0]}: {listed(paths)}",
            files=paths,
        )
        return
    libraries = [
        native
        for native in wheel.contents.natives
        if native.library and not native.library.is_program and native not in modules
    ]
    systems = sorted({_system(native.library) for native in libraries if native.library})
    if libraries and not modules:
        paths = tuple(native.path for native in libraries)
        message = f"the tag says any platform, and there are libraries for {', '.join(systems)}: {listed(paths)}"
        severity = Severity.WARNING if len(systems) == 1 and systems[0].startswith("ELF") else Severity.INFO
        yield Sighting(message=message, files=paths, severity=severity)


def _system(library: NativeLibrary) -> str:
    return f"{library.format.value} {'/'.join(library.architectures)}"


@rule("platform-without-natives", fix="Build it as a pure wheel: py3-none-any.")
def platform_without_natives(wheel: ReviewedWheel) -> Iterator[Sighting]:
    """The tag is for one platform, and there is no native file: the compiled part is missing, or the tag is wrong.

    With a tag for any Python (`py3-none-`) it is a note: text alone may be meant for one platform.
    """
    if wheel.is_for_any_platform or wheel.contents.natives:
        return
    names = [name for name in wheel.members if not name.startswith(f"{wheel.folder}/")]
    if any(name.lower().endswith(_BINARY) for name in names):
        return
    if len(names) <= _METAPACKAGE_FILES and wheel.contents.metadata.requires:
        return
    platforms = listed([platform.text for platform in wheel.platforms])
    plain = all(tag.interpreter.startswith("py") and tag.abi == "none" for tag in wheel.tags)
    yield Sighting(
        message=f"the tag is for {platforms}, and the wheel has no native file",
        files=(wheel.filename,),
        severity=Severity.INFO if plain else Severity.WARNING,
    )


@rule("python-tag-excluded", fix="Make the Python tag and Requires-Python agree.")
def python_excluded(wheel: ReviewedWheel) -> Iterator[Sighting]:
    """Requires-Python shuts out every Python that the tags name: nobody can install the wheel."""
    from packaging.specifiers import InvalidSpecifier, SpecifierSet

    said = wheel.contents.metadata.requires_python
    names = sorted({tag.interpreter for tag in wheel.tags})
    if not said or not all(name[:2] == "cp" and name[2:].isdecimal() and len(name) > len("cp3") for name in names):
        return
    if any(tag.abi in {"abi3", "none"} for tag in wheel.tags):
        return  # for later Pythons too
    try:
        allowed = SpecifierSet(said)
    except InvalidSpecifier:
        return
    if not any(allowed.contains(f"{name[2]}.{name[3:]}.{patch}") for name in names for patch in (0, 99)):
        message = f"the tags are for {', '.join(names)}, and Requires-Python is {said}"
        yield Sighting(message=message, files=("METADATA",))


@rule("python-two-excluded", fix="Leave py2 out of the tag: `universal = 0`, or no `[bdist_wheel]` in setup.cfg.")
def python_two_excluded(wheel: ReviewedWheel) -> Iterator[Sighting]:
    """The tag promises Python 2, and Requires-Python shuts it out: an old pip takes the wheel, and can't install it."""
    from packaging.specifiers import InvalidSpecifier, SpecifierSet

    interpreters = {tag.interpreter for tag in wheel.tags}
    said = wheel.contents.metadata.requires_python
    try:
        excluded = bool(said) and not any(SpecifierSet(said).contains(f"2.{minor}.18") for minor in (6, 7))
    except InvalidSpecifier:
        return
    if excluded and interpreters & {"py2", "py27"} and interpreters & {"py3"}:
        message = f"the tag promises Python 2, and Requires-Python is {said}"
        yield Sighting(message=message, files=("METADATA",), severity=Severity.INFO)


_PLATFORMS = re.compile(
    r"any|win32|win_(?:amd64|arm64|arm32)|linux_\w+|(?:manylinux(?:1|2010|2014|_2_\d+)|musllinux_1_\d+)_"
    r"(?:x86_64|i686|aarch64|armv[67]l|ppc64le|ppc64|s390x|riscv64|loongarch64)|"
    r"macosx_10_\d+_(?:x86_64|universal2?|intel|i386|fat\d*|ppc\w*)|"
    r"macosx_(?:1[1-9]|[2-9]\d)_0_(?:x86_64|arm64|universal2?|intel|i386|fat\d*|ppc\w*)"
)
_TOO_OLD = re.compile(
    r"manylinux(?:1|2010|_2_(?:\d|1[0-6]))_(?!x86_64|i686)\w+|manylinux_2_[0-4]_\w+|manylinux\w*_armv6l"
)
_SOMEBODYS = re.compile(
    r"py\d*-none|cp(2\d)-(?:none|cp\1d?mu?)|cp(3[0-7])-(?:none|abi3|cp\2d?mu?)|cp(3(?:[89]|\d\d))-(?:none|abi3t?|cp\3d?t?d?)"
    r"|(?:pp|ip|jy|graalpy)\w*-\w+"
)
_FAMILIES = ("win", "manylinux", "musllinux", "macosx")


@rule("python-of-nobody", fix="Take the tag of `python -m wheel tags`, such as cp313-cp313t, cp39-abi3 or py3-none.")
def python_of_nobody(wheel: ReviewedWheel) -> Iterator[Sighting]:
    """Python and ABI tags that no installer puts together: it passes the wheel over on every machine.

    A free-threaded Python is cp313-cp313t, abi3 goes with the first CPython that it is for (cp39-abi3), the `m` of an
    ABI ended with Python 3.7, and `cp3` is no Python.
    """
    pairs = {f"{tag.interpreter}-{tag.abi}" for tag in wheel.tags}
    wrong = [pair for pair in sorted(pairs) if not _SOMEBODYS.fullmatch(pair)]
    if wrong and len(wrong) == len(pairs):
        yield Sighting(message=f"no Python takes {listed(wrong)}", files=(wheel.filename,))


@rule("platform-of-nobody", fix="Take the tag of `python -m wheel tags`, such as win_amd64 or macosx_14_0_arm64.")
def platform_of_nobody(wheel: ReviewedWheel) -> Iterator[Sighting]:
    """A platform that no installer has: it passes the wheel over on every machine.

    Windows is win_amd64 and not win_x86_64; manylinux has x86_64 and not amd64; since macOS 11 pip and uv know only
    macosx_MAJOR_0: neither macosx_14_arm64 nor macosx_13_6_arm64. No tag for ARM is older than macosx_11_0, or than
    manylinux_2_17.
    """
    texts = sorted({tag.platform for tag in wheel.tags})
    ours = [text for text in texts if text.startswith(_FAMILIES)]
    found = tuple(text for text in ours if not _PLATFORMS.fullmatch(text) or _TOO_OLD.fullmatch(text))
    if len(found) < len(ours) and all(map(_PLATFORMS.fullmatch, found)):
        return  # one more name of what another tag promises
    if found:
        yield Sighting(message=f"no machine is of the platform {listed(found)}", files=found)
