"""Which wheels of a set nothing else requires."""

import pytest

from envdoctor.availability.requiring import outermost_wheels
from envdoctor.support.bytes import MemoryBytes
from envdoctor.wheels.contents import read_contents
from index_wheels import wheel as packed


@pytest.mark.parametrize(
    ("requires", "outermost"),
    [
        ({"app": ["lib"], "lib": []}, ["app"]),
        ({"app": ["lib"], "lib": ['app; extra == "test"']}, ["app"]),
        ({"app": ["lib"], "lib": ["app>=1"], "base": []}, ["app", "lib", "base"]),
        ({"app": ["lib[fast]>=1"], "lib": ["base"], "base": ["lib"]}, ["app"]),
        ({"app": ["app[more]", "absent"], "lib": []}, ["app", "lib"]),
    ],
)
def test_outermost_wheels(requires, outermost):
    wheels = [
        read_contents(MemoryBytes(packed(name, "1.0", requires=lines, extras=["test"])[1]))
        for name, lines in requires.items()
    ]
    assert [wheels[index].metadata.name for index in outermost_wheels(wheels)] == outermost
