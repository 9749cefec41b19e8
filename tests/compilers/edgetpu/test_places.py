"""The routes of a Raspberry Pi and others, planned from facts alone, before and after each fix."""

from pathlib import Path

import pytest

from envdoctor import planner
from envdoctor.compilers.edgetpu.action import ACTION
from envdoctor.compilers.edgetpu.facts import Answer, EdgeTpu
from envdoctor.compilers.edgetpu.locate import EdgeTpuCompiler
from envdoctor.compilers.edgetpu.remote import Remote
from envdoctor.core.artifact import Artifact, ArtifactKind
from envdoctor.core.goal import parse_goal
from envdoctor.core.request import BuildOptions, Request
from envdoctor.core.route import Verdict
from envdoctor.emulation.binfmt import USUAL_PLACE, Binfmt, BinfmtEntry, InterpreterState
from envdoctor.emulation.proof import EMULATED, Proof
from envdoctor.emulation.qemu import Emulator
from envdoctor.facts import Facts
from envdoctor.facts.containers import Containers, Engine
from envdoctor.facts.emulation import Emulation
from envdoctor.facts.host import Host
from envdoctor.facts.model import ModelFacts
from envdoctor.tflite.readers import find_reader

MODEL = Artifact(kind=ArtifactKind.TFLITE_INT8, path=Path("m.tflite"), sha256="")
RAN = Proof(argv=("x",), ran=True, processor=EMULATED)
REFUSED = Proof(argv=("x",), ran=False, words="Exec format error")
QEMU = Emulator(name="qemu-x86_64-static", path=Path("/usr/bin/qemu-x86_64-static"), version=(7, 2, 22))
COMPILER = EdgeTpuCompiler(
    wrapper=Path("/opt/edgetpu_compiler"),
    binary=Path("/opt/edgetpu_compiler_bin/edgetpu_compiler"),
    loader=Path("/opt/edgetpu_compiler_bin/ld-linux-x86-64.so.2"),
    library_path=Path("/opt/edgetpu_compiler_bin"),
    architecture="x86_64",
    origin="PATH",
)
INSTALL = ("envdoctor", "toolchain", "install", "edgetpu-compiler")
NO_QEMU = Emulation(direct=REFUSED, direct_loader=REFUSED)
WITH_QEMU = Emulation(direct=REFUSED, direct_loader=REFUSED, emulators=(QEMU,), explicit=RAN)
HANDLER = BinfmtEntry(
    name="qemu-x86_64",
    interpreter="/usr/bin/qemu-x86_64-static",
    flags="PF",
    magic=bytes.fromhex("7f454c4602010100000000000000000002003e00"),
    mask=bytes.fromhex("fffffffffffefefcfffffffffffffffffeffffff"),
    interpreter_state=InterpreterState.FINE,
)
TABLE = Binfmt(mount_points=(USUAL_PLACE,), enabled=True, entries=(HANDLER,))
ALL_SET = Emulation(direct=RAN, direct_loader=RAN, emulators=(QEMU,), explicit=RAN, binfmt=TABLE)
DOCKER = Containers(engines=(Engine(name="docker", path="/usr/bin/docker", version="28.2.2 linux/arm64"),))


def answering(*places):
    answers = tuple(Answer(place=place, argv=("ld.so",), version="16.0.384591198") for place in places)
    return EdgeTpu(compiler=COMPILER, answers=answers)


def plan(emulation=NO_QEMU, toolchains=None, host=None, containers=None, remote=None, **options):
    request = Request(source=MODEL, goal=parse_goal("edgetpu"), options=BuildOptions(**options))
    facts = Facts(
        host=host or Host(machine="aarch64", distribution="debian", version="12"),
        emulation=emulation,
        edgetpu=toolchains or EdgeTpu(),
        containers=containers or Containers(),
        remote=remote or Remote(),
        model=ModelFacts(reader=find_reader("edgetpu")),
    )
    return planner.plan([ACTION], request, facts)


def ranked(routes):
    return [(route.stages[0].place, route.verdict.name) for route in routes]


def test_a_pi_without_anything_is_told_the_one_command():
    routes = plan()
    assert ranked(routes)[:5] == [(place, "FIXABLE") for place in ("qemu", "binfmt", "docker", "ssh", "notebook")]
    unlocking = planner.unlocking(routes)
    assert (unlocking.fix.commands, unlocking.code) == ((INSTALL,), "EMU001")
    assert "neither is an emulator" in unlocking.text
    assert not any(route.takeable for route in routes)


def test_a_pi_with_the_compiler_alone_needs_qemu():
    refused = EdgeTpu(compiler=COMPILER, answers=(Answer(place="local", argv=(), words="Exec format error"),))
    unlocking = planner.unlocking(plan(toolchains=refused))
    assert unlocking.fix.commands == (("envdoctor", "toolchain", "install", "qemu-x86_64"),)


def test_where_qemu_can_not_be_unpacked_each_step_has_its_own_command():
    fedora = Host(machine="aarch64", distribution="fedora", version="43")
    (route,) = [route for route in plan(host=fedora) if route.stages[0].place == "qemu"]
    assert [reason.code for reason in route.reasons] == ["TCH001", "EMU001"]


def test_a_pi_with_qemu_alone_needs_the_compiler():
    unlocking = planner.unlocking(plan(emulation=WITH_QEMU))
    assert (unlocking.fix.commands, unlocking.code) == ((INSTALL,), "TCH001")


def test_a_pi_with_both_compiles_under_qemu():
    routes = plan(emulation=WITH_QEMU, toolchains=answering("qemu"))
    assert ranked(routes)[0] == ("qemu", "READY")
    assert planner.unlocking(routes) is None
    (binfmt,) = [route for route in routes if route.stages[0].place == "binfmt"]
    assert [reason.code for reason in binfmt.reasons] == ["EMU003"]


def test_a_pi_with_all_set_up_has_two_ways_and_the_explicit_one_first():
    routes = plan(emulation=ALL_SET, toolchains=answering("local", "qemu"), containers=DOCKER)
    assert ranked(routes)[:3] == [("qemu", "READY"), ("binfmt", "READY"), ("docker", "UNKNOWN")]


@pytest.mark.parametrize(
    ("binfmt", "code"),
    [
        (Binfmt(), "EMU003"),
        (Binfmt(mount_points=(USUAL_PLACE,), enabled=False, entries=(HANDLER,)), "EMU004"),
        (Binfmt(mount_points=(USUAL_PLACE,), enabled=True), "EMU005"),
        (TABLE, "EMU017"),
    ],
)
def test_each_state_of_the_kernels_table_closes_the_handlers_way(binfmt, code):
    emulation = Emulation(direct=REFUSED, direct_loader=REFUSED, emulators=(QEMU,), explicit=RAN, binfmt=binfmt)
    routes = plan(emulation=emulation, toolchains=answering("qemu"))
    (route,) = [route for route in routes if route.stages[0].place == "binfmt"]
    assert ([reason.code for reason in route.reasons], route.verdict) == ([code], Verdict.FIXABLE)


def test_an_x86_64_machine_compiles_as_it_is():
    native = Emulation(machine="x86_64", direct=Proof(argv=(), ran=True, processor="KVM"))
    routes = plan(emulation=native, toolchains=answering("local"), host=Host())
    assert ranked(routes) == [("local", "READY"), ("docker", "FIXABLE"), ("ssh", "FIXABLE"), ("notebook", "FIXABLE")]


def test_a_mac_has_containers_another_machine_and_the_notebook():
    mac = Emulation(supported=False, machine="arm64")
    places = [place for place, _ in ranked(plan(emulation=mac, host=Host(system="macos", machine="arm64")))]
    assert places == ["docker", "ssh", "notebook"]


def test_what_is_known_not_to_work_is_ranked_last_with_its_reason():
    dead_ends = plan()[5:]
    assert ranked(dead_ends) == [(place, "BLOCKED") for place in ("arm-compiler", "box64", "libredgetpu")]
    assert all(len(route.reasons) == 1 and len(route.reasons[0].text) > 40 for route in dead_ends)


def test_the_abandoned_compiler_for_arm():
    legacy = EdgeTpuCompiler(
        wrapper=Path("/opt/edgetpu_compiler"), architecture="aarch64", binary=Path("/opt/x"), origin="PATH"
    )
    routes = plan(emulation=WITH_QEMU, toolchains=EdgeTpu(compiler=legacy))
    assert routes[0].reasons[0].code == "TCH003"


def test_a_script_of_the_users_own_is_run_as_it_is():
    own = EdgeTpuCompiler(wrapper=Path("/usr/local/bin/edgetpu_compiler"), origin="PATH")
    answers = (Answer(place="local", argv=("edgetpu_compiler",), version="16.0.384591198"),)
    assert ranked(plan(toolchains=EdgeTpu(compiler=own, answers=answers)))[0] == ("local", "READY")


@pytest.mark.parametrize(
    ("remote", "verdict"),
    [
        (Remote(host="b", answers=True, system="Linux x86_64", compiler="/usr/bin/edgetpu_compiler"), "READY"),
        (Remote(host="b", answers=True, system="Linux x86_64"), "FIXABLE"),
        (Remote(host="b", answers=True, system="Linux aarch64"), "BLOCKED"),
        (Remote(host="b", words="Permission denied (publickey)."), "FIXABLE"),
    ],
)
def test_another_machine(remote, verdict):
    (route,) = [route for route in plan(remote=remote, ssh_host="b") if route.stages[0].place == "ssh"]
    assert route.verdict.name == verdict


def test_docker_on_arm_needs_a_handler_with_f():
    compiler = answering("qemu")
    (route,) = [
        r for r in plan(emulation=WITH_QEMU, toolchains=compiler, containers=DOCKER) if r.stages[0].place == "docker"
    ]
    assert (route.reasons[0].code, route.reasons[0].fix.commands[0][-1]) == ("EMU010", "amd64")


@pytest.mark.parametrize("options", [{"notebook": True}, {"resume": Path("x.tflite")}])
def test_the_notebook_is_open_to_who_asks_for_it(options):
    (route,) = [route for route in plan(**options) if route.stages[0].place == "notebook"]
    assert route.verdict is Verdict.READY
