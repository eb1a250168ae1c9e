"""Settings groups: what is accepted, what is a fault, and what a fault says."""

from datetime import UTC, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from attrs import field, fields, frozen, make_class
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import ConfigurationError
from domain.topics import TopicPlan
from modules.runtime.env_template import GROUPS
from modules.runtime.environment import Environment
from modules.runtime.event_settings import BusSettings, EventSettings, KafkaSettings
from modules.runtime.settings import (
    AzureSettings,
    DatabaseSettings,
    EncryptionSettings,
    LogSettings,
    OpenAISettings,
    ProviderSettings,
    SignInServerSettings,
    TimeSettings,
)
from modules.runtime.settings_loading import load
from modules.runtime.variables import Variable
from tests.modules.runtime.samples import KEY, OTHER_KEY

MINIMAL = {"DATABASE_PATH": "data/x.db", "ENCRYPTION_KEY": KEY, "KAFKA_BOOTSTRAP_SERVERS": "localhost:9092"}


@frozen(kw_only=True)
class Program:
    """What a module's own settings look like."""

    database: DatabaseSettings
    encryption: EncryptionSettings
    kafka: KafkaSettings
    log: LogSettings


Everything = make_class(
    "Everything", {group.__name__: field(type=group) for _, group in GROUPS}, frozen=True, kw_only=True
)
EVERY_NAME = [a.validator.name for _, group in GROUPS for a in fields(group) if isinstance(a.validator, Variable)]


def read(group: type[Any], **values: str) -> Any:  # noqa: ANN401 - any group
    return load(group, Environment.of(values))


def faults(group: type[Any], **values: str) -> dict[str | None, str]:
    with pytest.raises(ConfigurationError) as caught:
        read(group, **values)
    listed = caught.value.details["faults"]
    assert isinstance(listed, list)
    return {fault["variable"]: fault["problem"] for fault in listed}


def test_a_program_reads_all_its_groups_at_once() -> None:
    program = load(Program, Environment.of({**MINIMAL, "LOG_LEVEL": "debug", "LOG_FORMAT": "JSON"}))
    assert program == Program(
        database=DatabaseSettings(path=Path("data/x.db")),
        encryption=EncryptionSettings(keys=(KEY,)),
        kafka=KafkaSettings(bootstrap_servers=("localhost:9092",)),
        log=LogSettings(level="DEBUG", format="json"),
    )


def test_all_faults_of_all_groups_come_in_one_message_of_one_line_each() -> None:
    with pytest.raises(ConfigurationError) as caught:
        read(Program, ENCRYPTION_KEY="nonsense", LOG_LEVEL="loud", KAFKA_BOOTSTRAP_SERVERS=" ")
    heading, *lines = str(caught.value).split("\n")
    assert heading == "Required settings are missing or wrong (필수 설정값이 누락되었습니다):"
    assert [line.split()[0] for line in lines] == [
        "DATABASE_PATH",
        "ENCRYPTION_KEY",
        "KAFKA_BOOTSTRAP_SERVERS",
        "LOG_LEVEL",
    ]
    assert "is not set" in lines[0]
    assert "Example: DATABASE_PATH=./data/iacsgraph.db" in lines[0]
    assert "is not one of DEBUG, INFO" in lines[3]


def test_the_details_say_the_same_to_programs() -> None:
    with pytest.raises(ConfigurationError) as caught:
        read(LogSettings, LOG_LEVEL="loud")
    assert caught.value.error_code == "CONFIGURATION_ERROR"
    assert caught.value.details["faults"] == [
        {
            "variable": "LOG_LEVEL",
            "origin": None,
            "problem": "is not one of DEBUG, INFO, WARNING, ERROR, CRITICAL",
            "example": "LOG_LEVEL=INFO",
        },
    ]


def test_a_variable_of_two_groups_is_reported_once() -> None:
    @frozen(kw_only=True)
    class Both:
        one: LogSettings
        two: LogSettings

    assert faults(Both, LOG_LEVEL="loud").keys() == {"LOG_LEVEL"}
    with pytest.raises(ConfigurationError) as caught:
        read(Both, LOG_LEVEL="loud")
    assert str(caught.value).count("LOG_LEVEL is") == 1


def test_only_the_group_that_is_read_requires_its_variables() -> None:
    assert read(LogSettings) == LogSettings()
    assert read(OpenAISettings) == OpenAISettings(api_key=None)
    assert faults(DatabaseSettings).keys() == {"DATABASE_PATH"}


def test_the_defaults() -> None:
    assert read(LogSettings) == LogSettings(
        level="INFO",
        kafka_level="WARNING",
        format="text",
        auth_file=None,
        mail_file=None,
        auth_max_bytes=10_000_000,
        auth_backups=10,
    )
    events = read(EventSettings)
    assert (events.topic_email_events, events.consumer_group_id) == ("email.received", "iacsgraph")
    assert events.plan == TopicPlan()
    kafka = read(KafkaSettings, KAFKA_BOOTSTRAP_SERVERS="a:1")
    assert (kafka.protocol, kafka.sasl_username, kafka.replication_factor) == ("PLAINTEXT", None, None)
    azure = read(AzureSettings, AZURE_CLIENT_ID="id")
    assert azure.client_secrets == ()
    assert (azure.tenant_id, azure.client_certificate) == ("common", None)
    assert azure.redirect_uri == "http://localhost:5000/auth/callback"


def test_the_addresses_follow_the_cloud_unless_given() -> None:
    assert read(ProviderSettings) == ProviderSettings(
        provider="azure",
        cloud="global",
        authority="https://login.microsoftonline.com",
        graph_url="https://graph.microsoft.com",
        ca_file=None,
    )
    china = read(ProviderSettings, AZURE_CLOUD="China")
    assert (china.authority, china.graph_url) == (
        "https://login.partner.microsoftonline.cn",
        "https://microsoftgraph.chinacloudapi.cn",
    )
    local = read(ProviderSettings, AZURE_CLOUD="usgov", AZURE_AUTHORITY="http://127.0.0.1:8080/t")
    assert (local.authority, local.graph_url) == ("http://127.0.0.1:8080/t", "https://graph.microsoft.us")


def test_the_sign_in_server_listens_on_this_machine_alone_unless_told_otherwise() -> None:
    server = read(SignInServerSettings)
    assert (server.listen, server.public_url) == ("127.0.0.1:5000", None)
    assert read(SignInServerSettings, AUTH_LISTEN="127.0.0.1:0").listen == "127.0.0.1:0"
    assert faults(SignInServerSettings, AUTH_LISTEN="5000", AUTH_PUBLIC_URL="http://mail.example.com").keys() == {
        "AUTH_LISTEN",
        "AUTH_PUBLIC_URL",
    }


def test_lists_are_split_and_stripped() -> None:
    azure = read(AzureSettings, AZURE_CLIENT_ID="id", AZURE_CLIENT_SECRET="one , two", AZURE_SCOPES="a b, c")
    assert azure.client_secrets == ("one", "two")
    assert azure.scopes == ("a", "b", "c")
    assert read(EncryptionSettings, ENCRYPTION_KEY=f" {KEY}, {OTHER_KEY} ").keys == (KEY, OTHER_KEY)


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("sqlite:///data/x.db", "data/x.db"),
        ("sqlite:////var/lib/x.db", "/var/lib/x.db"),
        ("sqlite:///my%20data/x.db", "my data/x.db"),
    ],
)
def test_database_url_is_accepted_for_the_path(url: str, path: str) -> None:
    assert read(DatabaseSettings, DATABASE_URL=url).path == Path(path)
    assert read(DatabaseSettings, DATABASE_URL=url, DATABASE_PATH=path).path == Path(path)
    absolute = str(Path(path).absolute())
    assert read(DatabaseSettings, DATABASE_URL=url, DATABASE_PATH=absolute).path == Path(absolute)


def test_a_path_and_a_url_that_differ_are_a_fault() -> None:
    found = faults(DatabaseSettings, DATABASE_PATH="x.db", DATABASE_URL="sqlite:///y.db")
    assert found == {"DATABASE_URL": "differs from DATABASE_PATH; keep one of them"}


@pytest.mark.parametrize(
    "url",
    ["postgresql://u:canary@h/db", "sqlite://", "sqlite:///", "sqlite:///x?mode=ro", "sqlite://h/x", "sqlite:///:memory:",
     "//[canary", "sqlite:///a%00b"],
)  # fmt: skip
def test_a_url_that_names_no_sqlite_file_is_a_fault(url: str) -> None:
    found = faults(DatabaseSettings, DATABASE_URL=url)
    assert found.keys() == {"DATABASE_URL"}
    assert "canary" not in str(found)


def test_the_home_directory_is_expanded() -> None:
    assert read(DatabaseSettings, DATABASE_PATH="~/x.db").path == Path.home() / "x.db"


@pytest.mark.parametrize(
    ("group", "variable", "value"),
    [
        (DatabaseSettings, "DATABASE_PATH", ":memory:"),
        (DatabaseSettings, "DATABASE_PATH", "file:x.db?mode=ro"),
        (DatabaseSettings, "DATABASE_PATH", "."),
        (DatabaseSettings, "DATABASE_PATH", "a\x00b"),
        (DatabaseSettings, "DATABASE_PATH", "~nobody-of-this-name/x"),
        (KafkaSettings, "KAFKA_BOOTSTRAP_SERVERS", "localhost"),
        (KafkaSettings, "KAFKA_BOOTSTRAP_SERVERS", "localhost:0"),
        (KafkaSettings, "KAFKA_BOOTSTRAP_SERVERS", "localhost:65536"),
        (KafkaSettings, "KAFKA_BOOTSTRAP_SERVERS", "a:1,,b:2"),
        (KafkaSettings, "KAFKA_BOOTSTRAP_SERVERS", "http://a:1"),
        (EventSettings, "EVENT_BUS", "rabbit"),
        (EventSettings, "EVENT_PARTITIONS", "0"),
        (EventSettings, "EVENT_PARTITIONS", "1001"),
        (EventSettings, "EVENT_RETENTION_DAYS", "36501"),
        (EventSettings, "DEAD_LETTER_RETENTION_DAYS", "-1"),
        (EventSettings, "OUTBOX_RETENTION_HOURS", "1.5"),
        (EventSettings, "KAFKA_TOPIC_EMAIL_EVENTS", "a/b"),
        (LogSettings, "LOG_LEVEL", "verbose"),
        (LogSettings, "KAFKA_LOG_LEVEL", "10"),
        (LogSettings, "LOG_FORMAT", "xml"),
        (LogSettings, "AUTH_LOG_MAX_BYTES", "1e6"),
        (LogSettings, "AUTH_LOG_MAX_BYTES", "-1"),
        (LogSettings, "AUTH_LOG_MAX_BYTES", "10"),
        (LogSettings, "AUTH_LOG_MAX_BYTES", "9" * 5000),
        (LogSettings, "AUTH_LOG_BACKUPS", "0"),
        (TimeSettings, "TIMEZONE", "Mars/Olympus"),
        (TimeSettings, "TIMEZONE", "America"),
        (TimeSettings, "TIMEZONE", "../../etc/passwd"),
        (OpenAISettings, "OPENAI_API_KEY", "two words"),
        (OpenAISettings, "OPENAI_BASE_URL", "http://models.example.com/v1"),
        (OpenAISettings, "OPENAI_BASE_URL", "models.example.com"),
        (OpenAISettings, "OPENAI_MODEL", "two words"),
        (OpenAISettings, "OPENAI_MAX_CONCURRENCY", "0"),
        (OpenAISettings, "OPENAI_MAX_CONCURRENCY", "65"),
        (OpenAISettings, "OPENAI_TIMEOUT", "0"),
        (OpenAISettings, "OPENAI_TIMEOUT", "1.5"),
        (ProviderSettings, "AZURE_AUTHORITY", "http://login.example.com/t"),
        (ProviderSettings, "AZURE_AUTHORITY", "https://u:p@login.example.com/t"),
        (ProviderSettings, "AZURE_AUTHORITY", "https://h:99999/t"),
        (ProviderSettings, "AZURE_AUTHORITY", "login.microsoftonline.com"),
        (ProviderSettings, "AZURE_GRAPH_URL", "graph.microsoft.com"),
        (ProviderSettings, "AZURE_CLOUD", "germany"),
        (ProviderSettings, "IDENTITY_PROVIDER", "oracle"),
    ],
)
def test_a_wrong_value_is_a_fault_of_its_variable(group: type[Any], variable: str, value: str) -> None:
    assert faults(group, **{variable: value}).keys() == {variable}


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("AZURE_TENANT_ID", "a/b"),
        ("AZURE_REDIRECT_URI", "https://h/cb?x=1"),
        ("AZURE_CLIENT_SECRET", "a,,b"),
        ("AZURE_CLIENT_SECRET", "a b"),
    ],
)
def test_a_wrong_azure_value_is_a_fault_of_its_variable(variable: str, value: str) -> None:
    assert faults(AzureSettings, AZURE_CLIENT_ID="id", **{variable: value}).keys() == {variable}


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("KAFKA_SECURITY_PROTOCOL", "TLS"),
        ("KAFKA_SASL_MECHANISM", "GSSAPI"),
        ("KAFKA_SASL_PASSWORD", "a\x07b"),
        ("KAFKA_SSL_CA_FILE", "."),
        ("KAFKA_REPLICATION_FACTOR", "0"),
    ],
)
def test_a_wrong_kafka_value_is_a_fault_of_its_variable(variable: str, value: str) -> None:
    assert faults(KafkaSettings, KAFKA_BOOTSTRAP_SERVERS="a:1", **{variable: value}).keys() == {variable}


def test_how_events_are_kept_is_the_plan_of_topics() -> None:
    events = read(EventSettings, EVENT_PARTITIONS="2", EVENT_RETENTION_DAYS="0", DEAD_LETTER_RETENTION_DAYS="365")
    assert events.plan == TopicPlan(partitions=2, retention=None, dead_letter_retention=timedelta(days=365))


SECURED = {
    "KAFKA_BOOTSTRAP_SERVERS": "a:1",
    "KAFKA_SECURITY_PROTOCOL": "sasl_ssl",
    "KAFKA_SASL_MECHANISM": "scram-sha-512",
    "KAFKA_SASL_USERNAME": "kim",
    "KAFKA_SASL_PASSWORD": "canary with spaces",
    "KAFKA_SSL_CA_FILE": "ca.pem",
}


def test_a_secured_kafka_is_read_and_its_password_is_in_no_repr() -> None:
    kafka = read(KafkaSettings, **SECURED)
    assert (kafka.protocol, kafka.sasl_mechanism) == ("SASL_SSL", "SCRAM-SHA-512")
    assert (kafka.sasl_password, kafka.ssl_ca_file) == ("canary with spaces", Path("ca.pem"))
    assert "canary" not in repr(kafka)


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        ({"KAFKA_SASL_PASSWORD": ""}, {"KAFKA_SASL_PASSWORD": "is not set, but KAFKA_SECURITY_PROTOCOL is SASL_SSL"}),
        (
            {"KAFKA_SASL_MECHANISM": "", "KAFKA_SASL_USERNAME": ""},
            dict.fromkeys(
                ("KAFKA_SASL_MECHANISM", "KAFKA_SASL_USERNAME"), "is not set, but KAFKA_SECURITY_PROTOCOL is SASL_SSL"
            ),
        ),
        (
            {"KAFKA_SECURITY_PROTOCOL": "SSL"},
            dict.fromkeys(
                ("KAFKA_SASL_MECHANISM", "KAFKA_SASL_USERNAME", "KAFKA_SASL_PASSWORD"),
                "is set, but KAFKA_SECURITY_PROTOCOL is SSL",
            ),
        ),
        (
            {"KAFKA_SECURITY_PROTOCOL": "SASL_PLAINTEXT"},
            {"KAFKA_SSL_CA_FILE": "is set, but KAFKA_SECURITY_PROTOCOL is SASL_PLAINTEXT"},
        ),
        ({"KAFKA_SSL_KEY": "key.pem"}, {"KAFKA_SSL_CERTIFICATE": "is not set, but KAFKA_SSL_KEY is"}),
    ],
)
def test_settings_of_kafka_that_contradict_each_other_are_faults(
    changes: dict[str, str], found: dict[str | None, str]
) -> None:
    assert faults(KafkaSettings, **{**SECURED, **changes}) == found


def test_contradictions_come_together_with_the_faults_of_other_groups() -> None:
    given = {**MINIMAL, "KAFKA_SASL_USERNAME": "kim", "LOG_LEVEL": "loud"}
    assert faults(Program, **given).keys() == {"LOG_LEVEL", "KAFKA_SASL_USERNAME"}
    with pytest.raises(ValueError, match="KAFKA_SASL_USERNAME is set, but KAFKA_SECURITY_PROTOCOL is PLAINTEXT"):
        KafkaSettings(bootstrap_servers=("a:1",), sasl_username="kim")


def test_the_bus_is_kafka_where_its_servers_are_named_unless_told_otherwise() -> None:
    assert read(BusSettings).kind == "embedded"
    assert read(BusSettings, KAFKA_BOOTSTRAP_SERVERS="a:1").kind == "kafka"
    assert read(BusSettings, KAFKA_BOOTSTRAP_SERVERS="a:1", EVENT_BUS="Embedded").kind == "embedded"
    forgotten = faults(BusSettings, KAFKA_SECURITY_PROTOCOL="SASL_SSL", KAFKA_SASL_PASSWORD="canary")
    assert forgotten["KAFKA_BOOTSTRAP_SERVERS"].startswith("is not set")
    assert faults(BusSettings, EVENT_BUS="kafka") == {"KAFKA_BOOTSTRAP_SERVERS": "is not set, but EVENT_BUS is kafka"}
    assert faults(BusSettings, EVENT_BUS="kafka", KAFKA_BOOTSTRAP_SERVERS="x") == {
        "KAFKA_BOOTSTRAP_SERVERS": "server 1 is not host:port"
    }


def test_an_optional_group_is_also_read_if_its_alternative_is_set() -> None:
    @frozen(kw_only=True)
    class Perhaps:
        database: DatabaseSettings | None = None

    assert read(Perhaps).database is None
    assert read(Perhaps, DATABASE_URL="sqlite:///x.db").database == DatabaseSettings(path=Path("x.db"))


def test_ipv6_brokers_are_written_in_brackets() -> None:
    assert read(KafkaSettings, KAFKA_BOOTSTRAP_SERVERS="[::1]:9092").bootstrap_servers == ("[::1]:9092",)


def test_time_zones() -> None:
    assert read(TimeSettings).zone is None
    assert read(TimeSettings, TIMEZONE="Asia/Seoul").zone == ZoneInfo("Asia/Seoul")
    assert read(TimeSettings, TIMEZONE="utc").zone is UTC


@pytest.mark.parametrize(
    ("keys", "problem"),
    [
        (f"{KEY},short", "key 2 is not a Fernet key"),
        (f"{KEY},{KEY}", "key 2 is the same as key 1"),
        (f"{KEY},{OTHER_KEY},{KEY[:-2]}9=", "key 3 is the same as key 1"),  # unused bits of the last letter differ
        (f"{KEY},", "item 2 of 2 is empty"),
        (KEY[:-1], "key 1 is not a Fernet key"),
        (f"{KEY[:-2]}+=", "key 1 is not a Fernet key"),
    ],
)
def test_a_wrong_key_is_named_by_its_position_only(keys: str, problem: str) -> None:
    assert faults(EncryptionSettings, ENCRYPTION_KEY=keys)["ENCRYPTION_KEY"].startswith(problem)


@given(text=st.text(alphabet=st.characters(codec="utf-8"), min_size=20))
def test_no_fault_repeats_a_value(text: str) -> None:
    """A secret pasted into the wrong place must not come back in a message."""
    canary = f"canary{text}"
    wrong = {**dict.fromkeys(EVERY_NAME, canary), "AZURE_CLIENT_ID": "two words"}
    with pytest.raises(ConfigurationError) as caught:
        load(Everything, Environment.of(wrong))
    assert "ENCRYPTION_KEY" in str(caught.value)
    assert "canary" not in f"{caught.value} {caught.value.details}"


def test_secrets_are_not_in_any_repr() -> None:
    groups = (
        EncryptionSettings(keys=(KEY,)),
        AzureSettings(client_id="id", client_secrets=("canary-secret",)),
        OpenAISettings(api_key="canary-key"),
        Environment.of({"ENCRYPTION_KEY": KEY, "OPENAI_API_KEY": "canary"}),
    )
    assert KEY not in repr(groups)
    assert "canary" not in repr(groups)


def test_values_given_in_code_are_checked_too() -> None:
    with pytest.raises(ValueError, match=r"^ENCRYPTION_KEY: key 1 is not a Fernet key") as caught:
        EncryptionSettings(keys=("canary",))
    assert "canary" not in str(caught.value)
    with pytest.raises(ValueError, match="ENCRYPTION_KEY: holds no key"):
        EncryptionSettings(keys=())
    with pytest.raises(ValueError, match="KAFKA_BOOTSTRAP_SERVERS: names no server"):
        KafkaSettings(bootstrap_servers=())


def test_the_process_environment_is_not_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    """environs itself reads `os.environ`; a given environment must be all there is."""
    monkeypatch.setenv("LOG_LEVEL", "DEBUG")
    assert read(LogSettings).level == "INFO"


def test_without_a_given_environment_the_process_and_its_env_file_are_read(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("IACSGRAPH_ENV_FILE", raising=False)
    monkeypatch.setenv("TIMEZONE", "UTC")
    (tmp_path / ".env").write_text("TIMEZONE=Asia/Seoul\n", encoding="utf-8")
    assert load(TimeSettings).zone is UTC


@frozen(kw_only=True)
class Needs:
    """What a program may have: an application of its own."""

    azure: AzureSettings | None = None
    time: TimeSettings


def test_an_optional_group_is_read_if_what_it_requires_is_set_and_then_with_all_its_faults() -> None:
    assert read(Needs) == Needs(time=TimeSettings())
    assert read(Needs, AZURE_CLIENT_SECRET="left over") == Needs(time=TimeSettings())
    assert read(Needs, AZURE_CLIENT_ID="id").azure == AzureSettings(client_id="id")
    assert faults(Needs, AZURE_CLIENT_ID="id", AZURE_TENANT_ID="a/b").keys() == {"AZURE_TENANT_ID"}
