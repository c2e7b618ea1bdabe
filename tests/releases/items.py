"""Writes and reads the stored items of one release, for a comparison with another; each release runs its own copy.

`items.py write` prints one item of each kind and state, as the adapters store it: {name: attribute values}, where a
name is `<table>/<primary key>`. `items.py read` takes that on its standard input. It prints, by name, {"meaning":
fields}, {"refused": why}, or {} for an unknown kind. The two commands and these formats must not change: the next
release calls them.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import fields, is_dataclass, replace
from typing import Any

from keyturn.adapters.aws.attribute_values import decode_item
from keyturn.adapters.clients.client_item import client_from_item
from keyturn.adapters.clients.dynamodb_clients import DynamoDbClientRegistry
from keyturn.adapters.clients.dynamodb_resource_servers import DynamoDbResourceServerRegistry
from keyturn.adapters.clients.resource_server_item import resource_server_from_item
from keyturn.adapters.credentials.credential_items import link_from_item, password_from_item
from keyturn.adapters.credentials.dynamodb_attempts import DynamoDbAttempts
from keyturn.adapters.credentials.dynamodb_known_browsers import DynamoDbKnownBrowsers
from keyturn.adapters.credentials.dynamodb_passwords import DynamoDbPasswords
from keyturn.adapters.credentials.dynamodb_sign_ins import DynamoDbSignIns, LoginTables
from keyturn.adapters.grants.dynamodb_assertions import DynamoDbAssertions
from keyturn.adapters.grants.dynamodb_grant_writer import DynamoDbGrantWriter
from keyturn.adapters.grants.dynamodb_rates import DynamoDbRates
from keyturn.adapters.grants.grant_item import grant_from_item
from keyturn.adapters.interactions.dynamodb_interaction_opener import DynamoDbInteractionOpener
from keyturn.adapters.interactions.dynamodb_interactions import DynamoDbInteractions
from keyturn.adapters.interactions.interaction_item import interaction_from_item
from keyturn.adapters.keys.dynamodb_key_ring import DynamoDbKeyRingStore
from keyturn.adapters.keys.key_ring_item import ring_from_item
from keyturn.adapters.revocations.dynamodb_revocations import DynamoDbRevocationWriter
from keyturn.adapters.revocations.revocation_item import revocations_from_item
from keyturn.adapters.sessions.session_item import hash_from_pointer, session_from_item
from keyturn.adapters.users.authority_item import authority_from_item
from keyturn.adapters.users.consent_item import consent_from_item
from keyturn.adapters.users.dynamodb_authorities import DynamoDbAuthorities
from keyturn.adapters.users.dynamodb_users import DynamoDbUsers
from keyturn.adapters.users.user_item import subject_from_reservation, user_from_item
from keyturn.domain.clients.client import Client, hash_secret
from keyturn.domain.clients.resource_server import ResourceServer
from keyturn.domain.credentials.link import Link
from keyturn.domain.credentials.password import Argon2Parameters, PasswordCredential
from keyturn.domain.grants.grant import CodeBinding, Grant, Redemption, RefreshState, Rotation
from keyturn.domain.interactions.interaction import ConsentMark, Demand, Interaction
from keyturn.domain.keys import key_transition
from keyturn.domain.keys.key_ring import Compromise, KeyRing
from keyturn.domain.revocations.revocation import CUTOFF_KINDS, Revocation, Target, TargetKind, pair_target
from keyturn.domain.sessions.session import Session
from keyturn.domain.time.service_time import ServiceTime
from keyturn.domain.users.authority import Authority, Status
from keyturn.domain.users.consent import Consent
from keyturn.domain.users.user import User

NOW = 1_790_000_000
CALLBACK = "https://app.example.com/cb"
# The emergency has its own table here: its copies of global have no cutoff.
KEYS = {
    "rings": ("pk",),
    "clients": ("pk",),
    "revocations": ("pk", "sk"),
    "emergencies": ("pk", "sk"),
    "grants": ("pk",),
    "users": ("pk", "sk"),
    "authorities": ("pk",),
    "credentials": ("pk", "sk"),
    "sessions": ("pk", "sk"),
    "interactions": ("pk",),
}


_ADA = "u_" + "a" * 22
_BEN = "u_" + "b" * 22
_SESSION = Session(
    key_hash="full",
    session_id="s",
    subject=_ADA,
    auth_time=NOW,
    created_at=NOW,
    last_used_at=NOW,
    idle_seconds=43_200,
    expires_at=NOW + 604_800,
    acr="a",
    amr=("pwd",),
    device="Firefox",
    gave_code=True,
)


class _Clock:
    def now(self) -> ServiceTime:
        return ServiceTime(NOW, NOW)

    def pause(self, seconds: float) -> None:
        raise NotImplementedError


def write() -> dict[str, Any]:
    """Return the items of all tables, as the adapters write them into a DynamoDB in this process."""
    import boto3
    from moto import mock_aws  # a reader needs neither, and starts in a third of the time

    with mock_aws():
        dynamodb = boto3.client("dynamodb", "eu-central-1", aws_access_key_id="x", aws_secret_access_key="x")
        for table, names in KEYS.items():
            dynamodb.create_table(
                TableName=table,
                BillingMode="PAY_PER_REQUEST",
                AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in names],
                KeySchema=[{"AttributeName": name, "KeyType": "HASH" if name == "pk" else "RANGE"} for name in names],
            )
        _write_clients(DynamoDbClientRegistry(dynamodb, "clients"))
        _write_resource_servers(DynamoDbResourceServerRegistry(dynamodb, "clients"))
        _write_grants(DynamoDbGrantWriter(dynamodb, "grants"))
        DynamoDbAssertions(dynamodb, "grants", lambda: NOW).use("full", "a-jti", NOW + 60)
        DynamoDbRates(dynamodb, "grants", lambda: NOW).take("full", "token", 10)
        _write_revocations(DynamoDbRevocationWriter(dynamodb, "revocations", _Clock(), token_lifetime=3610))
        _write_rings(DynamoDbKeyRingStore(dynamodb, "rings", "emergencies"))
        _write_users(dynamodb)
        _write_credentials(dynamodb)
        _write_interactions(dynamodb)
        return {
            "/".join([table, *(item[name]["S"] for name in names)]): item
            for table, names in KEYS.items()
            for item in dynamodb.scan(TableName=table)["Items"]
        }


def _write_grants(store: DynamoDbGrantWriter) -> None:
    """Write a grant with an unused code, and one with a refresh token that was rotated."""
    for gid, told in (("bare", {}), ("full", {"session_id": "s", "auth_time": NOW, "acr": "a", "amr": ("pwd",)})):
        grant = Grant(
            gid=gid,
            client_id="every-field",
            subject="u_1",
            audience="https://api.example.com",
            scope=frozenset({"openid"} if told else ()),
            created_at=NOW,
            code=CodeBinding(code_hash="c", redirect_uri=CALLBACK, challenge="x", expires_at=NOW + 60),
            **told,  # type: ignore[arg-type]
        )
        store.create(grant if not told else grant._replace(nonce="n", claims={"tenant": "acme", "roles": ["a"]}))
    refresh = RefreshState(proof_hash="p", current_hash="1", idle_expires_at=NOW + 100, expires_at=NOW + 200)
    bound = {"client_id": "every-field", "redirect_uri": CALLBACK, "challenge": "x", "code_hash": "c"}
    store.redeem(Redemption(gid="full", attempt="r", now=NOW, refresh=refresh, **bound))
    store.rotate(
        Rotation(
            gid="full",
            proof_hash="p",
            secret_hash="1",
            client_id="every-field",
            successor_hash="2",
            successor_nonce="00",
            idle_expires_at=NOW + 150,
            earliest=NOW,
            latest=NOW,
        )
    )


def _write_clients(registry: DynamoDbClientRegistry) -> None:
    registry.add(
        Client(
            client_id="every-field",
            name="A client",
            secret_hashes=(hash_secret("one"),),
            authentication=frozenset({"client_secret_post", "private_key_jwt"}),
            jwks=({"kty": "OKP", "crv": "Ed25519", "alg": "Ed25519", "kid": "k", "x": "x"},),
            token_endpoint_audience=True,
            grant_types=frozenset({"authorization_code", "refresh_token"}),
            scopes=frozenset({"a"}),
            audiences=("https://api.example.com",),
            redirect_uris=(CALLBACK, "http://127.0.0.1/cb"),
            first_party=True,
            pkce="optional",
            post_logout_redirect_uris=("https://app.example.com/bye",),
            access_token_lifetime=60,
            refresh_lifetime=7200,
            refresh_idle=3600,
            cors_origins=frozenset({"https://app.example.com"}),
            rate=60,
            claims={"tenant": "acme", "tier": 3, "beta": False, "roles": ["a", "b"]},
            created_at=NOW,
            revision=2,
        )
    )
    _write_other_clients(registry)


def _write_other_clients(registry: DynamoDbClientRegistry) -> None:
    """Write a client without a secret, one with two secrets, and one with the least that a client has."""
    registry.add(
        Client(
            client_id="public",
            name="A client",
            authentication=frozenset({"none"}),
            grant_types=frozenset({"authorization_code"}),
            scopes=frozenset({"a"}),
            audiences=("https://api.example.com",),
            redirect_uris=("com.example.app:/cb",),
            created_at=NOW,
        )
    )
    for client_id, secrets, names in (("full", ("one", "two"), {"a", "b"}), ("bare", ("one",), set[str]())):
        registry.add(
            Client(
                client_id=client_id,
                name="A client",
                secret_hashes=tuple(map(hash_secret, secrets)),
                grant_types=frozenset(names),
                scopes=frozenset(names),
                audiences=("https://api.example.com",),
                introspects=frozenset(names),
                created_at=NOW,
            )
        )


def _write_resource_servers(registry: DynamoDbResourceServerRegistry) -> None:
    registry.add(ResourceServer(audience="urn:bare", name="An API", scopes=frozenset(), created_at=NOW))
    registry.add(
        ResourceServer(
            audience="https://api.example.com",
            name="An API",
            scopes=frozenset({"a", "b"}),
            access_token_lifetime=60,
            algorithm="Ed25519",
            claims=frozenset({"tenant", "roles"}),
            created_at=NOW,
            revision=2,
        )
    )


def _write_revocations(writer: DynamoDbRevocationWriter) -> None:
    pairs = [pair_target(subject, "web") for subject in ("1", "2")]  # subject 2 itself is not revoked
    for target in [*(Target.of(kind, "1") for kind in TargetKind if kind is not TargetKind.PAIR), *pairs]:
        not_before = NOW if target.kind in CUTOFF_KINDS else None
        revocation = Revocation(target, expires_at=NOW + 3610, not_before=not_before)
        writer.revoke(revocation, reason="a reason", actor="an actor")


def _write_rings(store: DynamoDbKeyRingStore) -> None:
    """Write a new ring, one between two rotations, and one with scheduled changes, former keys and an emergency."""
    for name in ("new", "resting", "emergency"):
        store.create(KeyRing(name=name, version=1, keys=[], longest_lifetime=900))
    ring = store.load("resting")
    for at, kid in enumerate(("first", "second", "third")):
        ring = key_transition.publish(_answered(ring, kid, NOW + at), kid, NOW + at)
    ring = store.save(key_transition.promote(ring, "second", NOW + 100))
    ring = ring.replace(name="emergency", version=1)
    ring = key_transition.destroy(ring, "first", NOW + 2000)
    ring = key_transition.mark_deletion(key_transition.mark_disabled(ring, "first", NOW + 2001), "first", NOW + 2002)
    ring = key_transition.abandon_intent(_answered(ring, "late", NOW), "late", (), NOW + 2003)
    ring = key_transition.open_intent(_answered(ring, "answered", NOW), nonce="open", algorithm="RS256", now=NOW)
    drill = Compromise(kid="second", at=NOW + 3000, reason="a drill", actor="operator")
    store.save_compromise(key_transition.compromise(ring, drill), ["second"])


def _answered(ring: KeyRing, kid: str, now: int) -> KeyRing:
    jwk = {"kty": "EC", "crv": "P-256", "kid": kid, "alg": "ES256", "use": "sig", "x": "x", "y": "y"}
    ring = key_transition.open_intent(ring, nonce=kid, algorithm="ES256", now=now)
    return key_transition.record_key(ring, kid, arn=f"arn:aws:kms:::key/{kid}", jwk=jwk)


def _write_users(dynamodb: Any) -> None:
    """Write a user with every field, one without optional fields, and the tombstone of an erased user."""
    users, authorities = DynamoDbUsers(dynamodb, "users"), DynamoDbAuthorities(dynamodb, "authorities")
    claims = {"address": {"country": "GB"}, "phone_number_verified": False}
    full = User(subject=_ADA, email="Ada@x.example", name="Ada", locale="en", claims=claims, email_verified_at=NOW)
    users.create(replace(full, created_at=NOW, updated_at=NOW, revision=2), email="ada@x.example")
    users.create(User(subject=_BEN, email="b@x.example"), email="b@x.example")
    authorities.create(Authority(subject=_ADA, status=Status.ACTIVE, claims={"tier": 3, "roles": ["a"]}, revision=2))
    authorities.create(Authority(subject=_BEN, status=Status.ERASED, erased_at=NOW))


def _write_credentials(dynamodb: Any) -> None:
    """Write a password, links, a device, counters and a session."""
    tables = LoginTables("users", "authorities", "credentials", "sessions", "interactions")
    sign_ins, passwords = DynamoDbSignIns(dynamodb, tables), DynamoDbPasswords(dynamodb, "credentials")
    user, authority = DynamoDbUsers(dynamodb, "users").get(_ADA), DynamoDbAuthorities(dynamodb, "authorities").get(_ADA)
    assert user is not None
    assert authority is not None
    credential = PasswordCredential(
        subject=_ADA, pepper_key="arn", mac="m", salt="s", parameters=Argon2Parameters(), changed_at=NOW, revision=1
    )
    assert sign_ins.change_password(credential, authority=authority, user=user, previous=None, link=None)
    link = Link(key_hash="first", subject=_BEN, user_revision=0, credential_revision=None, expires_at=NOW + 9)
    passwords.add_link(link)
    passwords.add_link(replace(link, key_hash="reset", credential_revision=1))
    DynamoDbKnownBrowsers(dynamodb, "credentials").remember(_ADA, "h", credential_revision=1, expires_at=NOW + 9)
    attempts = DynamoDbAttempts(dynamodb, "credentials")
    attempts.take("account", limit=1, window=60, now=NOW)
    attempts.fail(_ADA, now=NOW)
    for session in (_SESSION, replace(_SESSION, key_hash="bare", acr=None, amr=(), device="", gave_code=False)):
        assert sign_ins.sign_in(session, authority=authority, credential=credential, replaced=None, interaction=None)


def _write_interactions(dynamodb: Any) -> None:
    """Write an unbound interaction, and one with every mark and its consent."""
    opener = DynamoDbInteractionOpener(dynamodb, "interactions")
    mark = ConsentMark(scope=frozenset({"a"}), resource="https://api.example.com", at=NOW)
    bare = Interaction(
        key_hash="bare",
        client_id="every-field",
        request={"state": ""},
        scope=frozenset(),
        resource=mark.resource,
        demands=frozenset(),
        created_at=NOW,
        expires_at=NOW + 1800,
    )
    full = replace(bare, key_hash="full", scope=mark.scope, demands=frozenset(Demand), browser_hash="b")
    full = replace(full, subject_hint=_ADA, session_id="s", authenticated_at=NOW, confirmed_at=NOW)
    opener.create(bare)
    opener.create(full)
    opener.create(replace(full, key_hash="over", denied=True, grant_id="g", consented=mark))
    consent = Consent(subject=_ADA, client_id="every-field", scope=mark.scope, resource=mark.resource, at=NOW)
    assert DynamoDbInteractions(dynamodb, "interactions", "users").consent(full, mark, consent)


_Readers = dict[str, Callable[[dict[str, Any]], Any]]
_REVOCATIONS: _Readers = {
    kind.value: lambda item: tuple(revocations_from_item(item, [item["pk"], f"pair{item['pk'][3:]}#web"]))
    for kind in TargetKind
}
# Feed items are a known kind without a meaning to compare.
_REVOCATIONS["feed"] = lambda item: {}
# DynamoDB's conditions read these attributes by name.
_GRANTS: _Readers = {
    "grant": grant_from_item,
    "assertion": lambda item: {"expires_at": item["expires_at"]},
    "rate": lambda item: {"taken": item["taken"], "expires_at": item["expires_at"]},
}
# The items of one user differ in their sort keys.
_OF_A_USER: _Readers = {
    "profile": user_from_item,
    "consent": consent_from_item,
    "password": password_from_item,
    "d": lambda item: {name: item[name] for name in ("credential_revision", "expires_at")},
    "failures": lambda item: {"failed": item["failed"]},
    "s": lambda item: {"points_to": hash_from_pointer(item)},
}


def _of_a_user(item: dict[str, Any]) -> Any:
    return _OF_A_USER[item["sk"].partition("#")[0]](item)


_READERS: dict[str, _Readers] = {
    "rings": {"ring": lambda item: ring_from_item(item, item["pk"].removeprefix("ring#"))},
    "clients": {"client": client_from_item, "resource": resource_server_from_item},
    "revocations": _REVOCATIONS,
    "emergencies": _REVOCATIONS,
    "grants": _GRANTS,
    "users": {"u": _of_a_user, "id": lambda item: {"subject": subject_from_reservation(item)}},
    "authorities": {"u": authority_from_item},
    "credentials": {
        "u": _of_a_user,
        "l": link_from_item,
        "t": lambda item: {"taken": item["taken"], "expires_at": item["expires_at"]},
    },
    "sessions": {"u": _of_a_user, "s": session_from_item},
    "interactions": {"i": interaction_from_item},
}


def read(items: dict[str, Any]) -> dict[str, Any]:
    """Return the meaning of each item to this release."""
    return {name: _read_item(name, item) for name, item in items.items()}


def _read_item(name: str, item: dict[str, Any]) -> dict[str, Any]:
    table, _, key = name.partition("/")
    reader = _READERS.get(table, {}).get(key.partition("#")[0])
    if reader is None:
        return {}
    try:
        return {"meaning": _plain(reader(decode_item(item)))}
    except Exception as error:
        return {"refused": f"{type(error).__name__}: {error}"}


def _plain(value: Any) -> Any:
    if isinstance(value, tuple):
        return [_plain(each) for each in value]
    if isinstance(value, frozenset):
        return sorted(value)
    if value is None or isinstance(value, (dict, str, int)):
        return value
    names = [field.name for field in fields(value)] if is_dataclass(value) else value.__slots__
    return {name: _plain(getattr(value, name)) for name in names}


if __name__ == "__main__":
    json.dump(write() if sys.argv[1] == "write" else read(json.load(sys.stdin)), sys.stdout)
