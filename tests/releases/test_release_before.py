"""This release and the release before read each other's items: functions are updated one by one, and rolled back.

Before the second release, and in a source archive, a copy of this checkout stands in for the release before. The
comparison then runs at every commit.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from keyturn.adapters.aws.item_version import ITEM_VERSION
from tests.releases.release import KERNEL, ROOT, HistoryMissing, Release, find_tag, take_out


def faults(writer: Release, items: dict[str, Any], before: Release, this: Release) -> list[str]:
    """Return a sentence for each item that one release refuses, that this one forgot, or that has two meanings.

    A kind that only this release knows is correct: the release before never reads it.
    """
    sentences: list[str] = []
    by_before, by_this = before.read(items), this.read(items)
    for name in items:
        answers = {before.name: by_before[name], this.name: by_this[name]}
        refusals = [f"{reader} refuses it: {each['refused']}" for reader, each in answers.items() if "refused" in each]
        if not by_this[name]:
            refusals.append(f"{this.name} does not know its kind")
        if not refusals and by_before[name]:
            refusals = [
                f"its {where} is {first!r} to {before.name} and {second!r} to {this.name}"
                for where, first, second in differences(by_before[name]["meaning"], by_this[name]["meaning"])
            ]
        sentences += [f"{name}, as {writer.name} writes it: {refusal}" for refusal in refusals]
    return sentences


def differences(first: Any, second: Any, where: str = "") -> list[tuple[str, Any, Any]]:
    """Return the fields in which two meanings differ, with both values; only fields that both have are compared."""
    if isinstance(first, dict) and isinstance(second, dict):
        pairs = [(f"{where}.{name}".lstrip("."), first[name], second[name]) for name in first if name in second]
    elif isinstance(first, list) and isinstance(second, list) and len(first) == len(second):
        pairs = [(f"{where}[{at}]", *pair) for at, pair in enumerate(zip(first, second, strict=True))]
    else:
        return [] if first == second else [(where, first, second)]
    return [found for path, one, other in pairs for found in differences(one, other, path)]


@pytest.fixture(scope="module")
def this() -> Release:
    """Return this checkout."""
    return Release("this release", ROOT)


@pytest.fixture(scope="module")
def written(this: Release) -> dict[str, Any]:
    """Return what this release writes."""
    return this.write()


@pytest.fixture(scope="module")
def before(tmp_path_factory: pytest.TempPathFactory) -> Release:
    """Return the release before; without git's history skip the test, and fail in CI."""
    try:
        release = take_out(find_tag(ROOT), tmp_path_factory.mktemp("before"))
    except HistoryMissing as error:
        not_run = f"NOT RUN: the release before is not known: {error}"
        if os.environ.get("CI"):
            pytest.fail(not_run)
        pytest.skip(not_run)
    print(f"the release before: {release.name}")
    return release


def test_this_release_reads_what_the_release_before_writes(before: Release, this: Release) -> None:
    """This release reads every stored item of the release before with the same meaning."""
    found = faults(before, before.write(), before, this)
    assert not found, "\n".join(found)


def test_the_release_before_reads_what_this_release_writes(
    before: Release, this: Release, written: dict[str, Any]
) -> None:
    """The release before, in a function that is updated last or rolled back, reads this release's items."""
    found = faults(this, written, before, this)
    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    ("module", "text", "altered", "sentence"),
    [
        (
            "aws/item_version",
            'item.get("v") not in ',
            'item.get("v") in ',
            "a copy of this checkout refuses it: ItemDamaged: ring resting: item version",
        ),
        (
            "keys/key_ring_item",
            '_whole(item["longest_lifetime"])',
            '_whole(item["longest"])',
            "a copy of this checkout refuses it: ItemDamaged: ring resting: KeyError: 'longest'",
        ),
        (
            "keys/key_ring_item",
            '_whole(item["longest_lifetime"])',
            '_whole(item["longest_lifetime"]) * 1000',
            "its longest_lifetime is 900000 to a copy of this checkout and 900 to this release",
        ),
    ],
    ids=["version", "name", "unit"],
)
def test_a_release_before_that_differs_is_reported(
    module: str, text: str, altered: str, sentence: str, tmp_path: Path, this: Release, written: dict[str, Any]
) -> None:
    """An item that the release before refuses or misreads is reported with its writer, reader and field."""
    older = take_out(None, tmp_path)
    source = tmp_path / KERNEL / "adapters" / f"{module}.py"
    assert text in source.read_text()
    source.write_text(source.read_text().replace(text, altered))
    found = faults(this, written, older, this)
    assert any(each.startswith(f"rings/ring#resting, as this release writes it: {sentence}") for each in found), found


def test_the_next_release_can_write_the_next_version(tmp_path: Path, this: Release, written: dict[str, Any]) -> None:
    """This release and a release with the next item version read each other's items."""
    next_release = take_out(None, tmp_path)
    source = tmp_path / KERNEL / "adapters" / "aws" / "item_version.py"
    source.write_text(
        source.read_text().replace(f"ITEM_VERSION = {ITEM_VERSION}", f"ITEM_VERSION = {ITEM_VERSION + 1}")
    )
    raised = next_release.write()
    assert all(item["v"] == {"N": str(ITEM_VERSION + 1)} for item in raised.values())
    found = [*faults(this, written, this, next_release), *faults(next_release, raised, this, next_release)]
    assert not found, "\n".join(found)


def test_only_the_release_before_may_not_know_a_kind(this: Release) -> None:
    """A new kind of item is correct; a kind that this release has forgotten is a fault."""

    class Newer(Release):
        def read(self, items: dict[str, Any]) -> dict[str, Any]:
            return {name: {"meaning": {}} for name in items}

    unknown = {"clients/stranger#1": {"pk": {"S": "stranger#1"}}}
    older, newer = Release("an older release", ROOT), Newer("a newer release", ROOT)
    assert faults(newer, unknown, older, newer) == []
    assert faults(older, unknown, older, this) == [
        "clients/stranger#1, as an older release writes it: this release does not know its kind"
    ]
