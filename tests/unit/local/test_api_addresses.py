"""The addresses of a user's APIs: a prefix at the front proxy, and outputs that lead there."""

from __future__ import annotations

import fcntl
import os
from typing import TYPE_CHECKING, Any

import pytest

from local.api_addresses import ApiAddresses, api_prefixes, local_address, upstream_routes

if TYPE_CHECKING:
    from pathlib import Path

FRONT, EMULATOR = "http://127.0.0.1:8481", "http://127.0.0.1:4580"


def template(**kinds: str) -> dict[str, Any]:
    """Return a native template with APIs of these kinds: rest, http or websocket."""
    types = {"rest": "AWS::ApiGateway::RestApi"}
    return {
        "Resources": {
            name: {
                "Type": types.get(kind, "AWS::ApiGatewayV2::Api"),
                "Properties": {} if kind == "rest" else {"ProtocolType": kind.upper()},
            }
            for name, kind in kinds.items()
        }
        | {"Role": {"Type": "AWS::IAM::Role"}}
    }


def test_one_api_has_the_prefix_of_its_stack() -> None:
    """Several APIs of a stack add their logical ids; a WebSocket API has its address at the emulator."""
    ids = {"A": "aaa", "B": "bbb", "S": "sss"}
    assert api_prefixes("own", template(A="http", S="websocket", C="rest"), ids) == {"aaa": "/own"}
    assert api_prefixes("own", template(A="http", B="rest"), ids) == {"aaa": "/own/A", "bbb": "/own/B"}


def test_a_stack_is_found_until_it_is_gone(tmp_path: Path) -> None:
    """A reader finds a change of another process at its next request, even within one tick of the file's clock."""
    writer, reader = ApiAddresses(tmp_path / "addresses.json"), ApiAddresses(tmp_path / "addresses.json")
    assert reader.routes() == {}
    for stack, prefixes in (("one", {"aaa": "/one"}), ("two", {"bbb": "/two"}), ("one", {"ccc": "/one"})):
        writer.put(stack, upstream_routes(prefixes))
        os.utime(tmp_path / "addresses.json", ns=(1, 1))
        reader.routes()
    assert reader.routes() == {"/one": "/_aws/execute-api/ccc", "/two": "/_aws/execute-api/bbb"}
    writer.put("one", {})
    assert reader.routes() == {"/two": "/_aws/execute-api/bbb"}
    assert [path.name for path in tmp_path.iterdir()] == ["addresses.json"]


def test_two_deployments_at_once_lose_no_address(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A deployment that ends while another one waits for the file is still known afterwards."""
    file = tmp_path / "addresses.json"
    monkeypatch.setattr(fcntl, "flock", lambda *_: file.write_text('{"one": {"/one": "/_aws/execute-api/aaa"}}'))
    ApiAddresses(file).put("two", upstream_routes({"bbb": "/two"}))
    assert ApiAddresses(file).routes() == {"/one": "/_aws/execute-api/aaa", "/two": "/_aws/execute-api/bbb"}


@pytest.mark.parametrize(
    ("output", "expected"),
    [
        ("http://aaa.execute-api.localhost:4580/reports", f"{FRONT}/own/reports"),
        ("https://aaa.execute-api.us-east-1.amazonaws.com/live/reports", f"{FRONT}/own/live/reports"),
        ("https://zzz.execute-api.us-east-1.amazonaws.com/", "https://zzz.execute-api.us-east-1.amazonaws.com/"),
        ("ws://sss.execute-api.localhost:4580/live", "ws://127.0.0.1:4580/_aws/execute-api/sss/live"),
        ("wss://sss.execute-api.us-east-1.amazonaws.com/live", "ws://127.0.0.1:4580/_aws/execute-api/sss/live"),
        ("arn:aws:lambda:us-east-1:000000000000:function:aaa", "arn:aws:lambda:us-east-1:000000000000:function:aaa"),
    ],
)
def test_an_output_leads_to_this_machine(output: str, expected: str) -> None:
    """The name that AWS gives to an API of the stack is replaced; every other output stays as it is."""
    assert local_address(output, {"aaa": "/own"}, FRONT, EMULATOR) == expected
