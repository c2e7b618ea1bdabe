"""An alarm reads a metric that is emitted, and names the section of the runbook that says what to do."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from key_rotator import metrics
from key_rotator.report import Report
from keyturn.domain.errors import Throttled
from keyturn.domain.keys.key_ring import DEFAULT_RING
from tests.aws.alarms import ALARMS
from tests.fakes.issuer_harness import TOKEN, IssuerHarness
from tests.fakes.rotation_harness import rotation_policy
from tests.fakes.stub_key_ring import ring_of
from tests.infrastructure.native_template import NativeTemplate
from tests.infrastructure.replay import authorizer_scenarios, issuer_scenarios, login_scenarios
from tests.infrastructure.replay.filter_pattern import FilterPattern

ROOT = Path(__file__).parents[2]
SECTIONS = dict(re.findall(r"^## (.+)\n((?:(?!^## ).*\n)*)", (ROOT / "docs" / "runbook.md").read_text(), re.MULTILINE))


def alarms(template: NativeTemplate) -> dict[str, dict[str, Any]]:
    """Return the properties of the alarms by their logical ids."""
    return template.of_type("AWS::CloudWatch::Alarm")


def counted_lines(template: NativeTemplate) -> dict[str, dict[str, Any]]:
    """Return the properties of the metric filters by the metrics that they make."""
    filters = template.of_type("AWS::Logs::MetricFilter").values()
    return {str(made["MetricName"]): each for each in filters for made in each["MetricTransformations"]}


def test_each_alarm_names_its_section_of_the_runbook(template: NativeTemplate) -> None:
    """The description quotes the heading under which the runbook says what to do, and the section names the alarm."""
    for name, alarm in alarms(template).items():
        [section] = re.findall(r'"(.+)"', alarm["AlarmDescription"])
        assert f"`{name}`" in SECTIONS[section], name


def test_each_alarm_is_known_to_the_verification_on_aws(template: NativeTemplate) -> None:
    """The facts about alarms leave none out."""
    assert set(ALARMS) == set(alarms(template))


def test_our_own_metrics_are_emitted_under_the_names_that_alarms_read(
    template: NativeTemplate, capsys: pytest.CaptureFixture[str]
) -> None:
    """I12: each metric that an alarm of the namespace Keyturn reads comes from a filter or from the rotator."""
    metrics.count_successful_run("function")
    metrics.measure_rings([Report(DEFAULT_RING, ring=ring_of())], {DEFAULT_RING: rotation_policy()}, "function")
    written = capsys.readouterr().out.replace(" ", "")
    for name, alarm in alarms(template).items():
        if alarm.get("Namespace") != metrics.NAMESPACE:
            continue
        if "Dimensions" in alarm:
            [dimension] = alarm["Dimensions"]
            assert f'"Name":"{alarm["MetricName"]}"' in written, name
            assert f'"{dimension["Name"]}":"function"' in written
        else:
            assert str(alarm["MetricName"]) in counted_lines(template), name


def test_each_count_of_lines_is_of_one_stack_and_read_by_an_alarm(template: NativeTemplate) -> None:
    """A metric of a log has no dimension: the stack is in its name."""
    read = {str(alarm.get("MetricName")) for alarm in alarms(template).values()}
    for name in counted_lines(template):
        assert "${AWS::StackName}" in name
        assert name in read


def test_a_filter_is_there_where_its_alarm_is(template: NativeTemplate) -> None:
    """A condition that leaves out the alarm leaves out the filter, and no other."""
    conditions = {name: template.resources[name].get("Condition") for name in template.resources}
    assert conditions["AccessRulesNotRenewed"] == conditions["AccessRulesUnusable"] == "HasAccessRulesParameter"
    conditional = [name for name in (*alarms(template), "AuthorizerFaults", "AuthorizerOldViews") if conditions[name]]
    assert conditional == ["AccessRulesUnusable"]


def test_alarms_about_requests_look_at_the_same_minutes(template: NativeTemplate) -> None:
    """Three of fifteen minutes, whatever the fault, so that one rate is not seen better than another."""
    scenarios = (*authorizer_scenarios.SCENARIOS, *issuer_scenarios.SCENARIOS, *login_scenarios.SCENARIOS)
    for name in {each.alarm for each in scenarios}:
        alarm = alarms(template)[name]
        stats = [each["MetricStat"] for each in alarm.get("Metrics", ()) if "MetricStat" in each]
        assert {each["Period"] for each in stats or [alarm]} == {60}, name
        assert (alarm["EvaluationPeriods"], alarm["DatapointsToAlarm"]) == (15, 3), name


def test_a_time_out_is_the_functions_own(template: NativeTemplate) -> None:
    """The threshold is the authorizer's time-out in milliseconds: no invocation that ends takes as long."""
    timeout = template.properties("AuthorizerFunction")["Timeout"]
    assert alarms(template)["AuthorizerTimesOut"]["Threshold"] == timeout * 1000


def test_throttling_is_watched_for_every_table(template: NativeTemplate) -> None:
    """Reads and writes of each table are watched: ThrottledRequests counts a batch only if all of it is throttled."""
    stats = [
        each["MetricStat"]["Metric"]
        for name in ("TablesThrottled", "LoginTablesThrottled")
        for each in alarms(template)[name]["Metrics"][1:]
    ]
    watched = {(each["Dimensions"][0]["Value"]["Ref"], each["MetricName"]) for each in stats}
    names = {"ReadThrottleEvents", "WriteThrottleEvents"}
    assert watched == {(table, name) for table in template.of_type("AWS::DynamoDB::Table") for name in names}


def test_an_alarm_on_metric_math_reads_ten_metrics_at_most(template: NativeTemplate) -> None:
    """CloudWatch's hard limit ("Limits that apply to alarms based on metric math expressions")."""
    for name, alarm in alarms(template).items():
        assert sum("MetricStat" in each for each in alarm.get("Metrics", ())) <= 10, name


def test_a_throttled_signature_is_what_the_filter_looks_for(
    template: NativeTemplate, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The issuer's line about a throttled signature matches the filter's pattern, and one about DynamoDB does not."""
    pattern = FilterPattern(template.properties("KmsThrottled")["FilterPattern"])
    details = []
    for what in ("KMS Sign: ThrottlingException", "DynamoDB BatchGetItem: ThrottlingException"):
        issuer = IssuerHarness(monkeypatch)
        issuer.signer.fault = Throttled(what)
        assert issuer.post(TOKEN, grant_type="client_credentials").status == 503
        details += re.findall(r'"detail": "([^"]+)"', capsys.readouterr().out)
    assert [pattern.matches({"detail": detail}) for detail in details] == [True, False]
