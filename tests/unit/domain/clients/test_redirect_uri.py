"""Redirect URIs: registered whole, and compared whole, but for the port of a loopback address (R30)."""

from __future__ import annotations

import pytest

from keyturn.domain.clients.redirect_uri import (
    check_post_logout_redirect_uri,
    check_redirect_uri,
    is_native,
    matches_redirect_uri,
)

WEB = "https://app.example/cb"
RESPONSE = ["code", "state", "iss", "error", "error_description", "error_uri", "response", "session_state"]
RESPONSE += ["access_token", "token_type", "expires_in", "id_token", "scope"]


@pytest.mark.parametrize(
    "uri",
    [
        WEB,
        "https://app.example",
        "https://app.example:8443/cb?tenant=a&x=%20",
        "https://app.example?x=1",
        "https://xn--gre-6ka8i.example/cb",
        "http://127.0.0.1/cb",
        "http://127.0.0.1:8000/cb?x=1",
        "http://[::1]:8000/cb",
        "http://localhost:3000/cb",
        "com.example.app:/oauth2/cb",
        "https://app.example/" + "a" * 490,
        "https://app.example./cb",
        "https://192.0.2.1:65535/cb",
        "https://1a.2b:1/cb",
        f"https://{'a' * 63}.example/cb",
        "https://app.example/cb?tenant=state&Code=1&xcode=1",
        "https://app.example/a..b/.c/...?x=/../",
        "com.example.app:/cb?tenant=a",
    ],
)
def test_what_can_be_registered(uri: str) -> None:
    """A web page, a loopback address, or a scheme of an app's own (RFC 8252 §7, R30)."""
    assert check_redirect_uri(uri) == uri


@pytest.mark.parametrize(
    "uri",
    [
        "",
        "/cb",
        "//app.example/cb",
        "app.example/cb",
        "http://app.example/cb",
        "http://evil",
        "http://127.0.0.2/cb",
        "http://127.1/cb",
        "http://2130706433/cb",
        "http://0.0.0.0/cb",
        "http://[::]/cb",
        "http://[::ffff:127.0.0.1]/cb",
        "http://127.0.0.1.evil.example/cb",
        "http://localhost.evil.example/cb",
        "http://127.0.0.1@evil.example/cb",
        "http://127.0.0.1:80@evil.example/cb",
        "https://user@app.example/cb",
        "https://user:password@app.example/cb",
        "https://app.example@evil.example/cb",
        "https://app.example:443@evil.example/cb",
        "https://app.example\\@evil.example/cb",
        "https://app.example/cb\\..\\x",
        "https://app.example/cb#",
        "https://app.example/cb#fragment",
        "https://*.app.example/cb",
        "https://app.example/*",
        "https://app.example/c b",
        "https://app.example/cb\r\nx: y",
        "https://app.example/cb\n",
        "\thttps://app.example/cb",
        "https://app.example/cb\x00",
        "https://größe.example/cb",
        "https://аpp.example/cb",
        "https://app.example/grün",
        "https://app。example/cb",
        "https:app.example/cb",
        "https:/app.example/cb",
        "https:///cb",
        "https://",
        "HTTPS://app.example/cb",
        "https://APP.example/cb",
        "https://app.example:/cb",
        "https://app.example:123456/cb",
        "https://app.example/" + "a" * 513,
        "ftp://app.example/cb",
        "file:///etc/passwd",
        "javascript:alert(1)",
        "javascript://app.example/%0aalert(1)",
        "JavaScript:alert(1)",
        "data:text/html,x",
        "vbscript:x",
        "blob:https://app.example/x",
        "about:blank",
        "myapp:/cb",
        "myapp://cb",
        "com.example.app://cb",
        "com.example.app:",
        "com.example.app:cb",
        "urn:ietf:wg:oauth:2.0:oob",
        "https://app.example/cb/../other",
        "https://app.example/..",
        "https://app.example/./cb?x=1",
        "https://app.example/%2e%2E/cb",
        "https://app.example/.%2e",
        "http://127.0.0.1/../cb",
        "com.example.app:/../cb",
        "https://app.example/%",
        "https://app.example/cb?x=%zz",
    ],
)
def test_what_cannot_be_registered(uri: str) -> None:
    """User information, fragments, wildcards, backslashes, line ends, other letters and other schemes (R30)."""
    with pytest.raises(ValueError, match=r"^a redirect URI is "):
        check_redirect_uri(uri)


HOSTS = ["..", ".", ".app.example", "app..example", "app.example..", "-app.example", "app-.example", "-", "a" * 64]
HOSTS += [
    "127.1",
    "1",
    "0x7f000001",
    "app.0x",
    "app.1",
    "256.0.0.1",
    "192.0.2.01",
    "192.0.2",
    "192.0.2.1.1",
    "a." * 127,
]
PORTS = ["0", "00", "08080", "99999", "65536", "70000", "-1", "+80", "8e3", "80:80"]


@pytest.mark.parametrize("host", HOSTS)
def test_a_host_that_no_browser_finds(host: str) -> None:
    """A host is a DNS name (RFC 1123 §2.1) or an IPv4 address, in the spelling that browsers keep (WHATWG URL §3.5)."""
    for check in (check_redirect_uri, check_post_logout_redirect_uri):
        with pytest.raises(ValueError, match=r"is https://host/"):
            check(f"https://{host}/cb")


@pytest.mark.parametrize("port", PORTS)
@pytest.mark.parametrize("host", ["https://app.example", "http://127.0.0.1", "http://[::1]", "http://localhost"])
def test_a_port_that_does_not_exist(host: str, port: str) -> None:
    """A port is 1 to 65535 without leading zeros, at registration and where a loopback client names its own."""
    for check in (check_redirect_uri, check_post_logout_redirect_uri):
        with pytest.raises(ValueError, match=r"A port is 1 to 65535"):
            check(f"{host}:{port}/cb")
    assert not matches_redirect_uri(f"{host}/cb", f"{host}:{port}/cb", any_localhost_port=True)


@pytest.mark.parametrize("name", [*RESPONSE, "c%6Fde", "%73tate", "is%73"])
@pytest.mark.parametrize("query", ["?{}=x", "?{}", "?a=b&{}=", "?&&{}=x&a=b"])
@pytest.mark.parametrize("uri", [WEB, "http://127.0.0.1/cb", "com.example.app:/cb"])
def test_a_parameter_of_the_response(uri: str, query: str, name: str) -> None:
    """A client would read two values of the parameter, or refuse both (RFC 6749 §3.1): the URI has none of its own."""
    with pytest.raises(ValueError, match=r"^a redirect URI is without the parameter \w+ in its query"):
        check_redirect_uri(uri + query.format(name))


@pytest.mark.parametrize(
    ("registered", "presented"),
    [
        (WEB, WEB),
        ("http://localhost:3000/cb", "http://localhost:3000/cb"),
        ("http://127.0.0.1/cb", "http://127.0.0.1:49152/cb"),
        ("http://127.0.0.1:8000/cb", "http://127.0.0.1:49152/cb"),
        ("http://127.0.0.1:8000/cb", "http://127.0.0.1/cb"),
        ("http://127.0.0.1", "http://127.0.0.1:1"),
        ("http://[::1]/cb?x=1", "http://[::1]:49152/cb?x=1"),
    ],
)
def test_what_matches(registered: str, presented: str) -> None:
    """The same string, or the same loopback address and path at another port (RFC 8252 §7.3, R30)."""
    assert matches_redirect_uri(registered, presented, any_localhost_port=False)


@pytest.mark.parametrize(
    ("registered", "presented"),
    [
        (WEB, "https://app.example/cb/"),
        (WEB, "https://app.example/cb?x"),
        (WEB, "https://app.example/cb#"),
        (WEB, "https://app.example/cb/../evil"),
        (WEB, "https://app.example/c%62"),
        (WEB, "https://app.example:443/cb"),
        (WEB, "https://APP.example/cb"),
        (WEB, "HTTPS://app.example/cb"),
        (WEB, "http://app.example/cb"),
        (WEB, "https://app.example.evil.example/cb"),
        (WEB, "https://app.example@evil.example/cb"),
        (WEB, "https://app.exampleevil/cb"),
        (WEB, WEB + "\n"),
        (WEB, " " + WEB),
        (WEB, ""),
        ("https://app.example", "https://app.example/"),
        ("http://localhost:3000/cb", "http://localhost:3001/cb"),
        ("http://localhost:3000/cb", "http://127.0.0.1:3000/cb"),
        ("http://127.0.0.1/cb", "http://localhost/cb"),
        ("http://127.0.0.1/cb", "http://[::1]/cb"),
        ("http://127.0.0.1/cb", "http://127.0.0.2:80/cb"),
        ("http://127.0.0.1/cb", "https://127.0.0.1/cb"),
        ("http://127.0.0.1/cb", "http://127.0.0.1:80/cb/evil"),
        ("http://127.0.0.1/cb", "http://127.0.0.1:80/cb?x"),
        ("http://127.0.0.1/cb", "http://127.0.0.1:80/"),
        ("http://127.0.0.1/cb", "http://127.0.0.1:80@evil.example/cb"),
        ("http://127.0.0.1/cb", "http://127.0.0.1.evil.example/cb"),
        ("http://127.0.0.1/cb", "http://127.0.0.1:x/cb"),
        ("http://127.0.0.1/cb", "http://127.0.0.1:80/cb#"),
        ("http://127.0.0.1/cb", "http://127.0.0.1:80/cb\r\nx: y"),
        ("http://127.0.0.1/cb", "http://127.0.0.1:80\\@evil.example/cb"),
        ("com.example.app:/cb", "com.example.app:/cb/"),
        ("com.example.app:/cb", "com.example.app.evil:/cb"),
    ],
)
def test_what_does_not_match(registered: str, presented: str) -> None:
    """A prefix, a normal form, another host and an added query are refused: the strings must be equal (R30)."""
    assert not matches_redirect_uri(registered, presented, any_localhost_port=False)


@pytest.mark.parametrize(
    ("registered", "presented", "same"),
    [
        ("http://localhost/cb", "http://localhost:49152/cb", True),
        ("http://localhost:3000/cb", "http://localhost/cb", True),
        ("http://localhost:3000/cb", "http://localhost:3001/cb/", False),
        ("http://localhost:3000/cb", "http://localhost:3001/cb#", False),
        ("http://localhost:3000/cb", "http://localhost.evil.example:3001/cb", False),
        ("http://localhost:3000/cb", "http://127.0.0.1:3000/cb", False),
        ("http://127.0.0.1:3000/cb", "http://localhost:3000/cb", False),
        ("http://127.0.0.1/cb", "http://127.0.0.1:1/cb", True),
    ],
)
def test_any_port_of_localhost(registered: str, presented: str, same: bool) -> None:
    """RFC 9700 §2.1: the name has the same free port as the addresses, and stays another host than they."""
    assert matches_redirect_uri(registered, presented, any_localhost_port=True) == same


@pytest.mark.parametrize(
    ("uri", "native"),
    [
        (WEB, False),
        ("https://localhost.app.example:8443/cb", False),
        ("https://mylocalhost/cb", False),
        ("https://127.0.0.1.app.example/cb", False),
        ("https://localhost", True),
        ("https://localhost:8443/cb", True),
        ("https://localhost.?x=1", True),
        ("https://app.localhost/cb", True),
        ("https://127.0.0.1:8443/cb", True),
        ("http://127.0.0.1/cb", True),
        ("http://[::1]:1/cb", True),
        ("http://localhost/cb", True),
        ("com.example.app:/cb", True),
    ],
)
def test_what_is_native(uri: str, native: bool) -> None:
    """RFC 8252 §7: each form that can be registered and is no web page of another computer."""
    assert is_native(uri) == native


@pytest.mark.parametrize(
    "uri", [WEB, "https://app.example/?x=1&code=1", "http://localhost:3000/", "http://127.0.0.1/bye"]
)
def test_where_a_logout_may_return_to(uri: str) -> None:
    """RP-Initiated Logout 1.0 §3.1: a web page, or one of this device."""
    assert check_post_logout_redirect_uri(uri) == uri


@pytest.mark.parametrize(
    "uri",
    [
        *("", "http://app.example/", "com.example.app:/bye", "https://app.example/#x", "https://*.example/"),
        *("javascript:x", "https://app.example/?state=1", "https://app.example/?a&st%61te"),
        "https://app.example/../bye",
    ],
)
def test_where_no_logout_returns_to(uri: str) -> None:
    """RP-Initiated Logout 1.0 §3.1: other schemes, wildcards and fragments are refused."""
    with pytest.raises(ValueError, match=r"^a post-logout URI is "):
        check_post_logout_redirect_uri(uri)
