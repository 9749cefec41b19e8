"""What holds for every run: which signals the tests' own processes heed, and the last words on what was skipped."""

import signal

import pytest

from needs import told


def pytest_configure():
    """Let processes that tests start heed Ctrl-C and hang-ups though this run ignores them (`nohup`, `&` in a script).

    A process inherits that a signal is ignored, and not that it is handled.
    """
    for number in (getattr(signal, name, None) for name in ("SIGHUP", "SIGINT")):
        if number is not None and signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, lambda *_: None)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_terminal_summary(terminalreporter):
    yield
    skipped = terminalreporter.stats.get("skipped", ())
    lines = told([report.longrepr[2] for report in skipped if isinstance(report.longrepr, tuple)])
    if lines:
        terminalreporter.write_sep("=", "skipped tests")
        for line in lines:
            terminalreporter.write_line(line)
