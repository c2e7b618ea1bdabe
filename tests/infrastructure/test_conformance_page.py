"""The page of differences to a reference server, and the table that it is made from."""

from __future__ import annotations

from tests.infrastructure.certification_table import PLANS, read_tests
from tests.infrastructure.conformance_page import PAGE, RIGHT, read_table, render


def test_the_page_is_the_table() -> None:
    """docs/conformance.md says what the servers are held to; `make requirements` writes it."""
    assert PAGE.read_text() == render(PAGE.read_text())


def test_every_difference_has_its_sentence() -> None:
    """Each difference names the RFC's section that decides it, and is a real difference."""
    for difference in read_table()["differences"]:
        assert difference["right"] in RIGHT
        assert difference["rfc"].startswith(("RFC ", "OpenID Connect Core §"))
        assert "§" in difference["rfc"]
        assert difference["sentence"]
        assert difference["so"].endswith(".")
        assert difference["probes"]
        assert all(answers["ours"] != answers["reference"] for answers in difference["probes"].values())


def test_every_module_of_the_certification_plans_has_its_test() -> None:
    """38, 1 and 11 modules, each with a sentence of a specification by its section."""
    assert [len(modules) for modules in PLANS.values()] == [38, 1, 11]
    tests = read_tests()
    assert tests.keys() == {module for modules in PLANS.values() for module in modules}
    assert all(test.sentence.startswith("“") and "§" in test.sentence for test in tests.values())
