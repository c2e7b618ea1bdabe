"""The fields of a log line, and the secrets that it never has."""

from __future__ import annotations

import json
import time
from pathlib import Path
from unittest import mock

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from keyturn.domain.errors import StoreUnavailable
from keyturn.observability import REDACTED, log_event, log_not_prepared, place_of
from tests.fakes.log_lines import log_lines
from tests.fakes.token_factory import make_token, signing_key


def logged(capsys: pytest.CaptureFixture[str], **fields: object) -> dict[str, object]:
    log_event("INFO", "tested", **fields)
    [line] = log_lines(capsys.readouterr().out)
    return line


def test_line_holds_level_event_and_fields(capsys: pytest.CaptureFixture[str]) -> None:
    """An event is one line of JSON with its level, its name and the fields that are there."""
    assert logged(capsys, jti="abc", kid=None, count=3) == {
        "level": "INFO",
        "event": "tested",
        "jti": "abc",
        "count": 3,
    }


@pytest.mark.parametrize(
    ("seconds", "written"),
    [
        (0, "1970-01-01T00:00:00.000Z"),
        (1_790_000_000.9999, "2026-09-21T14:13:20.999Z"),
        (1_790_000_000.0625, "2026-09-21T14:13:20.062Z"),
        (1_790_000_001.5, "2026-09-21T14:13:21.500Z"),
    ],
)
def test_line_has_the_time_of_writing(capsys: pytest.CaptureFixture[str], seconds: float, written: str) -> None:
    """The timestamp is of RFC 3339 in UTC: Lambda counts a line without one as INFO."""
    with mock.patch.object(time, "time", return_value=seconds):
        log_event("ERROR", "tested")
    line = json.loads(capsys.readouterr().out)
    assert (line["timestamp"], line["level"]) == (written, "ERROR")


@pytest.mark.parametrize("text", ["a\r\nb", "a\nb", "a\u2028b", 'a"}\n{"level": "x'])
def test_field_never_begins_a_second_line(capsys: pytest.CaptureFixture[str], text: str) -> None:
    """R66: the line stays one line for any content of a field."""
    assert logged(capsys, detail=text)["detail"] == text


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50, deadline=None)
@given(st.text(), st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False))
def test_a_line_has_the_text_that_json_writes(capsys: pytest.CaptureFixture[str], text: str, value: object) -> None:
    """Any text and any number read back as they were; the members are written as json.dumps writes them."""
    log_event("INFO", "tested", detail=text, fault=value)
    written = capsys.readouterr().out
    line = json.loads(written)
    assert written == json.dumps(line) + "\n"
    assert (line["detail"], line.get("fault")) == (text, value)


@pytest.mark.parametrize(
    "name",
    ["client_secret", "refresh_token", "Authorization", "password", "client_assertion", "set-cookie", "code_verifier"],
)
def test_field_with_a_secret_name_is_redacted(capsys: pytest.CaptureFixture[str], name: str) -> None:
    """R66: a field whose name says that it is a secret is never written."""
    assert logged(capsys, **{name: "hunter2"})[name] == REDACTED


@pytest.mark.parametrize("algorithm", ["ES256", "RS256"])
def test_token_is_redacted_wherever_it_stands(capsys: pytest.CaptureFixture[str], algorithm: str) -> None:
    """R66: a token is redacted inside of a text, of a list and of a nested field, whatever the field's name."""
    token = make_token(key=signing_key(algorithm))
    line = logged(capsys, detail=f"got 'Bearer {token}' there", several=[token], nested={"deep": {"deeper": token}})
    assert line["detail"] == f"got 'Bearer {REDACTED}' there"
    assert line["several"] == [REDACTED]
    assert line["nested"] == {"deep": {"deeper": REDACTED}}


@pytest.mark.parametrize(
    "token",
    [
        "eyJhbGciOiJub25lIn0.e30.",
        "ewogImFsZyI6ICJSUzI1NiIgfQ.e30.c2ln",
        "eyJlbmMiOiJBMTI4R0NNIn0.a2V5.aXY.Y2lwaGVydGV4dA.dGFn",
        "x" * 40 + "." + "y" * 40 + "." + "z" * 86,
    ],
)
def test_every_spelling_of_a_token_is_redacted(capsys: pytest.CaptureFixture[str], token: str) -> None:
    """R66: unsigned, indented, encrypted and damaged tokens are redacted too."""
    assert logged(capsys, detail=token)["detail"] == REDACTED


@pytest.mark.parametrize(
    "text", ["dynamodb.eu-central-1.amazonaws.com", "execute-api.eu-central-1.amazonaws.com", "1.2.3", "example.com.au"]
)
def test_host_name_is_no_token(capsys: pytest.CaptureFixture[str], text: str) -> None:
    """A text with dots stays readable."""
    assert logged(capsys, detail=text)["detail"] == text


def test_secret_name_inside_of_a_field_is_redacted(capsys: pytest.CaptureFixture[str]) -> None:
    """R66: names count at every depth."""
    assert logged(capsys, request={"headers": {"authorization": "x"}})["request"] == {
        "headers": {"authorization": REDACTED}
    }


def test_a_value_of_another_type_is_written_as_its_text(capsys: pytest.CaptureFixture[str]) -> None:
    """R66: a path or an error in a field is redacted as a text is."""
    token = make_token(key=signing_key())
    line = logged(capsys, path=Path("/tmp"), error=ValueError(f"got {token}"), nested={"deep": Path("/tmp")})
    assert (line["path"], line["error"], line["nested"]) == ("/tmp", f"got {REDACTED}", {"deep": "/tmp"})


def test_numbers_and_nothing_keep_their_types(capsys: pytest.CaptureFixture[str]) -> None:
    """A count stays a number, so that a query can compare it."""
    several = [1, 2.5, True, None]
    assert logged(capsys, several=several, flag=False, share=0.5) == {
        "level": "INFO",
        "event": "tested",
        "several": several,
        "flag": False,
        "share": 0.5,
    }


def raised(error: Exception) -> Exception:
    """Return the error with the trace of a call that raised it."""

    def fail() -> None:
        raise error

    try:
        fail()
    except Exception as caught:
        return caught
    raise AssertionError


def test_the_place_of_an_error_is_the_line_that_raised_it() -> None:
    """The innermost frame is the place of a raised error, and any other error has an empty one."""
    first = raised.__code__.co_firstlineno
    assert place_of(raised(ValueError("x"))) == f"{__file__}:{first + 4}"
    assert place_of(ValueError("x")) == ""


def test_a_failed_start_is_logged_with_our_own_text_alone(capsys: pytest.CaptureFixture[str]) -> None:
    """R66: our own fault says what is wrong; a library's text may hold a secret: the place stands for it."""
    for fault in (StoreUnavailable("no answer"), ValueError("hunter2")):
        log_not_prepared(raised(fault))
    ours, theirs = log_lines(capsys.readouterr().out)
    assert ours == {"level": "WARN", "event": "not_prepared", "fault": "StoreUnavailable", "detail": "no answer"}
    place = place_of(fault)
    assert place
    assert theirs == {"level": "WARN", "event": "not_prepared", "fault": "ValueError", "place": place}
