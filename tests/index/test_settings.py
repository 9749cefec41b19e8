"""Settings from real pip configuration files in the folders where pip looks for them."""

from __future__ import annotations

import os
import sys
from pathlib import Path, PureWindowsPath

import pytest

from envdoctor.core.errors import UsageProblem
from envdoctor.index.default_index import default_index_url, first_default, parse_default, pip_sources
from envdoctor.index.pip_configuration import configuration_files
from envdoctor.index.settings import IndexSettings, load_settings, settings_from_options

posix = pytest.mark.skipif(sys.platform == "win32", reason="the folders are those of POSIX systems")


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("XDG_CONFIG_DIRS", str(tmp_path / "xdg"))
    for name in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(name)
    return tmp_path


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def load(home, environ=None, command="install"):
    return load_settings(command=command, environ=environ or {}, prefix=home / "venv")


@posix
def test_files_override_each_other_in_pips_order(home):
    write(home / "xdg/pip/pip.conf", "[global]\nindex-url = https://global.test/simple\ntimeout = 1\nretries = 1\n")
    write(home / ".pip/pip.conf", "[global]\nindex-url = https://legacy.test/simple\nproxy = http://legacy.test\n")
    write(home / "config/pip/pip.conf", "[global]\nindex_url = https://user.test/simple\ntimeout = 2\n")
    write(home / "venv/pip.conf", "[global]\nindex-url = https://site.test/simple\n")
    settings = load(home)
    assert settings.index_url == "https://site.test/simple"
    assert settings.configured
    assert (settings.timeout, settings.retries, settings.proxy) == (2.0, 1, "http://legacy.test")


@posix
def test_a_file_named_by_the_environment_replaces_the_users(home):
    write(home / "config/pip/pip.conf", "[global]\nproxy = http://user.test\n")
    write(home / "venv/pip.conf", "[global]\nindex-url = https://site.test/simple\n")
    named = write(home / "named.conf", "[global]\nindex-url = https://named.test/simple\n")
    settings = load(home, {"PIP_CONFIG_FILE": str(named)})
    assert (settings.index_url, settings.proxy) == ("https://named.test/simple", None)
    missing = load(home, {"PIP_CONFIG_FILE": str(home / "absent.conf")})
    assert missing.proxy == "http://user.test"


@posix
def test_the_null_device_switches_every_file_off(home):
    write(home / "config/pip/pip.conf", "[global]\nindex-url = https://user.test/simple\n")
    settings = load(home, {"PIP_CONFIG_FILE": os.devnull})
    assert not settings.configured


@posix
def test_sections_and_variables(home):
    write(
        home / "config/pip/pip.conf",
        "[install]\nindex-url = https://install.test/simple\n"
        "[global]\nindex-url = https://global.test/simple\n"
        "[download]\nindex-url = https://download.test/simple\n",
    )
    assert load(home).index_url == "https://install.test/simple"
    assert load(home, command="download").index_url == "https://download.test/simple"
    assert load(home, command="wheel").index_url == "https://global.test/simple"
    assert load(home, {"PIP_INDEX_URL": "https://variable.test/simple"}).index_url == "https://variable.test/simple"
    assert load(home, {"PIP_INDEX_URL": ""}).index_url == "https://install.test/simple"


@posix
def test_lists_are_split_at_blanks_and_lines(home):
    write(
        home / "config/pip/pip.conf",
        "[global]\nextra-index-url =\n    https://a.test/simple\n    https://u:p@b.test/simple\n"
        "find-links = ~/wheels https://c.test/links.html\ntrusted-host = a.test b.test:8443\nno-index = false\n",
    )
    (home / "wheels").mkdir()
    settings = load(home, {"PIP_DEFAULT_TIMEOUT": "3"})
    assert settings.extra_index_urls == ("https://a.test/simple", "https://u:p@b.test/simple")
    assert settings.find_links == (str(home / "wheels"), "https://c.test/links.html")
    assert settings.trusted_hosts == ("a.test", "b.test:8443")
    assert settings.timeout == 3.0


def test_no_index_leaves_only_find_links():
    settings = settings_from_options({"no-index": "1", "index-url": "https://a.test/simple", "find-links": "wheels"})
    assert settings.index_urls == ()
    assert settings.described == ("wheels",)


def test_secrets_are_in_neither_the_value_nor_the_description():
    settings = settings_from_options(
        {
            "index-url": "https://me:hunter2@a.test/simple",
            "extra-index-url": "https://hunter2@b.test/simple",
            "find-links": "https://me:hunter2@c.test/",
            "proxy": "http://me:hunter2@proxy.test:3128",
        }
    )
    assert "hunter2" not in repr(settings)
    assert settings.described == ("https://****@a.test/simple", "https://****@b.test/simple", "https://****@c.test/")


def test_the_later_of_two_names_for_one_option_wins():
    assert settings_from_options({"timeout": "5", "default-timeout": "7"}).timeout == 7.0
    assert settings_from_options({"default-timeout": "7", "timeout": "5"}).timeout == 5.0


@pytest.mark.parametrize("options", [{"timeout": "soon"}, {"no-index": "maybe"}, {"retries": "many"}])
def test_a_value_that_pip_would_refuse_is_refused(options):
    with pytest.raises(UsageProblem, match=next(iter(options))):
        settings_from_options(options)


@posix
def test_a_broken_file_is_named(home):
    file = write(home / "config/pip/pip.conf", "index-url = https://a.test\n")
    with pytest.raises(UsageProblem, match=r"pip\.conf can't be read: File contains no section headers"):
        load(home)
    file.write_bytes(b"[global]\nindex-url = \xff\xfe\n")
    with pytest.raises(UsageProblem, match="can't be read"):
        load(home)


def test_the_default_index_is_the_one_that_pips_source_declares():
    source = (
        'PyPI = PackageIndex("https://index.test/", file_storage_domain="x")\nTestPyPI = PackageIndex("https://t/")\n'
    )
    assert parse_default(source) == "https://index.test/simple"
    assert parse_default("PyPI = something_else()") is None
    assert parse_default("not python (") is None
    assert first_default(["", source]) == "https://index.test/simple"
    assert first_default([]) is None


def test_a_pip_near_this_interpreter_declares_a_default():
    if not list(pip_sources()):
        pytest.skip("this interpreter has neither pip nor ensurepip")
    url = default_index_url()
    assert url is not None
    assert url.startswith("https://")
    assert url.endswith("/simple")


def test_defaults_are_pips():
    assert (IndexSettings().timeout, IndexSettings().retries) == (15.0, 5)


def test_where_pip_looks_on_macos(home):
    """pip's documentation, "Configuration", "Location"."""
    support = "Library/Application Support/pip"

    def files():
        return [str(file) for file in configuration_files({}, Path("/env"), "darwin")]

    user = [f"{home}/.pip/pip.conf", f"{home}/.config/pip/pip.conf"]
    assert files() == [f"/{support}/pip.conf", *user, "/env/pip.conf"]
    (home / support).mkdir(parents=True)
    assert files()[2] == f"{home}/{support}/pip.conf"


def test_where_pip_looks_on_windows(home, monkeypatch):
    """The same page; the folders are what Windows 11 answers for the two names."""
    told = {"CSIDL_COMMON_APPDATA": r"C:\ProgramData", "CSIDL_APPDATA": r"C:\Users\ann\AppData\Roaming"}
    monkeypatch.setattr("platformdirs.windows.get_win_folder", told.__getitem__)
    files = [PureWindowsPath(str(file)) for file in configuration_files({}, Path("env"), "win32")]
    assert [file.as_posix() for file in files] == [
        "C:/ProgramData/pip/pip.ini",
        f"{home}/pip/pip.ini",
        "C:/Users/ann/AppData/Roaming/pip/pip.ini",
        "env/pip.ini",
    ]


@pytest.mark.parametrize("name", ["retries", "timeout"])
@pytest.mark.parametrize("value", ["inf", "nan", "-1", "9" * 400, "x"])
def test_a_number_that_is_none_is_told(name, value):
    with pytest.raises(UsageProblem, match=rf"{name} has the value .* it takes a number"):
        settings_from_options({name: value})
