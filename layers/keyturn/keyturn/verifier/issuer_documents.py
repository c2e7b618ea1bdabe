"""The issuer's metadata (RFC 8414 §3) and its JWKS (RFC 7517 §5), read strictly over the network."""

from __future__ import annotations

import re
import socket
import ssl
from typing import TYPE_CHECKING, NamedTuple

from keyturn.jose import KeySet
from keyturn.jose.algorithms import ALGORITHM_NAMES
from keyturn.jose.strict_json import parse_object
from keyturn.verifier.bounded_http import BoundedHttp, Deadline
from keyturn.verifier.freshness import max_age_of

if TYPE_CHECKING:
    from collections.abc import Set
    from typing import Any

    from keyturn.verifier.bounded_http import HttpAnswer

METADATA = "/.well-known/oauth-authorization-server"
MAX_KEYS = 100
_OK = 200
_PATH = re.compile(r"/[A-Za-z0-9._~/-]{1,255}")
# RFC 7518 §6, RFC 8037 §2.
_KEY_TYPES = frozenset({"EC", "OKP", "RSA"})


class DocumentFault(Exception):
    """A document of the issuer that cannot be used; the text is free of the document's own text."""


class IssuerDocuments(NamedTuple):
    """The issuer's keys and introspection endpoint; `max_age` in seconds from the request on, None if unstated."""

    keys: KeySet
    introspection_endpoint: str | None
    max_age: int | None


def read_documents(http: BoundedHttp, issuer: str, trusted: Set[str], seconds: float) -> IssuerDocuments:
    """Return the documents of an issuer within this number of seconds; raises DocumentFault.

    While the issuer's URL changes, its metadata state the other URL, which `trusted` has too.
    """
    deadline = Deadline(seconds)
    metadata = _object(_get(http, issuer + METADATA, deadline), issuer + METADATA)
    # RFC 8414 §3.3: another issuer's metadata would let that issuer's keys sign for this one.
    stated = metadata.get("issuer")
    if not isinstance(stated, str) or stated not in trusted:
        raise DocumentFault(f"{issuer}{METADATA} names another issuer")
    url = endpoint_of(metadata, "jwks_uri", stated)
    if url is None:
        raise DocumentFault(f"{issuer}{METADATA} has no jwks_uri at {stated}")
    answer = _get(http, url, deadline)
    keys = _keys(_object(answer, url), url)
    return IssuerDocuments(keys, endpoint_of(metadata, "introspection_endpoint", stated), max_age_of(answer))


def endpoint_of(metadata: dict[str, Any], member: str, issuer: str) -> str | None:
    """Return the URL of an endpoint at the issuer's own origin, or None: no document sends requests elsewhere."""
    url = metadata.get(member)
    if not isinstance(url, str) or not url.startswith(issuer) or not _PATH.fullmatch(url[len(issuer) :]):
        return None
    return url


def cause_of(error: OSError) -> str:
    """Return the cause of a failed request in a few words; nothing of the response is in it."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"the certificate is not trusted: {error.verify_message}"
    if isinstance(error, TimeoutError):
        return "no complete response in time"
    if isinstance(error, socket.gaierror):
        return "the name of the host cannot be resolved"
    return error.strerror or str(error) or type(error).__name__


def _get(http: BoundedHttp, url: str, deadline: Deadline) -> HttpAnswer:
    try:
        answer = http.request(url, deadline)
    except OSError as error:
        raise DocumentFault(f"{url} cannot be read ({cause_of(error)})") from None
    if answer.status != _OK:
        raise DocumentFault(f"{url} answers {answer.status}")
    return answer


def _object(answer: HttpAnswer, url: str) -> dict[str, Any]:
    document = parse_object(answer.body)
    if document is None:
        raise DocumentFault(f"{url} is not a strict JSON object")
    return document


def _keys(jwks: dict[str, Any], url: str) -> KeySet:
    entries = jwks.get("keys")
    if isinstance(entries, list) and not 0 < len(entries) <= MAX_KEYS:
        raise DocumentFault(f"{url} has {len(entries)} keys, and 1 to {MAX_KEYS} are accepted")
    if isinstance(entries, list):
        entries = [each for each in entries if not _is_of_another_kind(each)]
    try:
        keys = KeySet.from_jwks({"keys": entries})
    except ValueError as error:
        raise DocumentFault(f"{url} is refused ({error})") from None
    if not keys:
        raise DocumentFault(f"{url} has no key of a kind that this version knows")
    return keys


def _is_of_another_kind(entry: object) -> bool:
    """Return whether the key is not for this version (RFC 7517 §5): it ignores the keys of later algorithms."""
    # A secret is not ignored: an issuer that publishes one has lost it.
    if not isinstance(entry, dict) or entry.get("kty") == "oct":
        return False
    kty, alg = entry.get("kty"), entry.get("alg")
    is_of_another_type = isinstance(kty, str) and kty not in _KEY_TYPES
    has_another_algorithm = isinstance(alg, str) and alg not in ALGORITHM_NAMES
    return is_of_another_type or has_another_algorithm or entry.get("use") == "enc"
