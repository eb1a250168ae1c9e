"""Deadlines and keywords found by rules, in English and Korean: no network, nothing learnt, the same each time."""
