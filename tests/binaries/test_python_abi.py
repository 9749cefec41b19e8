import pytest

from envdoctor.binaries.library import BinaryFormat, NativeLibrary, Need
from envdoctor.binaries.python_abi import PythonAbi, fits, module_abi


def library(*needed):
    needs = tuple(Need(name=name) for name in needed)
    return NativeLibrary(format=BinaryFormat.PE, architectures=("amd64",), needed=needs)


@pytest.mark.parametrize(
    ("name", "abi"),
    [
        ("_x.cpython-311-x86_64-linux-gnu.so", PythonAbi(implementation="cp", version=(3, 11))),
        ("_x.cpython-313t-darwin.so", PythonAbi(implementation="cp", version=(3, 13), free_threaded=True)),
        ("_x.cp310-win_amd64.pyd", PythonAbi(implementation="cp", version=(3, 10))),
        ("_x.pypy310-pp73-x86_64-linux-gnu.so", PythonAbi(implementation="pp", version=(3, 10))),
        ("cv2.abi3.so", PythonAbi(implementation="cp", stable=True)),
        ("_x.so", PythonAbi()),
        ("_x.pyd", PythonAbi()),
    ],
)
def test_file_names_of_modules(name, abi):
    assert module_abi(name) == abi


@pytest.mark.parametrize("name", ["libx.so.2", "libx.dylib", "x.dll", "libx.1.so", "x.py", "x.so.py"])
def test_other_files_are_no_modules(name):
    assert module_abi(name) is None


@pytest.mark.parametrize(
    ("needed", "abi"),
    [
        ("python311.dll", PythonAbi(implementation="cp", version=(3, 11))),
        ("python313t.dll", PythonAbi(implementation="cp", version=(3, 13), free_threaded=True)),
        ("PYTHON3.DLL", PythonAbi(implementation="cp", stable=True)),
        ("libpython3.10.so.1.0", PythonAbi(implementation="cp", version=(3, 10))),
        ("KERNEL32.dll", PythonAbi()),
    ],
)
def test_a_name_without_a_tag_leaves_it_to_the_needs(needed, abi):
    assert module_abi("_x.pyd", library(needed)) == abi


@pytest.mark.parametrize(
    ("abi", "python", "fit"),
    [
        (PythonAbi(), ("cp", (3, 11), False), True),
        (PythonAbi(implementation="cp", version=(3, 11)), ("cp", (3, 11), False), True),
        (PythonAbi(implementation="cp", version=(3, 10)), ("cp", (3, 11), False), False),
        (PythonAbi(implementation="cp", version=(3, 13)), ("cp", (3, 13), True), False),
        (PythonAbi(implementation="cp", stable=True), ("cp", (3, 12), False), True),
        (PythonAbi(implementation="cp", stable=True), ("cp", (3, 13), True), False),
        (PythonAbi(implementation="cp", stable=True), ("pp", (3, 10), False), False),
    ],
)
def test_which_python_sees_a_module(abi, python, fit):
    implementation, version, free_threaded = python
    assert fits(abi, implementation, version, free_threaded=free_threaded) is fit
