"""envdoctor: why an edge-ML toolchain does not work here, the proof, the fix, and another route.

`check`, `build`, `inspect` and `matrix` are the Python API: values out, nothing printed, see docs/python-api.md. Its
names are listed in `envdoctor.api`, which is imported when the first of them is used: `import envdoctor` costs nothing.
"""

TYPE_CHECKING = False  # typing's is not imported: `envdoctor --version` is answered before anything else is
if TYPE_CHECKING:
    from envdoctor.api import *  # noqa: F403

__version__ = "0.1.0"


def __getattr__(name: str) -> object:
    """A name of the API, imported now; `__all__` is the list of them."""
    if name.startswith("_") and name != "__all__":
        raise AttributeError(f"module 'envdoctor' has no attribute '{name}'")
    import importlib

    api = importlib.import_module("envdoctor.api")
    if name == "__all__":
        return [*api.__all__, "__version__"]
    if name not in api.__all__:
        raise AttributeError(f"module 'envdoctor' has no attribute '{name}'")
    value = globals()[name] = getattr(api, name)
    return value


def __dir__() -> list[str]:
    """The names of the API, imported or not."""
    return sorted({*globals(), *__getattr__("__all__")})  # type: ignore[misc]  # a list of texts
