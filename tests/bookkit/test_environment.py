import re
import tomllib

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.version import Version

from gmtools.cache import PROJECT


def canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


@pytest.fixture(scope="module")
def pyproject():
    return tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


@pytest.fixture(scope="module")
def environment():
    return yaml.safe_load((PROJECT / "environment.yml").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def lock_text():
    return (PROJECT / "requirements.lock").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def locked(lock_text):
    """Name -> (versions, number of hashes of each entry)."""
    entries = {}
    for block in re.split(r"\n(?=[A-Za-z0-9])", lock_text):
        name, version = re.match(r"([A-Za-z0-9._-]+)(?:\[[^]]*\])?==([^\s;\\]+)", block).groups()
        entries.setdefault(canonical(name), []).append((Version(version), block.count("--hash=sha256:")))
    return entries


def all_requirements(pyproject):
    extras = pyproject["optional-dependencies"].values()
    return [Requirement(text) for part in (pyproject["dependencies"], *extras) for text in part]


def test_conda_installs_the_same_python_range(pyproject, environment):
    conda = next(spec for spec in environment["dependencies"] if str(spec).startswith("python "))
    assert SpecifierSet(conda.removeprefix("python ")) == SpecifierSet(pyproject["requires-python"])


def test_make_asks_for_the_same_python_range(pyproject):
    makefile = (PROJECT / "Makefile").read_text(encoding="utf-8")
    lower, upper = re.search(r"\((\d+, \d+)\) <= sys.version_info\[:2\] < \((\d+, \d+)\)", makefile).groups()
    stated = f">={lower.replace(', ', '.')},<{upper.replace(', ', '.')}"
    assert SpecifierSet(stated) == SpecifierSet(pyproject["requires-python"])


def test_conda_installs_the_project_with_all_its_extras_and_names_nothing_else(pyproject, environment):
    inner = next(part["pip"] for part in environment["dependencies"] if isinstance(part, dict))
    assert len(inner) == 1
    extras = re.fullmatch(r"-e \.\[([a-z,]+)\]", inner[0]).group(1).split(",")
    assert sorted(extras) == sorted(pyproject["optional-dependencies"])
    named = {canonical(re.split(r"[\s<>=]", spec)[0]) for spec in environment["dependencies"] if isinstance(spec, str)}
    assert named == {"python", "pip", "make"}
    assert environment["channels"] == ["conda-forge"]


def test_no_dependency_is_named_twice(pyproject):
    names = [canonical(requirement.name) for requirement in all_requirements(pyproject)]
    assert sorted(names) == sorted(set(names))


def test_the_lock_pins_every_dependency_within_its_range(pyproject, locked):
    for requirement in all_requirements(pyproject):
        assert canonical(requirement.name) in locked, f"{requirement.name} is not locked: make lock"
        for version, _ in locked[canonical(requirement.name)]:
            assert version in requirement.specifier, f"{requirement.name} {version} is outside its range: make lock"


def test_every_locked_entry_has_hashes(locked):
    assert [name for name, entries in locked.items() if not all(hashes for _, hashes in entries)] == []
    assert len(locked) > 100


def test_the_build_backend_is_locked_because_make_builds_without_isolation(locked):
    assert "setuptools" in locked and "--no-build-isolation" in (PROJECT / "Makefile").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ["requirements.lock", "environment.yml", "Makefile", "_config.yml", ".ci/run"])
def test_no_address_of_an_index(name):
    text = (PROJECT / name).read_text(encoding="utf-8")
    own = ("127.0.0.1", "  url:")  # .ci/run closes the network with the first; _config.yml names this repository
    addresses = [line for line in text.splitlines() if "://" in line and not any(word in line for word in own)]
    assert addresses == []
