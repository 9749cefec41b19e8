"""What a change of versions breaks, told from two environments as files."""

from envdoctor.core.finding import Finding, Outcome, ProbeResult, Severity
from envdoctor.core.report import Report
from envdoctor.facts.host import Host
from envdoctor.facts.requirements import check_requirements
from envdoctor.fixing.judging import harm_of_problems, lost_names, mended_too, new_problems, next_faults
from sites import Site, facts_of

OLD = {"lib/__init__.py": "from lib import parts as solutions\nnew = 1\n", "lib/parts.py": ""}
NEW = {"lib/__init__.py": "new = 1\n", "lib/parts.py": ""}
USER = {"app/__init__.py": "import lib as l\n\ndef later():\n    return l.solutions.pose\n"}


def environment(path, version, files, user=USER):
    site = Site(path)
    site.install("lib", version, files=files)
    site.install("app", "1.0", files=user, requires=["lib"])
    facts = facts_of(site)
    facts._known["host"] = Host()
    facts._known["requirements"] = check_requirements(facts.packages, facts.python.markers)
    return facts


def test_a_name_that_an_installed_package_uses_and_that_is_gone_is_harm(tmp_path):
    before, after = environment(tmp_path / "a", "1.0", OLD), environment(tmp_path / "b", "2.0", NEW)
    (harm,) = lost_names(before, after, ["lib"], ())
    assert harm.culprits == ("lib",)
    assert harm.names == ("lib.solutions",)  # with it all that stands in it
    assert f"{tmp_path}/b/app/__init__.py:4" in harm.words


def test_a_name_that_was_never_there_or_is_no_longer_used_is_none(tmp_path):
    before = environment(tmp_path / "a", "1.0", NEW)
    after = environment(tmp_path / "b", "2.0", NEW)
    assert not list(lost_names(before, after, ["lib"], ()))
    before = environment(tmp_path / "c", "1.0", OLD)
    after = environment(tmp_path / "d", "2.0", NEW, {"app/__init__.py": "import lib\nlib.new\n"})
    assert not list(lost_names(before, after, ["lib"], ()))


def test_the_users_code_counts(tmp_path):
    quiet = {"app/__init__.py": ""}
    before, after = environment(tmp_path / "a", "1.0", OLD, quiet), environment(tmp_path / "b", "2.0", NEW, quiet)
    project = tmp_path / "project"
    project.mkdir()
    (project / "mine.py").write_text("from lib import solutions\n")
    (harm,) = lost_names(before, after, ["lib"], [str(project / "mine.py")])
    assert f"{project}/mine.py:1" in harm.words


def report(*findings):
    result = ProbeResult(code="PKG001", name="n", title="t", outcome=Outcome.FAILED, findings=findings)
    return Report(command="check", version="1", created="now", probes=(result,))


def finding(subject, message, severity=Severity.ERROR):
    return Finding(code="PKG001", severity=severity, subject=subject, message=message)


def test_another_version_in_an_old_problem_is_no_news_and_one_more_is():
    before = report(finding("app", "wants a; a 1 is installed"), finding("app", "wants b"))
    assert new_problems(before, report(finding("app", "wants a; a 2 is installed"))) == ()
    more = finding("app", "wants c; c 3 is installed")
    assert new_problems(before, report(*before.probes[0].findings, more)) == (more,)
    worse = report(finding("lib", "fails"))
    assert new_problems(report(finding("lib", "fails", Severity.WARNING)), worse) == worse.problems
    (harm,) = harm_of_problems([more], ["c", "d"])
    assert harm.culprits == ("c",)


def test_what_has_no_command_and_goes_with_a_changed_distribution_is_mended_too():
    gone, stays = finding("urllib3", "`import urllib3` fails."), finding("urllib3", "It is odd.")
    elsewhere = finding("other", "It flickers.")
    before, after = report(gone, stays, elsewhere), report(stays)
    assert mended_too([gone, stays, elsewhere], before, after, ["urllib3"]) == (gone,)


def test_the_next_fault_of_an_import_that_failed_before_is_no_harm_unless_it_speaks_of_what_changed():
    def told(*messages):
        findings = tuple(
            Finding(code="PKG021", severity=Severity.ERROR, subject="app", message=one) for one in messages
        )
        probe = ProbeResult(code="PKG021", name="n", title="t", outcome=Outcome.FAILED, findings=findings)
        return Report(command="check", version="1", created="", probes=(probe,))

    before = told("app requires lib<2; lib 3 is installed: `import app` fails.")
    unknown, changed, other = "`import app` fails: no gone.", "`import app` fails: lib 1 lacks it.", "`import b` fails."
    within, beside = "`import app.a` fails, and so does `import app`: no x.", "`import apple` fails: no x."
    problems = told(unknown, changed, other, within, beside).problems
    assert [one.message for one in next_faults(problems, before, ["lib"])] == [unknown, within]
    assert next_faults(problems, told("app is damaged."), ["lib"]) == ()
