"""The promises of `Analyses`."""

from datetime import date
from itertools import count

from hypothesis import given
from hypothesis import strategies as st

from domain.correspondence.analysis import Analysis, AnalysisKey, Wording
from domain.unicode_text import REPLACEMENT
from tests.contracts.properties import QUICK, TEXT
from tests.contracts.rigs import Rig, World
from tests.contracts.samples import MINUTE, NOW
from tests.contracts.side_by_side import SideBySide

KEY = Wording(subject="s", text="t", sent_on=date(2026, 3, 1)).key("means")
OTHER = AnalysisKey("other")
ANALYSIS = Analysis(deadline=date(2026, 3, 31), keywords=("hull", "용접"))


async def test_what_was_not_kept_is_not_found(rig: Rig) -> None:
    assert await rig.analyses.find([KEY]) == {}
    assert await rig.analyses.find([]) == {}


async def test_what_is_kept_is_found_by_others_too(rig: Rig, elsewhere: Rig) -> None:
    await rig.analyses.keep(KEY, ANALYSIS, NOW)
    await rig.analyses.keep(OTHER, Analysis(), NOW)
    assert await elsewhere.analyses.find([KEY, AnalysisKey("unknown"), KEY]) == {KEY: ANALYSIS}
    assert await rig.analyses.find([OTHER, KEY]) == {KEY: ANALYSIS, OTHER: Analysis()}


async def test_the_first_analysis_stays(rig: Rig, elsewhere: Rig) -> None:
    await rig.analyses.keep(KEY, ANALYSIS, NOW)
    await elsewhere.analyses.keep(KEY, Analysis(keywords=("later",)), NOW + MINUTE)
    assert await rig.analyses.find([KEY]) == {KEY: ANALYSIS}


async def test_halves_of_surrogate_pairs_are_replaced(rig: Rig) -> None:
    await rig.analyses.keep(KEY, Analysis(keywords=("a\ud800",)), NOW)
    assert await rig.analyses.find([KEY]) == {KEY: Analysis(keywords=(f"a{REPLACEMENT}",))}


async def test_what_is_kept_is_there_for_a_process_that_starts_later(world: World) -> None:
    async with world.process("old") as before:
        await before.analyses.keep(KEY, ANALYSIS, NOW)
    async with world.process("old") as after:
        assert await after.analyses.find([KEY]) == {KEY: ANALYSIS}


def test_every_analysis_comes_back_as_it_was_kept() -> None:
    stores, numbers = SideBySide(), count()

    @QUICK
    @given(st.builds(Analysis, deadline=st.none() | st.dates(), keywords=st.lists(TEXT, max_size=4).map(tuple)))
    def keep_and_find(analysis: Analysis) -> None:
        key = AnalysisKey(f"key {next(numbers)}")
        stores.ask(lambda rig: rig.analyses.keep(key, analysis, NOW))
        assert stores.ask(lambda rig: rig.analyses.find([key])).given == {key: analysis}

    try:
        keep_and_find()
    finally:
        stores.close()
