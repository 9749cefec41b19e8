"""Probes of what belongs to no distribution: left-over folders, and files that hide packages."""

import os

import pytest

from asking import ask
from envdoctor.facts.python.search_path import Origin
from package_facts import INFO, WARNING, severities
from sites import Site, facts_of


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """The folder that a check is started in."""
    folder = tmp_path / "started here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


# PKG018


@pytest.mark.parametrize(
    ("file", "words"),
    [
        ("tensorflow/python/saved/notes.txt", "succeeds and gives an empty package"),
        ("tensorflow/__init__.py", "takes it for the package"),
        ("tensorflow/python/saved.py", "makes a package without '__init__' of it"),
        ("anything/model.bin", "succeeds and gives an empty package"),
    ],
)
def test_a_leftover_takes_an_import_name(site, file, words):
    site.write(file, "x = 1")
    (finding,) = ask("PKG018", facts_of(site))
    assert (finding.severity, finding.subject) == (WARNING, file.partition("/")[0])
    assert words in finding.message
    assert finding.evidence[0].excerpt == f"{file.partition('/')[2]}, in no RECORD".replace("/", os.sep)


def test_it_needs_no_other_distribution(tmp_path):
    site = Site(tmp_path / "site")
    site.write("tensorflow/notes.txt", "")
    assert severities("PKG018", site) == [WARNING]


def test_a_package_that_somebody_copied_is_a_note_unless_it_is_required(site):
    site.write("camera/__init__.py", "")
    assert severities("PKG018", site) == [INFO]
    site.install("needs-it", requires=["camera>=1"])
    assert severities("PKG018", site) == [WARNING]


@pytest.mark.parametrize(("file", "severity"), [("camera/__init__.py", WARNING), ("camera/part.py", INFO)])
def test_a_package_hides_an_installed_module_beside_it(site, file, severity):
    site.install("camera-driver", files={"camera.py": ""})
    site.write(file, "")
    (finding,) = ask("PKG018", facts_of(site))
    assert finding.severity == severity
    assert ("and not camera-driver 1.0" in finding.message) == (severity == WARNING)


@pytest.mark.parametrize(
    "files",
    [
        ["__pycache__/x.cpython-311.pyc"],
        ["gone/__pycache__/x.cpython-311.pyc"],
        ["_distutils_hack/__init__.py", "distutils-precedence.pth"],
        ["tests/__init__.py", "docs/conf.py"],
        ["numpy.libs/libopenblas.so", "share/man/x.1"],
        ["easy-install.pth", "__editable___x_finder.py", "sitecustomize.py"],
        ["~umpy/__init__.py"],
        ["x.egg/x/__init__.py"],
    ],
)
def test_ordinary_leftovers_are_none(site, files):
    for file in files:
        site.write(file, "")
    assert ask("PKG018", facts_of(site)) == ()


def test_parts_of_a_namespace_and_packages_of_eggs_are_owned(site):
    site.install("protobuf", files={"google/protobuf/__init__.py": ""})
    site.write("google/cloud/notes.txt", "")
    site.write("old-1.0.egg-info/PKG-INFO", "Metadata-Version: 1.0\nName: old\nVersion: 1.0\n")
    site.write("old-1.0.egg-info/top_level.txt", "older\n")
    site.write("older/data.txt", "")
    assert ask("PKG018", facts_of(site)) == ()


def test_where_a_distribution_does_not_tell_its_names_none_is_called_a_leftover(site):
    info = site.install("unlisted", files={"names/data.txt": ""})
    (info / "RECORD").unlink()
    assert ask("PKG018", facts_of(site)) == ()


def test_where_a_record_can_not_be_read_none_is_called_a_leftover(site):
    folder = site.install("numpy", files={"numpy/__init__.py": "", "numpy/core.py": ""})
    (folder / "RECORD").write_text("numpy/__init__")
    assert severities("PKG018", site) == []


def test_conda_s_packages_need_no_metadata(site):
    site.write("tensorflow/notes.txt", "")
    assert ask("PKG018", facts_of(site, conda=True)) == ()


# PKG019


@pytest.mark.parametrize("file", ["mediapipe.py", "mediapipe/__init__.py", "mediapipe.so"])
def test_a_file_where_check_runs_hides_a_package(site, folder, file):
    site.install("mediapipe", "0.10")
    Site(folder).write(file, "")
    (finding,) = ask("PKG019", facts_of(site))
    assert (finding.severity, finding.subject) == (WARNING, "mediapipe")
    assert "in this folder hides mediapipe 0.10 from scripts in it" in finding.message
    assert finding.evidence[0].source == str(folder / file)


@pytest.mark.parametrize("name", ["random", "types"])
def test_a_file_hides_a_module_of_python(site, folder, name):
    (folder / f"{name}.py").touch()
    (finding,) = ask("PKG019", facts_of(site))
    assert (finding.subject, "hides Python's own module" in finding.message) == (name, True)


@pytest.mark.parametrize(("name", "minors"), [("imp", range(12)), ("cgi", range(13)), ("tomllib", range(11, 99))])
@pytest.mark.parametrize("minor", range(8, 15))
def test_the_library_is_that_of_the_python_that_is_looked_at(site, folder, name, minors, minor):
    (folder / f"{name}.py").touch()
    assert bool(ask("PKG019", facts_of(site, version=f"3.{minor}.1"))) is (minor in minors)


def test_a_folder_of_pythonpath_hides_it_everywhere(site, tmp_path):
    site.install("numpy")
    mine = Site(tmp_path / "mine", Origin.PYTHONPATH)
    mine.write("numpy.py", "")
    (finding,) = ask("PKG019", facts_of(mine, site))
    assert "in a folder that PYTHONPATH names hides numpy 1.0 from every program" in finding.message


@pytest.mark.parametrize(
    "file",
    ["numpy/data.txt", "other.py", "sys.py", "os.py", "test/__init__.py", "tests/__init__.py", "random/x.py", "a-b.py"],
)
def test_what_hides_nothing(site, folder, file):
    site.install("numpy", files={"numpy/__init__.py": "", "tests/__init__.py": ""})
    Site(folder).write(file, "")
    assert ask("PKG019", facts_of(site)) == ()


def test_where_a_package_is_developed_its_folder_is_meant(site, folder):
    site.install("my-tool", files={"my_tool/__init__.py": ""})
    Site(folder).write("my_tool/__init__.py", "")
    (folder / "pyproject.toml").write_text('[project]\nname = "My_Tool"\n')
    assert ask("PKG019", facts_of(site)) == ()


def test_the_folder_of_packages_itself_hides_nothing(site, monkeypatch):
    site.install("numpy")
    monkeypatch.chdir(site.path)
    assert ask("PKG019", facts_of(site)) == ()


def test_a_safe_path_has_no_current_folder(site, folder, monkeypatch):
    (folder / "random.py").touch()
    monkeypatch.setenv("PYTHONSAFEPATH", "1")
    assert ask("PKG019", facts_of(site)) == ()
