"""Mail of several mailboxes at once, as it is in them now: queries, and one mail with its attachments.

Inputs: command line; accounts and tokens in the database; Microsoft Graph. Outputs: standard output, exit code; files
of attachments; the query log (logger `iacsgraph.mail`).
Environment: DATABASE_PATH (or DATABASE_URL), ENCRYPTION_KEY, IDENTITY_PROVIDER, AZURE_*, GRAPH_MAX_CONCURRENCY,
GRAPH_PAGE_SIZE, LOG_LEVEL, LOG_FORMAT, AUTH_LOG_FILE, TIMEZONE, IACSGRAPH_ENV_FILE.
"""
