"""What the libraries of one wheel come to when it is loaded."""

from envdoctor.imports.loading import LoadJudge
from native_files import elf_bytes
from wheel_files import LINUX, LINUX_TAG, MACOS, MACOS_TAG, WINDOWS, WINDOWS_TAG, contents_of

TARGETS = {LINUX_TAG: LINUX, MACOS_TAG: MACOS, WINDOWS_TAG: WINDOWS}


def analyse(files, tag=LINUX_TAG, others=(), read=None):
    """The analysis of one wheel of those files, in a set with others."""
    wheel = contents_of(files, tag)

    def text(owner, member):
        assert owner is wheel
        content = files[member]
        return content if isinstance(content, str) else content.decode()

    return LoadJudge([wheel, *others], TARGETS[tag], read or text).analyse(wheel)


def module(*needed, **options):
    return elf_bytes((*needed, "libc.so.6"), **options)
