import json

import pytest

from envdoctor.core.finding import Fix
from envdoctor.facts import Facts
from envdoctor.facts.packages import Distribution, Packages
from envdoctor.facts.packages.installers import installer_for, suited
from envdoctor.facts.python import Python
from sites import Site, facts_of

FOO = Distribution(name="foo", version="1.0")
PIP = Packages(distributions=(Distribution(name="pip"),))
PYTHON = Python(executable="/env/bin/python", prefix="/env")


def test_pip_of_that_python():
    pip = installer_for(PYTHON, PIP, FOO)
    assert pip.install("numpy", "<2") == (("/env/bin/python", "-m", "pip", "install", "numpy<2"),)
    assert pip.reinstall(FOO)[0][4:] == ("--force-reinstall", "--no-deps", "foo==1.0")
    assert pip.remove(FOO) == (("/env/bin/python", "-m", "pip", "uninstall", "--yes", "foo"),)


@pytest.mark.parametrize(("packages", "told"), [(Packages(), "pip"), (PIP, "uv")])
def test_uv_where_uv_installed_it_or_there_is_no_pip(packages, told):
    uv = installer_for(PYTHON, packages, Distribution(name="foo", installer=told))
    (reinstall,), (remove,) = uv.reinstall(FOO), uv.remove(FOO)
    assert reinstall == (
        *("uv", "pip", "install", "--python", "/env/bin/python"),
        *("--reinstall", "--no-deps", "foo==1.0"),
    )
    assert remove == ("uv", "pip", "uninstall", "--python", "/env/bin/python", "foo")


def test_conda_for_what_conda_installed():
    conda = installer_for(Python(prefix="/opt/conda", conda=True), PIP, Distribution(name="foo", installer="conda"))
    (reinstall,) = conda.reinstall(FOO)
    assert reinstall == (
        *("conda", "install", "--prefix", "/opt/conda", "--yes"),
        *("--force-reinstall", "--no-deps", "foo=1.0"),
    )
    assert installer_for(Python(conda=True), PIP, FOO).name == "pip"


def test_what_conda_installed_is_left_to_conda_under_its_own_name(tmp_path):
    """Whatever probe proposes it: pip would write over conda's files, and conda would not know."""
    site = Site(tmp_path / "site")
    site.install("msgpack", installer="conda")
    site.install("theirs")
    records = tmp_path / "conda-meta"
    records.mkdir()
    (records / "msgpack-2.0-0.json").write_text("{")
    for name, folder in (("msgpack-python", "msgpack-1.0"), ("python", "python")):
        files = [f"lib/python3.11/site-packages/{folder}.dist-info/METADATA"]
        (records / f"{name}-1.0-0.json").write_text(json.dumps({"name": name, "files": files}))
    facts = facts_of(site, executable="/env/bin/python", prefix=str(tmp_path), conda=True)
    conda = ("conda", "install", "--prefix", str(tmp_path), "--yes")
    pip = ("/env/bin/python", "-m", "pip", "install")

    def commands(*command):
        return suited(Fix(text="Mend it.", commands=(command,)), facts).commands[0]

    assert commands(*pip, "msgpack<2,>=1") == (*conda, "msgpack-python<2,>=1")
    assert commands(*pip, "--force-reinstall", "--no-deps", "msgpack==1.0")[-3:] == (
        "--force-reinstall",
        "--no-deps",
        "msgpack-python=1.0",
    )
    assert commands(*pip[:3], "uninstall", "--yes", "msgpack") == ("conda", "remove", *conda[2:], "msgpack-python")
    assert commands(*conda, "--force-reinstall", "--no-deps", "msgpack=1.0")[-1] == "msgpack-python=1.0"
    for other in ("theirs<2", "nowhere"):
        assert commands(*pip, other) == (*pip, other)


def test_the_system_s_own_are_left_to_it():
    assert installer_for(PYTHON, PIP, Distribution(name="foo", system=True)) is None


@pytest.mark.parametrize("packages", [PIP, Packages()])
def test_nothing_is_installed_into_a_python_that_the_system_looks_after(packages):
    managed = Python(executable="/usr/bin/python3", externally_managed="/usr/lib/python3.11/EXTERNALLY-MANAGED")
    installer = installer_for(managed, packages)
    for commands in (installer.install("foo"), installer.reinstall(FOO), installer.remove(FOO)):
        fix = suited(Fix(text="Install foo.", commands=commands), Facts(python=managed))
        assert fix.commands == (("/usr/bin/python3", "-m", "venv", ".venv"),)
        assert "looks after" in fix.text
        same = Fix(text="Install foo.", commands=commands)
        assert suited(same, Facts(python=PYTHON)) is same
    other = Fix(text="Install foo.", commands=(("sudo", "apt-get", "install", "foo"),))
    assert suited(other, Facts(python=managed)) is other
