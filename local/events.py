"""`make events`: the files that `sam local` needs of the running stack, rendered into `.local`.

These are the events of `events/` with a real token, and the environment of each deployed function. An AWS profile for
each function has its own role. A template joins the built stack and the HTTP example. The tokens expire like all tokens
of the stack: then render the events again.
"""

from __future__ import annotations

import base64
import configparser
import io
import json
import re
import secrets
from typing import TYPE_CHECKING, Any
from urllib.parse import quote_plus, urlencode

import httpx
import jwt

from keyturn.domain.users.subject import SUBJECT_BYTES, new_subject
from local.examples import HTTP, REST
from local.sam_local_template import join_templates
from local.stack_file import connect, write_private_file

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from local.stack_file import StackFile

# The example, the logical id of its API and the stage that an event comes from; all other events are the issuer's.
_ORIGINS = {
    "authorizer/http-api-2.0": (HTTP, "Api", "$default"),
    "authorizer/rest-token": (REST, "TokenApi", "live"),
    "authorizer/rest-request": (REST, "Api", "live"),
}
# The CSRF field of the sign-in page.
_GUARD = re.compile(r'name="csrf_token" value="([A-Za-z0-9_.-]+)"')


class EventsError(Exception):
    """The events cannot be rendered; the message says what is missing."""


def render_event(template: str, values: Mapping[str, str]) -> dict[str, Any]:
    """Return the event with its `${placeholders}` replaced; raises EventsError for one without a value."""

    def value_of(match: re.Match[str]) -> str:
        if match[1] not in values:
            raise EventsError(f"the placeholder ${{{match[1]}}} has no value")
        return json.dumps(values[match[1]])[1:-1]

    event: dict[str, Any] = json.loads(re.sub(r"\$\{(\w+)\}", value_of, template))
    return event


def form_values(client_id: str, secret: str, token: str) -> dict[str, str]:
    """Return the values of an event in which a client (RFC 6749 §2.3.1) posts a token; a form arrives as base64."""
    form = urlencode({"token": token}).encode()
    credentials = f"{quote_plus(client_id)}:{quote_plus(secret)}".encode()
    return {
        "client_basic": base64.b64encode(credentials).decode(),
        "token_form": base64.b64encode(form).decode(),
        "content_length": str(len(form)),
    }


def sign_in_values(page: str, cookie: str) -> dict[str, str]:
    """Return the values of an event in which a browser posts the sign-in page with a wrong password.

    Takes the page's HTML and its Set-Cookie; raises EventsError for a page without the CSRF field.
    """
    guard = _GUARD.search(page)
    if guard is None:
        raise EventsError("the sign-in page has no form with a CSRF token")
    fields = {"email": "nobody@example.com", "password": "correct horse battery staple", "csrf_token": guard[1]}
    form = urlencode(fields).encode()
    return {
        "browser_cookie": cookie.partition(";")[0],
        "sign_in_form": base64.b64encode(form).decode(),
        "sign_in_length": str(len(form)),
        "subject": new_subject(secrets.token_bytes(SUBJECT_BYTES)),
    }


def prepare_sam_local(stack: StackFile, templates: Path, directory: Path) -> list[Path]:
    """Render the events into `directory`/events, and env.json and aws_config beside; return the events' files."""
    if stack.containers is None:
        raise EventsError("the stack has no container gateway: start Docker, then `make run` again")
    functions = _resources(stack, stack.stack_name, "AWS::Lambda::Function")
    apis = {name: _resources(stack, name, "Api") for name in (stack.stack_name, HTTP, REST)}
    values = _values(stack)
    rendered = []
    for template in sorted(templates.rglob("*.json")):
        name = template.relative_to(templates)
        event = render_event(template.read_text(), values | _place(stack, apis, name.with_suffix("").as_posix()))
        file = directory / "events" / name
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_private_file(file, json.dumps(event, indent=2) + "\n")
        rendered.append(file)
    configurations = {name: _configuration(stack, function) for name, function in functions.items()}
    environments = {
        name: configuration.get("Environment", {}).get("Variables", {}) | {"AWS_ENDPOINT_URL": stack.containers}
        for name, configuration in configurations.items()
    }
    write_private_file(directory / "env.json", json.dumps(environments, indent=2) + "\n")
    roles = {name: configuration["Role"] for name, configuration in configurations.items()}
    write_private_file(directory / "aws_config", _profiles(stack, roles))
    return rendered


def render_template(build: Path, directory: Path) -> Path:
    """Write the template for `sam local start-api` of a build, and return its file; raises EventsError."""
    if not build.exists():
        raise EventsError(f"{build} is missing: type `make build`, and then this again")
    file = directory / "sam_local.json"
    file.write_text(json.dumps(join_templates(build), indent=2))
    return file


def _resources(stack: StackFile, name: str, kind: str) -> dict[str, str]:
    """Return the physical ids of a stack's resources whose type ends so."""
    found = connect(stack, "cloudformation").describe_stack_resources(StackName=name)["StackResources"]
    return {
        each["LogicalResourceId"]: each["PhysicalResourceId"] for each in found if each["ResourceType"].endswith(kind)
    }


def _configuration(stack: StackFile, function: str) -> dict[str, Any]:
    configuration: dict[str, Any] = connect(stack, "lambda").get_function_configuration(FunctionName=function)
    return configuration


def _values(stack: StackFile) -> dict[str, str]:
    token, to_be_revoked = _ask_for_token(stack), _ask_for_token(stack)
    kid: str = jwt.get_unverified_header(token)["kid"]
    page = httpx.get(f"{stack.issuer}/login", timeout=40, trust_env=False)
    return (
        {"token": token, "kid": kid}
        | form_values(stack.client_id, stack.client_secret, to_be_revoked)
        | sign_in_values(page.text, page.headers.get("set-cookie", ""))
    )


def _place(stack: StackFile, apis: Mapping[str, Mapping[str, str]], event: str) -> dict[str, str]:
    owner, logical_id, stage = _ORIGINS.get(event, (stack.stack_name, "IssuerApi", "$default"))
    api = apis[owner][logical_id]
    method, path = "GET", "/reports"
    account = stack.outputs["AuthorizerArn"].split(":")[4]
    where = f"arn:aws:execute-api:{stack.emulator['region']}:{account}:{api}"
    return {
        "api_id": api,
        "stage": stage,
        "method": method,
        "path": path,
        "resource": path,
        "route_key": f"{method} {path}",
        "method_arn": f"{where}/{stage}/{method}{path}",
    }


def _ask_for_token(stack: StackFile) -> str:
    answer = httpx.post(
        stack.token_endpoint,
        data={"grant_type": "client_credentials", "scope": stack.scope},
        auth=(stack.client_id, stack.client_secret),
        timeout=40,
        trust_env=False,
    )
    if answer.status_code != httpx.codes.OK:
        raise EventsError(f"the issuer gave no token: {answer.status_code} {answer.text}")
    token: str = answer.json()["access_token"]
    return token


def _profiles(stack: StackFile, roles: Mapping[str, str]) -> str:
    profiles = configparser.ConfigParser(interpolation=None)
    where = {"region": stack.emulator["region"], "endpoint_url": stack.emulator["endpoint_url"]}
    root = {name: stack.emulator[name] for name in ("access_key_id", "secret_access_key")}
    profiles["profile emulator"] = where | {f"aws_{name}": value for name, value in root.items()}
    for name, role in roles.items():
        profiles[f"profile {name}"] = where | {"role_arn": role, "source_profile": "emulator"}
    text = io.StringIO()
    profiles.write(text)
    return text.getvalue()
