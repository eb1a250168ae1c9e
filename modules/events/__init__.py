"""Events on their way, as an operator handles them: watch, publish, relay, see who lags, look at dead letters.

Inputs: command line, standard input (`publish`); the outbox; topics. Outputs: standard output, exit code; topics,
offsets of groups (`tail --group`).
Environment: EVENT_BUS, EVENT_PARTITIONS, EVENT_RETENTION_DAYS, DEAD_LETTER_RETENTION_DAYS, OUTBOX_RETENTION_HOURS,
KAFKA_BOOTSTRAP_SERVERS and the other KAFKA_* settings, DATABASE_PATH (or DATABASE_URL), LOG_LEVEL, KAFKA_LOG_LEVEL,
LOG_FORMAT, TIMEZONE, IACSGRAPH_ENV_FILE.
"""
