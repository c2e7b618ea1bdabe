"""The login's use cases over the fakes, with a user who has a password."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

from keyturn.domain.credentials.buckets import AttemptLimits
from keyturn.domain.credentials.password import Argon2Parameters, PasswordCredential
from keyturn.domain.users.authority import Authority, Status
from keyturn.domain.users.user import User
from login.password_hash import PasswordHash
from login.session_start import SignedIn
from login.settings import LoginSettings
from login.sign_in import SignInAttempt, SignInRefused
from login.use_cases import compose_use_cases
from tests.fakes.login_harness import ENVIRONMENT
from tests.fakes.memory_clients import MemoryClients
from tests.fakes.memory_revocations import MemoryRevocations
from tests.fakes.memory_sign_ins import MemoryLogin
from tests.fakes.stepped_clock import SteppedClock
from tests.fakes.stub_key_ring import StubKeyRingReader, ring_of
from tests.fakes.token_factory import signing_key

ADA = "u_AdaAdaAdaAdaAdaAdaAda1"
EMAIL = "Ada@example.com"
PASSWORD = "correct horse battery"
NEW_PASSWORD = "staple violin umbrella"
COMMON_PASSWORD = "iloveyouprincess"
ADDRESS = "192.0.2.7"
CHEAP = Argon2Parameters(memory=8)
LIMITS = AttemptLimits(per_account=10, per_device=10, per_address=100, window=900)


class LoginUseCases:
    """Every use case, composed by the login; `stores`, `revocations` and `clock` are within reach."""

    def __init__(self, *, parameters: Argon2Parameters = CHEAP, limits: AttemptLimits = LIMITS) -> None:
        self.stores = MemoryLogin()
        self.revocations = MemoryRevocations()
        self.clock = SteppedClock(spread=1.0)
        self._random = _counted_bytes()
        self.compose(parameters, limits)

    def compose(self, parameters: Argon2Parameters = CHEAP, limits: AttemptLimits = LIMITS) -> None:
        """Compose the use cases again, as another deployment over the same stores."""
        settings = LoginSettings.from_environment(ENVIRONMENT)._replace(argon2=parameters, limits=limits)
        ports = self.stores.ports(
            clock=self.clock,
            rings=StubKeyRingReader(ring_of(signing_key())),
            clients=MemoryClients(),
            revocations=self.revocations,
        )
        cases = compose_use_cases(settings, ports, random=self.random)
        self.hashes = PasswordHash(self.stores.pepper, parameters, self.random)
        self.sign_in = cases.sign_in
        self.change_password = cases.change_password
        self.end = cases.end
        self.everywhere = cases.everywhere
        self.links = cases.links
        self.actions = cases.operator_actions

    def random(self, size: int) -> bytes:
        """Return bytes that differ at each call."""
        return next(self._random).to_bytes(size, "big")

    def add_user(
        self, subject: str = ADA, email: str = EMAIL, *, password: str | None = PASSWORD, status: Status = Status.ACTIVE
    ) -> User:
        """Store a user, without counting calls."""
        user = User(subject=subject, email=email, name="Ada Lovelace", email_verified_at=1)
        self.stores.users.stored[subject] = user
        self.stores.users.reserved[email.lower()] = subject
        self.stores.authorities.stored[subject] = Authority(subject=subject, status=status)
        if password is not None:
            self.stores.passwords.stored[subject] = self.hashes.create(subject, password, changed_at=1, revision=0)
            self.stores.pepper.calls.clear()
        return user

    def credential(self, subject: str = ADA) -> PasswordCredential:
        """Return the stored password."""
        return self.stores.passwords.stored[subject]

    def try_password(
        self, password: str = PASSWORD, *, email: str = EMAIL, address: str = ADDRESS, device: str | None = None
    ) -> SignedIn | SignInRefused:
        """Sign in."""
        return self.sign_in.attempt(SignInAttempt(email=email, password=password, address=address, device=device))

    def signed_in(self, password: str = PASSWORD, *, device: str | None = None) -> SignedIn:
        """Sign the user in, whose password is right."""
        result = self.try_password(password, device=device)
        assert isinstance(result, SignedIn)
        return result

    def calls(self) -> dict[str, list[str]]:
        """Return the calls of each port so far."""
        ports = ("authorities", "sessions", "known_browsers", "attempts", "pepper", "users", "passwords", "sign_ins")
        return {name: list(getattr(self.stores, name).calls) for name in ports}


def _counted_bytes() -> Iterator[int]:
    return itertools.count(1)
