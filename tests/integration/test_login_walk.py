"""Users' whole walks on the embedded stack, and all that ends them: sign-out, disable, password, link, bucket."""

from __future__ import annotations

import secrets
from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from keyturn.domain.revocations.revocation import Target, TargetKind
from keyturn.domain.users.authority import Status
from tests.integration.browser import Browser
from tests.integration.http import statuses
from tests.integration.people import Person, add_person, authorities_of, choose_password, create_link
from tests.integration.revocations import revoke
from tests.integration.user_stack import Application, answer_of, claims_of, register

if TYPE_CHECKING:
    import httpx

    from local.stack_file import StackFile

VERIFIER = "v" * 43
LOGOUT_URI = "https://app.example.com/signed-out"
# More than SignInsPerAccount, also where a window ends meanwhile.
MANY = 25


def sign_in(application: Application, user: Person, browser: Browser, **changes: str) -> httpx.Response:
    """Return the redirect to the client, of a browser in which a user signs in and agrees."""
    return user._replace(browser=browser).agree(browser.open(application.authorization_url(VERIFIER, **changes)))


def error_of(application: Application, browser: Browser) -> str:
    """Return the error of a request that may show no page, "" where it gives a code."""
    return answer_of(browser.open(application.authorization_url(VERIFIER, prompt="none"))).get("error", "")


def refused(stack: StackFile, access_token: str) -> bool:
    """Return whether every example API refuses a token."""
    return set(statuses(stack, access_token).values()) <= {401, 403}


def test_a_user_signs_in_calls_an_api_and_signs_out(stack: StackFile) -> None:
    """RFC 6749 §4.1, RP-Initiated Logout §2: every step by pages and endpoints, until all of it is over."""
    application = register(stack, post_logout_redirect_uris=(LOGOUT_URI,))
    user = add_person(stack, "walker")
    pages = [user.browser.open(application.authorization_url(VERIFIER))]
    while pages[-1].status_code == 200:
        pages.append(user.press(user.browser))
    assert [page.url.path for page in pages] == ["/login", "/login", "/oauth2/authorize"]

    tokens = application.redeem(answer_of(pages[-1])["code"], VERIFIER).json()
    assert set(statuses(stack, tokens["access_token"]).values()) == {200}
    tokens = application.refresh(tokens["refresh_token"]).json()
    assert set(statuses(stack, tokens["access_token"]).values()) == {200}
    assert error_of(application, user.browser) == ""

    asked = {"id_token_hint": tokens["id_token"], "post_logout_redirect_uri": LOGOUT_URI, "state": "state-2"}
    signed_out = user.browser.open(f"/oauth2/logout?{urlencode(asked)}")
    assert signed_out.headers["location"] == f"{LOGOUT_URI}?state=state-2"
    assert error_of(application, user.browser) == "login_required"
    assert refused(stack, tokens["access_token"])
    assert application.refresh(tokens["refresh_token"]).json()["error"] == "invalid_grant"


def test_a_user_who_refuses_gives_the_client_nothing(stack: StackFile) -> None:
    """RFC 6749 §4.1.2.1: the second button of the consent page is access_denied, and the next request asks again."""
    application, user = register(stack), add_person(stack, "refuser")
    user.browser.open(application.authorization_url(VERIFIER))
    user.press(user.browser)
    assert answer_of(user.browser.press({}, button=1))["error"] == "access_denied"
    assert error_of(application, user.browser) == "consent_required"


def test_a_disabled_user_is_refused_everywhere(stack: StackFile) -> None:
    """The status ends the session and the sign-in with the next request, the cutoff ends the tokens."""
    application, user = register(stack), add_person(stack, "disabled")
    code = answer_of(sign_in(application, user, user.browser))["code"]
    tokens = application.redeem(code, VERIFIER).json()
    authorities = authorities_of(stack)
    authority = authorities.get(user.subject)
    assert authority is not None
    authorities.update(replace(authority, status=Status.DISABLED))
    assert error_of(application, user.browser) == "login_required"
    assert user.browser.open("/account").url.path == "/login"
    assert sign_in(application, user, Browser(stack)).status_code == 401
    issued_at = claims_of(tokens["access_token"])["iat"]
    revoke(stack, Target.of(TargetKind.SUBJECT, user.subject), at=issued_at, not_before=issued_at + 1)
    assert refused(stack, tokens["access_token"])
    assert application.refresh(tokens["refresh_token"]).json()["error"] == "invalid_grant"


def test_a_new_password_ends_the_other_sessions_and_their_grants(stack: StackFile) -> None:
    """NIST SP 800-63B-4 §4.6: the other browser is signed out, its tokens are over, and this browser goes on."""
    application, user, other = register(stack), add_person(stack, "changer"), Browser(stack)
    tokens = application.redeem(answer_of(sign_in(application, user, other))["code"], VERIFIER).json()
    sign_in(application, user, user.browser)
    new = secrets.token_urlsafe(24)
    user.browser.open("/account/password")
    fields = {"current_password": user.password, "new_password": new, "new_password_again": new}
    changed = user.browser.press(fields)
    assert (changed.status_code, changed.url.path) == (200, "/account")
    assert error_of(application, user.browser) == ""
    assert error_of(application, other) == "login_required"
    assert refused(stack, tokens["access_token"])
    assert application.refresh(tokens["refresh_token"]).json()["error"] == "invalid_grant"
    assert sign_in(application, user, Browser(stack)).status_code == 401
    assert "code" in answer_of(sign_in(application, user._replace(password=new), other))


def test_a_link_works_once(stack: StackFile) -> None:
    """The link is opened any number of times and used once; what is posted later changes nothing."""
    application, user = register(stack), add_person(stack, "linked")
    link, new, late = create_link(stack, user.subject), secrets.token_urlsafe(24), secrets.token_urlsafe(24)
    two_tabs = Browser(stack)
    two_tabs.open(link)
    form = two_tabs.forms[0]
    assert choose_password(Browser(stack), link, new).status_code == 200
    answer = two_tabs.post(form, {"new_password": late, "new_password_again": late})
    assert 400 <= answer.status_code < 500
    assert 400 <= two_tabs.open(link).status_code < 500
    for password, expected in ((user.password, 401), (late, 401), (new, 303)):
        assert sign_in(application, user._replace(password=password), Browser(stack)).status_code == expected


def test_a_flood_of_passwords_locks_out_no_known_browser(stack: StackFile) -> None:
    """OWASP device cookies: the account's bucket is empty for unknown browsers, and the user's own goes on."""
    application, user = register(stack), add_person(stack, "flooded")
    sign_in(application, user, user.browser)
    stranger = user._replace(password="not the password of this user")
    seen = [sign_in(application, stranger, Browser(stack)).status_code]
    while seen[-1] == 401 and len(seen) < MANY:
        seen.append(sign_in(application, stranger, Browser(stack)).status_code)
    assert (seen[0], seen[-1]) == (401, 429)
    answer = sign_in(application, user, Browser(stack))
    assert answer.status_code == 429
    assert 0 < int(answer.headers["retry-after"]) <= 900
    assert "code" in answer_of(sign_in(application, user, user.browser, prompt="login"))
