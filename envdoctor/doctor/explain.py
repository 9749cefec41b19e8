"""`explain`: what a code means, from the probe that finds it or the table of what can be the matter with a stage."""

from __future__ import annotations

import difflib
import functools
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from envdoctor import registry
from envdoctor.core.data import DATA, built_in_folders, load_file
from envdoctor.core.errors import UsageProblem
from envdoctor.core.finding import FAMILIES
from envdoctor.stages.problems import problem_kinds

if TYPE_CHECKING:
    from envdoctor.probing import Probe
    from envdoctor.stages.problems import ProblemKind

#: A part of a name that says something, and how many names that have it are told.
_SHORTEST, _NAMED = 3, 5
_LINK = re.compile(r"https://[^\s\"'`<>)\]]+[^\s\"'`<>)\].,;:]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """What stands behind a code.

    Attributes:
        code: three letters and three digits.
        name: the problem in kebab case.
        title: the problem, for a person.
        text: why it matters and how to fix it: paragraphs, parted by empty lines.
        origin: `probe` or `stage`: whether a check or a build finds it.
        sources: addresses where what it speaks of is described.
    """

    code: str
    name: str
    title: str
    text: str
    origin: str
    sources: tuple[str, ...]

    @property
    def family(self) -> str:
        """The family of the code, in words."""
        return FAMILIES.get(self.code[:3], self.code[:3])


def explanations() -> tuple[Explanation, ...]:
    """All that can be explained, in the order of the families and their codes."""
    found = [_explanation(one, one.explanation, "probe") for one in registry.probes()]
    found += [_explanation(one, f"{one.why}\n\n{one.fix}", "stage") for one in problem_kinds().values()]
    families = list(FAMILIES)

    def place(one: Explanation) -> tuple[int, str]:
        family = one.code[:3]
        return families.index(family) if family in families else len(families), one.code

    return tuple(sorted(found, key=place))


def _explanation(one: Probe | ProblemKind, text: str, origin: str) -> Explanation:
    sources = dict.fromkeys([*_LINK.findall(text), *_sources().get(one.code, ())])
    return Explanation(code=one.code, name=one.name, title=one.title, text=text, origin=origin, sources=tuple(sources))


@functools.cache
def _sources() -> dict[str, list[str]]:
    """The addresses of each code, from the tables sources.toml."""
    found: dict[str, list[str]] = {}
    for file in (folder / "sources.toml" for folder in (*built_in_folders(), DATA)):
        for address, codes in (load_file(file) if file.is_file() else {}).items():
            for code in codes.split():
                found.setdefault(code, []).append(address)
    return found


def explain(word: str) -> tuple[Explanation, ...]:
    """The explanation of a code (`PKG001`), or all of the problems of a name (`glibc-too-old`).

    A check and a stage may find the same problem, each in its own way and under a code of its own.

    Raises:
        UsageProblem: there is none; names the nearest.
    """
    wanted = word.strip().lower()
    known = explanations()
    found = tuple(one for one in known if wanted in {one.code.lower(), one.name})
    if found:
        return found
    codes = {one.code.lower(): one.code for one in known}
    digits = re.fullmatch(r"([a-z]{3})[ -]?0*(\d{1,3})", wanted)  # pkg1, pkg-01
    meant = f"{digits[1]}{digits[2]:0>3}" if digits else ""
    words = [key for one in known for key in (one.code.lower(), one.name)]
    holding = [one.name for one in known if len(wanted) >= _SHORTEST and wanted in f"{one.name} {one.title.lower()}"]
    near = [meant] if meant in codes else difflib.get_close_matches(wanted, words, n=2) or holding[:_NAMED]
    names = " or ".join(codes.get(key, key) for key in dict.fromkeys(near))
    hint = f"did you mean {names}?" if near else "'envdoctor explain' lists them all."
    raise UsageProblem(f"'{word}' is no code and no name of a problem that envdoctor knows; {hint}")
