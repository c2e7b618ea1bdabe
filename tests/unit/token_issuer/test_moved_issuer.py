"""An issuer that moved to another name: tokens of the old name live on, and the issuer still answers for them."""

from __future__ import annotations

import pytest

from tests.fakes.issuer_harness import ENVIRONMENT, REVOKE, IssuerHarness
from tests.fakes.token_factory import ISSUER
from tests.fakes.user_flow import UserFlow, claims_of
from token_issuer.settings import IssuerSettings

NEW = "https://id.example"


def move(issuer: IssuerHarness, *previous: str) -> None:
    """Deploy the new name."""
    environment = ENVIRONMENT | {"ISSUER": NEW, "PREVIOUS_ISSUERS": " ".join(previous)}
    issuer.settings = IssuerSettings.from_environment(environment)
    issuer.connect(issuer.ports, issuer.user_ports)


def test_a_token_of_the_old_name_can_be_revoked(issuer: IssuerHarness) -> None:
    """A client revokes a token that the authorizer still accepts, since it has a previous name."""
    token = issuer.issue()
    move(issuer, ISSUER)
    assert issuer.is_active(token)
    assert issuer.post(REVOKE, token=token).status == 200
    assert len(issuer.revocations.writes) == 1
    assert not issuer.is_active(token)


@pytest.mark.parametrize("previous", [(), ("https://older.example",)])
def test_a_token_of_an_unnamed_issuer_is_inactive(issuer: IssuerHarness, previous: tuple[str, ...]) -> None:
    """A token of an issuer that PREVIOUS_ISSUERS lacks is none of this issuer's."""
    token = issuer.issue()
    move(issuer, *previous)
    assert not issuer.is_active(token)


def test_new_tokens_have_the_new_name(issuer: IssuerHarness) -> None:
    """A previous name is never issued again."""
    move(issuer, ISSUER)
    assert claims_of(issuer.issue())["iss"] == NEW


def test_userinfo_answers_for_a_token_of_the_old_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """An application that signed its user in under the old name still reads the user's claims."""
    flow = UserFlow(monkeypatch)
    tokens = flow.log_in()
    move(flow, ISSUER)
    answer = flow.get("/oauth2/userinfo", authorization=f"Bearer {tokens['access_token']}")
    assert answer.status == 200


def test_a_refresh_token_works_under_both_names(monkeypatch: pytest.MonkeyPatch) -> None:
    """A refresh token of the old name gives tokens of the new one."""
    flow = UserFlow(monkeypatch)
    tokens = flow.log_in()
    move(flow, ISSUER)
    renewed = flow.refresh(tokens["refresh_token"])
    assert claims_of(renewed.json["access_token"])["iss"] == NEW
