"""What holds for every run: which signals the tests' own processes heed, and the last words on what was skipped."""

import gc
import os
import signal
import tempfile

import pytest
from hypothesis import settings

from built import VARIABLE
from envdoctor.cli._defaults import configuration
from needs import told
from thoroughness import amount

settings.register_profile("here", deadline=None, max_examples=amount(100))  # how fast a machine is, is no test
settings.load_profile("here")


def pytest_configure(config):
    """A place for what the processes of this run share; see `built`."""
    if not hasattr(config, "workerinput"):
        shared = tempfile.TemporaryDirectory(prefix="envdoctor-tests-")
        config.add_cleanup(shared.cleanup)
        os.environ[VARIABLE] = shared.name
    heed_signals()
    for name in ("VIRTUAL_ENV", "CONDA_PREFIX"):  # the tests' environment is the one that runs them
        os.environ.pop(name, None)


def heed_signals():
    """Let processes that tests start heed Ctrl-C and hang-ups though this run ignores them (`nohup`, `&` in a script).

    A process inherits that a signal is ignored, and not that it is handled.
    """
    for number in (getattr(signal, name, None) for name in ("SIGHUP", "SIGINT")):
        if number is not None and signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, lambda *_: None)


@pytest.fixture(autouse=True)
def unconfigured():
    """What is configured is read once a process; a test's own variables must not reach the next test."""
    configuration.cache_clear()


@pytest.hookimpl(wrapper=True)
def pytest_collection():
    """Spare the garbage collector five thousand tests that live as long as the run."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_terminal_summary(terminalreporter):
    yield
    skipped = terminalreporter.stats.get("skipped", ())
    lines = told([report.longrepr[2] for report in skipped if isinstance(report.longrepr, tuple)])
    if lines:
        terminalreporter.write_sep("=", "skipped tests")
        for line in lines:
            terminalreporter.write_line(line)
