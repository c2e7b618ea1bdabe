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
