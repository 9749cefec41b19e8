"""Missing libraries on macOS and Windows."""

from dataclasses import replace

import pytest

from envdoctor.core.finding import Severity
from envdoctor.imports.loading import LoadJudge
from load_analysis import analyse
from native_files import macho_bytes, pe_bytes
from wheel_files import MACOS_TAG, WINDOWS, WINDOWS_TAG, contents_of


def test_a_macos_wheel_without_its_common_library():
    names = {
        "install_name": "bazel-out/bin/lib_4_shared_object.dylib",
        "rpaths": ("@loader_path/../../_solib", "@loader_path/"),
    }
    broken = macho_bytes(("@rpath/libcommon.dylib", "/usr/lib/libSystem.B.dylib"), **names)
    files = {"pkg/__init__.py": "", "pkg/interpreter.py": "from pkg import _wrapper", "pkg/_wrapper.so": broken}
    (missing,) = analyse(files, MACOS_TAG).missing
    assert (missing.name, missing.severity) == ("@rpath/libcommon.dylib", Severity.ERROR)
    assert [each.path for each in missing.considered] == ["../_solib/libcommon.dylib", "pkg/libcommon.dylib"]
    assert analyse(files | {"pkg/libcommon.dylib": macho_bytes()}, MACOS_TAG).missing == ()


def test_a_library_of_a_framework_needs_no_mode_of_a_program():
    framework = "pkg/Frameworks/QtCore.framework/Versions/5/QtCore"
    needs = f"@loader_path/{framework.removeprefix('pkg/')}"
    files = {"pkg/__init__.py": "from pkg import _m", "pkg/_m.so": macho_bytes((needs, "/usr/lib/libSystem.B.dylib"))}
    assert [each.name for each in analyse(files, MACOS_TAG).missing] == [needs]
    assert analyse(files | {framework: macho_bytes()}, MACOS_TAG).missing == ()


def test_a_windows_wheel():
    files = {
        "pkg/__init__.py": "import pkg._m",
        "pkg/_m.pyd": pe_bytes(("python311.dll", "Common.dll", "MSVCP140.dll", "late.dll")),
        "pkg/common.dll": pe_bytes(("KERNEL32.dll", "deep-1234.dll")),
        "pkg.libs/deep-1234.dll": pe_bytes(),
        "pkg-1.0.dist-info/DELVEWHEEL": b"Version: 1.0",
    }
    analysis = analyse(files, WINDOWS_TAG)
    assert [missing.name for missing in analysis.missing] == ["late.dll"]
    assert [assumed.name for assumed in analysis.assumed] == ["MSVCP140.dll"]


@pytest.mark.parametrize(
    ("loads", "assumed"),
    [("WinDLL(os.path.join(os.path.dirname(__file__), '.libs', 'vcomp140.dll'))", []), ("", ["VCOMP140.DLL"])],
)
def test_a_library_of_the_redistributable_that_a_package_loads_itself(loads, assumed):
    files = {
        "pkg/__init__.py": f"import os\nfrom ctypes import WinDLL\n{loads}\nfrom pkg import _m",
        "pkg/_m.pyd": pe_bytes(("python311.dll", "VCOMP140.DLL")),
        "pkg/.libs/vcomp140.dll": pe_bytes(("KERNEL32.dll",)),
    }
    assert [each.name for each in analyse(files, WINDOWS_TAG).assumed] == assumed


@pytest.mark.slow
def test_folders_that_a_package_adds_on_windows_are_searched_from_then_on():
    files = {
        "pkg/__init__.py": "import os, pkg._add\nimport pkg._m",
        "pkg/_add.py": "import os\nos.add_dll_directory(os.path.join(os.path.dirname(__file__), 'lib'))",
        "pkg/_m.pyd": pe_bytes(("core.dll",)),
        "pkg/lib/core.dll": pe_bytes(("deep.dll",)),
        "pkg/lib/deep.dll": pe_bytes(),
    }
    assert analyse(files, WINDOWS_TAG).missing == ()
    late = files | {"pkg/__init__.py": "import pkg._m\nimport pkg._add"}
    assert [missing.name for missing in analyse(late, WINDOWS_TAG).missing] == ["core.dll"]
    assert [missing.name for missing in analyse(files | {"pkg/_add.py": ""}, WINDOWS_TAG).missing] == ["core.dll"]


@pytest.mark.slow
def test_what_libraries_in_such_a_folder_need_of_the_system_is_told():
    """As torch for Windows has it: its module needs torch_python.dll, and that the Visual C++ runtime."""
    files = {
        "pkg/__init__.py": "import os\nos.add_dll_directory(os.path.dirname(__file__) + '/lib')\nfrom . import _m",
        "pkg/_m.pyd": pe_bytes(("Core.dll",)),
        "pkg/lib/core.dll": pe_bytes(("deep.dll",)),
        "pkg/lib/deep.dll": pe_bytes(("MSVCP140.dll",)),
        "pkg/lib/other.dll": pe_bytes(("VCOMP140.dll",)),
    }
    analysis = analyse(files, WINDOWS_TAG)
    assert analysis.missing == ()
    assert [(each.name, each.loaders) for each in analysis.assumed] == [("MSVCP140.dll", ("pkg/lib/deep.dll",))]


def test_folders_that_a_package_adds_to_path_are_searched_by_pythons_that_mind_it():
    files = {
        "pkg/__init__.py": "import pkg._config\nimport pkg._m",
        "pkg/_config.py": "import os\nos.environ['PATH'] += os.pathsep + os.path.dirname(__file__) + '/lib'",
        "pkg/_m.cp37-win_amd64.pyd": pe_bytes(("core.dll",)),
        "pkg/lib/core.dll": pe_bytes(),
    }
    wheel = contents_of(files, "cp37-none-win_amd64")

    def missing(version):
        target = replace(WINDOWS, interpreter=replace(WINDOWS.interpreter, version=version))
        return [each.name for each in LoadJudge([wheel], target, lambda _, name: files[name]).analyse(wheel).missing]

    assert (missing((3, 7)), missing((3, 8))) == ([], ["core.dll"])
    files["pkg/_config.py"] = "import os\nPATH = os.environ['PATH']\n"
    assert missing((3, 7)) == ["core.dll"]
