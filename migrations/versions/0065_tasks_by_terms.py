"""Check the versions that tasks name once per statement, too, and index only the visits that closed one.

Two foreign keys were an eighth of a generation's time: 600,000 look-ups each of one row. A rule's versions are never
deleted, and of a template's versions a task names a published one, which is frozen.
"""

from __future__ import annotations

from alembic import op

from inspection_api.core.references import keep_rows

revision = "0065"
down_revision = "0064"
branch_labels = None
depends_on = None

_RULE_VERSION = """
    IF EXISTS (SELECT FROM {named}
               WHERE NOT EXISTS (SELECT FROM inspection_rule_version v
                                 WHERE v.rule_id = n.rule_id AND v.number = n.rule_version)) THEN
        RAISE foreign_key_violation USING CONSTRAINT = 'fk_task_rule_version', TABLE = 'task',
            MESSAGE = 'task.rule_version names no version of its rule';
    END IF;"""
_TEMPLATE_VERSION = """
    IF EXISTS (SELECT FROM {named}
               WHERE NOT EXISTS (SELECT FROM template_version v
                                 WHERE v.id = n.template_version_id AND v.status = 'published')) THEN
        RAISE foreign_key_violation USING CONSTRAINT = 'fk_task_template_version_id', TABLE = 'task',
            MESSAGE = 'task.template_version_id names no published template_version';
    END IF;"""
_RULES = "(SELECT DISTINCT rule_id, rule_version FROM {rows} WHERE rule_id IS NOT NULL) n"
_TEMPLATES = "(SELECT DISTINCT template_version_id FROM {rows}) n"
_OF_ROW = "(SELECT NEW.*) changed"

_FUNCTION = """
CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN{checks}
    RETURN NULL;
END $$
"""
_INSERTED = """
CREATE TRIGGER task_versions_insert AFTER INSERT ON task REFERENCING NEW TABLE AS changed
FOR EACH STATEMENT EXECUTE FUNCTION task_versions()
"""
_UPDATED = """
CREATE TRIGGER task_versions_update AFTER UPDATE OF rule_id, rule_version, template_version_id ON task
FOR EACH ROW EXECUTE FUNCTION task_versions_row()
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute(keep_rows("inspection_rule_version"))
    for name, rows in (("task_versions", "changed"), ("task_versions_row", _OF_ROW)):
        rule = _RULE_VERSION.format(named=_RULES.format(rows=rows))
        template = _TEMPLATE_VERSION.format(named=_TEMPLATES.format(rows=rows))
        op.execute(_FUNCTION.format(name=name, checks=rule + template))
    op.execute(_INSERTED)
    op.execute(_UPDATED)
    op.drop_constraint(op.f("fk_task_rule_version"), "task")
    op.drop_constraint(op.f("fk_task_template_version_id"), "task")
    op.drop_index("ix_task_closed_by", "task")
    op.execute("CREATE INDEX ix_task_closed_by ON task (closed_by) WHERE closed_by IS NOT NULL")


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_index("ix_task_closed_by", "task")
    op.create_index("ix_task_closed_by", "task", ["closed_by"])
    op.create_foreign_key(
        op.f("fk_task_template_version_id"), "task", "template_version", ["template_version_id"], ["id"]
    )
    op.create_foreign_key(
        "fk_task_rule_version", "task", "inspection_rule_version", ["rule_id", "rule_version"], ["rule_id", "number"]
    )
    op.execute("DROP FUNCTION task_versions CASCADE")
    op.execute("DROP FUNCTION task_versions_row CASCADE")
    op.execute("DROP TRIGGER inspection_rule_version_kept ON inspection_rule_version")
