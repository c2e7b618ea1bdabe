"""How often sandboxes read what, and how old what they know is, as formulae.

A sandbox renews its caches at the first request that comes half of the bound after the last renewal. Requests come at
random (Poisson) at λ per second: a cycle is B/2 + 1/λ seconds long and holds 1 + λ·B/2 requests. The first of them
renews. Checked by `load_simulation`, which runs the authorizer's own BoundedCache.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, exp

from authorizer.key_ring_cache import ABSENT_PERIOD
from benchmarks.reads import query_units, read_units
from keyturn.domain.keys.key_ring import RING_NAMES
from keyturn.domain.revocations.revocation import FEED_OVERLAP, GLOBAL_COPIES


@dataclass(frozen=True)
class Load:
    """Settings of a deployment's authorizer; times in seconds, sizes in bytes.

    `requests`: λ, per second and sandbox. `revocations`: per second, in all. `ring`: size of the ring's item.
    `feed_item`: size of one. `token_lifetime`: of a token. `targets`: items that hold those of one token.
    `busiest_client`: its share of all requests. `lifetime`: of a sandbox, until Lambda replaces it.
    `absent_period`: from one look for absent rings to the next.
    """

    sandboxes: int
    requests: float = 10.0
    bound: float = 10.0
    revocations: float = 0.1
    ring: int = 2500
    feed_item: int = 200
    token_lifetime: float = 3610.0
    targets: int = 4
    busiest_client: float = 0.5
    lifetime: float = 7200.0
    absent_period: float = ABSENT_PERIOD

    @property
    def refreshes(self) -> float:
        """Renewals of one view per second, by all sandboxes: S / (B/2 + 1/λ)."""
        return self.sandboxes / (self.bound / 2 + 1 / self.requests)

    @property
    def decisions(self) -> float:
        """Decisions per second, by all sandboxes: S·λ."""
        return self.sandboxes * self.requests

    @property
    def starts(self) -> float:
        """Cold starts per second in a steady state: S / lifetime."""
        return self.sandboxes / self.lifetime

    @property
    def looks(self) -> float:
        """Renewals of the keys per second, by all sandboxes, that ask for the absent rings too.

        Such a renewal is the first one a minute or more after the last. The n-th renewal comes after n·B/2 and n pauses
        of 1/λ on average. It comes within the minute if n requests or more fit into what n·B/2 leaves of it.
        """
        half = self.bound / 2
        within = range(1, ceil(self.absent_period / half))
        renewals = 1 + sum(_at_least(n, self.requests * (self.absent_period - n * half)) for n in within)
        return self.refreshes / renewals

    @property
    def ring_units(self) -> float:
        """Units of one renewal of the keys on average: the default ring's item, and now and then the absent rings."""
        return read_units(self.ring) + (len(RING_NAMES) - 1) * self.looks / self.refreshes

    @property
    def tail_units(self) -> int:
        """Units of the Query of one renewal: what was written in the overlap and since the last renewal."""
        window = FEED_OVERLAP + self.bound / 2 + 1 / self.requests
        return query_units(self.revocations * window, self.feed_item)

    @property
    def live_revocations(self) -> float:
        """Revocations that a snapshot holds: those of one longest token lifetime."""
        return self.revocations * (self.token_lifetime + FEED_OVERLAP)

    @property
    def load_units(self) -> int:
        """Units of a sandbox's first Query, which reads all that lives."""
        return query_units(self.live_revocations, self.feed_item)

    @property
    def mean_age(self) -> float:
        """Age of the view at a decision, on average: λ·(B/2)² / 2 / (1 + λ·B/2), since the renewing one finds age 0."""
        half = self.bound / 2
        return self.requests * half * half / 2 / (1 + self.requests * half)

    def age_quantile(self, share: float) -> float:
        """Return the age that this share of decisions does not exceed: (share·(1 + λ·B/2) - 1) / λ, at least 0."""
        return max(0.0, (share * (1 + self.requests * self.bound / 2) - 1) / self.requests)


def _at_least(count: int, expected: float) -> float:
    """Return the probability of so many requests or more, where so many are expected (Poisson)."""
    missing, term = 0.0, exp(-expected)
    for number in range(count):
        missing += term
        term *= expected / (number + 1)
    return 1 - missing


def read_rates(load: Load, mode: str) -> dict[str, float]:
    """Return the read units per second of what can be a bottleneck, in the mode "snapshot" or "strict".

    The names are those of `limits.CAPACITY`.
    """
    rates = {
        "ring item": load.refreshes * read_units(load.ring),
        "ring partition": load.refreshes * load.ring_units,
        "ring table": load.refreshes * load.ring_units,
    }
    if mode == "strict":
        return rates | {
            "client item": load.decisions * load.busiest_client,
            "global copy": load.decisions / GLOBAL_COPIES,
            "revocation table": load.decisions * load.targets,
        }
    feed = load.refreshes * load.tail_units + load.starts * load.load_units
    return rates | {
        "feed of the day": feed,
        "global copy": load.refreshes / GLOBAL_COPIES,
        "revocation table": feed + load.refreshes + load.starts * load.targets,
    }


def reads_a_second(load: Load, mode: str) -> float:
    """Return all read units per second, of both tables."""
    rates = read_rates(load, mode)
    return rates["ring table"] + rates["revocation table"]
