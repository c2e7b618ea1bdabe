"""The connections of the composition root, as the requests of the composed authorizer to AWS show them."""

from __future__ import annotations

import json

import pytest

from authorizer.access_rules_cache import PERIOD, RulesUnusable
from authorizer.bootstrap import verification_policy
from authorizer.refusal import Forbidden
from authorizer.settings import AuthorizerSettings
from keyturn.adapters.revocations.revocation_item import target_key
from keyturn.domain.keys.key_ring import SIGNING_ALGORITHMS
from keyturn.domain.revocations.revocation import FEED_OVERLAP, GLOBAL_COPIES, Target, TargetKind
from tests.fakes.authorizer_events import API_ID
from tests.fakes.composed_authorizer import ENVIRON, ComposedAuthorizer
from tests.fakes.scripted_connection import Answer, ScriptedConnections, failure
from tests.fakes.token_factory import NOW


def test_the_policy_is_that_of_the_settings() -> None:
    """R14, R16: each part of the policy comes from its variable, with every algorithm of a ring."""
    environment = {
        **ENVIRON,
        "REVOCATION_MODE": "strict",
        "PREVIOUS_ISSUERS": "https://old.example",
        "LEEWAY_SECONDS": "7",
        "MAX_TOKEN_LIFETIME_SECONDS": "1234",
    }
    settings = AuthorizerSettings(environment)
    policy = verification_policy(settings)
    assert policy.issuers == {settings.issuer, "https://old.example"}
    assert policy.audiences == settings.audiences.names
    assert policy.algorithms == set(SIGNING_ALGORITHMS)
    assert (policy.leeway, policy.max_lifetime) == (7, 1234)


def parameter(routes: dict[str, list[str]]) -> Answer:
    """Return what SSM answers for a parameter with these rules."""
    document = json.dumps({"apis": {API_ID: {"routes": routes}}})
    return Answer(200, {"Parameter": {"Type": "String", "Value": document}})


OPEN, CLOSED = parameter({"GET /reports": []}), parameter({})


def test_rules_of_a_parameter_decide_from_one_minute_to_the_next() -> None:
    """The parameter that the environment names is read once a minute, by the credentials of that time."""
    parameters = ScriptedConnections(OPEN, CLOSED)
    sandbox = ComposedAuthorizer("strict", parameters)
    for _ in range(2):
        sandbox.decide()
    sandbox.now += PERIOD
    with pytest.raises(Forbidden, match="no_rule"):
        sandbox.decide()
    dates = []
    for headers, body in parameters.requests:
        assert body == {"Name": "/rules"}
        assert headers["Host"] == "ssm.eu-central-1.amazonaws.com"
        assert headers["Authorization"].startswith(f"AWS4-HMAC-SHA256 Credential={ENVIRON['AWS_ACCESS_KEY_ID']}/")
        dates.append(headers["X-Amz-Date"])
    assert dates == ["20260921T141320Z", "20260921T141420Z"]


@pytest.mark.parametrize("in_parameter", [False, True])
def test_the_stacks_audiences_count_wherever_the_rules_are(in_parameter: bool) -> None:
    """R13: rules of the environment and of a parameter need an audience where the stack has several."""
    audiences = f"{ENVIRON['AUDIENCES']} urn:second"
    parameters = ScriptedConnections(OPEN) if in_parameter else None
    sandbox = ComposedAuthorizer("strict", parameters, AUDIENCES=audiences, API_AUDIENCES="required")
    with pytest.raises(Forbidden, match="no_audience"):
        sandbox.decide()


def test_a_parameter_that_is_wrong_is_named_and_counted(capsys: pytest.CaptureFixture[str]) -> None:
    """Without rules the fault names the parameter; with older ones they go on, and the failure is counted."""
    wrong = Answer(200, {"Parameter": {"Type": "String", "Value": "{}"}})
    down = failure("InternalServerError", 500)
    sandbox = ComposedAuthorizer("strict", ScriptedConnections(wrong, OPEN, down, down))
    with pytest.raises(RulesUnusable, match=r"^the parameter /rules: apis is not"):
        sandbox.decide()
    sandbox.decide()
    sandbox.now += PERIOD
    sandbox.decide()
    capsys.readouterr()
    sandbox.function.metrics.write()
    assert json.loads(capsys.readouterr().out)["RulesFailures"] == 1


def test_the_feed_is_read_as_far_back_as_any_token_is_accepted() -> None:
    """R47: the first snapshot goes back by the longest lifetime and the leeway, and holds a copy of global."""
    sandbox = ComposedAuthorizer("snapshot")
    sandbox.decide()
    sandbox.decide()
    everything, feed = sandbox.dynamodb.requests[-2:]
    copies = [target_key(Target.of(TargetKind.GLOBAL, str(number))) for number in range(GLOBAL_COPIES)]
    assert everything["Key"] in copies
    back = NOW - 3600 - 10 - FEED_OVERLAP
    assert feed["ExpressionAttributeValues"][":since"] == {"S": f"{back * 1_000_000:016d}"}
