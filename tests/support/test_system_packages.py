"""Packages of Linux distributions by the libraries they hold."""

import pytest

from envdoctor.core.data import load_table
from envdoctor.support.system_packages import package_of


@pytest.mark.parametrize(
    ("library", "distribution", "command"),
    [
        ("libGL.so.1", "debian", "sudo apt-get install libgl1"),
        ("libGL.so.1", "ubuntu", "sudo apt-get install libgl1"),
        ("libGL.so.1", "linuxmint", "sudo apt-get install libgl1"),
        ("libGL.so.1", "raspbian", "sudo apt-get install libgl1"),
        ("libGL.so.1", "fedora", "sudo dnf install mesa-libGL"),
        ("libGL.so.1", "rocky", "sudo dnf install mesa-libGL"),
        ("libGL.so.1", "alpine", "sudo apk add mesa-gl"),
        ("libopenblas.so.0", "alpine", "sudo apk add openblas"),
        ("LIBGL.SO.1", "debian", "sudo apt-get install libgl1"),
    ],
)
def test_the_command_of_each_family(library, distribution, command):
    package = package_of(library, distribution)
    assert package.command == tuple(command.split())
    assert package.name == package.command[-1]


@pytest.mark.parametrize(
    ("library", "distribution"),
    [("libGL.so.1", "nixos"), ("libGL.so.1", ""), ("libgone.so", "debian"), ("libatlas.so.3", "fedora")],
)
def test_what_the_table_does_not_know(library, distribution):
    assert package_of(library, distribution) is None


def test_the_table():
    table = load_table("system_packages")
    families = table["families"]
    assert all(library == library.lower() for library in table["packages"])
    assert all(set(names) <= set(families) for names in table["packages"].values())
    kinds = [kind for row in families.values() for kind in row["like"]]
    assert len(kinds) == len(set(kinds))
