"""Environments whose native files are loaded in thought, beside the interpreter that proves it."""

import platform
import subprocess
import sys

from envdoctor.core.request import Request
from envdoctor.executors.local import LocalExecutor
from envdoctor.facts import Facts
from envdoctor.facts.python import Python

#: Where modules of the tests' own interpreter can be compiled and asked about.
HERE = sys.platform == "linux" and platform.libc_ver()[0] == "glibc"
MODULE = "_m.so"


def loading_facts(*sites, cache, executor=None, topics=frozenset({"machine"}), python=None, **groups):
    """The facts of a Python that searches these folders; `groups` such as a host are given, the rest is asked for."""
    fields = {"executable": sys.executable, "version": platform.python_version(), "machine": platform.machine()}
    described = Python(search_path=tuple(site.searched for site in sites), **fields | (python or {}))
    request = Request(cache=cache, topics=topics)
    return Facts(request, executor or LocalExecutor(), python=described, **groups)


def import_in_child(module, *sites, env=None):
    """What the tests' own interpreter says when it imports a module from these folders: "" if it does."""
    code = f"import sys; sys.path[:0] = {[str(site.path) for site in sites]!r}; import {module}"
    argv = [sys.executable, "-I", "-S", "-c", code]
    done = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=60, env=env)
    return done.stderr.strip().rpartition("\n")[2] if done.returncode else ""


class Spoken:
    """A test double for an executor: answers a command by the first of its words that `answers` knows."""

    name = "spoken"

    def __init__(self, answers):
        self.answers = answers
        self.asked = []

    def run(self, command):
        self.asked.append(command)
        return self.answers(command)


def told(importing):
    """Of each import that fails the distribution, the module, and what is not there."""
    return [(each.distribution.name, each.module, each.failures[0].cause.subject) for each in importing.failed]
