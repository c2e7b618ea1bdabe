"""Fixtures of the login's tests."""

from __future__ import annotations

import pytest

from tests.fakes.login_use_cases import LoginUseCases


@pytest.fixture
def login() -> LoginUseCases:
    """Return the login with one user."""
    login = LoginUseCases()
    login.add_user()
    return login
