import pytest

from envdoctor.binaries.resolve_elf import ElfSearch, MuslSearch
from envdoctor.binaries.resolve_macho import MachoSearch
from envdoctor.binaries.resolve_pe import PeSearch
from envdoctor.core.errors import Unreadable
from envdoctor.core.target import Libc, Platform, System
from envdoctor.wheels.layout import (
    planned_path,
    planned_search,
    planned_tree,
    process_architecture,
    runs_on,
    shown_path,
)
from native_files import elf_bytes, macho_bytes, pe_bytes
from planned import elf, macho
from wheel_files import LINUX, MACOS, WINDOWS, WINDOWS_TAG, contents_of

MUSL = Platform(system=System.LINUX, arch="aarch64", version=(1, 2), libc=Libc.MUSL)


def test_paths_there_and_back():
    assert shown_path(planned_path("pkg/a.so")) == "pkg/a.so"
    assert shown_path(planned_path("../../../lib/a.so")) == "../../a.so"
    assert shown_path("/usr/lib/libc.so.6") == "/usr/lib/libc.so.6"


def test_a_wheels_data_and_packages_lie_as_in_an_environment():
    wheel = contents_of(
        {"pkg/a.so": elf_bytes(("libc.so.6",)), "pkg-1.0.data/data/lib/b.so": elf_bytes(("libc.so.6",))}
    )
    tree = planned_tree([wheel], LINUX.platform)
    assert tree.library(planned_path("pkg/../../../../lib/b.so")) is not None


def test_the_later_of_two_wheels_wins():
    wheels = [contents_of({"pkg/a.so": elf_bytes((need,))}) for need in ("libone.so", "libtwo.so")]
    assert planned_tree(wheels, LINUX.platform).library(planned_path("pkg/a.so")).needed[0].name == "libtwo.so"


def test_a_file_that_could_not_be_read_is_there_all_the_same():
    wheel = contents_of({"pkg/a.so": elf_bytes(("libc.so.6",))[:200]})
    with pytest.raises(Unreadable):
        planned_tree([wheel], LINUX.platform).library(planned_path("pkg/a.so"))


def test_files_of_another_format_are_not_seen():
    wheel = contents_of({"pkg/a.so": macho_bytes()})
    assert planned_tree([wheel], LINUX.platform).library(planned_path("pkg/a.so")) is None


@pytest.mark.parametrize(
    ("platform", "kind"),
    [(LINUX.platform, ElfSearch), (MUSL, MuslSearch), (MACOS.platform, MachoSearch), (WINDOWS.platform, PeSearch)],
)
def test_each_platform_has_its_search(platform, kind):
    assert type(planned_search([], platform)) is kind


def test_delvewheels_folders_are_added_on_windows():
    files = {"pkg/_m.pyd": pe_bytes(("x.dll",)), "pkg.libs/x.dll": pe_bytes()}

    def last(files):
        wheel = contents_of(files, WINDOWS_TAG)
        search = planned_search([wheel], WINDOWS.platform)
        return [each.path for each in search.candidates("x.dll", image_of(planned_path("pkg/_m.pyd")))][-1]

    assert last({**files, "pkg-1.0.dist-info/DELVEWHEEL": b"Version: 1.0\n"}) == planned_path("pkg.libs/x.dll")
    assert last(files) == planned_path("pkg/x.dll")  # by hand, which its texts have to say


def image_of(path):
    from planned import image, pe

    return image(path, pe())


@pytest.mark.parametrize(("arch", "process"), [("x86", "win32"), ("amd64", "amd64"), ("arm64", "arm64")])
def test_the_architecture_of_windows_processes(arch, process):
    assert process_architecture(Platform(system=System.WINDOWS, arch=arch)) == process


def test_format_and_processor_must_both_fit():
    assert runs_on(elf(), LINUX.platform)
    assert not runs_on(elf(architectures=("aarch64",)), LINUX.platform)
    assert not runs_on(macho(architectures=("x86_64",)), LINUX.platform)
    assert runs_on(
        macho(architectures=("x86_64", "arm64"), slices=(macho(), macho(architectures=("x86_64",)))), MACOS.platform
    )
