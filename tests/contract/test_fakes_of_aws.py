"""Shortcuts of the tests about boto3 and moto behave as the code that they stand for."""

from __future__ import annotations

import copy
from typing import Any

import botocore.hooks
import botocore.session
import pytest
from botocore import xform_name
from botocore.model import ServiceModel
from hypothesis import given
from hypothesis import strategies as st
from moto.core.serialize import (
    DEFAULT_ALIAS_PROVIDERS,
    AttributePicker,
    AttributePickerContext,
    XFormedAttributePicker,
)

from tests.fakes.kept_setups import BOTOCORE_TRIE, SharedTrie
from tests.fakes.moto_dynamodb import create_table, moto_dynamodb

NAMES = st.lists(st.sampled_from(["before", "*", "sign", "s3"]), min_size=1, max_size=3).map(".".join)
STEPS = st.lists(
    st.tuples(st.sampled_from(["append", "remove", "copy"]), st.integers(0, 3), NAMES, st.integers(0, 2)), max_size=20
)


def perform(trie: type, steps: list[tuple[str, int, str, int]]) -> list[Any]:
    """Return the handlers of each name in each copy, and the refusals, after these steps."""
    tries, refusals = [trie()], []
    for number, (step, which, name, handler) in enumerate(steps):
        chosen = tries[which % len(tries)]
        if step == "copy":
            tries.append(copy.copy(chosen))
        elif step == "append":
            chosen.append_item(name, handler, section=handler)
        else:
            try:
                chosen.remove_item(name, handler)
            except ValueError:
                refusals.append(number)
            except AttributeError:  # botocore's fault: a name on the way to another one has no handlers
                refusals.append(-number)
    names = {name for _, _, name, _ in steps}
    return [refusals, [[list(each.prefix_search(name)) for name in sorted(names)] for each in tries]]


@given(STEPS)
def test_shared_event_names_are_those_of_botocore(steps: list[tuple[str, int, str, int]]) -> None:
    """Copies that share their nodes have the handlers of botocore's own copies, after any changes."""
    assert perform(SharedTrie, steps) == perform(BOTOCORE_TRIE, steps)


def test_sessions_use_the_shared_event_names() -> None:
    """The tests run with the class that is compared here."""
    assert vars(botocore.hooks)["_PrefixTrie"] is SharedTrie


@pytest.mark.parametrize("member", ["TableName", "TableSizeBytes", "BillingModeSummary"])
def test_attributes_have_the_names_of_moto(member: str) -> None:
    """The kept names of an attribute are those that moto and botocore find, in their order."""
    service = ServiceModel(botocore.session.get_session().get_service_data("dynamodb"))
    description: Any = service.shape_for("TableDescription")
    shape = description.members[member]
    picker = XFormedAttributePicker(DEFAULT_ALIAS_PROVIDERS)
    table = type("Table", (), {})()
    context = AttributePickerContext(obj=table, key=member, key_path="", shape=shape)
    found = [each for name in AttributePicker.get_possible_keys(picker, context) for each in (name, xform_name(name))]
    for _ in range(2):
        assert list(picker.get_possible_keys(context)) == list(dict.fromkeys(found))


@pytest.mark.parametrize("keys", [("pk",), ("pk", "sk")])
def test_a_table_is_what_create_table_creates(keys: tuple[str, ...]) -> None:
    """A table that moto makes without a request has the description of a created one."""
    with moto_dynamodb() as client:
        create_table(client, "a", *keys)
        client.create_table(
            TableName="b",
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"} for key in keys],
            KeySchema=[{"AttributeName": key, "KeyType": "HASH" if key == "pk" else "RANGE"} for key in keys],
        )
        made, created = (dict(client.describe_table(TableName=name)["Table"]) for name in ("a", "b"))
    own = ("TableName", "TableArn", "CreationDateTime")
    assert all(made.pop(name) and created.pop(name) for name in own)
    assert made == created
