"""What the use of a distribution imports."""

import pytest

from envdoctor.core.finding import Severity
from envdoctor.imports.surface import import_surface
from wheel_files import contents_of


def surface(files, scripts=None, name="pkg"):
    return [
        (each.use, each.module, each.attribute, each.severity)
        for each in import_surface(contents_of(files, name=name, scripts=scripts))
    ]


def test_packages_come_first_then_what_commands_enter():
    files = {"pkg/__init__.py": "", "pkg/cli.py": ""}
    assert surface(files, {"pkg": "pkg.cli:main", "other": "pkg.cli:tool.run"}) == [
        ("`import pkg`", "pkg", "", Severity.ERROR),
        ("the command `pkg`", "pkg.cli", "main", Severity.ERROR),
        ("the command `other`", "pkg.cli", "tool.run", Severity.WARNING),
    ]


def test_a_command_that_enters_the_package_itself_imports_nothing_more():
    assert [module for _, module, _, _ in surface({"pkg/__init__.py": ""}, {"pkg": "pkg:main"})] == ["pkg"]


def test_a_command_of_an_extra_is_left_out():
    assert len(surface({"pkg/__init__.py": ""}, {"pkgd": "pkg.server:main [d]"})) == 1


@pytest.mark.parametrize(
    ("packages", "scripts", "modules"),
    [
        (["pkg", "pkgd"], {"pkgd": "pkgd:main [d]"}, ["pkg"]),
        (["pkg", "pkgd"], {"pkgd": "pkgd:main [d]", "more": "pkgd:main"}, ["pkg", "pkgd"]),
        (["pkg", "pkgd"], {"pkgd": "pkgd.server:main [d]"}, ["pkg", "pkgd"]),
        (["pkg", "pkgd"], {"pkg": "pkg:main [d]"}, ["pkg", "pkgd"]),
        (["pkgd"], {"pkgd": "pkgd:main [d]"}, ["pkgd"]),
    ],
)
def test_a_package_that_only_a_command_of_an_extra_enters_is_left_out(packages, scripts, modules):
    files = {f"{package}/__init__.py": "" for package in packages}
    assert [module for _, module, _, _ in surface(files, scripts)] == modules


def test_a_distribution_that_only_has_commands_of_others():
    assert surface({}, {"pkg": "elsewhere.cli:main"}) == [
        ("the command `pkg`", "elsewhere.cli", "main", Severity.ERROR)
    ]


@pytest.mark.parametrize(
    ("files", "modules"),
    [
        ({"pkg/__init__.py": "", "tests/__init__.py": "", "_private.py": ""}, ["pkg"]),
        ({"space/a/__init__.py": "", "space/b/__init__.py": "", "space/c/data.txt": ""}, ["space.a", "space.b"]),
        ({"single.py": ""}, ["single"]),
    ],
)
def test_what_can_be_imported(files, modules):
    assert [module for _, module, _, _ in surface(files)] == modules


def test_what_is_neither_the_only_package_nor_that_of_its_name_matters_less():
    files = {"pkg/__init__.py": "", "helper/__init__.py": ""}
    assert {module: severity for _, module, _, severity in surface(files)} == {
        "pkg": Severity.ERROR,
        "helper": Severity.WARNING,
    }
