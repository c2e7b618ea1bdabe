"""The plugin that writes the report, in a pytest run of its own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
CONFTEST = """
import os, pathlib, pytest
from tests.aws import markers
from tests.aws.recorder import Recorder
from tests.aws.report import Run
from tests.aws.run import is_on_aws

def pytest_configure(config):
    config.pluginmanager.register(markers)
    for marker in markers.MARKERS:
        config.addinivalue_line("markers", marker)
    path = pathlib.Path(__file__).parent / "report.md"
    config.pluginmanager.register(Recorder(path, Run(secrets={"hunter2"}, on_aws=is_on_aws(os.environ))))

@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config, items):
    markers.leave_out_facts_of_aws(config, items)

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

@pytest.mark.open_question("nobody counts on it")
def test_no(observe):
    """It is answered by no."""
    observe(status=500)
    assert 500 == 401

@pytest.mark.open_question("nobody counts on it")
def test_yes():
    """It is answered by yes."""

@pytest.mark.open_question("nobody counts on it")
def test_untried(broken):
    """It is not answered."""

def test_break():
    """It is broken off."""
    raise KeyboardInterrupt

def test_after():
    """It comes too late."""
'''


QUESTIONS = '''
"""A service."""

import pytest

@pytest.mark.on_aws_alone("no emulator has it")
def test_alone(observe):
    """It passes on an emulator."""
    observe(status=200)

@pytest.mark.open_question("nobody counts on it")
def test_yes():
    """It is answered by yes."""
'''
EMULATOR = {"AWS_ENDPOINT_URL": "http://127.0.0.1:1"}


def run(folder: Path, facts: str, *selection: str, **environ: str) -> tuple[int, str]:
    """Return the exit code of a run of these facts, and its report."""
    (folder / "conftest.py").write_text(CONFTEST)
    (folder / "test_facts.py").write_text(facts)
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "-p",
        "no:schemathesis",
        *selection,
        str(folder),
    ]
    environ |= {"PYTHONPATH": f"{ROOT}:{ROOT / 'layers' / 'keyturn'}"}
    done = subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True, check=False)
    assert (folder / "report.md").exists(), done.stdout + done.stderr
    return done.returncode, (folder / "report.md").read_text()


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return the report of a run with every outcome, which is broken off before its last fact."""
    return run(tmp_path_factory.mktemp("facts"), FACTS, "-m", "not on_aws_alone")[1]


def row(report: str, sentence: str) -> list[str]:
    """Return outcome and observations of a fact."""
    [found] = [line.split(" | ") for line in report.splitlines() if line.startswith(f"| {sentence} |")]
    return found[1:3]


def test_every_outcome_has_its_words(report: str) -> None:
    """Each fact is listed once with its observation: held, failed, untried or left out."""
    assert "### A service" in report
    assert row(report, "It holds.") == ["holds", "seen: status 200"]
    outcome, observed = row(report, "It does not.")
    assert outcome.startswith("**does not hold**: AssertionError: for [account]")
    assert observed == "seen: 401, 403"
    assert row(report, "It cannot be tried.")[0] == "not seen: could not be set up: OSError: no such place"
    assert row(report, "It leaves something.")[0] == "holds: and its traces were not removed: OSError: still there"
    assert row(report, "It is left out.")[0] == "not seen: on AWS alone (no emulator has it)"
    assert row(report, "It is skipped.")[0] == "not seen: KEEP=1"


def test_an_open_question_is_answered_by_yes_or_no(report: str) -> None:
    """The report has the answer, the reason of the question and the observation; a broken setup gives no answer."""
    outcome, observed = row(report, "It is answered by no.")
    assert outcome == "**does not hold**: assert 500 == 401 (an open question: nobody counts on it)"
    assert observed == "status: 500"
    assert row(report, "It is answered by yes.")[0] == "holds"
    assert row(report, "It is not answered.")[0] == "not seen: could not be set up: OSError: no such place"


def test_an_emulator_leaves_out_facts_of_aws_by_itself(tmp_path: Path) -> None:
    """Without a selection the run leaves out each fact on AWS alone, and fails if one of the others does."""
    code, report = run(tmp_path, QUESTIONS, **EMULATOR)
    assert code == 0
    assert row(report, "It passes on an emulator.") == ["not seen: on AWS alone (no emulator has it)", ""]
    assert row(report, "It is answered by yes.")[0] == "holds"


def test_a_fact_of_aws_never_holds_on_an_emulator(tmp_path: Path) -> None:
    """A fact on AWS alone that was selected on an emulator, and passed, still counts as not seen."""
    _, report = run(tmp_path, QUESTIONS, "-m", "on_aws_alone", **EMULATOR)
    assert row(report, "It passes on an emulator.") == ["not seen: on AWS alone (no emulator has it)", "status: 200"]
    assert "Of 2 facts 0 hold, 0 do not, 2 were not seen." in report


def test_a_run_that_is_broken_off_leaves_a_report(report: str) -> None:
    """A fact out of reach is listed as not seen, and the head counts it."""
    assert row(report, "It comes too late.")[0] == "not seen"
    assert row(report, "It is broken off.")[0] == "not seen"
    assert "Of 11 facts 3 hold, 2 do not, 6 were not seen." in report
    assert "facts finished" in report


def test_a_failure_tells_no_secret(report: str) -> None:
    """Neither the token nor the secret of a comparison that failed is in the report (R66)."""
    assert "eyJ" not in report
    assert "hunter2" not in report
    assert "123456789012" not in report
