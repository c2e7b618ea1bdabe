"""The catalogue of the pages' sentences."""

from __future__ import annotations

import ast
import string
from pathlib import Path

import pytest
from markupsafe import Markup

from login.pages.texts import Text, say

LOGIN = Path(__file__).parents[4] / "functions" / "login"
SOURCES = sorted(LOGIN.rglob("*.py"))
CATALOGUE = LOGIN / "pages" / "texts.py"
_ODD_BEGINNINGS = ("what ", "whoever ", "whatever ", "whose ", "of ", "with ", "who ")
_NEGATIONS = {"no", "not", "never", "none", "nobody", "nothing"}


def test_every_text_is_used() -> None:
    """Each key of the catalogue is used by a page or an endpoint."""
    used = {
        node.attr
        for path in SOURCES
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "Text"
    }
    assert used == {text.name for text in Text}


def test_markup_is_made_by_htpy_and_the_catalogue_alone() -> None:
    """No string of the login holds markup, and only `say` declares a text safe."""
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                assert "</" not in node.value, path
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Markup":
                assert path == CATALOGUE


@pytest.mark.parametrize("text", Text, ids=lambda text: text.name)
def test_a_text_takes_values_by_name(text: Text) -> None:
    """A text names its values, so that another language may order them otherwise."""
    names = [name for _, name, _, _ in string.Formatter().parse(text.value) if name is not None]
    assert all(name.isidentifier() for name in names)
    shown = say(text, **dict.fromkeys(names, "<b>"))
    assert isinstance(shown, Markup)
    assert shown.count("&lt;b&gt;") == len(names)


def test_a_value_that_is_missing_is_an_error() -> None:
    """A page cannot show a text with an empty place."""
    with pytest.raises(KeyError):
        say(Text.SIGN_IN_FOR)


@pytest.mark.parametrize("text", Text, ids=lambda text: text.name)
def test_a_sentence_is_plain(text: Text) -> None:
    """A sentence has 20 words at most, one negation at most, and begins like an engineer's."""
    for sentence in text.value.replace("? ", ". ").split(". "):
        words = sentence.lower().strip(".?").split()
        assert len(words) <= 20, sentence
        assert len(_NEGATIONS.intersection(words)) <= 1, sentence
        assert not sentence.lower().startswith(_ODD_BEGINNINGS), sentence
