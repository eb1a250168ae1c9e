"""The campaign, short: kills on the way of mail lose and double nothing, and a missing protection is noticed."""

from pathlib import Path

from tests.processes.driver import Pool
from tests.processes.mail.campaign import Plan, run
from tests.processes.mail.storm import PAGE_SAVING, RESULT_SAVING

FEW = Plan(rounds=1, mails=12, people=1, cast=1, mishaps=False, spare=3, blows=(PAGE_SAVING, RESULT_SAVING))


def test_nothing_is_lost_or_told_twice_whoever_is_killed(up_pool: Pool, tmp_path: Path) -> None:
    report = run(FEW, up_pool, tmp_path)
    assert report.findings.wrong == {}
    assert report.kills == 2
    assert report.findings.announced > 0
