"""Every order of events around one emergency, within small bounds: what it must end, and what it must not.

The world of `rotation_model` gets an authorizer and an attacker. The authorizer decides by a cached ring that is at
most B old, and by the marks of compromised keys. The attacker compromises the active key or the standby key at any
time. The search looks for a token of the compromised key that the authorizer accepts too late. It also looks for a live
token of another key that a verifier refuses.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

from keyturn.domain.keys.key_ring import Compromise, KeyRing
from keyturn.domain.keys.key_transition import compromise
from tests.model.rotation_model import (
    ACTIVE,
    NOBODY,
    NOTHING,
    REAL_NOW,
    STANDBY,
    Bounds,
    Key,
    View,
    age_ring,
    fresh_kid,
    look,
    needed,
    real_keys,
    tick,
)

PROMISED = 1  # B, in seconds


class Emergency(NamedTuple):
    """How an emergency is done: `view` is the age to which our authorizer uses what it read, in seconds.

    `at_once`: ring and marks are one transaction. `prepared`: every cache knows the standby key at the emergency.
    Otherwise verifiers may refuse the new key's tokens until their caches know it.
    """

    view: int = PROMISED
    at_once: bool = True
    prepared: bool = True


class Token(NamedTuple):
    """The last token of a key: the seconds that it lives, and whether every cache knew the key when it signed."""

    kid: int
    left: int
    known: bool


class State(NamedTuple):
    """The world; `stolen` is out of the ring, `marked` says whether the marks name it, `since` counts the seconds."""

    ring: tuple[Key, ...]
    signer: View
    server: View
    cached: View
    ours: View
    tokens: tuple[Token, ...]
    stolen: int
    marked: bool
    since: int


def start(*, standby: bool = True) -> State:
    """Return the steady state, or one without a standby."""
    ring = (Key(0, ACTIVE, 99, 0), *((Key(1, STANDBY, 99, 0),) if standby else ()))
    return State(ring, look(ring), look(ring), look(ring), look(ring), (), NOBODY, marked=False, since=0)


def without(ring: tuple[Key, ...], kid: int) -> tuple[Key, ...]:
    """Return the ring as the real transition leaves it, by what is published."""
    entry = Compromise(kid=str(kid), at=REAL_NOW, reason="r", actor="a")
    changed = compromise(KeyRing(name="default", version=1, keys=real_keys(ring), longest_lifetime=0), entry)
    states = {key.kid: key.state for key in changed.published()}
    return tuple(
        key._replace(state=states[str(key.kid)], since=0 if states[str(key.kid)] is not key.state else key.since)
        for key in ring
        if str(key.kid) in states
    )


def successors(state: State, bounds: Bounds, rules: Emergency) -> Iterator[State]:
    """Yield every state that one act of somebody, or one second, leads to."""
    after = state.stolen != NOBODY
    fresh = max(fresh_kid(state.ring), state.stolen + 1)
    yield state._replace(ring=tick(state.ring, bounds, fresh, after_emergency=after))
    yield state._replace(signer=look(state.ring))
    yield state._replace(server=look(state.ring))
    yield state._replace(ours=look(state.ring))
    if state.server is not NOTHING:
        yield state._replace(cached=state.server._replace(age=0))
    yield from _signed(state, bounds)
    if not after:
        yield from _emergencies(state, bounds, rules)
    elif not state.marked:
        yield state._replace(marked=True)  # the second of two writes, which may never come
    yield _later(state, bounds, rules)


def _signed(state: State, bounds: Bounds) -> Iterator[State]:
    """The issuer signs by its cached ring, never with a marked key: it reads the marks for each token."""
    kid = state.signer.active
    if kid == NOBODY or (kid == state.stolen and state.marked):
        return
    key = next((key for key in state.ring if key.kid == kid), None)
    known = key is None or key.published >= bounds.lead
    kept = [token for token in state.tokens if (token.kid, token.known) != (kid, known)]
    yield state._replace(tokens=tuple(sorted((*kept, Token(kid, bounds.lifetime, known)))))


def _emergencies(state: State, bounds: Bounds, rules: Emergency) -> Iterator[State]:
    waiting = [key for key in state.ring if key.state is STANDBY]
    prepared = any(key.published >= bounds.lead for key in waiting)
    for key in state.ring:
        if key.state in (ACTIVE, STANDBY) and (prepared or not rules.prepared):
            yield state._replace(ring=without(state.ring, key.kid), stolen=key.kid, marked=rules.at_once)


def _later(state: State, bounds: Bounds, rules: Emergency) -> State:
    def aged(view: View, most: int) -> View:
        return view._replace(age=view.age + 1) if view.age < most else NOTHING

    return state._replace(
        ring=age_ring(state.ring, bounds),
        signer=aged(state.signer, bounds.view),
        server=aged(state.server, bounds.view),
        cached=aged(state.cached, bounds.verifier + bounds.max_age),
        ours=aged(state.ours, rules.view),
        tokens=tuple(token._replace(left=token.left - 1) for token in state.tokens if token.left > 1),
        since=min(state.since + 1, PROMISED + 1) if state.stolen != NOBODY else 0,
    )


def let_in(state: State) -> bool:
    """Return whether the authorizer accepts a token of the compromised key later than it promises.

    Strict mode reads the marks for each request: it accepts none at all. Snapshot mode reads them with the ring: it
    accepts none for a request that starts more than B after the emergency.
    """
    believed = state.stolen != NOBODY and state.stolen in state.ours.published
    return believed and (not state.marked or state.since > PROMISED)


def refused(state: State, *, known_only: bool) -> bool:
    """Return whether the foreign verifier refuses a live token of a sound key."""
    if state.cached is NOTHING:
        return False
    return any(
        token.kid != state.stolen and token.kid not in state.cached.published and (token.known or not known_only)
        for token in state.tokens
    )


def normal(state: State) -> State:
    """Return the state with its keys numbered from 0, reduced to what a rule or a later act looks at.

    Caches answer for keys that have a live token or may get one. A deactivated key signs only by a cached ring, and a
    key that left the ring stays out. The authorizer is asked about a key that is or may be compromised.
    """
    ring, signer, server, cached, ours, tokens, stolen, marked, since = state
    asked, endangered = _asked_for(ring, signer, tokens, stolen), _endangered(ring, stolen)
    server, cached, ours = _about(server, asked), _about(cached, asked), _about(ours, endangered)
    if not ours.published:
        ours = NOTHING
    signer = _about(signer, frozenset())
    used = _kids(ring, tokens) | _kids_seen(signer) | _kids_seen(server) | _kids_seen(cached) | _kids_seen(ours)
    used = used.union((stolen,)) - {NOBODY}
    return State(
        _ring(ring, used),
        _view(signer, used),
        # The signing key matters to the issuer alone.
        _view(server, used, signs=False),
        _view(cached, used, signs=False),
        _view(ours, used, signs=False),
        _tokens(tokens, used, stolen),
        _numbers(used)[stolen],
        marked,
        since if ours.published else 0,
    )


# A search meets few rings and views, in many combinations: what is known of one is kept.
@cache
def _numbers(used: frozenset[int]) -> dict[int, int]:
    return {kid: position for position, kid in enumerate(sorted(used))} | {NOBODY: NOBODY}


@cache
def _asked_for(ring: tuple[Key, ...], signer: View, tokens: tuple[Token, ...], stolen: int) -> frozenset[int]:
    """Return the keys of the live tokens, and of those that may still be signed; the compromised key is none."""
    signing = {key.kid for key in ring if key.state in (ACTIVE, STANDBY)} | {signer.active}
    return frozenset(signing | {token.kid for token in tokens}) - {NOBODY, stolen}


@cache
def _endangered(ring: tuple[Key, ...], stolen: int) -> frozenset[int]:
    """Return the compromised key, or the keys that may become so."""
    if stolen != NOBODY:
        return frozenset((stolen,))
    return frozenset(key.kid for key in ring if key.state in (ACTIVE, STANDBY))


@cache
def _about(view: View, kids: frozenset[int]) -> View:
    return view if view is NOTHING else view._replace(published=view.published & kids)


@cache
def _kids(ring: tuple[Key, ...], tokens: tuple[Token, ...]) -> frozenset[int]:
    return frozenset(key.kid for key in ring) | {token.kid for token in tokens}


@cache
def _kids_seen(view: View) -> frozenset[int]:
    return view.published | {view.active}


@cache
def _ring(ring: tuple[Key, ...], used: frozenset[int]) -> tuple[Key, ...]:
    return tuple(needed(key, _numbers(used))._replace(published=key.published) for key in ring)


@cache
def _view(view: View, used: frozenset[int], *, signs: bool = True) -> View:
    if view is NOTHING:
        return NOTHING
    number = _numbers(used)
    return View(number[view.active] if signs else NOBODY, frozenset(number[kid] for kid in view.published), view.age)


@cache
def _tokens(tokens: tuple[Token, ...], used: frozenset[int], stolen: int) -> tuple[Token, ...]:
    number = _numbers(used)
    return tuple(sorted(token._replace(kid=number[token.kid]) for token in tokens if token.kid != stolen))


def search(bounds: Bounds, rules: Emergency, first: State, *, known_only: bool = False) -> tuple[int, State | None]:
    """Return the number of states, and the first with a token that is wrongly accepted or refused."""
    first = normal(first)
    seen, todo = {first}, deque([first])
    while todo:
        state = todo.popleft()
        sound = sum(key.state is ACTIVE for key in state.ring) <= 1 and state.stolen not in {k.kid for k in state.ring}
        if not sound or let_in(state) or refused(state, known_only=known_only):
            return len(seen), state
        for following in successors(state, bounds, rules):
            following = normal(following)
            if following not in seen:
                seen.add(following)
                todo.append(following)
    return len(seen), None
