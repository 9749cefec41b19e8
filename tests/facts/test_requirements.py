import pytest

from envdoctor.facts.packages import Distribution, Packages
from envdoctor.facts.python import Python
from envdoctor.facts.requirements import check_requirements, contradict

MARKERS = Python().markers


def installed(*distributions):
    return check_requirements(Packages(distributions=distributions), MARKERS)


def dist(name, version="1.0", *requires, **rest):
    return Distribution(name=name, version=version, requires=requires, **rest)


def texts(found):
    return [(one.by.name, one.text, one.found.version if one.found else None) for one in found.unmet]


def test_what_is_met_is_met():
    found = installed(dist("a", "1", "B-c>=2", "d"), dist("b.c", "2.0"), dist("D", "0"))
    assert (found.unmet, found.unjudged) == ((), ())
    assert [(by.name, text) for by, text in found.wanted["b-c"]] == [("a", ">=2")]


def test_missing_and_of_another_version():
    found = installed(dist("a", "1", "b>=2", "c"), dist("b", "1.9"))
    assert texts(found) == [("a", "b>=2", "1.9"), ("a", "c", None)]


def test_markers_are_those_of_the_examined_python():
    requires = (
        "old; python_version < '3.11'",
        "win; sys_platform == 'win32'",
        "both; os_name == 'posix' or extra == 'x'",
    )
    assert [text for _, text, _ in texts(installed(dist("a", "1", *requires)))] == [requires[2]]


def test_extras_count_only_when_someone_asks_for_them():
    http = dist("http", "1", "socks; extra == 'Socks_5'", "brotli ; extra == 'br'", "idna")
    assert texts(installed(http, dist("idna"))) == []
    found = installed(http, dist("idna"), dist("user", "1", "http[socks-5]>=1"))
    assert [(one.by.name, one.extra, one.name) for one in found.unmet] == [("http", "socks-5", "socks")]


def test_extras_of_extras_and_circles_end():
    a = dist("a", "1", "b[x]; extra == 'all'", "a[all]; extra == 'more'")
    b = dist("b", "1", "a[more]; extra == 'x'", "gone; extra == 'x'")
    assert texts(installed(a, b)) == []
    found = installed(a, b, dist("user", "1", "a[more]"))
    assert texts(found) == [("b", "gone; extra == 'x'", None)]


def test_a_pre_release_does_as_for_pip():
    assert texts(installed(dist("a", "1", "b>=1"), dist("b", "2.0rc1"))) == []
    assert texts(installed(dist("a", "1", "torch==2.13.0"), dist("torch", "2.13.0+cpu"))) == []


def test_the_distribution_in_use_is_judged_and_asked():
    first, hidden = dist("b", "2"), dist("b", "1", "gone")
    assert texts(installed(dist("a", "1", "b>=2"), first, hidden)) == []


def test_a_broken_distribution_is_not_installed():
    assert texts(installed(dist("a", "1", "b"), dist("b", problem="has no METADATA file"))) == [("a", "b", None)]


def test_what_can_not_be_judged_is_said_and_not_unmet():
    found = installed(dist("a", "1", "b >= 1 nonsense", "c>=1"), dist("c", "unknown"))
    assert found.unmet == ()
    assert [(by.name, text) for by, text, _ in found.unjudged] == [("a", "b >= 1 nonsense"), ("c", "unknown")]


@pytest.mark.parametrize(
    ("version", "stand_in"), [("4.11.0.86", "opencv-python-headless"), ("4.1", None), ("nonsense", None)]
)
def test_a_stand_in_must_be_of_a_version_that_would_do(version, stand_in):
    (unmet,) = installed(dist("a", "1", "opencv-python>=4.5"), dist("opencv-python-headless", version)).unmet
    assert (unmet.stand_in.name if unmet.stand_in else None) == stand_in


@pytest.mark.parametrize(
    ("specifiers", "excluded"),
    [
        ((">=2", "<2"), True),
        (("==1.*", ">=2"), True),
        (("==2.1.2", ">=2.3"), True),
        ((">=2.0", "<2.0.0"), True),
        (("~=2.20.0", ">=2.20.1"), False),
        ((">1.5", "<1.6"), False),
        (("<2", ">=1.26"), False),
        (("!=1.5", ">=1.5"), False),
        ((">=1", ""), False),
        (("", ""), False),
        ((), False),
        (("<0",), True),
    ],
)
def test_requirements_that_exclude_each_other(specifiers, excluded):
    assert contradict(specifiers) is excluded
