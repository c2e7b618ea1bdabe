"""Every hosted page in every state, with sample data: for screenshots, axe and the walk by keyboard."""

from __future__ import annotations

from keyturn.domain.credentials.password_policy import Weakness
from keyturn.web.cookie import Cookie
from keyturn.web.form_guard import FormGuard
from keyturn.web.request import Request
from login.pages.account import AccountForms, ApplicationRow, SessionRow, account
from login.pages.consent import confirm, consent
from login.pages.fields import PageLink, PostForm
from login.pages.passwords import (
    CURRENT_PASSWORD_FIELD,
    NEW_PASSWORD_AGAIN_FIELD,
    NEW_PASSWORD_FIELD,
    change_password,
    choose_password,
    describe_weakness,
)
from login.pages.problem import Problem, problem
from login.pages.sign_in import EMAIL_FIELD, PASSWORD_FIELD, sign_in
from login.pages.sign_out import logout, signed_out, still_signed_in
from login.pages.texts import Text, say
from token_issuer.error_responses import error_page
from token_issuer.errors import InvalidRequest
from token_issuer.restart_page import restart_page

CLIENT = "Harbour Photos"
EMAIL = "mara.lindqvist@example.com"
NAME = "Mara Lindqvist"
# 100 characters, the longest name that a registration takes, without a place to break the line.
LONG_NAME = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft" + "x" * 20
LONG_EMAIL = "a" * 64 + "@" + "b" * 60 + ".example.com"
_NOW = 1_795_000_000
_SCOPES = ("openid", "profile", "email", "phone", "address", "offline_access", "orders:read", "https://api.example/x")
_GUARD = {"interaction": "mXw2ZrD5k0fT9yQpL7uHcA", "csrf_token": "0f" * 32}


def _form(action: str) -> PostForm:
    return PostForm(action, _GUARD)


def _sign_in() -> dict[str, str]:
    form = _form("/login/password")
    wrong = say(Text.SIGN_IN_WRONG)
    return {
        "sign-in": sign_in(form, client=CLIENT),
        "sign-in-hinted": sign_in(form, client=CLIENT, email=EMAIL),
        "sign-in-account": sign_in(form, reason=say(Text.SESSION_ENDED)),
        "sign-in-wrong": sign_in(form, client=CLIENT, email=EMAIL, failure=wrong),
        "sign-in-throttled": sign_in(
            form, client=CLIENT, email=EMAIL, failure=say(Text.SIGN_IN_THROTTLED, minutes="12")
        ),
        "sign-in-empty": sign_in(
            form,
            client=CLIENT,
            errors={EMAIL_FIELD: say(Text.EMAIL_MISSING), PASSWORD_FIELD: say(Text.PASSWORD_MISSING)},
        ),
        "sign-in-long": sign_in(form, client=LONG_NAME, email=LONG_EMAIL, failure=wrong),
    }


def _consent() -> dict[str, str]:
    form, again = _form("/login/consent"), "/login?interaction=mXw2ZrD5k0fT9yQpL7uHcA&again=1"
    confirmed = _form("/login/confirm")
    return {
        "consent": consent(
            form,
            client=CLIENT,
            email=EMAIL,
            scopes=("openid", "email", "offline_access", "photos:read"),
            resource="https://api.photos.example",
            return_host="photos.example",
            other_account=again,
        ),
        "consent-long": consent(
            form, client=LONG_NAME, email=LONG_EMAIL, scopes=_SCOPES, resource="https://" + "r" * 120 + ".example"
        ),
        "confirm": confirm(confirmed, client="Harbour Uploader", email=EMAIL, other_account=again),
        "confirm-long": confirm(confirmed, client=LONG_NAME, email=LONG_EMAIL),
    }


def _passwords() -> dict[str, str]:
    link, change = _form("/login/link"), _form("/account/password")
    common = {NEW_PASSWORD_FIELD: describe_weakness(Weakness.COMMON)}
    return {
        "choose-password": choose_password(link, email=EMAIL),
        "choose-password-common": choose_password(link, email=EMAIL, errors=common),
        "choose-password-outdated": choose_password(link, email=EMAIL, failure=say(Text.FORM_OUTDATED)),
        "choose-password-differs": choose_password(
            link, email=LONG_EMAIL, errors={NEW_PASSWORD_AGAIN_FIELD: say(Text.PASSWORDS_DIFFER)}
        ),
        "change-password": change_password(change, email=EMAIL, back="/account"),
        "change-password-wrong": change_password(
            change,
            email=EMAIL,
            back="/account",
            errors={CURRENT_PASSWORD_FIELD: say(Text.CURRENT_PASSWORD_WRONG)},
        ),
        "change-password-common": change_password(change, email=EMAIL, back="/account", errors=common),
    }


def _account() -> dict[str, str]:
    forms = AccountForms(
        _form("/account/password"), _form("/account/sessions"), _form("/account/applications"), _form("/oauth2/logout")
    )
    sessions = [
        SessionRow("s1", "Firefox on Windows", _NOW - 86_400, _NOW, current=True),
        SessionRow("s2", "Safari on iPhone", _NOW - 3 * 86_400, _NOW - 7_200),
        SessionRow("s3", "", _NOW - 5 * 86_400, _NOW - 90_000),
    ]
    applications = [
        ApplicationRow("photos", CLIENT, ("openid", "email", "photos:read"), _NOW - 40 * 86_400),
    ]
    return {
        "account": account(forms, name=NAME, email=EMAIL, sessions=sessions, applications=applications),
        "account-new": account(
            forms,
            name=None,
            email=EMAIL,
            sessions=sessions[:1],
            applications=[],
            done=say(Text.PASSWORD_CHANGED),
        ),
        "account-long": account(
            forms,
            name=LONG_NAME * 2,
            email=LONG_EMAIL,
            sessions=[SessionRow(f"s{n}", LONG_NAME, _NOW, _NOW, current=n == 0) for n in range(5)],
            applications=[ApplicationRow("long", LONG_NAME, _SCOPES, _NOW), applications[0]],
        ),
    }


def _ends() -> dict[str, str]:
    form = _form("/oauth2/logout")
    return {
        "logout": logout(form, email=EMAIL),
        "logout-client": logout(form, email=EMAIL, client=CLIENT),
        "signed-out": signed_out(sign_in="/login"),
        "still-signed-in": still_signed_in(account="/account"),
    }


def _problems() -> dict[str, str]:
    again = PageLink(say(Text.BEGIN_AGAIN), "/oauth2/authorize?interaction=mXw2ZrD5k0fT9yQpL7uHcA")
    plain = {f"problem-{cause.name.lower().replace('_', '-')}": problem(cause) for cause in Problem}
    return plain | {
        "problem-used": problem(Problem.USED, link=again),
        "problem-unavailable": problem(Problem.UNAVAILABLE, reference="Zk3pQh1vIAMEPMg="),
        "problem-form": problem(Problem.FORM, form=(PostForm("/login/password", _GUARD), Text.TRY_AGAIN)),
    }


def issuer_samples() -> dict[str, str]:
    """Return the HTML of the issuer's own pages, which share the stylesheet."""
    event = {"requestContext": {"http": {"method": "GET"}}, "rawPath": "/oauth2/authorize"}
    guard = FormGuard(Cookie("browser", secure=True))
    refused = InvalidRequest("the redirect URI is not registered for this client")
    return {
        "issuer-error": error_page(refused).body,
        "issuer-begin-again": restart_page(Request(event), "mXw2ZrD5k0fT9yQpL7uHcA", guard).body,
    }


def page_samples() -> dict[str, str]:
    """Return the HTML of every page in every state, by a name for files and URLs."""
    return _sign_in() | _consent() | _passwords() | _account() | _ends() | _problems()
