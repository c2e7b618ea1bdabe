"""All stores of the login behind their ports: in memory, or in a DynamoDB of this process."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from keyturn.adapters.credentials.dynamodb_attempts import DynamoDbAttempts
from keyturn.adapters.credentials.dynamodb_known_browsers import DynamoDbKnownBrowsers
from keyturn.adapters.credentials.dynamodb_passwords import DynamoDbPasswords
from keyturn.adapters.credentials.dynamodb_sign_ins import DynamoDbSignIns, LoginTables
from keyturn.adapters.grants.dynamodb_grant_writer import DynamoDbGrantWriter
from keyturn.adapters.interactions.dynamodb_interaction_opener import DynamoDbInteractionOpener
from keyturn.adapters.interactions.dynamodb_interactions import DynamoDbInteractions
from keyturn.adapters.sessions.dynamodb_sessions import DynamoDbSessions
from keyturn.adapters.users.dynamodb_authorities import DynamoDbAuthorities
from keyturn.adapters.users.dynamodb_consents import DynamoDbConsents
from keyturn.adapters.users.dynamodb_users import DynamoDbUsers
from keyturn.domain.credentials.password import PasswordCredential
from keyturn.domain.sessions.session import Session
from keyturn.domain.users.authority import Authority
from tests.fakes.login_factory import make_authority, make_password, make_session, make_user
from tests.fakes.memory_grants import MemoryGrants
from tests.fakes.memory_sign_ins import MemoryLogin
from tests.fakes.moto_dynamodb import create_table

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

    from keyturn import user_ports
    from keyturn.ports import GrantWriter

TABLES = LoginTables(
    users="users",
    authorities="authorities",
    credentials="credentials",
    sessions="sessions",
    interactions="interactions",
)
LOGIN_KEYS = {
    "users": ("pk", "sk"),
    "authorities": ("pk",),
    "credentials": ("pk", "sk"),
    "sessions": ("pk", "sk"),
    "interactions": ("pk",),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class LoginStores:
    """One object for each port."""

    users: user_ports.UserStore
    authorities: user_ports.AuthorityStore
    consents: user_ports.ConsentStore
    sessions: user_ports.SessionStore
    opener: user_ports.InteractionOpener
    interactions: user_ports.InteractionStore
    passwords: user_ports.PasswordStore
    sign_ins: user_ports.SignInStore
    known_browsers: user_ports.KnownBrowsers
    attempts: user_ports.Attempts
    grants: GrantWriter

    def add_user(self) -> tuple[Authority, PasswordCredential]:
        """Store an active user with a password, and return what a sign-in reads of the user."""
        user, authority, credential = make_user(), make_authority(), make_password()
        self.users.create(user, email="ada@example.com")
        self.authorities.create(authority)
        assert self.sign_ins.change_password(credential, authority=authority, user=user, previous=None, link=None)
        return authority, credential

    def add_session(self, session: Session | None = None) -> Session:
        """Start a session of the user that `add_user` has stored, and return it."""
        session = make_session() if session is None else session
        assert self.sign_ins.sign_in(
            session, authority=make_authority(), credential=make_password(), replaced=None, interaction=None
        )
        return session


def memory_stores() -> LoginStores:
    """Return empty stores in memory."""
    memory = MemoryLogin()
    return LoginStores(
        users=memory.users,
        authorities=memory.authorities,
        consents=memory.consents,
        sessions=memory.sessions,
        opener=memory.interactions,
        interactions=memory.interactions,
        passwords=memory.passwords,
        sign_ins=memory.sign_ins,
        known_browsers=memory.known_browsers,
        attempts=memory.attempts,
        grants=MemoryGrants(interactions=memory.interactions),
    )


def create_login_tables(dynamodb: DynamoDBClient) -> None:
    """Create the empty tables of the login, with the keys that the template gives them."""
    for name, keys in LOGIN_KEYS.items():
        create_table(dynamodb, name, *keys)


def dynamodb_stores(dynamodb: DynamoDBClient) -> LoginStores:
    """Return the stores of a DynamoDB that has the tables of the login and one of grants."""
    return LoginStores(
        users=DynamoDbUsers(dynamodb, "users"),
        authorities=DynamoDbAuthorities(dynamodb, "authorities"),
        consents=DynamoDbConsents(dynamodb, "users"),
        sessions=DynamoDbSessions(dynamodb, "sessions"),
        opener=DynamoDbInteractionOpener(dynamodb, "interactions"),
        interactions=DynamoDbInteractions(dynamodb, "interactions", "users"),
        passwords=DynamoDbPasswords(dynamodb, "credentials"),
        sign_ins=DynamoDbSignIns(dynamodb, TABLES),
        known_browsers=DynamoDbKnownBrowsers(dynamodb, "credentials"),
        attempts=DynamoDbAttempts(dynamodb, "credentials"),
        grants=DynamoDbGrantWriter(dynamodb, "grants", "interactions"),
    )
