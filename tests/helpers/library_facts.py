"""What the tests of the probes of native libraries share: an environment whose `foo` lacks libraries."""

from envdoctor.binaries.resolve import Considered
from envdoctor.facts.host import Host
from envdoctor.facts.loading import Loading
from envdoctor.facts.packages import Distribution, Packages
from envdoctor.facts.python import Python
from envdoctor.facts.records import Records
from envdoctor.facts.witness import Account, Witness
from envdoctor.facts.witness.words import Words
from envdoctor.imports.loading import LoadAnalysis, MissingLibrary
from envdoctor.imports.reach import Reach
from package_facts import ERROR

FOO = Distribution(name="foo", root="/sp", metadata="/sp/foo-1.0.dist-info")
LIBS = Distribution(name="foo-libs", version="2.0", root="/sp", metadata="/sp/foo_libs-2.0.dist-info")
PACKAGES = Packages(distributions=(FOO, LIBS, Distribution(name="pip", root="/sp")))
CONSIDERED = (
    Considered(path="foo/libgone.so.1", rule="RUNPATH of foo/_m.so", problem="not there"),
    Considered(path="/usr/lib/libgone.so.1", rule="default directory", problem="not there"),
)
MATRIX = (("envdoctor", "matrix", "foo"),)
MACOS = Host(system="macos", version="14.5", machine="arm64", libc="", distribution="", libc_version=None)
WINDOWS = Host(system="windows", version="10.0.22631", libc="", distribution="", libc_version=None)


def lacks(name="libgone.so.1", **fields):
    """A library that is missing, by default for `import foo`."""
    defaults = {
        "severity": ERROR,
        "reach": Reach.IMPORT,
        "loaders": ("foo/_m.so",),
        "via": ("foo", "foo._m"),
        "considered": CONSIDERED,
    }
    return MissingLibrary(wheel="foo 1.0", name=name, **(defaults | fields))


def environment(*missing, host=None, python=None, records=(), witness=None, **loading):
    """The facts of an environment whose `foo` lacks libraries."""
    analyses = ((FOO, LoadAnalysis(missing=missing)),) if missing else ()
    return {
        "host": host or Host(),
        "python": python or Python(),
        "packages": PACKAGES,
        "records": Records(records=records),
        "loading": Loading(**{"analyses": analyses} | loading),
        "witness": witness or Witness(),
    }


def heard(path="/sp/foo/_m.so", printed="\tlibgone.so.1 => not found\n\tlibc.so.6 => /lib/libc.so.6 (0x7f)\n"):
    """What a witness says of a file."""
    return Account(path=path, command=("ldd", path), words=Words(), printed=printed)
