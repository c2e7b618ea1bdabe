"""The settings of the authorizer, read from its environment when it starts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keyturn.domain.access.stack_audiences import API_AUDIENCES, WARN, StackAudiences
from keyturn.environment import SettingsError, issuer_url, previous_issuers, text, whole_number

if TYPE_CHECKING:
    from collections.abc import Mapping

REVOCATION_MODES = ("snapshot", "strict")


class AuthorizerSettings:
    """The settings that an operator chose; durations are in seconds."""

    __slots__ = (
        "access_rules",
        "access_rules_parameter",
        "allowed_log_percent",
        "audiences",
        "issuer",
        "key_ring_table",
        "leeway",
        "max_token_lifetime",
        "previous_issuers",
        "revocation_bound",
        "revocation_mode",
        "revocation_table",
        "timeout",
    )

    def __init__(self, environment: Mapping[str, str]) -> None:
        """Read every variable; raises SettingsError that names the first wrong one."""
        self.issuer = issuer_url(environment, "ISSUER", text(environment, "ISSUER"))
        self.previous_issuers = previous_issuers(environment)
        # An update changes the code before the environment: without the variable, the rules are those of before.
        api_audiences = environment.get("API_AUDIENCES", WARN).strip()
        if api_audiences not in API_AUDIENCES:
            raise SettingsError(f"API_AUDIENCES is one of {', '.join(API_AUDIENCES)}")
        self.audiences = StackAudiences(text(environment, "AUDIENCES").split(), api_audiences)
        self.key_ring_table = text(environment, "KEY_RING_TABLE")
        self.revocation_table = text(environment, "REVOCATION_TABLE")
        self.leeway = whole_number(environment, "LEEWAY_SECONDS", 0, 60)
        self.max_token_lifetime = whole_number(environment, "MAX_TOKEN_LIFETIME_SECONDS", 1, 3600)
        self.revocation_bound = whole_number(environment, "REVOCATION_BOUND_SECONDS", 2, 300)
        self.revocation_mode = text(environment, "REVOCATION_MODE")
        if self.revocation_mode not in REVOCATION_MODES:
            raise SettingsError(f"REVOCATION_MODE is one of {', '.join(REVOCATION_MODES)}")
        self.timeout = whole_number(environment, "FUNCTION_TIMEOUT_SECONDS", 1, 900)
        self.allowed_log_percent = whole_number(environment, "ALLOWED_LOG_PERCENT", 0, 100)
        self.access_rules_parameter = environment.get("ACCESS_RULES_PARAMETER", "").strip()
        self.access_rules = "" if self.access_rules_parameter else text(environment, "ACCESS_RULES")
