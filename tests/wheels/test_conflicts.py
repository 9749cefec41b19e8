import pytest

from envdoctor.core.data import load_table
from envdoctor.support.requirement import admits
from envdoctor.wheels.conflicts import Shipment, find_conflicts, shipment_of_wheel
from wheel_files import contents_of


def shipment(files, name, version="1.0", scripts=None):
    return shipment_of_wheel(contents_of(files, "py3-none-any", name, version, scripts))


ONE = {"pkg/__init__.py": "one", "pkg/same.py": "same", "pkg/other.py": "1", "only.py": ""}
TWO = {"pkg/__init__.py": "two", "pkg/same.py": "same", "pkg/other.py": "2"}


def test_shared_paths_and_how_many_differ():
    found = find_conflicts([shipment(ONE, "a"), shipment(TWO, "b"), shipment({"c.py": ""}, "c")])
    (shared,) = found.shared
    assert (shared.first, shared.second, shared.shared, shared.differ) == ("a 1.0", "b 1.0", 3, 2)
    assert shared.examples == ("pkg/__init__.py", "pkg/other.py")
    (clash,) = found.clashes
    assert (clash.name, clash.distributions) == ("pkg", ("a 1.0", "b 1.0"))


def test_commands_of_entry_points_are_shared_files_that_no_archive_holds():
    wheels = [
        shipment({f"{name}.py": ""}, name, scripts={"tool": f"{name}:main", name: f"{name}:x"}) for name in ("a", "b")
    ]
    (shared,) = find_conflicts(wheels).shared
    assert (shared.scripts, shared.shared) == (("tool",), 0)


def test_parts_of_a_namespace_do_not_clash():
    parts = [shipment({f"google/{name}/__init__.py": name}, name) for name in ("a", "b")]
    assert find_conflicts(parts) == type(find_conflicts([]))()
    old = [shipment({"google/__init__.py": "extend_path", f"google/{name}.py": name}, name) for name in ("a", "b")]
    assert find_conflicts(old).clashes == ()


def test_one_init_for_two_packages_that_differ_is_no_namespace():
    twins = [shipment({"keras/__init__.py": "same", "keras/core.py": name}, name) for name in ("a", "b")]
    assert [clash.name for clash in find_conflicts(twins).clashes] == ["keras"]


@pytest.mark.parametrize(
    ("name", "version", "other", "other_version", "effects"),
    [
        ("tensorflow", "2.20.0", "ai-edge-litert", "2.0.3", ["aborts"]),
        ("AI_Edge.LiteRT", "1.4.0", "tensorflow", "2.20.0", ["aborts"]),
        ("tensorflow", "2.20.0", "ai-edge-litert", "2.1.0", []),
        ("tensorflow", "2.21.0", "ai-edge-litert", "2.0.3", []),
        ("tflite-runtime", "2.14.0", "numpy", "2.3.4", ["fails-late"]),
        ("tflite-runtime", "2.14.0", "numpy", "1.26.4", []),
        ("keras", "3.15.1", "keras-nightly", "3.16.0.dev2026102704", ["overwrites"]),
        ("tflite-runtime", "no version", "numpy", "2.0.0", []),
    ],
)
def test_known_bad_pairs(name, version, other, other_version, effects):
    pair = [Shipment(name=one, version=at, files={}) for one, at in ((name, version), (other, other_version))]
    assert [bad.effect for bad in find_conflicts(pair).known] == effects


def test_the_table_of_known_pairs_is_whole():
    for row in load_table("known_bad_pairs")["pairs"]:
        assert row["effect"] in {"aborts", "fails", "fails-late", "overwrites"}
        assert row["message"]
        assert row["fix"]
        assert "2026" in row["source"]
        assert isinstance(row["seen"], str)
        for side in (row["first"], row["second"]):
            assert side["name"] == side["name"].lower().replace("_", "-")
            assert all(isinstance(admits(each, "1.0"), bool) for each in side["versions"])


def test_a_module_beside_a_package_of_its_name_does_not_clash_with_itself():
    both = shipment({"pkg.py": "", "pkg/__init__.py": ""}, "a")
    assert find_conflicts([both, shipment({"x.py": ""}, "b")]).clashes == ()
