"""Rows that were damaged or edited by hand: one account's clear error, and nobody else's."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import attrs
import pytest

from adapters.cloudevents.event_codec import CloudEventCodec
from adapters.memory.cipher import MemoryCipher
from adapters.sqlite.account_store import SqliteAccountStore
from adapters.sqlite.database import Database, open_database
from adapters.sqlite.secrets import SIGN_IN_SECRETS
from adapters.sqlite.sign_in_store import SqliteSignInStore
from adapters.sqlite.token_store import SqliteTokenStore
from domain.errors import DatabaseError
from ports.token_store import Lease
from tests.contracts.samples import due, enrolment, signing_in, token, unchanged
from tests.contracts.sign_in_samples import device, reconnect_link

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)


@attrs.frozen
class Stores:
    """Two signed-in accounts, ann and bob, in one file."""

    database: Database
    accounts: SqliteAccountStore
    tokens: SqliteTokenStore
    sign_ins: SqliteSignInStore


@pytest.fixture
async def stores(tmp_path: Path) -> AsyncIterator[Stores]:
    async with open_database(tmp_path / "x.db") as database:
        cipher, codec = MemoryCipher(), CloudEventCodec()
        opened = Stores(
            database,
            SqliteAccountStore(database, cipher, codec),
            SqliteTokenStore(database, cipher, codec),
            SqliteSignInStore(database, cipher),
        )
        for user_id in ("ann", "bob"):
            enrolled = enrolment(user_id)
            await opened.tokens.replace(enrolled.after.account_id, token(), due(), signing_in(), enrolled)
        yield opened


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("scopes", "not json"),
        ("scopes", None),
        ("expires_at", "2026-01-01"),
        ("obtained_at", None),
        ("attempts", "yesterday"),
        ("leased_until", "later"),
        ("leased_until", ""),
        ("retry_at", "soon"),
        ("due_at", "some day"),
        ("scopes", "[7]"),
        ("fence", -1),
    ],
)
async def test_a_malformed_token_is_told_with_its_account_and_without_its_values(
    stores: Stores, column: str, value: object
) -> None:
    ann = await stores.accounts.find("ann")
    assert ann is not None
    await stores.database.update("tokens", {column: value}, "account_id = ?", (ann.account_id,))
    with pytest.raises(DatabaseError) as caught:
        await stores.tokens.read("ann", NOW)
    assert (caught.value.error_code, caught.value.details["account_id"]) == ("ROW_MALFORMED", ann.account_id)
    assert not caught.value.transient
    assert not isinstance(value, str) or not value or value not in caught.value.message
    assert await stores.tokens.read("bob", NOW) is not None


@pytest.mark.parametrize(("column", "value"), [("created_at", "x"), ("email", "nobody"), ("version", -1)])
async def test_a_malformed_account_is_told_too(stores: Stores, column: str, value: object) -> None:
    await stores.database.update("accounts", {column: value}, "user_id = ?", ("ann",))
    with pytest.raises(DatabaseError) as caught:
        await stores.accounts.find("ann")
    assert caught.value.error_code == "ROW_MALFORMED"


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("begun_at", "x"),
        ("expires_at", "z"),
        ("verification_uri", None),
        ("poll_at", "soon"),
        ("interval_seconds", "often"),
        ("reason", " "),
    ],
)
async def test_a_malformed_sign_in_is_told_and_nobody_elses(stores: Stores, column: str, value: object) -> None:
    ann, bob = await stores.accounts.find("ann"), await stores.accounts.find("bob")
    assert ann is not None
    assert bob is not None
    broken, sound = device(ann.account_id), device(bob.account_id)
    for sign_in in (broken, sound):
        await stores.sign_ins.begin(sign_in)
    await stores.database.update("sign_ins", {column: value}, "sign_in_id = ?", (broken.sign_in_id,))
    with pytest.raises(DatabaseError) as caught:
        await stores.sign_ins.find(broken.sign_in_id)
    assert (caught.value.error_code, caught.value.details["account_id"]) == ("ROW_MALFORMED", ann.account_id)
    assert await stores.sign_ins.find(sound.sign_in_id) is not None
    await stores.sign_ins.begin(device(bob.account_id))


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"account_id": "%s"}', '{"account_id": "%s", "kind": "other"}'])
async def test_secrets_that_open_and_yet_are_none_are_told_without_being_quoted(stores: Stores, text: str) -> None:
    ann = await stores.accounts.find("ann")
    assert ann is not None
    sign_in = device(ann.account_id)
    await stores.sign_ins.begin(sign_in)
    plain = text.replace("%s", ann.account_id)
    forged = stores.sign_ins.cipher.encrypt(plain, SIGN_IN_SECRETS.binding(sign_in.sign_in_id))
    await stores.database.update("sign_ins", {"secrets": forged}, "sign_in_id = ?", (sign_in.sign_in_id,))
    with pytest.raises(DatabaseError) as caught:
        await stores.sign_ins.apply(sign_in.sign_in_id, lambda current: current, NOW)
    assert caught.value.error_code == "ROW_MALFORMED"
    assert not plain or plain not in caught.value.message


async def test_a_malformed_link_is_told(stores: Stores) -> None:
    ann = await stores.accounts.find("ann")
    assert ann is not None
    link = reconnect_link(ann.account_id)
    await stores.sign_ins.add_link(link)
    await stores.database.update("reconnect_links", {"used_at": "x"}, "link_id = ?", (link.link_id,))
    with pytest.raises(DatabaseError) as caught:
        await stores.sign_ins.find_link(link.link_id)
    assert caught.value.error_code == "ROW_MALFORMED"


async def test_an_account_whose_due_time_is_unreadable_is_due_now_and_heals(stores: Stores) -> None:
    where = "account_id = (SELECT max(account_id) FROM accounts)"
    await stores.database.update("tokens", {"wake_at": "z"}, where)
    waking = dict(await stores.tokens.due(NOW, 10))
    assert sorted(waking) == ["ann", "bob"]
    assert set(waking.values()) == {due()}, "when the token is due is known all the same"
    await stores.database.update("tokens", {"due_at": "z"}, where)
    (broken,) = [user_id for user_id, at in (await stores.tokens.due(NOW, 10)) if at == NOW]
    await stores.database.update("tokens", {"due_at": None}, where)
    held = await stores.tokens.read(broken, NOW)
    assert held is not None
    lease = await stores.tokens.claim(held, "me", NOW, timedelta(seconds=60))
    assert isinstance(lease, Lease)
    await stores.tokens.commit(lease, token(), due(), unchanged)
    assert dict(await stores.tokens.due(NOW, 10))[broken] == due()


async def test_an_account_damaged_during_its_refresh_costs_no_other_the_commit_that_they_share(stores: Stores) -> None:
    ann, bob = [await stores.tokens.claim(user_id, "me", NOW, timedelta(seconds=60)) for user_id in ("ann", "bob")]
    assert isinstance(ann, Lease)
    assert isinstance(bob, Lease)
    damage = "UPDATE accounts SET created_at = 'x', version = version + 1 WHERE account_id = ?"
    outcomes = await asyncio.gather(
        stores.database.write(lambda connection: connection.execute(damage, (ann.account.account_id,)).rowcount),
        stores.tokens.commit(bob, token("2"), due(), unchanged),
        stores.tokens.commit(ann, token("2"), due(), unchanged),
        return_exceptions=True,
    )
    assert isinstance(outcomes[2], DatabaseError)
    assert (outcomes[0], outcomes[1], outcomes[2].error_code) == (1, None, "ROW_MALFORMED")
