"""Banks: one PostgreSQL schema each, and ``public.bank`` as the only map (architecture.md §3, Banks; ADR 0002).

A bank is named by its code at login and by its random tag everywhere else (tokens, plates, papers, Redis keys, storage
paths). Its key never leaves this module unsealed except as keys derived for one purpose.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import text

from inspection_api.core.errors import Conflict, Invalid, Unavailable
from inspection_api.core.logs import log

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection, Engine, Row

_CODE = re.compile(r"[a-z][a-z0-9]{1,19}")
_NONCE_BYTES = 12
_CACHE_SECONDS = 5.0

_CATALOGUE = """
CREATE TABLE IF NOT EXISTS public.bank (
    code text PRIMARY KEY,
    name text NOT NULL,
    tag text NOT NULL UNIQUE,
    schema text NOT NULL UNIQUE,
    sealed_key bytea NOT NULL,
    revision text,
    created_at timestamptz NOT NULL DEFAULT now()
);
DO $$ BEGIN
    IF NOT EXISTS (SELECT FROM pg_attribute WHERE attrelid = 'public.bank'::regclass AND attname = 'cluster') THEN
        ALTER TABLE public.bank ADD COLUMN cluster text;
    END IF;
END $$;
CREATE TABLE IF NOT EXISTS public.login_failure (
    scope text NOT NULL,
    key text NOT NULL,
    count integer NOT NULL,
    last_at timestamptz NOT NULL,
    PRIMARY KEY (scope, key)
)
"""

# Which history this is: a copy of a database in another cluster has another identifier, and one that was recovered to a
# point in time, or promoted, has another timeline (ADR 0011).
_CLUSTER = "(SELECT s.system_identifier || '/' || c.timeline_id FROM pg_control_system() s, pg_control_checkpoint() c)"


class BankMaintenance(Unavailable):
    """The bank's schema is being migrated, or waits for it."""

    code = "bank_maintenance"
    title = "银行系统维护中，请稍后再试"


class BankRestored(Unavailable):
    """The database came back from a backup, and nobody has said so to the devices yet (`restore-finish`)."""

    code = "bank_restored"
    title = "数据库已从备份恢复，请先运行 restore-finish"


class SecretWrong(Unavailable):
    """A bank's key does not open with this installation's secret."""

    code = "secret_wrong"
    title = "XUNJI_SECRET_KEY 与数据库中的银行密钥不符"


class BankExists(Conflict):
    """A bank with this code is there already."""

    code = "bank_exists"
    title = "银行代码已存在"


class BankCodeInvalid(Invalid):
    """A bank's code is 2–20 lower-case letters and digits, a letter first."""

    code = "bank_code_invalid"
    title = "银行代码须为 2–20 位小写字母或数字，以字母开头"


@dataclass(frozen=True, slots=True, kw_only=True)
class Bank:
    """One bank; ``revision`` is the migration its schema is at (None before the first).

    ``key`` is None where it does not open with this installation's secret: nobody works in such a bank.
    ``is_restored``: its database is not the one, or not the history, that it was last known to live in.
    """

    code: str
    name: str
    tag: str
    schema: str
    revision: str | None
    key: bytes | None = field(repr=False)
    is_restored: bool = False

    def derived_key(self, purpose: str) -> bytes:
        """Return the 32-byte MAC key of ``purpose`` (``plate``, ``paper``, ``cursor`` …).

        Raises:
            SecretWrong: the bank's key is sealed.
        """
        if self.key is None:
            raise SecretWrong(self.code)
        return hmac.digest(self.key, purpose.encode(), hashlib.sha256)


@dataclass(slots=True, kw_only=True)
class BankCatalogue:
    """The banks of the installation, remembered for five seconds so that a request costs no look-up."""

    engine: Engine
    secret_key: bytes = field(repr=False)
    head: str | None = None
    _banks: tuple[Bank, ...] = ()
    _read_at: float = float("-inf")
    _told: set[str] = field(default_factory=set)

    def ensure_table(self) -> None:
        """Create ``public.bank`` if the installation is new, and where logins at unknown banks are counted."""
        with self.engine.begin() as connection:
            connection.execute(text(_CATALOGUE))

    def everyone(self) -> tuple[Bank, ...]:
        """Return all banks by code, freshly read; one whose key does not open has none, and harms no other."""
        with self.engine.connect() as connection:
            rows = connection.execute(text(f"SELECT *, {_CLUSTER} AS here FROM public.bank ORDER BY code")).all()  # noqa: S608 - a constant
        self._banks = tuple(self._unsealed(row) for row in rows)
        self._read_at = time.monotonic()
        return self._banks

    def find_by_code(self, code: str) -> Bank | None:
        """Return the bank that calls itself ``code``, if there is one and it is ready.

        Raises:
            BankMaintenance: its schema is not at this program's migration.
            SecretWrong: its key does not open with this installation's secret.
        """
        return self._ready(next((bank for bank in self._known() if bank.code == code), None))

    def find_by_tag(self, tag: str) -> Bank | None:
        """Return the bank with the random tag ``tag``; raises as :meth:`find_by_code`."""
        return self._ready(next((bank for bank in self._known() if bank.tag == tag), None))

    def nowhere(self) -> Bank:
        """Return the place of those who name no bank of ours: ``public``, which knows no people and no business."""
        key = hmac.digest(self.secret_key, b"nowhere", hashlib.sha256)
        return Bank(code="", name="", tag="", schema="public", revision=self.head, key=key)

    def is_ready(self, bank: Bank) -> bool:
        """Tell whether work may go on in ``bank``: its key opens, its schema is up to date, and it is no backup."""
        return bank.key is not None and bank.revision == self.head and not bank.is_restored

    def create(self, code: str, name: str) -> Bank:
        """Register a bank and create its empty schema; the caller migrates it.

        Raises:
            BankCodeInvalid: the code has the wrong form.
            BankExists: the code is taken.
        """
        if not _CODE.fullmatch(code):
            raise BankCodeInvalid
        with self.engine.begin() as connection:
            self._insert(connection, code, name)
            connection.execute(text(f'CREATE SCHEMA "bank_{code}"'))
        return next(bank for bank in self.everyone() if bank.code == code)

    def note_revision(self, bank: Bank, revision: str) -> None:
        """Write down the migration at which the bank's schema now is."""
        self._note(bank, f"revision = :revision, cluster = coalesce(cluster, {_CLUSTER})", revision=revision)

    def note_restored(self, bank: Bank) -> None:
        """Write down that the bank lives in this history of this database now."""
        self._note(bank, f"cluster = {_CLUSTER}")

    def ensure_not_restored(self) -> None:
        """Refuse to work while a bank came back from a backup and its devices were not told.

        Raises:
            BankRestored: with the codes of the banks.
        """
        restored = [bank.code for bank in self.everyone() if bank.is_restored]
        if restored:
            raise BankRestored("、".join(restored), banks=restored, retry_after_s=30)

    def _note(self, bank: Bank, assignments: str, **values: str) -> None:
        statement = text(f"UPDATE public.bank SET {assignments} WHERE code = :code")  # noqa: S608 - our own constants
        with self.engine.begin() as connection:
            connection.execute(statement, {**values, "code": bank.code})
        self._read_at = float("-inf")

    def _insert(self, connection: Connection, code: str, name: str) -> None:
        tag = secrets.token_hex(4)
        values = {"code": code, "name": name, "tag": tag, "schema": f"bank_{code}", "key": self._sealed(tag)}
        statement = text(
            "INSERT INTO public.bank (code, name, tag, schema, sealed_key) VALUES (:code, :name, :tag, :schema, :key)"
            " ON CONFLICT (code) DO NOTHING RETURNING code"
        )
        if connection.execute(statement, values).first() is None:
            raise BankExists

    def _known(self) -> Sequence[Bank]:
        fresh = time.monotonic() - self._read_at < _CACHE_SECONDS
        return self._banks if fresh else self.everyone()

    def _ready(self, bank: Bank | None) -> Bank | None:
        if bank is not None and self.head is not None and bank.revision != self.head:
            raise BankMaintenance(retry_after_s=30)
        if bank is not None and bank.key is None:
            raise SecretWrong(bank.code)
        if bank is not None and bank.is_restored:
            raise BankRestored(retry_after_s=30)
        return bank

    def _sealed(self, tag: str) -> bytes:
        nonce = secrets.token_bytes(_NONCE_BYTES)
        return nonce + self._cipher().encrypt(nonce, secrets.token_bytes(32), tag.encode())

    def _unsealed(self, row: Row[tuple[object, ...]]) -> Bank:
        known = getattr(row, "cluster", None)  # the column comes with the first command line of this version
        return Bank(
            code=row.code,
            name=row.name,
            tag=row.tag,
            schema=row.schema,
            revision=row.revision,
            key=self._key(row),
            is_restored=known is not None and known != row.here,
        )

    def _key(self, row: Row[tuple[object, ...]]) -> bytes | None:
        """Return the bank's key; None, and one line in the log, where it does not open."""
        sealed = bytes(row.sealed_key)
        try:
            return self._cipher().decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], row.tag.encode())
        except (InvalidTag, ValueError):
            if row.code not in self._told:
                log.warning("bank_key_sealed", bank=row.code)
            self._told.add(row.code)
            return None

    def _cipher(self) -> AESGCM:
        return AESGCM(hashlib.sha256(b"bank-keys" + self.secret_key).digest())
