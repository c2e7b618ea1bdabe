"""How many examples the properties try: a few in `make test`; in `make fuzz`, a million of the verifier's in all.

None has a deadline: how long an example takes is the machine's matter, and what is bounded has a test that counts.
"""

from __future__ import annotations

import sys

from hypothesis import settings

settings.register_profile("short", deadline=None)
settings.load_profile("short")
# Examples of each of six properties.
settings.register_profile("long", max_examples=170_000, deadline=None)


def pytest_collection_finish() -> None:
    """Keep what boto3 sets up, where a test imports it: other runs, such as those of the guards, start sooner."""
    if "botocore" in sys.modules:
        from tests.fakes.kept_setups import keep_setups

        keep_setups()
