"""Uploads below HTTP: lines that break, lengths that nobody announced, leases that end."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from sqlalchemy import update

from inspection_api.core.storage import PartialMoved
from inspection_api.media import service
from inspection_api.media.errors import MediaTooLarge, UploadBusy
from inspection_api.media.models import MediaUpload
from inspection_api.media.rules.uploads import Checksum, Declaration
from inspection_api.media.service import uploads
from tests.media.conftest import jpeg

if TYPE_CHECKING:
    from collections.abc import Iterator

    from inspection_api.core.storage import Storage
    from inspection_api.media.service import Transactions
    from tests.factories import World

DATA = jpeg()


@pytest.fixture
def transactions(world: World) -> Transactions:
    return lambda: world.transaction("officer")


@pytest.fixture
def declaration(transactions: Transactions) -> Declaration:
    sha256 = hashlib.sha256(DATA).hexdigest()
    declared = Declaration(id=uuid4(), mime="image/jpeg", bytes=len(DATA), sha256=sha256)
    service.create(transactions, declared)
    return declared


def breaking() -> Iterator[bytes]:
    yield DATA[:500]
    raise ConnectionResetError


def test_a_broken_line_keeps_its_bytes_and_gives_the_lease_back(
    transactions: Transactions, declaration: Declaration
) -> None:
    with pytest.raises(ConnectionResetError):
        service.append(transactions, declaration.id, breaking(), offset=0, coming=len(DATA))

    assert service.find_progress(transactions, declaration.id).offset == 500
    done = service.append(transactions, declaration.id, iter([DATA[500:]]), offset=500, coming=None)
    assert (done.offset, done.expires_at) == (len(DATA), None)


def test_a_broken_line_with_a_checksum_keeps_nothing(transactions: Transactions, declaration: Declaration) -> None:
    checksum = Checksum(algorithm="sha1", digest=bytes(20))
    with pytest.raises(ConnectionResetError):
        service.append(transactions, declaration.id, breaking(), offset=0, coming=len(DATA), checksum=checksum)

    assert service.find_progress(transactions, declaration.id).offset == 0


def test_more_than_declared_without_an_announced_length_is_cut_off(
    transactions: Transactions, declaration: Declaration
) -> None:
    service.append(transactions, declaration.id, iter([DATA[:500]]), offset=0, coming=None)
    with pytest.raises(MediaTooLarge):
        service.append(transactions, declaration.id, iter([DATA[500:], b"more"]), offset=500, coming=None)

    assert service.find_progress(transactions, declaration.id).offset == 500


def test_a_lease_lives_while_bytes_flow(
    transactions: Transactions, declaration: Declaration, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uploads, "_RENEW_EVERY_S", -1)
    done = service.append(transactions, declaration.id, iter([DATA[:9], DATA[9:]]), offset=0, coming=None)

    assert done.offset == len(DATA)


def test_a_writer_whose_lease_was_taken_over_stops(
    transactions: Transactions,
    declaration: Declaration,
    monkeypatch: pytest.MonkeyPatch,
    world: World,
    storage: Storage,
) -> None:
    monkeypatch.setattr(uploads, "_RENEW_EVERY_S", -1)
    rival = uuid4()

    def overtaken() -> Iterator[bytes]:
        yield DATA[:9]
        with world.transaction() as ctx:
            ctx.session.execute(update(MediaUpload).values(lease_token=rival))
        yield DATA[9:]

    with pytest.raises(UploadBusy):
        service.append(transactions, declaration.id, overtaken(), offset=0, coming=None)

    assert storage.partial_size(world.bank.tag, declaration.id) == 9
    with world.transaction() as ctx:
        assert ctx.session.get_one(MediaUpload, declaration.id).lease_token == rival


@pytest.mark.parametrize("interruption", [None, ConnectionResetError])
def test_an_overtaken_writer_with_a_checksum_leaves_his_rivals_bytes_alone(
    transactions: Transactions,
    declaration: Declaration,
    world: World,
    storage: Storage,
    interruption: type[Exception] | None,
) -> None:
    def overtaken() -> Iterator[bytes]:
        yield DATA[:9]
        storage.append(world.bank.tag, declaration.id, [DATA[9:500]], offset=9)
        if interruption is not None:
            raise interruption
        yield DATA[9:]

    checksum = Checksum(algorithm="sha256", digest=hashlib.sha256(DATA).digest())
    with pytest.raises(interruption or PartialMoved):
        service.append(transactions, declaration.id, overtaken(), offset=0, coming=None, checksum=checksum)

    assert service.find_progress(transactions, declaration.id).offset == 500
