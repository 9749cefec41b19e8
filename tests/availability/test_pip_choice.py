"""What pip falls back to, with pip itself as the oracle."""

from __future__ import annotations

import subprocess
import sys

import pytest
from packaging.requirements import Requirement

from envdoctor.availability.here import target_here
from envdoctor.availability.pip_choice import pip_choice, pip_fallbacks
from index_wheels import publish, publish_sdist

ELSEWHERE = "cp39-cp39-win_amd64"
ASK = """
import sys
from pip._internal.index.collector import LinkCollector
from pip._internal.index.package_finder import PackageFinder
from pip._internal.models.search_scope import SearchScope
from pip._internal.models.selection_prefs import SelectionPreferences
from pip._internal.network.session import PipSession
from pip._vendor.packaging.specifiers import SpecifierSet
for line in sys.stdin:
    index, _, specifier = line.strip().partition(" ")
    collector = LinkCollector(PipSession(), SearchScope([], [index], False))
    finder = PackageFinder.create(collector, SelectionPreferences(allow_yanked=True))
    best = finder.find_best_candidate("lib", SpecifierSet(specifier)).best_candidate
    print(best.version if best else None, best.link.is_wheel if best else "", flush=True)
"""


@pytest.fixture(scope="module")
def real_pip():
    """Answers what pip takes from an index; started once, as that takes longer than all the answers."""
    words = [sys.executable, "-I", "-c", ASK]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1) as process:

        def ask(index, specifier):
            process.stdin.write(f"{index} {specifier}\n")
            return process.stdout.readline().split()

        yield ask


CASES = {
    "an old pre-release's source": (["0.1.0a1 sdist", "0.4 elsewhere", "0.3 elsewhere"], ""),
    "an old source": (["1.0 sdist", "2.0 elsewhere", "3.0rc1"], ""),
    "the newest pre-release where nothing stable fits": (["1.0a1", "1.0a2 sdist", "2.0 elsewhere"], ""),
    "a stable wheel": (["1.0", "2.0", "3.0a1"], ""),
    "a named pre-release": (["1.0", "2.0a1"], ">=2.0a1"),
    "Python too old": (["1.0", "2.0 python"], ""),
    "yanked": (["1.0 sdist", "2.0 yanked"], ""),
    "yanked and asked for": (["1.0", "2.0 yanked"], "==2.0"),
    "nothing": (["1.0 elsewhere"], ""),
}


@pytest.fixture
def offered(server):
    def put(files):
        for file in files:
            version, _, how = file.partition(" ")
            if how == "sdist":
                publish_sdist(server, "lib", version)
            elif how == "python":
                publish(server, "lib", version, requires_python=">=3.99")
            else:
                publish(
                    server, "lib", version, ELSEWHERE if how == "elsewhere" else "py3-none-any", yanked=how == "yanked"
                )

    return put


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_it_is_what_pip_takes(real_pip, server, catalogue, offered, case):
    files, specifier = case
    offered(files)
    requirement = Requirement(f"lib{specifier}")
    found = pip_choice(catalogue.releases("lib"), requirement.specifier, target_here())
    ours = [str(found.version), str(not found.is_source)] if found else ["None"]
    assert ours == real_pip(server.simple, specifier)


@pytest.mark.slow
def test_only_what_nobody_means_is_told(catalogue, offered):
    offered(["0.1.0a1 sdist", "0.4 elsewhere"])
    found = pip_fallbacks(catalogue, Requirement("lib"), [target_here()])
    assert [str(version) for version in found.versions] == ["0.1.0a1"]
    (note,) = found.notes
    assert "installs 0.1.0a1, a pre-release, from its source, as no file of 0.4 suits it" in note


@pytest.mark.slow
@pytest.mark.parametrize("files", [["1.0", "2.0 elsewhere"], ["1.0 sdist"], ["1.0"]])
def test_what_is_no_fallback_is_not(catalogue, offered, files):
    offered(files)
    assert pip_fallbacks(catalogue, Requirement("lib"), [target_here()]).versions == ()
