"""Mailboxes by Microsoft Graph v1.0: requests, limits, OData, decoding; nothing foreign leaves."""
