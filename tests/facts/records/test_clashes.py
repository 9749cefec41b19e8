import pytest

from envdoctor.facts.python.search_path import Origin
from sites import Site, facts_of


@pytest.fixture
def site(tmp_path):
    return Site(tmp_path / "site-packages")


def clashes(*sites):
    return [(one.name, [owner.name for owner, _ in one.claims]) for one in facts_of(*sites).records.clashes]


def test_a_module_and_a_package_of_one_name(site):
    site.install("first", files={"thing/__init__.py": ""})
    site.install("second", files={"thing.py": ""})
    assert clashes(site) == [("thing", ["first", "second"])]


def test_an_extension_module_and_a_package(site):
    site.install("first", files={"thing/__init__.py": ""})
    site.install("second", files={"thing.cpython-311-x86_64-linux-gnu.so": "", "other.cpython-310-darwin.so": ""})
    assert clashes(site) == [("thing", ["first", "second"])]


def test_one_folder_hides_another(tmp_path):
    user, system = Site(tmp_path / "user", Origin.USER), Site(tmp_path / "system")
    user.install("opencv-python", files={"cv2/__init__.py": "a"})
    system.install("opencv-python-headless", files={"cv2/__init__.py": "b"})
    assert clashes(user, system) == [("cv2", ["opencv-python", "opencv-python-headless"])]


def test_two_versions_of_one_distribution_are_another_question(tmp_path):
    user, system = Site(tmp_path / "user", Origin.USER), Site(tmp_path / "system")
    user.install("Foo", "2.0")
    system.install("foo", "1.0", files={"foo/__init__.py": ""})
    assert clashes(user, system) == []


def test_files_that_two_claim_are_another_question(site):
    site.install("keras", files={"keras/__init__.py": "a"})
    site.install("keras-nightly", files={"keras/__init__.py": "b"})
    assert clashes(site) == []


def test_namespace_packages(tmp_path):
    first, second = Site(tmp_path / "a"), Site(tmp_path / "b")
    first.install("google-a", files={"google/a/__init__.py": ""})
    second.install("google-b", files={"google/b/__init__.py": ""})
    assert clashes(first, second) == []


@pytest.mark.parametrize(
    "declaration",
    [
        "__path__ = __import__('pkgutil').extend_path(__path__, __name__)",
        "__import__('pkg_resources').declare_namespace(__name__)",
    ],
)
def test_namespace_packages_of_the_older_kinds(tmp_path, declaration):
    first, second = Site(tmp_path / "a"), Site(tmp_path / "b")
    first.install("zope-a", files={"zope/__init__.py": declaration})
    second.install("zope-b", files={"zope/__init__.py": declaration + "\n"})
    assert clashes(first, second) == []


def test_what_many_projects_install_by_mistake(tmp_path):
    first, second = Site(tmp_path / "a"), Site(tmp_path / "b")
    first.install("one", files={"tests/__init__.py": "1"})
    second.install("two", files={"tests/__init__.py": "2"})
    assert clashes(first, second) == []


def test_parts_of_one_package_from_several_distributions(site):
    site.install("PyQt5", files={"PyQt5/__init__.py": ""})
    site.install("PyQt5-Qt5", files={"PyQt5/Qt5/lib/x.so": ""})
    assert clashes(site) == []
