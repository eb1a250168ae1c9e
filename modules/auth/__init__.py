"""Signs accounts in and keeps them signed in: hands out access tokens and refreshes them ahead of time.

Inputs: accounts and tokens of the database; people's browsers; the settings below. Outputs: fresh tokens in the
database, sign-in pages, the authentication log, account events in the outbox.
Environment: DATABASE_PATH (or DATABASE_URL), ENCRYPTION_KEY, IDENTITY_PROVIDER, AZURE_CLOUD, AZURE_AUTHORITY,
AZURE_GRAPH_URL, AZURE_CA_FILE, AZURE_CLIENT_ID, AZURE_CLIENT_SECRET, AZURE_CLIENT_CERTIFICATE, AZURE_TENANT_ID,
AZURE_SCOPES, AZURE_REDIRECT_URI, AUTH_LISTEN, AUTH_PUBLIC_URL, LOG_LEVEL, LOG_FORMAT, AUTH_LOG_FILE, TIMEZONE,
IACSGRAPH_ENV_FILE.
"""
