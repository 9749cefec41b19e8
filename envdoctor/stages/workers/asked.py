"""What a request names of a model: what it takes, and the samples to calibrate, run and judge it with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .arrays import InputSpec
from .samples import fixed_inputs, for_request, keep_sizes, labelled_for_request, make_up, taken_sizes

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .samples import Samples


@dataclass(frozen=True)
class Asked:
    """The samples for a model, and the sizes that they give it.

    Attributes:
        inputs: what the model takes.
        fixed: the same with every size fixed.
        given: to calibrate it with; None for none.
        labelled: to measure its accuracy on; None for none.
    """

    inputs: tuple[InputSpec, ...]
    fixed: tuple[InputSpec, ...]
    given: Samples | None
    labelled: Samples | None

    @property
    def samples(self) -> Samples:
        """What the model is run with: the samples that were given, or made-up ones."""
        return self.given or make_up(self.fixed)

    @property
    def sizes(self) -> list[str]:
        """What was taken for sizes that the model leaves open, in words."""
        return taken_sizes(self.inputs, self.fixed)


def asked_inputs(request: Mapping[str, Any]) -> tuple[InputSpec, ...]:
    """The inputs that a request names: the name, the shape and the type of each."""
    return tuple(
        InputSpec(name, None if shape is None else tuple(shape), kind) for name, shape, kind in request["inputs"]
    )


def read_asked(request: Mapping[str, Any], limit: int) -> Asked:
    """At most `limit` samples that a request names, and those with labels.

    Raises:
        Problem: they can't be read or don't fit the inputs; a size is open and no sample tells it.
    """
    inputs = asked_inputs(request)
    given, labelled = for_request(request, inputs, limit), labelled_for_request(request, inputs)
    return Asked(inputs, keep_sizes(inputs, fixed_inputs(inputs, given)), given, labelled)
