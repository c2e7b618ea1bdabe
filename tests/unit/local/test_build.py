"""Artifacts are built when their inputs changed, and only then."""

from __future__ import annotations

import zipfile
from typing import TYPE_CHECKING, Any

import pytest

from local.build import BuildError, build_artifacts, fingerprint_inputs

if TYPE_CHECKING:
    from pathlib import Path

TEMPLATE: dict[str, Any] = {
    "Globals": {"Function": {"CodeUri": "functions/"}},
    "Resources": {
        "HelloFunction": {
            "Type": "AWS::Serverless::Function",
            "Metadata": {"BuildMethod": "makefile"},
            "Properties": {"Handler": "hello.handler"},
        },
        "InlineFunction": {"Type": "AWS::Serverless::Function", "Properties": {"InlineCode": "pass"}},
    },
}
MAKEFILE = 'build-HelloFunction:\n\tcp hello.py "$(ARTIFACTS_DIR)/"\n\techo built >> ../builds.log\n'


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Return a small project with one function that a Makefile builds."""
    (tmp_path / "functions").mkdir()
    (tmp_path / "functions" / "Makefile").write_text(MAKEFILE)
    (tmp_path / "functions" / "hello.py").write_text("def handler(event, context): ...\n")
    (tmp_path / "lambda.mk").write_text("")
    return tmp_path


def count_builds(root: Path) -> int:
    return len((root / "builds.log").read_text().splitlines())


def test_only_what_says_makefile_is_built(root: Path) -> None:
    """Every function or layer whose build method is makefile becomes an archive of the files that its target wrote."""
    artifacts = build_artifacts(TEMPLATE, root, root / "builds")

    assert list(artifacts) == ["HelloFunction"]
    with zipfile.ZipFile(artifacts["HelloFunction"].path) as archive:
        assert archive.namelist() == ["hello.py"]


def test_nothing_is_built_again_while_nothing_changed(root: Path) -> None:
    """A second build with the same inputs calls no make and gives the same archive."""
    first = build_artifacts(TEMPLATE, root, root / "builds")["HelloFunction"]
    second = build_artifacts(TEMPLATE, root, root / "builds")["HelloFunction"]

    assert (first.built, second.built) == (True, False)
    assert first.sha256 == second.sha256
    assert count_builds(root) == 1


def test_a_changed_source_is_built_again(root: Path) -> None:
    """A changed source file gives another archive."""
    first = build_artifacts(TEMPLATE, root, root / "builds")["HelloFunction"]
    (root / "functions" / "hello.py").write_text("def handler(event, context): return 1\n")
    second = build_artifacts(TEMPLATE, root, root / "builds")["HelloFunction"]

    assert second.built
    assert first.sha256 != second.sha256


def test_equal_content_gives_equal_archives(root: Path) -> None:
    """The archive depends on content alone, so that a rebuild of the same code updates no function."""
    first = build_artifacts(TEMPLATE, root, root / "builds")["HelloFunction"]
    second = build_artifacts(TEMPLATE, root, root / "elsewhere")["HelloFunction"]

    assert second.built
    assert first.sha256 == second.sha256


def test_a_missing_archive_is_built_again(root: Path) -> None:
    """A record without its archive is ignored."""
    build_artifacts(TEMPLATE, root, root / "builds")["HelloFunction"].path.unlink()

    assert build_artifacts(TEMPLATE, root, root / "builds")["HelloFunction"].built


def test_a_failed_build_says_what_make_said(root: Path) -> None:
    """A failing target is a BuildError with the output of make, and leaves no archive."""
    (root / "functions" / "Makefile").write_text("build-HelloFunction:\n\t@echo no such thing >&2; exit 3\n")

    with pytest.raises(BuildError, match=r"HelloFunction did not build:[^$]*no such thing"):
        build_artifacts(TEMPLATE, root, root / "builds")
    assert list((root / "builds").iterdir()) == []


def test_the_fingerprint_knows_names_from_content(root: Path) -> None:
    """Content that moves from one file to another changes the fingerprint; byte code does not."""
    source = root / "functions"
    (source / "a.py").write_text("ab")
    (source / "b.py").write_text("")
    before = fingerprint_inputs(source)
    (source / "__pycache__").mkdir()
    (source / "__pycache__" / "a.pyc").write_text("byte code")
    assert fingerprint_inputs(source) == before

    (source / "a.py").write_text("a")
    (source / "b.py").write_text("b")
    assert fingerprint_inputs(source) != before


def plain(root: Path, requirements: str | None = None) -> dict[str, Any]:
    """Return a template whose function is a folder, with this requirements.txt."""
    (root / "code" / "__pycache__").mkdir(parents=True)
    (root / "code" / "__pycache__" / "app.pyc").touch()
    (root / "code" / "app.py").write_text("def handler(event, context): ...\n")
    if requirements is not None:
        (root / "code" / "requirements.txt").write_text(requirements)
    properties = {"Handler": "app.handler", "CodeUri": "code/"}
    return {"Resources": {"Plain": {"Type": "AWS::Serverless::Function", "Properties": properties}}}


def test_a_folder_without_a_makefile_is_the_archive(root: Path) -> None:
    """The function's folder is copied as `sam build` copies it, and built again after a change alone."""
    template = plain(root)
    first, second = (build_artifacts(template, root, root / "builds")["Plain"] for _ in range(2))
    with zipfile.ZipFile(first.path) as archive:
        assert archive.namelist() == ["app.py"]
    assert (first.built, second.built, first.sha256) == (True, False, second.sha256)


def test_packages_are_installed_beside_the_code(root: Path) -> None:
    """The packages of requirements.txt are in the archive; one that pip cannot install is an error with its reason."""
    template = plain(root, f"{root}/missing.whl\n")
    with pytest.raises(BuildError, match=r"Plain: pip cannot install requirements\.txt:[^$]*missing\.whl"):
        build_artifacts(template, root, root / "builds")
    with zipfile.ZipFile(root / "dependency-1-py3-none-any.whl", "w") as wheel:
        wheel.writestr("dependency.py", "A = 1\n")
        wheel.writestr("dependency-1.dist-info/METADATA", "Metadata-Version: 2.1\nName: dependency\nVersion: 1\n")
        wheel.writestr("dependency-1.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr("dependency-1.dist-info/RECORD", "")
    (root / "code" / "requirements.txt").write_text(f"{root}/dependency-1-py3-none-any.whl\n")
    with zipfile.ZipFile(build_artifacts(template, root, root / "builds")["Plain"].path) as archive:
        assert {"app.py", "dependency.py"} <= set(archive.namelist())


def test_a_missing_folder_is_named(root: Path) -> None:
    """A CodeUri that leads nowhere is an error before anything is built."""
    template = plain(root)
    template["Resources"]["Plain"]["Properties"]["CodeUri"] = "nowhere/"
    with pytest.raises(BuildError, match=r"Plain has its code in .*nowhere, which is not a folder"):
        build_artifacts(template, root, root / "builds")


def test_a_file_that_cannot_be_copied_is_named(root: Path) -> None:
    """A link that leads nowhere is an error with its path, on one line."""
    template = plain(root)
    (root / "code" / "dangling").symlink_to("nowhere")
    with pytest.raises(
        BuildError, match=r"^Plain: \S+/code/dangling cannot be copied \(\[Errno 2\] No such file or dir"
    ):
        build_artifacts(template, root, root / "builds")
