"""Preparation and end of `make verify-aws`: refusals, the report's place, the deployed parameters."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError, NoCredentialsError

from keyturn.domain.keys.rotation_policy import RotationPolicy
from local.transform import read_template
from tests.aws import removal, stack, verify
from tests.aws.spare_function import name_of

NOT_THERE = ClientError(
    {"Error": {"Code": "ValidationError", "Message": "Stack with id x does not exist"}}, "DescribeStacks"
)
DENIED = ClientError({"Error": {"Code": "AccessDenied", "Message": "not you"}}, "DescribeStacks")
OURS = {"Tags": [{"Key": stack.TAG, "Value": "x"}]}


class Account:
    """An account in which CloudFormation gives one answer about every stack."""

    def __init__(self, answer: dict[str, Any] | Exception, identity: Exception | None = None) -> None:
        self._answer = answer
        self._identity = identity
        self.deleted: list[str] = []

    def get_caller_identity(self) -> dict[str, str]:
        """Answer STS."""
        if self._identity is not None:
            raise self._identity
        return {"Account": "123456789012"}

    def describe_stacks(self, **_named: str) -> dict[str, Any]:
        """Answer CloudFormation."""
        if isinstance(self._answer, Exception):
            raise self._answer
        return {"Stacks": [self._answer]}

    def delete(self, stack_name: str) -> None:
        """Take down what was deleted."""
        self.deleted.append(stack_name)


def use(monkeypatch: pytest.MonkeyPatch, account: Account) -> None:
    """Let the command work in this account."""
    for module in (verify, stack):
        monkeypatch.setattr(module, "aws", lambda _: account)
    monkeypatch.setattr(verify, "delete_stack", account.delete)


@pytest.mark.parametrize(
    ("answer", "deleted"),
    [
        (NOT_THERE, []),
        ({"StackStatus": "CREATE_COMPLETE", **OURS}, []),
        ({"StackStatus": "ROLLBACK_COMPLETE", **OURS}, ["mine"]),
    ],
)
def test_a_new_stack_or_one_of_a_verification_is_deployed_to(
    monkeypatch: pytest.MonkeyPatch, answer: dict[str, Any] | Exception, deleted: list[str]
) -> None:
    """A stack whose creation failed is deleted first, since CloudFormation cannot update it."""
    account = Account(answer)
    use(monkeypatch, account)
    assert verify.check_target("mine") == "123456789012"
    assert account.deleted == deleted


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        ({"StackStatus": "CREATE_COMPLETE", "Tags": []}, "no verification deployed it"),
        ({"StackStatus": "CREATE_COMPLETE"}, "no verification deployed it"),
        ({"StackStatus": "ROLLBACK_COMPLETE"}, "no verification deployed it"),
        ({"StackStatus": "UPDATE_IN_PROGRESS", **OURS}, "UPDATE_IN_PROGRESS: wait"),
        (DENIED, "Set AWS_PROFILE"),
    ],
)
def test_a_stack_of_somebodys_is_refused(
    monkeypatch: pytest.MonkeyPatch, answer: dict[str, Any] | Exception, why: str
) -> None:
    """A stack without the tag is somebody's, and one that cannot be seen may be: neither is touched."""
    account = Account(answer)
    use(monkeypatch, account)
    with pytest.raises(verify.Refused, match=why):
        verify.check_target("production")
    assert account.deleted == []


def test_without_credentials_it_says_what_to_set(monkeypatch: pytest.MonkeyPatch) -> None:
    """No account answers: the message names the variables."""
    use(monkeypatch, Account(NOT_THERE, NoCredentialsError()))
    with pytest.raises(verify.Refused, match=r"Unable to locate credentials\nSet AWS_PROFILE.*AWS_DEFAULT_REGION"):
        verify.check_target("mine")


@pytest.mark.parametrize("name", ["", "-x", "1x", "a b", "a_b", "a" * 41])
def test_a_name_that_no_stack_can_have_is_refused(name: str) -> None:
    """A long name is refused before the first call: IAM's limit on role names would fail half an hour later."""
    with pytest.raises(verify.Refused, match="is no name for a stack"):
        verify.check_target(name)


def test_a_name_of_a_stack_leaves_room_for_what_is_named_after_it() -> None:
    """Functions beside the longest stack have at most 64 characters, and the failing stack at most 51."""
    longest = "a" * 40
    assert all(len(name_of(longest, probe)) <= 64 for probe in ("sandbox_probe", "gateway_probe"))
    assert len(removal.failing_stack(longest)) <= 51


def test_the_durations_keep_the_rules() -> None:
    """The deployed policy is one that the rotator accepts, with the template's defaults for the rest (I1, I2)."""
    source = read_template(Path(__file__).parents[3] / "template.yaml")["Parameters"]
    assert verify.PARAMETERS.keys() <= source.keys()
    value = {name: str(parameter["Default"]) for name, parameter in source.items()} | verify.PARAMETERS
    RotationPolicy(
        algorithm=value["SigningAlgorithm"],
        access_token_lifetime=int(value["AccessTokenLifetimeSeconds"]),
        max_token_lifetime=int(value["MaxTokenLifetimeSeconds"]),
        leeway=int(value["ClockSkewSeconds"]),
        ring_view=int(value["RingViewSeconds"]),
        verifier_cache=int(value["VerifierCacheSeconds"]),
        jwks_max_age=int(value["JwksMaxAgeSeconds"]),
        publish_lead=int(value["PublishLeadSeconds"]),
        retention=int(value["RetentionSeconds"]),
        rotation_period=int(value["RotationPeriodSeconds"]),
        max_published_keys=int(value["MaxPublishedKeys"]),
    ).check()


def test_parameters_of_the_command_line_go_before_its_own() -> None:
    """An account that asks for a permissions boundary gets one; what is no Name=value is refused."""
    read = verify.read_parameters(["RolePath=/team/", "LogRetentionDays=3"], verify.PARAMETERS)
    assert (read["RolePath"], read["LogRetentionDays"], read["MaxPublishedKeys"]) == ("/team/", "3", "8")
    for wrong in ("RolePath", "=x", 'RolePath="/"'):
        with pytest.raises(verify.Refused, match="is no Name=value"):
            verify.read_parameters([wrong], {})


def test_a_report_is_dated_and_written_over_no_other(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Both reports of two runs on one day stay; a run on an emulator is kept apart from those on AWS."""
    monkeypatch.setattr(verify, "ROOT", tmp_path)
    first = verify.find_path({}, "eu-west-1")
    assert first.parent == tmp_path / "docs" / "verification"
    assert first.name.endswith("-eu-west-1.md")
    first.parent.mkdir(parents=True)
    first.touch()
    assert verify.find_path({}, "eu-west-1").name == f"{first.stem}-2.md"
    on_an_emulator = {"AWS_ENDPOINT_URL": "http://127.0.0.1:4566"}
    assert verify.find_path(on_an_emulator, "eu-west-1").parent == tmp_path / "build" / "verification"


def test_what_is_gone_is_left_out_of_the_removal(monkeypatch: pytest.MonkeyPatch) -> None:
    """A key whose deletion is scheduled, or done, needs nothing; one that is enabled is scheduled (I6)."""

    class Kms:
        class exceptions:  # noqa: N801 - boto3 names it
            class NotFoundException(Exception):
                pass

        scheduled: list[str] = []  # noqa: RUF012 - of this one test

        def describe_key(self, *, KeyId: str) -> dict[str, Any]:  # noqa: N803 - boto3 names it
            if KeyId == "gone":
                raise self.exceptions.NotFoundException
            return {"KeyMetadata": {"KeyState": KeyId, "KeyUsage": "SIGN_VERIFY"}}

        def schedule_key_deletion(self, *, KeyId: str, PendingWindowInDays: int) -> None:  # noqa: N803 - as above
            assert PendingWindowInDays == removal.WINDOW_DAYS
            self.scheduled.append(KeyId)

    kms = Kms()
    monkeypatch.setattr(removal, "aws", lambda _: kms)
    for key in ("gone", "PendingDeletion", "Disabled", "Enabled"):
        removal.schedule_deletion(key)
    assert kms.scheduled == ["Disabled", "Enabled"]


def test_the_pepper_is_removed_by_way_of_its_policy(monkeypatch: pytest.MonkeyPatch) -> None:
    """The template's key policy denies deletion: it is rewritten first, to allow that alone."""
    policy = read_template(Path(__file__).parents[3] / "template.yaml")["Resources"]["PepperKey"]["Properties"][
        "KeyPolicy"
    ]
    calls: list[tuple[str, Any]] = []

    class Kms:
        class exceptions:  # noqa: N801 - boto3 names it
            NotFoundException = LookupError

        def describe_key(self, *, KeyId: str) -> dict[str, Any]:  # noqa: N803 - boto3 names it
            return {"KeyMetadata": {"KeyState": "Enabled", "KeyUsage": "GENERATE_VERIFY_MAC"}}

        def get_key_policy(self, **_named: str) -> dict[str, str]:
            return {"Policy": json.dumps(policy)}

        def put_key_policy(self, *, Policy: str, **_named: str) -> None:  # noqa: N803 - as above
            calls.append(("policy", json.loads(Policy)))

        def schedule_key_deletion(self, *, KeyId: str, PendingWindowInDays: int) -> None:  # noqa: N803 - as above
            calls.append(("deletion", KeyId))

    monkeypatch.setattr(removal, "aws", lambda _: Kms())
    removal.schedule_deletion("pepper")
    [(first, written), (second, key)] = calls
    assert (first, second, key) == ("policy", "deletion", "pepper")
    added = [
        set(after["Action"]) - set(before["Action"])
        for before, after in zip(policy["Statement"], written["Statement"], strict=True)
        if after != before
    ]
    assert added == [{"kms:ScheduleKeyDeletion"}]


def test_what_cannot_be_removed_is_named_and_tried_again(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A removal that is broken off is gone on with by the next one: what is to go is written down first."""
    note = tmp_path / "note"
    note.write_text('{"tables": ["t1", "t2"], "keys": ["k"], "layers": ["l"]}')
    removed: list[str] = []

    def delete_table(name: str) -> None:
        if name == "t1" and "t2" not in removed:
            raise DENIED
        removed.append(name)

    monkeypatch.setattr(removal, "_note", lambda _: note)
    monkeypatch.setattr(removal, "delete_table", delete_table)
    monkeypatch.setattr(removal, "delete_layer", removed.append)
    monkeypatch.setattr(removal, "schedule_deletion", removed.append)
    [left] = removal.remove_remains("mine")
    assert left.startswith("t1: ")
    assert removed == ["t2", "l", "k"]
    assert removal.remove_remains("mine") == []
    assert "t1" in removed
    assert not note.exists()
    assert removal.remove_remains("mine") == []


def test_the_report_ends_with_what_is_left() -> None:
    """The report names what still costs money, and how to delete it."""
    assert "wait for their deletion" in verify.say_what_is_left("mine", [], keep=False)
    assert "- t1: denied\n" in verify.say_what_is_left("mine", ["t1: denied"], keep=False)
    assert "STACK=mine` removes it" in verify.say_what_is_left("mine", [], keep=True)
