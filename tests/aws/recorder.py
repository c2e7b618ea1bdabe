"""The pytest plugin that writes the report: after each test, so that a run that is broken off leaves one too."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Any

import pytest

from tests.aws.markers import ON_AWS_ALONE, first_line, reason_of
from tests.aws.report import DOES_NOT_HOLD, HOLDS, NOT_SEEN, Fact, Run, render
from tests.aws.run import utc_time


class Recorder:
    """Takes the fact from a test's docstring, its section from the module's, and what was observed from the test.

    A fact that an emulator cannot show is "not seen" there, whatever its test did.
    """

    def __init__(self, path: Path, run: Run) -> None:
        """Write to the path; `run` may still be filled while tests run."""
        self.run = run
        self._path = path
        self._facts: dict[str, Fact] = {}
        self._unseen: dict[str, str] = {}

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Take down every fact in the order of the tests; what is never reported stays "not seen"."""
        self._facts = {item.nodeid: _fact_of(item) for item in items} | self._facts
        if not self.run.on_aws:
            self._unseen |= {item.nodeid: why for item in items if (why := reason_of(item, ON_AWS_ALONE))}

    def pytest_deselected(self, items: list[pytest.Item]) -> None:
        """Take down what this run leaves out, and why."""
        for item in items:
            fact = _fact_of(item)
            why = reason_of(item, ON_AWS_ALONE)
            fact.reason = "not selected" if why is None else _on_aws_alone(why)
            self._facts[item.nodeid] = fact

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Take down the outcome of a test's phase."""
        fact = self._facts.setdefault(report.nodeid, Fact("Others", report.nodeid))
        fact.observed = list(report.user_properties)
        if report.when == "call":
            fact.seconds = report.duration
        if report.nodeid in self._unseen:
            fact.reason = _on_aws_alone(self._unseen[report.nodeid])
        else:
            _take_outcome(fact, report)
        if report.when == "teardown":
            self.write()

    def pytest_sessionfinish(self) -> None:
        """Write it all, also when the run was interrupted."""
        self.run.head["facts finished"] = utc_time()
        self.write()

    def write(self) -> None:
        """Write the report as it stands."""
        if self._facts:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._path.write_text(render(self.run, self._facts.values()))


def _on_aws_alone(why: str) -> str:
    return f"on AWS alone ({why})"


def _fact_of(item: pytest.Item) -> Fact:
    function: Any = getattr(item, "function", None)
    module: Any = getattr(item, "module", None)
    sentence = " ".join((inspect.getdoc(function) or item.name).split())
    section = " ".join((inspect.getdoc(module) or "Others").split())
    return Fact(section.removesuffix("."), sentence)


def _take_outcome(fact: Fact, report: pytest.TestReport) -> None:
    question: str | None = getattr(report, "wasxfail", None)
    if question is not None:
        fact.outcome, fact.reason = DOES_NOT_HOLD, question
    elif report.skipped:
        fact.outcome, fact.reason = NOT_SEEN, _skip_reason(report)
    elif report.failed:
        _take_failure(fact, report)
    elif report.when == "call":
        fact.outcome = HOLDS


def _take_failure(fact: Fact, report: pytest.TestReport) -> None:
    crash = getattr(report.longrepr, "reprcrash", None)
    reason = first_line(getattr(crash, "message", report.longrepr))
    if report.when == "call":
        fact.outcome, fact.reason = DOES_NOT_HOLD, reason
    elif report.when == "setup":
        fact.outcome, fact.reason = NOT_SEEN, f"could not be set up: {reason}"
    else:
        fact.reason = "; ".join(filter(None, [fact.reason, f"and its traces were not removed: {reason}"]))


def _skip_reason(report: pytest.TestReport) -> str:
    reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
    return reason.removeprefix("Skipped: ")
