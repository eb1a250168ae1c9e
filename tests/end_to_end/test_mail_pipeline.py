"""From mailboxes to a consumer of events: every mail arrives once, and with what is true about it."""

from collections import defaultdict
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any, get_args

import attrs
import pytest

from domain.mail_sync import MailId
from modules.simulator.faults import Kind
from modules.simulator.garbling import DAMAGES
from modules.simulator.mail.conditions import CONDITIONS
from modules.simulator.switches import RetryAfterForm, Switches
from tests.end_to_end import misfortunes
from tests.end_to_end.misfortunes import TURNS
from tests.end_to_end.pipeline import TOPIC, Known, Pipeline, differences, open_pipeline, told
from tests.simulator.office import ANNA, KIM, PARK

MAILS = 150


@pytest.fixture
async def pipeline(tmp_path: Path) -> AsyncIterator[Pipeline]:
    async with open_pipeline(tmp_path, MAILS) as opened:
        yield opened


def wrong(received: Mapping[MailId, Any], known: Mapping[MailId, Known]) -> list[str]:
    """Return all that was found out otherwise than it is."""
    return [
        difference
        for mail_id, value in received.items()
        for difference in differences(value["event_info"], known[mail_id])
    ]


def check_duplicates(received: Mapping[MailId, Any], known: Mapping[MailId, Known]) -> None:
    """Of each message one mail was the first, and all others name it."""
    copies: dict[str, dict[MailId, MailId | None]] = defaultdict(dict)
    for mail_id, value in received.items():
        copies[known[mail_id].truth.internet_message_id][mail_id] = value["event_info"]["duplicate_of"]
    assert any(len(each) > 1 for each in copies.values())
    for each in copies.values():
        (first,) = [mail_id for mail_id, original in each.items() if original is None]
        assert all(original == first for mail_id, original in each.items() if mail_id != first)


async def test_every_mail_is_told_once_with_what_is_true_about_it(pipeline: Pipeline) -> None:
    done = await pipeline.sync()
    assert done.code == 0, done.said
    await pipeline.process()
    await pipeline.relay()
    values, dropped, there = await pipeline.values(TOPIC), await pipeline.dropped(), pipeline.there()
    received = {value["mail_id"]: value for value in values}
    assert {value["event_type"] for value in values} == {"email_received"}
    assert len(values) == len(received) == len({value["event_id"] for value in values})
    assert received.keys() == {mail_id for mail_id, each in there.items() if each.truth.wanted}
    assert dropped == {mail_id: each.truth.unwanted_because for mail_id, each in there.items() if not each.truth.wanted}
    assert wrong(received, there) == []
    check_duplicates(received, there)


def used(name: str) -> set[Any]:
    """Return the values that a switch is given."""
    given = (misfortunes.EVER, *(turn.switches for turn in TURNS))
    return {switches[name] for switches in given if name in switches}


def test_all_that_the_simulator_lets_go_wrong_does_go_wrong_in_some_turn() -> None:
    """A new fault, condition or switch of the simulator belongs into the table."""
    switches = set(misfortunes.EVER).union(*(turn.switches for turn in TURNS))
    assert {fault.kind for turn in TURNS for fault in turn.faults} == set(get_args(Kind))
    assert {fault.damage for turn in TURNS for fault in turn.faults if fault.kind == "garbled"} == set(DAMAGES)
    assert {"ready", *(each for turn in TURNS for each in turn.conditions.values())} == set(CONDITIONS)
    assert switches.isdisjoint(misfortunes.NO_MATTER)
    assert switches | set(misfortunes.NO_MATTER) == {field.name for field in attrs.fields(Switches)}
    standard = Switches()
    assert [name for name in switches if used(name) == {getattr(standard, name)}] == []
    assert used("throttle_retry_after") | {standard.throttle_retry_after} == set(get_args(RetryAfterForm))


async def test_nothing_is_lost_or_told_twice_whatever_goes_wrong(pipeline: Pipeline) -> None:
    office, codes, refused = pipeline.office, [], []
    for turn in TURNS:
        turn.begin(office)
        codes.append((await pipeline.sync()).code)
        turn.end(office)
        refused.append(was_refused(pipeline))
        await pipeline.process()
        await pipeline.relay()
        pipeline.live(25)
        if out := (*turn.disabled, *turn.blocked, *turn.revoked):
            assert (await office.login(*out)).code == 0
    assert not office.simulator.faults.all, "every fault was met as often as it could be"
    assert all(codes), "a mailbox did fail"
    assert any(refused), "a mailbox was asked too much"
    misfortunes.calm(office.simulator)
    assert (await pipeline.sync()).code == 0
    await mend(pipeline)
    await pipeline.process()
    await pipeline.relay()
    await check_all(pipeline)


def was_refused(pipeline: Pipeline) -> bool:
    """Tell whether some mailbox was asked too much since the last time."""
    limits = pipeline.office.simulator.mail.limits
    found = any(limits.refused(pipeline.office.user(name).upn) for name in (KIM, PARK, ANNA))
    limits.clear()
    return found


async def mend(pipeline: Pipeline) -> None:
    """Do at once what syncs do later: a mail that came damaged is looked for again after ten minutes."""
    for user in (KIM, PARK, ANNA):
        await pipeline.office.call("mail", "reconcile", user, "--repair")
        done = await pipeline.office.call("mail", "reconcile", user)
        assert done.code == 0, done.said


async def check_all(pipeline: Pipeline) -> None:
    """Each mail was told once or dropped, first of all that it came, and last where it is."""
    events, dropped = told(await pipeline.values(TOPIC)), await pipeline.dropped()
    known, there = pipeline.known(), pipeline.there()
    assert there.keys() <= events.keys() | dropped.keys()
    assert not events.keys() & dropped.keys()
    assert events.keys() | dropped.keys() <= known.keys()
    assert all(known[mail_id].truth.unwanted_because == reason for mail_id, reason in dropped.items())
    assert all(known[mail_id].truth.wanted for mail_id in events)
    for mail_id, each in events.items():
        types = [event["event_type"] for event in each]
        assert types.count("email_received") == 1
        assert types[0] == "email_received"
        message = known[mail_id].message
        assert (types[-1] == "mail_deleted") is message.is_gone
        if types[-1] == "mail_moved":
            assert each[-1]["to_folder_id"] == message.folder.folder_id
        elif types == ["email_received"]:
            assert mail_id in there
    received = {mail_id: each[0] for mail_id, each in events.items()}
    assert [each for each in wrong(received, known) if "half \\ufffd of" not in ascii(each)] == []
    check_duplicates(received, known)
