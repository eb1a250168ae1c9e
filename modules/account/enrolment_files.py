"""Enrolment files: one YAML file, one account. Every fault of a file is told at once, each with its line."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import attrs

from application.enrolments import Enrolment
from domain.account import AuthFlow, OAuthApplication, user_key
from domain.errors import NotFoundError, PermissionDeniedError
from modules.account import texts
from modules.account.credentials import CredentialSource
from modules.account.schema import EnrolmentSections, GraphSection, Misfit, structure
from modules.account.small_files import read_small_file
from modules.account.yaml_document import Document, Fault, read_document, shown_key
from modules.runtime.environment import Environment

SUFFIXES = frozenset({".yaml", ".yml"})
GLOBAL_NOTE = "oauth has no effect here: without microsoft_graph the global application and its settings are used"


@attrs.frozen(kw_only=True)
class EnrolmentFile:
    """What a file says (None where it has faults), and the user keys that it may be about."""

    name: str
    wanted: Enrolment | None = None
    faults: tuple[Fault, ...] = ()
    notes: tuple[str, ...] = ()
    keys: frozenset[str] = frozenset()
    email_line: int = 1
    user_id_line: int = 1


@attrs.frozen(kw_only=True)
class Found:
    """The files that the command line means; `directories` says whether whole directories are among them."""

    files: tuple[Path, ...]
    directories: bool


def find_files(paths: Sequence[Path]) -> Found:
    """Return the files, and those of the directories by name, each once; hidden ones are left out.

    Raises:
        NotFoundError: a path does not exist, or a directory holds no enrolment file.
        PermissionDeniedError: a path cannot be looked at.
    """
    found: dict[Path, Path] = {}
    for path in paths:
        try:
            for file in _files_of(path):
                found.setdefault(file.resolve(), file)
        except OSError as error:
            msg = f"{path} cannot be read ({error.strerror})."
            raise PermissionDeniedError(msg, error_code="ENROLMENT_FILES_UNREADABLE") from error
    return Found(files=tuple(found.values()), directories=any(path.is_dir() for path in paths))


def read_file(path: Path, environment: Environment) -> EnrolmentFile:
    """Read one file; never fails, faults are returned."""
    name = str(path).encode("utf-8", "backslashreplace").decode()
    try:
        document = read_document(read_small_file(path))
    except OSError as error:
        faults = (Fault(1, f"cannot be read ({error.strerror})"),)
        return EnrolmentFile(name=name, faults=faults, keys=frozenset({user_key(path.stem)}))
    reading = _Reading(name=name, path=path, document=document, source=CredentialSource(environment, path.parent))
    return reading.read()


def _files_of(path: Path) -> Sequence[Path]:
    if not path.exists():
        msg = f"{path} does not exist."
        raise NotFoundError(msg, error_code="ENROLMENT_FILES_MISSING")
    if not path.is_dir():
        return [path]
    files = sorted(file for file in path.iterdir() if file.suffix.lower() in SUFFIXES and not file.name.startswith("."))
    if not files:
        msg = f"{path} holds no enrolment file (.yaml or .yml)."
        raise NotFoundError(msg, error_code="ENROLMENT_FILES_MISSING")
    return files


@attrs.define(kw_only=True)
class _Reading:
    """One file on its way from a document to an enrolment."""

    name: str
    path: Path
    document: Document
    source: CredentialSource
    misfits: list[Misfit] = attrs.field(factory=list)

    def read(self) -> EnrolmentFile:
        if self.document.faults and self.document.data is None:
            return self._end(None)
        sections = structure(self.document.data)
        if isinstance(sections, list):
            self.misfits += sections
            return self._end(None)
        user_id = self._user_id(sections)
        application = self._application(sections)
        if self.misfits:
            return self._end(None)
        wanted = Enrolment(
            source=self.name,
            email=sections.account.email,
            name=sections.account.name,
            user_id=user_id,
            application=application,
        )
        idle = sections.microsoft_graph is None and sections.oauth is not None
        return self._end(wanted, (GLOBAL_NOTE,) if idle else ())

    def _end(self, wanted: Enrolment | None, notes: tuple[str, ...] = ()) -> EnrolmentFile:
        broken = self.document.broken_lines
        found = [Fault(self.document.line(misfit.path), _told(misfit)) for misfit in self.misfits]
        faults = {*self.document.faults, *(fault for fault in found if fault.line not in broken)}
        return EnrolmentFile(
            name=self.name,
            wanted=None if faults else wanted,
            faults=tuple(sorted(faults)),
            notes=notes,
            keys=self._keys(),
            email_line=self.document.line(("account", "email")),
            user_id_line=self.document.line(("account", "user_id")),
        )

    def _keys(self) -> frozenset[str]:
        """Return every user key that the file may be about, also if it has faults."""
        account = self.document.data.get("account") if isinstance(self.document.data, dict) else None
        said = [account.get("user_id"), account.get("email")] if isinstance(account, dict) else []
        names = [self.path.stem, *(name for name in said if isinstance(name, str))]
        return frozenset(user_key(key) for name in names for key in (name, name.partition("@")[0]))

    def _user_id(self, sections: EnrolmentSections) -> str | None:
        """Return the user id that is named; None leaves it to the address."""
        if sections.account.user_id is not None:
            return sections.account.user_id
        stem = self.path.stem
        if user_key(stem) == user_key(sections.account.email):
            return None
        return self._checked(texts.user_id, stem, ("account",), "has no user_id, and the file's name cannot be one: it")

    def _application(self, sections: EnrolmentSections) -> OAuthApplication | None:
        graph, oauth = sections.microsoft_graph, sections.oauth
        if graph is None:
            return None
        if oauth is None:
            self.misfits.append(Misfit(("oauth",), "is missing"))
            return None
        if oauth.auth_type is AuthFlow.AUTHORIZATION_CODE and oauth.redirect_uri is None:
            self.misfits.append(Misfit(("oauth", "redirect_uri"), "is missing"))
        credentials = tuple(self._credentials(graph))
        return OAuthApplication(
            client_id=graph.client_id,
            tenant_id=graph.tenant_id,
            flow=oauth.auth_type,
            scopes=tuple(dict.fromkeys(oauth.delegated_permissions)),
            redirect_uri=oauth.redirect_uri,
            client_secrets=tuple(dict.fromkeys(credentials)),
        )

    def _credentials(self, graph: GraphSection) -> Iterator[str]:
        """Give the certificates, then the secrets: the order in which they are tried."""
        given: tuple[tuple[str, Sequence[str], Callable[[str], str]], ...] = (
            ("client_certificate", graph.client_certificate, self.source.certificate),
            ("client_secret", graph.client_secret, self.source.secret),
        )
        for key, values, find in given:
            for position, value in enumerate(values):
                found = self._checked(find, value, ("microsoft_graph", key, position), "")
                if found is not None:
                    yield found

    def _checked(
        self, convert: Callable[[str], str], value: str, path: tuple[str | int, ...], before: str
    ) -> str | None:
        try:
            return convert(value)
        except ValueError as error:
            self.misfits.append(Misfit(path, f"{before} {error}".strip()))
            return None


def _told(misfit: Misfit) -> str:
    """Return the fault with its place in the file: `account.email is missing`."""
    steps = [shown_key(step) if isinstance(step, str) else f"item {step + 1}" for step in misfit.path]
    place = ".".join(steps).replace(".item", " item")
    return f"{place} {misfit.problem}" if place else misfit.problem
