"""Hostile text in every argument of the pages: it is shown as text, and changes no markup."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from login.pages.account import AccountForms, ApplicationRow, SessionRow, account
from login.pages.consent import confirm, consent
from login.pages.fields import PostForm
from login.pages.passwords import change_password, choose_password
from login.pages.problem import Problem, problem
from login.pages.sign_in import sign_in
from login.pages.sign_out import logout
from tests.unit.login.pages.markup import Markup

VECTORS = Path(os.environ.get("KEYTURN_VECTORS") or Path(__file__).parents[5] / "shared" / "vectors")
FORM = PostForm("/login", {"csrf_token": "t"})
FORMS = AccountForms(FORM, FORM, FORM, FORM)
INJECTIONS = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' autofocus onfocus=alert(1) x='",
    "</title><script>alert(1)</script>",
    "{title}{0.__class__}%s%(a)s",
    "&lt;script&gt; &amp;amp; &#60;b>",
    "<!-- --><![CDATA[ ]]>",
    "javascript:alert(1)",
]

# Each argument that holds text of somebody else, alone.
ARGUMENTS: dict[str, Callable[[str], str]] = {
    "sign_in client": lambda text: sign_in(FORM, client=text),
    "sign_in email": lambda text: sign_in(FORM, client="c", email=text),
    "hidden value": lambda text: sign_in(PostForm("/login", {"interaction": text})),
    "consent client": lambda text: consent(FORM, client=text, email="e", scopes=["openid"]),
    "consent email": lambda text: consent(FORM, client="c", email=text, scopes=["openid"]),
    "consent scope": lambda text: consent(FORM, client="c", email="e", scopes=["openid", text]),
    "consent resource": lambda text: consent(FORM, client="c", email="e", scopes=["openid"], resource=text),
    "consent host": lambda text: consent(FORM, client="c", email="e", scopes=["openid"], return_host=text),
    "confirm client": lambda text: confirm(FORM, client=text, email="e"),
    "confirm email": lambda text: confirm(FORM, client="c", email=text),
    "choose_password email": lambda text: choose_password(FORM, email=text),
    "change_password email": lambda text: change_password(FORM, email=text, back="/account"),
    "account name": lambda text: account(FORMS, name=text, email="e", sessions=[], applications=[]),
    "account email": lambda text: account(FORMS, name="n", email=text, sessions=[], applications=[]),
    "account session": lambda text: account(
        FORMS, name="n", email="e", sessions=[SessionRow(text, text, 1, 2)], applications=[]
    ),
    "account application": lambda text: account(
        FORMS, name="n", email="e", sessions=[], applications=[ApplicationRow(text, text, [text], 1)]
    ),
    "logout email": lambda text: logout(FORM, email=text),
    "logout client": lambda text: logout(FORM, email="e", client=text),
    "problem reference": lambda text: problem(Problem.USED, reference=text),
}


def assert_same_markup(render: Callable[[str], str], strings: list[str]) -> None:
    expected = Markup(render("word")).skeleton()
    for text in strings:
        seen = Markup(render(text))
        assert seen.skeleton() == expected, text
        assert seen.others == []


@pytest.mark.parametrize("argument", ARGUMENTS)
def test_hostile_text_changes_no_markup(argument: str) -> None:
    """A page has the same tags and attributes for hostile text as for a word, and nothing beside them."""
    assert_same_markup(ARGUMENTS[argument], INJECTIONS)


@pytest.mark.skipif(not VECTORS.is_dir(), reason="no published vectors: set KEYTURN_VECTORS to their folder")
@pytest.mark.parametrize("argument", ARGUMENTS)
def test_naughty_strings_change_no_markup(argument: str) -> None:
    """The Big List of Naughty Strings changes no page either."""
    strings: list[str] = json.loads((VECTORS / "blns" / "blns.json").read_text("utf-8"))
    assert_same_markup(ARGUMENTS[argument], [" ".join(strings), *filter(None, strings[::50])])


@pytest.mark.parametrize("argument", ARGUMENTS)
def test_hostile_text_is_shown_as_it_is(argument: str) -> None:
    """A page shows each character of the text itself, and fills none of its placeholders."""
    for text in INJECTIONS:
        seen = Markup(ARGUMENTS[argument](text))
        values = [value for tag in seen.tags for value in tag.attributes.values()]
        assert text in seen.text or text in values
