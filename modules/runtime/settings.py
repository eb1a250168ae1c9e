"""The settings groups that programs share. Each field carries the one description of its variable.

A program's own `settings.py` composes these in a frozen attrs class, one field per group, and reads it with
`modules.runtime.settings_loading.load`. Groups can be built in code without any environment; the same checks apply.
"""

from datetime import tzinfo
from pathlib import Path

from attrs import Factory, field, frozen

from modules.runtime import values
from modules.runtime.clouds import CLOUDS
from modules.runtime.variables import Alternative, Variable

_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")
_SCOPES = ("openid", "profile", "offline_access", "User.Read", "Mail.Read")
_PROVIDERS = ("azure", "memory")
_CLIENT_EXAMPLE = "11111111-2222-3333-4444-555555555555"


@frozen(kw_only=True)
class DatabaseSettings:
    """The SQLite file. Relative paths count from the current directory."""

    path: Path = field(
        validator=Variable(
            name="DATABASE_PATH",
            meaning="SQLite database file; its directory is created (DATABASE_URL=sqlite:///... is accepted instead)",
            example="./data/iacsgraph.db",
            convert=values.path,
            check=values.file_path,
            alternative=Alternative(name="DATABASE_URL", convert=values.sqlite_url),
        ),
    )


@frozen(kw_only=True)
class EncryptionSettings:
    """Fernet keys, newest first: the first encrypts, all decrypt."""

    keys: tuple[str, ...] = field(
        repr=False,
        validator=Variable(
            name="ENCRYPTION_KEY",
            meaning="Fernet keys that encrypt stored secrets: newest first, comma separated",
            example="<a key from: iacsgraph keys generate>",
            convert=values.items,
            check=values.fernet_keys,
        ),
    )


@frozen(kw_only=True)
class ProviderSettings:
    """Who is asked for tokens, and where."""

    provider: str = field(
        default="azure",
        validator=Variable(
            name="IDENTITY_PROVIDER",
            meaning="Who is asked for tokens: azure, or memory for practice (it knows no application, signs nobody in)",
            example="azure",
            convert=values.lower,
            check=values.one_of(*_PROVIDERS),
        ),
    )
    cloud: str = field(
        default="global",
        validator=Variable(
            name="AZURE_CLOUD",
            meaning=f"Microsoft cloud: {', '.join(CLOUDS)}",
            example="global",
            convert=values.lower,
            check=values.one_of(*CLOUDS),
        ),
    )
    authority: str = field(
        default=Factory(lambda self: CLOUDS[self.cloud].authority, takes_self=True),
        validator=Variable(
            name="AZURE_AUTHORITY",
            meaning="Where people sign in, if not where the cloud says; a tenant at its end is left out",
            example="https://login.microsoftonline.com",
            convert=str,
            check=values.https_url,
        ),
    )
    graph_url: str = field(
        default=Factory(lambda self: CLOUDS[self.cloud].graph_url, takes_self=True),
        validator=Variable(
            name="AZURE_GRAPH_URL",
            meaning="Where Microsoft Graph answers, if not where the cloud says; without /v1.0",
            example="https://graph.microsoft.com",
            convert=str,
            check=values.https_url,
        ),
    )
    ca_file: Path | None = field(
        default=None,
        validator=Variable(
            name="AZURE_CA_FILE",
            meaning="PEM file of the certificate authorities to trust instead of the system's (inspecting proxies)",
            example="/etc/ssl/certs/organisation.pem",
            convert=values.path,
            check=values.file_path,
        ),
    )


@frozen(kw_only=True)
class GraphSettings:
    """How mailboxes are asked, within one process."""

    max_concurrency: int = field(
        default=32,
        validator=Variable(
            name="GRAPH_MAX_CONCURRENCY",
            meaning="Most requests to Microsoft Graph at the same time, over all mailboxes of a process: 1 to 64",
            example="32",
            convert=values.whole_number,
            check=values.between(1, 64),
        ),
    )
    page_size: int = field(
        default=100,
        validator=Variable(
            name="GRAPH_PAGE_SIZE",
            meaning="Mails asked for at once, 1 to 1000; with their bodies at most 100",
            example="100",
            convert=values.whole_number,
            check=values.between(1, 1000),
        ),
    )


@frozen(kw_only=True)
class AzureSettings:
    """The global Azure AD application. Neither client secret nor certificate means a public client."""

    client_id: str = field(
        validator=Variable(
            name="AZURE_CLIENT_ID",
            meaning="Application (client) id of the Azure AD app registration",
            example=_CLIENT_EXAMPLE,
            convert=str,
            check=values.word,
        ),
    )
    client_secrets: tuple[str, ...] = field(
        default=(),
        repr=False,
        validator=Variable(
            name="AZURE_CLIENT_SECRET",
            meaning="Its client secrets, comma separated, tried in order; none for a public client",
            example="your-client-secret",
            convert=values.items,
            check=values.all_words,
        ),
    )
    client_certificate: Path | None = field(
        default=None,
        validator=Variable(
            name="AZURE_CLIENT_CERTIFICATE",
            meaning="PEM file with its private key and certificate, tried before the client secrets",
            example="./azure-certificate.pem",
            convert=values.path,
            check=values.file_path,
        ),
    )
    tenant_id: str = field(
        default="common",
        validator=Variable(
            name="AZURE_TENANT_ID",
            meaning="Tenant: a GUID, a domain, common, organizations or consumers",
            example="common",
            convert=str,
            check=values.tenant,
        ),
    )
    scopes: tuple[str, ...] = field(
        default=_SCOPES,
        validator=Variable(
            name="AZURE_SCOPES",
            meaning="Permissions asked for at sign-in, separated by spaces or commas",
            example=" ".join(_SCOPES),
            convert=values.words,
            check=values.all_words,
        ),
    )
    redirect_uri: str = field(
        default="http://localhost:5000/auth/callback",
        validator=Variable(
            name="AZURE_REDIRECT_URI",
            meaning="Redirect URI, exactly as in the app registration",
            example="http://localhost:5000/auth/callback",
            convert=str,
            check=values.https_url,
        ),
    )


@frozen(kw_only=True)
class SignInServerSettings:
    """Where `auth serve` listens, and under which address people reach it (through a proxy)."""

    listen: str = field(
        default="127.0.0.1:5000",
        validator=Variable(
            name="AUTH_LISTEN",
            meaning="host:port where the sign-in server listens; a proxy in front of it adds https",
            example="127.0.0.1:5000",
            convert=str,
            check=values.server,
        ),
    )
    public_url: str | None = field(
        default=None,
        validator=Variable(
            name="AUTH_PUBLIC_URL",
            meaning="Address under which people reach it, for links that are mailed; by default where it listens",
            example="https://mail.example.com",
            convert=str,
            check=values.https_url,
        ),
    )


@frozen(kw_only=True)
class MailProcessingSettings:
    """How stored mail is processed."""

    chairs: tuple[str, ...] = field(
        default=(),
        validator=Variable(
            name="MAIL_CHAIRS",
            meaning="Who is the chair: addresses, or @ and a domain for all of it, comma separated",
            example="chair@example.org,@chair.example.org",
            convert=values.items,
            check=values.addresses,
        ),
    )
    workers: int = field(
        default=2,
        validator=Variable(
            name="MAIL_WORKERS",
            meaning="How many batches of mail a process works on at the same time: 1 to 32",
            example="2",
            convert=values.whole_number,
            check=values.between(1, 32),
        ),
    )


@frozen(kw_only=True)
class OpenAISettings:
    """The language model that analyses mail and answers questions, if one is used: with a key, it is."""

    api_key: str | None = field(
        default=None,
        repr=False,
        validator=Variable(
            name="OPENAI_API_KEY",
            meaning="Key of the OpenAI API, or of a server that speaks it; none: mail is analysed by rules alone",
            example="sk-your-key",
            convert=str,
            check=values.word,
        ),
    )
    base_url: str = field(
        default="https://api.openai.com/v1",
        validator=Variable(
            name="OPENAI_BASE_URL",
            meaning="Where it answers, without /chat/completions",
            example="https://api.openai.com/v1",
            convert=str,
            check=values.https_url,
        ),
    )
    model: str = field(
        default="gpt-4o-mini",
        validator=Variable(
            name="OPENAI_MODEL",
            meaning="Model that is asked; it must be able to answer in JSON",
            example="gpt-4o-mini",
            convert=str,
            check=values.word,
        ),
    )
    max_concurrency: int = field(
        default=4,
        validator=Variable(
            name="OPENAI_MAX_CONCURRENCY",
            meaning="Most requests to it at the same time, of a process: 1 to 64",
            example="4",
            convert=values.whole_number,
            check=values.between(1, 64),
        ),
    )
    timeout_seconds: int = field(
        default=30,
        validator=Variable(
            name="OPENAI_TIMEOUT",
            meaning="Seconds that the analysis of a mail may take in all, repetitions included: 1 to 60",
            example="30",
            convert=values.whole_number,
            check=values.between(1, 60),
        ),
    )


@frozen(kw_only=True)
class LogSettings:
    """What is logged, and how. Sizes are bytes."""

    level: str = field(
        default="INFO",
        validator=Variable(
            name="LOG_LEVEL",
            meaning=f"Least level that is logged: {', '.join(_LEVELS)}",
            example="INFO",
            convert=values.upper,
            check=values.one_of(*_LEVELS),
        ),
    )
    kafka_level: str = field(
        default="WARNING",
        validator=Variable(
            name="KAFKA_LOG_LEVEL",
            meaning="The same for the Kafka client",
            example="WARNING",
            convert=values.upper,
            check=values.one_of(*_LEVELS),
        ),
    )
    format: str = field(
        default="text",
        validator=Variable(
            name="LOG_FORMAT",
            meaning="text for people, json for programs (one document per line)",
            example="text",
            convert=values.lower,
            check=values.one_of("text", "json"),
        ),
    )
    auth_file: Path | None = field(
        default=None,
        validator=Variable(
            name="AUTH_LOG_FILE",
            meaning="Also write the authentication log to this file: JSON lines, shared by all processes",
            example="./data/auth.log",
            convert=values.path,
            check=values.file_path,
        ),
    )
    mail_file: Path | None = field(
        default=None,
        validator=Variable(
            name="MAIL_LOG_FILE",
            meaning="Also write who asked which mailbox for what (query log) to this file: JSON lines, as the other",
            example="./data/mail.log",
            convert=values.path,
            check=values.file_path,
        ),
    )
    auth_max_bytes: int = field(
        default=10_000_000,
        validator=Variable(
            name="AUTH_LOG_MAX_BYTES",
            meaning="Size in bytes at which that file, and MAIL_LOG_FILE, are rotated",
            example="10000000",
            convert=values.whole_number,
            check=values.at_least(1000),
        ),
    )
    auth_backups: int = field(
        default=10,
        validator=Variable(
            name="AUTH_LOG_BACKUPS",
            meaning="How many rotated files of each are kept",
            example="10",
            convert=values.whole_number,
            check=values.at_least(1),
        ),
    )


@frozen(kw_only=True)
class TimeSettings:
    """The zone in which people read and write times; None is the system's."""

    zone: tzinfo | None = field(
        default=None,
        validator=Variable(
            name="TIMEZONE",
            meaning="IANA time zone of dates and times for people; by default the system's",
            example="Asia/Seoul",
            convert=values.time_zone,
        ),
    )
