"""Writes what a build consists of: an SBOM for each artifact and for the wheel, the licences, and the digests.

    python -m tests.supply_chain.bill_of_materials .aws-sam/arm64 SITE build/supply-chain/arm64

It runs in .venv-supply-chain; SITE is the folder site-packages of .venv. Each SBOM is validated by the schema of
CycloneDX (ECMA-424). The same build gives the same files: they have no time, and the serial number follows from the
digest.
"""

from __future__ import annotations

import sys
import tomllib
import uuid
from pathlib import Path
from typing import Any

from cyclonedx.contrib.license.factories import LicenseFactory
from cyclonedx.model import ExternalReference, ExternalReferenceType, HashAlgorithm, HashType, Property, XsUri
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentScope, ComponentType
from cyclonedx.output.json import JsonV1Dot6
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from packageurl import PackageURL

from tests.supply_chain.digests import artifact_digest, artifacts
from tests.supply_chain.licences import UnknownLicence
from tests.supply_chain.packages import (
    EXCEPTIONS,
    LockMismatch,
    Package,
    Part,
    installed_packages,
    refused,
    required_packages,
)

ROOT = Path(__file__).parents[2]
LOCKS = {
    "DependenciesLayer": ROOT / "layers" / "dependencies" / "requirements.txt",
    "KeyturnLayer": ROOT / "layers" / "keyturn" / "requirements.txt",
    "LoginLayer": ROOT / "layers" / "login" / "requirements.txt",
}
_NAMESPACE = uuid.UUID("6c3f3d0e-7f0b-5d0f-9a52-6f8d3f0c7a11")
_LICENCES = LicenseFactory()


class InvalidBom(Exception):
    """The SBOM breaks CycloneDX's schema."""


def packages_of(artifact: Path) -> list[Package]:
    """Return the packages of a layer; a function has its own code alone, which a test holds."""
    site = artifact / "python"
    if not site.exists():
        return []
    if artifact.name not in LOCKS:
        raise LockMismatch(f"the layer {artifact.name} has no lock in tests/supply_chain/bill_of_materials.py")
    return installed_packages(site, LOCKS[artifact.name])


def render(root: Component, packages: list[Package], seed: str) -> str:
    """Return the SBOM of a component as JSON; the serial number follows from `seed`. Raises InvalidBom."""
    bom = Bom(serial_number=uuid.uuid5(_NAMESPACE, seed))
    bom.metadata.component = root
    bom.metadata.timestamp = None  # a time would make each run another file
    components = [_component(package) for package in packages]
    bom.components.update(components)
    bom.register_dependency(root, components)
    for component in components:
        bom.register_dependency(component, component.components)
    text: str = JsonV1Dot6(bom).output_as_string(indent=2)
    fault = JsonStrictValidator(SchemaVersion.V1_6).validate_str(text)
    if fault is not None:
        raise InvalidBom(f"{root.name}: {fault}")
    return text + "\n"


def _ours(name: str, version: str, **details: Any) -> Component:
    licences = [_LICENCES.make_from_string("Apache-2.0")]
    return Component(name=name, version=version, bom_ref=name, licenses=licences, **details)


def _artifact(artifact: Path, version: str) -> Component:
    digest = Property(name="keyturn:artifact-sha256", value=artifact_digest(artifact))
    return _ours(artifact.name, version, type=ComponentType.APPLICATION, properties=[digest])


def _wheel(version: str) -> Component:
    purl = PackageURL.from_string(f"pkg:pypi/keyturn@{version}")
    return _ours("keyturn", version, type=ComponentType.LIBRARY, purl=purl)


def _component(package: Package) -> Component:
    hashes = [HashType(alg=HashAlgorithm.SHA_256, content=each) for each in package.hashes]
    page = XsUri(f"https://pypi.org/project/{package.name}/{package.version}/#files")
    return Component(
        name=package.name,
        version=package.version,
        type=ComponentType.LIBRARY,
        bom_ref=package.purl,
        scope=ComponentScope.OPTIONAL if package.optional else ComponentScope.REQUIRED,
        purl=PackageURL.from_string(package.purl),
        licenses=[_LICENCES.make_from_string(package.licence)],
        # One of these files was installed, and pip compared its hash.
        external_references=[ExternalReference(type=ExternalReferenceType.DISTRIBUTION, url=page, hashes=hashes)],
        components=[_part(part, package) for part in package.parts],
    )


def _part(part: Part, package: Package) -> Component:
    details: dict[str, Any] = {"purl": PackageURL.from_string(part.purl)} if part.purl else {}
    return Component(
        name=part.name,
        version=part.version,
        type=ComponentType.LIBRARY,
        bom_ref=f"{package.purl}#{part.name}@{part.version}",
        licenses=[_LICENCES.make_from_string(part.licence)],
        **details,
    )


def licence_table(packages: list[Package]) -> str:
    """Return a table of all packages and parts with their licences."""
    rows = {f"| {each.name} | {each.version} | {each.licence} | |" for each in packages}
    for package in packages:
        for part in package.parts:
            note = EXCEPTIONS.get(part.name, f"in {package.name}")
            rows.add(f"| {part.name} | {part.version or ''} | {part.licence} | {note} |")
    return "\n".join(["| package | version | licence | |", "|---|---|---|---|", *sorted(rows)]) + "\n"


def write(build: Path, site: Path, target: Path) -> list[str]:
    """Write the files; return the packages whose licence is refused."""
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    target.mkdir(parents=True, exist_ok=True)
    contents = {artifact: packages_of(artifact) for artifact in artifacts(build)}
    for artifact, packages in contents.items():
        text = render(_artifact(artifact, version), packages, artifact_digest(artifact))
        (target / f"{artifact.name}.cdx.json").write_text(text)
    required = required_packages(site, ROOT / "requirements" / "dev.lock")
    (target / "wheel.cdx.json").write_text(render(_wheel(version), required, f"wheel {version} {required}"))
    every = [*required, *(package for packages in contents.values() for package in packages)]
    (target / "licences.md").write_text(licence_table(every))
    digests = (f"{artifact_digest(artifact)}  {artifact.name}\n" for artifact in contents)
    (target / "digests.txt").write_text("".join(digests))
    return refused(every)


def main() -> int:
    """Write the files; return 1, and print why, if something may not be deployed as it is."""
    try:
        faults = [f"no permitted licence: {each}" for each in write(*map(Path, sys.argv[1:4]))]
    except (InvalidBom, LockMismatch, UnknownLicence) as error:
        faults = [str(error)]
    for fault in faults:
        print(fault, file=sys.stderr)
    return int(bool(faults))


if __name__ == "__main__":
    sys.exit(main())
