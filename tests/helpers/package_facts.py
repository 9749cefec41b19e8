"""What the tests of the probes of installed packages share."""

from asking import ask
from envdoctor.core.finding import Severity
from envdoctor.facts.importing import Importing
from envdoctor.facts.packages import Packages
from envdoctor.facts.python import Python
from envdoctor.facts.requirements import check_requirements
from native_files import elf_bytes
from sites import facts_of

INFO, WARNING, ERROR = Severity.INFO, Severity.WARNING, Severity.ERROR
TAGGED = ".cpython-311-x86_64-linux-gnu.so"
#: An extension module that was built against numpy 1.
NUMPY_ONE = elf_bytes(filler=b"numpy.core._multiarray_umath\0_ARRAY_API")
PIP = ("/usr/bin/python3", "-m", "pip")


def severities(code, *sites, **python):
    """How bad the findings of a probe are, on these folders."""
    return [finding.severity for finding in ask(code, facts_of(*sites, **python))]


def installed_facts(*distributions, python=None):
    """The fact groups of an environment with these distributions."""
    python = python or Python()
    packages = Packages(distributions=distributions)
    requirements = check_requirements(packages, python.markers)
    return {"python": python, "packages": packages, "requirements": requirements, "importing": Importing()}
