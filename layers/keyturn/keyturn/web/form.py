"""The parameters of a request, in its body or its query (application/x-www-form-urlencoded), read strictly."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Set
from urllib.parse import unquote_to_bytes

from keyturn.web.errors import BadRequest, PayloadTooLarge, UnsupportedContentCoding
from keyturn.web.request import Request

MAX_BODY_BYTES = 16 * 1024
_MAX_BASE64_LENGTH = (MAX_BODY_BYTES + 2) // 3 * 4
_FORM = "application/x-www-form-urlencoded"
# "identity" means no coding (RFC 9110 §12.5.3); some clients state it.
_PLAIN = ("", "identity")
_BROKEN_ESCAPE = re.compile(rb"%(?![0-9A-Fa-f]{2})")


class Form:
    """The parameters of one request; an empty one counts as absent (RFC 6749 §3.2)."""

    __slots__ = ("_parameters", "_repeated")

    def __init__(self, parameters: dict[str, str], repeated: Set[str] = frozenset()) -> None:
        self._parameters = parameters
        self._repeated = repeated

    def get(self, name: str) -> str | None:
        """Return the parameter's value, or None; raises BadRequest for one of several values."""
        if name in self._repeated:
            raise BadRequest("a parameter is there more than once")
        return self._parameters.get(name) or None

    @property
    def repeated(self) -> Set[str]:
        """The names of repeated parameters."""
        return self._repeated

    def check_repetitions(self) -> None:
        """Raise BadRequest for a repeated parameter (RFC 6749 §3.2)."""
        if self._repeated:
            raise BadRequest("a parameter is there more than once")

    def has(self, name: str) -> bool:
        """Return whether the request has the parameter, even empty or repeated."""
        return name in self._parameters

    def require(self, name: str) -> str:
        """Return the parameter's value; raises BadRequest with `name`, which must not come from the request."""
        value = self.get(name)
        if value is None:
            raise BadRequest(f"the parameter {name} is missing")
        return value


def parse_form(request: Request) -> Form:
    """Return the request's form, with each parameter at most once; raises as `read_form` does, and for a repetition."""
    form = read_form(request)
    form.check_repetitions()
    return form


def read_form(request: Request) -> Form:
    """Return the request's form; raises BadRequest.

    Raises PayloadTooLarge and UnsupportedContentCoding before anything is decoded: a small compressed body may become a
    large one.
    """
    if request.headers.get("content-encoding", "").strip().lower() not in _PLAIN:
        raise UnsupportedContentCoding("the body has a content coding: send it without Content-Encoding")
    if not is_form(request):
        raise BadRequest(f"the content type is not {_FORM}")
    return _parse(_body(request))


def is_form(request: Request) -> bool:
    """Return whether the request says that its body is a form."""
    content_type = request.headers.get("content-type", "")
    return content_type.partition(";")[0].strip().lower() == _FORM


def read_query(request: Request) -> Form:
    """Return the parameters of the request's query; raises BadRequest."""
    return _parse(request.query.encode("utf-8", "surrogatepass"))


def _parse(encoded: bytes) -> Form:
    parameters: dict[str, str] = {}
    repeated: set[str] = set()
    for pair in encoded.split(b"&"):
        if not pair:
            continue
        name, _, value = pair.partition(b"=")
        decoded = decode_component(name)
        if decoded in parameters:
            repeated.add(decoded)
        parameters[decoded] = decode_component(value)
    return Form(parameters, repeated)


def decode_component(encoded: bytes) -> str:
    """Return a form-encoded name or value as text; raises BadRequest for a broken escape or invalid UTF-8."""
    if _BROKEN_ESCAPE.search(encoded):
        raise BadRequest("the form has a broken percent escape")
    try:
        return unquote_to_bytes(encoded.replace(b"+", b" ")).decode("utf-8")
    except UnicodeDecodeError:
        raise BadRequest("the form is not UTF-8") from None


def _body(request: Request) -> bytes:
    limit = _MAX_BASE64_LENGTH if request.body_is_base64 else MAX_BODY_BYTES
    if len(request.body) > limit:
        raise PayloadTooLarge(f"the body is larger than {MAX_BODY_BYTES} bytes")
    body = _decode_base64(request.body) if request.body_is_base64 else request.body.encode("utf-8", "surrogatepass")
    if len(body) > MAX_BODY_BYTES:
        raise PayloadTooLarge(f"the body is larger than {MAX_BODY_BYTES} bytes")
    return body


def _decode_base64(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise BadRequest("the body cannot be read") from None
