"""The planner: actions and facts in, ranked routes out."""

import pytest

from envdoctor import planner
from envdoctor.action import Action, Place
from envdoctor.core.artifact import Artifact, ArtifactKind
from envdoctor.core.errors import FactUnavailable, UsageProblem
from envdoctor.core.finding import Fix
from envdoctor.core.goal import parse_goal
from envdoctor.core.request import Request
from envdoctor.core.route import Reason, Verdict
from envdoctor.facts import Facts

K = ArtifactKind


def action(name, consumes, produces, **rest):
    return Action(
        name=name, title=name, consumes=frozenset(consumes), produces=produces, run=lambda context: None, **rest
    )


def says(verdict, text="because", **rest):
    return lambda facts, request: [Reason(verdict=verdict, text=text, **rest)]


def request(kind, goal, traits=()):
    source = Artifact(kind=kind, path="m", sha256="0", traits=frozenset(traits))
    return Request(source=source, goal=parse_goal(goal))


def names(actions, kind=K.KERAS, goal="ethos-u55-128", traits=()):
    return [route.name for route in planner.plan(actions, request(kind, goal, traits), Facts())]


TF = action("tf-int8", {K.KERAS, K.SAVED_MODEL}, K.TFLITE_INT8, cost=10)
FLOAT = action("tf-float", {K.KERAS, K.SAVED_MODEL}, K.TFLITE_FLOAT, cost=9)
LITERT = action("litert-int8", {K.TFLITE_FLOAT}, K.TFLITE_INT8, cost=5)
EXPORT = action("tf-export", {K.KERAS}, K.SAVED_MODEL, cost=8)
OLD = action("tf215-int8", {K.SAVED_MODEL}, K.TFLITE_INT8, cost=30)
VELA = action("vela", {K.TFLITE_INT8}, "vela-tflite", goals=frozenset({"vela"}), cost=1)
EDGE = action(
    "edgetpu",
    {K.TFLITE_INT8},
    "edgetpu-tflite",
    goals=frozenset({"edgetpu"}),
    cost=2,
    places=(Place(name="native"), Place(name="qemu", cost=5)),
)
ALL = [TF, FLOAT, LITERT, EXPORT, OLD, VELA, EDGE]


def test_every_path_is_found_cheapest_first_and_none_with_a_detour():
    assert names(ALL) == ["tf-int8+vela", "tf-float+litert-int8+vela", "tf-export+tf215-int8+vela"]


def test_a_source_further_on_needs_fewer_stages():
    assert names(ALL, K.TFLITE_INT8) == ["vela"]
    assert names(ALL, K.SAVED_MODEL) == ["tf-int8+vela", "tf-float+litert-int8+vela", "tf215-int8+vela"]


def test_each_place_is_a_route():
    assert names(ALL, K.TFLITE_INT8, "edgetpu") == ["edgetpu@native", "edgetpu@qemu"]


def test_a_verdict_outranks_cost():
    worse = action("tf-int8", {K.KERAS}, K.TFLITE_INT8, cost=1, requires=(says(Verdict.FIXABLE),))
    assert names([worse, FLOAT, LITERT], goal="tflite-int8") == ["tf-float+litert-int8", "tf-int8"]


def test_an_action_that_makes_no_sense_for_the_source_is_not_shown():
    unroll = action("unroll", {K.KERAS}, K.TFLITE_INT8, applies=lambda source: "recurrent" in source.traits)
    assert names([unroll], goal="tflite-int8") == []
    assert names([unroll], goal="tflite-int8", traits={"recurrent"}) == ["unroll"]


def test_a_fact_that_is_missing_makes_a_route_unknown():
    def asks(facts, request):
        raise FactUnavailable("host", "not given")

    one = action("a", {K.KERAS}, K.TFLITE_INT8, requires=(asks,))
    (route,) = planner.plan([one], request(K.KERAS, "tflite-int8"), Facts())
    assert route.verdict is Verdict.UNKNOWN
    assert route.takeable


def test_what_a_build_mends_itself_can_be_taken_and_what_needs_the_user_can_not():
    automatic = action("a", {K.KERAS}, K.TFLITE_INT8, requires=(says(Verdict.FIXABLE, automatic=True),))
    manual = action("b", {K.KERAS}, K.TFLITE_INT8, requires=(says(Verdict.FIXABLE),))
    first, second = planner.plan([automatic, manual], request(K.KERAS, "tflite-int8"), Facts())
    assert (first.takeable, second.takeable) == (True, False)


def test_a_route_by_its_name_by_an_action_or_by_a_place():
    routes = planner.plan(ALL, request(K.KERAS, "edgetpu"), Facts())
    assert [one.name for one in planner.choose(routes, "tf-int8+edgetpu@qemu")] == ["tf-int8+edgetpu@qemu"]
    assert len(planner.choose(routes, "qemu")) == 3
    assert len(planner.choose(routes, "tf215-int8")) == 2
    with pytest.raises(UsageProblem, match="did you mean tf-int8\\+edgetpu@qemu"):
        planner.choose(routes, "tf-int8+edgetpu@qmu")


def test_the_one_fix_that_opens_the_best_route():
    fix = Fix(text="install it")
    one = action("a", {K.KERAS}, K.TFLITE_INT8, requires=(says(Verdict.FIXABLE, fix=fix),))
    two = action("b", {K.KERAS}, K.TFLITE_INT8, cost=1, requires=(says(Verdict.FIXABLE), says(Verdict.FIXABLE, "more")))
    routes = planner.plan([one, two], request(K.KERAS, "tflite-int8"), Facts())
    assert planner.unlocking(routes).fix == fix


def test_kinds_that_lead_to_a_goal():
    assert planner.kinds_that_lead_to(parse_goal("edgetpu"), ALL) == {
        K.KERAS,
        K.SAVED_MODEL,
        K.TFLITE_FLOAT,
        K.TFLITE_INT8,
    }


def test_a_request_without_source_or_goal_says_so():
    with pytest.raises(UsageProblem, match="name a file"):
        planner.plan(ALL, Request(), Facts())


def mending(*traits):
    taken = frozenset(traits)
    return action("mend", {K.TFLITE_INT8}, K.TFLITE_INT8, cost=3, mends=lambda request: request.source.traits & taken)


def minds(trait):
    def requirement(_, request):
        if trait in request.source.traits:
            yield Reason(verdict=Verdict.BLOCKED, text=trait)

    return requirement


def test_what_mends_the_source_comes_first_and_what_mends_nothing_is_no_route():
    assert names([mending("open"), VELA], K.TFLITE_INT8, traits={"open"}) == ["mend+vela", "vela"]
    assert names([mending("open"), VELA], K.TFLITE_INT8) == ["vela"]


def test_mending_alone_leads_to_the_kind_that_the_source_is():
    assert names([mending("open"), VELA], K.TFLITE_INT8, "tflite-int8", {"open"}) == ["mend"]
    assert names([mending("open"), VELA], K.TFLITE_INT8, "tflite-int8") == []


def test_stages_behind_a_mend_are_not_asked_about_what_it_mended():
    strict = action(
        "vela", {K.TFLITE_INT8}, "vela-tflite", goals=frozenset({"vela"}), requires=(minds("open"), minds("custom"))
    )
    asked = request(K.TFLITE_INT8, "ethos-u55-128", {"open"})
    verdicts = {route.name: route.verdict for route in planner.plan([mending("open"), strict], asked, Facts())}
    assert verdicts == {"mend+vela": Verdict.READY, "vela": Verdict.BLOCKED}
    asked = request(K.TFLITE_INT8, "ethos-u55-128", {"open", "custom"})
    assert {route.verdict for route in planner.plan([mending("open"), strict], asked, Facts())} == {Verdict.BLOCKED}


def test_a_mend_is_only_the_first_stage():
    assert names([TF, mending("open"), VELA], K.KERAS, traits={"open"}) == ["tf-int8+vela"]
