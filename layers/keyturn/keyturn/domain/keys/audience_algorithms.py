"""The audiences whose tokens are signed by another algorithm than the default ring's, read from AudienceAlgorithms."""

from __future__ import annotations

from keyturn.domain.keys.key_ring import SIGNING_ALGORITHMS


def parse_audience_algorithms(text: str) -> dict[str, str]:
    """Return the algorithm by audience of `audience=algorithm` pairs between spaces; raises ValueError.

    The algorithm's name is also the name of the ring that signs for the audience.
    """
    algorithms: dict[str, str] = {}
    for pair in text.split():
        audience, _, algorithm = pair.rpartition("=")
        if not audience or algorithm not in SIGNING_ALGORITHMS:
            raise ValueError(f"a pair is audience=algorithm, by one of {', '.join(SIGNING_ALGORITHMS)}")
        if audience in algorithms:
            raise ValueError(f"the audience {audience} occurs twice")
        algorithms[audience] = algorithm
    return algorithms
