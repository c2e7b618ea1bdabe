"""Every state that rotation can reach within small bounds, breadth first, with the real planner deciding what is due.

One issuer signs by a cached ring that is at most G old; another serves the JWKS by a cache of its own. A verifier keeps
a fetched JWKS for at most M + max-age. The rotator runs at any time or not at all. All of them act in any order, and
time passes between their acts. The search looks for a live token that the verifier refuses by a JWKS that it may still
keep. Ages are in seconds; ages that every rule treats alike are one state.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

from keyturn.domain.keys.key_ring import DEFAULT_RING, Compromise, KeyRing, KeyState, RingKey
from keyturn.domain.keys.key_rotation import Action, due_steps
from keyturn.domain.keys.rotation_policy import RotationPolicy

STANDBY, ACTIVE, OLD = KeyState.PRE_ACTIVATION, KeyState.ACTIVE, KeyState.DEACTIVATED
# A key is created and published in one: before it is published, nobody can have seen it.
_MODELLED = frozenset({Action.CREATE_KEY, Action.DESTROY, Action.PROMOTE})
REAL_NOW = 1_000  # the present of the real ring that a model's ring stands for, in seconds
_NEVER = 99  # an age that no rule looks at any more


class Bounds(NamedTuple):
    """G, M, the JWKS's max-age, T and W of keys.md, the lead and the retention, in seconds; no leeway: one clock."""

    view: int = 1
    verifier: int = 1
    max_age: int = 1
    lifetime: int = 2
    lead: int = 3
    retention: int = 3
    write: int = 0

    def policy(self) -> RotationPolicy:
        """Return the durations as the planner takes them; they are not checked, so that they may be wrong."""
        return RotationPolicy(
            algorithm="ES256",
            access_token_lifetime=self.lifetime,
            max_token_lifetime=self.lifetime,
            leeway=0,
            ring_view=self.view,
            verifier_cache=self.verifier,
            jwks_max_age=self.max_age,
            publish_lead=self.lead,
            retention=self.retention,
            rotation_period=0,  # the operator may ask for a rotation at any time
            max_published_keys=3,
            ring_write=self.write,
        )


class Key(NamedTuple):
    """A published key: its number, and how long ago it was published and came into its state."""

    kid: int
    state: KeyState
    published: int
    since: int


class View(NamedTuple):
    """A cached ring: the key that signs, the published keys, and its age."""

    active: int
    published: frozenset[int]
    age: int


class State(NamedTuple):
    """The world: the ring, the two issuers' views, the verifier's cache, and the life left of each key's last token."""

    ring: tuple[Key, ...]
    signer: View
    server: View
    cached: View
    tokens: tuple[tuple[int, int], ...]


NOBODY = -1
NOTHING = View(NOBODY, frozenset(), _NEVER)  # a view that is too old to be used says nothing


def look(ring: tuple[Key, ...]) -> View:
    """Return what a strongly consistent read shows; no key is active for a moment after an emergency."""
    active = next((key.kid for key in ring if key.state is ACTIVE), NOBODY)
    return View(active, frozenset(key.kid for key in ring), 0)


def start() -> State:
    """Return the state after the stack was created and rested: an active key, a standby that every cache knows."""
    ring = (Key(0, ACTIVE, _NEVER, 0), Key(1, STANDBY, _NEVER, 0))
    return State(ring, look(ring), look(ring), look(ring), ())


@cache
def real_keys(ring: tuple[Key, ...]) -> list[RingKey]:
    """Return the ring's keys with the times that they have at REAL_NOW."""
    return [
        RingKey(
            kid=str(key.kid),
            arn="arn",
            algorithm="ES256",
            jwk={"kid": str(key.kid), "alg": "ES256"},
            state=key.state,
            created_at=REAL_NOW - key.published,
            published_at=REAL_NOW - key.published,
            activated_at=REAL_NOW - key.since if key.state is ACTIVE else None,
            deactivated_at=REAL_NOW - key.since if key.state is OLD else None,
        )
        for key in ring
    ]


def tick(
    ring: tuple[Key, ...], bounds: Bounds, fresh: int, *, after_emergency: bool = False, delay: int = 0
) -> tuple[Key, ...]:
    """Return the ring after the most urgent step that the planner calls due; `fresh` is the number of a new key.

    The step was planned and stamped `delay` seconds ago, and its write has taken effect now. A ring that has changed
    meanwhile stays as it is.
    """
    if any(min(key.published, key.since) < delay for key in ring):
        return ring
    emergencies = [Compromise(kid="out", at=REAL_NOW, reason="r", actor="a")] if after_emergency else []
    planned = KeyRing(name=DEFAULT_RING, version=1, keys=real_keys(ring), compromises=emergencies, longest_lifetime=0)
    due = [step for step in due_steps(planned, bounds.policy(), REAL_NOW - delay) if step.action in _MODELLED]
    if not due:
        return ring
    if due[0].action is Action.CREATE_KEY:
        return (*ring, Key(fresh, STANDBY, delay, delay))
    subject = int(due[0].subject)
    if due[0].action is Action.DESTROY:
        return tuple(key for key in ring if key.kid != subject)
    after = {ACTIVE: OLD, STANDBY: ACTIVE}
    turning = {key.kid for key in ring if key.state is ACTIVE} | {subject}
    return tuple(key._replace(state=after[key.state], since=delay) if key.kid in turning else key for key in ring)


def fresh_kid(*rings: tuple[Key, ...]) -> int:
    """Return a number that no key of these rings has."""
    return 1 + max((key.kid for ring in rings for key in ring), default=-1)


def successors(state: State, bounds: Bounds) -> Iterator[State]:
    """Yield every state that one act of somebody, or one second, leads to."""
    for delay in range(bounds.write + 1):
        yield state._replace(ring=tick(state.ring, bounds, fresh_kid(state.ring), delay=delay))
    yield state._replace(signer=look(state.ring))
    yield state._replace(server=look(state.ring))
    if state.server is not NOTHING:
        yield state._replace(cached=state.server._replace(age=0))
    if state.signer.active != NOBODY:
        tokens = dict(state.tokens) | {state.signer.active: bounds.lifetime}
        yield state._replace(tokens=tuple(sorted(tokens.items())))
    yield _later(state, bounds)


def age_ring(ring: tuple[Key, ...], bounds: Bounds) -> tuple[Key, ...]:
    """Return the ring a second later."""
    longest = max(bounds.lead, bounds.retention)

    def older(age: int) -> int:
        return _NEVER if age >= longest else age + 1

    return tuple(key._replace(published=older(key.published), since=older(key.since)) for key in ring)


def _later(state: State, bounds: Bounds) -> State:
    def aged(view: View, most: int) -> View:
        return view._replace(age=view.age + 1) if view.age < most else NOTHING

    return State(
        age_ring(state.ring, bounds),
        aged(state.signer, bounds.view),
        aged(state.server, bounds.view),
        aged(state.cached, bounds.verifier + bounds.max_age),
        tuple((kid, left - 1) for kid, left in state.tokens if left > 1),
    )


def normal(state: State) -> State:
    """Return the state with its keys numbered from 0, reduced to what a rule or a later act looks at.

    The signing key of a cached ring matters to the issuer that signs, and the published keys to the others. These
    answer for keys that have a live token or may get one: a deactivated key signs only by a cached ring.
    """
    signing = {key.kid for key in state.ring if key.state is not OLD} | {state.signer.active} - {NOBODY}
    asked = signing.union(kid for kid, _ in state.tokens)
    used = {key.kid for key in state.ring} | asked
    number = {kid: position for position, kid in enumerate(sorted(used))} | {NOBODY: NOBODY}

    def seen(view: View) -> View:
        return View(NOBODY, frozenset(number[kid] for kid in view.published & asked), view.age)

    return State(
        tuple(needed(key, number) for key in state.ring),
        View(number[state.signer.active], frozenset(), state.signer.age),
        seen(state.server) if state.server is not NOTHING else NOTHING,
        seen(state.cached) if state.cached is not NOTHING else NOTHING,
        tuple((number[kid], left) for kid, left in state.tokens),
    )


def needed(key: Key, number: dict[int, int]) -> Key:
    """Return the key by its new number, with the one age that a rule still looks at."""
    published = key.published if key.state is STANDBY else _NEVER
    return Key(number[key.kid], key.state, published, key.since if key.state is OLD else _NEVER)


def refused(state: State, bounds: Bounds) -> int | None:
    """Return a key whose live token the verifier refuses by a cache that it may still use, or None."""
    if state.cached is NOTHING:
        return None
    return next((kid for kid, _ in state.tokens if kid not in state.cached.published), None)


def search(bounds: Bounds) -> tuple[int, State | None]:
    """Return how many states there are, and the first that refuses a live token, if one does."""
    first = normal(start())
    seen, todo = {first}, deque([first])
    while todo:
        state = todo.popleft()
        if refused(state, bounds) is not None:
            return len(seen), state
        for following in successors(state, bounds):
            following = normal(following)
            if following not in seen:
                seen.add(following)
                todo.append(following)
    return len(seen), None
