"""Finding probes, actions and renderers, built in and from plug-ins."""

import sys

import pytest

from envdoctor import registry
from envdoctor.core.errors import EnvDoctorError

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
    plugin("HST903", "kept")
    for name in [name for name in sys.modules if name.startswith("envdoctor_probes.")]:
        monkeypatch.delitem(sys.modules, name)
    codes = {one.code for one in registry.probes(frozenset({"PYT"}))}
    assert codes >= {"PYT001", "HST903"}
    assert not {code for code in codes if code[:3] in {"EMU", "MDL", "PKG"}}
    assert not [name for name in sys.modules if name.startswith("envdoctor_probes.pkg")]


def test_a_plug_in_is_found(plugin):
    plugin("HST901", "other")
    assert "HST901" in [one.code for one in registry.probes()]


def test_an_entry_point_of_another_group_is_not(plugin):
    plugin("HST902", "foreign", group="somebody.probes")
    assert "HST902" not in [one.code for one in registry.probes()]


def test_a_code_that_stands_twice_is_an_error(plugin):
    taken = registry.probes()[0].code
    plugin(taken, "copy")
    with pytest.raises(EnvDoctorError, match=f"two plug-ins are called {taken}"):
        registry.probes()


def test_actions_are_found_by_name():
    names = {one.name for one in registry.actions()}
    assert {"tf-int8", "tf-float", "litert-int8", "vela", "edgetpu"} <= names


def test_an_unknown_format_names_the_known_ones():
    with pytest.raises(EnvDoctorError, match=r"no report format 'pdf'; the formats are .*json.*terminal"):
        registry.renderer("pdf")


def test_compilers_are_found_with_what_they_make():
    assert {"edgetpu", "litert", "vela"} <= registry.compilers().keys()
    assert {"tflite-float", "tflite-int8", "edgetpu-tflite", "vela-tflite"} <= registry.products().keys()


@pytest.mark.parametrize("group", ["probes", "compilers"])
def test_a_plug_in_that_does_not_import_is_named(plugin, tmp_path, group):
    module = plugin("HST904", "broken", group=f"envdoctor.{group}")
    (tmp_path / f"{module}.py").write_text("import nothing_of_that_name\n")
    with pytest.raises(EnvDoctorError, match=f"the plug-in {module} .*{group}.*nothing_of_that_name"):
        registry.probes()
