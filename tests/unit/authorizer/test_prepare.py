"""A sandbox prepares itself before its first request, and that request does what is left (ADR 42)."""

from __future__ import annotations

import json
from email.utils import formatdate
from importlib.util import module_from_spec, spec_from_file_location
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import pytest

from authorizer import app
from authorizer.request import parse_request
from keyturn.domain.errors import ItemDamaged, KeyturnError, StoreUnavailable
from keyturn.environment import SettingsError
from tests.fakes.authorizer_events import authorizer_event
from tests.fakes.composed_authorizer import ENVIRON, ComposedAuthorizer
from tests.fakes.lambda_context import lambda_context
from tests.fakes.scripted_connection import Answer, ScriptedConnections
from tests.fakes.token_factory import NOW

if TYPE_CHECKING:
    from tests.unit.authorizer.conftest import AuthorizerWorld

RINGS, REVOCATIONS = ("BatchGetItem", "rings"), ("BatchGetItem", "revocations")


def prepare(sandbox: ComposedAuthorizer) -> None:
    """Let a composed sandbox prepare itself as its import would."""
    with patch.object(app, "bootstrap", lambda: sandbox.function), patch.dict("os.environ", ENVIRON):
        app.prepare()


@pytest.mark.parametrize("mode", ["strict", "snapshot"])
def test_the_first_request_reads_its_revocations_alone(mode: str) -> None:
    """P8: key rings are read and the connection is open before the first request, once."""
    sandbox = ComposedAuthorizer(mode)
    prepare(sandbox)
    assert sandbox.dynamodb.operations == [RINGS]
    assert sandbox.decide() == [REVOCATIONS]


def test_the_rules_of_a_parameter_are_read_before_the_first_request() -> None:
    """The second connection, to SSM, is opened before the first request too."""
    document = json.dumps({"apis": {"*": {"routes": {"GET /reports": []}}}})
    answer = Answer(200, {"Parameter": {"Type": "String", "Value": document}}, formatdate(NOW, usegmt=True))
    parameters = ScriptedConnections(answer)
    sandbox = ComposedAuthorizer("strict", parameters)
    prepare(sandbox)
    assert len(parameters.requests) == 1
    sandbox.decide()
    # Lambda's clock says how old the rules are, by the Date of the response that brought them.
    request = parse_request(authorizer_event("http_2.0", "t"))
    request.time, request.deadline = None, NOW + 30 + int(ENVIRON["FUNCTION_TIMEOUT_SECONDS"])
    sandbox.function.authorizer.begin(request)
    assert len(parameters.requests) == 1


@pytest.mark.parametrize(
    ("fault", "facts"),
    [
        (StoreUnavailable("DynamoDB BatchGetItem: TimeoutError"), {"detail": "DynamoDB BatchGetItem: TimeoutError"}),
        (ItemDamaged("ring#default"), {"detail": "ring#default"}),
        (RuntimeError("secret"), {}),
    ],
)
def test_a_fault_of_the_start_is_logged_once_and_fails_no_request(
    world: AuthorizerWorld, token: str, fault: Exception, facts: dict[str, str]
) -> None:
    """A store that fails at the start alone costs the first request its reads, and nothing else."""
    world.ring.fault = fault
    app.prepare()
    [line] = world.lines()
    assert (line["event"], line["level"], line["fault"]) == ("not_prepared", "WARN", type(fault).__name__)
    assert {name: line[name] for name in facts} == facts
    assert ("place" in line) is (not isinstance(fault, KeyturnError))
    assert "secret" not in str(line)
    world.ring.fault = None
    assert app.lambda_handler(authorizer_event("http_2.0", token), None)["isAuthorized"] is True
    assert world.ring.reads == 2


def test_wrong_settings_are_answered_by_each_request(
    world: AuthorizerWorld, monkeypatch: pytest.MonkeyPatch, token: str
) -> None:
    """A variable that is wrong leaves the sandbox alive: each request gets 500, and the log names the variable."""

    def wrong() -> Any:
        raise SettingsError("ISSUER is missing")

    monkeypatch.setattr(app, "bootstrap", wrong)
    app.prepare()
    assert [(line["event"], line["detail"]) for line in world.lines()] == [("not_prepared", "ISSUER is missing")]
    for _ in range(2):
        with pytest.raises(app.AuthorizerFault):
            app.lambda_handler(authorizer_event("http_2.0", token), None)


def test_a_sandbox_that_was_started_ahead_of_time_renews(world: AuthorizerWorld, token: str) -> None:
    """R47: clocks that stood still since the start are found out by the first request's time."""
    world.time = type(world.time)(lambda: float(NOW), lambda: 50.0, lambda: NOW, 3)
    world.authorizer = world.build("simple")
    app.prepare()
    app.lambda_handler(authorizer_event("rest_request", token), lambda_context(deadline=(NOW + 4) * 1000))
    assert world.ring.reads == 1
    app.prepare()
    app.lambda_handler(authorizer_event("rest_request", token), lambda_context(deadline=(NOW + 3603) * 1000))
    assert world.ring.reads == 2


@pytest.mark.parametrize(("handler", "reads"), [(app.HANDLER, 1), ("another.lambda_handler", 0), ("", 0)])
def test_an_import_as_lambdas_handler_reads(
    world: AuthorizerWorld, monkeypatch: pytest.MonkeyPatch, handler: str, reads: int
) -> None:
    """An import as this handler reads the keys once, and any other import reads nothing."""
    monkeypatch.setenv("_HANDLER", handler)
    monkeypatch.setattr("authorizer.bootstrap.bootstrap", world.bootstrap)
    spec = spec_from_file_location("imported_again", app.__file__)
    assert spec is not None
    assert spec.loader is not None
    spec.loader.exec_module(module_from_spec(spec))
    assert world.ring.reads == reads
    assert world.lines() == []
