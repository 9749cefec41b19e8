"""The first bytes that tell native formats apart; a file's name does not."""

from __future__ import annotations

from envdoctor.core.errors import Unreadable

ELF = b"\x7fELF"
PE = b"MZ"
MACHO = (b"\xcf\xfa\xed\xfe", b"\xce\xfa\xed\xfe", b"\xfe\xed\xfa\xcf", b"\xfe\xed\xfa\xce")
UNIVERSAL = (b"\xca\xfe\xba\xbe", b"\xca\xfe\xba\xbf")
MOST_ARCHITECTURES = 16


class NotLoadable(Unreadable):
    """A well-formed file in a native format that no loader maps: an object file, GPU or eBPF code, a core dump."""


def is_native(head: bytes) -> bool:
    """Whether a file that begins with these bytes (8 are enough) claims to be ELF, Mach-O or PE.

    A Java class file shares its magic number with a universal Mach-O file; the next word tells them apart.
    """
    if head[:4] in UNIVERSAL:
        return 0 < int.from_bytes(head[4:8], "big") <= MOST_ARCHITECTURES
    return head[:4] == ELF or head[:2] == PE or head[:4] in MACHO
