"""Mails read in processes of their own, which are asked over pipes."""
