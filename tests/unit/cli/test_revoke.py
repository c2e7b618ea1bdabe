"""The operator's revocations: the plan that is shown before, the write, and the refused targets."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from keyturn.adapters.aws.attribute_values import encode_item
from keyturn.adapters.grants.grant_item import grant_key
from keyturn.adapters.revocations.dynamodb_revocation_reader import DynamoDbRevocationReader
from keyturn.adapters.revocations.revocation_item import target_key
from keyturn.domain.revocations.revocation import (
    EXPIRY_MARGIN,
    GLOBAL_COPIES,
    Revocation,
    Target,
    TargetKind,
    pair_target,
)
from keyturn_cli.deployment import LONGEST_TOKEN_LIFETIME
from tests.fakes.command_stack import CALLER, command_stack, deployment, put_ring, run
from tests.fakes.token_factory import ISSUER, make_token, signing_key

CLIENT = Target.of(TargetKind.CLIENT, "c_1")
ID = "x" * 22
TOKEN = Target.of(TargetKind.TOKEN, "id-1")
COPIES = [Target.of(TargetKind.GLOBAL, str(copy)) for copy in range(GLOBAL_COPIES)]
PAIR = ("--subject", "u_1", "--client", "c_1")
WIDE = [("--client", "c_1"), ("--subject", "u_1"), PAIR, ("--all-before", "now")]


@pytest.fixture(autouse=True)
def stack(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """Bring up a stack in this folder."""
    monkeypatch.chdir(tmp_path)
    with command_stack(tmp_path):
        deployment().dynamodb.put_item(TableName="grants", Item=grant_key(ID))
        yield


def found(*targets: Target) -> tuple[Revocation, ...]:
    return DynamoDbRevocationReader(deployment().dynamodb, "revocations").find(targets)


def items() -> list[dict[str, Any]]:
    return [*deployment().dynamodb.scan(TableName="revocations")["Items"]]


def now() -> int:
    return int(deployment().clock().now().earliest)


def revoke(*arguments: str, stdin: str | None = None) -> dict[str, Any]:
    """Return what a revocation that succeeds says to a program."""
    result = run("revoke", *arguments, "--json", stdin=stdin)
    assert result.exit_code == 0, result.output
    answer: dict[str, Any] = json.loads(result.stdout)
    return answer


def a_token(**claims: Any) -> str:
    """Return a token of the stack that lives for ten minutes more, with changes to its claims."""
    put_ring(signing_key())
    issued_at = now() - 300
    return make_token(claims={"iss": ISSUER, "jti": "id-1", "iat": issued_at, "exp": issued_at + 900} | claims)


def at(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat()


def test_a_token_is_revoked_by_its_jti_from_standard_input() -> None:
    """`revoke --token -` reads the token from standard input, and the revocation outlasts the token (R50)."""
    issued_at = now()
    answer = revoke("--token", "-", stdin=a_token(iat=issued_at, exp=issued_at + 900))
    assert answer["token"] == {"sub": "u_0123456789abcdef0123456789abcdef", "client_id": "web", "exp": issued_at + 900}
    [revocation] = found(TOKEN)
    assert (revocation.not_before, revocation.expires_at) == (None, answer["token"]["exp"] + 60 + EXPIRY_MARGIN)


@pytest.mark.parametrize(
    ("option", "kind", "days"), [("--jti", "jti", 0), ("--gid", "gid", 366), ("--sid", "sid", 366)]
)
def test_one_token_one_grant_and_one_session_are_not_asked_about(option: str, kind: str, days: int) -> None:
    """Each is ended by its identifier, whatever the iat, and remembered for as long as it can live (R50)."""
    revoke(option, ID)
    [revocation] = found(Target.of(TargetKind(kind), ID))
    assert revocation.not_before is None
    assert abs(revocation.expires_at - now() - (days * 86_400 + LONGEST_TOKEN_LIFETIME + EXPIRY_MARGIN)) < 60


@pytest.mark.parametrize("what", WIDE)
def test_many_tokens_are_cut_at_this_second(what: tuple[str, ...]) -> None:
    """The cutoff of each, both together and all is the late end of the present: no token in hand survives (R49)."""
    before = now()
    answer = revoke(*what, "--yes", "--reason", "a drill")
    [target] = [item for item in items() if item["pk"]["S"] in ("client#c_1", "sub#u_1", "global#7")]
    # The item of a subject holds the cutoffs of its pairs.
    cutoff = target.get("pair#c_1", {"M": target})["M"]
    assert before < int(cutoff["not_before"]["N"]) == answer["not_before"]
    assert (
        int(target["expires_at"]["N"]) == answer["not_before"] + 366 * 86_400 + LONGEST_TOKEN_LIFETIME + EXPIRY_MARGIN
    )
    assert (cutoff["reason"], cutoff["actor"]) == ({"S": "a drill"}, {"S": CALLER})


@pytest.mark.parametrize("what", WIDE)
def test_many_tokens_are_shown_and_asked_about(what: tuple[str, ...]) -> None:
    """Without --yes the operator sees what is hit; "no" leaves everything unchanged, "yes" revokes."""
    refused = run("revoke", *what, stdin="n\n")
    assert refused.exit_code == 1
    assert "hits       every token" in refused.stderr
    assert "issued until 20" in refused.stderr
    assert items() == []
    agreed = run("revoke", *what, stdin="y\n")
    assert agreed.exit_code == 0
    assert "revoked " in agreed.stdout
    assert items() != []


@pytest.mark.parametrize("what", [*WIDE, ("--jti", "id-1"), ("--gid", "g"), ("--sid", "s")])
def test_a_dry_run_writes_nothing(what: tuple[str, ...]) -> None:
    """`--dry-run` says what would be revoked, even beside --yes, and changes nothing."""
    assert revoke(*what, "--dry-run", "--yes")["outcome"] == "dry_run"
    assert "dry run: nothing was written" in run("revoke", *what, "--dry-run").stdout
    assert items() == []


@pytest.mark.parametrize("what", [PAIR, (*PAIR[2:], *PAIR[:2])])
def test_subject_and_client_together_name_the_pair(what: tuple[str, ...]) -> None:
    """In either order the two options revoke this subject at this client, and neither the subject nor the client."""
    shown = run("revoke", *what, "--dry-run").stdout
    assert "target     pair#u_1#c_1\n" in shown
    assert "every token about this subject that this client holds, refresh tokens too, issued until" in shown
    answer = revoke(*what, "--yes")
    assert (answer["target"], answer["kind"]) == ("pair#u_1#c_1", "pair")
    assert {item["pk"]["S"] for item in items() if item["sk"]["S"] == "target"} == {"sub#u_1"}
    assert [each.not_before for each in found(pair_target("u_1", "c_1"))] == [answer["not_before"]]
    assert found(Target.of(TargetKind.SUBJECT, "u_1")) == found(Target.of(TargetKind.CLIENT, "c_1")) == ()


def test_what_is_stored_already_is_said() -> None:
    """A repetition is harmless, and the dry run says beforehand whether it would change anything (R50)."""
    cutoff = now() - 60
    assert (first := revoke("--all-before", at(cutoff), "--yes"))["changes"]
    again = revoke("--all-before", at(cutoff - 5), "--dry-run")
    assert again["stored"] == {"not_before": cutoff, "expires_at": first["expires_at"]}
    raw = a_token()
    revoke("--token", "-", stdin=raw)
    assert not revoke("--token", "-", "--dry-run", stdin=raw)["changes"]
    shown = run("revoke", "--token", "-", stdin=raw)
    assert shown.stdout == "revoked jti#id-1: the one token with this jti (it was already)\n"


@pytest.mark.parametrize("earlier", [0, 5])
def test_the_same_or_an_earlier_cutoff_writes_nothing(monkeypatch: pytest.MonkeyPatch, earlier: int) -> None:
    """R50: the command writes an acknowledged cutoff once, however much later it is given again."""
    cutoff = now() - 60
    revoke("--all-before", at(cutoff), "--yes")
    before = items()
    later = deployment().clock().now().latest + 30
    monkeypatch.setattr("keyturn_cli.revocation_plan.floor", lambda _seconds: int(later))
    assert not revoke("--all-before", at(cutoff - earlier), "--yes")["changes"]
    assert items() == before
    assert revoke("--all-before", at(cutoff + 1), "--yes")["changes"]
    assert len(items()) == len(before) + 1


@pytest.mark.parametrize("option", ["--jti", "--gid", "--sid"])
def test_an_identifier_that_is_given_again_is_no_news_to_snapshots(
    monkeypatch: pytest.MonkeyPatch, option: str
) -> None:
    """R50: it is remembered for longer, and no feed item is written."""
    revoke(option, ID)
    count = len(items())
    later = deployment().clock().now().latest + 30
    monkeypatch.setattr("keyturn_cli.revocation_plan.floor", lambda _seconds: int(later))
    assert revoke(option, ID)["changes"]
    assert len(items()) == count == 2


def test_a_copy_of_global_without_the_cut_counts_as_none() -> None:
    """A cutoff that one copy lacks counts as not stored, since the check of a token reads one copy only."""
    cutoff = now() - 60
    revoke("--all-before", at(cutoff), "--yes")
    deployment().dynamodb.delete_item(TableName="revocations", Key=target_key(COPIES[7]))
    answer = revoke("--all-before", at(cutoff), "--dry-run")
    assert (answer["stored"], answer["changes"]) == (None, True)


def test_a_cut_of_everything_keeps_the_marks_of_compromised_keys() -> None:
    """I8: `--all-before` is in every global copy, and keeps the marks of an emergency."""
    mark = encode_item({"v": 1, "expires_at": now() + 99_999, "compromised_kids": frozenset({"stolen"})})
    for copy in COPIES:
        deployment().dynamodb.put_item(TableName="revocations", Item=target_key(copy) | mark)
    assert revoke("--all-before", "now", "--dry-run")["stored"] is None
    cutoff = revoke("--all-before", "now", "--yes")["not_before"]
    assert [(each.not_before, each.compromised_kids) for each in found(*COPIES)] == [
        (cutoff, frozenset({"stolen"}))
    ] * GLOBAL_COPIES


def test_a_time_counts_with_its_zone() -> None:
    """`--all-before` cuts at an RFC 3339 time, in any time zone."""
    cutoff = now() - 60
    text = datetime.fromtimestamp(cutoff, timezone(timedelta(hours=5, minutes=30))).isoformat()
    assert revoke("--all-before", text, "--yes")["not_before"] == cutoff


def test_a_time_before_every_token_hits_nothing() -> None:
    """A time before the longest token lifetime is reported to hit nothing, without a write."""
    assert revoke("--all-before", at(now() - LONGEST_TOKEN_LIFETIME - 5), "--yes")["outcome"] == "nothing_to_revoke"
    assert items() == []


def test_an_expired_token_is_nothing_to_revoke() -> None:
    """An expired token is reported as such with exit code 0, without a write."""
    raw = a_token(iat=now() - 3600, exp=now() - 61)
    shown = run("revoke", "--token", "-", stdin=raw)
    assert (shown.exit_code, shown.stdout[:42]) == (0, "nothing to revoke: the token expired at 20")
    assert items() == []


def test_a_token_within_the_leeway_is_revoked() -> None:
    """A token that has just expired is still accepted by some verifier: it is revoked until none does."""
    raw = a_token(iat=now() - 900, exp=now() - 30)
    assert revoke("--token", "-", stdin=raw)["expires_at"] > now()
    assert len(found(TOKEN)) == 1


@pytest.mark.parametrize("foreign", ["issuer", "key", "nonsense"])
def test_a_token_of_somebody_else_is_an_error(foreign: str) -> None:
    """Revocations are by (iss, jti): a foreign token may carry the jti of a token of this stack."""
    raw = {
        "issuer": a_token(iss="https://other.example"),
        "key": make_token(key=signing_key(name="other"), claims={"iss": ISSUER, "jti": "id-1"}),
        "nonsense": "nonsense",
    }[foreign]
    result = run("revoke", "--token", "-", stdin=raw)
    assert result.exit_code == 2
    assert "--jti" in result.stderr
    assert raw not in result.stderr
    assert items() == []


@pytest.mark.parametrize(
    "what",
    [
        (),
        ("--jti", "a", "--client", "b"),
        ("--subject", "a", "--client", "b", "--jti", "c"),
        ("--subject", "c_1", "--client", "c_1"),
        ("--subject", "u_1", "--client", "u_1"),
        ("--subject", "a\nb", "--client", "c_1"),
        ("--subject", "", "--client", "c_1"),
        ("--jti", ""),
        ("--sid", "a\nb"),
        ("--gid", "g" * 257),
        ("--subject", "\x1b[2J"),
        ("--client", "u_1"),
        ("--client", "two words"),
        ("--client", "c" * 65),
        ("--all-before", "yesterday"),
        ("--all-before", "2026-09-21T14:13:20"),
        ("--all-before", "2026-09-21"),
        ("--all-before", "9999-01-01T00:00:00Z"),
        ("--all-before", "0001-01-01T00:00:00+14:00"),
        ("--all-before", "9999-12-31T23:59:59-14:00"),
        ("--jti", "a", "--reason", ""),
        ("--jti", "a", "--reason", "r" * 257),
    ],
)
def test_what_can_be_no_revocation_is_a_usage_error(what: tuple[str, ...]) -> None:
    """A missing, double, invalid or future target gives exit code 2, without a write."""
    assert run("revoke", *what, "--yes").exit_code == 2
    assert items() == []
