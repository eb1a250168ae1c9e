"""What the `events` commands show of events about mail: short lines, and no age of what is old by nature."""

import attrs
import pytest

from adapters.cloudevents.event_codec import CloudEventCodec
from domain.events import EmailReceived, Event, MailMoved
from domain.messages import Delivery, Partition
from modules.events.lines import event_line, for_people
from tests.adapters.cloudevents.samples import AT, BARE_INFO, EXAMPLES, FULL_INFO, MAIL_FACT
from tests.modules.events.using import append, publish, tailed
from tests.modules.iacsgraph.shell import Shell

CODEC = CloudEventCodec()
TOPIC = "email.received"


def shown(event: Event, columns: int = 1000) -> str:
    """Return what stands behind time, key and type."""
    message = CODEC.encode(event).message()
    delivery = Delivery(partition=Partition(topic=TOPIC, number=0), offset=0, at=AT, message=message)
    line = for_people(event_line(delivery, CODEC), None, columns)
    assert "\n" not in line
    return line[line.index("{") :]


def test_a_mail_is_shown_by_its_code_kind_and_subject_without_its_body() -> None:
    assert shown(EmailReceived(**MAIL_FACT, event_info=FULL_INFO)) == (
        '{"agenda_code":"PL25016aIRa","mail_type":"RESPONSE","response_org":"IRS","urgency":"HIGH",'
        '"deadline":"2026-03-14","duplicate_of":"mail-0","sender_organization":"IRS",'
        '"subject":"RE: PL25016aIRa: 긴급","sender_address":"zoe@irclass.org","mail_id":"mail-1"}'
    )


def test_what_is_usual_or_not_known_takes_no_room() -> None:
    assert shown(EmailReceived(**MAIL_FACT, event_info=BARE_INFO)) == '{"mail_id":"mail-1"}'


def test_folders_are_shown_by_their_paths_and_by_their_ids_only_where_those_are_not_known() -> None:
    moved = MailMoved(**MAIL_FACT, from_folder_id="f-1", from_folder=None, to_folder_id="f-2", to_folder="Archive")
    assert shown(moved) == '{"from_folder":"f-1","to_folder":"Archive","mail_id":"mail-1"}'
    back = attrs.evolve(moved, from_folder_id=None)
    assert shown(back) == '{"from_folder":null,"to_folder":"Archive","mail_id":"mail-1"}'
    assert shown(EXAMPLES["mail.deleted"][0]) == '{"folder":"Inbox","mail_id":"mail-1"}'


def test_a_line_is_cut(shell: Shell) -> None:
    append(
        shell.directory / "iacsgraph.db",
        *(CODEC.encode(EXAMPLES[name][0]).message() for name in (TOPIC, "mail.moved", "mail.deleted")),
    )
    lines = shell.call("events", "tail", TOPIC, "--until-end").out.splitlines()
    assert [line.split()[3] for line in lines] == [TOPIC, "mail.moved", "mail.deleted"]
    assert all(len(line) <= 200 for line in lines)
    documents = tailed(shell, TOPIC)
    assert documents[0]["value"]["event_info"]["body"] == FULL_INFO.body


@pytest.mark.parametrize("value", [{"event_info": "text"}, {"event_info": None}, {}, {"mail_id": 1, "folder_id": []}])
def test_what_only_looks_like_an_event_of_ours_is_shown_too(shell: Shell, value: dict[str, object]) -> None:
    publish(shell, TOPIC, {"event_type": "email_received", **value})
    done = shell.call("events", "tail", TOPIC, "--until-end")
    assert (done.code, len(done.out.splitlines())) == (0, 1)
