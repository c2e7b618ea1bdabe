"""The choice of the release before, from the history of a repository."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.releases.release import HistoryMissing, find_tag, git


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """Return a repository with one commit and its own settings."""
    if shutil.which("git") is None:
        pytest.skip("NOT RUN: git is not installed")
    git(tmp_path, "init", "--quiet")
    for name, value in (("user.name", "x"), ("user.email", "x"), ("commit.gpgsign", "false"), ("tag.gpgsign", "false")):
        git(tmp_path, "config", name, value)
    git(tmp_path, "config", "core.hooksPath", "none")
    commit(tmp_path)
    return tmp_path


def commit(repository: Path, *tags: str) -> None:
    git(repository, "commit", "--quiet", "--allow-empty", "--message", "a change")
    for tag in tags:
        git(repository, "tag", "--message", "a tag", tag)


def test_before_the_second_release_there_is_none_before(repository: Path) -> None:
    """There is no release before without a tag, nor at the commit of the first release."""
    assert find_tag(repository) is None
    commit(repository, "v0.1.0")
    assert find_tag(repository) is None


def test_a_release_is_the_one_before_from_the_next_commit_on(repository: Path) -> None:
    """A release is compared with its predecessor at its own commit; at the next commit it is the one before."""
    commit(repository, "v0.9.0")
    commit(repository, "v0.10.0", "v1.0.0-rc1", "nightly")
    assert find_tag(repository) == "v0.9.0"
    commit(repository)
    assert find_tag(repository) == "v0.10.0"


def test_a_release_of_another_branch_does_not_count(repository: Path) -> None:
    """A branch that maintains an older release is compared with that release."""
    commit(repository, "v1.0.0")
    git(repository, "switch", "--quiet", "--create", "main-line")
    commit(repository, "v2.0.0")
    git(repository, "switch", "--quiet", "-")
    commit(repository)
    assert find_tag(repository) == "v1.0.0"


def test_a_source_archive_has_no_release_before(repository: Path) -> None:
    """A source archive ignores the tags of the repository that contains it."""
    commit(repository, "v1.0.0")
    commit(repository)
    (repository / "vendored").mkdir()
    assert find_tag(repository / "vendored") is None


def test_a_shallow_clone_says_what_it_lacks(repository: Path) -> None:
    """A shallow clone without tags is an error: a comparison of this release with itself would prove nothing."""
    commit(repository, "v1.0.0")
    commit(repository)
    git(repository, "clone", "--quiet", "--depth", "1", repository.as_uri(), "shallow")
    with pytest.raises(HistoryMissing, match="git fetch --unshallow --tags"):
        find_tag(repository / "shallow")


def test_git_that_is_missing_or_fails_is_no_evidence_either(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A missing or failing git is an error with git's own message."""
    with pytest.raises(HistoryMissing, match=r"git archive: .*v9"):
        git(repository, "archive", "v9")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(HistoryMissing, match="git is not installed"):
        find_tag(repository)
