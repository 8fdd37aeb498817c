"""The named bugs: what each changes in the source, and which tests must see it (sync.md §9, layer 6).

A test selection is given to pytest as it stands. Texts are exact and occur once, so that a bug which no longer applies
is told apart from one that nobody sees.
"""

from __future__ import annotations

from dataclasses import dataclass

PUSH = "sync/service/push.py"
JUDGING = "sync/service/judging.py"
ORDER = "sync/protocol/order.py"
LEDGER = "sync/protocol/ledger.py"
ROWS = "sync/service/rows.py"
CURSOR = "sync/protocol/cursor.py"
RECORD_RULES = "inspection_api/inspections/rules.py"
FEED = "migrations/versions/0001_foundation.py"
FEED_ONCE = "migrations/versions/0027_feed_once.py"
MIRROR = "sync/client/mirror.py"
ADDRESSING = "inspection_api/alerts/service/addressing.py"
ALERTS = "inspection_api/alerts/queries.py"
SIMULATION = (
    "tests/sync/simulation/test_simulation.py::test_whatever_the_network_does_nothing_is_lost_doubled_or_leaked"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bug:
    """One bug: ``edits`` are (file, text, other text)."""

    name: str
    edits: tuple[tuple[str, str, str], ...]
    tests: tuple[str, ...] = (SIMULATION,)


BUGS: tuple[Bug, ...] = (
    Bug(
        name="receipt outside the transaction of its effect",
        edits=((PUSH, "    told = receipts.store(ctx,", "    ctx.session.commit()\n    told = receipts.store(ctx,"),),
    ),
    Bug(
        name="no savepoint around the effects of a batch",
        edits=(
            (
                JUDGING,
                "        with ahead.savepoint(ctx.session):\n            writing.apply(ctx, judged, ",
                "        if True:\n            writing.apply(ctx, judged, ",
            ),
        ),
        tests=("tests/sync/test_poison.py",),
    ),
    Bug(
        name="no deduplication by op_id",
        edits=(
            (ORDER, "before = ledger.known.get(received.head.op_id)", "before = None"),
            (ORDER, "if op_id not in known]\n    settled", "if position.is_free(received.head.seq)]\n    settled"),
        ),
        tests=("tests/sync/test_order.py", "tests/sync/test_properties.py"),
    ),
    Bug(
        name="the same batch is applied again",
        edits=(
            (PUSH, "if not is_new:", "if None is is_new:"),
            (ORDER, "before = ledger.known.get(received.head.op_id)", "before = None"),
        ),
    ),
    Bug(
        name="nothing is held behind a gap",
        edits=((LEDGER, "return self._first_fresh_gap is not None and self._first_fresh_gap < seq", "return False"),),
        tests=("tests/sync/test_order.py", "tests/sync/test_properties.py"),
    ),
    Bug(
        name="acknowledged past a gap",
        edits=((LEDGER, "min(self.gaps, default=self.next_seq) - 1", "self.next_seq - 1"),),
        tests=("tests/sync/test_order.py",),
    ),
    Bug(
        name="the later value wins a clash",
        edits=(
            (
                RECORD_RULES,
                "return Outcome.CONFLICT if change.version > base_version else Outcome.APPLIED",
                "return Outcome.APPLIED",
            ),
        ),
        tests=("tests/sync/test_properties.py", "tests/inspections"),
    ),
    Bug(
        name="a device clashes with itself",
        edits=((RECORD_RULES, "    if change.device_id == device_id:\n", "    if change.device_id == '':\n"),),
        tests=("tests/sync/test_properties.py", "tests/inspections"),
    ),
    Bug(
        name="a submission drops what another device added",
        edits=((RECORD_RULES, "    if is_whole:\n", "    if is_whole and not unseen:\n"),),
        tests=("tests/sync/test_drafts.py",),
    ),
    Bug(
        name="acceptance ignores what blocks a record",
        edits=((RECORD_RULES, "if state is not State.SUBMITTED or blocked_by:", "if state is not State.SUBMITTED:"),),
        tests=("tests/inspections",),
    ),
    Bug(
        name="a quarantined visit counts",
        edits=((RECORD_RULES, "Blocker.QUARANTINE: bool(quarantine_codes)", "Blocker.QUARANTINE: False"),),
        tests=("tests/inspections",),
    ),
    Bug(
        name="grants are not checked at the pull",
        edits=((ROWS, "if not entity.is_shared:", "if name not in ENTITIES:"),),
    ),
    Bug(
        name="the pull takes anybody's grants",
        edits=((ROWS, 'grants.user_id == bindparam("user_id"), ', ""),),
    ),
    Bug(
        name="losing access drops nothing",
        edits=((FEED_ONCE, "SELECT CASE TG_OP WHEN 'DELETE' THEN 'drop' ELSE 'put' END,", "SELECT 'put',"),),
        tests=("tests/sync/test_pull.py",),
    ),
    Bug(
        name="feed numbers are taken at the write, from a sequence",
        edits=(
            (
                FEED,
                (
                    'op.execute("CREATE TABLE feed_counter (one boolean NOT NULL, value bigint NOT NULL)'
                    ' WITH (fillfactor = 10)")'
                ),
                (
                    'op.execute("CREATE SEQUENCE naive MINVALUE 0 START 0")\n    op.execute("CREATE VIEW feed_counter'
                    ' AS SELECT true AS one, last_value AS value FROM naive")'
                ),
            ),
            (FEED, '    op.create_primary_key("pk_feed_counter", "feed_counter", ["one"])\n', ""),
            (FEED, '    op.create_check_constraint(op.f("ck_feed_counter_only_row"), "feed_counter", "one")\n', ""),
            (FEED, '    op.execute("INSERT INTO feed_counter VALUES (true, 0)")\n', ""),
            (FEED, "DEFERRABLE INITIALLY DEFERRED", "DEFERRABLE INITIALLY IMMEDIATE"),
            (
                FEED_ONCE,
                (
                    "UPDATE feed_counter SET value = value + cardinality(NEW.ids)"
                    " RETURNING value - cardinality(NEW.ids) INTO base;"
                ),
                (
                    "base := setval('naive', (SELECT last_value FROM naive) + cardinality(NEW.ids))"
                    " - cardinality(NEW.ids);"
                ),
            ),
        ),
        tests=("tests/fire/test_gap.py::test_a_slow_transaction_hides_nothing_from_the_reader",),
    ),
    Bug(
        name="a cursor's MAC is not checked",
        edits=((CURSOR, "not hmac.compare_digest(mac, self._mac(content)) or ", ""),),
        tests=("tests/sync/test_protocol.py", "tests/sync/test_pull.py"),
    ),
    Bug(
        name="a cursor's epoch is ignored",
        edits=((CURSOR, "        if epoch != _epoch_tag(self.epoch):\n", "        if epoch == b'':\n"),),
        tests=("tests/sync/test_protocol.py",),
    ),
    Bug(
        name="a signature is not checked",
        edits=(
            (
                "sync/protocol/signature.py",
                ".verify(signature, body)\n    except (InvalidSignature, ",
                "\n    except (InvalidSignature, ",
            ),
        ),
        tests=("tests/sync/test_protocol.py",),
    ),
    Bug(
        name="an unapproved device pulls",
        edits=(("sync/service/pull.py", "if not device.is_approved:", "if device is None:"),),
        tests=("tests/sync/test_round_trip.py", SIMULATION),
    ),
    Bug(
        name="the device keeps what did not come again",
        edits=(
            (
                MIRROR,
                '                db.execute("DELETE FROM entity WHERE round < ?"',
                '                db.execute("DELETE FROM entity WHERE round < -?"',
            ),
        ),
        tests=("tests/sync/test_client.py",),
    ),
    Bug(
        name="an older row overwrites a newer one on the device",
        edits=((MIRROR, "WHERE excluded.version >= version", "WHERE true"),),
        tests=("tests/sync/test_client.py",),
    ),
    Bug(
        name="a request for an unlock reaches nobody's device",
        edits=(
            (
                "kiosk_print/service/unlocks.py",
                '"unlock_request", each.id) for each in made])',
                '"unlock_request", each.id) for each in made[:0]])',
            ),
        ),
        tests=("tests/sync/test_papers.py",),
    ),
    Bug(
        name="a former officer keeps the alerts of an enterprise",
        edits=(
            (ADDRESSING, 'for user_id, alert_id in lost], reason="reassigned")', "for user_id, alert_id in lost[:0]])"),
        ),
        tests=("tests/sync/test_alerts.py",),
    ),
    Bug(
        name="an alert is raised past a change of hands",
        edits=((ALERTS, ".order_by(Customer.id).with_for_update(key_share=True)", ".order_by(Customer.id)"),),
        tests=("tests/sync/test_alerts.py",),
    ),
    Bug(
        name="media of what is quarantined have nowhere to go",
        edits=(
            (
                "sync/protocol/additions.py",
                "return replace(self, inspection_id=None) if self.media else None",
                "return None",
            ),
        ),
        tests=("tests/sync/test_parting_media.py",),
    ),
    Bug(
        name="a save counts whoever was responsible",
        edits=(("sync/protocol/save.py", "(*step.codes, *duty.codes, *unapproved)", "(*step.codes, *unapproved)"),),
        tests=("tests/sync/test_policy.py",),
    ),
    Bug(
        name="a forgotten removal expires no cursor",
        edits=(
            (
                "sync/service/compaction.py",
                "SET horizon = greatest(horizon, (SELECT max(seq) FROM forgotten))",
                "SET horizon = horizon",
            ),
        ),
        tests=("tests/sync/test_compaction.py",),
    ),
    Bug(
        name="files are not offered again after a restore",
        edits=(("sync/client/outbox.py", "location = NULL WHERE state = 'stored'", "location = NULL WHERE false"),),
        tests=("tests/sync/test_restore_client.py",),
    ),
    Bug(
        name="a supervisor's word is overwritten by who has not seen it",
        edits=(
            (
                "sync/protocol/desk.py",
                "FieldChange(version=version + 1, device_id=DESK",
                "FieldChange(version=0 * version, device_id=DESK",
            ),
        ),
        tests=("tests/sync/test_desk.py",),
    ),
)
