"""Missing libraries: an error where an import notices, information where only a plug-in would."""

import pytest

from envdoctor.core.finding import Severity
from envdoctor.imports.loading import LoadJudge
from envdoctor.imports.reach import Reach
from envdoctor.wheels import inferred_elf
from load_analysis import analyse, module
from native_files import elf_bytes, macho_bytes, pe_bytes, universal_bytes
from wheel_files import MACOS, MACOS_TAG, WINDOWS_TAG, code_like, contents_of

MODULE = "pkg/_m.cpython-311-x86_64-linux-gnu.so"
OPENS = "import ctypes, os\nctypes.CDLL(os.path.join(os.path.dirname(__file__), 'lib', 'libcore.so'))"


def test_a_sound_wheel():
    analysis = analyse({"pkg/__init__.py": "", MODULE: module()}, read=pytest.fail)
    assert (analysis.missing, analysis.assumed, analysis.unreadable) == ((), (), ())
    assert analysis.loaded == (MODULE,)


def test_what_importing_the_package_needs_is_an_error():
    files = {"pkg/__init__.py": "from pkg import _m", MODULE: module("libgone.so")}
    (missing,) = analyse(files).missing
    assert (missing.name, missing.severity, missing.reach) == ("libgone.so", Severity.ERROR, Reach.IMPORT)
    assert missing.via == ("pkg", "pkg._m")
    assert missing.loaders == (MODULE,)


GUARD = "import os\nif os.path.isfile('SOURCE'):\n    raise ImportError('the source is no package')\n"
SPARED = "try:\n    import pkg._m\nexcept ImportError:\n    pass\n"


@pytest.mark.parametrize(
    ("text", "severity"),
    [
        (f"{GUARD}import pkg._m", Severity.ERROR),
        (f"import pkg._m\n{GUARD}", Severity.ERROR),
        (f"{GUARD}{SPARED}", Severity.INFO),
        (f"{SPARED}{GUARD}else:\n    raise OSError", Severity.INFO),
    ],
)
def test_an_import_that_may_fail_before_for_something_else_fails_for_the_file_too(text, severity):
    (missing,) = analyse({"pkg/__init__.py": text, MODULE: module("libgone.so")}).missing
    assert (missing.severity, missing.reach) == (severity, Reach.IMPORT)


def test_what_a_module_needs_is_an_error_if_the_package_itself_loads_nothing():
    files = {"pkg/__init__.py": "", "pkg/api.py": "import pkg._m", MODULE: module("libgone.so")}
    (missing,) = analyse(files).missing
    assert (missing.severity, missing.reach, missing.via) == (Severity.ERROR, Reach.MODULE, ("pkg.api", "pkg._m"))


def test_what_a_part_needs_is_a_warning_if_the_package_loads():
    files = {
        "pkg/__init__.py": "import pkg._m",
        MODULE: module(),
        "pkg/gpu.py": "import pkg._gpu",
        "pkg/_gpu.so": module("libcudart.so.12"),
    }
    (missing,) = analyse(files).missing
    assert (missing.severity, missing.reach) == (Severity.WARNING, Reach.MODULE)
    assert missing.provider.name == "nvidia-cuda-runtime-cu12"


def test_what_the_package_can_do_without_is_information():
    files = {
        "pkg/__init__.py": "import pkg._m\ntry:\n    import pkg._fast\nexcept ImportError:\n    pass",
        MODULE: module(),
        "pkg/_fast.so": module("libgone.so"),
    }
    (missing,) = analyse(files).missing
    assert (missing.severity, missing.reach) == (Severity.INFO, Reach.IMPORT)


def test_a_plug_in_is_information():
    files = {
        "pkg/__init__.py": "import pkg._m",
        MODULE: module(),
        "pkg/vendors/libPlugin.so": module("libQnnHtp.so", rpath="$ORIGIN/../sdk"),
    }
    (missing,) = analyse(files).missing
    assert (missing.severity, missing.reach, missing.via) == (Severity.INFO, Reach.PLUGIN, ())
    assert "Qualcomm" in missing.provider.name
    assert [(each.path, each.rule) for each in missing.considered] == [
        ("pkg/sdk/libQnnHtp.so", "RPATH of pkg/vendors/libPlugin.so")
    ]


def test_an_extension_module_that_nothing_imports_is_a_warning():
    files = {"pkg/__init__.py": "import pkg._m", MODULE: module(), "pkg/_lone.abi3.so": module("libgone.so")}
    (missing,) = analyse(files).missing
    assert (missing.severity, missing.reach) == (Severity.WARNING, Reach.UNREACHED_MODULE)


LOOP = """import torch
from pathlib import Path
for file in Path(__file__).parent.glob("_C*.so"):
    {}
"""
TRIED = "try:\n        torch.ops.load_library(str(file))\n    except Exception:\n        pass"


@pytest.mark.parametrize(
    ("load", "severity", "reach"),
    [
        (TRIED, Severity.INFO, Reach.IMPORT),
        ("torch.ops.load_library(str(file))", Severity.WARNING, Reach.POSSIBLE_IMPORT),
        ("print(file)", Severity.WARNING, Reach.SOLE),
    ],
)
def test_modules_that_are_loaded_by_a_pattern_are_judged_by_what_stands_around_that(load, severity, reach):
    files = {"pkg/__init__.py": LOOP.format(load), "pkg/_C_cuda.abi3.so": module("libcudart.so.13")}
    (missing,) = analyse(files).missing
    assert (missing.severity, missing.reach) == (severity, reach)


def test_one_library_that_many_files_need_is_one_statement():
    files = {"pkg/__init__.py": "import pkg._b", "pkg/_a.so": module("libgone.so"), "pkg/_b.so": module("libgone.so")}
    (missing,) = analyse(files).missing
    assert missing.severity is Severity.ERROR
    assert missing.loaders == ("pkg/_a.so", "pkg/_b.so")


def test_the_worst_stands_first():
    files = {
        "pkg/__init__.py": "import pkg._m",
        MODULE: module("libbad.so"),
        "pkg/plugin/libP.so": module("liboptional.so"),
    }
    assert [missing.name for missing in analyse(files).missing] == ["libbad.so", "liboptional.so"]


def test_libraries_in_a_folder_beside_are_found_by_inherited_rpath():
    files = {
        "pkg/__init__.py": "import pkg._m",
        MODULE: module("libouter-1.so", rpath="$ORIGIN/../pkg.libs"),
        "pkg.libs/libouter-1.so": module("libinner-2.so"),
        "pkg.libs/libinner-2.so": module(),
    }
    assert analyse(files, read=pytest.fail).missing == ()


def test_a_library_that_only_a_plug_in_loads_is_judged_by_the_way_the_plug_in_loads_it():
    files = {
        "pkg/__init__.py": "import pkg._m",
        MODULE: module(),
        "pkg/plugins/libplugin.so": elf_bytes(["libhelper.so"], rpath="$ORIGIN/../../pkg.libs"),
        "pkg.libs/libhelper.so": elf_bytes(["libdeep.so"], rpath="pkg.libs"),
        "pkg.libs/libdeep.so": elf_bytes(["libc.so.6"]),
    }
    assert analyse(files).missing == ()
    broken = files | {
        "pkg/plugins/libplugin.so": elf_bytes(["libhelper.so", "libgone.so"], rpath="$ORIGIN/../../pkg.libs")
    }
    assert {each.name for each in analyse(broken).missing} == {"libgone.so", "libdeep.so"}
    opened = files | {"pkg/__init__.py": "import ctypes, pkg._m\nctypes.CDLL('pkg.libs/libhelper.so')"}
    assert [each.name for each in analyse(opened).missing] == ["libdeep.so"]


def test_what_is_loaded_first_meets_later_needs():
    files = {
        "pkg/__init__.py": f"{OPENS}\nimport pkg._m",
        MODULE: module("libcore.so"),
        "pkg/lib/libcore.so": module(soname="libcore.so"),
    }
    assert analyse(files).missing == ()
    files["pkg/__init__.py"] = f"import pkg._m\n{OPENS}"
    assert [missing.name for missing in analyse(files).missing] == ["libcore.so"]


def test_another_wheel_of_the_set_can_bring_the_library():
    files = {"pkg/__init__.py": "import pkg._m", MODULE: module("libshared.so", runpath="$ORIGIN/../other/lib")}
    other = contents_of({"other/lib/libshared.so": module(soname="libshared.so")}, name="other")
    assert analyse(files, others=[other]).missing == ()
    assert analyse(files).missing


def test_files_that_cannot_be_read_are_said_to_be_so():
    files = {"pkg/__init__.py": "", MODULE: module("libx.so", runpath="$ORIGIN"), "pkg/libx.so": module()[:150]}
    analysis = analyse(files)
    assert [path for path, _ in analysis.unreadable] == ["pkg/libx.so"]
    assert (analysis.missing, analysis.unread_plugins) == ((), ())


def test_a_plug_in_that_cannot_be_read_is_told_apart():
    files = {"pkg/__init__.py": "import pkg._m", MODULE: module(), "pkg/dsp/libskel.so": module()[:150]}
    analysis = analyse(files)
    assert analysis.unreadable == ()
    assert [path for path, _ in analysis.unread_plugins] == ["pkg/dsp/libskel.so"]


def test_code_for_another_kind_of_processor_is_data_but_no_module():
    skeleton = elf_bytes(("libc.so.6",), machine=164)
    assert analyse({"pkg/__init__.py": "", MODULE: module(), "pkg/dsp/libskel.so": skeleton}).unread_plugins == ()
    analysis = analyse({"pkg/__init__.py": "import pkg._m", MODULE: skeleton})
    assert [path for path, _ in analysis.unreadable] == [MODULE]


def test_a_guess_that_leaves_something_missing_asks_for_the_truth(monkeypatch):
    monkeypatch.setattr(inferred_elf, "_LARGEST_EXACT", -1)
    monkeypatch.setattr("envdoctor.wheels.contents.WHOLE_BELOW", 0)
    giant = elf_bytes(("libgone.so", "libc.so.6"), soname="libgiant.so", filler=bytes(4000))
    files = {
        "pkg/__init__.py": "import pkg._m",
        MODULE: module("libgiant.so", runpath="$ORIGIN"),
        "pkg/libgiant.so": giant,
    }
    analysis = analyse(files)
    assert [missing.name for missing in analysis.missing] == ["libgone.so"]
    assert analysis.inexact


def test_a_part_that_was_not_read_is_neither_whole_nor_broken(monkeypatch):
    monkeypatch.setattr("envdoctor.wheels.native._FARTHEST", 0x8000)
    monkeypatch.setattr("envdoctor.wheels.contents._LARGEST_WHOLE", 16_384)
    code = code_like(100_000)
    module = universal_bytes(
        x86_64=macho_bytes(architecture="x86_64") + code, arm64=macho_bytes(("@rpath/gone.dylib",))
    )
    files = {"pkg/__init__.py": "import pkg._m", "pkg/_m.cpython-311-darwin.so": module}
    wheel = contents_of(files, MACOS_TAG)
    analysis = LoadJudge([wheel], MACOS, lambda wheel, member: "").analyse(wheel)
    assert analysis.inexact
    assert analysis.unlooked == ("pkg/_m.cpython-311-darwin.so",)
    assert "its part for arm64 was not read" in dict(analysis.unreadable)["pkg/_m.cpython-311-darwin.so"]


def test_what_a_library_needs_that_an_import_opens_by_name_is_told():
    files = {"pkg/__init__.py": OPENS, "pkg/lib/libcore.so": module("libgomp.so.1")}
    analysis = analyse(files)
    told = [(each.name, each.severity, each.loaders) for each in analysis.assumed]
    assert told == [("libgomp.so.1", Severity.WARNING, ("pkg/lib/libcore.so",))]
    assert analysis.loaded == ("pkg/lib/libcore.so",)
    files |= {"pkg/__init__.py": "", "pkg/lib/libplain.so": module()}
    assert analyse(files).assumed == ()


def test_a_library_that_is_looked_for_at_the_first_call_only_is_no_condition():
    files = {"pkg/__init__.py": "import pkg._m", "pkg/_m.pyd": pe_bytes(("KERNEL32.dll",), delayed=("CONCRT140.dll",))}
    assert analyse(files, WINDOWS_TAG).assumed == ()


def test_what_a_packages_only_library_needs_is_told_though_no_import_opens_it():
    files = {"pkg/__init__.py": "", "pkg/lib/libcore.so": module("libgomp.so.1")}
    assert [(each.name, each.severity) for each in analyse(files).assumed] == [("libgomp.so.1", Severity.WARNING)]


def test_the_text_is_not_read_for_libraries_of_which_nothing_can_come():
    files = {"pkg/__init__.py": OPENS, MODULE: module("libgomp.so.1"), "pkg/lib/libcore.so": module("libgomp.so.1")}
    assert [each.name for each in analyse(files, read=pytest.fail).assumed] == ["libgomp.so.1"]
