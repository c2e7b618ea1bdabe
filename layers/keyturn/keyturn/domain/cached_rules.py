"""The rules of an API whose gateway keeps one answer for all of its routes (R54, R55).

API Gateway compares a policy with the ARN of each later request, and there a wildcard crosses `/` (G1). So a `{param}`
opens everything below it here too; rules that this would mix up are refused, and a route without a wildcard inside of
another's is carved out by a Deny. What decides and what the policy says are the same, for every ARN.
"""

from __future__ import annotations

import re
from itertools import combinations

from keyturn.domain.api_rules import ANY_METHOD, METHODS, POLICY, ApiRules
from keyturn.domain.errors import KeyturnError
from keyturn.domain.route_template import RouteTemplate

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from keyturn.domain.api_rules import Bearer, RoutedRequest, Rule

MAX_POLICY_BYTES = 7 * 1024
# "arn:aws:execute-api:ap-southeast-2:123456789012:a1b2c3d4e5/" and a stage of some letters.
_USUAL_PREFIX = 80
# All of the document that is no resource.
_FRAME = 250

# API Gateway may read such a path as another route than its ARN says (G7): an encoded or dotted part, a parameter after
# a semicolon, an empty segment. In a policy, and as this module finds it.
_AMBIGUOUS = ("*%*", "*;*", "*//*", "*/./*", "*/../*", "*/*/", "*/.", "*/..")
_PLAIN_PATH = re.compile(r"(?s)(?!.*[%;])(?!.*//)(?!(?:.*/)?\.{1,2}(?:/|\Z))(?!.+/\Z)(?!/).*")


class PolicyTooLarge(KeyturnError):
    """The ARNs of this stage are so long that the policy of its API could be larger than API Gateway takes."""


class CachedApiRules(ApiRules):
    """The rules of an API whose answers are cached by the token: the ARN decides, and a wildcard is all below it."""

    __slots__ = ("_literals", "_wildcards")

    def __init__(self, rules: Mapping[str, Mapping[str, Rule]], context: tuple[str, ...] = ()) -> None:
        """Take the rules by template and method; raises ValueError for those that no policy can tell apart."""
        super().__init__(POLICY, rules, context)
        self._literals: dict[str, Rule] = {}
        self._wildcards: dict[str, list[tuple[RouteTemplate, Rule]]] = {}
        for text, by_method in rules.items():
            if not text.startswith("/"):
                raise ValueError(f"{text} has no path that a cached policy could name")
            template = RouteTemplate(text)
            for method in METHODS[1:]:
                rule = by_method.get(method, by_method.get(ANY_METHOD))
                if rule is None:
                    continue
                if template.has_wildcards:
                    self._wildcards.setdefault(method, []).append((template, rule))
                else:
                    self._literals[f"{method}{text}"] = rule
        self._refuse_mixtures()
        if self._largest_policy(_USUAL_PREFIX) > MAX_POLICY_BYTES:
            raise ValueError(
                f"the policy of this API may have {self._largest_policy(_USUAL_PREFIX)} bytes, more than "
                f'{MAX_POLICY_BYTES}: take "cached_by" away, and set the TTL of its authorizer to 0'
            )

    def find_rule(self, request: RoutedRequest) -> Rule | None:
        """Return the rule that a policy of these rules decides by for the request's ARN, or None."""
        if _PLAIN_PATH.fullmatch(request.path) is None:
            return None
        literal = self._literals.get(f"{request.method}/{request.path}")
        if literal is not None:
            return literal
        covering = (rule for template, rule in self._wildcards.get(request.method, ()) if template.covers(request.path))
        return next(covering, None)

    def statements(self, prefix: str, token: Bearer) -> list[dict[str, Any]]:
        """Return the statements of a policy for every route that the token opens.

        `prefix` is the ARN of the stage with a slash at its end. Raises PolicyTooLarge.
        """
        if self._largest_policy(len(prefix)) > MAX_POLICY_BYTES:
            raise PolicyTooLarge(f'{prefix}: take "cached_by" away, and set the TTL of the authorizer to 0')
        opened = [
            (method, template)
            for method, rules in self._wildcards.items()
            for template, rule in rules
            if rule.opens_for(token)
        ]
        allowed = [f"{prefix}{method}/{template.pattern}" for method, template in opened]
        carved = []
        for route, rule in self._literals.items():
            method, _, path = route.partition("/")
            if rule.opens_for(token):
                allowed.append(prefix + route)
            elif any(opened_method == method and template.covers(path) for opened_method, template in opened):
                carved.append(prefix + route)
        if not allowed:
            return [_statement("Deny", [f"{prefix}*"])]
        ambiguous = [prefix + pattern for pattern in _AMBIGUOUS]
        return [_statement("Allow", allowed), _statement("Deny", [*ambiguous, *carved])]

    def _refuse_mixtures(self) -> None:
        for rules in self._wildcards.values():
            for (one, its), (other, others) in combinations(rules, 2):
                if (its.scopes, its.claims) != (others.scopes, others.claims) and one.overlaps(other):
                    raise ValueError(
                        f'"{its.route}" and "{others.route}" need different scopes or claims, and a cached policy '
                        "cannot tell them apart, since its wildcards cross slashes: have them need the same, or take "
                        '"cached_by" away, and set the TTL of its authorizer to 0'
                    )

    def _largest_policy(self, prefix: int) -> int:
        routes = [len(method) + 1 + len(t.pattern) for method, rules in self._wildcards.items() for t, _ in rules]
        names = [*routes, *map(len, self._literals), *map(len, _AMBIGUOUS)]
        return sum(names) + len(names) * (prefix + len('"",')) + _FRAME


def _statement(effect: str, resources: list[str]) -> dict[str, Any]:
    return {"Effect": effect, "Action": "execute-api:Invoke", "Resource": resources}
