"""The operator registers, changes and removes clients, and rotates their secrets."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from keyturn.adapters.clients.dynamodb_clients import DynamoDbClientRegistry
from keyturn.domain.clients.client import Client, secret_matches
from tests.fakes.command_stack import deployment, run
from tests.fakes.token_factory import signing_key

API = "https://api.example"
ADD = ("--name", "Reports", "--audience", API, "--scope", "a b")
WEB = ("--redirect-uri", "https://app.example/cb")


pytestmark = pytest.mark.usefixtures("plain_stack")


def registered() -> tuple[Client, ...]:
    return deployment().clients().list()


def done(*arguments: str, stdin: str | None = None) -> dict[str, Any]:
    """Return the JSON of a command that succeeds."""
    result = run(*arguments, "--json", stdin=stdin)
    assert result.exit_code == 0, result.output
    answer: dict[str, Any] = json.loads(result.stdout)
    return answer


def add(*options: str) -> tuple[Client, dict[str, Any]]:
    """Return a new client as it is stored, and the JSON of the command."""
    answer = done("clients", "add", *ADD, *options)
    client = deployment().clients().get(answer["client_id"])
    assert client is not None
    return client, answer


def update(client: Client, *options: str) -> tuple[Client, dict[str, Any]]:
    """Return the client as it is stored after a change, and the JSON of the command."""
    answer = done("clients", "update", client.client_id, *options)
    changed = deployment().clients().get(client.client_id)
    assert changed is not None
    return changed, answer


def jwks_file(*jwks: dict[str, Any]) -> str:
    Path("keys.json").write_text(json.dumps({"keys": list(jwks)}))
    return "keys.json"


def test_what_a_client_is_by_itself() -> None:
    """A client without further options uses client_credentials with a secret."""
    client, answer = add()
    assert client.grant_types == {"client_credentials"}
    assert client.authentication == {"client_secret_basic", "client_secret_post"}
    assert secret_matches(client, answer["client_secret"])


def test_every_field_is_registered_and_shown() -> None:
    """Each option is a field, and `clients show` prints all of them but the secret (R23, R26, R27)."""
    options = ("--grant", "authorization_code", "--grant", "refresh_token", *WEB, "--redirect-uri", "http://127.0.0.1/")
    client, answer = add(
        *options,
        *("--auth", "client_secret_post", "--access-token-lifetime", "5m"),
        *("--refresh-lifetime", "60d", "--refresh-idle", "12h", "--cors-origin", "https://app.example"),
        *("--rate", "60", "--claim", "tenant=acme", "--claim", "tier=3", "--claim", 'roles=["a","b"]'),
        *("--first-party", "--pkce", "optional", "--post-logout-redirect-uri", "https://app.example/bye"),
        *("--user-claim", "tier=1", "--user-claim", "role=reader"),
        *("--claim", "beta=true", "--claim", "note=a=b", "--claim", "nan=NaN", "--introspects", API),
    )
    shown = done("clients", "show", client.client_id)
    assert shown == {
        "client_id": client.client_id,
        "name": "Reports",
        "grant_types": ["authorization_code", "refresh_token"],
        "scopes": ["a", "b"],
        "audiences": [API],
        "redirect_uris": ["https://app.example/cb", "http://127.0.0.1/"],
        "post_logout_redirect_uris": ["https://app.example/bye"],
        "first_party": True,
        "pkce": "optional",
        "authentication": ["client_secret_post"],
        "secrets": 1,
        "jwks": {"keys": []},
        "token_endpoint_audience": False,
        "access_token_lifetime": 300,
        "refresh_lifetime": 60 * 86_400,
        "refresh_idle": 12 * 3600,
        "cors_origins": ["https://app.example"],
        "rate": 60,
        "claims": {"tenant": "acme", "tier": 3, "roles": ["a", "b"], "beta": True, "note": "a=b", "nan": "NaN"},
        "user_claims": {"tier": 1, "role": "reader"},
        "introspects": [API],
        "created_at": client.created_at,
        "revision": 0,
    }
    text = run("clients", "show", client.client_id).stdout
    rows = dict(line.split(maxsplit=1) for line in text.splitlines())
    assert (rows["access_token_lifetime"], rows["refresh_idle"], rows["secrets"]) == ("5m", "12h", "1")
    assert answer["client_secret"] not in text
    assert client.secret_hashes[0] not in text


def test_a_public_client_has_no_secret() -> None:
    """A public client gets no secret, and a redirect URI registers it for the code grant (R25)."""
    client, answer = add("--auth", "none", *WEB)
    assert client.is_public
    assert client.grant_types == {"authorization_code"}
    assert "client_secret" not in answer
    assert "secret" not in run("clients", "add", *ADD, "--auth", "none", *WEB).output


def test_public_keys_come_from_a_file() -> None:
    """A client with keys authenticates by them and has no secret; only the public members of a key are stored."""
    jwk = signing_key().jwk
    client, answer = add("--jwks", jwks_file(jwk | {"x5c": ["x"], "weight": 1.5}))
    assert client.authentication == {"private_key_jwt"}
    assert client.secret_hashes == ()
    assert [dict(each) for each in client.jwks] == [jwk]
    assert "client_secret" not in answer
    both, answer = add("--jwks", jwks_file(jwk), "--auth", "private_key_jwt", "--auth", "client_secret_basic")
    assert secret_matches(both, answer["client_secret"])


def test_the_token_endpoint_is_registered_as_an_audience_and_shown() -> None:
    """R22: the option is off by default, can be set and cleared, and is cleared together with the keys."""
    client, _ = add("--jwks", jwks_file(signing_key().jwk))
    assert not client.token_endpoint_audience
    assert "token_endpoint_audience" not in run("clients", "show", client.client_id).stdout
    client, answer = update(client, "--assertion-audience", "token_endpoint")
    assert client.token_endpoint_audience
    assert answer["token_endpoint_audience"] is True
    assert "token_endpoint_audience  yes\n" in run("clients", "show", client.client_id).stdout
    client, _ = update(client, "--name", "Renamed")
    assert client.token_endpoint_audience
    without, _ = update(client, "--assertion-audience", "issuer")
    assert not without.token_endpoint_audience
    client, _ = update(without, "--assertion-audience", "token_endpoint")
    by_secret, _ = update(client, "--auth", "client_secret_basic")
    assert (by_secret.token_endpoint_audience, by_secret.jwks) == (False, ())


def test_a_client_of_users_is_somebody_elses_and_needs_pkce_by_itself() -> None:
    """By default users are asked for consent, and codes need a PKCE challenge."""
    client, _ = add(*WEB)
    assert (client.first_party, client.pkce, client.post_logout_redirect_uris) == (False, "required", ())
    rows = dict(line.split(maxsplit=1) for line in run("clients", "show", client.client_id).stdout.splitlines())
    assert (rows["first_party"], rows["pkce"]) == ("no", "required")
    client, _ = update(
        client, "--first-party", "--pkce", "optional", "--post-logout-redirect-uri", "https://a.example/"
    )
    assert (client.first_party, client.pkce) == (True, "optional")
    assert client.post_logout_redirect_uris == ("https://a.example/",)
    client, _ = update(client, "--clear", "first-party", "--clear", "post-logout-redirect-uri")
    assert (client.first_party, client.pkce, client.post_logout_redirect_uris) == (False, "optional", ())


def test_what_a_client_of_users_had_goes_with_its_users() -> None:
    """A public client needs PKCE, and one without redirect URIs has no logout to return from."""
    client, _ = add(*WEB, "--pkce", "optional", "--post-logout-redirect-uri", "https://a.example/")
    public, _ = update(client, "--auth", "none")
    assert public.pkce == "required"
    without, _ = update(
        client, "--clear", "redirect-uri", "--grant", "client_credentials", "--auth", "client_secret_post"
    )
    assert without.post_logout_redirect_uris == ()
    assert "pkce" not in run("clients", "show", without.client_id).stdout


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        '{"keys": [], "keys": []}',
        json.dumps({"keys": [signing_key().jwk | {"d": "AQAB"}]}),
        json.dumps({"keys": [{"kty": "oct", "kid": "k", "k": "AQAB", "alg": "HS256"}]}),
        json.dumps({"keys": [signing_key().jwk, signing_key().jwk]}),
        json.dumps({"keys": [signing_key().jwk | {"use": "enc"}]}),
    ],
)
def test_keys_that_a_verifier_would_refuse(text: str) -> None:
    """A private, symmetric, repeated or encryption key is refused; the error omits it, and nothing is stored."""
    Path("keys.json").write_text(text)
    result = run("clients", "add", *ADD, "--jwks", "keys.json")
    assert result.exit_code == 2
    assert "AQAB" not in result.output
    assert registered() == ()


@pytest.mark.parametrize(
    "wrong",
    [
        ("--grant", "password"),
        ("--auth", "basic"),
        ("--jwks", "nowhere.json"),
        ("--access-token-lifetime", "soon"),
        ("--access-token-lifetime", "-5m"),
        ("--refresh-idle", "1w"),
        ("--rate", "many"),
        ("--claim", "tenant"),
        ("--claim", "=x"),
        ("--claim", "a=1", "--claim", "a=2"),
        ("--user-claim", "tenant"),
        ("--user-claim", "a=1", "--user-claim", "a=2"),
        ("--pkce", "plain"),
    ],
)
def test_a_wrong_option_is_a_usage_error(wrong: tuple[str, ...]) -> None:
    """A value that is invalid for every client gives exit code 2, and nothing is stored."""
    assert run("clients", "add", *ADD, *wrong).exit_code == 2
    assert registered() == ()


@pytest.mark.parametrize(
    "wrong",
    [
        ("--redirect-uri", "http://evil.example"),
        ("--redirect-uri", "https://app.example/#x"),
        ("--post-logout-redirect-uri", "https://app.example/"),
        (*WEB, "--post-logout-redirect-uri", "http://evil.example/"),
        (*WEB, "--auth", "none", "--pkce", "optional"),
        ("--grant", "refresh_token"),
        ("--grant", "authorization_code"),
        ("--auth", "none"),
        ("--auth", "none", "--auth", "client_secret_basic"),
        ("--auth", "private_key_jwt"),
        ("--assertion-audience", "token_endpoint"),
        ("--access-token-lifetime", "2h"),
        ("--refresh-lifetime", "1d"),
        ("--rate", "0"),
        ("--cors-origin", "*"),
        ("--cors-origin", "https://app.example:443"),
        ("--claim", "sub=admin"),
        ("--user-claim", "sub=admin"),
        ("--claim", "tenant=null"),
        ("--claim", "tenant=1.5"),
        ("--claim", 'tenant={"a":1}'),
        ("--claim", 'tenant="\\ud800"'),
    ],
)
def test_a_registration_that_could_not_work(wrong: tuple[str, ...]) -> None:
    """A registration that breaks a rule gives exit code 1 with the rule, and nothing is stored (R30)."""
    result = run("clients", "add", *ADD, *wrong)
    assert result.exit_code == 1
    assert isinstance(result.exception, ValueError)
    assert registered() == ()


@pytest.mark.parametrize(
    ("wrong", "rule"),
    [
        (("--refresh-idle", "0"), "idle time is 1 second to its lifetime"),
        (("--redirect-uri", "https://App.example/"), "https://host/… in lower case"),
    ],
)
def test_a_refusal_says_the_rule_that_was_broken(wrong: tuple[str, ...], rule: str) -> None:
    """The error names the broken rule and not another one."""
    assert rule in str(run("clients", "add", *ADD, *wrong).exception)


def test_what_is_given_changes_and_nothing_else() -> None:
    """`clients update` keeps every field that no option names, and its secret (R23)."""
    before, answer = add("--rate", "60", "--claim", "tenant=acme")
    after, shown = update(before, "--name", "Renamed", "--claim", "tier=3")
    assert (after.name, after.claims, after.revision) == ("Renamed", {"tier": 3}, 1)
    assert (after.rate, after.scopes, after.grant_types) == (before.rate, before.scopes, before.grant_types)
    assert secret_matches(after, answer["client_secret"])
    assert "client_secret" not in shown
    cleared, _ = update(after, "--clear", "rate", "--clear", "claim", "--scope", "c")
    assert (cleared.rate, cleared.claims, cleared.name) == (None, {}, "Renamed")
    assert cleared.scopes == {"c"}


def test_redirect_uris_bring_and_take_the_code_grant() -> None:
    """The grant type follows the redirect URIs, unless --grant is given."""
    client, _ = add()
    client, _ = update(client, *WEB)
    assert client.grant_types == {"authorization_code", "client_credentials"}
    client, _ = update(client, "--clear", "redirect-uri")
    assert client.grant_types == {"client_credentials"}
    assert client.redirect_uris == ()


def test_authentication_changes_with_what_it_needs() -> None:
    """A client that changes to keys loses its secret; one that changes back gets a new one, shown once (R23)."""
    client, first = add()
    client, answer = update(client, "--auth", "private_key_jwt", "--jwks", jwks_file(signing_key().jwk))
    assert (client.secret_hashes, "client_secret" in answer) == ((), False)
    client, answer = update(client, "--auth", "client_secret_basic")
    assert client.jwks == ()
    assert secret_matches(client, answer["client_secret"])
    assert not secret_matches(client, first["client_secret"])


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ((), 2),
        (("--rate", "5", "--clear", "rate"), 2),
        (("--clear", "name"), 2),
        (("--auth", "none"), 1),
        (("--grant", "authorization_code"), 1),
        (("--name", ""), 1),
        (("--jwks", "keys.json"), 1),
    ],
)
def test_a_wrong_change_changes_nothing(options: tuple[str, ...], code: int) -> None:
    """A change that could not work leaves the client as it is."""
    client, _ = add()
    jwks_file(signing_key().jwk)
    assert run("clients", "update", client.client_id, *options).exit_code == code
    assert registered() == (client,)


@pytest.mark.parametrize("command", [("show",), ("update", "--name", "x"), ("remove",), ("secret", "add")])
def test_unknown_client(command: tuple[str, ...]) -> None:
    """An unknown id is an error of one line with exit code 1."""
    result = run("clients", *command, "nobody")
    assert result.exit_code == 1
    assert "no client has this id" in str(result.exception)


@pytest.mark.parametrize("nobody", ["", "two words", "\udcff", "c" * 65])
def test_what_can_be_no_id_is_not_asked_for(monkeypatch: pytest.MonkeyPatch, nobody: str) -> None:
    """DynamoDB would refuse some ids with its own error: the command says that the client is unknown."""
    monkeypatch.setattr(DynamoDbClientRegistry, "get", lambda *_: pytest.fail("asked"))
    assert "no client has this id" in str(run("clients", "show", "--", nobody).exception)


def test_removal_is_asked_about() -> None:
    """`clients remove` asks first, and says that issued tokens stay valid."""
    client, _ = add()
    refused = run("clients", "remove", client.client_id, stdin="n\n")
    assert refused.exit_code == 1
    assert registered() == (client,)
    removed = run("clients", "remove", client.client_id, stdin="y\n")
    assert removed.exit_code == 0
    assert f"removed {client.client_id}\n" in removed.stdout
    assert f"keyturn revoke --client {client.client_id}" in removed.stderr
    assert registered() == ()


def test_removal_without_a_question() -> None:
    """The option --yes skips the question."""
    client, _ = add()
    assert done("clients", "remove", client.client_id, "--yes")["outcome"] == "removed"


def test_a_secret_turns_without_downtime() -> None:
    """Both secrets are valid, and `retire` removes the older one; a client always has one or two (R23)."""
    client, first = add()
    second = done("clients", "secret", "add", client.client_id)["client_secret"]
    [both] = registered()
    assert secret_matches(both, first["client_secret"])
    assert secret_matches(both, second)
    third = run("clients", "secret", "add", client.client_id)
    assert (third.exit_code, registered()) == (1, (both,))
    assert "has two secrets" in str(third.exception)
    assert done("clients", "secret", "retire", client.client_id)["secrets"] == 1
    [one] = registered()
    assert not secret_matches(one, first["client_secret"])
    assert secret_matches(one, second)
    last = run("clients", "secret", "retire", client.client_id)
    assert (last.exit_code, registered()) == (1, (one,))
    assert second not in run("clients", "show", client.client_id).output


def test_a_client_without_secrets_gets_none() -> None:
    """A public client has no secret to rotate."""
    client, _ = add("--auth", "none", *WEB)
    result = run("clients", "secret", "add", client.client_id)
    assert result.exit_code == 1
    assert "does not authenticate by a secret" in str(result.exception)
