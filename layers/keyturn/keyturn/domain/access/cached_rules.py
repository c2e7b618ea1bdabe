"""The rules of an API whose gateway caches one authorizer result for all of its routes.

API Gateway compares a cached policy with the ARN of each later request. In it a wildcard matches `/` too, and a
Deny overrides an Allow. The policy allows the patterns of the rules that the token satisfies, and denies the patterns
of all others. So a path is allowed if some rule covers it, and the token satisfies every rule that covers it. This
module decides in the same way for each single ARN.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from keyturn.domain.access.api_rules import METHODS, POLICY, ApiRules
from keyturn.domain.access.declared_claims import MAX_API_KEY_LENGTH, DeclaredClaims
from keyturn.domain.access.path_reading import has_odd_character
from keyturn.domain.errors import KeyturnError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from keyturn.domain.access.api_rules import Bearer, Rule
    from keyturn.domain.access.routed_request import RoutedRequest
    from keyturn.domain.access.stack_audiences import StackAudiences

# API Gateway's bound of an authorizer's whole response, in bytes.
MAX_ANSWER_BYTES = 8 * 1024
# "arn:aws:execute-api:ap-southeast-2:123456789012:a1b2c3d4e5/" and a stage of some letters.
_USUAL_PREFIX = 80
# Bytes of the response around the resources, the claims and the principal.
_FRAME = 340
# A ring's key signs at most 4,096 bytes, the limit of KMS for a raw message. Base64url makes three quarters of them
# claims (RFC 7515 §5.1).
_LONGEST_CLAIMS = 4096 * 3 // 4
# A user's subject; the id of a client is shorter.
_LONGEST_PRINCIPAL = 66
_LONGEST_API_KEY = MAX_API_KEY_LENGTH + len(', "usageIdentifierKey": ""')

# API Gateway or a backend may read such a path as another route than its ARN says: an encoding, a parameter after
# a semicolon, a backslash, an empty segment or a dot segment. `is_ambiguous` finds the same paths.
_AMBIGUOUS = ("*%*", "*;*", "*\\*", "*//*", "*/./*", "*/../*", "*/*/", "*/.", "*/..")


_NOTHING_DECLARED = DeclaredClaims()


class PolicyTooLarge(KeyturnError):
    """The stage's ARNs are so long that the response could be larger than API Gateway accepts."""


class CachedApiRules(ApiRules):
    """The rules of an API whose results are cached by the token: patterns are compared with the request's ARN.

    A parameter's pattern also matches slashes. Raises ValueError for rules that a policy cannot express.
    """

    __slots__ = ("_other_bytes", "_pattern_bytes", "_patterns", "_routes")

    def __init__(
        self,
        rules: Mapping[str, Mapping[str, Rule]],
        declared: DeclaredClaims = _NOTHING_DECLARED,
        audiences: frozenset[str] | None = None,
        stack: StackAudiences | None = None,
    ) -> None:
        super().__init__(POLICY, rules, declared, audiences, stack)
        pathless = next((text for text in rules if not text.startswith("/")), None)
        if pathless is not None:
            raise ValueError(f"{pathless} has no path that a cached policy could name")
        self._routes = [
            (f"{method}/{template.pattern}", rule)
            for method in METHODS[1:]
            for template, rule in self._for_method(method)
        ]
        self._patterns = len(self._routes) + len(_AMBIGUOUS)
        lengths = sum(len(pattern) for pattern, _ in self._routes)
        # A backslash is two characters of JSON.
        self._pattern_bytes = lengths + sum(len(pattern.replace("\\", "\\\\")) for pattern in _AMBIGUOUS)
        self._other_bytes = _largest_rest(declared)
        if self._largest_answer(_USUAL_PREFIX) > MAX_ANSWER_BYTES:
            raise ValueError(
                f"a result for this API, its policy and its context, may have {self._largest_answer(_USUAL_PREFIX)} "
                f'bytes, more than {MAX_ANSWER_BYTES}: take "cached_by" away, and set the TTL of its authorizer to 0'
            )

    def required_rules(self, request: RoutedRequest) -> list[Rule]:
        """Return the rules whose patterns cover the request's ARN; an empty list refuses every token."""
        if self.is_ambiguous(request):
            return []
        if request.method not in METHODS[1:]:
            return []  # policies name the methods of METHODS alone
        return [rule for template, rule in self._for_method(request.method) if template.covers(request.path)]

    def reason_of_closed(self, request: RoutedRequest) -> str:
        """Return the reason why the policy of each token denies the request's ARN."""
        if not self.is_ambiguous(request):
            return super().reason_of_closed(request)
        # An encoded character or a slash at the end has known readings, which no wildcard of a policy separates.
        return "ambiguous_path" if super().is_ambiguous(request) else "uncacheable_path"

    def is_ambiguous(self, request: RoutedRequest) -> bool:
        """Return whether every policy denies the ARN's path as ambiguous."""
        if has_odd_character(request.path):
            return True
        segments = request.path.split("/")
        return ("" in segments and segments != [""]) or "." in segments or ".." in segments

    def statements(self, prefix: str, token: Bearer) -> list[dict[str, Any]]:
        """Return the statements of the policy for every route that the token opens.

        `prefix` is the ARN of the stage with a slash at its end. Raises PolicyTooLarge.
        """
        if self._largest_answer(len(prefix)) > MAX_ANSWER_BYTES:
            raise PolicyTooLarge(f'{prefix}: take "cached_by" away, and set the TTL of the authorizer to 0')
        allowed: list[str] = []
        denied = [prefix + pattern for pattern in _AMBIGUOUS]
        for pattern, rule in self._routes:
            (allowed if self.objection(rule, token) is None else denied).append(prefix + pattern)
        if not allowed:
            return [_statement("Deny", [f"{prefix}*"])]
        return [_statement("Allow", allowed), _statement("Deny", denied)]

    def _largest_answer(self, prefix: int) -> int:
        return self._pattern_bytes + self._patterns * (prefix + len('"", ')) + self._other_bytes


def _largest_rest(declared: DeclaredClaims) -> int:
    """Return the most bytes of a response beside the resources of its policy, for any token that the issuer signs."""
    # The text of a list is JSON in a string: each quote and each backslash of it is escaped once more.
    claims = _LONGEST_CLAIMS * (2 if declared.context else 1)
    return _FRAME + claims + _LONGEST_PRINCIPAL + (0 if declared.api_key is None else _LONGEST_API_KEY)


def _statement(effect: str, resources: list[str]) -> dict[str, Any]:
    return {"Effect": effect, "Action": "execute-api:Invoke", "Resource": resources}
