"""What several routes share, and what opens the best."""

from __future__ import annotations

import dataclasses

import sample_reports as samples
from envdoctor.core.finding import Fix
from envdoctor.core.route import Reason, Verdict
from envdoctor_reports._routes import fold, opening, opening_line

FIXABLE, BLOCKED = samples.routes_blocked().routes
SAMPLES = Reason(verdict=Verdict.FIXABLE, text="needs samples", fix=Fix(text="Give some."))


def needs(route, *reasons, name="way"):
    """The route, with other reasons at its first stage and none elsewhere."""
    first, *others = (dataclasses.replace(stage, reasons=()) for stage in route.stages)
    return dataclasses.replace(route, name=name, stages=(dataclasses.replace(first, reasons=reasons), *others))


def test_what_all_routes_have_is_told_once():
    folded = fold((FIXABLE, BLOCKED))
    assert [one.text for one in folded.shared] == [
        "TensorFlow is not installed: 335 MB to download",
        "edgetpu_compiler was not found",
    ]
    assert [[one.line for one in group.routes] for group in folded.groups] == [
        ["1. tf-int8+edgetpu: needs a step"],
        ["2. tf-int8+edgetpu@qemu: blocked"],
    ]
    assert [len(group.obstacles) for group in folded.groups] == [0, 1]
    assert folded.groups[1].routes[0].blocked_by == "qemu-x86_64 crashes under a 16 KiB page size (EMU004)"


def test_a_single_route_keeps_its_reasons():
    folded = fold((FIXABLE,))
    assert not folded.shared
    (group,) = folded.groups
    assert [one.text for one in group.obstacles] == ["edgetpu_compiler was not found"]
    assert [one.text for one in group.routes[0].remarks] == ["TensorFlow is not installed: 335 MB to download"]
    assert not group.whose


def test_neighbours_with_the_same_in_their_way_stand_together_and_ranks_in_their_order():
    other = Reason(verdict=Verdict.FIXABLE, text="no other machine was named")
    two = (needs(FIXABLE, SAMPLES), needs(FIXABLE, SAMPLES))
    found = fold((*two, needs(FIXABLE, other), needs(FIXABLE, SAMPLES), needs(BLOCKED)))
    assert [group.whose for group in found.groups] == ["1, 2: ", "", "", ""]
    assert [group.obstacles for group in found.groups] == [(SAMPLES,), (other,), (SAMPLES,), ()]
    assert [one.number for group in found.groups for one in group.routes] == [1, 2, 3, 4, 5]


def test_commands_open_the_best_route_that_commands_can_open():
    assert opening(samples.routes_ready().routes) is None
    way = opening((BLOCKED, needs(FIXABLE, SAMPLES), FIXABLE))
    assert way is not None
    assert (way.number, way.commands, way.others) == (3, ("sudo apt-get install edgetpu-compiler",), ())
    assert opening_line(way) == "This command opens route 3, tf-int8+edgetpu:"
    assert opening((BLOCKED,)) is None


def test_what_is_no_command_is_named():
    way = opening((needs(FIXABLE, SAMPLES),))
    assert way is not None
    assert opening_line(way) == "To open route 1, way, mend what is said above (needs samples)."
    both = opening((needs(FIXABLE, SAMPLES, *FIXABLE.reasons),))
    assert both is not None
    assert opening_line(both).endswith("(needs samples), and run this command:")
    assert both.commands == ("sudo apt-get install edgetpu-compiler",)
