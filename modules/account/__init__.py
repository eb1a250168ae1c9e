"""The accounts: enrolling them from YAML files, looking at them, allowing and forbidding their use.

Inputs: command line; enrolment files, one account each; the settings below. Outputs: accounts, their audit trail and
their events in the database; standard output, exit code.
Environment: DATABASE_PATH (or DATABASE_URL), ENCRYPTION_KEY, ENROLLMENT_DIRECTORY, IDENTITY_PROVIDER, AZURE_CLOUD,
AZURE_AUTHORITY, AZURE_GRAPH_URL, AZURE_CA_FILE, AZURE_CLIENT_ID, AZURE_CLIENT_SECRET, AZURE_CLIENT_CERTIFICATE,
AZURE_TENANT_ID, AZURE_SCOPES, AZURE_REDIRECT_URI, LOG_LEVEL, LOG_FORMAT, AUTH_LOG_FILE, TIMEZONE, IACSGRAPH_ENV_FILE,
and whatever variables the enrolment files name.
"""
