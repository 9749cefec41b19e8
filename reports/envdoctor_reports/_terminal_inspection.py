"""An inspected wheel on a terminal: verdict, reasons, and on request every native file."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from envdoctor.core.availability import MEANINGS, CellVerdict, conditions
from envdoctor.core.finding import Severity
from envdoctor.core.inspection import Basis
from envdoctor.support.text import plural, size
from envdoctor_reports._terminal_matrix import effort_line
from envdoctor_reports._terminal_reasons import show_reasons
from envdoctor_reports._view import State

if TYPE_CHECKING:
    from envdoctor.core.inspection import Inspection, NativeView
    from envdoctor_reports._page import Page

#: What a verdict claims where a wheel was not judged in the set of a resolver.
_MEANINGS = {
    (CellVerdict.SOUND, Basis.ALONE): "can load, as far as it lies with this wheel; what it requires was not looked at",
    (CellVerdict.BROKEN, Basis.ALONE): "can't load by itself; what it requires was not looked at",
    (CellVerdict.SOUND, Basis.INSTALLED): "its native files find what they need",
    (CellVerdict.BROKEN, Basis.INSTALLED): "is installed, and can't load or fails on use",
}
_OF_EXTRA = re.compile(r";.*\bextra\s*==")


def show_inspection(page: Page, found: Inspection, *, verbose: bool) -> None:
    """Show what was found; with `verbose` every native file with what it needs."""
    page.write(found.filename or found.label, style="bold")
    if found.source:
        page.write(found.source, style="dim")
    if found.filename or found.natives or found.imports:
        _show_contents(page, found, verbose=verbose)
    page.gap()
    meaning = _MEANINGS.get((found.verdict, found.basis), MEANINGS[found.verdict])
    if found.verdict is CellVerdict.SOUND_IF:
        meaning = f"sound if {' and '.join(conditions(found.reasons))}"
    page.mark(_state_of(found.verdict), f"{found.verdict.value} on {found.target}: {meaning}", style="bold")
    show_reasons(page, found.reasons, verbose=verbose)
    if verbose:
        for native in found.natives:
            _show_native(page, native)
    _show_faults(page, found, verbose=verbose)
    page.gap()
    if not found.size:
        return
    part = f"{size(found.read)} of the wheel read ({100 * found.read / found.size:.1f} % of {size(found.size)})"
    whole = f"the whole wheel read ({size(found.size)})"
    read = part if found.read < found.size else whole  # what was asked for twice counts twice
    page.write(f"{read}; in all {effort_line(found.effort)}", style="dim")


def _show_faults(page: Page, found: Inspection, *, verbose: bool) -> None:
    """What the wheel's maker should mend, apart from the verdict."""
    worth_a_word = [fault for fault in found.faults if fault.severity >= Severity.WARNING]
    if found.faults:
        page.gap()
    if worth_a_word:
        lead = plural(len(worth_a_word), "fault")
        page.write(f"{lead} of how the wheel was made, which the verdict does not count:", style="bold")
    for fault in found.faults:
        state = State.WARNING if fault.severity >= Severity.WARNING else State.NOTE
        page.mark(state, fault.message, title=f"{fault.name}: ")
        for evidence in fault.evidence if verbose else ():
            page.verbatim(evidence.excerpt, label="proof", indent=4, style="dim")
        if fault.fix and state is State.WARNING:
            page.labelled("fix", fault.fix, indent=4)
    if found.rules_left_out and verbose:
        page.labelled("", f"not looked at, since only parts were read: {', '.join(found.rules_left_out)}", indent=0)


def _state_of(verdict: CellVerdict) -> State:
    if verdict is CellVerdict.UNKNOWN:
        return State.UNANSWERED
    if verdict is CellVerdict.SOUND_IF:
        return State.WARNING
    return State.FINE if verdict.is_good else State.ERROR


def _show_contents(page: Page, found: Inspection, *, verbose: bool) -> None:
    formats = sorted({native.format for native in found.natives if native.format})
    architectures = sorted({one for native in found.natives for one in native.architectures})
    natives = plural(len(found.natives), "native file")
    kinds = f" ({', '.join([*formats, *architectures])})" if formats else ""
    page.labelled("has", f"{natives}{kinds}; imports {', '.join(found.imports) or 'nothing'}", indent=2)
    requires = found.requires if verbose else _always_required(found.requires)
    for label, values in (("makes", found.scripts), ("needs", requires)):
        if values:
            page.labelled(label, ", ".join(values), indent=2)
    if found.beside:
        page.labelled("with", ", ".join(map(str, found.beside)), indent=2)


def _always_required(requires: tuple[str, ...]) -> tuple[str, ...]:
    """The requirements without those of extras, of which only the number is told."""
    always = tuple(one for one in requires if not _OF_EXTRA.search(one))
    left_out = len(requires) - len(always)
    return (*always, f"and {left_out} with extras (-v)") if left_out else always


def _show_native(page: Page, native: NativeView) -> None:
    page.gap()
    page.write(native.path, indent=2, style="bold")
    rows = (
        ("is", " ".join(filter(None, (native.format, ", ".join(native.architectures), native.python)))),
        ("named", native.name),
        ("for", _systems(native)),
        ("seeks", ", ".join(native.search)),
        ("needs", ", ".join(native.needed)),
        ("but", native.problem),
    )
    for label, words in rows:
        if words:
            page.labelled(label, words, indent=4)


def _systems(native: NativeView) -> str:
    """What it asks of the system: ``macOS 12.0``, ``glibc 2.27, GLIBCXX 3.4.29``."""
    system = "Windows" if native.format == "PE" else "macOS"
    named = ((system, native.minimum_os), ("glibc", native.glibc), ("GLIBCXX", native.glibcxx))
    asked = [f"{name} {version}" for name, version in named if version]
    pages = [f"pages up to {size(native.alignment)}"] if native.alignment else []
    return ", ".join([*asked, *pages])
