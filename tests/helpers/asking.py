"""Asks one probe about given facts."""

from importlib import import_module
from pkgutil import iter_modules

import envdoctor_probes
from envdoctor.core.finding import Outcome
from envdoctor.facts import Facts
from envdoctor.probing import run_probe

MODULES = {info.name[:6].upper(): info.name for info in iter_modules(envdoctor_probes.__path__)}


def ask(code, facts=None, **groups):
    """The findings of a probe that could answer."""
    result = answer(code, facts, **groups)
    assert result.outcome in {Outcome.PASSED, Outcome.FAILED, Outcome.DOES_NOT_APPLY}, result.reason
    return result.findings


def answer(code, facts=None, **groups):
    """The whole result of a probe."""
    probe = import_module(f"envdoctor_probes.{MODULES[code]}").check
    return run_probe(probe, Facts(**groups) if facts is None else facts)
