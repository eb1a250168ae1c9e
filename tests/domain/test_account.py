"""Accounts: what is accepted, how they are named, what is never shown."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given

from domain.account import (
    Account,
    AccountId,
    AccountStatus,
    OAuthApplication,
    default_user_id,
    user_key,
)
from domain.errors import ValidationError
from tests.domain.strategies import emails, visible

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def account(**fields: Any) -> Account:  # noqa: ANN401 - fields of several types
    """Return an active account with some fields of its own."""
    defaults: dict[str, Any] = {
        "account_id": AccountId("1"),
        "user_id": "kimghw",
        "name": "Kim Ghw",
        "email": "kimghw@office.example",
        "status": AccountStatus.ACTIVE,
        "status_since": NOW,
        "created_at": NOW,
    }
    return Account(**(defaults | fields))


@pytest.mark.parametrize(
    "fields",
    [
        {"user_id": ""},
        {"user_id": " kim"},
        {"user_id": "kim\n"},
        {"user_id": "a\x00b"},
        {"user_id": "k" * 321},
        {"name": " "},
        {"email": "nobody"},
        {"email": "@"},
        {"version": -1},
        {"created_at": datetime(2026, 1, 1)},  # noqa: DTZ001 - naive on purpose
        {"status_since": None},
        {"reauth_reason": ""},
        {"reauth_reason": "gone"},
        {"status": AccountStatus.REAUTH_REQUIRED},
    ],
)
def test_what_makes_no_sense_is_refused_at_construction(fields: dict[str, Any]) -> None:
    with pytest.raises(ValidationError) as caught:
        account(**fields)
    assert caught.value.details["field"] in {*fields, "status"}


def test_only_active_accounts_and_those_that_need_a_sign_in_are_usable() -> None:
    assert account().usable
    assert account(status=AccountStatus.REAUTH_REQUIRED, reauth_reason="gone").usable
    assert not account(status=AccountStatus.LOCKED).usable
    assert not account(status=AccountStatus.INACTIVE).usable


def test_client_secrets_are_never_shown() -> None:
    application = OAuthApplication(client_id="app", tenant_id="t", client_secrets=("CANARY",))
    assert "CANARY" not in repr(account(application=application))


PEM = "-----BEGIN PRIVATE KEY-----\r\nMIIE\n-----END PRIVATE KEY-----"


def test_a_credential_is_one_line_or_a_pem_text() -> None:
    application = OAuthApplication(client_id="app", tenant_id="t", client_secrets=(PEM, "secret"))
    assert application.client_secrets == (PEM, "secret")


@pytest.mark.parametrize("credential", ["two\nlines", f"{PEM}\n", f"x{PEM}", f"{PEM}\x00", "", " ", 5, None])
def test_no_other_credential_is_accepted_and_none_is_quoted(credential: Any) -> None:  # noqa: ANN401 - wrong types too
    with pytest.raises(ValidationError) as caught:
        OAuthApplication(client_id="app", tenant_id="t", client_secrets=(credential,))
    assert caught.value.details["field"] == "client_secrets"
    assert "MIIE" not in f"{caught.value!r} {caught.value.details}"


@pytest.mark.parametrize("scopes", [["Mail.Read"], ("",), ("a b ",)])
def test_scopes_are_a_tuple_of_words(scopes: Any) -> None:  # noqa: ANN401 - wrong types on purpose
    with pytest.raises(ValidationError):
        OAuthApplication(client_id="app", tenant_id="t", scopes=scopes)


def test_user_ids_differ_in_more_than_case_or_composition() -> None:
    assert user_key("KimGHW") == user_key("kimghw")
    assert user_key("caf\u00e9") == user_key("cafe\u0301")
    assert user_key("stra\u00dfe") == user_key("STRASSE")
    assert user_key("kim") != user_key("kim2")


@given(visible)
def test_the_user_key_is_its_own_key(user_id: str) -> None:
    assert user_key(user_key(user_id)) == user_key(user_id)


def test_the_default_user_id_is_the_local_part_or_the_whole_address() -> None:
    assert default_user_id("kim@a.example", ()) == "kim"
    assert default_user_id("kim@b.example", {"kim"}) == "kim@b.example"
    assert default_user_id("kim@a.example", (), stem="krsdtp") == "krsdtp"
    assert default_user_id("kim@a.example", {"krsdtp"}, stem="krsdtp") == "kim@a.example"


@given(emails)
def test_a_default_user_id_is_never_a_taken_local_part(email: str) -> None:
    local = email.partition("@")[0]
    assert user_key(default_user_id(email, {user_key(local)})) != user_key(local)
