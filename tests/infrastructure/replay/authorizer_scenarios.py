"""Faults of the authorizer, played through its real handler."""

from __future__ import annotations

import json
from unittest.mock import patch

from authorizer import app
from keyturn.adapters.aws import http
from tests.fakes.authorizer_events import authorizer_event
from tests.fakes.http_api_event import http_api_event
from tests.fakes.scripted_connection import Answer, ScriptedConnections
from tests.infrastructure.replay.account import Account, Function, every
from tests.infrastructure.replay.sandbox import Sandbox, bound
from tests.infrastructure.replay.scenario import Rate, Scenarios

SCENARIOS = Scenarios()
rings = SCENARIOS.rings

RULES = json.dumps({"apis": {"*": {"routes": {"GET /reports": []}}}})


class Ssm(ScriptedConnections):
    """SSM with one parameter, whose value is `document`; None leaves requests without an answer."""

    def __init__(self, document: str | None) -> None:
        """Begin with this document."""
        super().__init__()
        self.document = document

    def next(self) -> http.Answer | Exception:
        """Return the parameter."""
        if self.document is None:
            return TimeoutError()
        return Answer(200, {"Parameter": {"Type": "String", "Value": self.document}})


def unreachable(operation: str, table: str) -> None:
    """Let a read of DynamoDB end without an answer."""
    raise TimeoutError


def warm_sandbox(account: Account, start: int, *, mode: str = "snapshot", ssm: Ssm | None = None) -> Sandbox:
    """Return a sandbox of the authorizer that has decided twice."""
    sandbox = Sandbox(account.function("AuthorizerFunction"), mode, ssm)
    for at in (start - 2, start - 1):
        sandbox.request(at)
    return sandbox


def invoke_bare(function: Function, event: dict[str, object], rate: Rate, start: int, end: int) -> None:
    """Send an event to the authorizer as it is composed from an empty environment."""
    with patch.dict("os.environ", {}, clear=True):
        for at in every(rate.seconds, start, end):
            function.invoke(lambda: app.lambda_handler(event, None), at, rate.weight)


@rings("AuthorizerFailed")
def no_read_is_answered(account: Account, rate: Rate, start: int, end: int) -> None:
    """Neither keys nor revocations can be read any more."""
    sandbox = warm_sandbox(account, start)
    sandbox.before = unreachable
    for at in every(rate.seconds, start, end):
        sandbox.request(at, rate.weight)


@rings("AuthorizerFailed")
def no_read_is_answered_in_strict_mode(account: Account, rate: Rate, start: int, end: int) -> None:
    """As above, where each request reads its own revocations."""
    sandbox = warm_sandbox(account, start, mode="strict")
    sandbox.before = unreachable
    for at in every(rate.seconds, start, end):
        sandbox.request(at, rate.weight)


@rings("AuthorizerFailed")
def each_sandbox_is_new_and_reads_nothing(account: Account, rate: Rate, start: int, end: int) -> None:
    """Lambda starts a sandbox for each request: no line of metrics is ever due."""
    fewer = rate.in_tens()
    for at in every(fewer.seconds, start, end):
        sandbox = Sandbox(account.function("AuthorizerFunction"))
        sandbox.before = unreachable
        sandbox.request(at, fewer.weight)


@rings("AuthorizerFailed")
def new_sandboxes_have_no_rules(account: Account, rate: Rate, start: int, end: int) -> None:
    """The document of the access rules is wrong, and no sandbox has an older one."""
    fewer = rate.in_tens()
    for at in every(fewer.seconds, start, end):
        Sandbox(account.function("AuthorizerFunction"), parameters=Ssm("{")).request(at, fewer.weight)


@rings("AuthorizerFailed")
def a_variable_is_missing(account: Account, rate: Rate, start: int, end: int) -> None:
    """The composition root raises SettingsError, before there is anything that counts."""
    invoke_bare(account.function("AuthorizerFunction"), authorizer_event("rest_token", "a.b.c"), rate, start, end)


@rings("AuthorizerFailed")
def events_are_no_authorizers(account: Account, rate: Rate, start: int, end: int) -> None:
    """An API has the function as its integration: each event is unknown."""
    invoke_bare(account.function("AuthorizerFunction"), http_api_event("GET", "/"), rate, start, end)


@rings("AuthorizerFailed")
def the_log_of_faults_fails(account: Account, rate: Rate, start: int, end: int) -> None:
    """The handler cannot write why: the runtime's own record of the exception is all that there is."""
    with patch.object(app, "log_event", side_effect=OSError("no space left on device")):
        a_variable_is_missing(account, rate, start, end)


@rings("AuthorizerFailed")
def the_module_cannot_be_imported(account: Account, rate: Rate, start: int, end: int) -> None:
    """The handler does not exist."""
    for at in every(rate.seconds, start, end):
        account.function("AuthorizerFunction").fail_to_import(at, rate.weight)


@rings("AuthorizerFailed")
def the_sandbox_runs_out_of_memory(account: Account, rate: Rate, start: int, end: int) -> None:
    """The process ends without a word."""
    for at in every(rate.seconds, start, end):
        account.function("AuthorizerFunction").end_sandbox("Runtime.OutOfMemory", at, rate.weight)


@rings("AuthorizerTimesOut")
def the_authorizer_times_out(account: Account, rate: Rate, start: int, end: int) -> None:
    """Lambda ends each invocation at the function's time-out."""
    for at in every(rate.seconds, start, end):
        account.function("AuthorizerFunction").time_out(at, rate.weight)


@rings("AuthorizerThrottled")
def the_authorizer_is_throttled(account: Account, rate: Rate, start: int, end: int) -> None:
    """The account's concurrency is used up."""
    for at in every(rate.seconds, start, end):
        account.function("AuthorizerFunction").throttle(at, rate.weight)


@rings("AuthorizerViewIsOld")
def the_feed_cannot_be_read(account: Account, rate: Rate, start: int, end: int) -> None:
    """No snapshot is to be had, and each request reads for itself."""

    def refuse_queries(operation: str, table: str) -> None:
        if operation == "Query":
            raise TimeoutError

    sandbox = warm_sandbox(account, start)
    sandbox.before = refuse_queries
    for at in every(rate.seconds, start, end):
        sandbox.request(at, rate.weight)


@rings("AuthorizerViewIsOld", "1", "100")
def a_read_succeeds_each_nine_seconds(account: Account, rate: Rate, start: int, end: int) -> None:
    """Keys and revocations are renewed at nine tenths of the bound."""
    now = float(start)

    def refuse_most(operation: str, table: str) -> None:
        if (now - start) % 9:
            raise TimeoutError

    sandbox = warm_sandbox(account, start)
    sandbox.before = refuse_most
    for now in every(rate.seconds, start, end):
        sandbox.request(now, rate.weight)


@rings("AuthorizerViewIsOld", "0.01")
def reads_are_slow_at_the_smallest_bound(account: Account, rate: Rate, start: int, end: int) -> None:
    """Keys are 1.7 of 2 s old when they have been read."""
    with bound(2):
        sandbox = warm_sandbox(account, start)
    sandbox.before = lambda operation, table: sandbox.pass_time(1.7 if table == "rings" else 0.0)
    for at in every(rate.seconds, start, end):
        sandbox.request(at, rate.weight)


@rings("AccessRulesUnusable")
def the_rules_become_wrong(account: Account, rate: Rate, start: int, end: int) -> None:
    """The document in SSM is no JSON any more, where sandboxes have the rules of before."""
    ssm = Ssm(RULES)
    sandbox = warm_sandbox(account, start, ssm=ssm)
    ssm.document = "{"
    for at in every(rate.seconds, start, end):
        sandbox.request(at, rate.weight)


@rings("AccessRulesUnusable")
def the_rules_cannot_be_read(account: Account, rate: Rate, start: int, end: int) -> None:
    """SSM does not answer, where sandboxes have the rules of before."""
    ssm = Ssm(RULES)
    sandbox = warm_sandbox(account, start, ssm=ssm)
    ssm.document = None
    for at in every(rate.seconds, start, end):
        sandbox.request(at, rate.weight)
