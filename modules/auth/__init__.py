"""Keeps accounts signed in: hands out access tokens and refreshes them ahead of time.

Inputs: accounts and tokens of the database; the settings below. Outputs: fresh tokens in the database, the
authentication log, account events in the outbox.
Environment: DATABASE_PATH (or DATABASE_URL), ENCRYPTION_KEY, IDENTITY_PROVIDER, AZURE_CLIENT_ID, AZURE_CLIENT_SECRET,
AZURE_TENANT_ID, AZURE_SCOPES, AZURE_REDIRECT_URI, LOG_LEVEL, LOG_FORMAT, AUTH_LOG_FILE, TIMEZONE, IACSGRAPH_ENV_FILE.
"""
