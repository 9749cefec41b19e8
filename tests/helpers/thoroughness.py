"""How much of a large space of inputs a run looks at: `make test` all that is planned, other runs a quarter."""

import os

THOROUGH = os.environ.get("ENVDOCTOR_TESTS") == "thorough"


def amount(planned):
    """Of this many examples, those that this run takes."""
    return planned if THOROUGH else max(1, planned // 4)
