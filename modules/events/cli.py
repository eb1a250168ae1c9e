"""The commands `events`."""

from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

import click

from modules.runtime import values
from modules.runtime.edge import edge
from modules.runtime.process import run

as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


def _checked(check: Callable[[str], None]) -> Callable[[click.Context, click.Parameter, str | None], str | None]:
    """Refuse a value before anything is opened, on every bus alike."""

    def callback(_context: click.Context, _parameter: click.Parameter, value: str | None) -> str | None:
        try:
            if value is not None:
                check(value)
        except ValueError as error:
            raise click.BadParameter(f"{value!r} {error}.") from None
        return value

    return callback


_topic, _group = _checked(values.topic), _checked(values.word)


@click.group()
def events() -> None:
    """Watch events, publish some, carry the outbox to the bus, handle dead letters."""


@events.command(short_help="Show the events of a topic as they come.")
@click.argument("topic", callback=_topic)
@click.option(
    "--group",
    metavar="NAME",
    callback=_group,
    help="Read as a member of this consumer group, and commit what was shown.",
)
@click.option("--from-beginning", is_flag=True, help="Begin with the oldest event; a group goes on where it was.")
@click.option("-n", "count", type=click.IntRange(min=1), metavar="COUNT", help="End after so many events.")
@click.option("--until-end", is_flag=True, help="Show everything up to the present end, and end.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document per line.")
def tail(
    topic: str,
    group: str | None,
    from_beginning: bool,  # noqa: FBT001 - as all flags here
    count: int | None,
    until_end: bool,  # noqa: FBT001
    as_json: bool,  # noqa: FBT001
) -> None:
    """Show the events of TOPIC as they come: time, key, type and the value in short.

    Without --group nobody else is concerned, and nothing is committed. What is no event is shown as such.
    """
    from modules.events.command import command_settings
    from modules.events.compose import compose_bus
    from modules.events.printing import printer
    from modules.events.settings import BusToolSettings
    from modules.events.tailing import Tail, Wishes

    wishes = Wishes(topic=topic, group=group, from_beginning=from_beginning, count=count, until_end=until_end)

    async def main() -> None:
        settings = command_settings(BusToolSettings)
        show = printer(settings.time.zone, as_json=as_json)
        async with compose_bus(settings, reading=group is None) as tools:
            await Tail(tools=tools, wishes=wishes, show=show).follow()

    run(main, as_json=as_json)


@events.command(short_help="Publish JSON objects as events.")
@click.argument("topic", callback=_topic)
@click.argument("file", type=click.File("rb"), default="-")
@click.option("--key", help="Events with the same key keep their order; by default the member user_id.")
@click.option("--id", "event_id", help="The event's id; by default the member event_id, or a new one.")
@click.option("--lines", is_flag=True, help="FILE has one JSON object per line.")
@as_json
def publish(
    topic: str,
    file: BinaryIO,
    key: str | None,
    event_id: str | None,
    lines: bool,  # noqa: FBT001
    as_json: bool,  # noqa: FBT001
) -> None:
    """Publish the JSON object in FILE (or standard input) to TOPIC, and print the event's id."""
    from domain.events import EventId
    from modules.events.command import command_settings
    from modules.events.compose import compose_bus
    from modules.events.publishing import documents, publish_all
    from modules.events.schema import PublishedLine
    from modules.events.settings import BusToolSettings
    from modules.runtime.output import print_line
    from modules.runtime.records import print_records

    if event_id is not None and (lines or not event_id.strip()):
        raise click.UsageError("--id names one event.")
    if key is not None and not key.strip():
        raise click.UsageError("--key must not be empty.")
    with edge(as_json=as_json):
        texts = documents(file.read(), lines=lines)

    async def main() -> int:
        settings, done = command_settings(BusToolSettings), list[PublishedLine]()

        def published(line: PublishedLine) -> None:
            done.append(line)
            if not as_json:
                print_line(line.id)

        try:
            async with compose_bus(settings) as tools:
                own = None if event_id is None else EventId(event_id)
                return await publish_all(
                    tools.sender, topic, texts, key=key, event_id=own, published=published, as_json=as_json
                )
        finally:
            if as_json:
                print_records(done, settings.time.zone, as_json=True)

    run(main, as_json=as_json)


@events.command(short_help="Show all topics.")
@as_json
def topics(as_json: bool) -> None:  # noqa: FBT001
    """Show all topics: how many messages they hold, and for how long they keep them."""
    from modules.events.command import command_settings
    from modules.events.compose import compose_bus
    from modules.events.printing import print_topics
    from modules.events.settings import BusToolSettings
    from modules.events.standing import topic_lines

    async def main() -> None:
        async with compose_bus(command_settings(BusToolSettings), reading=True) as tools:
            found = await topic_lines(tools.bus.topics)
        if found or as_json:
            print_topics(found, as_json=as_json)
        else:
            click.echo("There is no topic yet.", err=True)

    run(main, as_json=as_json)


@events.command(short_help="Show how far consumer groups are behind.")
@click.argument("group", required=False, callback=_group)
@as_json
def lag(group: str | None, as_json: bool) -> None:  # noqa: FBT001
    """Show how far consumer groups are: what they have committed, and how many messages they are behind."""
    from modules.events.command import command_settings
    from modules.events.compose import compose_bus
    from modules.events.printing import print_lag
    from modules.events.settings import BusToolSettings
    from modules.events.standing import lag_report

    async def main() -> None:
        async with compose_bus(command_settings(BusToolSettings), reading=True) as tools:
            report = await lag_report(tools.bus.topics, group)
        if report.partitions or as_json:
            print_lag(report, as_json=as_json)
        else:
            click.echo("No consumer group has read anything yet.", err=True)

    run(main, as_json=as_json)


@events.command(short_help="Show what waits, and what is parked.")
@click.argument("ids", nargs=-1)
@click.option("--retry", is_flag=True, help="Give parked events back to the relay: those with IDS, or all.")
@as_json
def outbox(ids: tuple[str, ...], retry: bool, as_json: bool) -> None:  # noqa: FBT001
    """Show what waits to be published, what is parked and why, and who relays."""
    from modules.events.command import command_settings
    from modules.events.compose import compose_outbox
    from modules.events.outbox import outbox_report, retry_parked
    from modules.events.printing import print_outbox
    from modules.events.settings import OutboxSettings
    from modules.runtime.output import print_json

    if ids and not retry:
        raise click.UsageError("IDS go with --retry.")

    async def main() -> int:
        settings = command_settings(OutboxSettings)
        async with compose_outbox(settings, reading=not retry) as tools:
            if not retry:
                print_outbox(await outbox_report(tools), settings.time.zone, as_json=as_json)
                return 0
            count, code = await retry_parked(tools, ids, as_json=as_json)
        if as_json:
            print_json({"retried": count})
        else:
            click.echo(f"{count} parked events go to the relay again.")
        return code

    run(main, as_json=as_json)


@events.command(short_help="Carry the outbox to the bus.")
@click.option("--once", is_flag=True, help="Carry what is pending now, and end.")
def relay(once: bool) -> None:  # noqa: FBT001
    """Carry events from the outbox to the bus until interrupted. Several may run: one at a time is at work."""
    from modules.events.command import command_settings
    from modules.events.relaying import relay as carry
    from modules.events.relaying import relay_once
    from modules.events.settings import OutboxSettings
    from modules.runtime.settings_loading import load

    async def main() -> None:
        if not once:
            await carry(load(OutboxSettings))
            return
        click.echo(f"{await relay_once(command_settings(OutboxSettings))} events carried to the bus.")

    run(main)


@events.command(short_help="Show what events look like.")
@click.argument("event_type", metavar="[TYPE]", required=False)
@click.option(
    "--write",
    "directory",
    type=click.Path(file_okay=False, path_type=Path),
    help="Write all documents into this directory instead.",
)
@as_json
def schema(event_type: str | None, directory: Path | None, as_json: bool) -> None:  # noqa: FBT001
    """Show the JSON Schema of TYPE (email.received ...), or of all types together as an AsyncAPI document."""
    from modules.events.compose import schema_documents
    from modules.events.describing import document, write
    from modules.runtime.output import print_json
    from modules.runtime.records import print_records

    if event_type is not None and directory is not None:
        raise click.UsageError("--write writes all documents: name no TYPE.")
    with edge(as_json=as_json):
        if directory is None:
            print_json(document(schema_documents(), event_type), show_secrets=True)  # there are none in it
        else:
            print_records(write(schema_documents(), directory), None, as_json=as_json)


@events.group(short_help="Look at dead letters, publish them again.")
def dlq() -> None:
    """Look at messages that could not be handled, and publish them again."""


@dlq.command("list", short_help="Show the dead letters that wait.")
@click.argument("topic", required=False, callback=_topic)
@as_json
def list_letters(topic: str | None, as_json: bool) -> None:  # noqa: FBT001
    """Show the dead letters of TOPIC, or of all topics, that were not replayed yet."""
    from modules.events.command import command_settings
    from modules.events.compose import compose_bus
    from modules.events.letters import letter_lines
    from modules.events.settings import BusToolSettings
    from modules.runtime.records import print_records

    async def main() -> None:
        settings = command_settings(BusToolSettings)
        async with compose_bus(settings, reading=True) as tools:
            found = await letter_lines(tools.dead_letters, topic)
        if found or as_json:
            columns = ("id", "topic", "at", "key", "group", "error_code")
            print_records(found, settings.time.zone, as_json=as_json, columns=columns)
        else:
            click.echo("No dead letter waits.", err=True)

    run(main, as_json=as_json)


@dlq.command(short_help="Show one dead letter.")
@click.argument("topic", callback=_topic)
@click.argument("letter_id", metavar="ID")
@as_json
def show(topic: str, letter_id: str, as_json: bool) -> None:  # noqa: FBT001
    """Show one dead letter of TOPIC: why it is one, its headers and its value."""
    from modules.events.command import command_settings
    from modules.events.compose import compose_bus
    from modules.events.letters import letter_details
    from modules.events.printing import print_letter
    from modules.events.settings import BusToolSettings

    async def main() -> None:
        settings = command_settings(BusToolSettings)
        async with compose_bus(settings, reading=True) as tools:
            found = await letter_details(tools.dead_letters, topic, letter_id)
        print_letter(found, settings.time.zone, as_json=as_json)

    run(main, as_json=as_json)


@dlq.command(short_help="Publish dead letters again.")
@click.argument("topic", callback=_topic)
@click.argument("ids", nargs=-1)
@click.option("--all", "everything", is_flag=True, help="All that wait.")
@as_json
def replay(topic: str, ids: tuple[str, ...], everything: bool, as_json: bool) -> None:  # noqa: FBT001
    """Publish dead letters of TOPIC again, to every group that reads it; event ids stay the same."""
    from modules.events.command import command_settings
    from modules.events.compose import compose_bus
    from modules.events.letters import replay as publish_again
    from modules.events.settings import BusToolSettings
    from modules.runtime.records import print_records

    if bool(ids) == everything:
        raise click.UsageError("Name IDS, or say --all.")

    async def main() -> int:
        settings = command_settings(BusToolSettings)
        async with compose_bus(settings) as tools:
            done, code = await publish_again(tools.dead_letters, topic, ids, as_json=as_json)
        if done or as_json:
            print_records(done, settings.time.zone, as_json=as_json)
        elif not code:
            click.echo("No dead letter waits.", err=True)
        return code

    run(main, as_json=as_json)
