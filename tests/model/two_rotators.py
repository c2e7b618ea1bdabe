"""Two rotators at once on one ring: each reads, thinks, and writes later; with compare-and-swap, or without."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import NamedTuple

from tests.model.rotation_model import ACTIVE, OLD, Bounds, Key, age_ring, fresh_kid, needed, tick


class Reader(NamedTuple):
    """A rotator's last read, and whether the ring was written since."""

    ring: tuple[Key, ...]
    overtaken: bool


class Pair(NamedTuple):
    """The ring, what each rotator has read, and the keys that vanished while tokens of theirs may be alive."""

    ring: tuple[Key, ...]
    readers: tuple[Reader | None, Reader | None]
    lost: bool


def successors(pair: Pair, bounds: Bounds, *, compare_and_swap: bool) -> Iterator[Pair]:
    """Yield every state that a read, a write or a second leads to."""
    for which in (0, 1):
        reader = pair.readers[which]
        if reader is None:
            yield pair._replace(readers=_with(pair.readers, which, Reader(pair.ring, overtaken=False)))
        elif reader.overtaken and compare_and_swap:
            yield pair._replace(readers=_with(pair.readers, which, None))  # a version conflict: it reads again
        else:
            yield _written(pair, which, reader, bounds)
    yield Pair(
        age_ring(pair.ring, bounds),
        tuple(each and each._replace(ring=age_ring(each.ring, bounds)) for each in pair.readers),  # type: ignore[arg-type]
        pair.lost,
    )


def _written(pair: Pair, which: int, reader: Reader, bounds: Bounds) -> Pair:
    rings = [pair.ring, *(each.ring for each in pair.readers if each is not None)]
    ring = tick(reader.ring, bounds, fresh_kid(*rings))
    kept = {key.kid for key in ring}
    lost = any(not (key.state is OLD and key.since >= bounds.retention) for key in pair.ring if key.kid not in kept)
    readers = _with(pair.readers, which, None)
    other = readers[1 - which]
    if other is not None and ring != pair.ring:
        readers = _with(readers, 1 - which, other._replace(overtaken=True))
    return Pair(ring, readers, lost)


def _with(
    readers: tuple[Reader | None, Reader | None], which: int, reader: Reader | None
) -> tuple[Reader | None, Reader | None]:
    return (reader, readers[1]) if which == 0 else (readers[0], reader)


def _normal(pair: Pair) -> Pair:
    rings = [pair.ring, *(each.ring for each in pair.readers if each is not None)]
    number = {kid: position for position, kid in enumerate(sorted({key.kid for ring in rings for key in ring}))}

    def renumbered(ring: tuple[Key, ...]) -> tuple[Key, ...]:
        return tuple(needed(key, number) for key in ring)

    readers = tuple(each and each._replace(ring=renumbered(each.ring)) for each in pair.readers)
    return Pair(renumbered(pair.ring), readers, pair.lost)  # type: ignore[arg-type]


def search(bounds: Bounds, start: tuple[Key, ...], *, compare_and_swap: bool) -> tuple[int, Pair | None]:
    """Return the number of states, and the first with a lost key or without exactly one active key."""
    first = Pair(start, (None, None), lost=False)
    seen, todo = {first}, deque([first])
    while todo:
        pair = todo.popleft()
        if pair.lost or sum(key.state is ACTIVE for key in pair.ring) != 1:
            return len(seen), pair
        for following in successors(pair, bounds, compare_and_swap=compare_and_swap):
            following = _normal(following)
            if following not in seen:
                seen.add(following)
                todo.append(following)
    return len(seen), None
