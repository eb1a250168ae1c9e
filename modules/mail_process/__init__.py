"""Stored mail is read, judged and announced as `email.received`; what is unwanted is dropped, and can be restored.

Inputs: command line; stored mail in the database. Outputs: events in the outbox, states of mails; standard output, exit
code; the mail log (logger `iacsgraph.mail_flow`). With OPENAI_API_KEY words of mail go to that model.
Environment: DATABASE_PATH (or DATABASE_URL), MAIL_CHAIRS, MAIL_WORKERS, OPENAI_*, AZURE_CA_FILE,
KAFKA_TOPIC_EMAIL_EVENTS, LOG_LEVEL, LOG_FORMAT, TIMEZONE, IACSGRAPH_ENV_FILE.
"""
