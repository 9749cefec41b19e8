"""Making environments in tests, and looking at what is there."""

from __future__ import annotations

import contextlib

import pytest

from envdoctor.environments.making import ensure
from envdoctor.executors.local import LocalExecutor

RUN = LocalExecutor()
WHEEL = "/files/tiny/tiny-1.0-py3-none-any.whl"


def make(spec, request, said=None):
    return ensure(spec, request, RUN, [].append if said is None else said.append)


def environments(request):
    """The folders of environments, whole or not."""
    with contextlib.suppress(FileNotFoundError):
        return [one.name for one in (request.cache / "environments").iterdir() if one.is_dir()]
    return []


def downloads(index):
    return len([one for one in index.requests_for(WHEEL) if "Range" not in one.headers])


def failing(spec, request, kind):
    """The message, after seeing that nothing half-made is left."""
    with pytest.raises(kind) as caught:
        make(spec, request)
    assert environments(request) == []
    assert type(caught.value) is kind
    assert "\n" not in str(caught.value)
    return str(caught.value)
