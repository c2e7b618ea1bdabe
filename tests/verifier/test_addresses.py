"""The addresses of an issuer's host: one that does not answer leaves time for the others."""

from __future__ import annotations

import errno
import socket
from typing import Any

import pytest

from keyturn.verifier import JwksVerifier
from keyturn.verifier.bounded_http import BoundedHttp, Deadline
from tests.fakes.jwks_site import METADATA, PATIENCE, JwksSite
from tests.fakes.token_factory import AUDIENCE, signing_key
from tests.fakes.two_clocks import TwoClocks

SILENT = "::1"


class Lan:
    """Sockets to which some addresses are silent; `waits` are the address and the seconds of each attempt."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, site: JwksSite) -> None:
        self.waits: list[tuple[str, float]] = []
        self.lacks_ipv6 = False
        lan, port = self, int(site.origin.rpartition(":")[2])
        self.good = (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))
        self.silent = (socket.AF_INET6, socket.SOCK_STREAM, 6, "", (SILENT, port, 0, 0))

        class Socket(socket.socket):
            def __init__(self, family: int = -1, *others: Any, **named: Any) -> None:
                if lan.lacks_ipv6 and family == socket.AF_INET6:
                    raise OSError(errno.EAFNOSUPPORT, "Address family not supported by protocol")
                super().__init__(family, *others, **named)

            def connect(self, address: Any) -> None:
                lan.waits.append((address[0], self.gettimeout() or 0.0))
                if address[0] == SILENT:
                    raise TimeoutError("timed out")
                super().connect(address)

        monkeypatch.setattr(socket, "socket", Socket)
        self._monkeypatch = monkeypatch

    def resolve_to(self, *found: Any) -> None:
        """Let each name have these addresses."""
        self._monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: list(found))


@pytest.fixture
def lan(monkeypatch: pytest.MonkeyPatch, site: JwksSite) -> Lan:
    """Return the sockets of a machine on which the site alone answers."""
    return Lan(monkeypatch, site)


def test_a_silent_address_leaves_time_for_the_next(lan: Lan, site: JwksSite) -> None:
    """RFC 8305 §3: a host whose IPv6 address does not answer is reached by its IPv4 address in the same read."""
    lan.resolve_to(lan.silent, lan.good)
    assert BoundedHttp().request(site.origin + METADATA, Deadline(PATIENCE)).status == 200
    (first, seconds), (second, _) = lan.waits
    assert (first, second) == (SILENT, "127.0.0.1")
    assert seconds <= PATIENCE / 2


def test_the_families_take_turns(lan: Lan, site: JwksSite) -> None:
    """RFC 8305 §4: eight silent IPv6 addresses do not use up the time before the first IPv4 address."""
    lan.resolve_to(*[lan.silent] * 8, lan.good)
    assert BoundedHttp().request(site.origin + METADATA, Deadline(PATIENCE)).status == 200
    assert [address for address, _ in lan.waits] == [SILENT, "127.0.0.1"]


def test_the_last_address_has_all_the_time_that_remains(lan: Lan, site: JwksSite) -> None:
    """A host with one address gets the whole time-out for it."""
    lan.resolve_to(lan.good)
    assert BoundedHttp().request(site.origin + METADATA, Deadline(PATIENCE)).status == 200
    assert lan.waits[0][1] > PATIENCE / 2


def test_a_machine_without_ipv6_goes_on_to_ipv4(lan: Lan, site: JwksSite, clocks: TwoClocks) -> None:
    """A kernel without IPv6 refuses the socket itself, and the next address still counts."""
    lan.lacks_ipv6 = True
    lan.resolve_to(lan.silent, lan.good)
    assert JwksVerifier(site.origin, AUDIENCE, clock=clocks).verify(site.token(signing_key()))
