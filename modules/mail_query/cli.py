"""The commands `mail query` and `mail show`."""

from pathlib import Path
from typing import TYPE_CHECKING, Unpack

import click

from modules.runtime.process import run

if TYPE_CHECKING:
    from modules.mail_query.wishes import QueryOptions

FIELD_NAMES = (
    "user, received, sent, changed, from, sent_by, to, cc, bcc, reply_to, subject, preview, marks, read, draft,"
    " importance, has_attachments, categories, folder, folder_id, id, internet_message_id, conversation_id, version,"
    " web_link, body, text, headers, attachments"
)
_WHEN = "A date, a date and time, or 30m, 24h, 7d, 2w ago."


@click.command()
@click.argument("users", nargs=-1)
@click.option("--all", "everybody", is_flag=True, help="All accounts that may be used.")
@click.option("--since", metavar="WHEN", help=f"Received from then on. {_WHEN} Dates are days in TIMEZONE.")
@click.option("--until", metavar="WHEN", help="Received before then; a date includes that whole day.")
@click.option("--from", "sender", metavar="TEXT", help="From this address, or one or a name with this in it.")
@click.option("--to", "recipient", metavar="TEXT", help="To this address (also cc and bcc), as with --from.")
@click.option("--subject", metavar="TEXT", help="With this in the subject.")
@click.option(
    "--search", metavar="TEXT", help='With all these words, "phrases" or beginnings* in subject, sender or body.'
)
@click.option("--unread/--read", "unread", default=None, help="Only those not read, or only those read.")
@click.option("--has-attachments/--no-attachments", "has_attachments", default=None, help="Only with, or without.")
@click.option(
    "--importance", type=click.Choice(["low", "normal", "high"], case_sensitive=False), help="Only of this importance."
)
@click.option("--folder", metavar="NAME", help="Only in this folder: its name, path, id, or inbox, sentitems, ...")
@click.option("--top", type=click.IntRange(min=1), metavar="N", help="At most the newest N of each mailbox.")
@click.option("--select", metavar="FIELDS", help=f"What to show, separated by commas: {FIELD_NAMES}.")
@click.option("--table", "form", flag_value="table", default="table", help="Print a table: the default.")
@click.option("--json", "form", flag_value="json", help="Print one JSON document: mails, then accounts.")
@click.option("--csv", "form", flag_value="csv", help="Print CSV; a text like a formula gets a ' in front.")
def query(**options: "Unpack[QueryOptions]") -> None:
    """Find mail in the mailboxes of USERS; several are asked at once, and one failing never stops the others.

    The exit code is that of the first failure, in the order of USERS. Marks: * unread, @ attachments, ! and v of high
    and low importance. body, text (the body as text), headers and attachments are fetched only if selected.
    """
    from modules.mail_query.command import command_settings
    from modules.mail_query.compose import compose, now
    from modules.mail_query.querying import query as ask
    from modules.mail_query.wishes import UnfitOptionError, wishes

    if bool(options["users"]) == options["everybody"]:
        raise click.UsageError("Name USERS, or say --all.")

    async def main() -> int:
        settings = command_settings()
        try:
            wanted = wishes(options, now(), settings.time.zone)
        except UnfitOptionError as error:
            raise click.UsageError(f"{error}.") from None
        async with compose(settings) as tools:
            return await ask(tools.queries, wanted, settings.time.zone)

    run(main, as_json=options["form"] == "json")


@click.command()
@click.argument("user")
@click.argument("message_id", metavar="ID")
@click.option("--body", is_flag=True, help="Also the body, as text.")
@click.option(
    "--attachments",
    "directory",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="Save every attachment into this directory; no file is overwritten.",
)
@click.option("--raw", is_flag=True, help="Instead, the whole mail as MIME, byte for byte.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def show(
    user: str,
    message_id: str,
    body: bool,  # noqa: FBT001 - as all flags here
    directory: Path | None,
    raw: bool,  # noqa: FBT001
    as_json: bool,  # noqa: FBT001
) -> None:
    """Show one mail of USER: ID is as `mail query --select id` prints it."""
    from modules.mail_query.command import command_settings
    from modules.mail_query.compose import compose
    from modules.mail_query.showing import Wishes, write_source
    from modules.mail_query.showing import show as show_mail

    if raw and (body or directory or as_json):
        raise click.UsageError("--raw goes alone.")
    if not message_id.strip():
        raise click.UsageError("ID is empty.")

    async def main() -> int:
        settings = command_settings()
        wishes = Wishes(user=user, message_id=message_id.strip(), body=body, directory=directory, as_json=as_json)
        async with compose(settings) as tools:
            if raw:
                await write_source(tools, user, message_id.strip())
                return 0
            return await show_mail(tools, wishes, settings.time.zone)

    run(main, as_json=as_json)
