"""The comparison of an API's source of API keys with the claim that its rules name for them."""

from __future__ import annotations

from keyturn.domain.access.api_rules import ApiRules
from keyturn_cli.finding import Finding
from keyturn_cli.protected_apis import HTTP, REST, Api


def check_api_key(api: Api, rules: ApiRules, place: str) -> list[Finding]:
    """Return a finding if the API ignores the key of a response, or needs a key that responses lack."""
    claim = rules.declared.api_key
    if claim is not None and api.kind == HTTP:
        return [
            Finding(
                f"{api}: {place} names an api_key_claim, and an HTTP API has no usage plans, so that its tokens need "
                f'the claim and no key is counted: add an entry for "{api.id}" to the rules, without api_key_claim'
            )
        ]
    if claim is not None and not api.asks_for_key:
        return [
            Finding(
                f"{api}: {place} names an api_key_claim, and the API reads its keys from a header, so that the key of "
                f"the token is ignored: set {_source_of(api)}"
            )
        ]
    if claim is None and api.asks_for_key:
        return [
            Finding(
                f"{api}: it takes API keys from the authorizer, and {place} names no api_key_claim, so that each route "
                f"that needs a key is a 403: add api_key_claim to {place}"
            )
        ]
    return []


def _source_of(api: Api) -> str:
    if api.kind == REST:
        return "ApiKeySource of the API to AUTHORIZER (ApiKeySourceType in a template)"
    return "ApiKeySelectionExpression of the API to $context.authorizer.usageIdentifierKey"
