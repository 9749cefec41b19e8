"""What is said of an exception that nobody expected, so that it costs one thing that is looked at and not the rest."""

from __future__ import annotations

from pathlib import PurePath

_MOST = 200


def describe_bug(error: BaseException, whose: str = "envdoctor") -> str:
    """The exception and where it was raised, in one phrase; `whose` bug it is."""
    import traceback

    frames = traceback.extract_tb(error.__traceback__)
    where = f" ({PurePath(frames[-1].filename).name}:{frames[-1].lineno})" if frames else ""
    try:
        said = str(error)[:_MOST]
    except Exception:  # noqa: BLE001  (an exception of a plug-in's own may be anything)
        said = "it does not say what"
    return f"a bug of {whose}: {type(error).__name__}: {said}{where}"
