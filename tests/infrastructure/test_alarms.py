"""An alarm rings by a metric that somebody emits, and tells whoever it wakes where to read on."""

from __future__ import annotations

import fnmatch
import re
from pathlib import Path
from typing import Any

import pytest

from authorizer.metrics import Metrics as AuthorizerMetrics
from key_rotator import metrics
from key_rotator.report import Report
from keyturn.domain.errors import Throttled
from keyturn.domain.key_ring import DEFAULT_RING
from tests.fakes.issuer_harness import TOKEN, IssuerHarness
from tests.fakes.rotation_harness import rotation_policy
from tests.fakes.stub_key_ring import ring_of
from tests.infrastructure.native_template import NativeTemplate

ROOT = Path(__file__).parents[2]
SECTIONS = re.findall(r"^## (.+)$", (ROOT / "docs" / "runbook.md").read_text(), re.MULTILINE)


AUTHORIZER = "".join(path.read_text() for path in (ROOT / "functions" / "authorizer").glob("*.py"))
AUTHORIZER_METRICS = re.findall(r'metrics\.(?:count|at_most)\("(\w+)"', AUTHORIZER)


def alarms(template: NativeTemplate) -> dict[str, dict[str, Any]]:
    """Return the properties of the alarms by their logical ids."""
    return template.of_type("AWS::CloudWatch::Alarm")


def test_each_alarm_names_its_section_of_the_runbook(template: NativeTemplate) -> None:
    """The description quotes the heading under which the runbook says what to do."""
    for name, alarm in alarms(template).items():
        [section] = re.findall(r'"(.+)"', alarm["AlarmDescription"])
        assert section in SECTIONS, name


def test_our_own_metrics_are_emitted_under_the_names_that_alarms_read(
    template: NativeTemplate, capsys: pytest.CaptureFixture[str]
) -> None:
    """I12: what an alarm of the namespace Keyturn reads is in what the rotator writes, with the same dimension."""
    metrics.count_successful_run("function")
    metrics.measure_rings([Report(DEFAULT_RING, ring=ring_of())], {DEFAULT_RING: rotation_policy()}, "function")
    decisions = AuthorizerMetrics("function", lambda: 0.0, lambda: 0.0)
    for name in AUTHORIZER_METRICS:
        decisions.count(name)
    decisions.write()
    written = capsys.readouterr().out.replace(" ", "")
    filters = [
        str(transformation["MetricName"])
        for each in template.of_type("AWS::Logs::MetricFilter").values()
        for transformation in each["MetricTransformations"]
    ]
    for name, alarm in alarms(template).items():
        if alarm["Namespace"] != metrics.NAMESPACE:
            continue
        if "Dimensions" in alarm:
            [dimension] = alarm["Dimensions"]
            assert f'"Name":"{alarm["MetricName"]}"' in written, name
            assert f'"{dimension["Name"]}":"function"' in written
        else:
            assert str(alarm["MetricName"]) in filters, name


def test_a_throttled_signature_is_what_the_filter_looks_for(
    template: NativeTemplate, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The issuer's line about a throttled signature matches the filter's pattern, and one about DynamoDB does not."""
    [pattern] = [each["FilterPattern"] for each in template.of_type("AWS::Logs::MetricFilter").values()]
    matched = re.fullmatch(r'\{ \$\.detail = "(.+)" \}', pattern)
    assert matched is not None
    details = []
    for what in ("KMS Sign: ThrottlingException", "DynamoDB BatchGetItem: ThrottlingException"):
        issuer = IssuerHarness(monkeypatch)
        issuer.signer.fault = Throttled(what)
        assert issuer.post(TOKEN, grant_type="client_credentials").status == 503
        details += re.findall(r'"detail": "([^"]+)"', capsys.readouterr().out)
    assert [fnmatch.fnmatch(detail, matched[1]) for detail in details] == [True, False]
