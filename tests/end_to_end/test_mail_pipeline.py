"""From mailboxes to a consumer of events: every mail arrives once, and with what is true about it."""

from collections import defaultdict
from collections.abc import AsyncIterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from domain.mail_sync import MailId
from modules.simulator import faults
from modules.simulator.garbling import DAMAGES
from modules.simulator.simulator import Simulator
from tests.end_to_end.pipeline import TOPIC, Known, Pipeline, differences, open_pipeline, told
from tests.simulator.office import ANNA, KIM, PARK

MAILS = 150
TURNS = 4
SERVER_ERRORS = ((500, "folders"), (502, "delta"), (503, "batch"), (504, "delta"))


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


def arm(simulator: Simulator, turn: int) -> None:
    """Let a lot go wrong, at other places in every turn. Faults are used up by being met."""
    switches, add = simulator.switches, simulator.faults.add
    switches.delta_partial_updates = switches.delta_replays = switches.delta_empty_pages = True
    switches.delta_resync_location = bool(turn % 2)
    switches.mailbox_concurrency = 4 if turn else 2
    switches.token_lifetime = timedelta(minutes=5)
    for endpoint in ("folders", "delta", "batch"):
        add(faults.status(429, retry_after=0, endpoint=endpoint, times=1))
    code, endpoint = SERVER_ERRORS[turn % len(SERVER_ERRORS)]
    add(faults.status(code, endpoint=endpoint, times=1))
    add(faults.html(endpoint="delta", times=1))
    add(faults.truncated(endpoint="delta", times=1))
    add(faults.dropped(endpoint="delta", before=bool(turn % 2), times=1))
    add(faults.slow(0.05, endpoint="delta", before=False, times=2))
    add(faults.moved(timedelta(minutes=10), endpoint="delta", times=1))
    add((faults.aadsts(90033, times=1), faults.dropped(endpoint="token", times=1))[turn % 2])
    for nth, damage in enumerate(DAMAGES):
        add(faults.garbled(damage, nth=nth + turn, endpoint="delta", times=1))


async def misfortune(pipeline: Pipeline, turn: int) -> None:
    """Do what only one mailbox suffers from."""
    simulator = pipeline.office.simulator
    kim, park, anna = (pipeline.office.user(name) for name in (KIM, PARK, ANNA))
    for user in (kim, park, anna)[: turn % 4]:
        simulator.mail.mailbox(user).expire_deltas()
    simulator.mail.conditions.challenge(park, once=True)
    simulator.mail.conditions.put(anna, "moving" if turn == 1 else "ready")
    if turn == TURNS - 1:
        simulator.revoke_sessions(kim.upn)


async def test_nothing_is_lost_or_told_twice_whatever_goes_wrong(pipeline: Pipeline) -> None:
    simulator, codes = pipeline.office.simulator, []
    for turn in range(TURNS):
        arm(simulator, turn)
        await misfortune(pipeline, turn)
        codes.append((await pipeline.sync()).code)
        await pipeline.process()
        await pipeline.relay()
        pipeline.live(25)
    assert not simulator.faults.all, "every fault was met as often as it could be"
    assert any(codes), "a mailbox did fail"
    simulator.faults.clear()
    assert (await pipeline.office.login(KIM)).code == 0
    assert (await pipeline.sync()).code == 0
    await mend(pipeline)
    await pipeline.process()
    await pipeline.relay()
    await check_all(pipeline)


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
