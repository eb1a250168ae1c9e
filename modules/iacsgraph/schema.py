"""What the demonstration found out, as records."""

from collections.abc import Mapping
from datetime import date

import attrs
import cattrs

from modules.iacsgraph.comparison import Difference


@attrs.frozen(kw_only=True)
class Line:
    """One thing that was found out; `passed` None: it only tells something, and claims nothing."""

    title: str
    result: str
    passed: bool | None = None


@attrs.frozen(kw_only=True)
class Section:
    """Lines about one matter."""

    title: str
    lines: list[Line]


@attrs.frozen(kw_only=True)
class AgendaLine:
    """How an agenda stands: of its members, who has responded."""

    agenda: str
    status: str | None
    deadline: date | None
    responded: list[str]
    members: int


@attrs.frozen(kw_only=True)
class DemoReport:
    """`differences` from the generator's truth are all of them; `counts` are the figures behind the lines."""

    sections: list[Section]
    agendas: list[AgendaLine]
    differences: list[Difference]
    counts: Mapping[str, int]

    @property
    def passed(self) -> bool:
        """Return whether everything came out as it must."""
        lines = [line for section in self.sections for line in section.lines]
        return all(line.passed is not False for line in lines) and not self.differences


def make_converter() -> cattrs.Converter:
    """Return the converter of these records; `passed` stands beside what a report holds."""
    converter = cattrs.Converter()
    of_report = converter.gen_unstructure_attrs_fromdict(DemoReport)
    converter.register_unstructure_hook(DemoReport, lambda report: {"passed": report.passed, **of_report(report)})
    return converter
