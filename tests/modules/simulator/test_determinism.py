"""The same seed and the same requests give the same ids, codes and tokens; signatures and times differ."""

import asyncio
from typing import Any

from modules.simulator.chance import Chance
from tests.modules.simulator.rig import Rig, running_rig


async def run(seed: int, users: int = 3) -> tuple[Any, ...]:
    """Everything in a run that the seed decides."""
    async with running_rig(seed=seed, users=users) as rig:
        directory = rig.simulator.directory
        callback = await rig.callback()
        tokens = (await rig.token(rig.redemption(callback))).body
        refreshed = (await rig.refresh(tokens["refresh_token"])).body
        device = await rig.begin_device()
        return (
            [(user.upn, user.object_id, user.password) for user in directory.users],
            [(each.client_id, [secret.value for secret in each.secrets]) for each in directory.applications],
            [each.tenant_id for each in directory.tenants],
            callback.fields,
            [(body["access_token"], body["refresh_token"], body["expires_in"]) for body in (tokens, refreshed)],
            (device["user_code"], device["device_code"]),
            (await rig.refresh("")).body["trace_id"],
        )


async def test_one_seed_gives_one_run() -> None:
    assert await run(7) == await run(7)


async def test_another_seed_gives_another_run() -> None:
    first, second = await run(1), await run(2)
    assert all(one != other for one, other in zip(first, second, strict=True))


async def test_more_people_change_nothing_for_those_who_were_there() -> None:
    few, many = await run(3, users=2), await run(3, users=25)
    assert many[0][:2] == few[0]
    assert len({upn for upn, *_ in many[0]}) == 25
    assert many[1:] == few[1:]


def test_one_kind_of_thing_does_not_change_another() -> None:
    one, other = Chance(0), Chance(0)
    other.guid("trace")
    assert one.text("token", 50) == other.text("token", 50)
    assert one.text("token", 50) != one.text("token", 50)


async def test_requests_at_the_same_time_get_tokens_of_their_own(rig: Rig) -> None:
    token = (await rig.signed_in()).body["refresh_token"]
    answers = await asyncio.gather(*(rig.refresh(token) for _ in range(50)))
    assert len({answer.body["access_token"] for answer in answers}) == 50
    assert len({answer.body["refresh_token"] for answer in answers}) == 50


async def test_a_code_redeemed_by_many_at_once_is_redeemed_once(rig: Rig) -> None:
    form = rig.redemption(await rig.callback())
    answers = await asyncio.gather(*(rig.token(form) for _ in range(20)))
    assert sorted(answer.status for answer in answers) == [200] + [400] * 19


async def test_people_sign_in_side_by_side(rig: Rig) -> None:
    answers = await asyncio.gather(*(rig.signed_in(number % 3) for number in range(12)))
    assert all(answer.status == 200 for answer in answers)
