"""What aiokafka must not log: at DEBUG it writes every request, also the one with the password, and every message."""

import logging

_CONFIDENTIAL = ("SaslAuthenticate", "ProduceRequest", "FetchResponse")


class _WithoutSecrets(logging.Filter):
    """Drops records that show how somebody signs in, or what is in messages."""

    def filter(self, record: logging.LogRecord) -> bool:
        shown = record.args if isinstance(record.args, tuple) else (record.args,)
        return not any(type(each).__name__.startswith(_CONFIDENTIAL) for each in shown)


_FILTER = _WithoutSecrets()


def keep_secrets_out_of_the_log() -> None:
    """Filter the logger that would show secrets; calling it again changes nothing."""
    logging.getLogger("aiokafka.conn").addFilter(_FILTER)
