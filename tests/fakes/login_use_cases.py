"""The login's use cases over the fakes, with a user who has a password."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

from keyturn.domain.credentials.blocklist import Blocklist, blocklist_hash
from keyturn.domain.credentials.buckets import AttemptLimits
from keyturn.domain.credentials.password import Argon2Parameters, PasswordCredential
from keyturn.domain.users.authority import Authority, Status
from keyturn.domain.users.user import User
from keyturn.issue_time import IssueTimes
from login.erase import Erase
from login.links import Links
from login.operator_actions import OperatorActions
from login.password_change import ChangePassword
from login.password_hash import PasswordHash
from login.password_replacement import PasswordReplacement
from login.password_rules import PasswordRules
from login.session_end import SessionEnd, SignOutEverywhere
from login.session_start import SessionLimits, SessionStart, SignedIn
from login.sign_in import SignIn, SignInAttempt, SignInRefused
from login.throttle import Throttle
from login.user_revocations import UserRevocations
from tests.fakes.memory_revocations import MemoryRevocations
from tests.fakes.memory_sign_ins import MemoryLogin
from tests.fakes.stepped_clock import SteppedClock

ADA = "u_AdaAdaAdaAdaAdaAdaAda1"
EMAIL = "Ada@example.com"
PASSWORD = "correct horse battery"
NEW_PASSWORD = "staple violin umbrella"
COMMON_PASSWORD = "iloveyouprincess"
ADDRESS = "192.0.2.7"
CHEAP = Argon2Parameters(memory=8)
LIMITS = AttemptLimits(per_account=10, per_device=10, per_address=100, window=900)


class LoginUseCases:
    """Every use case, composed as the bootstrap does; `stores`, `revocations` and `clock` are what they share."""

    def __init__(self, *, parameters: Argon2Parameters = CHEAP, limits: AttemptLimits = LIMITS) -> None:
        self.stores = MemoryLogin()
        self.revocations = MemoryRevocations()
        self.clock = SteppedClock(spread=1.0)
        self._random = _counted_bytes()
        self.compose(parameters, limits)

    def compose(self, parameters: Argon2Parameters = CHEAP, limits: AttemptLimits = LIMITS) -> None:
        """Compose the use cases again, as another deployment over the same stores."""
        stores, clock = self.stores, self.clock
        rules = PasswordRules(Blocklist(blocklist_hash(COMMON_PASSWORD)), "login.example.com")
        throttle = Throttle(stores.attempts, stores.devices, limits)
        user_revocations = UserRevocations(self.revocations, stores.attempts, clock, longest_token=3660)
        self.hashes = PasswordHash(stores.pepper, parameters, self.random)
        self.start = SessionStart(
            sign_ins=stores.sign_ins,
            devices=stores.devices,
            revocations=user_revocations,
            times=IssueTimes(self.revocations, clock),
            limits=SessionLimits(idle=43_200, lifetime=604_800),
            random=self.random,
        )
        self.end = SessionEnd(stores.sessions, stores.devices, user_revocations)
        replacement = PasswordReplacement(
            hashes=self.hashes, sign_ins=stores.sign_ins, revocations=user_revocations, end=self.end, clock=clock
        )
        self.sign_in = SignIn(
            users=stores.users,
            authorities=stores.authorities,
            passwords=stores.passwords,
            hashes=self.hashes,
            throttle=throttle,
            sessions=self.start,
            clock=clock,
        )
        self.change_password = ChangePassword(
            users=stores.users,
            authorities=stores.authorities,
            passwords=stores.passwords,
            hashes=self.hashes,
            rules=rules,
            throttle=throttle,
            replacement=replacement,
            sessions=self.start,
            clock=clock,
        )
        self.everywhere = SignOutEverywhere(
            end=self.end,
            start=self.start,
            authorities=stores.authorities,
            passwords=stores.passwords,
            revocations=user_revocations,
            clock=clock,
        )
        self.links = Links(
            users=stores.users,
            authorities=stores.authorities,
            passwords=stores.passwords,
            attempts=stores.attempts,
            rules=rules,
            replacement=replacement,
            clock=clock,
            random=self.random,
        )
        self.erase = Erase(users=stores.users, authorities=stores.authorities, passwords=stores.passwords, end=self.end)
        self.actions = OperatorActions(
            users=stores.users,
            sessions=stores.sessions,
            attempts=stores.attempts,
            links=self.links,
            end=self.end,
            erase=self.erase,
            clock=clock,
            link_url="https://login.example.com/login/link?link={}".format,
        )

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
        ports = ("authorities", "sessions", "devices", "attempts", "pepper", "users", "passwords", "sign_ins")
        return {name: list(getattr(self.stores, name).calls) for name in ports}


def _counted_bytes() -> Iterator[int]:
    return itertools.count(1)
