"""Banks: sealed keys, codes and tags, and a program that waits for a bank's migration."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner
from sqlalchemy import select, text

from inspection_api.accounts.models import Organisation, UserAccount
from inspection_api.cli import main
from inspection_api.core import migrations
from inspection_api.core.banks import BankCatalogue, BankCodeInvalid, BankExists, BankMaintenance, SecretWrong
from inspection_api.core.migrations import head
from inspection_api.templates.models import TemplateVersion
from tests.factories import PASSWORD
from tests.fixtures import SECRET

if TYPE_CHECKING:
    from flask.testing import FlaskClient
    from sqlalchemy import Engine

    from inspection_api.core.banks import Bank
    from inspection_api.core.db import Database
    from tests.factories import World


@pytest.mark.parametrize("code", ["", "a", "A1", "1a", "a-b", "a" * 21, 'a"; DROP SCHEMA x', "ab\n", "巡迹"])
def test_a_code_that_is_no_word_makes_no_schema(catalogue: BankCatalogue, code: str) -> None:
    with pytest.raises(BankCodeInvalid):
        catalogue.create(code, "名")


def test_a_code_is_given_once(catalogue: BankCatalogue, committed_bank: Bank) -> None:
    with pytest.raises(BankExists):
        catalogue.create(committed_bank.code, "另一家")


def test_banks_are_found_by_code_and_by_tag_and_not_by_each_other(catalogue: BankCatalogue, bank: Bank) -> None:
    assert catalogue.find_by_code(bank.code) == catalogue.find_by_tag(bank.tag) == bank
    assert catalogue.find_by_code(bank.tag) is None
    assert catalogue.find_by_tag(bank.code) is None


def test_tags_say_nothing_about_the_bank(bank: Bank, other_bank: Bank) -> None:
    assert bank.tag != other_bank.tag
    assert len(bank.tag) == 8
    assert bank.code not in bank.tag


def test_keys_differ_by_bank_and_by_purpose(bank: Bank, other_bank: Bank) -> None:
    keys = {one.derived_key(purpose) for one in (bank, other_bank) for purpose in ("plate", "paper", "cursor")}
    assert len(keys) == 6
    assert {len(key) for key in keys} == {32}


def test_a_key_is_sealed_and_shows_nowhere(engine: Engine, bank: Bank) -> None:
    with engine.connect() as connection:
        sealed = connection.scalar(text("SELECT sealed_key FROM public.bank WHERE code = 'demo'"))
    assert bank.key is not None
    assert bank.key not in bytes(sealed)
    assert bank.key.hex() not in repr(bank)
    assert repr(bank.key) not in repr(bank)


def test_a_key_opens_with_the_right_secret_only(engine: Engine, bank: Bank) -> None:
    again = BankCatalogue(engine=engine, secret_key=SECRET).find_by_code("demo")
    assert again is not None
    assert again.key == bank.key
    with pytest.raises(SecretWrong):
        BankCatalogue(engine=engine, secret_key=SECRET + b"x").find_by_code("demo")


def test_a_key_does_not_open_in_another_banks_row(engine: Engine, committed_bank: Bank) -> None:
    """The tag is authenticated with the key, so copying a sealed key gives nobody another bank's plates."""
    swap = (
        "UPDATE public.bank SET sealed_key = (SELECT sealed_key FROM public.bank WHERE code = 'demo') WHERE code = :c"
    )
    with engine.connect() as connection, connection.begin() as outer:
        connection.execute(text(swap), {"c": committed_bank.code})
        select = text("SELECT *, cluster AS here FROM public.bank WHERE code = :c")
        row = connection.execute(select, {"c": committed_bank.code}).one()
        assert BankCatalogue(engine=engine, secret_key=SECRET)._unsealed(row).key is None
        outer.rollback()


@pytest.mark.parametrize("sealed", [b"", b"short", b"x" * 60])
def test_a_bank_whose_key_does_not_open_harms_no_other(
    engine: Engine,
    committed_bank: Bank,
    bank: Bank,
    capsys: pytest.CaptureFixture[str],
    sealed: bytes,
) -> None:
    with engine.begin() as connection:
        statement = text("UPDATE public.bank SET sealed_key = :sealed WHERE code = :code")
        connection.execute(statement, {"sealed": sealed, "code": committed_bank.code})
    catalogue = BankCatalogue(engine=engine, secret_key=SECRET, head=head())
    ready = [known.code for known in catalogue.everyone() if catalogue.is_ready(known)]
    assert bank.code in ready
    assert committed_bank.code not in ready
    assert catalogue.find_by_tag(bank.tag) == bank
    for find, name in ((catalogue.find_by_code, committed_bank.code), (catalogue.find_by_tag, committed_bank.tag)):
        with pytest.raises(SecretWrong):
            find(name)
    outcomes = {outcome.bank.code: outcome.error for outcome in migrations.upgrade_all(catalogue)}
    assert "(secret_wrong)" in outcomes.pop(committed_bank.code)
    assert set(outcomes.values()) == {""}
    assert capsys.readouterr().out.count("bank_key_sealed") == 1


def test_a_bank_behind_the_head_is_in_maintenance(engine: Engine, committed_bank: Bank) -> None:
    newer = BankCatalogue(engine=engine, secret_key=SECRET, head="9999")
    for find, name in ((newer.find_by_code, committed_bank.code), (newer.find_by_tag, committed_bank.tag)):
        with pytest.raises(BankMaintenance):
            find(name)


def test_a_bank_in_maintenance_answers_503_to_logins_and_tokens(
    client: FlaskClient, world: World, catalogue: BankCatalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    headers = world.headers("officer")
    monkeypatch.setattr(catalogue, "head", "9999")
    login = {"bank": "demo", "username": "officer", "password": PASSWORD}
    for answer in (client.get("/api/v1/me", headers=headers), client.post("/api/v1/sessions", json=login)):
        assert (answer.status_code, answer.json["code"]) == (503, "bank_maintenance")
        assert answer.headers["Retry-After"] == "30"


def test_create_bank_makes_a_migrated_bank_with_a_template_and_its_first_user(
    engine: Engine, catalogue: BankCatalogue, committed_database: Database, database_url: str, redis_url: str
) -> None:
    env = {
        "DATABASE_URL": database_url,
        "REDIS_URL": redis_url,
        "XUNJI_MODE": "test",
        "XUNJI_SECRET_KEY": SECRET.decode(),
    }
    code = f"c{os.getpid()}"
    try:
        made = CliRunner().invoke(main, ["create-bank", code, "新银行"], env=env)
        assert made.exit_code == 0, made.output
        again = CliRunner().invoke(main, ["create-bank", code, "新银行"], env=env)
        assert again.exit_code == 1
        assert "(bank_exists)" in again.output
        words = ["create-user", code, "root", "管理员", "--organisation", "61", "--role", "administrator"]
        user = CliRunner().invoke(main, [*words, "--password", PASSWORD], env=env)
        assert user.exit_code == 0, user.output
        catalogue.everyone()
        bank = catalogue.find_by_code(code)
        assert bank is not None
        assert bank.revision == head()
        with committed_database.transaction(bank, read_only=True) as ctx:
            assert ctx.session.scalars(select(Organisation.kind)).all() == ["province"]
            assert ctx.session.scalars(select(UserAccount.username)).all() == ["root"]
            assert ctx.session.scalars(select(TemplateVersion.status)).all() == ["published"]
    finally:
        with engine.begin() as connection:
            connection.execute(text(f"DROP SCHEMA IF EXISTS bank_{code} CASCADE"))
            connection.execute(text("DELETE FROM public.bank WHERE code = :code"), {"code": code})
        catalogue.everyone()


def new_user(**changes: str) -> list[str]:
    """Return a create-user command of good words, but for ``changes``."""
    good = {"username": "xx", "name": "x", "organisation": "1", "role": "auditor", "password": PASSWORD}
    values = {**good, **changes}
    options = [word for name in ("organisation", "role", "password") for word in (f"--{name}", values[name])]
    return ["create-user", "demo", values["username"], values["name"], *options]


@pytest.mark.parametrize(
    ("words", "env", "told"),
    [
        (
            ["create-user", "demo", "x", "x", "--organisation", "1", "--role", "emperor", "--password", "p"],
            {},
            "emperor",
        ),
        (new_user(role="gateway"), {}, "gateway"),
        (new_user(username="A b"), {}, "输入内容有误；username：格式不正确 (invalid)"),
        (new_user(name="\u202e"), {}, "输入内容有误；name：含有不允许的控制字符 (invalid)"),
        (new_user(name="x" * 61), {}, "name：长度须在 1 与 60 之间 (invalid)"),
        (new_user(organisation="1-1"), {}, "code：格式不正确 (invalid)"),
        (new_user(password="short"), {}, "password：至少 10 个字符，且不能包含用户名 (password_weak)"),
        (["create-bank", "nicebank", " "], {}, "name：长度须在 1 与 100 之间 (invalid)"),
        (["sweep", "demo"], {"XUNJI_SECRET_KEY": "x" * 40}, "(secret_wrong)"),
        (["migrate"], {"DATABASE_URL": "postgresql://127.0.0.1:1/x"}, "(database_unreachable)"),
        (["migrate"], {"DATABASE_URL": ""}, "(missing_setting)"),
        (["create-bank", "A-1", "x"], {}, "(bank_code_invalid)"),
        (["sweep", "nobank"], {}, "(not_found)"),
    ],
)
def test_a_command_that_cannot_work_ends_with_one_line(
    database_url: str, redis_url: str, words: list[str], env: dict[str, str], told: str
) -> None:
    whole = {
        "DATABASE_URL": database_url,
        "REDIS_URL": redis_url,
        "XUNJI_MODE": "test",
        "XUNJI_SECRET_KEY": SECRET.decode(),
    }
    done = CliRunner().invoke(main, words, env=whole | env)
    assert done.exit_code in {1, 2}
    assert isinstance(done.exception, SystemExit)
    line = done.stderr.strip().splitlines()[-1]
    assert told in line
    assert line.count(told.rpartition("(")[2].removesuffix(")")) == 1


def test_two_banks_that_share_all_ids_share_nothing_else(client: FlaskClient, world: World, other_world: World) -> None:
    assert world.people == other_world.people
    here, there = world.headers("administrator"), other_world.headers("administrator")
    path = f"/api/v1/users/{world.people['officer']}"
    assert client.post(f"{path}/disable", headers=here).status_code == 200
    assert client.get(path, headers=here).json["disabled_at"] is not None
    assert client.get(path, headers=there).json["disabled_at"] is None
    officer = {"bank": "other", "username": "officer", "password": PASSWORD}
    assert client.post("/api/v1/sessions", json=officer).status_code == 201
    assert client.post("/api/v1/sessions", json={**officer, "bank": "demo"}).status_code == 401


@pytest.mark.parametrize("name", ["bank_demo", "public", "DEMO", 'demo"', "demo' OR '1'='1"])
def test_nobody_names_a_schema_from_outside(client: FlaskClient, world: World, name: str) -> None:
    answer = client.post("/api/v1/sessions", json={"bank": name, "username": "officer", "password": PASSWORD})
    assert answer.status_code in {401, 422}
