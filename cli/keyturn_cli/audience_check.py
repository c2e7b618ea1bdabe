"""The comparison of audiences in the access rules with those of the stack and the deployed release (RFC 9068 §4)."""

from __future__ import annotations

from collections.abc import Mapping

from authorizer.settings import AuthorizerSettings
from keyturn.domain.access.access_rules import AccessRules, unknown_audiences
from keyturn_cli.finding import Finding, Report

# A function without this variable is of an older release, which refuses the member "audience".
_SINCE = "API_AUDIENCES"


def check_audiences(
    rules: AccessRules, settings: AuthorizerSettings, environment: Mapping[str, str], report: Report
) -> None:
    """Report audiences without effect, APIs that lack one, and a document that the deployed release refuses."""
    stack = settings.audiences
    report.wrong += [Finding(sentence) for sentence in unknown_audiences(rules, stack)]
    named = [f'apis."{api_id}"' for api_id, api in rules.apis() if api.audiences is not None]
    if named and _SINCE not in environment:
        report.wrong.append(
            Finding(
                'the deployed authorizer is of a release without "audience", so that every call would be a 500: '
                'deploy this release first, or write "claims": {"aud": …} in each rule',
                tuple(named),
            )
        )
    for api_id, api in rules.apis():
        lacking = tuple(rule.route for rule in api if api.lacks_audience(rule))
        if lacking and stack.required:
            report.wrong.append(
                Finding(
                    f'apis."{api_id}" names no audience, and the stack has several, so that these are closed: add '
                    f'"audience" to apis."{api_id}", one of {", ".join(sorted(stack.names))}',
                    lacking,
                )
            )
        elif lacking:
            report.notes.append(
                Finding(
                    f'apis."{api_id}" names no audience, and the stack has several: a token for any opens these '
                    "(ApiAudiences is warn)",
                    lacking,
                )
            )
