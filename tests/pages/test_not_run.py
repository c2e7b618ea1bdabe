"""The marks of the pages: the list of the commands that no test runs, and the tests that run a block by themselves."""

from __future__ import annotations

import ast
import re
import subprocess

import pytest

from tests.pages.context import GIVEN, REPLACED, SAYS
from tests.pages.fences import ROOT, Fence, commands_of, page_names, programs_of, read_fences
from tests.pages.not_run import AWS, CI, NOT_RUN, WORKFLOW
from tests.pages.run_by import PageBlocks, blocks_run_by_tests

PAGES = [page for page in page_names() if commands_of(page)]
MARKED = [fence for page in PAGES for fence in commands_of(page) if fence.mark is not None]


def test_the_list_has_each_command_that_is_not_run() -> None:
    """A mark is put into the list on purpose: by page and reason it has the commands of all marked blocks."""
    found: dict[tuple[str, str], list[str]] = {}
    for fence in MARKED:
        found.setdefault((fence.page, str(fence.mark)), []).extend(programs_of(fence.text))
    assert {place: list(dict.fromkeys(commands)) for place, commands in found.items()} == NOT_RUN


def test_what_users_read_is_run_without_an_account() -> None:
    """AWS is the only reason to leave a block of the README, the docs and the examples out."""
    assert {reason for page, reason in NOT_RUN if page != "CONTRIBUTING.md"} == {AWS}


def test_ci_runs_what_is_left_to_it() -> None:
    """`.ci/run` ends with `make check`, whose stages are targets; a workflow has a line for each of the others."""
    [stages] = re.findall(r"^STAGES := (.*)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert re.search(r"^CI=.* exec make check ", (ROOT / ".ci" / "run").read_text(), re.MULTILINE)
    assert {*NOT_RUN["CONTRIBUTING.md", CI]} <= {"make check", *(f"make {stage}" for stage in stages.split())}
    workflows = "".join(path.read_text() for path in (ROOT / ".github" / "workflows").iterdir())
    lines = re.findall(r"^ +- run: (make [a-z]+)", workflows, re.MULTILINE)
    assert {*NOT_RUN["CONTRIBUTING.md", WORKFLOW]} <= {*lines}


def test_make_finds_the_modules_of_the_long_runs() -> None:
    """Each module that `make` would start for minutes is in the repository."""
    commands = NOT_RUN["CONTRIBUTING.md", "it lasts for minutes"]
    targets = [command.removeprefix("make ") for command in commands]
    made = subprocess.run(["make", "--dry-run", *targets], cwd=ROOT, capture_output=True, text=True, check=True)
    modules = re.findall(r"python -m ((?:tests|benchmarks)[\w.]*)", made.stdout)
    assert len(modules) == len(targets)
    places = [ROOT / module.replace(".", "/") for module in modules]
    assert [
        place for place in places if not (place.with_suffix(".py").exists() or (place / "__main__.py").exists())
    ] == []


@pytest.mark.parametrize("fence", blocks_run_by_tests(), ids=lambda fence: fence.name)
def test_a_test_that_a_mark_names_takes_the_block(fence: Fence) -> None:
    """The test is there, and has the fixture that fails if the test leaves the block out."""
    path, _, name = str(fence.test).partition("::")
    functions = [each for each in ast.parse((ROOT / path).read_text()).body if isinstance(each, ast.FunctionDef)]
    [arguments] = [[argument.arg for argument in each.args.args] for each in functions if each.name == name]
    assert "page_blocks" in arguments


def test_a_test_that_leaves_a_block_out_fails() -> None:
    """The fixture counts the blocks that a test takes, and refuses a test that no block names."""
    [test, *_] = [str(fence.test) for fence in blocks_run_by_tests()]
    blocks = PageBlocks(test)
    with pytest.raises(AssertionError, match=r"docs/.*md:\d+"):
        blocks.check_that_all_ran()
    for _ in [fence for fence in blocks_run_by_tests() if fence.test == test]:
        blocks.take()
    blocks.check_that_all_ran()
    with pytest.raises(AssertionError, match="no block of a page has the mark"):
        PageBlocks("tests/pages/test_not_run.py::test_another")


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
        marks = re.findall(r"^ *<!-- (?:not run|run by)", text, re.MULTILINE)
        assert len(marks) == sum(not fence.is_typed for fence in commands_of(page)), page


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
    named = page.replace("not run: why", "run by: tests/test_it.py::test_it")
    assert [fence.test for fence in read_fences("page.md", named)] == ["tests/test_it.py::test_it", None, None]
    assert [fence.is_typed for fence in read_fences("page.md", named)] == [False, True, True]


def test_the_reader_replaces_what_a_page_shows() -> None:
    """Each value, each block and each page that the tests know of is in the pages."""
    for page, values in REPLACED.items():
        assert all(any(shown in fence.text for fence in commands_of(page)) for shown in values), page
    for page, starts in GIVEN.items():
        assert all(any(fence.text.startswith(start) for fence in commands_of(page)) for start in starts), page
    assert SAYS.keys() <= set(PAGES)
