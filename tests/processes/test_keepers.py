"""Several keepers share a store."""

from tests.fakes.shared_watched_store import AFTER_DUE
from tests.processes.world import LONG_AGO, World

USERS = [f"user-{number:02}" for number in range(30)]


def test_two_keepers_in_two_processes_refresh_each_due_account_exactly_once(world: World) -> None:
    keepers = world.processes(2)
    keepers[0].call("enrol", users=USERS, age=LONG_AGO)
    keepers[0].call("enrol", users=["fresh"])
    for keeper in keepers:
        keeper.call("hold", window=AFTER_DUE, user="")
    tickets = [keeper.send("look") for keeper in keepers]
    for keeper in keepers:
        keeper.hear("reached", window=AFTER_DUE)  # both mean to refresh all of them
    for keeper in keepers:
        keeper.call("let_go", window=AFTER_DUE, user="")
    for keeper, ticket in zip(keepers, tickets, strict=True):
        keeper.answer(ticket)
    assert [world.provider.calls("refresh", user) for user in USERS] == [1] * len(USERS)
    assert world.provider.calls("refresh", "fresh") == 0
    tokens = [keepers[1].call("stored", user=user) for user in USERS]
    assert tokens == [world.provider.newest(user) for user in USERS]
