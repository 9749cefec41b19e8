"""The choice: as few versions as can be that differ between targets, and never a target without its set."""

from packaging.version import Version

from envdoctor.core.availability import Pin
from envdoctor.locks.choice import agree, differing

A, B, C = "a", "b", "c"


def pins(**versions):
    return tuple(Pin(name=name, version=version) for name, version in sorted(versions.items()))


def world(offers):
    """A solver over `offers` (target -> name -> versions): the newest that constraints allow; none without one."""

    def solve(held):
        wanted = dict(line.split("==") for line in held)
        found = {}
        for target, packages in offers.items():
            own = {
                name: [one for one in versions if wanted.get(name, one) == one] for name, versions in packages.items()
            }
            if all(own.values()):
                found[target] = pins(**{name: max(versions, key=Version) for name, versions in own.items()})
        return found

    return solve


def test_targets_that_agree_are_left_alone():
    sets = {A: pins(x="1"), B: pins(x="1", y="2")}
    assert agree(sets, lambda _held: {}).sets is sets


def test_the_oldest_of_the_newest_is_taken_everywhere():
    solve = world({A: {"x": ["1.9", "1.10"]}, B: {"x": ["1.9"]}, C: {"x": ["1.8", "1.9", "2.0"]}})
    choice = agree(solve(()), solve)
    assert set(choice.sets.values()) == {pins(x="1.9")}
    assert choice.held == ("x==1.9",)


def test_what_can_not_agree_differs_and_the_rest_agrees():
    offers = {A: {"x": ["1"], "y": ["1", "2"]}, B: {"x": ["2"], "y": ["1"]}}
    choice = agree(world(offers)(()), world(offers))
    assert differing(choice.sets) == {"x": ["1", "2"]}
    assert choice.sets[A] == pins(x="1", y="1")


def test_another_version_is_tried_where_the_oldest_takes_a_set_away():
    offers = {A: {"x": ["1", "2"]}, B: {"x": ["2", "3"]}}
    choice = agree({A: pins(x="1"), B: pins(x="3")}, world(offers))
    assert len(differing(choice.sets)) == 1  # 1 and 3 were chosen, and neither is everywhere
    choice = agree({A: pins(x="2"), B: pins(x="3")}, world(offers))
    assert set(choice.sets.values()) == {pins(x="2")}


def test_a_package_that_one_target_does_not_need_is_no_difference():
    assert differing({A: pins(x="1", y="1"), B: pins(x="1")}) == {}
