"""One user and what the login stores about the user, with changes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from keyturn.domain.credentials.link import Link, hash_link
from keyturn.domain.credentials.password import Argon2Parameters, PasswordCredential
from keyturn.domain.interactions.interaction import ConsentMark, Demand, Interaction, hash_interaction_id
from keyturn.domain.sessions.session import Session, hash_cookie
from keyturn.domain.users.authority import Authority, Status
from keyturn.domain.users.consent import Consent
from keyturn.domain.users.subject import new_subject
from keyturn.domain.users.user import User
from tests.fakes.token_factory import NOW

ADA = new_subject(b"a" * 16)
BEN = new_subject(b"b" * 16)
BROWSER = hash_cookie("ada's browser")
RESOURCE = "https://api.example.com"


def make_user(subject: str = ADA, **changes: Any) -> User:
    """Return a profile."""
    user = User(
        subject=subject,
        email="Ada@Example.com",
        name="Ada Lovelace",
        email_verified_at=NOW,
        locale="en-GB",
        claims={"address": {"country": "GB"}, "phone_number": "+44", "phone_number_verified": False},
        created_at=NOW,
        updated_at=NOW,
    )
    return replace(user, **changes)


def make_authority(subject: str = ADA, **changes: Any) -> Authority:
    """Return an active user's authority."""
    return replace(Authority(subject=subject, status=Status.ACTIVE, claims={"roles": ["a"], "tier": 3}), **changes)


def make_consent(subject: str = ADA, client_id: str = "web", **changes: Any) -> Consent:
    """Return a consent."""
    consent = Consent(
        subject=subject, client_id=client_id, scope=frozenset({"openid", "read"}), resource=RESOURCE, at=NOW
    )
    return replace(consent, **changes)


def make_session(cookie: str = "cookie", **changes: Any) -> Session:
    """Return a session of a cookie's value."""
    session = Session(
        key_hash=hash_cookie(cookie),
        session_id="sid-1",
        subject=ADA,
        auth_time=NOW + 1,
        created_at=NOW,
        last_used_at=NOW,
        idle_seconds=43_200,
        expires_at=NOW + 604_800,
        acr="urn:keyturn:password",
        amr=("pwd",),
        device="Firefox on Linux",
    )
    return replace(session, **changes)


def make_interaction(identifier: str = "I", **changes: Any) -> Interaction:
    """Return an interaction that is bound to BROWSER."""
    interaction = Interaction(
        key_hash=hash_interaction_id(identifier),
        client_id="web",
        request={"client_id": "web", "state": "", "scope": "openid read"},
        scope=frozenset({"openid", "read"}),
        resource=RESOURCE,
        demands=frozenset({Demand.AUTHENTICATE, Demand.RECORDED_CONSENT}),
        created_at=NOW,
        expires_at=NOW + 1800,
        browser_hash=BROWSER,
    )
    return replace(interaction, **changes)


def make_mark(**changes: Any) -> ConsentMark:
    """Return a mark of consent for the interaction."""
    return replace(ConsentMark(scope=frozenset({"openid", "read"}), resource=RESOURCE, at=NOW + 2), **changes)


def make_password(subject: str = ADA, **changes: Any) -> PasswordCredential:
    """Return a stored password that no text matches."""
    credential = PasswordCredential(
        subject=subject,
        pepper_key="arn:aws:kms:eu-central-1:123456789012:key/pepper",
        mac="5a" * 32,
        salt="c3" * 16,
        parameters=Argon2Parameters(),
        changed_at=NOW,
    )
    return replace(credential, **changes)


def make_link(value: str = "link", **changes: Any) -> Link:
    """Return a one-time link for a user without a password."""
    link = Link(key_hash=hash_link(value), subject=ADA, user_revision=0, credential_revision=None, expires_at=NOW + 900)
    return replace(link, **changes)
