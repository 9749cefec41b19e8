"""What commands print, read back."""

import json


def as_json(run, *words):
    """Exit code and JSON of a command; `run` calls it and captures what it prints."""
    code, printed = run(*words, "--json")
    return code, json.loads(printed.out)
