"""Digests by which a device finds out that what it holds is what it should hold (sync.md §2, Verify).

A bucket is an entity and the first byte of the id, in two hexadecimal digits. Its digest is the sha256, in hexadecimal,
of one line ``id:version`` for each row, sorted by id, each ended by a line feed; ids in their usual lower-case form.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from uuid import UUID

Bucket = tuple[str, str]


def digests(rows: Iterable[tuple[str, UUID, int]]) -> dict[Bucket, str]:
    """Return the digest of each bucket that has rows; ``rows`` are (entity, id, version)."""
    lines: dict[Bucket, list[str]] = defaultdict(list)
    for entity, id_, version in rows:
        lines[entity, f"{id_.bytes[0]:02x}"].append(f"{id_}:{version}\n")
    return {bucket: hashlib.sha256("".join(sorted(held)).encode()).hexdigest() for bucket, held in lines.items()}


def differing(ours: Mapping[Bucket, str], theirs: Mapping[Bucket, str]) -> list[Bucket]:
    """Return the buckets that only one side has, or whose digests differ, in order."""
    return sorted(bucket for bucket in ours.keys() | theirs.keys() if ours.get(bucket) != theirs.get(bucket))
