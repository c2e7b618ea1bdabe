"""The issuer's OpenAPI description, and checks of an answer beyond those of schemathesis."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

import jsonschema_rs
import requests
import schemathesis
import yaml
from schemathesis import checks
from schemathesis.config import SchemathesisConfig
from schemathesis.core.parameters import ParameterLocation

if TYPE_CHECKING:
    from collections.abc import Mapping

    from schemathesis import Case
    from schemathesis.core.transport import Response

PATH = Path(__file__).parents[2] / "docs" / "openapi.yaml"
DESCRIPTION: dict[str, Any] = yaml.load(PATH.read_text("utf-8"), Loader=yaml.CSafeLoader)
# The schema of the query of a redirect, which the schema of a header cannot express.
_REDIRECT = jsonschema_rs.validator_for(
    {"$ref": "#/components/schemas/AuthorizationResponse", "components": DESCRIPTION["components"]}
)


def load_description(*, systematic: bool = True) -> Any:
    """Return the description as schemathesis reads it; `systematic` cases, for each rule of it, before random ones."""
    config = SchemathesisConfig.from_dict({"seed": 1, "phases": {"coverage": {"enabled": systematic}}})
    return schemathesis.openapi.from_dict(DESCRIPTION, config=config)


def direct_session() -> requests.Session:
    """Return a session that ignores the proxies of the environment."""
    session = requests.Session()
    session.trust_env = False
    return session


def check_call(case: Case[Any], *, headers: Mapping[str, str], **transport: Any) -> Response:
    """Send the case, let every check look at the answer, and return it.

    A good form may still name an unknown client, code or scope, so that a check must not expect success. At the
    authorization endpoint a refusal is a redirect too.
    """
    excluded: list[Any] = [checks.positive_data_acceptance]
    overlooked = _is_overlooked(case.query) or _is_overlooked(case.body)
    at_authorize = case.path == "/oauth2/authorize"
    if at_authorize or overlooked:
        excluded.append(checks.negative_data_rejection)
    response = case.call(headers=dict(headers), **transport)
    case.validate_response(response, excluded_checks=excluded, headers=dict(headers), transport_kwargs=transport)
    if at_authorize and response.status_code == 303:
        [location] = response.headers["location"]
        answered = dict(parse_qsl(urlsplit(location).query, strict_parsing=True))
        if answered.keys() == {"interaction"}:
            assert not _is_bad(case) or overlooked, location
            return response
        _REDIRECT.validate(answered)
        assert not _is_bad(case) or overlooked or "error" in answered, answered
    return response


def _is_bad(case: Case[Any]) -> bool:
    """Return whether a parameter breaks a rule of the description."""
    components = {} if case.meta is None else case.meta.components
    return any(
        component.mode.is_negative
        for location, component in components.items()
        if location in (ParameterLocation.QUERY, ParameterLocation.BODY)
    )


def _is_overlooked(parameters: object) -> bool:
    """Return whether a parameter is empty or unknown: it is ignored (RFC 6749 §3.2), which a schema cannot express."""
    return isinstance(parameters, dict) and any(
        value in ("", None, [], {}) or name.startswith("x-schemathesis") for name, value in parameters.items()
    )
