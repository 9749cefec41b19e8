"""MDL013: operators numbered the old way."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envdoctor.core.finding import Evidence, Finding, Fix, Severity
from envdoctor.probing import probe

if TYPE_CHECKING:
    from collections.abc import Iterable

    from envdoctor.facts import Facts


@probe("MDL013", topic="model")
def check(facts: Facts) -> Iterable[Finding]:
    """Operators are numbered as before 2020, which quantizers overlook.

    Files that were converted before TensorFlow 2.4 fill deprecated_builtin_code alone. Interpreters and compilers
    read both; litert-quantizer and ai-edge-quantizer find no operator they know, write a file of the same size
    and say nothing.

    Nothing needs to be done to run it. Before quantizing it, set builtin_code to the larger of the two.
    """
    model = facts.model
    if model.deprecated_codes_only:
        yield Finding(
            severity=Severity.INFO,
            subject=model.short_name,
            message="its operators are numbered as before 2020; today's quantizers quantize nothing in it",
            evidence=(Evidence(source=model.name, excerpt="deprecated_builtin_code is set, builtin_code is not"),),
            fix=Fix(text="Before quantizing it, set builtin_code to the larger of the two numbers."),
        )
