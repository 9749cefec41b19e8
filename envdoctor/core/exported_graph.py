"""What the exported graph of a model tells, which its code alone does not."""

from __future__ import annotations

from collections.abc import Mapping  # noqa: TC003  (resolved at run time for the JSON schema)
from dataclasses import dataclass, field

from envdoctor.core.finding import Finding  # noqa: TC001  (the same)


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportedGraph:
    """What torch.export wrote down of a module.

    Attributes:
        own: operators of the model's own by name, each with what a conversion makes of it.
        opaque: those of them that no conversion can write out.
        control_flow: conditions and loops that litert-torch has no form of.
        sizes_of_values: what gives a tensor whose size depends on values.
        called: the functions that it calls.
        problem: why the model was not exported; None if it was.
    """

    own: Mapping[str, str] = field(default_factory=dict)
    opaque: tuple[str, ...] = ()
    control_flow: tuple[str, ...] = ()
    sizes_of_values: tuple[str, ...] = ()
    called: tuple[str, ...] = ()
    problem: Finding | None = None
