"""The plugin that writes the report, in a pytest run of its own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
CONFTEST = """
import pathlib, pytest
from tests.aws.recorder import Recorder
from tests.aws.report import Run

def pytest_configure(config):
    config.addinivalue_line("markers", "on_aws_alone(reason): see tests/aws")
    path = pathlib.Path(__file__).parent / "report.md"
    config.pluginmanager.register(Recorder(path, Run(secrets={"hunter2"})))

@pytest.fixture
def observe(request):
    return lambda **values: request.node.user_properties.extend(values.items())

@pytest.fixture
def broken():
    raise OSError("no such place")

@pytest.fixture
def untidy():
    yield
    raise OSError("still there")
"""
FACTS = '''
"""A service."""

import pytest

def test_held(observe):
    """It holds."""
    observe(seen={"status": 200})

def test_other(observe):
    """It does not."""
    observe(seen=[401, 403])
    token = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJkZW1vIn0.c2lnbmF0dXJl"
    assert token == "hunter2", "for 123456789012"

def test_unset(broken):
    """It cannot be tried."""

def test_untidy(untidy):
    """It leaves something."""

@pytest.mark.on_aws_alone("no emulator has it")
def test_alone():
    """It is left out."""

def test_skipped():
    """It is skipped."""
    pytest.skip("KEEP=1")

def test_break():
    """It is broken off."""
    raise KeyboardInterrupt

def test_after():
    """It comes too late."""
'''


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return the report of a run with every outcome, which is broken off before its last fact."""
    folder = tmp_path_factory.mktemp("facts")
    (folder / "conftest.py").write_text(CONFTEST)
    (folder / "test_facts.py").write_text(FACTS)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-m", "not on_aws_alone", str(folder)]
    done = subprocess.run(command, cwd=ROOT, env={"PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=False)
    assert (folder / "report.md").exists(), done.stdout + done.stderr
    return (folder / "report.md").read_text()


def row(report: str, sentence: str) -> list[str]:
    """Return outcome and observations of a fact."""
    [found] = [line.split(" | ") for line in report.splitlines() if line.startswith(f"| {sentence} |")]
    return found[1:3]


def test_every_outcome_has_its_words(report: str) -> None:
    """Each fact is listed once with its observation: held, failed, untried or left out."""
    assert "### A service" in report
    assert row(report, "It holds.") == ["held", "seen: status 200"]
    outcome, observed = row(report, "It does not.")
    assert outcome.startswith("**did not hold**: AssertionError: for [account]")
    assert observed == "seen: 401, 403"
    assert row(report, "It cannot be tried.")[0] == "not run: could not be set up: OSError: no such place"
    assert row(report, "It leaves something.")[0] == "held: and its traces were not removed: OSError: still there"
    assert row(report, "It is left out.")[0] == "not run: on AWS alone (no emulator has it)"
    assert row(report, "It is skipped.")[0] == "not run: KEEP=1"


def test_a_run_that_is_broken_off_leaves_a_report(report: str) -> None:
    """A fact out of reach is listed as not run, and the head counts it."""
    assert row(report, "It comes too late.")[0] == "not run"
    assert row(report, "It is broken off.")[0] == "not run"
    assert "Of 8 facts 2 held, 1 did not, 5 were not run." in report
    assert "facts finished" in report


def test_a_failure_tells_no_secret(report: str) -> None:
    """Neither the token nor the secret of a comparison that failed is in the report (R66)."""
    assert "eyJ" not in report
    assert "hunter2" not in report
    assert "123456789012" not in report
