"""The mailboxes of the local Microsoft 365, and the part of Graph that is about them."""
