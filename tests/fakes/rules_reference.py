"""A second implementation of the access rules, for a REST API's REQUEST authorizer without a result cache."""

from __future__ import annotations

import json
import re
from typing import Any, NamedTuple

from tests.fakes.gateway_model import decode, fits, interpretations


class Reference(NamedTuple):
    """The decision by a document, for a stack with these audiences; `required` is ApiAudiences."""

    document: dict[str, Any]
    audiences: frozenset[str]
    required: bool

    def allows(self, api: str, claims: dict[str, Any], method: str, path: str, template: str) -> bool:
        """Return whether the claims open the route for every reading of the path by a backend."""
        routes = self._routes(api)
        own = f"{method} {template}" if f"{method} {template}" in routes else f"ANY {template}"
        own = "$default" if template == "$default" else own
        if own not in routes:
            return False
        below = self._below(routes, method, path, template) if own.count("{") or " " not in own else set()
        return self._opens(api, claims, method, {own} | below)

    def allows_by_path(self, api: str, claims: dict[str, Any], method: str, path: str) -> bool:
        """Return whether the claims open every route of the method that some reading of the path fits."""
        found = {
            route.split(" ")[1]: route
            for routed_for in ("ANY", method)
            for route in self._routes(api)
            if route.startswith(f"{routed_for} /")
            and any(fits(route.split(" ")[1], each) for each in interpretations(path))
        }
        return bool(found) and self._opens(api, claims, method, set(found.values()))

    def _routes(self, api: str) -> dict[str, Any]:
        routes: dict[str, Any] = self.document["apis"].get(api, {"routes": {}})["routes"]
        return routes

    def _opens(self, api: str, claims: dict[str, Any], method: str, needed: set[str]) -> bool:
        named = self.document["apis"][api].get("audience")
        audience = set(claims["aud"]) & self.audiences
        if not audience or (named is not None and audience.isdisjoint([named] if isinstance(named, str) else named)):
            return False
        rules = self.document["apis"][api]
        if "api_key_claim" in rules and not is_api_key(claims.get(rules["api_key_claim"])):
            return False
        # A backend may take `get` for GET.
        if re.fullmatch("[A-Z]+", method) is None:
            return False
        return all(self._holds(self._routes(api)[route], claims, named is not None) for route in needed)

    def is_plain(self, path: str) -> bool:
        """Return whether all readings of the path agree, apart from an encoding and a slash at its end."""
        return (
            "//" not in path
            and path.count("/") == decode(path).count("/")
            and interpretations(path)
            <= {each for end in (path, decode(path)) for each in (end, end.rstrip("/") or "/")}
        )

    def _below(self, routes: dict[str, Any], method: str, path: str, template: str) -> set[str]:
        """Return the best rule for each interpretation; only a dot segment may lead out of the route."""
        dots = {".", ".."} & {part for text in (path, decode(path)) for part in re.split(r"[/\\;]", text)}
        begin = [] if template == "$default" or dots else template.partition("{")[0].split("/")[:-1]
        found = set()
        for each in interpretations(path):
            if each.split("/")[: len(begin)] != begin:
                continue
            fitting = {
                route.split(" ")[1]: route
                for routed_for in ("ANY", method)
                for route in routes
                if route.startswith(f"{routed_for} /") and fits(route.split(" ")[1], each)
            }
            if fitting:
                found.add(fitting[min(fitting, key=_rank)])
        return found

    def _holds(self, needs: Any, claims: dict[str, Any], api_has_audience: bool) -> bool:
        members: dict[str, Any] = {"scopes": needs} if isinstance(needs, list) else needs
        wanted = members.get("claims", {})
        if "aud" in wanted:
            audiences = [wanted["aud"]] if isinstance(wanted["aud"], str) else wanted["aud"]
            if not set(claims["aud"]) & self.audiences & set(audiences):
                return False
        elif len(self.audiences) > 1 and self.required and not api_has_audience:
            return False
        others = {name: value for name, value in wanted.items() if name != "aud"}
        scope = claims["scope"].split()
        has_one = "any_scope" not in members or any(each in scope for each in members["any_scope"])
        has_all = all(each in scope for each in members.get("scopes", []))
        return has_all and has_one and all(_has_value(claims.get(name), others[name]) for name in others)


def is_api_key(value: Any) -> bool:
    """Return whether API Gateway has API keys of this form."""
    return isinstance(value, str) and re.fullmatch(r"[!#-\[\]-~]{20,128}", value) is not None


def _has_value(claim: Any, wanted: Any) -> bool:
    """Return whether the claim, or a member of it, is written in JSON as one of the wanted values is."""
    held, values = (each if isinstance(each, list) else [each] for each in (claim, wanted))
    return not {json.dumps(each) for each in held}.isdisjoint(json.dumps(each) for each in values)


def _rank(template: str) -> list[int]:
    return [(1 if "+" not in segment else 2) if "{" in segment else 0 for segment in template.split("/")]
