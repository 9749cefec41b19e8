"""Fixes as values: what a plan makes of commands, uses of names, and what uv prints."""

import sys
from dataclasses import replace
from pathlib import Path

import pytest

from envdoctor.core.errors import EnvironmentProblem, UsageProblem
from envdoctor.core.finding import Finding, Fix, Outcome, ProbeResult, Severity
from envdoctor.core.fixing import Change, Step, StepKind
from envdoctor.core.report import Report
from envdoctor.doctor.fix import open_session
from envdoctor.facts import Facts
from envdoctor.facts.locked import Locked
from envdoctor.facts.packages import Distribution, Packages
from envdoctor.facts.packages.installers import Deed, Operation, installers
from envdoctor.facts.python import Python
from envdoctor.fixing.changes import changes_of, undo_words
from envdoctor.fixing.gathering import gather
from envdoctor.fixing.log import last_log, new_log, undone_by_hand
from envdoctor.fixing.packages import PackagePlanner, _State, _Trial
from envdoctor.fixing.plan import make_plan
from envdoctor.fixing.resolving import Resolution, parse_changes
from envdoctor.fixing.system import as_run, combined, other_steps, system_steps
from envdoctor.fixing.undo import undo_plan
from envdoctor.fixing.uses import names_used, project_files
from envdoctor.fixing.world import World

PIP, UV, CONDA = installers(Python(executable="/env/bin/python", prefix="/env"))
NUMPY = Distribution(name="numpy", version="1.26.4")


def finding(*commands):
    return Finding(severity=Severity.ERROR, subject="s", message="m", fix=Fix(text="Do it.", commands=commands))


@pytest.mark.parametrize("installer", [PIP, UV, CONDA], ids=lambda one: one.name)
def test_an_installer_reads_every_command_that_it_makes(installer):
    made = {
        Deed.INSTALL: installer.install("numpy", "<2,>=1.20"),
        Deed.REINSTALL: installer.reinstall(NUMPY),
        Deed.REMOVE: installer.remove(NUMPY, Distribution(name="other")),
    }
    for deed, (command,) in made.items():
        read = installer.read(command)
        assert {one.deed for one in read} == {deed}
        assert read[0].name == "numpy"
    assert [one.name for one in installer.read(made[Deed.REMOVE][0])] == ["numpy", "other"]
    (upgrade,) = installer.read(installer.install("numpy", upgrade=True)[0])
    assert upgrade.upgrade
    (fresh,) = installer.read(installer.reinstall(NUMPY, fresh=True)[0])
    assert fresh.fresh


@pytest.mark.parametrize(("installer", "word"), [(PIP, "--upgrade"), (UV, "--reinstall")])
def test_what_lies_in_another_folder_is_put_back_there_by_a_person(installer, word):
    there = replace(NUMPY, origin="pth", root="/mnt/t")
    (command,) = installer.reinstall(there)
    assert command[-5:] == ("--no-deps", word, "--target", "/mnt/t", "numpy==1.26.4")
    assert installer.read(command) == ()
    told = finding(command)
    assert gather([told], Python(executable="/env/bin/python", prefix="/env")).manual == [told]
    assert CONDA.reinstall(there) == ()


def test_what_can_not_be_read_and_is_required_too_is_put_back_and_nothing_that_an_undo_removes():
    facts = Facts(
        packages=Packages(distributions=(Distribution(name="", metadata="/s/certifi-1.dist-info", problem="x"),))
    )
    asked = [
        Operation(installer="pip", deed=Deed.INSTALL, name="certifi", versions=">=1"),
        Operation(installer="pip", deed=Deed.REINSTALL, name="certifi", versions="==1", over=True),
    ]
    (change,) = changes_of(asked, Resolution(versions={"certifi": ("", "1")}), facts)
    assert (change.before, change.after) == ("1", "1")
    assert undo_words([change], "/env/bin/python") == ""


@pytest.mark.parametrize(
    "content",
    ["", "[]", '{"prefix": "/env"}', "[" * 99_999, '{"prefix": "/env", "python": "p", "steps": [3], "undone": false}']
    + [
        f'{{"prefix": "/env", "python": "p", "steps": [{row}], "undone": false}}'
        for row in ("{}", '{"kind": "packages"}')
    ],
)
def test_a_damaged_log_is_told_in_a_sentence(tmp_path, monkeypatch, content):
    monkeypatch.setenv("ENVDOCTOR_STATE", str(tmp_path))
    log = new_log("/env", "/env/bin/python")
    log.write()
    log.path.write_text(content)
    for ask in (last_log, undone_by_hand):
        with pytest.raises(EnvironmentProblem, match=r"can't be read \(it is damaged\); remove it"):
            ask("/env")


def test_a_log_of_another_version_is_read_as_far_as_it_is_known(tmp_path, monkeypatch):
    monkeypatch.setenv("ENVDOCTOR_STATE", str(tmp_path))
    log = new_log("/env", "/env/bin/python")
    change = '{"name": "idna", "before": "3", "after": "4", "undo": "idna==3", "later": 1}'
    row = f'{{"title": "t", "kind": "packages", "state": "done", "changes": [{change}], "later": [2]}}'
    log.write()
    log.path.write_text(f'{{"prefix": "/env", "python": "p", "steps": [{row}], "undone": false, "later": {{}}}}')
    found = last_log("/env")
    assert found.changes() == {"idna": Change(name="idna", before="3", after="4", undo="idna==3")}


def test_what_was_done_beside_packages_of_python_is_told_by_an_undo(tmp_path, monkeypatch):
    monkeypatch.setenv("ENVDOCTOR_STATE", str(tmp_path))
    assert undone_by_hand("/env") == ()
    log = new_log("/env", "/env/bin/python")
    log.begin(Step(kind=StepKind.SYSTEM, title="s", commands=(), mends=(), undo="`apt-get remove x` removes it"))
    log.end("done", "")
    log.begin(Step(kind=StepKind.PACKAGES, title="p", commands=(), mends=(), undo="`envdoctor fix --undo`"))
    assert undone_by_hand("/env") == ("`apt-get remove x` removes it",)
    assert undone_by_hand("/other") == ()
    with open_session(python=Path(sys.executable), project=None) as session:
        prefix = session._world.facts.python.prefix
        log = new_log(prefix, sys.executable)
        log.begin(Step(kind=StepKind.SYSTEM, title="s", commands=(), mends=(), undo="`apt-get remove x` removes it"))
        with pytest.raises(UsageProblem, match="What else it did: `apt-get remove x` removes it"):
            session.undo(lambda plan: "")


def test_a_damaged_pip_is_not_asked_to_mend_itself_nor_others():
    python = Python(executable="/env/bin/python", prefix="/env")
    pip = Distribution(name="pip", version="26.3")
    facts = Facts(python=python, packages=Packages(distributions=(pip,)))
    world = World(
        facts=facts, executor=None, check=None, facts_of=None, newest_with=None, instead_for_pip=None, cache=Path(),
        project=None, say=print,
    )  # fmt: skip
    planner = PackagePlanner(world, Report(command="check", version="1", created=""))
    other = (Operation(installer="pip", deed=Deed.INSTALL, name="idna"), finding())
    mends = (Operation(installer="uv", deed=Deed.REINSTALL, name="pip"), finding())
    assert planner._installer([other]).name == "pip"
    assert planner._installer([other, mends]).name == "uv"


def test_where_a_leftover_misleads_pip_uv_does_the_work(tmp_path):
    pip = Distribution(name="pip", version="26.3")
    python = Python(executable="/env/bin/python", prefix=str(tmp_path))
    log = new_log(str(tmp_path), python.executable)
    log.begin(Step(kind=StepKind.PACKAGES, title="p", changes=(Change(name="idna", after="3.20"),)))
    there = (pip, Distribution(name="idna", version="3.20"))
    titles = {}
    for name in ("~dna", "~dna-3.20.dist-info"):
        facts = Facts(python=python, packages=Packages(distributions=there, leftovers=(f"/env/{name}",)))
        world = World(
            facts=facts, executor=None, check=None, facts_of=None, newest_with=None, instead_for_pip=None,
            cache=tmp_path, project=None, say=print,
        )  # fmt: skip
        planner = PackagePlanner(world, Report(command="check", version="1", created=""))
        asked = [(Operation(installer="pip", deed=Deed.REMOVE, name="idna"), finding())]
        titles[name] = planner._installer(asked).name, undo_plan(log, world).steps[0].title.partition(":")[0]
    assert titles == {"~dna": ("pip", "pip"), "~dna-3.20.dist-info": ("uv", "uv")}


def test_conda_comes_back_to_the_last_state_of_its_history(tmp_path):
    report = Report(command="check", version="1", created="")
    prefix = tmp_path / "env"
    facts = Facts(python=Python(executable=f"{prefix}/bin/python", prefix=str(prefix)))
    world = World(
        facts=facts, executor=None, check=None, facts_of=None, newest_with=None, instead_for_pip=None, cache=tmp_path,
        project=None, say=print,
    )  # fmt: skip
    conda = installers(facts.python)[2]
    told = finding(*conda.install("idna", "<4,>=2.5"), *conda.install("certifi"))
    report = replace(report, findings=(told,))
    (step,) = make_plan(report, world).steps
    assert step.title == "conda: idna, certifi"
    assert step.undo == f"`conda install --prefix {prefix} --revision NUMBER`"
    (prefix / "conda-meta").mkdir(parents=True)
    (prefix / "conda-meta/history").write_text("==> 2026-01-01 <==\n+python\n==> 2026-02-02 <==\n+idna\n")
    assert make_plan(report, world).steps[0].undo.endswith("--revision 1`")


def test_an_installer_reads_nothing_in_what_is_not_its_own():
    commands = [
        *UV.install("numpy"),
        ("sudo", "apt-get", "install", "numpy"),
        ("/other/python", "-m", "pip", "install"),
    ]
    assert all(PIP.read(command) == () for command in commands)


def test_only_the_named_package_is_upgraded_by_uv():
    ((*_, option, name, requirement),) = UV.install("numpy", upgrade=True)
    assert (option, name, requirement) == ("--upgrade-package", "numpy", "numpy")


def test_fixes_go_to_who_does_the_work_and_advice_to_a_person():
    given = [
        finding(*PIP.install("numpy", "<2")),
        finding(("sudo", "chmod", "+x", "/x")),
        finding(("docker", "run", "--privileged", "x")),
        finding(("envdoctor", "toolchain", "install", "edgetpu-compiler")),
        finding(("envdoctor", "matrix", "numpy")),
        finding(("/env/bin/python", "-m", "venv", ".venv")),
        finding(("sudo", "usermod", "-aG", "docker", "YOUR-NAME")),
        finding(),
    ]
    gathered = gather(given, Python(executable="/env/bin/python", prefix="/env"))
    numpy = Operation(installer="pip", deed=Deed.INSTALL, name="numpy", versions="<2")
    assert gathered.packages == [(numpy, given[0])]
    assert [one for _, one in gathered.root] == given[1:3]
    assert [one for _, one in gathered.others] == given[3:4]
    assert gathered.manual == given[4:]


def test_one_command_for_each_package_manager_then_what_needs_it_last():
    restart = ("sudo", "systemctl", "restart", "systemd-binfmt")
    given = [
        restart,
        ("sudo", "apt-get", "install", "libgl1"),
        ("sudo", "apt-get", "install", "qemu-user", "qemu-user-binfmt"),
        restart,
        ("sudo", "apt-get", "install", "libgl1"),
    ]
    install = ("sudo", "apt-get", "install", "--yes", "libgl1", "qemu-user", "qemu-user-binfmt")
    assert combined(given) == (install, restart)


def test_what_is_set_up_for_root_is_asked_for_by_itself_unless_it_needs_what_is_installed():
    restart, chmod = ("sudo", "systemctl", "restart", "x"), ("sudo", "chmod", "+x", "/x")
    both = finding(("sudo", "dnf", "install", "qemu"), restart)
    again, apart = finding(restart), replace(finding(chmod), subject="other")
    asked = [(command, one) for one in (apart, both, again) for command in one.fix.commands]
    first, second = system_steps(asked, None)
    assert [words[-1] for words in first.commands] == ["qemu", "x"]
    assert (set(first.mends), second.mends) == ({both, again}, (apart,))
    assert second.title == "Do it."


def test_a_toolchain_is_installed_by_this_envdoctor_and_sudo_asks_for_no_password():
    (step,) = other_steps([(("envdoctor", "toolchain", "install", "x"), finding())])
    assert step == Step(
        kind=StepKind.OTHER,
        title="envdoctor toolchain install x",
        commands=(("envdoctor", "toolchain", "install", "x"),),
        mends=(finding(),),
        undo="`envdoctor toolchain remove x` removes it",
    )
    assert as_run(step.commands[0])[1:3] == ("-m", "envdoctor")
    assert as_run(("sudo", "x")) == ("sudo", "-n", "x")


def test_what_uv_would_change():
    printed = (
        "Would uninstall 1 package\n - Numpy==2.0\n + numpy==1.26.4\n + a-b==1.0+cpu (from x)\n ~ same==3\n - gone==1\n"
    )
    expected = {"numpy": ("2.0", "1.26.4"), "a-b": ("", "1.0+cpu"), "same": ("3", "3"), "gone": ("1", "")}
    assert parse_changes(printed) == expected


def test_names_that_code_uses(tmp_path):
    text = """
import mediapipe as mp
import lib.sub
from lib.deep import thing as other, more
import elsewhere.lib

def use():
    mp.solutions.pose
    other.part
    lib.sub.name
    elsewhere.lib.x

try:
    lib.optional
except (KeyError, AttributeError):
    pass
"""
    (tmp_path / "mine.py").write_text(text)
    (tmp_path / "broken.py").write_text("import lib as (")
    (tmp_path / "env" / "x").mkdir(parents=True)
    (tmp_path / "env" / "pyvenv.cfg").touch()
    (tmp_path / "env" / "x" / "theirs.py").write_text("import lib\nlib.theirs\n")
    files, is_whole = project_files(tmp_path)
    assert is_whole
    found = names_used(files, {"mediapipe", "lib"})
    assert set(found) == {
        *("mediapipe", "mediapipe.solutions", "mediapipe.solutions.pose"),
        *("lib.sub", "lib.sub.name", "lib.deep.thing", "lib.deep.more", "lib.deep.thing.part"),
    }
    assert found["mediapipe.solutions.pose"] == f"{tmp_path}/mine.py:8"


def test_what_the_user_ignores_is_no_part_of_a_plan_and_what_is_named_is(tmp_path):
    world = World(
        facts=Facts(python=Python(executable="/env/bin/python", prefix="/env")),
        **dict.fromkeys(("executor", "check", "facts_of", "newest_with", "instead_for_pip", "project", "say")),
        cache=tmp_path,
    )
    known, other = replace(finding(), code="PKG004"), replace(finding(), code="PKG021", severity=Severity.INFO)
    result = ProbeResult(code="PKG004", name="n", title="t", outcome=Outcome.FAILED, findings=(known, other))
    report = Report(command="check", version="1", created="now", probes=(result,))
    assert make_plan(report, world).manual == (known,)
    assert make_plan(report, world, (), replace(report, probes=())).manual == ()
    assert make_plan(report, world, ("PKG",)).manual == (known, other)
    assert make_plan(report, world, ("PKG021",)).manual == (other,)


def test_a_huge_tree_is_not_gone_through_to_its_end(tmp_path, monkeypatch):
    monkeypatch.setattr("envdoctor.fixing.uses._MOST_FILES", 3)
    for number in range(5):
        (tmp_path / f"{number}.py").touch()
    files, is_whole = project_files(tmp_path)
    assert (len(files), is_whole) == (3, False)


@pytest.mark.parametrize(
    ("said", "installer"),
    [
        ("SyntaxError: source code string cannot contain null bytes", "uv"),  # pip's rich imports attrs, say
        ("ERROR: No matching distribution found for idna==3", "pip"),
    ],
)
def test_where_a_damaged_package_makes_pip_crash_uv_does_the_work(said, installer, tmp_path, monkeypatch):
    there = (Distribution(name="pip", version="26.3"), Distribution(name="idna", version="3"))
    facts = Facts(python=Python(executable="/env/bin/python"), packages=Packages(distributions=there), locked=Locked())
    world = World(
        facts=facts, executor=None, check=None, facts_of=None, newest_with=None,
        instead_for_pip=lambda name, version: "", cache=tmp_path, project=None, say=print,
    )  # fmt: skip
    planner = PackagePlanner(world, Report(command="check", version="1", created=""))
    titles = []

    def rehearse(step):
        titles.append(step.title.partition(":")[0])
        return _Trial(failed=f"tried on a copy, it exited with status 1: {said}" if titles == ["pip"] else "")

    monkeypatch.setattr(planner, "_solved", lambda state: Resolution(versions={}))
    monkeypatch.setattr(planner, "_rehearse", rehearse)
    monkeypatch.setattr("envdoctor.fixing.packages.with_undo", lambda changes, *rest: changes)
    asked = (Operation(installer="pip", deed=Deed.REINSTALL, name="idna", versions="==3"), finding())
    planner._tried(_State(asked=[asked]), PIP)
    assert titles[-1] == installer
