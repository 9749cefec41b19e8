"""Each probe of the installed packages, on folders that are broken as it happens, and on ones that only look so."""

import shutil
from types import SimpleNamespace

import pytest

from asking import answer, ask
from envdoctor.core.finding import Outcome, Severity
from envdoctor.facts import Facts
from envdoctor.facts.host import Host
from envdoctor.facts.natives import NativeFile, Natives
from envdoctor.facts.packages import Distribution, Packages
from envdoctor.facts.python import Python
from envdoctor.facts.python.search_path import Origin
from envdoctor.facts.records import Record, Records
from native_files import elf_bytes, macho_bytes
from sites import Site, facts_of

INFO, WARNING, ERROR = Severity.INFO, Severity.WARNING, Severity.ERROR
TAGGED = ".cpython-311-x86_64-linux-gnu.so"
PIP = ("/usr/bin/python3", "-m", "pip")


@pytest.fixture
def site(tmp_path):
    """A folder with pip in it, as most have."""
    site = Site(tmp_path / "site-packages")
    site.install("pip", "25.0")
    return site


def severities(code, *sites, **python):
    return [finding.severity for finding in ask(code, facts_of(*sites, **python))]


def test_an_environment_that_is_as_it_should_be_passes_every_probe(site):
    site.install("numpy", "2.3.4", files={f"numpy/_x{TAGGED}": elf_bytes()}, tags=("cp311-cp311-linux_x86_64",))
    site.install("foo", requires=["numpy>=2", "gone; extra == 'x'", "win; sys_platform == 'win32'"], python=">=3.8")
    facts = facts_of(site)
    for number in range(1, 18):
        if number != 14:  # asks about the host too
            assert ask(f"PKG{number:03}", facts) == (), number


# PKG001


def test_a_missing_requirement(site):
    site.install("foo", requires=["bar>=1"])
    (finding,) = ask("PKG001", facts_of(site))
    assert (finding.severity, finding.subject) == (ERROR, "foo")
    assert finding.message == "foo 1.0 requires bar>=1; it is not installed."
    assert finding.evidence[0].excerpt == "Requires-Dist: bar>=1"
    assert finding.fix.commands == ((*PIP, "install", "bar>=1"),)
    assert finding.fix.safe


def test_a_requirement_of_another_version_is_mended_for_all_who_have_one(site):
    site.install("foo", requires=["bar>=2"])
    site.install("baz", requires=["bar<4,>=1"])
    site.install("bar", "1.5")
    (finding,) = ask("PKG001", facts_of(site))
    assert (finding.severity, finding.fix.safe) == (WARNING, False)
    assert finding.message == "foo 1.0 requires bar>=2; bar 1.5 is installed."
    assert finding.fix.commands == ((*PIP, "install", "bar<4,>=1,>=2"),)


def test_requirements_that_exclude_each_other_have_no_command(site):
    site.install("foo", requires=["bar>=2"])
    site.install("baz", requires=["bar<2"])
    site.install("bar", "1.5")
    (finding,) = ask("PKG001", facts_of(site))
    assert finding.fix.commands == ()
    assert "foo wants >=2" in finding.fix.text
    assert "separate environments" in finding.fix.text


def test_an_extra_that_is_asked_for_is_named(site):
    site.install("http", requires=["socks; extra == 'proxy'"])
    site.install("foo", requires=["http[proxy]"])
    (finding,) = ask("PKG001", facts_of(site))
    assert "for its extra 'proxy'" in finding.message


def test_a_stand_in_is_only_information(site):
    site.install("foo", requires=["opencv-python>=4"])
    site.install("opencv-python-headless", "4.11.0.86")
    (finding,) = ask("PKG001", facts_of(site))
    assert (finding.severity, finding.fix) == (INFO, None)
    assert "opencv-python-headless 4.11.0.86 is in its place" in finding.message


def test_what_debian_left_out_is_only_information():
    by = Distribution(name="PyGObject", requires=("pycairo>=1.16",), system=True, has_record=False, installer="")
    facts = SimpleNamespace(**installed_facts(by))
    (finding,) = ask("PKG001", facts)
    assert (finding.severity, finding.fix.commands) == (INFO, ())


def installed_facts(*distributions, python=None):
    from envdoctor.facts.requirements import check_requirements

    python = python or Python()
    packages = Packages(distributions=distributions)
    return {"python": python, "packages": packages, "requirements": check_requirements(packages, python.markers)}


def test_what_can_not_be_judged_is_said(site):
    site.install("foo", requires=["bar >= nonsense"])
    assert severities("PKG001", site) == [INFO]


# PKG002


def test_two_metadata_folders(site):
    site.install("foo", "1.0", files={"foo/old.py": ""})
    site.install("foo", "2.0", files={"foo/new.py": ""})
    (site.path / "foo/old.py").unlink()
    (finding,) = ask("PKG002", facts_of(site))
    assert (finding.severity, finding.message) == (WARNING, "foo has 2 metadata folders, for 1.0 and 2.0.")
    assert [one.excerpt for one in finding.evidence] == [
        "foo 1.0: 1 of its 6 files missing, 0 changed",
        "foo 2.0: 0 of its 6 files missing, 0 changed",
    ]
    assert finding.fix.commands[-1] == (*PIP, "install", "foo==2.0")
    assert len(finding.fix.commands) == 3


def test_two_spellings_of_one_name(site):
    site.install("Foo.Bar", "1.0", files={"a.py": ""})
    site.install("foo_bar", "1.0", files={"b.py": ""})
    assert severities("PKG002", site) == [WARNING]


def test_one_distribution_in_two_folders_is_another_question(tmp_path):
    first, second = Site(tmp_path / "a", Origin.USER), Site(tmp_path / "b")
    first.install("foo", "2.0")
    second.install("foo", "1.0")
    assert severities("PKG002", first, second) == []


def test_debian_keeps_an_egg_info_beside_a_dist_info():
    both = tuple(
        Distribution(name="cryptography", root="/usr/lib/x", metadata=path, system=True) for path in ("a", "b")
    )
    assert ask("PKG002", python=Python(), packages=Packages(distributions=both), records=Records()) == ()


def test_the_egg_info_in_the_project_of_an_editable_install(site, tmp_path):
    project = Site(tmp_path / "project", Origin.PTH)
    project.write("foo.egg-info/PKG-INFO", "Name: foo\nVersion: 1.0\n")
    site.install_editable("foo", project.path)
    for code in ("PKG002", "PKG005", "PKG006", "PKG011", "PKG012", "PKG016"):
        assert severities(code, site, project) == [], code


# PKG003


def test_files_claimed_twice(site):
    site.install("keras", "3.15.1", files={"keras/__init__.py": "1", "keras/x.py": "same"})
    site.install("keras-nightly", "3.16.0.dev1", files={"keras/__init__.py": "22", "keras/x.py": "same"})
    (finding,) = ask("PKG003", facts_of(site))
    assert (finding.severity, finding.subject) == (ERROR, "keras, keras-nightly")
    assert "claim 4 files in common; 1 of them" in finding.message
    assert [one.excerpt for one in finding.evidence] == [
        "1 of those 1 are not on disk as recorded",
        "0 of those 1 are not on disk as recorded",
        "keras/__init__.py",
    ]
    assert finding.fix.commands == (
        (*PIP, "uninstall", "--yes", "keras", "keras-nightly"),
        (*PIP, "install", "--force-reinstall", "--no-deps", "keras==3.15.1"),
    )
    assert not finding.fix.safe


def test_the_one_that_is_required_is_kept(site):
    site.install("keras", files={"keras/__init__.py": "1"})
    site.install("keras-nightly", "4.0.dev1", files={"keras/__init__.py": "22"})
    site.install("quantizer", requires=["keras-nightly"])
    (finding,) = ask("PKG003", facts_of(site))
    assert finding.fix.commands[-1][-1] == "keras-nightly==4.0.dev1"


def test_if_both_are_required_nothing_is_removed(site):
    site.install("keras", files={"keras/__init__.py": "1"})
    site.install("keras-nightly", files={"keras/__init__.py": "22"})
    site.install("quantizer", requires=["keras-nightly"])
    site.install("tensorflow", requires=["keras>=1"])
    (finding,) = ask("PKG003", facts_of(site))
    assert finding.fix.commands == ()
    assert "keras is required by tensorflow; keras-nightly is required by quantizer" in finding.fix.text


def test_shared_tests_and_licences_harm_nobody(site):
    site.install("a", files={"tests/__init__.py": "1", "a.py": ""})
    site.install("b", files={"tests/__init__.py": "22", "b.py": ""})
    (finding,) = ask("PKG003", facts_of(site))
    assert (finding.severity, finding.fix) == (INFO, None)


def test_the_parts_of_a_namespace(site):
    site.install("nvidia-a", files={"nvidia/__init__.py": "", "nvidia/a.py": ""})
    site.install("nvidia-b", files={"nvidia/__init__.py": "", "nvidia/b.py": ""})
    assert severities("PKG003", site) == severities("PKG004", site) == []


# PKG004


def test_an_import_name_from_two_distributions(site, tmp_path):
    user = Site(tmp_path / "user", Origin.USER)
    user.install("opencv-python", "4.12.0", files={"cv2/__init__.py": "1"})
    site.install("opencv-python-headless", "4.11.0", files={"cv2/__init__.py": "2"})
    (finding,) = ask("PKG004", facts_of(user, site))
    assert (finding.severity, finding.subject) == (WARNING, "cv2")
    assert finding.message == (
        "'import cv2' gives that of opencv-python 4.12.0; it hides the one of opencv-python-headless 4.11.0."
    )
    assert finding.evidence[0].source.startswith(str(user.path))
    assert finding.fix.commands == ((*PIP, "uninstall", "--yes", "opencv-python-headless"),)


# PKG005 and PKG006


@pytest.mark.parametrize(
    ("file", "found"),
    [
        ("foo/x.py", [ERROR]),
        (f"foo/x{TAGGED}", [ERROR]),
        ("foo/schema.json", [WARNING]),
        ("foo/tests/test_x.py", [INFO]),
        ("../../bin/foo", [INFO]),
        ("foo/include/x.h", [INFO]),
    ],
)
def test_missing_files(site, file, found):
    info = site.install("foo", files={"foo/__init__.py": "", file: "content"})
    (site.path / file).unlink()
    findings = ask("PKG005", facts_of(site))
    assert [finding.severity for finding in findings] == found
    assert findings[0].evidence[0].source == f"{info}/RECORD"
    assert (findings[0].fix is None) == (found == [INFO])


def test_missing_code_is_told_before_missing_tests_and_mended_by_installing_again(site):
    files = {f"foo/tests/{number}.py": "" for number in range(9)} | {"foo/zzz.py": ""}
    site.install("foo", "1.2", files=files, installer="uv")
    shutil.rmtree(site.path / "foo")
    (finding,) = ask("PKG005", facts_of(site))
    assert finding.message.startswith("foo 1.2 lacks 10 files: foo/zzz.py, ")
    assert finding.message.endswith("and 7 more.")
    assert finding.fix.commands[0][:3] == ("uv", "pip", "install")
    assert finding.fix.safe


def test_what_another_distribution_took_along_when_it_was_uninstalled(site):
    site.install("keras", files={"keras/__init__.py": "1"})
    shutil.rmtree(site.path / "keras")
    assert severities("PKG005", site) == [ERROR]


def test_missing_compiled_files_are_no_problem(site):
    site.install("foo")
    assert not list(site.path.rglob("*.pyc"))
    assert severities("PKG005", site) == []


def test_files_that_can_not_be_seen_are_not_there_for_sure():
    record = Record(distribution=Distribution(name="foo"), unseen=("foo.py",))
    result = answer("PKG005", records=Records(records=(record,)), python=Python(), packages=Packages())
    assert result.outcome is Outcome.UNKNOWN
    assert "foo.py" in result.reason


@pytest.mark.parametrize(
    ("file", "content", "found"),
    [
        ("foo/x.py", b"edited by hand", [WARNING]),
        ("foo/x.py", b"", [ERROR]),
        (f"foo/x{TAGGED}", b"half", [ERROR]),
        ("foo/cacert.pem", b"with the company's certificate", [INFO]),
        ("foo/matplotlibrc", b"", [INFO]),
        ("../../bin/foo", b"#!/was/moved", [INFO]),
    ],
)
def test_changed_files(site, file, content, found):
    site.install("foo", files={file: b"original"})
    (site.path / file).write_bytes(content)
    findings = ask("PKG006", facts_of(site))
    assert [finding.severity for finding in findings] == found
    assert findings[0].evidence[0].excerpt == f"{len(content)} bytes; RECORD says 8"
    assert findings[0].fix is None or not findings[0].fix.safe


# PKG007 and PKG008


def test_modules_for_another_python(site):
    files = {"foo/_x.cpython-310-x86_64-linux-gnu.so": elf_bytes()}
    site.install("foo", files=files, tags=("cp310-cp310-linux_x86_64",))
    (finding,) = ask("PKG007", facts_of(site))
    assert (finding.severity, finding.subject) == (ERROR, "foo")
    assert finding.evidence[0].source.endswith("cpython-310-x86_64-linux-gnu.so")
    assert finding.fix.commands == ((*PIP, "install", "--force-reinstall", "--no-deps", "foo==1.0"),)


def test_modules_with_plain_names_are_told_by_their_wheel(site):
    site.install("tflite-runtime", files={"tflite_runtime/_pywrap.so": elf_bytes()}, tags=("cp39-cp39-linux_x86_64",))
    (finding,) = ask("PKG007", facts_of(site))
    assert finding.evidence[0].excerpt == "Tag: cp39-cp39-linux_x86_64"


@pytest.mark.parametrize(
    ("files", "tags"),
    [
        ((f"foo/_x{TAGGED}", "foo/_x.cpython-310-x86_64-linux-gnu.so"), ("py3-none-any",)),  # for several Pythons
        (("foo/_x.abi3.so",), ("cp38-abi3-manylinux_2_17_x86_64",)),
        (("foo/_x.so",), ("cp310-cp310-linux_x86_64", "cp311-cp311-linux_x86_64")),
        (("foo/libx.so",), ("py3-none-manylinux_2_17_x86_64",)),
        (("foo/_x.so",), ()),
        (("foo/x.py",), ("cp27-none-any",)),  # nothing native in it
    ],
)
def test_modules_that_this_python_imports(site, files, tags):
    site.install("foo", files={file: elf_bytes() for file in files}, tags=tags)
    assert severities("PKG007", site) == []


def test_packages_that_pythonpath_brings_are_not_to_be_installed_again(tmp_path):
    ros = Site(tmp_path / "lib/python3.10/site-packages", Origin.PYTHONPATH)
    ros.install("rclpy", files={"rclpy/_x.cpython-310-x86_64-linux-gnu.so": elf_bytes()}, tags=())
    (finding,) = ask("PKG007", facts_of(ros))
    assert finding.fix.commands == ()
    assert str(ros.path) in finding.fix.text


@pytest.mark.parametrize(
    ("name", "content", "found"),
    [
        (f"_x{TAGGED}", elf_bytes(machine=183), [ERROR]),
        (f"_x{TAGGED}", macho_bytes(architecture="x86_64"), [ERROR]),
        ("_pywrap.so", elf_bytes(machine=183), [ERROR]),
        (f"_x{TAGGED}", elf_bytes(), []),
        ("libQnnHtpV73Skel.so", elf_bytes(machine=183), []),  # runs on a phone's accelerator
        ("_x.cpython-310-x86_64-linux-gnu.so", elf_bytes(machine=183), []),  # PKG007's
    ],
)
def test_modules_for_another_machine(site, name, content, found):
    site.install("foo", files={f"foo/{name}": content})
    assert severities("PKG008", site) == found


def test_a_plug_in_for_another_machine_beside_modules_for_this_one(site):
    site.install("foo", files={"foo/_pywrap.so": elf_bytes(), "foo/plugin.so": elf_bytes(machine=183)})
    assert severities("PKG008", site) == []


def test_modules_for_another_machine_are_counted(site):
    site.install("foo", files={f"foo/{name}{TAGGED}": elf_bytes(machine=183) for name in ("a", "b")})
    (finding,) = ask("PKG008", facts_of(site))
    assert finding.message == "2 of the 2 extension modules of foo 1.0 are ELF for aarch64; this Python is for x86_64."


# PKG009

OLD = elf_bytes(filler=b"numpy.core._multiarray_umath\0_ARRAY_API")
NEW = elf_bytes(filler=b"numpy.core._multiarray_umath\0numpy._core._multiarray_umath\0_ARRAY_API")
PYBIND = elf_bytes(filler=b"numpy.core.multiarray\0_ARRAY_API")


@pytest.mark.parametrize(
    ("content", "numpy", "found"),
    [
        (OLD, "2.3.4", [ERROR]),
        (PYBIND, "2.3.4", [WARNING]),
        (NEW, "2.3.4", []),
        (OLD, "1.26.4", []),
        (PYBIND, "1.26.4", []),
    ],
)
def test_built_against_numpy_1(site, content, numpy, found):
    site.install("numpy", numpy)
    site.install("tflite-runtime", "2.14.0", files={"tflite_runtime/_pywrap.so": content}, requires=["numpy>=1.23"])
    findings = ask("PKG009", facts_of(site))
    assert [finding.severity for finding in findings] == found
    for finding in findings:
        assert finding.fix.commands == ((*PIP, "install", "numpy<2"),)
        assert finding.evidence[0].excerpt.startswith("names numpy.core.")


def test_where_others_need_numpy_2_it_is_the_distribution_that_must_move(site):
    site.install("numpy", "2.3.4")
    site.install("old", files={"_old.so": OLD}, requires=["numpy>=1.23"])
    site.install("new", requires=["numpy>=2"])
    (finding,) = ask("PKG009", facts_of(site))
    assert finding.fix.commands == ((*PIP, "install", "--upgrade", "old"),)
    assert "another environment" in finding.fix.text


def test_the_system_s_build_beside_the_user_s_numpy(tmp_path):
    (tmp_path / "x.so").write_bytes(OLD)
    apt = Distribution(name="simplejpeg", system=True, has_record=False, installer="", metadata="/usr/lib/simplejpeg")
    numpy = Distribution(name="numpy", version="2.3.4")
    from envdoctor.facts.natives.numpy_use import find_numpy_uses

    uses = find_numpy_uses([NativeFile(distribution=apt, path=str(tmp_path / "x.so"), size=len(OLD))])
    (finding,) = ask("PKG009", natives=Natives(numpy_uses=uses), **installed_facts(apt, numpy))
    assert finding.fix.commands == (("uv", "pip", "install", "--python", "/usr/bin/python3", "numpy<2"),)


# PKG010


def pair(first, second, **groups):
    distributions = tuple(Distribution(name=name, version=version, metadata=name) for name, version in (first, second))
    return ask("PKG010", packages=Packages(distributions=distributions), natives=Natives(), **groups)


@pytest.mark.parametrize(
    ("first", "second", "found"),
    [
        (("tensorflow", "2.20.0"), ("ai-edge-litert", "2.0.3"), [ERROR]),
        (("tensorflow", "2.20.0"), ("ai_edge_litert", "1.4.0"), [ERROR]),
        (("tensorflow", "2.20.0"), ("ai-edge-litert", "2.3.0"), []),
        (("tensorflow", "2.21.0"), ("ai-edge-litert", "2.0.3"), []),
        (("tensorflow", "unknown"), ("ai-edge-litert", "2.0.3"), []),
        (("tensorflow", "2.20.0"), ("ai-edge-quantizer", "0.4.0"), []),
        (("tflite-runtime", "2.14.0"), ("numpy", "2.3.4"), [ERROR]),
        (("tflite-runtime", "2.14.0"), ("numpy", "1.26.4"), []),
        (("keras", "3.15.1"), ("keras-nightly", "3.16.0.dev1"), []),  # PKG003 proves that from the files
    ],
)
def test_pairs_that_are_known_to_fail(first, second, found):
    findings = pair(first, second)
    assert [finding.severity for finding in findings] == found
    assert all(finding.evidence[-1].source for finding in findings)


def test_a_pair_that_the_files_prove_is_told_once(site):
    site.install("numpy", "2.3.4")
    site.install("tflite-runtime", "2.14.0", files={"tflite_runtime/_pywrap.so": OLD})
    facts = facts_of(site)
    assert len(ask("PKG009", facts)) == 1
    assert ask("PKG010", facts) == ()


# PKG011 to PKG017


def test_metadata_that_can_not_be_read(site):
    (site.install("foo") / "METADATA").unlink()
    (site.install("bar") / "RECORD").unlink()
    (site.install("baz") / "RECORD").write_text("cut of\n")
    messages = [finding.message for finding in ask("PKG011", facts_of(site))]
    assert messages == [
        "The metadata folder of bar 1.0 has no RECORD, which pip always writes.",
        "The metadata folder of foo 1.0 has no METADATA file.",
        "The RECORD of baz 1.0 has a line that is not path, hash and size.",
    ]


@pytest.mark.parametrize("installer", ["", "rpm", "debian"])
def test_other_installers_may_leave_the_record_out(site, installer):
    (site.install("foo", installer=installer) / "RECORD").unlink()
    assert severities("PKG011", site) == []


def test_a_folder_that_can_not_be_listed():
    (finding,) = ask("PKG011", packages=Packages(blind=(("/x", "Permission denied"),)), records=Records())
    assert (finding.severity, finding.subject) == (WARNING, "/x")


def test_an_editable_install_whose_project_is_gone(site, tmp_path):
    (tmp_path / "project").mkdir()
    info = site.install_editable("foo", tmp_path / "project")
    assert severities("PKG012", site) == []
    (tmp_path / "project").rmdir()
    (finding,) = ask("PKG012", facts_of(site))
    assert (finding.severity, finding.evidence[0].source) == (ERROR, f"{info}/direct_url.json")
    assert finding.fix.commands == ((*PIP, "uninstall", "--yes", "foo"),)


@pytest.mark.parametrize(
    ("python", "found"),
    [
        (">=3.12", [WARNING]),
        ("!=3.11.*,>=3.8", [WARNING]),
        ("<3.11,>=3.8", [INFO]),
        (">=3.9", []),
        ("", []),
        ("odd", []),
    ],
)
def test_distributions_for_other_versions_of_python(site, python, found):
    site.install("foo", python=python)
    findings = ask("PKG013", facts_of(site))
    assert [finding.severity for finding in findings] == found
    assert all((finding.fix is None) == (found == [INFO]) for finding in findings)


def test_files_for_smaller_pages(site):
    site.install("foo", files={"_x.so": elf_bytes(shift=0x1000), "libx.so": elf_bytes(shift=0x1000)})
    facts = facts_of(site)
    for size, found in ((4096, []), (16384, [ERROR, WARNING])):
        findings = ask("PKG014", natives=facts.natives, host=Host(machine="aarch64", page_size=size))
        assert [finding.severity for finding in findings] == found


def test_files_that_fit_every_page_size(site):
    site.install("foo", files={"_x.so": elf_bytes(), "broken.so": b""})
    host = Host(machine="aarch64", page_size=65536)
    assert ask("PKG014", natives=facts_of(site).natives, host=host) == ()
    assert answer("PKG014", natives=Natives(), host=Host(page_size=None)).outcome is Outcome.UNKNOWN


def test_leftovers(site):
    assert severities("PKG015", site) == []
    site.write("~umpy/x.py", "")
    assert severities("PKG015", site) == [INFO]


@pytest.mark.parametrize(
    ("used", "hidden", "version", "found"),
    [
        (Origin.PYTHONPATH, Origin.SITE, "2.0", [WARNING]),
        (Origin.USER, Origin.SITE, "2.0", [INFO]),
        (Origin.SITE, Origin.SITE, "2.0", [INFO]),
        (Origin.SITE, Origin.BASE, "2.0", []),
        (Origin.PYTHONPATH, Origin.SITE, "1.0", []),
    ],
)
def test_one_version_that_hides_another(tmp_path, used, hidden, version, found):
    first, second = Site(tmp_path / "a", used), Site(tmp_path / "b", hidden)
    first.install("foo", version)
    second.install("foo", "1.0")
    assert severities("PKG016", first, second) == found


@pytest.mark.parametrize(
    ("name", "content", "found"),
    [
        (f"_x{TAGGED}", b"", [ERROR]),
        (f"_x{TAGGED}", b"version https://git-lfs.github.com/spec/v1", [ERROR]),
        (f"_x{TAGGED}", elf_bytes()[:100], [INFO]),
        (f"_x{TAGGED}", elf_bytes(), []),
        ("linker-script.so", b"INPUT(libc.so.6)", []),
        ("_x.cpython-310-x86_64-linux-gnu.so", b"", []),
    ],
)
def test_modules_that_are_no_native_files(site, name, content, found):
    site.install("foo", files={f"foo/{name}": content})
    assert severities("PKG017", site) == found


def test_a_probe_of_packages_is_unknown_where_they_are():
    for number in range(1, 18):
        assert answer(f"PKG{number:03}", Facts()).outcome is Outcome.UNKNOWN
