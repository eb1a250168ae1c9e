"""Processes that read mails."""
