"""Mailboxes copied into the store and followed, and what is stored of them; whether that is all of them.

Inputs: command line; accounts and tokens in the database; Microsoft Graph. Outputs: mails and events in the database;
standard output, exit code; the mail log (logger `iacsgraph.mail_flow`).
Environment: DATABASE_PATH (or DATABASE_URL), ENCRYPTION_KEY, IDENTITY_PROVIDER, AZURE_*, GRAPH_MAX_CONCURRENCY,
GRAPH_PAGE_SIZE, MAIL_SYNC_*, EVENT_*, KAFKA_TOPIC_EMAIL_EVENTS, LOG_LEVEL, LOG_FORMAT, AUTH_LOG_FILE, TIMEZONE,
IACSGRAPH_ENV_FILE.
"""
