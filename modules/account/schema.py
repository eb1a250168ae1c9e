"""What an enrolment file holds and what the `account` commands print, as records, and their converters."""

from collections.abc import Callable, Iterator
from datetime import datetime
from functools import cache
from typing import Any, NewType

import attrs
import cattrs
from cattrs.errors import ClassValidationError, ForbiddenExtraKeysError, IterableValidationError
from cattrs.gen import make_dict_structure_fn

from domain.account import AuthFlow
from modules.account import texts
from modules.account.yaml_document import Path

Text = NewType("Text", str)
Word = NewType("Word", str)
Tenant = NewType("Tenant", str)
Address = NewType("Address", str)
UserId = NewType("UserId", str)
Credential = NewType("Credential", str)
Credentials = NewType("Credentials", tuple[str, ...])
Scopes = NewType("Scopes", tuple[str, ...])


@attrs.frozen(kw_only=True)
class AccountSection:
    """Whose mailbox it is."""

    email: Address
    name: Text
    user_id: UserId | None = None


@attrs.frozen(kw_only=True)
class GraphSection:
    """The application; credentials are as written: a text, `${NAME}` or `file:PATH`."""

    client_id: Word
    tenant_id: Tenant
    client_secret: Credentials = attrs.field(default=Credentials(()), repr=False)
    client_certificate: Credentials = attrs.field(default=Credentials(()), repr=False)


@attrs.frozen(kw_only=True)
class OAuthSection:
    """How the owner signs in, and what is asked for."""

    auth_type: AuthFlow
    delegated_permissions: Scopes
    redirect_uri: Word | None = None


@attrs.frozen(kw_only=True)
class EnrolmentSections:
    """A whole enrolment file. Without `microsoft_graph`, the account uses the global application."""

    account: AccountSection
    microsoft_graph: GraphSection | None = None
    oauth: OAuthSection | None = None


@attrs.frozen
class Misfit:
    """What is wrong at one place of a file's data; no value is quoted."""

    path: Path
    problem: str


def structure(data: object) -> EnrolmentSections | list[Misfit]:
    """Return a file's sections, or everything that keeps them from being read."""
    try:
        return make_reader().structure(data, EnrolmentSections)
    except (cattrs.BaseValidationError, ValueError) as error:  # the latter if it is no mapping
        return list(_misfits(error, ()))


@cache
def make_reader() -> cattrs.Converter:
    """Return the converter of enrolment files: nothing is coerced, no key is ignored, every fault is told."""
    converter = cattrs.Converter(forbid_extra_keys=True)

    def register(kind: Any, convert: Callable[[object], object]) -> None:  # noqa: ANN401 - types, some of them unions
        def optional(value: object) -> object:
            return None if value in (None, "") and kind in _TEXTS else convert(value)

        converter.register_structure_hook_func(lambda wanted: wanted == kind, lambda value, _: convert(value))
        converter.register_structure_hook_func(lambda wanted: wanted == kind | None, lambda value, _: optional(value))

    def each(values: list[object], kind: Any) -> tuple[str, ...]:  # noqa: ANN401 - as above
        return tuple(converter.structure(values, list[kind]))

    def read(section: type) -> Callable[[object], object]:
        read_mapping: Callable[..., object] = make_dict_structure_fn(section, converter)
        return lambda value: read_mapping(texts.section(value), section)

    for kind, convert in _TEXTS.items():
        register(kind, convert)
    converter.register_structure_hook(AuthFlow, lambda value, _: texts.flow(value))
    register(Credentials, lambda value: each(texts.one_or_more(value), Credential))
    register(Scopes, lambda value: each(texts.items(value), Word))
    for section in (AccountSection, GraphSection, OAuthSection, EnrolmentSections):
        register(section, read(section))
    return converter


_TEXTS: dict[Any, Callable[[object], str]] = {
    Text: texts.text,
    Word: texts.word,
    Tenant: texts.tenant,
    Address: texts.address,
    UserId: texts.user_id,
    Credential: texts.credential,
}


def _misfits(error: BaseException, path: Path) -> Iterator[Misfit]:
    match error:
        case ClassValidationError():
            noted, plain = error.group_exceptions()
            for inner, note in noted:
                yield from _misfits(inner, (*path, note.name))
            for inner in plain:
                yield from _misfits(inner, path)
        case IterableValidationError():
            for inner, place in error.group_exceptions()[0]:
                yield from _misfits(inner, (*path, place.index))
        case ForbiddenExtraKeysError():
            for key in sorted(error.extra_fields):
                yield Misfit((*path, key), "is not known here")
        case KeyError():
            yield Misfit(path, "is missing")
        case ValueError():
            yield Misfit(path, str(error))
        case _:
            yield Misfit(path, "cannot be read")


@attrs.frozen(kw_only=True)
class FaultLine:
    """What is wrong in a file, and where."""

    line: int
    problem: str


@attrs.frozen(kw_only=True)
class FileResult:
    """What became of one file, or (`file` None) of an account that no file names."""

    file: str | None
    user_id: str | None
    result: str
    fields: tuple[str, ...] = ()
    status: str | None = None
    faults: tuple[FaultLine, ...] = ()
    notes: tuple[str, ...] = ()


@attrs.frozen(kw_only=True)
class FindingLine:
    """One finding about one application, by its code; `user_ids` are its accounts'."""

    client_id: str | None
    tenant_id: str | None
    user_ids: tuple[str, ...]
    level: str
    finding: str
    message: str
    remedy: str


@attrs.frozen(kw_only=True)
class EnrolmentReport:
    """A whole run; `written` says whether anything could be."""

    written: bool
    files: tuple[FileResult, ...]
    findings: tuple[FindingLine, ...] = ()


@attrs.frozen(kw_only=True)
class AccountLine:
    """One account of a list. `application` is a client id, None for the global one."""

    user_id: str
    name: str
    email: str
    status: str
    since: datetime
    reason: str | None
    who: str | None
    act: str | None
    application: str | None


@attrs.frozen(kw_only=True)
class ApplicationDetails:
    """An application without its secrets; `is_global` says that the account has none of its own."""

    is_global: bool
    client_id: str
    tenant_id: str
    flow: str
    redirect_uri: str | None
    scopes: tuple[str, ...]
    credentials: int | None
    """How many there are; None if they do not open."""


@attrs.frozen(kw_only=True)
class TokenDetails:
    """What is stored of the account's token, but the token itself."""

    state: str
    expires_at: datetime | None = None
    refresh_at: datetime | None = None
    waiting_until: datetime | None = None


@attrs.frozen(kw_only=True)
class AccountDetails(AccountLine):
    """Everything that is known of one account."""

    reauth_reason: str | None
    created_at: datetime
    version: int
    oauth: ApplicationDetails | None
    identity_tenant: str | None
    identity_object: str | None
    token_state: TokenDetails


@attrs.frozen(kw_only=True)
class StatusLine:
    """An account after its status was changed."""

    user_id: str
    status: str
    since: datetime
    reason: str | None


@attrs.frozen(kw_only=True)
class ChangeLine:
    """One field that an entry of the audit trail tells of; secrets are masked."""

    field: str
    old: str | None
    new: str | None


@attrs.frozen(kw_only=True)
class AuditLine:
    """One entry of the audit trail."""

    at: datetime
    actor: str
    action: str
    reason: str | None
    changes: tuple[ChangeLine, ...]
