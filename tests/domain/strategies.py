"""Hypothesis strategies of domain values."""

from datetime import UTC, datetime, timedelta

import attrs
from hypothesis import strategies as st

from domain.account import Account, AccountId, AccountStatus, AuthFlow, Identity, OAuthApplication
from domain.dead_letters import PREFIX, Failure
from domain.events import EventId
from domain.lifecycle import Act
from domain.messages import Delivery, Message, Partition
from domain.token import AccessToken, Token

visible = st.text(st.characters(blacklist_categories=("Cs", "Cc", "Zs", "Zl", "Zp")), min_size=1, max_size=30).filter(
    lambda text: text == text.strip() and text != ""
)
moments = st.datetimes(
    min_value=datetime(2020, 1, 1),  # noqa: DTZ001 - the zone is drawn below
    max_value=datetime(2090, 1, 1),  # noqa: DTZ001 - as above
    timezones=st.just(UTC),
)
emails = st.builds("{}@{}.example".format, st.from_regex(r"[a-z0-9.]{1,12}", fullmatch=True), st.just("office"))
identities = st.builds(Identity, tenant_id=visible, object_id=visible)
pems = visible.map(lambda label: f"-----BEGIN {label}-----\nMIIE\n-----END {label}-----")
credentials = st.lists(visible | pems, max_size=3).map(tuple)
applications = st.builds(
    OAuthApplication,
    client_id=visible,
    tenant_id=visible,
    flow=st.sampled_from(AuthFlow),
    scopes=st.lists(visible, max_size=3).map(tuple),
    redirect_uri=st.none() | visible,
    client_secrets=credentials,
)
acts = st.builds(Act, actor=visible, at=moments, event_id=visible.map(EventId))


@st.composite
def accounts(draw: st.DrawFn) -> Account:
    """Draw an account in any state that the invariants allow."""
    status = draw(st.sampled_from(AccountStatus))
    reason = {
        AccountStatus.ACTIVE: st.none(),
        AccountStatus.REAUTH_REQUIRED: visible,
    }.get(status, st.none() | visible)
    return Account(
        account_id=AccountId(draw(visible)),
        user_id=draw(visible),
        name=draw(visible),
        email=draw(emails),
        application=draw(st.none() | applications),
        status=status,
        status_reason=draw(st.none() | visible),
        status_since=draw(moments),
        reauth_reason=draw(reason),
        reauth_claims=draw(st.none() | visible),
        identity=draw(st.none() | identities),
        version=draw(st.integers(1, 10_000)),
        created_at=draw(moments),
    )


@st.composite
def access_tokens(draw: st.DrawFn) -> AccessToken:
    """Draw an access token that lives from a second to two days, perhaps with a time to refresh it at."""
    obtained = draw(moments)
    lifetime = draw(st.timedeltas(timedelta(seconds=1), timedelta(days=2)))
    part = draw(st.none() | st.floats(0, 1))
    return AccessToken(
        value=draw(visible),
        obtained_at=obtained,
        expires_at=obtained + lifetime,
        refresh_at=None if part is None else obtained + lifetime * part,
        scopes=tuple(draw(st.lists(visible, max_size=3))),
    )


topics = st.from_regex(r"[a-zA-Z0-9][a-zA-Z0-9._-]{0,20}", fullmatch=True)
partitions = st.builds(Partition, topic=topics, number=st.integers(0, 11))
own_headers = st.sampled_from(["id", "group", "at", "topic", "offset", "replayed_at", "value_omitted", "digest"])
headers = st.lists(
    st.tuples(st.text(max_size=10) | own_headers.map(PREFIX.__add__), st.binary(max_size=20)), max_size=5
).map(tuple)


@st.composite
def deliveries(draw: st.DrawFn, topic: str | None = None) -> Delivery:
    """Draw a message at its place: any bytes, also with headers that look like a dead letter's."""
    partition = draw(partitions if topic is None else partitions.map(lambda each: attrs.evolve(each, topic=topic)))
    return Delivery(
        partition=partition,
        offset=draw(st.integers(0, 2**63)),
        at=draw(moments),
        message=Message(
            topic=partition.topic,
            key=draw(st.none() | st.binary(max_size=20)),
            value=draw(st.none() | st.binary(max_size=50)),
            headers=draw(headers),
        ),
    )


failures = st.builds(
    Failure,
    error_code=visible,
    reason=st.text(st.characters(codec="utf-8"), max_size=50),
    digest=st.none() | visible,
    attempts=st.integers(1, 1000),
)
tokens = st.builds(Token, access=access_tokens(), refresh=st.none() | visible)
