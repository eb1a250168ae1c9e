"""What the demonstration found out, as a record."""

import attrs
import cattrs


@attrs.frozen(kw_only=True)
class Step:
    """One thing that was shown, and whether it came out as it must."""

    title: str
    result: str
    passed: bool


@attrs.frozen(kw_only=True)
class DemoReport:
    """All steps in their order."""

    steps: list[Step]

    @property
    def passed(self) -> bool:
        """Return whether every step came out as it must."""
        return all(step.passed for step in self.steps)


def make_converter() -> cattrs.Converter:
    """Return the converter of these records."""
    return cattrs.Converter()
