"""What a native file asks of the machine that loads it: one value for ELF, Mach-O and PE."""

from __future__ import annotations

import enum

from envdoctor.binaries.magic import NotLoadable
from envdoctor.core.frozen import frozen
from envdoctor.support.text import read_number

__all__ = ["BinaryFormat", "NativeLibrary", "Need", "NeedKind", "NotLoadable", "SymbolSummary", "VersionNeed"]


_GLIBC_MARKS = {"GLIBC_ABI_DT_RELR": (2, 36)}  # glibc's NEWS for 2.36


class BinaryFormat(enum.Enum):
    """The container; with it goes the loader that searches: ld.so, dyld or the Windows loader."""

    ELF = "ELF"
    MACHO = "Mach-O"
    PE = "PE"


class NeedKind(enum.Enum):
    """How a need is met: what is not REQUIRED does not stop the file from loading when it is absent."""

    REQUIRED = "required"
    WEAK = "weak"  # LC_LOAD_WEAK_DYLIB, DT_AUXILIARY: absent is allowed
    DELAYED = "delayed"  # PE delay import: looked for at the first call


@frozen
class Need:
    """One library that a file names: a soname, an install name or a DLL's name, as written."""

    name: str
    kind: NeedKind = NeedKind.REQUIRED


@frozen
class VersionNeed:
    """One entry of .gnu.version_r: `file` must define `version`, as libc.so.6 must define GLIBC_2.17."""

    file: str
    version: str
    weak: bool = False


@frozen
class SymbolSummary:
    """The dynamic symbols of one file.

    Attributes:
        wanted: the undefined ones that must be somewhere, but for Python's own and for those with a version, of which
            the version's own table tells (`NativeLibrary.versions`), or that `named` has; in order.
        named: of a Mach-O file the undefined ones that one of its libraries must have, by that library as it is needed;
            but for those of macOS itself.
        defined: the hashes of those that it defines, each an unsigned number of 32 bits whose lowest bit is set,
            little endian; by the GNU hash in ELF, by CRC-32 in Mach-O.
        is_whole: False where what it wants is not known.
    """

    wanted: tuple[str, ...] = ()
    named: tuple[tuple[str, tuple[str, ...]], ...] = ()
    defined: bytes = b""
    is_whole: bool = True

    def has(self, number: int) -> bool:
        """Whether it defines a symbol of that hash."""
        key = number.to_bytes(4, "little")
        place = self.defined.find(key)
        while place % 4 and place >= 0:
            place = self.defined.find(key, place + 1)
        return place >= 0


@frozen
class NativeLibrary:
    """What one native file says of itself; read by `read_elf`, `read_macho` and `read_pe`.

    Attributes:
        format: the container.
        architectures: as the platform's wheel tags spell them (ELF x86_64, aarch64, armv7l, i686; Mach-O arm64, x86_64;
            PE amd64, win32, arm64, arm64ec); more than one only in a universal Mach-O file.
        needed: the libraries it names, in order; the union over the slices of a universal file.
        own_name: DT_SONAME, LC_ID_DYLIB's install name or the name in the PE export table: never a dependency.
        rpath: LC_RPATH, or DT_RPATH, which a library's own needs inherit (ld.so(8)); empty where DT_RUNPATH stands too.
        runpath: DT_RUNPATH, which holds for this file's direct needs only.
        has_empty_runpath: a DT_RUNPATH without a directory, which still keeps out the RPATHs of what loads the file.
        versions: the symbol versions needed of each library (ELF).
        interpreter: PT_INTERP, for programs.
        is_program: an executable rather than a library or a Python module.
        skips_default_directories: linked with -z nodefaultlib.
        refuses_dlopen: linked with -z nodlopen: glibc maps it with a program, never later.
        executable_stack: asks for an executable stack, which glibc 2.41 refuses to a library loaded later; None where
            the format does not say.
        text_relocations: its code is changed while it is loaded (DT_TEXTREL), which hardened systems refuse.
        segment_alignment: the largest page size, up to 64 KiB, by which (p_vaddr - p_offset) of every PT_LOAD can be
            divided; None outside ELF.
        declared_alignment: the smallest p_align of a PT_LOAD; None outside ELF.
        minimum_os: the oldest macOS (or other Apple system) that the file says it runs on; None where it does not say.
        sdk: of Mach-O: the release of macOS whose SDK it was linked with; None where it does not say.
        platform: the Apple system meant, such as "macos"; "" outside Mach-O.
        inferred: guessed from the names in the file (`envdoctor.wheels.inferred_elf`): nothing that it needs is absent
            from `needed`, but something there may not be needed, and `runpath` may be an RPATH; of PE a letter of a
            name is known from other files (`envdoctor.wheels.packed_pe`).
        unread: nothing is known but the architecture: it stands so far back in a universal file that it was not read.
        reexported: of `needed` the names whose symbols the file offers as its own (LC_REEXPORT_DYLIB).
        processor_level: the x86-64 level (2 to 4) without which glibc 2.33 and later refuse it; 0 where it says none.
        provides: the symbol versions that it defines (ELF); empty where it defines none, or a guess was made.
        unsigned: why macOS does not map it on ARM: what is wrong with its code signature; "" where nothing is known.
        symbols: of an ELF or Mach-O file in a wheel; None where they were not read.
        slices: for a universal Mach-O file, the library of each architecture; else empty.
    """

    format: BinaryFormat
    architectures: tuple[str, ...]
    needed: tuple[Need, ...] = ()
    own_name: str | None = None
    rpath: tuple[str, ...] = ()
    runpath: tuple[str, ...] = ()
    has_empty_runpath: bool = False
    versions: tuple[VersionNeed, ...] = ()
    interpreter: str | None = None
    is_program: bool = False
    skips_default_directories: bool = False
    refuses_dlopen: bool = False
    executable_stack: bool | None = None
    text_relocations: bool = False
    segment_alignment: int | None = None
    declared_alignment: int | None = None
    minimum_os: tuple[int, ...] | None = None
    sdk: tuple[int, ...] | None = None
    platform: str = ""
    inferred: bool = False
    unread: bool = False
    reexported: tuple[str, ...] = ()
    processor_level: int = 0
    provides: tuple[str, ...] = ()
    unsigned: str = ""
    symbols: SymbolSummary | None = None
    slices: tuple[NativeLibrary, ...] = ()

    @property
    def glibc(self) -> tuple[int, ...] | None:
        """The oldest glibc that has every GLIBC_x.y asked for; None where no such version is needed.

        A version without a number is of a way to write files that older ones can't read.
        """
        marks = [_GLIBC_MARKS[need.version] for need in self.versions if need.version in _GLIBC_MARKS]
        return max([*marks, *filter(None, [self.newest_version("GLIBC")])], default=None)

    @property
    def glibcxx(self) -> tuple[int, ...] | None:
        """The newest GLIBCXX_x.y.z asked of libstdc++."""
        return self.newest_version("GLIBCXX")

    def newest_version(self, family: str) -> tuple[int, ...] | None:
        """The largest number among the needed versions `FAMILY_x.y`; names such as GLIBC_PRIVATE carry none.

        Weak ones do not count: the loader goes on without them.
        """
        prefix = family + "_"
        needs = [need.version for need in self.versions if need.version.startswith(prefix) and not need.weak]
        numbers = [version[len(prefix) :] for version in needs]
        return max(
            (tuple(map(read_number, text.split("."))) for text in numbers if text.replace(".", "").isdecimal()),
            default=None,
        )

    def loads_with_page_size(self, page_size: int) -> bool:
        """Whether a kernel with pages of `page_size` bytes can map the file's segments.

        The test is that of glibc's `_dl_map_object_from_fd`: address and offset of each segment agree modulo the page.
        What p_align declares does not decide. Formats other than ELF don't have the question.
        """
        return self.segment_alignment is None or self.segment_alignment % page_size == 0

    def for_architecture(self, architecture: str) -> NativeLibrary | None:
        """What is loaded on that architecture: a universal file's slice, the file itself, or None if it has none."""
        for part in self.slices:
            if architecture in part.architectures:
                return part
        return self if architecture in self.architectures else None
