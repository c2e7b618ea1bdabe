"""Artifacts of a cold start: built as the template builds them, and unpacked as Lambda unpacks them.

Peers get the same care: their layer is the rotator's, with the models of three services in botocore. Their byte code is
loaded without reading the source.
"""

from __future__ import annotations

import compileall
import importlib.metadata
import py_compile
import shutil
import zipfile
from pathlib import Path
from typing import NamedTuple

from local.build import Artifact, build_artifacts
from local.transform import read_template

ROOT = Path(__file__).parents[1]
_OURS = ("KeyturnLayer", "AuthorizerFunction")
_THEIRS = "DependenciesLayer"
_RUNTIME = ("awslambdaric", "simplejson", "snapshot-restore-py")
_STEPS = "cold_steps.py"
_PEERS = ("powertools_authorizer.py", "boto3_authorizer.py")


class Layout(NamedTuple):
    """Folders for sys.path, Lambda's order: those of our function, and those of a peer; `zipped` is ours, in bytes."""

    ours: tuple[Path, ...]
    theirs: tuple[Path, ...]
    zipped: int


def lay_out(folder: Path) -> Layout:
    """Build what has changed, and unpack it below the folder."""
    template = read_template(ROOT / "template.yaml")
    template["Resources"] = {name: template["Resources"][name] for name in (*_OURS, _THEIRS)}
    artifacts = build_artifacts(template, ROOT, folder / "artifacts")
    layer, function, dependencies = (_unpack(artifacts[name], folder) for name in (*_OURS, _THEIRS))
    runtime, peers = _runtime(folder / "runtime"), _copied(_PEERS, folder / "peers")
    return Layout(
        ours=(function, layer / "python", runtime),
        theirs=(peers, dependencies / "python", layer / "python", runtime),
        zipped=sum(_zipped(artifacts[name].path) for name in _OURS),
    )


def believe(layout: Layout, authority: Path) -> None:
    """Put one more root beside Amazon's in our unpacked artifact: that of the local server."""
    [roots] = (found for folder in layout.ours for found in folder.glob("keyturn/adapters/aws/amazon_roots.pem"))
    roots.write_bytes(roots.read_bytes() + authority.read_bytes())


def _unpack(artifact: Artifact, folder: Path) -> Path:
    target = folder / artifact.logical_id
    shutil.rmtree(target, ignore_errors=True)
    with zipfile.ZipFile(artifact.path) as archive:
        archive.extractall(target)
    return target


def _runtime(folder: Path) -> Path:
    """Link Lambda's runtime interface client, which every function loads before its own code, and what it needs."""
    shutil.rmtree(folder, ignore_errors=True)
    _copied((_STEPS,), folder)
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
