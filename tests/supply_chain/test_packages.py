"""The list of an artifact's packages: from metadata and lock, and an error if these disagree."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.supply_chain.licences import UnknownLicence
from tests.supply_chain.packages import (
    EXCEPTIONS,
    LockMismatch,
    Package,
    Part,
    installed_packages,
    read_lock,
    refused,
    required_packages,
)

HASH, OTHER_HASH = "a" * 64, "b" * 64


@pytest.fixture
def lock(tmp_path: Path) -> Path:
    path = tmp_path / "requirements.txt"
    path.write_text(
        f"Some.Name[extra]==1.0 ; python_version >= '3.11' \\\n"
        f"    --hash=sha256:{HASH} \\\n    --hash=sha256:{OTHER_HASH}\n"
        f"    # via other==9\nother==2.0 \\\n    --hash=sha256:{HASH}\n"
    )
    return path


def install(site: Path, name: str, version: str, *, licence: str = "MIT", requires: tuple[str, ...] = ()) -> Path:
    """Write the metadata and the module of a package; return the folder of the metadata."""
    folder = site / f"{name}-{version}.dist-info"
    folder.mkdir(parents=True)
    lines = [f"Name: {name}", f"Version: {version}", f"License-Expression: {licence}"]
    (folder / "METADATA").write_text("\n".join([*lines, *(f"Requires-Dist: {each}" for each in requires)]) + "\n")
    (site / f"{name}.py").write_text("")
    return folder


def test_a_lock_has_versions_and_hashes(lock: Path) -> None:
    """Names are normalised (PEP 503); extras, markers and comments are no part of a version."""
    assert read_lock(lock) == {"some-name": ("1.0", (HASH, OTHER_HASH)), "other": ("2.0", (HASH,))}


def test_a_package_has_its_licence_and_the_hashes_of_its_lock(tmp_path: Path, lock: Path) -> None:
    """Each installed package is listed with its version, its licence and its package URL."""
    install(tmp_path / "site", "some_name", "1.0", licence="MIT OR Apache-2.0")
    (package,) = installed_packages(tmp_path / "site", lock)
    assert package == Package("some-name", "1.0", "MIT OR Apache-2.0", (HASH, OTHER_HASH))
    assert package.purl == "pkg:pypi/some-name@1.0"


@pytest.mark.parametrize(("name", "version"), [("other", "2.1"), ("stranger", "1.0")])
def test_code_that_the_lock_does_not_name_is_an_error(tmp_path: Path, lock: Path, name: str, version: str) -> None:
    """A package outside of the lock, or in another version, stops the list."""
    install(tmp_path / "site", name, version)
    with pytest.raises(LockMismatch, match=f"{name} {version} is installed, and the lock has"):
        installed_packages(tmp_path / "site", lock)


def test_a_module_without_metadata_is_an_error(tmp_path: Path, lock: Path) -> None:
    """A module that no package brought stops the list; our own kernel is known."""
    site = tmp_path / "site"
    install(site, "other", "2.0")
    (site / "keyturn").mkdir()
    (site / "__pycache__").mkdir()
    installed_packages(site, lock)
    (site / "smuggled.so").write_bytes(b"")
    with pytest.raises(LockMismatch, match=r"smuggled\.so belongs to no package"):
        installed_packages(site, lock)


def test_a_package_without_a_licence_is_an_error(tmp_path: Path, lock: Path) -> None:
    """Nothing is listed without a licence."""
    install(tmp_path / "site", "other", "2.0", licence="")
    with pytest.raises(UnknownLicence, match="other"):
        installed_packages(tmp_path / "site", lock)


def test_the_parts_of_a_wheel_are_those_of_its_own_sboms(tmp_path: Path, lock: Path) -> None:
    """PEP 770: what is linked into a wheel is listed below it, with AND between several licences."""
    folder = install(tmp_path / "site", "other", "2.0") / "sboms"
    folder.mkdir()
    components = [
        {"name": "crate", "version": "3", "purl": "pkg:cargo/crate@3?x=file:///w", "licenses": [{"expression": "MIT"}]},
        {"name": "two", "licenses": [{"license": {"id": "MIT"}}, {"license": {"name": "GPL-3.0-only"}}]},
        {"name": "openssl", "version": "4"},
        {"name": "silent"},
    ]
    (folder / "bom.json").write_text(json.dumps({"components": components}))
    (package,) = installed_packages(tmp_path / "site", lock)
    assert package.parts == (
        Part("crate", "MIT", "3", "pkg:cargo/crate@3"),
        Part("two", "(MIT) AND (GPL-3.0-only)"),
        Part("openssl", "Apache-2.0", "4"),
        Part("silent", "NOASSERTION"),
    )
    assert refused([package]) == ["two: (MIT) AND (GPL-3.0-only)", "silent: NOASSERTION"]


def test_a_copyleft_package_is_refused() -> None:
    """The exceptions name parts, each with its reason; a package is never one of them."""
    parts = tuple(Part(name, "MPL-2.0") for name in EXCEPTIONS)
    assert refused([Package("good", "1", "MIT", (HASH,), parts)]) == []
    assert refused([Package("bad", "1", "AGPL-3.0-only", (HASH,))]) == ["bad: AGPL-3.0-only"]
    assert all(EXCEPTIONS.values())


def test_the_wheel_requires_what_it_states(tmp_path: Path, lock: Path) -> None:
    """A package that only extras ask for is optional."""
    site = tmp_path / "site"
    requires = ("other>=1", 'some.name[extra]>=1 ; extra == "cli"', 'other>=1 ; extra == "cli"')
    install(site, "keyturn", "0.1", requires=requires)
    install(site, "other", "2.0")
    install(site, "some_name", "1.0")
    found = required_packages(site, lock)
    assert [(package.name, package.optional) for package in found] == [("other", False), ("some-name", True)]
