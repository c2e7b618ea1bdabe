"""The writes of a revocation: the update of its target items, which keeps the later cutoff, and its feed item.

The authorizer imports `revocation_item` alone, which reads them.
"""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import Any, NamedTuple

from keyturn.adapters.aws.attribute_values import encode_item
from keyturn.adapters.aws.item_version import ITEM_VERSION
from keyturn.adapters.revocations.revocation_item import pair_attribute, target_key
from keyturn.domain.revocations.revocation import GLOBAL_COPIES, Revocation, Target, TargetKind


class Cause(NamedTuple):
    """The reason and the actor of a revocation, for people who read the items; the verifiers ignore them."""

    reason: str
    actor: str


def stored_targets(target: Target) -> tuple[Target, ...]:
    """Return the targets whose items a revocation writes: all copies of global, else the target alone."""
    if target.kind is TargetKind.GLOBAL:
        return tuple(Target.of(TargetKind.GLOBAL, str(copy)) for copy in range(GLOBAL_COPIES))
    return (target,)


def target_update(target: Target, revocation: Revocation, cause: Cause) -> dict[str, Any]:
    """Return the arguments of a conditional UpdateItem, which fails if it would weaken the stored revocation.

    `not_before` and `expires_at` never become earlier; compromised kids and other cutoffs stay unchanged.
    """
    values: dict[str, Any] = {":v": ITEM_VERSION, ":expires": revocation.expires_at}
    update = "SET v = if_not_exists(v, :v), expires_at = :expires"
    condition = "(attribute_not_exists(expires_at) OR expires_at <= :expires)"
    if target.kind is TargetKind.PAIR:
        values[":pair"] = {"not_before": revocation.not_before, "reason": cause.reason, "actor": cause.actor}
        update += ", #pair = :pair"
    else:
        values |= {":reason": cause.reason, ":actor": cause.actor}
        update += ", reason = :reason, actor = :actor"
    if revocation.not_before is not None:
        values[":cut"] = revocation.not_before
        update += "" if target.kind is TargetKind.PAIR else ", not_before = :cut"
        cutoff = _path(target, "not_before")
        condition += f" AND (attribute_not_exists({cutoff}) OR {cutoff} <= :cut)"
    return _update(target, update, condition, values) | {"ReturnValuesOnConditionCheckFailure": "ALL_OLD"}


def acknowledgement_update(target: Target, revocation: Revocation) -> dict[str, Any]:
    """Return the arguments of an UpdateItem that records with a target that its revocation was acknowledged.

    The record is the revocation cutoff, or 0 for a kind without one. It creates nothing: the target may have expired.
    """
    exists = "attribute_exists(#pair)" if target.kind is TargetKind.PAIR else "attribute_exists(pk)"
    update = f"SET {_path(target, 'acknowledged')} = :cutoff"
    return _update(target, update, exists, {":cutoff": revocation.not_before or 0})


def is_acknowledged(item: dict[str, Any], revocation: Revocation) -> bool:
    """Return whether a target item records that this revocation, or one with a later cutoff, was acknowledged."""
    pair = pair_attribute(revocation.target)
    cutoff = (item if pair is None else item.get(pair, {})).get("acknowledged")
    return type(cutoff) is int and (revocation.not_before or 0) <= cutoff


def _path(target: Target, name: str) -> str:
    return f"#pair.{name}" if target.kind is TargetKind.PAIR else name


def _update(target: Target, update: str, condition: str, values: dict[str, Any]) -> dict[str, Any]:
    names = {"ExpressionAttributeNames": {"#pair": pair_attribute(target)}} if target.kind is TargetKind.PAIR else {}
    return names | {
        "Key": target_key(target),
        "UpdateExpression": update,
        "ConditionExpression": condition,
        "ExpressionAttributeValues": encode_item(values),
    }


def feed_item(revocation: Revocation, cause: Cause, *, feed_id: str, now: float, expires_at: float) -> dict[str, Any]:
    """Return the feed item as attribute values; `now` is service time in seconds, `expires_at` the item's expiry."""
    day = datetime.fromtimestamp(now, UTC).strftime("%Y-%m-%d")
    return encode_item(
        {
            "pk": f"feed#{day}",
            "sk": f"{math.floor(now * 1_000_000):016d}#{feed_id}",
            "v": ITEM_VERSION,
            "target": revocation.target.key,
            "kind": revocation.target.kind.value,
            "not_before": revocation.not_before,
            "target_expires_at": revocation.expires_at,
            "reason": cause.reason,
            "actor": cause.actor,
            "expires_at": math.ceil(expires_at),
        }
    )
