"""Unknown targets of a revocation: a note, and a question."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from keyturn.adapters.grants.grant_item import grant_key
from keyturn.domain.clients.client import Client
from keyturn.domain.errors import AccessDenied
from keyturn.domain.users.authority import Authority, Status
from keyturn_cli.deployment import Deployment
from tests.fakes.command_stack import command_stack, deploy_authorizer, deployment, put_ring, run
from tests.fakes.token_factory import ISSUER, make_token, signing_key

SUBJECT, STRANGER = "u_" + "a" * 22, "u_" + "b" * 22
GID = "g" * 22
PREVIOUS = "https://previous.example"

UNKNOWN = [
    (("--client", "TYPO"), "no client is registered as TYPO: it was removed, or the id is misspelt"),
    (("--subject", STRANGER), f"no user has the subject {STRANGER}: the user was removed"),
    (("--subject", "c_2"), "no client is registered as c_2"),
    (("--subject", "u_1"), "u_1 is neither the subject of a user nor the id of a client"),
    (("--subject", SUBJECT, "--client", "c_2"), "no client is registered as c_2"),
    (("--subject", STRANGER, "--client", "c_1"), f"no user has the subject {STRANGER}"),
    (("--gid", "h" * 22), f"no grant with the gid {'h' * 22} is stored: it ended, or the gid is misspelt"),
    (("--gid", "h" * 21), f"{'h' * 21} is no gid of a Keyturn stack, which has 22 characters"),
    (("--jti", "j" * 23), f"{'j' * 23} is no jti of a Keyturn stack"),
    (("--sid", "s" * 21 + "="), f"{'s' * 21}= is no sid of a Keyturn stack"),
]
KNOWN = [
    ("--client", "c_1"),
    ("--subject", SUBJECT),
    ("--subject", "c_1"),
    ("--subject", SUBJECT, "--client", "c_1"),
    ("--gid", GID),
    ("--jti", "j" * 22),
    ("--sid", "s" * 22),
]


@pytest.fixture(autouse=True)
def stack(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """Bring up a stack with a client, a user without a profile, and a grant."""
    monkeypatch.chdir(tmp_path)
    with command_stack(tmp_path):
        made = deployment()
        made.clients().add(
            Client(
                client_id="c_1",
                name="Reports",
                secret_hashes=("0" * 64,),
                grant_types=frozenset({"client_credentials"}),
                scopes=frozenset("a"),
                audiences=("https://api.example",),
            )
        )
        made.authorities().create(Authority(subject=SUBJECT, status=Status.ACTIVE))
        made.dynamodb.put_item(TableName="grants", Item=grant_key(GID))
        yield


def is_revoked() -> bool:
    return bool(deployment().dynamodb.scan(TableName="revocations")["Items"])


@pytest.mark.parametrize(("what", "note"), UNKNOWN, ids=lambda value: " ".join(value) if type(value) is tuple else "")
def test_an_unknown_target_is_noted_and_asked_about(what: tuple[str, ...], note: str) -> None:
    """A misspelt identifier is named before the question, and "no" leaves the stack unchanged."""
    refused = run("revoke", *what, stdin="n\n")
    assert (refused.exit_code, is_revoked(), "revoked" in refused.stdout) == (1, False, False)
    assert f"note: {note}" in refused.stderr
    assert refused.stderr.index("note:") < refused.stderr.index("Revoke?")
    shown = json.loads(run("revoke", *what, "--dry-run", "--json").stdout)
    assert [each.startswith(note) for each in shown["notes"]] == [True]


@pytest.mark.parametrize("what", [what for what, _ in UNKNOWN], ids=" ".join)
def test_yes_revokes_an_unknown_target_with_its_note(what: tuple[str, ...]) -> None:
    """A removed client may still have tokens: --yes revokes with exit code 0, and the note stays."""
    done = run("revoke", *what, "--yes")
    assert (done.exit_code, is_revoked(), "note: " in done.stderr) == (0, True, True)


@pytest.mark.parametrize("what", KNOWN, ids=" ".join)
def test_a_known_target_has_no_note(what: tuple[str, ...]) -> None:
    """A registered client, a user, a stored grant and a well-formed identifier are revoked without a note."""
    done = run("revoke", *what, "--yes")
    assert (done.exit_code, is_revoked(), "note" in done.stderr) == (0, True, False)


def test_a_store_that_fails_does_not_hold_up_an_emergency(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the right to read clients the operator can still revoke, after a note."""

    def denied(_deployment: Deployment) -> None:
        raise AccessDenied("DynamoDB GetItem was denied")

    monkeypatch.setattr(Deployment, "clients", denied)
    done = run("revoke", "--client", "c_1", "--yes")
    assert (done.exit_code, is_revoked()) == (0, True)
    assert "note: the target was not looked up: DynamoDB GetItem was denied" in done.stderr


def token_of(issuer: str) -> str:
    now = int(deployment().clock().now().earliest)
    return make_token(claims={"iss": issuer, "jti": "id-1", "iat": now - 60, "exp": now + 600})


@pytest.mark.parametrize(("issuer", "accepted"), [(ISSUER, 0), (PREVIOUS, 0), ("https://other.example", 2)])
def test_a_token_of_a_previous_issuer_is_revoked(issuer: str, accepted: int) -> None:
    """The authorizer accepts tokens of PreviousIssuers, so `revoke --token` takes them, and refuses those of others."""
    put_ring(signing_key())
    deploy_authorizer(PREVIOUS_ISSUERS=f"https://older.example {PREVIOUS}")
    done = run("revoke", "--token", "-", stdin=token_of(issuer))
    assert (done.exit_code, is_revoked()) == (accepted, accepted == 0), done.stderr


def test_without_the_environment_previous_issuers_are_unknown() -> None:
    """Without the function's environment a token of another issuer is refused, and a note has the reason."""
    put_ring(signing_key())
    done = run("revoke", "--token", "-", stdin=token_of(PREVIOUS))
    assert (done.exit_code, is_revoked()) == (2, False)
    assert "note: the previous issuers of the stack are unknown: " in done.stderr
