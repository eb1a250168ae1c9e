"""How long the relay remembers what was handled follows how long messages may come again."""

from datetime import timedelta

from application.outbox_relay import RelayTimes
from modules.events.compose import relay_times
from modules.runtime.event_settings import EventSettings


def test_by_default_the_relay_keeps_what_the_default_settings_ask_for() -> None:
    assert relay_times(EventSettings()) == RelayTimes()


def test_what_was_handled_is_kept_for_twice_as_long_as_messages_and_dead_letters_together() -> None:
    settings = EventSettings(retention_days=1, dead_letter_retention_days=2)
    assert relay_times(settings).keep_handled == timedelta(days=6)


def test_with_messages_that_are_kept_for_ever_what_was_handled_is_too() -> None:
    for settings in (EventSettings(retention_days=0), EventSettings(dead_letter_retention_days=0)):
        assert relay_times(settings).keep_handled > timedelta(days=36_000)
