"""Artifacts of a cold start: built as a template builds them, and unpacked as Lambda unpacks them.

Peers get the same care: their layer has the models of the services that they call, and no others. Their byte code is
loaded without reading the source.
"""

from __future__ import annotations

import compileall
import importlib.metadata
import py_compile
import shutil
import zipfile
from pathlib import Path
from typing import Any, NamedTuple

from local.build import Artifact, build_artifacts
from local.transform import read_template

ROOT = Path(__file__).parents[1]
_FUNCTIONS = {"authorizer": "AuthorizerFunction", "issuer": "TokenIssuerFunction"}
_KEYTURN, _DEPENDENCIES = "KeyturnLayer", "DependenciesLayer"
_RUNTIME = ("awslambdaric", "simplejson", "snapshot-restore-py")
_STEPS = ("cold_steps.py", "issuer_worker.py")
_PEERS = ("powertools_authorizer.py", "boto3_authorizer.py", "boto3_issuer.py")
_ROOTS = "amazon_roots.pem"


class Layout(NamedTuple):
    """Folders for sys.path in Lambda's order, of our two functions and of the peers; `zipped` in bytes by function."""

    authorizer: tuple[Path, ...]
    issuer: tuple[Path, ...]
    peers: tuple[Path, ...]
    zipped: dict[str, int]


def lay_out(folder: Path, root: Path = ROOT) -> Layout:
    """Build what has changed in the checkout `root`, and unpack it below the folder."""
    template = read_template(root / "template.yaml")
    layers = {name: _layers(template, resource) for name, resource in _FUNCTIONS.items()}
    wanted = {*_FUNCTIONS.values(), *layers["authorizer"], *layers["issuer"], _KEYTURN, _DEPENDENCIES}
    template["Resources"] = {name: template["Resources"][name] for name in sorted(wanted)}
    artifacts = build_artifacts(template, root, folder / "artifacts")
    unpacked = {name: _unpack(artifact, folder) for name, artifact in artifacts.items()}
    runtime, peers = _runtime(folder / "runtime"), _copied(_PEERS, folder / "peers")
    paths = {
        name: (unpacked[resource], *(unpacked[layer] / "python" for layer in layers[name]), runtime)
        for name, resource in _FUNCTIONS.items()
    }
    theirs = (unpacked[_DEPENDENCIES] / "python", unpacked[_KEYTURN] / "python")
    zipped = {
        name: sum(_zipped(artifacts[each].path) for each in (resource, *layers[name]))
        for name, resource in _FUNCTIONS.items()
    }
    return Layout(**paths, peers=(peers, *theirs, runtime), zipped=zipped)


def believe(layout: Layout, authority: Path) -> None:
    """Put one more root beside Amazon's in our unpacked artifacts: that of the local server."""
    found = {roots for folder in layout.authorizer + layout.issuer for roots in folder.rglob(_ROOTS)}
    assert found, f"no layer has {_ROOTS}"
    for roots in found:
        roots.write_bytes(roots.read_bytes() + authority.read_bytes())


def _layers(template: dict[str, Any], resource: str) -> list[str]:
    """Return the names of the layers that a function has."""
    return [layer["Ref"] for layer in template["Resources"][resource]["Properties"].get("Layers", [])]


def _unpack(artifact: Artifact, folder: Path) -> Path:
    target = folder / artifact.logical_id
    shutil.rmtree(target, ignore_errors=True)
    with zipfile.ZipFile(artifact.path) as archive:
        archive.extractall(target)
    return target


def _runtime(folder: Path) -> Path:
    """Link Lambda's runtime interface client, which every function loads before its own code, and what it needs."""
    _copied(_STEPS, folder)
    for name in _RUNTIME:
        distribution = importlib.metadata.distribution(name)
        for top in {file.parts[0] for file in distribution.files or ()} - {"..", "__pycache__"}:
            (folder / top).symlink_to(Path(str(distribution.locate_file(top))))
    return folder


def _copied(names: tuple[str, ...], folder: Path) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for name in names:
        shutil.copy(Path(__file__).with_name(name), folder)
    compileall.compile_dir(folder, quiet=1, invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH)
    return folder


def _zipped(archive: Path) -> int:
    """Return the size at zlib's own level, as `sam deploy` packs it: the embedded stack is in a hurry."""
    with zipfile.ZipFile(archive) as packed, (archive.parent / "packed.zip").open("w+b") as file:
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as again:
            for entry in packed.infolist():
                again.writestr(entry.filename, packed.read(entry))
        return file.tell()
