"""Mail on its way from mailboxes to the log of events, with kills of the processes that carry it: `iacsgraph up`."""
