"""Finding probes, actions and renderers, built in and from plug-ins."""

import json
import os
import sys
from pathlib import Path

import pytest

from envdoctor import registry
from envdoctor.core.command import Command
from envdoctor.core.data import load_table
from envdoctor.core.errors import EnvDoctorError
from envdoctor.core.finding import Outcome
from envdoctor.doctor.check import CheckRequest, check
from envdoctor.executors.local import LocalExecutor
from envdoctor.plugged import trial
from envdoctor.support import containment
from envdoctor.toolchains.catalogue import catalogue

run = LocalExecutor().run

PROBE = '''
from envdoctor.probing import probe

@probe("{code}")
def check(facts):
    """A plug-in's question.

    Why, and how.
    """
    return ()
'''


@pytest.fixture
def plugin(tmp_path, monkeypatch):
    """Install a plug-in: a module, and a dist-info that names it as an entry point."""

    def install(code, name, group="envdoctor.probes"):
        module = f"{code.lower()}_{name}"
        (tmp_path / f"{module}.py").write_text(PROBE.format(code=code))
        info = tmp_path / f"{name}-1.0.dist-info"
        info.mkdir()
        (info / "entry_points.txt").write_text(f"[console_scripts]\nx = y:z\n\n[{group}]\nmine = {module}\n")
        monkeypatch.syspath_prepend(str(tmp_path))
        monkeypatch.delitem(sys.modules, module, raising=False)
        return module

    return install


def test_built_in_probes_are_found_in_order():
    codes = [one.code for one in registry.probes()]
    assert codes == sorted(codes)
    assert len(codes) == len(set(codes)) > 10


def test_probes_of_other_families_are_not_even_imported(plugin, monkeypatch):
    plugin("XYZ903", "kept")
    for name in [name for name in sys.modules if name.startswith("envdoctor_probes.")]:
        monkeypatch.delitem(sys.modules, name)
    codes = {one.code for one in registry.probes(frozenset({"PYT"}))}
    assert codes >= {"PYT001", "XYZ903"}
    assert not {code for code in codes if code[:3] in {"EMU", "MDL", "PKG"}}
    assert not [name for name in sys.modules if name.startswith("envdoctor_probes.pkg")]


def test_a_plug_in_is_found(plugin):
    plugin("XYZ901", "other")
    assert "XYZ901" in [one.code for one in registry.probes()]


def test_an_entry_point_of_another_group_is_not(plugin):
    plugin("XYZ902", "foreign", group="somebody.probes")
    assert "XYZ902" not in [one.code for one in registry.probes()]


def test_actions_are_found_by_name():
    names = {one.name for one in registry.actions()}
    assert {"tf-int8", "tf-float", "litert-int8", "vela", "edgetpu"} <= names


def test_an_unknown_format_names_the_known_ones():
    with pytest.raises(EnvDoctorError, match=r"no report format 'pdf'; the formats are .*json.*terminal"):
        registry.renderer("pdf")


def test_compilers_are_found_with_what_they_make():
    assert {"edgetpu", "litert", "vela"} <= registry.compilers().keys()
    assert {"tflite-float", "tflite-int8", "edgetpu-tflite", "vela-tflite"} <= registry.products().keys()


def problems():
    """What is said of each distribution."""
    return {one.entry.distribution: one.text for one in registry.plugins().problems}


def test_without_plug_ins_there_is_nothing_to_say():
    assert not registry.plugins().problems


def test_what_is_fine_is_listed_and_not_complained_of(plugin):
    module = plugin("XYZ901", "good")
    assert module in {one.module for one in registry.plugins().entries}
    assert not problems()


@pytest.mark.slow
@pytest.mark.parametrize("group", ["probes", "actions", "compilers", "renderers"])
@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("import nothing_of_that_name\n", "can't be imported: ModuleNotFoundError: No module named"),
        ("def broken(:\n", "can't be imported: SyntaxError"),
        ("raise SystemExit('bye')\n", "can't be imported: SystemExit: bye"),
        ("PROBE = ACTION = COMPILER = render = 'a text'\n", "holds no module with"),
    ],
)
def test_a_plug_in_that_can_not_be_used_is_left_out_and_named(plugin, tmp_path, group, text, said):
    before = [one.code for one in registry.probes()], list(registry.compilers()), len(registry.actions())
    module = plugin("XYZ904", "broken", group=f"envdoctor.{group}")
    (tmp_path / f"{module}.py").write_text(text)
    assert ([one.code for one in registry.probes()], list(registry.compilers()), len(registry.actions())) == before
    assert problems().keys() == {"broken-1.0"}
    assert problems()["broken-1.0"].startswith(said)


@pytest.mark.parametrize("group", ["probes", "actions", "compilers", "renderers", "toolchains"])
def test_a_package_of_a_plug_in_that_ends_or_prints_does_neither_here(plugin, tmp_path, group, capsys, monkeypatch):
    """To look for `package.module` imports the package, which must not end the doctor, and with 0 at that."""
    # A probe that never ended, of another test, still holds the output of that test.
    monkeypatch.setattr(containment, "_guests", set())
    monkeypatch.setattr(containment, "_outputs", [])
    package = plugin("XYZ907", "ending", group=f"envdoctor.{group}")
    info = tmp_path / "ending-1.0.dist-info" / "entry_points.txt"
    info.write_text(f"[envdoctor.{group}]\nmine = {package}.inner\n")
    (tmp_path / f"{package}.py").unlink()
    (tmp_path / package).mkdir()
    (tmp_path / package / "__init__.py").write_text("print('hello')\nraise SystemExit(0)\n")
    assert problems().keys() == {"ending-1.0"}
    assert capsys.readouterr().out == ""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("import os\nos._exit(0)\n", "can't be imported: its import ends the process: it exited with status 0"),
        ("import os\nos._exit(3)\n", "can't be imported: its import ends the process: it exited with status 3"),
        ("import os\nos.write(1, b'fine')\nos.abort()\n", "can't be imported: its import ends the process"),
        ("raise KeyboardInterrupt\n", "can't be imported: its import raises KeyboardInterrupt"),
        ("import json\njson.dumps = print\n", "can't be imported: its import replaces json.dumps, which others use"),
        ("import builtins\nbuiltins.len = id\n", "can't be imported: its import replaces builtins.len"),
        ("import envdoctor.probing as one\none.run_probe = None\n", "can't be imported: its import replaces envdoctor"),
        ("while True:\n    pass\n", "can't be imported: its import had not come to an end after"),
        ("import time\ntime.sleep(1000)\n", "can't be imported: its import had not come to an end after"),
    ],
)
def test_a_plug_in_whose_import_ends_or_holds_the_process_is_named(plugin, tmp_path, text, said, monkeypatch):
    monkeypatch.setenv("ENVDOCTOR_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(trial, "_LIMIT", 2.0)
    before = [one.code for one in registry.probes()]
    module = plugin("XYZ912", "deadly")
    (tmp_path / f"{module}.py").write_text(text)
    trial.why_not_imported.cache_clear()
    assert [one.code for one in registry.probes()] == before
    assert problems()["deadly-1.0"].startswith(said)
    trial.why_not_imported.cache_clear()


@pytest.mark.slow
def test_what_imports_is_tried_once_and_again_when_it_changes(plugin, tmp_path, tmp_path_factory, monkeypatch):
    monkeypatch.setenv("ENVDOCTOR_CACHE", str(tmp_path_factory.mktemp("cache")))
    module, tried = plugin("XYZ913", "tried"), []
    monkeypatch.setattr(trial.LocalExecutor, "run", lambda _, command: tried.append(command) or run(command))
    for text, expected in ((PROBE, 1), (PROBE, 1), (PROBE + "# changed\n", 2)):
        (tmp_path / f"{module}.py").write_text(text.format(code="XYZ913"))
        os.utime(tmp_path / f"{module}.py", ns=(len(text), len(text)))
        sys.modules.pop(module, None)
        trial.why_not_imported.cache_clear()
        assert "XYZ913" in [one.code for one in registry.probes()]
        assert len(tried) == expected


def test_a_module_of_a_plug_in_that_does_not_import_leaves_the_others(plugin, tmp_path):
    module = plugin("XYZ905", "several")
    (tmp_path / f"{module}.py").unlink()
    (tmp_path / module).mkdir()
    (tmp_path / module / "__init__.py").write_text("")
    (tmp_path / module / "xyz905_fine.py").write_text(PROBE.format(code="XYZ905"))
    (tmp_path / module / "xyz906_bad.py").write_text("1 / 0\n")
    assert "XYZ905" in [one.code for one in registry.probes()]
    assert "xyz906_bad: ZeroDivisionError" in problems()["several-1.0"]


def test_a_code_that_stands_twice_counts_once(plugin):
    plugin("XYZ907", "first")
    plugin("XYZ907", "second")
    assert [one.code for one in registry.probes()].count("XYZ907") == 1
    assert list(problems().values()) == ["has XYZ907, and there is another XYZ907 already"]


@pytest.mark.parametrize("code", ["PKG001", "PKG950"])
def test_a_plug_in_may_not_take_letters_of_ours(plugin, code):
    ours = [one for one in registry.probes() if one.code == code]
    plugin(code, "taken")
    assert [one for one in registry.probes() if one.code == code] == ours
    assert "PKG is envdoctor's own; give it three other letters" in problems()["taken-1.0"]


def test_a_format_of_a_name_that_is_built_in_is_told(plugin, tmp_path):
    module = plugin("XYZ908", "formats", group="envdoctor.renderers")
    (tmp_path / f"{module}.py").unlink()
    (tmp_path / module).mkdir()
    (tmp_path / module / "__init__.py").write_text("")
    for name in ("html", "xyz"):
        (tmp_path / module / f"{name}.py").write_text("def render(report):\n    return 'mine'\n")
    assert registry.renderer("xyz").render(None) == "mine"
    assert registry.renderer("html").__name__ == "envdoctor_reports.html"
    assert problems()["formats-1.0"] == "has html, and there is another html already"


def test_entry_points_that_can_not_be_read_are_told(tmp_path, monkeypatch):
    info = tmp_path / "odd-1.0.dist-info"
    info.mkdir()
    (info / "entry_points.txt").write_text("x = y\n[envdoctor.probes]\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    assert "its entry_points.txt can't be read" in problems()["odd-1.0"]
    assert registry.probes()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[acmec]\n", "lacks title"),
        ("acmec = 5\n", "is no table"),
        ("[acmec\n", "is no TOML file"),
        ("[acmec]\ntitle = 'x'\ncolour = 'x'\n", "has what nobody reads: colour"),
        ("[edgetpu-compiler]\ntitle = 'x'\n", "is the name of another row already"),
    ],
)
def test_a_table_that_is_wrong_is_left_out_and_told(plugin, tmp_path, text, said):
    module = plugin("XYZ909", "tools", group="envdoctor.toolchains")
    (tmp_path / f"{module}.py").unlink()
    (tmp_path / module).mkdir()
    (tmp_path / module / "__init__.py").write_text("raise RuntimeError('is never imported')\n")
    (tmp_path / module / "toolchains.toml").write_text(text)
    load_table.cache_clear()
    try:
        assert catalogue().keys() == {"edgetpu-compiler", "qemu-x86_64"}
        assert said in problems()["tools-1.0"]
    finally:
        load_table.cache_clear()


@pytest.mark.slow
def test_what_an_import_changes_is_put_back_and_told_and_the_probe_is_asked(plugin, tmp_path, monkeypatch):
    monkeypatch.setenv("KEPT", "as it was")
    module = plugin("XYZ913", "moving")
    text = PROBE.format(code="XYZ913")
    (tmp_path / f"{module}.py").write_text(f"import os\nos.chdir('/')\nos.environ['KEPT'] = ''\n{text}")
    folder = Path.cwd()
    assert "XYZ913" in [one.code for one in registry.probes()]
    assert (Path.cwd(), os.environ["KEPT"]) == (folder, "as it was")
    monkeypatch.delitem(sys.modules, module)
    assert problems()["moving-1.0"].startswith("changed the current folder and the variables KEPT when it was imported")


NOISE = """print('noise')
    import atexit, os, subprocess
    os.write(1, b'noise')
    subprocess.run(['echo', 'noise'])
    atexit.register(print, 'noise')
    os.close(1)
    return ()"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="the streams of a console are others there")
def test_standard_output_is_the_report_whatever_a_plug_in_its_programs_and_its_native_code_print(plugin, tmp_path):
    module = plugin("XYZ914", "noisy")
    text = PROBE.format(code="XYZ914").replace("return ()", NOISE)
    (tmp_path / f"{module}.py").write_text(text)
    argv = (sys.executable, "-m", "envdoctor", "check", "--only", "XYZ", "--json")
    done = run(Command(argv=argv, env={"PYTHONPATH": str(tmp_path)}))
    assert [one["outcome"] for one in json.loads(done.stdout)["probes"]] == ["passed"]
    assert done.stderr.count("noise") == 4


@pytest.mark.slow
def test_a_probe_that_replaces_a_function_is_crashed_and_the_function_back(plugin, tmp_path):
    module = plugin("XYZ915", "patching")
    text = PROBE.format(code="XYZ915").replace("return ()", "import json\n    json.dumps = None\n    return ()")
    (tmp_path / f"{module}.py").write_text(text)
    kept = json.dumps
    (told,) = check(CheckRequest(only=("XYZ915",), python=Path(sys.executable))).probes
    assert (told.outcome, told.reason.rpartition(": ")[2]) == (Outcome.CRASHED, "it changed json.dumps")
    assert json.dumps is kept


@pytest.mark.slow
def test_check_tells_what_is_wrong_with_plug_ins(plugin, tmp_path):
    plugin("XYZ910", "crashing")
    (tmp_path / "xyz910_crashing.py").write_text(PROBE.format(code="XYZ910").replace("return ()", "return 1 / 0"))
    module = plugin("XYZ911", "broken")
    (tmp_path / f"{module}.py").write_text("import nothing_of_that_name\n")
    report = check(CheckRequest(only=("HST014", "XYZ"), python=Path(sys.executable)))
    told, crashed = report.probes
    assert told.outcome is Outcome.FAILED
    assert "The plug-in broken-1.0 does not work as it should: xyz911_broken (entry point" in told.findings[0].message
    assert crashed.outcome is Outcome.CRASHED
    assert crashed.reason.startswith("a bug of the plug-in xyz910_crashing: ZeroDivisionError")
    assert not report.is_fine


@pytest.mark.slow
def test_without_plug_ins_the_question_does_not_apply():
    assert (
        check(CheckRequest(only=("HST014",), python=Path(sys.executable))).probes[0].outcome is Outcome.DOES_NOT_APPLY
    )
