"""The marks of the pages, and the list of the commands that no test runs."""

from __future__ import annotations

import re
import subprocess

import pytest

from tests.pages.context import GIVEN, REPLACED, SAYS
from tests.pages.fences import ROOT, Fence, commands_of, page_names, programs_of, read_fences
from tests.pages.not_run import NOT_RUN

PAGES = [page for page in page_names() if commands_of(page)]
MARKED = [fence for page in PAGES for fence in commands_of(page) if fence.mark is not None]


def test_the_list_has_each_command_that_is_not_run() -> None:
    """A mark is put into the list on purpose: by page and reason it has the commands of all marked blocks."""
    found: dict[tuple[str, str], list[str]] = {}
    for fence in MARKED:
        found.setdefault((fence.page, str(fence.mark)), []).extend(programs_of(fence.text))
    assert {place: list(dict.fromkeys(commands)) for place, commands in found.items()} == NOT_RUN


def test_a_test_that_a_reason_names_exists() -> None:
    """A reason that names a test in place of the run names a file or a folder of tests."""
    named = [path for _, reason in NOT_RUN for path in re.findall(r"\btests/\S+", reason)]
    assert named
    assert [path for path in named if not (ROOT / path).exists()] == []


@pytest.mark.parametrize("fence", MARKED, ids=lambda fence: fence.name)
def test_a_marked_block_is_read_by_the_shell(fence: Fence) -> None:
    """Bash accepts the syntax of a block that is not run."""
    checked = subprocess.run(["bash", "-n"], input=fence.text, text=True, capture_output=True, check=False)
    assert (checked.returncode, checked.stderr) == (0, "")


def test_each_block_of_a_shell_is_found() -> None:
    """Blocks under another name, or of another fence, are no way round: a page has `sh` alone, and each is found."""
    for page in page_names():
        text = (ROOT / page).read_text()
        opened = re.findall(r"^ *(?:```|~~~) *(sh|bash|shell|console|zsh|shellsession)\b", text, re.MULTILINE)
        assert opened == ["sh"] * len(commands_of(page)), page
        assert not re.search(r"^ *~~~", text, re.MULTILINE), page
        marks = re.findall(r"^ *<!-- not run", text, re.MULTILINE)
        assert len(marks) == sum(fence.mark is not None for fence in commands_of(page)), page


def test_an_output_belongs_to_the_block_before_it() -> None:
    """A block of `text` under the same heading is the output of the commands before it; one further on is not."""
    outer = "```sh\na\n```\n\nProse.\n\n```text\nb\n```\n\n"
    page = f"{outer}    ```sh\n    c \\\n      d\n    ```\n\n## Next\n\n```text\ne\n```\n"
    first, _, second, _ = read_fences("page.md", page)
    assert (first.text, first.output, first.line) == ("a\n", "b\n", 1)
    assert (second.text, second.output, second.line) == ("c \\\n  d\n", None, 11)


def test_a_mark_belongs_to_the_block_after_it() -> None:
    """A comment marks the next block alone, and only if nothing stands between."""
    mark = "<!-- not run: why -->\n\n"
    page = f"{mark}```sh\na\n```\n\n```sh\nb\n```\n\n{mark}Prose.\n\n```sh\nc\n```\n"
    assert [fence.mark for fence in read_fences("page.md", page)] == ["why", None, None]


def test_the_reader_replaces_what_a_page_shows() -> None:
    """Each value, each block and each page that the tests know of is in the pages."""
    for page, values in REPLACED.items():
        assert all(any(shown in fence.text for fence in commands_of(page)) for shown in values), page
    for page, starts in GIVEN.items():
        assert all(any(fence.text.startswith(start) for fence in commands_of(page)) for start in starts), page
    assert SAYS.keys() <= set(PAGES)
