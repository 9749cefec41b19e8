"""What the user wants in the end: a kind of artifact, and for which accelerator."""

from __future__ import annotations

from envdoctor.core.data import load_table
from envdoctor.core.errors import UsageProblem
from envdoctor.core.frozen import frozen


@frozen
class Goal:
    """A goal by name, as the goals.toml of its compiler gives it.

    Attributes:
        name: what the user types (`ethos-u55-128`).
        title: what it is, for a person.
        kind: the kind of the artifact at the end.
        compiler: whose goal it is (`litert`, `vela`, `edgetpu`): who makes the file at the end.
        accelerator: the compiler's own name of the target (`ethos-u55-128`), or None.
        per_tensor_dense: True if dense layers must be quantized per tensor, because the reader at the other end
            computes per-channel ones silently wrong.
        runtimes: the programs, by the names that `model --to` takes, one of which runs on the device what the
            compiler leaves to the CPU.
    """

    name: str
    title: str
    kind: str
    compiler: str
    accelerator: str | None = None
    per_tensor_dense: bool = False
    runtimes: tuple[str, ...] = ()


def goal_names() -> tuple[str, ...]:
    """All goals, compiler by compiler."""
    return tuple(load_table("goals"))


def parse_goal(name: str) -> Goal:
    """Look a goal up by the name a user typed.

    Raises:
        UsageProblem: no such goal; names the nearest.
    """
    table = load_table("goals")
    row = table.get(name.strip().lower())
    if row is None:
        import difflib

        near = difflib.get_close_matches(name.lower(), table, n=2, cutoff=0.5)
        if name.strip().lower() in load_table("tflite-readers"):
            raise UsageProblem(
                f"'{name}' reads models and is no goal of a build, `envdoctor model FILE --to {name}` takes it; "
                f"the goals are {', '.join(table)}."
            )
        hint = f"did you mean {' or '.join(near)}?" if near else f"the goals are {', '.join(table)}."
        raise UsageProblem(f"'{name}' is not a goal that envdoctor knows; {hint}")
    return Goal(name=name.strip().lower(), **{**row, "runtimes": tuple(row.get("runtimes", ()))})
