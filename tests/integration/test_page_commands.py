"""The commands of the pages, run as they are written there, in the order of the README's lists."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from local.tool_environment import tool_environment
from tests.integration.aws import aws
from tests.pages.context import SAYS
from tests.pages.fences import commands_of, page_names
from tests.pages.reader import START, Reader, start_reading, warm_commands
from tests.pages.shell import redacted, shows

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.pages.run_by import PageBlocks

README, *PAGES = [page for page in page_names() if any(fence.is_typed for fence in commands_of(page))]


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reader]:
    """Return a reader who has read the README, each of whose commands was a process of its own."""
    with start_reading(tmp_path_factory.mktemp("reader")) as reading:
        yield reading


@pytest.fixture(scope="module")
def fast_reader(reader: Reader) -> Iterator[Reader]:
    """Return the same reader, for whom one process runs the commands of the project."""
    with warm_commands(reader.checkout):
        yield reader


def read(reader: Reader, page: str) -> None:
    """Run the commands of a page, and compare their outputs with those that the page shows and describes."""
    printed = reader.read(page)
    for fence, output in printed.items():
        assert '"error"' not in output, redacted(f"{fence.name}: {output}")
        assert fence.output is None or shows(reader.expected(fence), output), redacted(f"{fence.name}: {output}")
    rest = "".join(printed.values())
    for pattern in SAYS.get(page, []):
        found = re.search(pattern, rest, re.MULTILINE)
        assert found is not None, redacted(f"{page}: {pattern!r} is not in {rest}")
        rest = rest[found.end() :]


def test_the_first_command_of_the_readme_starts_the_stack(reader: Reader) -> None:
    """`make run` ends with the lines that the README shows."""
    [start] = [fence for fence in commands_of(README) if fence.text == START]
    assert shows(reader.expected(start), reader.started), redacted(reader.started)


def test_the_commands_of_the_readme_lead_to_an_own_api(reader: Reader) -> None:
    """R57: the README's commands print what it shows: 401, 403 and 200 of an API of one's own."""
    read(reader, README)


@pytest.mark.parametrize("page", PAGES)
def test_the_commands_of_a_page_do_as_it_says(fast_reader: Reader, page: str) -> None:
    """I8: each command succeeds, and prints what the page shows or describes, such as the drill of an emergency."""
    read(fast_reader, page)


def test_the_commands_after_a_failed_deployment_leave_nothing(fast_reader: Reader, page_blocks: PageBlocks) -> None:
    """The runbook's commands delete the stack and its protected tables, and schedule the end of its keys alone."""
    stack = fast_reader.stack
    dynamodb, kms = aws(stack, "dynamodb"), aws(stack, "kms")
    dynamodb.create_table(
        TableName=(another := f"{stack.stack_name}-KeyRingTable-of-another-stack"),
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
    )
    environment = fast_reader.checkout.environment | tool_environment(stack)
    printed = page_blocks.run(fast_reader.checkout.root, environment, typed=f"{stack.stack_name}\n")
    assert "is deleted in 30 days" in printed
    assert dynamodb.list_tables()["TableNames"] == [another]
    keys = [kms.describe_key(KeyId=each["KeyId"])["KeyMetadata"] for each in kms.list_keys()["Keys"]]
    alive = [each["KeyUsage"] for each in keys if each["KeyState"] != "PendingDeletion"]
    assert alive == ["GENERATE_VERIFY_MAC"]
