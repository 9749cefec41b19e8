"""envdoctor: why an edge-ML toolchain does not work here, the proof, the fix, and another route.

`check`, `build`, `inspect` and `matrix` are the Python API: values out, nothing printed, see docs/python-api.md. Each
name is imported when it is first used, so that `import envdoctor` costs nothing.
"""

TYPE_CHECKING = False  # typing's is not imported: `envdoctor --version` is answered before anything else is
if TYPE_CHECKING:
    from envdoctor.api import (
        BuildFailed,
        BuildOptions,
        EnvDoctorError,
        Finding,
        Inspection,
        Matrix,
        NetworkProblem,
        NoRoute,
        Report,
        Severity,
        UsageProblem,
        build,
        check,
        inspect,
        matrix,
    )

__version__ = "0.1.0"

__all__ = [
    "BuildFailed",
    "BuildOptions",
    "EnvDoctorError",
    "Finding",
    "Inspection",
    "Matrix",
    "NetworkProblem",
    "NoRoute",
    "Report",
    "Severity",
    "UsageProblem",
    "__version__",
    "build",
    "check",
    "inspect",
    "matrix",
]


def __getattr__(name: str) -> object:
    """A name of the API, imported now."""
    if name not in __all__:
        raise AttributeError(f"module 'envdoctor' has no attribute '{name}'")
    import importlib

    value = globals()[name] = getattr(importlib.import_module("envdoctor.api"), name)
    return value


def __dir__() -> list[str]:
    """The names of the API, imported or not."""
    return sorted({*globals(), *__all__})
