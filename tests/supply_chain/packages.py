"""The third-party code of an artifact: from the metadata that pip installed, the locks, and the wheels' own SBOMs."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, replace
from importlib import metadata
from pathlib import Path
from typing import Any

from tests.supply_chain.licences import declared_licence, is_allowed

# Licences that a person read in the package's licence file, since its metadata states none in SPDX's terms.
REVIEWED = {
    "openssl": "Apache-2.0",  # since 3.0; cryptography's SBOM names no licence
    "python-dateutil": "Apache-2.0 AND BSD-3-Clause",  # BSD for all of it, Apache-2.0 also for code since 2017-12-01
}


@dataclass(frozen=True, slots=True)
class Part:
    """Code or data of others inside a package or beside it; `version` and `purl` are None if nobody states them."""

    name: str
    licence: str
    version: str | None = None
    purl: str | None = None


@dataclass(frozen=True, slots=True)
class Package:
    """One package of an artifact; `hashes` are the SHA-256 of its files in the lock."""

    name: str
    version: str
    licence: str
    hashes: tuple[str, ...]
    parts: tuple[Part, ...] = ()
    optional: bool = False

    @property
    def purl(self) -> str:
        """The package URL (ECMA-427)."""
        return f"pkg:pypi/{self.name}@{self.version}"


# Contents of wheels that no SBOM of theirs describes.
BUNDLED = {
    "botocore": (
        Part("requests", "Apache-2.0"),
        Part("urllib3", "MIT"),
        Part("six", "MIT"),
        Part("mozilla-ca-certificates", "MPL-2.0"),
    ),
    "cffi": (Part("libffi", "MIT"),),
}

# Parts with a licence outside of the allow list, each with the reason why it may be deployed.
EXCEPTIONS = {
    "mozilla-ca-certificates": "botocore/cacert.pem, a list of certificates that is its own source, unchanged",
}

# SPDX's word for a licence that nobody stated; the allow list lacks it.
NOT_STATED = "NOASSERTION"

# Top-level names of an artifact that differ from the name of their package.
_IMPORT_NAMES = {"_cffi_backend": "cffi", "dateutil": "python-dateutil", "jwt": "pyjwt"}
_OURS = frozenset({"keyturn"})


class LockMismatch(Exception):
    """An artifact has code that its lock does not name, or in another version."""


def canonical(name: str) -> str:
    """Return the normalised name (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def read_lock(path: Path) -> dict[str, tuple[str, tuple[str, ...]]]:
    """Return version and hashes of each package of a lock, by its name."""
    entries = re.findall(
        r"^([A-Za-z0-9._-]+)(?:\[[^\]]*\])?==([^\s;]+)(.*?)(?=^[A-Za-z0-9]|\Z)",
        path.read_text(),
        re.MULTILINE | re.DOTALL,
    )
    return {
        canonical(name): (version, tuple(re.findall(r"--hash=sha256:([0-9a-f]{64})", rest)))
        for name, version, rest in entries
    }


def installed_packages(site: Path, lock: Path) -> list[Package]:
    """Return the packages below a folder, sorted; raises LockMismatch, UnknownLicence."""
    locked = read_lock(lock)
    packages = [_package(folder, locked) for folder in sorted(site.glob("*.dist-info"))]
    _check_names(site, {package.name for package in packages})
    return packages


def required_packages(site: Path, lock: Path) -> list[Package]:
    """Return the packages that `pip install keyturn` asks for, as the development environment below `site` has them.

    Those of an extra are optional. Raises LockMismatch, UnknownLicence.
    """
    locked = read_lock(lock)
    ours: Any = metadata.PathDistribution(next(site.glob("keyturn-*.dist-info"))).metadata
    extras: dict[str, bool] = {}
    for requirement in ours.get_all("Requires-Dist") or []:
        name = canonical(re.split(r"[^A-Za-z0-9._-]", requirement)[0])
        extras[name] = "extra ==" in requirement and extras.get(name, True)
    folders = {canonical(path.name.partition("-")[0]): path for path in site.glob("*.dist-info")}
    return [replace(_package(folders[name], locked), optional=extras[name]) for name in sorted(extras)]


def _package(folder: Path, locked: dict[str, tuple[str, tuple[str, ...]]]) -> Package:
    headers: Any = metadata.PathDistribution(folder).metadata
    name, version = canonical(headers["Name"]), headers["Version"]
    expected, hashes = locked.get(name, ("", ()))
    if version != expected or not hashes:
        raise LockMismatch(f"{name} {version} is installed, and the lock has {expected or 'none'}")
    licence = declared_licence(name, headers, REVIEWED)
    return Package(name, version, licence, hashes, (*BUNDLED.get(name, ()), *_described_parts(folder)))


def _described_parts(folder: Path) -> list[Part]:
    """Return the parts that the wheel's own SBOMs list (PEP 770)."""
    boms = [json.loads(path.read_text()) for path in sorted(folder.glob("sboms/*.json"))]
    return [_described_part(component) for bom in boms for component in bom["components"]]


def _described_part(component: dict[str, Any]) -> Part:
    name = component["name"]
    stated = [
        each.get("expression") or each["license"].get("id") or each["license"]["name"]
        for each in component.get("licenses", [])
    ]
    licence = stated[0] if len(stated) == 1 else " AND ".join(f"({each})" for each in stated)
    # Build paths of the wheel's own machine stand in the qualifiers.
    return Part(
        name,
        licence or REVIEWED.get(name, NOT_STATED),
        component.get("version"),
        component.get("purl", "").partition("?")[0] or None,
    )


def _check_names(site: Path, packages: set[str]) -> None:
    """Raise LockMismatch for a top-level module that belongs to no installed package."""
    for path in site.iterdir():
        name = path.name.partition(".")[0]
        if name == "__pycache__" or path.suffix == ".dist-info" or name in _OURS:
            continue
        if _IMPORT_NAMES.get(name, canonical(name)) not in packages:
            raise LockMismatch(f"{path.name} belongs to no package that pip installed")


def refused(packages: list[Package]) -> list[str]:
    """Return each package and part that has no permitted licence, with the licence."""
    licences = [(package.name, package.licence) for package in packages]
    licences += [
        (part.name, part.licence) for package in packages for part in package.parts if part.name not in EXCEPTIONS
    ]
    return [f"{name}: {licence}" for name, licence in licences if not is_allowed(licence)]
