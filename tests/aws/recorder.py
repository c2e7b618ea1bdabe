"""The pytest plugin that writes the report: after each test, so that a run that is broken off leaves one too."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Any

import pytest

from tests.aws.report import DID_NOT_HOLD, HELD, NOT_RUN, Fact, Run, render
from tests.aws.run import utc_time

_MAX_REASON = 300


class Recorder:
    """Takes the fact from a test's docstring, its section from the module's, and what was observed from the test."""

    def __init__(self, path: Path, run: Run) -> None:
        """Write to the path; `run` may still be filled while tests run."""
        self.run = run
        self._path = path
        self._facts: dict[str, Fact] = {}

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Take down every fact in the order of the tests; what is never reported stays "not run"."""
        self._facts = {item.nodeid: _fact_of(item) for item in items} | self._facts

    def pytest_deselected(self, items: list[pytest.Item]) -> None:
        """Take down what this run leaves out, and why."""
        for item in items:
            fact = _fact_of(item)
            mark = item.get_closest_marker("on_aws_alone")
            fact.reason = "not selected" if mark is None else f"on AWS alone ({mark.args[0]})"
            self._facts[item.nodeid] = fact

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Take down the outcome of a test's phase."""
        fact = self._facts.setdefault(report.nodeid, Fact("Others", report.nodeid))
        fact.observed = list(report.user_properties)
        if report.when == "call":
            fact.seconds = report.duration
        if report.skipped:
            fact.outcome, fact.reason = NOT_RUN, _skip_reason(report)
        elif report.failed:
            self._take_failure(fact, report)
        elif report.when == "call":
            fact.outcome = HELD
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

    def _take_failure(self, fact: Fact, report: pytest.TestReport) -> None:
        reason = _first_line(report)
        if report.when == "call":
            fact.outcome, fact.reason = DID_NOT_HOLD, reason
        elif report.when == "setup":
            fact.outcome, fact.reason = NOT_RUN, f"could not be set up: {reason}"
        else:
            fact.reason = "; ".join(filter(None, [fact.reason, f"and its traces were not removed: {reason}"]))


def _fact_of(item: pytest.Item) -> Fact:
    function: Any = getattr(item, "function", None)
    module: Any = getattr(item, "module", None)
    sentence = " ".join((inspect.getdoc(function) or item.name).split())
    section = " ".join((inspect.getdoc(module) or "Others").split())
    return Fact(section.removesuffix("."), sentence)


def _first_line(report: pytest.TestReport) -> str:
    # One line alone: what pytest explains besides holds the arguments of calls, and among them tokens.
    crash = getattr(report.longrepr, "reprcrash", None)
    text = str(getattr(crash, "message", report.longrepr)).strip()
    return text.splitlines()[0][:_MAX_REASON] if text else "no reason given"


def _skip_reason(report: pytest.TestReport) -> str:
    reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
    return reason.removeprefix("Skipped: ")
