"""One digest for each artifact of a `sam build`: two builds of one commit have the same ones.

    python -m tests.supply_chain.digests .aws-sam/build

It covers the names, the permissions and the bytes of all files. A ZIP file of the same files may differ: the file
system gives it their order.
"""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path


def artifacts(build: Path) -> list[Path]:
    """Return the folder of each function and layer."""
    return sorted(path for path in build.iterdir() if path.is_dir())


def file_digests(artifact: Path) -> dict[str, str]:
    """Return each file's permissions and SHA-256, by its path in the artifact."""
    files = sorted(path for path in artifact.rglob("*") if path.is_file())
    return {
        path.relative_to(artifact).as_posix(): (
            f"{path.stat().st_mode & 0o777:o} {hashlib.sha256(path.read_bytes()).hexdigest()}"
        )
        for path in files
    }


def artifact_digest(artifact: Path) -> str:
    """Return the SHA-256 over the sorted names and digests of all files."""
    lines = (f"{name}\0{digest}\n" for name, digest in file_digests(artifact).items())
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def main() -> None:
    """Print a line for each artifact."""
    for artifact in artifacts(Path(sys.argv[1])):
        print(f"{artifact_digest(artifact)}  {artifact.name}")


if __name__ == "__main__":
    main()
