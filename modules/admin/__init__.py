"""The operator's tools: a new `.env`, a check-up of everything configured, encryption keys, the database.

Inputs: command line; the settings below. Outputs: standard output, exit code; `.env` (`init`), a backup file
(`db backup`).
Environment: DATABASE_PATH (or DATABASE_URL), ENCRYPTION_KEY, LOG_LEVEL, LOG_FORMAT, TIMEZONE, IACSGRAPH_ENV_FILE.
"""
