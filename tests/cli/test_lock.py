"""`envdoctor lock`, end to end on an index double: what is written installs, and nothing is written without a set."""

import subprocess
import sys

import pytest
from packaging.pylock import Pylock

from envdoctor.availability.here import target_here
from envdoctor.support.target_names import parse_target
from index_wheels import publish
from printed import as_json

pytestmark = pytest.mark.slow

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

LINUX = ("--platform", "linux-x86_64", "--python", "3.11")
TARGETS = ("--platform", "macos-arm64,linux-x86_64", "--python", "3.11")


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def selected(folder, target):
    """What packaging, as installers do, would install out of the lock."""
    lock = Pylock.from_dict(tomllib.loads((folder / "pylock.toml").read_text()))
    place = parse_target(target, target_here())
    chosen = lock.select(environment=place.markers, tags=place.tags)
    return {package.name: wheel.filename for package, wheel in chosen}


def test_one_version_everywhere_where_the_newest_is_not(run, folder):
    code, found = as_json(run, "lock", "app", *TARGETS)
    assert code == 0
    assert [(one["name"], one["version"], one["marker"]) for one in found["packages"]] == [
        ("app", "1.0", ""),
        ("lib", "1.0", ""),
    ]
    for target in ("macos-arm64-cp311", "linux-x86_64-cp311"):
        assert selected(folder, target) == {"app": "app-1.0-py3-none-any.whl", "lib": "lib-1.0-py3-none-any.whl"}
    text = (folder / "pylock.toml").read_text()
    assert text.count("sha256") == 2


@pytest.mark.parametrize("broken", [30, 44, 59])
def test_the_newest_sound_version_is_found_behind_many_broken_ones(run, server, folder, broken):
    for number in range(60):
        text = b"import absent_module\n" if number >= 60 - broken else b""
        publish(server, "long", f"1.{number}", files={"long/__init__.py": text})
    code, found = as_json(run, "lock", "long", *LINUX)
    assert code == 0
    assert [one["version"] for one in found["packages"]] == [f"1.{59 - broken}"]


@pytest.mark.parametrize("behind", [(), ("-r",)])
def test_a_file_may_stand_among_the_requirements(run, folder, behind):
    (folder / "pyproject.toml").write_text('[project]\nname = "mine"\ndependencies = ["app"]\n')
    code, found = as_json(run, "lock", *behind, "pyproject.toml", *LINUX)
    assert code == 0
    assert found["requirements"] == ["app"]


def test_a_place_that_can_not_be_written_to_is_told_before_the_search(run, server, folder):
    code, printed = run("lock", "app", *LINUX, "-o", "absent/pylock.toml")
    assert code == 2
    assert "there is no folder absent; name a file that can be written." in printed.err
    assert not server.seen


@pytest.mark.parametrize("name", ["requirements.txt", "pyproject.toml"])
def test_a_file_that_is_not_there_is_no_package(run, folder, name):
    code, printed = run("lock", name, *LINUX)
    assert code == 2
    assert f"{name} can't be read: No such file or directory." in printed.err


def test_versions_that_must_differ_have_markers_that_tell_them_apart(run, server, folder):
    publish(server, "split", "1.0", "cp311-cp311-macosx_11_0_arm64")
    publish(server, "split", "2.0", "cp311-cp311-manylinux_2_17_x86_64")
    code, printed = run("lock", "split", *TARGETS)
    assert code == 0
    assert "split differ" in printed.out
    assert selected(folder, "macos-arm64-cp311") == {"split": "split-1.0-cp311-cp311-macosx_11_0_arm64.whl"}
    assert selected(folder, "linux-x86_64-cp311") == {"split": "split-2.0-cp311-cp311-manylinux_2_17_x86_64.whl"}


def test_a_version_that_does_not_import_is_left_out(run, server, folder):
    broken = {"shaky/__init__.py": b"import nobody_has_this\n"}
    publish(server, "shaky", "1.0")
    publish(server, "shaky", "2.0", files=broken)
    code, printed = run("lock", "shaky", *TARGETS)
    assert code == 0
    assert selected(folder, "linux-x86_64-cp311") == {"shaky": "shaky-1.0-py3-none-any.whl"}
    assert "Left out: macos-arm64-cp311: shaky==2.0 would be taken by a resolver." in " ".join(printed.out.split())


def test_what_pip_refuses_for_its_python_is_left_out_though_uv_takes_it(run, server, folder):
    publish(server, "bounded", "1.0")
    publish(server, "bounded", "2.0", requires_python="<3.11")
    assert run("lock", "bounded", *TARGETS)[0] == 0
    assert selected(folder, "linux-x86_64-cp311") == {"bounded": "bounded-1.0-py3-none-any.whl"}


def test_without_a_set_nothing_is_written_and_what_must_give_way_is_told(run, folder):
    (folder / "pylock.toml").write_text("as it was")
    code, printed = run("lock", "app==2.0", "lib<3", *TARGETS)
    assert code == 1
    assert (folder / "pylock.toml").read_text() == "as it was"
    said = " ".join(printed.out.split())
    assert "No sound set found for macos-arm64-cp311: NO-WHEEL" in said
    assert "app==2.0 must give way: app==1.0 makes a sound set." in said
    assert "lib<3 must give way" not in said


def test_one_of_two_could_give_way(run, server, folder):
    publish(server, "wants", "1.0", requires=["lib<2"])
    publish(server, "wants", "0.9")
    publish(server, "lib", "2.5")
    code, printed = run("lock", "wants==1.0", "lib>=2", *LINUX)
    said = " ".join(printed.out.split())
    assert code == 1
    assert "wants==1.0 could give way: wants==0.9 makes a sound set." in said
    assert "lib>=2 could give way: lib==1.0 makes a sound set." in said
    assert "must give way" not in said


def test_that_no_version_will_do_is_said_only_where_it_is_proven(run, server, folder):
    publish(server, "fine", "1.0")
    publish(server, "elsewhere", "1.0", "cp311-cp311-win_amd64")
    for number in range(1, 45):  # of which one is sound, between leaps
        text = b"" if number == 5 else b"import nobody_has_this\n"
        publish(server, "shaky", f"{number}.0", files={"shaky/__init__.py": text})
    _, printed = run("lock", "elsewhere", "fine", *LINUX)
    assert "elsewhere must give way: there is a sound set without it, and none with any of its versions." in " ".join(
        printed.out.split()
    )
    code, printed = run("lock", "shaky", "fine", *LINUX)
    said = " ".join(printed.out.split())
    assert code == 1
    assert "shaky must give way: there is a sound set without it, and with it none was found." in said


def test_requirements_and_constraints(run, folder):
    assert run("lock", "app", *TARGETS, "--format", "requirements", "-o", "r.txt")[0] == 0
    lines = (folder / "r.txt").read_text().splitlines()
    assert lines[0] == "app==1.0 \\"
    assert lines[1].startswith("    --hash=sha256:")
    assert run("lock", "app", *TARGETS, "--format", "constraints")[0] == 0
    assert (folder / "constraints.txt").read_text() == "app==1.0\nlib==1.0\n"


def test_files_constraints_and_a_day(run, folder):
    (folder / "pyproject.toml").write_text('[project]\nname = "x"\ndependencies = ["app"]\n')
    (folder / "c.txt").write_text("app<2\n")
    words = ("lock", "-r", "pyproject.toml", "--platform", "linux-x86_64", "--python", "3.11")
    _, found = as_json(run, *words)
    assert [one["version"] for one in found["packages"]] == ["2.0", "2.0"]
    assert [one["version"] for one in as_json(run, *words, "-c", "c.txt")[1]["packages"]] == ["1.0", "1.0"]
    _, past = as_json(run, *words, "--as-of", "2025-03-01")
    assert [one["version"] for one in past["packages"]] == ["1.0", "1.0"]
    assert 'as-of = "2025-03-02T00:00:00+00:00"' in (folder / "pylock.toml").read_text()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "Name requirements, or a file of them by -r."),
        (("app", "-o", "lock.toml"), "name it pylock.toml or pylock.NAME.toml"),
        (("app", "-o", "locks.txt"), "name it pylock.toml or pylock.NAME.toml"),
        (("app", "-o", "pylock.toml", "--format", "constraints"), "installers would take constraints for TOML"),
        (("app", "--platform", "linux-x86_64-glibc2.17,linux-x86_64-glibc2.28"), "No marker tells"),
        (("-r", "gone.txt"), "gone.txt"),
        (("app", "--platform", "amiga"), "amiga"),
    ],
)
def test_bad_requests_are_one_sentence(run, folder, words, said):
    code, printed = run("lock", *words)
    assert code == 2
    assert said in " ".join(printed.err.split())
    assert not [*folder.glob("*.toml"), *folder.glob("*.txt")]


def test_a_project_is_locked_for_the_pythons_that_it_asks_for(run, folder):
    project = '[project]\nname = "x"\nrequires-python = ">=3.12,<3.14"\ndependencies = ["app"]\n'
    (folder / "pyproject.toml").write_text(project)
    words = ("lock", "-r", "pyproject.toml", "--platform", "linux-x86_64")
    code, found = as_json(run, *words)
    assert (code, found["targets"]) == (0, ["linux-x86_64-cp312", "linux-x86_64-cp313"])
    code, printed = run(*words, "--python", "3.11,3.12")
    assert code == 2
    assert "asks for Python >=3.12,<3.14, which leaves cp311 out" in " ".join(printed.err.split())


def test_a_version_that_was_taken_back_is_told(run, server, folder):
    publish(server, "back", "1.0", yanked="it loses data")
    publish(server, "back", "0.9")
    assert as_json(run, "lock", "back", *TARGETS)[1]["notes"] == []
    code, found = as_json(run, "lock", "back==1.0", *TARGETS)
    assert code == 0
    assert found["notes"] == ["back-1.0-py3-none-any.whl is yanked: who made it took it back: it loses data."]


def test_an_index_without_hashes_is_told(run, server, folder):
    publish(server, "plain", "1.0")
    for file in server.projects["plain"].values():
        file.hashes = {}
    code, printed = run("lock", "plain", *TARGETS)
    assert code == 2
    assert "tells no SHA-256 of plain-1.0-py3-none-any.whl" in " ".join(printed.err.split())


@pytest.mark.integration
def test_pip_and_uv_install_what_is_written(run, server, folder):
    from envdoctor.executors.programs import find_uv

    name = f"here-cp{sys.version_info[0]}{sys.version_info[1]}"
    assert run("lock", "app", "--platform", "macos-arm64,here")[0] == 0, name
    venv = folder / "venv"
    subprocess.run([find_uv(), "venv", "-q", "--python", sys.executable, venv], check=True)
    command = [find_uv(), "pip", "install", "-q", "--preview", "-r", "pylock.toml", "--python", venv]
    subprocess.run(command, check=True, cwd=folder)
    listed = subprocess.run([find_uv(), "pip", "freeze", "--python", venv], capture_output=True, text=True, check=True)
    assert listed.stdout == "app==1.0\nlib==1.0\n"


def test_a_set_that_is_empty_on_one_target(run, folder):
    words = ("lock", 'app==1.0; sys_platform == "darwin"', *TARGETS)
    assert run(*words)[0] == 0
    assert selected(folder, "linux-x86_64-cp311") == {}
    assert sorted(selected(folder, "macos-arm64-cp311")) == ["app", "lib"]


def test_a_newer_system_that_would_do_is_named(run, server, folder):
    publish(server, "late", "1.0", "py3-none-manylinux_2_34_x86_64")
    code, printed = run("lock", "late", "--platform", "linux-x86_64", "--python", "3.11")
    assert code == 1
    said = " ".join(printed.out.split())
    assert "There is a sound set on Linux x86_64 (glibc 2.34), Python 3.11: linux-x86_64 stands for glibc 2.28" in said
    assert "--platform linux-x86_64-cp311-glibc2.34" in said
    code, printed = run("lock", "late", "--platform", "linux-x86_64-glibc2.17", "--python", "3.11")
    assert (code, "There is a sound set" in printed.out) == (1, False)
