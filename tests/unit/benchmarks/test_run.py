"""`make bench`: its names and its help, the earlier commit, and the comparison with it."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from authorizer.token_memo import MAX_ENTRY_BYTES, MAX_LENGTH, TokenMemo
from benchmarks.__main__ import main
from benchmarks.baseline import NOT_RUN, checkout
from benchmarks.comparison import COUNT, Compared, comparison_table
from benchmarks.contestants import FIRST_SEEN, OURS, RAW
from benchmarks.decision_cost import Authorizer
from benchmarks.first_requests import FirstRequests, first_figures, first_table
from benchmarks.fresh_interpreter import Spent
from benchmarks.issued_tokens import PROVIDER, issued_figures, issued_table
from benchmarks.memo_memory import SHAPES, adverse_claims, adverse_token
from benchmarks.reports import REPORTS
from benchmarks.stored_items import StoredItems
from benchmarks.summary import five_numbers
from benchmarks.warm_decisions import Warm
from tests.fakes.token_factory import NOW, key_set, policy, signing_key


def test_an_unknown_name_is_answered_with_the_names(capsys: pytest.CaptureFixture[str]) -> None:
    """`make bench ONLY=wram` measures nothing, and lists what there is."""
    assert main(["wram"]) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.startswith("keyturn: no report is named wram: make bench ONLY=")
    assert all(name in told.err for name in REPORTS)


def test_the_help_fits_a_terminal(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """The help has the names of all reports in lines of at most 80 characters."""
    monkeypatch.setenv("COLUMNS", "80")
    with pytest.raises(SystemExit) as ended:
        main(["--help"])
    assert ended.value.code == 0
    told = capsys.readouterr().out
    assert max(map(len, told.splitlines())) <= 80
    assert all(name in told for name in REPORTS)


def test_a_clone_without_the_commit_has_no_comparison(tmp_path: Path) -> None:
    """P13: without the clone's history the comparison is NOT RUN, and says how to get it."""
    subprocess.run(["git", "init", "--quiet", tmp_path], check=True)
    assert checkout(tmp_path / "build", tmp_path) is None
    times = {"keyturn": [100.0], "PyJWT + boto3": [500.0]}
    assert issued_figures(times) == []
    assert issued_table(times).endswith(NOT_RUN)


def test_a_token_is_compared_with_each_issuer_that_is_there() -> None:
    """P13: the ratios are taken round by round, and each has its own goals."""
    times = {"keyturn": [100.0, 300.0], "af3b01f: keyturn": [400.0, 1200.0], PROVIDER: [200.0, 200.0]}
    assert [(each.gate, each.measured) for each in issued_figures(times)] == [(0.35, 0.25), (1.5, 1.0)]


def test_a_first_request_is_measured_in_the_handler() -> None:
    """P5b: the goal is about the handler, in signature checks of the same round; init has its own column."""
    first = FirstRequests()
    first.raw = [50.0, 100.0]
    for milliseconds in (2, 5):
        first.add("keyturn_decision", Spent(init=0.06, handler=milliseconds / 1000))
    [figure] = first_figures(first)
    assert (figure.goal, figure.measured, figure.spread) == ("P5b", 45.0, (40.0, 50.0))
    assert "| keyturn: first decision | 60 | 3.5 | 45 (40 to 50) |" in first_table(first)


@pytest.mark.parametrize(("growth", "verdict"), [(0.5, "no worse"), (1.02, "no worse"), (1.021, "WORSE")])
def test_growth_beyond_the_tolerance_is_worse(growth: float, verdict: str) -> None:
    """A count that grew by more than 2 % is shown as worse."""
    row = Compared("files", "100", str(100 * growth), growth, COUNT)
    assert row.verdict == verdict
    assert comparison_table([row]).endswith(f"| {growth:.3f} | {verdict} |")


@pytest.mark.parametrize("shape", SHAPES)
def test_an_adverse_token_is_the_largest_that_is_remembered(shape: str) -> None:
    """P1c: the memo keeps the token, which is close to one of its bounds."""
    token = adverse_token(adverse_claims(shape), 1, NOW)
    memo = TokenMemo()
    keys, wanted = key_set(signing_key("ES256")), policy()
    for _ in range(2):
        memo.read(token, keys, wanted)
    assert len(memo) == 1
    assert len(token) > MAX_LENGTH - 100 or memo.size > 0.9 * MAX_ENTRY_BYTES


def test_stored_items_answer_reads_as_dynamodb_does() -> None:
    """P12: a read finds the item with its whole key, and nothing else."""
    item = {"pk": {"S": "jti#1"}, "sk": {"S": "target"}, "v": {"N": "1"}}
    stored = StoredItems({"t": [item]})
    get = b'{"TableName": "t", "Key": {"pk": {"S": "jti#1"}, "sk": {"S": "%s"}}}'
    assert (
        stored.answer("GetItem", get % b"target")
        == b'{"Item": {"pk": {"S": "jti#1"}, "sk": {"S": "target"}, "v": {"N": "1"}}}'
    )
    assert stored.answer("GetItem", get % b"other") == b"{}"
    batch = b'{"RequestItems": {"t": {"Keys": [{"pk": {"S": "jti#1"}}, {"pk": {"S": "jti#2"}}]}}}'
    assert b'"t": [{"pk": {"S": "jti#1"}' in stored.answer("BatchGetItem", batch)


def test_five_numbers_say_what_they_mean() -> None:
    """The opening of the page has milliseconds at the template's memory, and dollars."""
    warm = Warm({"ES256": {OURS: [10.0], FIRST_SEEN: [100.0], RAW: [80.0]}}, 3000)
    first = FirstRequests()
    first.add("keyturn_decision", Spent(init=0.08, handler=0.0025))
    lines = five_numbers(warm, first, {"keyturn": [1000.0]}, Authorizer()).splitlines()
    assert len(lines) == 7
    assert "0.12 × one ES256 signature check: 10 µs of CPU" in lines[2]
    assert "1.7 ms at 1024 MB, which are 0.58 vCPU" in lines[5]
    assert "$" in lines[6]
