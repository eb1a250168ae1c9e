"""How people write dates, and a deadline in a sentence."""

from datetime import date, datetime
from typing import Final

from modules.simulator.correspondence.dice import Dice
from modules.simulator.correspondence.truth import Language

_MONTHS: Final = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)
_DAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_KOREAN_DAYS: Final = "월화수목금토일"
_ENDINGS: Final = {1: "st", 2: "nd", 3: "rd", 21: "st", 22: "nd", 23: "rd", 31: "st"}

_STATEMENTS: Final = (
    "Members are kindly requested to provide their comments by {}.",
    "Please send your replies by {}.",
    "Your response is requested no later than {}.",
    "Comments should reach the chair no later than {}.",
    "Deadline: {}",
    "The deadline for comments is {}.",
    "Reply by: {}",
    "Members are invited to respond not later than {}.",
)
_KOREAN_STATEMENTS: Final = (
    "회신 기한: {}",
    "각 회원은 {}까지 의견을 회신하여 주시기 바랍니다.",
    "{}까지 회신 부탁드립니다.",
    "의견 제출 기한은 {}까지입니다.",
)
_MEETINGS: Final = (
    "The matter will also be on the agenda of the next panel meeting on {} in {}.",
    "The panel meets on {} in {}; the subject will be taken up there.",
    "A web meeting of the project team is foreseen on {} (hosted from {}).",
)
_KOREAN_MEETINGS: Final = (
    "다음 패널 회의는 {} {}에서 개최될 예정입니다.",
    "본 사안은 {} {} 회의에서도 논의될 예정입니다.",
)
_PLACES: Final = ("London", "Busan", "Genoa", "Gdansk", "Hamburg", "Tokyo", "Split", "Houston")
_KOREAN_PLACES: Final = ("부산", "서울", "런던", "도쿄", "함부르크")


def english(day: date, dice: Dice) -> str:
    """Return an unambiguous English or ISO form; `14&nbsp;June&nbsp;2025` is one of them."""
    month = _MONTHS[day.month - 1]
    return dice.weighted(
        (
            (0.35, f"{day.day} {month} {day.year}"),
            (0.05, f"{day.day}\N{NO-BREAK SPACE}{month}\N{NO-BREAK SPACE}{day.year}"),
            (0.15, f"{month} {day.day}, {day.year}"),
            (0.12, f"{day.day} {month[:3]} {day.year}"),
            (0.10, day.isoformat()),
            (0.08, f"{day.day}{_ENDINGS.get(day.day, 'th')} {month} {day.year}"),
            (0.10, f"{_DAYS[day.weekday()]}, {day.day} {month} {day.year}"),
            (0.05, f"{day.day:02}-{month[:3].upper()}-{day.year}"),
        )
    )


def korean(day: date, dice: Dice) -> str:
    return dice.weighted(
        (
            (0.45, f"{day.year}년 {day.month}월 {day.day}일"),
            (0.20, f"{day.year}. {day.month}. {day.day}."),
            (0.15, f"{day.year}.{day.month:02}.{day.day:02}"),
            (0.10, day.isoformat()),
            (0.10, f"{day.year}년 {day.month}월 {day.day}일({_KOREAN_DAYS[day.weekday()]})"),
        )
    )


def deadline_stated(day: date, language: Language, dice: Dice) -> str:
    if language == "ko":
        return dice.pick(_KOREAN_STATEMENTS).format(korean(day, dice))
    return dice.pick(_STATEMENTS).format(english(day, dice))


def meeting_mentioned(day: date, language: Language, dice: Dice) -> str:
    """Return a sentence with a date that is no deadline."""
    if language == "ko":
        return dice.pick(_KOREAN_MEETINGS).format(korean(day, dice), dice.pick(_KOREAN_PLACES))
    return dice.pick(_MEETINGS).format(english(day, dice), dice.pick(_PLACES))


def in_heading(moment: datetime, language: Language) -> str:
    """Return a moment as Outlook writes it above a quotation."""
    hour, half = (moment.hour - 1) % 12 + 1, moment.hour >= 12  # noqa: PLR2004 - noon
    if language == "ko":
        day = f"{moment.year}년 {moment.month}월 {moment.day}일 {_KOREAN_DAYS[moment.weekday()]}요일"
        return f"{day} {'오후' if half else '오전'} {hour}:{moment:%M}"
    day = f"{_DAYS[moment.weekday()]}, {_MONTHS[moment.month - 1]} {moment.day}, {moment.year}"
    return f"{day} {hour}:{moment:%M} {'PM' if half else 'AM'}"
