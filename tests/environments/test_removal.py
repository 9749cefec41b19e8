"""Removing an environment gives the disk its room back."""

import pytest

from envdoctor.core.errors import EnvironmentProblem
from envdoctor.environments.locking import locked
from envdoctor.environments.making import ensure
from envdoctor.environments.removal import remove
from envdoctor.environments.store import list_environments
from envdoctor.executors.local import LocalExecutor
from tiny_wheels import pin, tiny_wheel

RUN = LocalExecutor()


@pytest.fixture
def two(spec, request_, index, was_made):
    """An environment with tiny, and one with tiny and other."""
    other = tiny_wheel("other", files={"other.py": b"unmistakable"})
    index.add("other", *other)
    first = ensure(spec, request_, RUN, [].append)
    spec.lock.write_text(pin("tiny", "1.0", tiny_wheel()[1]) + pin("other", "1.0", other[1]))
    return first, ensure(spec, request_, RUN, [].append)


def cached(cache):
    return {file.name for file in cache.uv.rglob("*.py")}


@pytest.mark.slow
def test_what_another_one_uses_stays_in_the_cache(two, cache):
    assert cached(cache) == {"tiny.py", "other.py"}
    first, second = two
    remove([second], cache, RUN)
    assert [one.folder for one in list_environments(cache)] == [first.folder]
    assert cached(cache) == {"tiny.py"}
    remove([first], cache, RUN)
    assert list_environments(cache) == ()
    assert cached(cache) == set()


@pytest.mark.slow
def test_one_that_is_being_made_is_left_alone(two, cache):
    first, _ = two
    with locked(first.folder, lambda: None), pytest.raises(EnvironmentProblem, match="still at work on"):
        remove([first], cache, RUN)
    assert first.folder.exists()


def test_a_half_made_one_can_be_removed(cache):
    half = cache.environments / "tiny-cp311-linux-x86_64-000000000000"
    half.mkdir(parents=True)
    remove(list_environments(cache), cache, RUN)
    assert not half.exists()
