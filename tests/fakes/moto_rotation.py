"""The rotator's real adapters on moto, with the attributes of the fakes: each version of the ring, each key's state."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from keyturn.adapters.keys.dynamodb_key_ring import DynamoDbKeyRingStore
from keyturn.adapters.revocations.dynamodb_revocation_reader import DynamoDbRevocationReader
from keyturn.domain.keys.key_ring import DEFAULT_RING, KeyRing
from keyturn.domain.revocations.revocation import GLOBAL_COPIES, Target, TargetKind
from tests.fakes.moto_dynamodb import create_table, moto_dynamodb
from tests.fakes.moto_kms import moto_kms, provisioner
from tests.fakes.rotation_harness import RotationHarness
from tests.fakes.young_account import Waits

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_kms import KMSClient

RINGS, REVOCATIONS = "rings", "revocations"


class KeyInMoto(NamedTuple):
    """One key with its state in KMS's words."""

    state: str


class KeysInMoto(Mapping[str, KeyInMoto]):
    """The keys that KMS ever made, by ARN."""

    def __init__(self, kms: KMSClient) -> None:
        self._kms = kms

    def __getitem__(self, arn: str) -> KeyInMoto:
        """Return the key of the ARN."""
        return KeyInMoto(self._kms.describe_key(KeyId=arn)["KeyMetadata"].get("KeyState", ""))

    def __iter__(self) -> Any:
        """Yield the ARNs."""
        return iter([key["KeyArn"] for key in self._kms.list_keys()["Keys"]])

    def __len__(self) -> int:
        """Return the number of keys."""
        return len(self._kms.list_keys()["Keys"])


class RecordedStore(DynamoDbKeyRingStore):
    """The real store; `history` has every version as it was stored, `global_kids` what all copies of global refuse."""

    def __init__(self, dynamodb: DynamoDBClient) -> None:
        super().__init__(dynamodb, RINGS, REVOCATIONS, pause=lambda _: None)
        self._client = dynamodb
        self.history: list[KeyRing] = []

    @property
    def ring(self) -> KeyRing:
        """The ring as it is stored."""
        return self.load(DEFAULT_RING)

    @property
    def global_kids(self) -> set[str]:
        """The kids that every copy of global names."""
        copies = [Target.of(TargetKind.GLOBAL, str(copy)) for copy in range(GLOBAL_COPIES)]
        found = DynamoDbRevocationReader(self._client, REVOCATIONS).find(copies)
        kids = {each.target: set(each.compromised_kids) for each in found}
        return set.intersection(*(kids.get(copy, set()) for copy in copies))

    def create(self, ring: KeyRing) -> KeyRing:
        """Store, and look at what is stored."""
        return self._record(super().create(ring))

    def save(self, ring: KeyRing) -> KeyRing:
        """Store, and look at what is stored."""
        return self._record(super().save(ring))

    def save_compromise(self, ring: KeyRing, compromised_kids: Sequence[str]) -> KeyRing:
        """Store, and look at what is stored."""
        return self._record(super().save_compromise(ring, compromised_kids))

    def _record(self, saved: KeyRing) -> KeyRing:
        self.history.append(self.ring)
        return saved


class MotoRotationHarness(RotationHarness):
    """A rotator on the real adapters; `close` ends its AWS, `waits` has the pauses, which take no time here."""

    def __init__(self, **policy: Any) -> None:
        super().__init__(**policy)
        self._aws = ExitStack()
        dynamodb = self._aws.enter_context(moto_dynamodb())
        kms = self._aws.enter_context(moto_kms())
        create_table(dynamodb, RINGS, "pk")
        create_table(dynamodb, REVOCATIONS, "pk", "sk")
        self.clients = (dynamodb, kms)
        self.waits = Waits()
        self.store = RecordedStore(dynamodb)  # type: ignore[assignment]
        self._created: dict[str, float] = {}
        kms.meta.events.register("after-call.kms.CreateKey", self._note_creation)
        kms.meta.events.register("after-call.kms.DescribeKey", self._tell_creation)
        self.kms = provisioner(kms, self.waits)  # type: ignore[assignment]
        self.kms.made = KeysInMoto(kms)  # type: ignore[assignment]

    def close(self) -> None:
        """End its AWS."""
        self._aws.close()

    def _note_creation(self, parsed: dict[str, Any], **_event: Any) -> None:
        if "KeyMetadata" in parsed:
            self._created[parsed["KeyMetadata"]["Arn"]] = self.clock.seconds

    def _tell_creation(self, parsed: dict[str, Any], **_event: Any) -> None:
        """Let a key be created by the harness's clock: moto takes this machine's."""
        found = parsed.get("KeyMetadata")
        if found is not None:
            found["CreationDate"] = datetime.fromtimestamp(self._created[found["Arn"]], UTC)
