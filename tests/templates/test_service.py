"""Templates on the database: the default one, the cache of compiled versions, and what the schema itself forbids."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from sqlalchemy import delete, insert, update
from sqlalchemy.exc import IntegrityError

from inspection_api.templates import default_template, service
from inspection_api.templates import queries as templates
from inspection_api.templates.models import TemplateVersion

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.factories import World


def test_a_bank_gets_the_default_template_once(world: World) -> None:
    with world.transaction() as ctx:
        first = service.ensure_default_template(ctx)
        assert service.ensure_default_template(ctx).id == first.id
        assert (first.number, first.status, first.definition) == (1, "published", default_template.DEFINITION)


def test_a_compiled_version_is_read_once_per_process(world: World, queries: Callable[[], list[str]]) -> None:
    with world.transaction() as ctx:
        version_id = service.ensure_default_template(ctx).id
        found = templates.versions_by_id(ctx, [version_id, uuid4()])
        assert found.keys() == {version_id}
        assert found[version_id].family == "plain_paper"
        seen = queries()
        assert templates.versions_by_id(ctx, [version_id])[version_id].form is found[version_id].form
        assert seen == []


def test_a_draft_is_not_among_the_versions(world: World) -> None:
    with world.transaction("province_manager") as ctx:
        template = service.create_template(ctx, code="short", name="简表", family="plain_paper")
        draft = service.draft(ctx, template.id, definition=default_template.DEFINITION)
        assert templates.versions_by_id(ctx, [draft.id]) == {}
        assert templates.current_versions(ctx.session, [template.id]) == {}


def test_the_latest_published_version_is_the_current_one(world: World) -> None:
    with world.transaction() as ctx:
        first = service.ensure_default_template(ctx)
        draft = service.draft(ctx, first.template_id, definition=first.definition)
        proposed = service.propose(ctx, draft.id, version=draft.version)
        second = service.publish(ctx, proposed.id, version=proposed.version)
        service.draft(ctx, first.template_id, definition=first.definition)
        assert templates.current_versions(ctx.session, [first.template_id]) == {first.template_id: second.id}


def test_a_draft_may_be_thrown_away_and_its_number_given_again(world: World) -> None:
    with world.transaction() as ctx:
        first = service.ensure_default_template(ctx)
        draft = service.draft(ctx, first.template_id, definition=first.definition)
        service.discard(ctx, draft.id)
        assert service.draft(ctx, first.template_id, definition=first.definition).number == 2


@pytest.mark.parametrize(
    "change",
    [
        update(TemplateVersion).values(sha256="0"),
        update(TemplateVersion).values(status="draft"),
        delete(TemplateVersion),
    ],
)
def test_the_database_refuses_to_change_a_published_version(world: World, change: object) -> None:
    with world.transaction() as ctx:
        service.ensure_default_template(ctx)
        with pytest.raises(IntegrityError, match="never changes"), ctx.session.begin_nested():
            ctx.session.execute(change)


def test_the_database_refuses_a_second_draft(world: World) -> None:
    with world.transaction() as ctx:
        first = service.ensure_default_template(ctx)
        service.draft(ctx, first.template_id, definition=first.definition)
        values = {"template_id": first.template_id, "number": 9, "status": "draft", "definition": {}, "sha256": ""}
        second = insert(TemplateVersion).values(**values, id=uuid4(), created_at=ctx.now)
        with pytest.raises(IntegrityError, match="uq_template_version_draft"), ctx.session.begin_nested():
            ctx.session.execute(second)
