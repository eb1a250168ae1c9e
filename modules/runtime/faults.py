"""What is wrong with the settings, as lines for people and as details for programs."""

from collections.abc import Sequence

from attrs import asdict, frozen

from domain.errors import ConfigurationError

_HEADING = "Required settings are missing or wrong (필수 설정값이 누락되었습니다):"


@frozen(kw_only=True)
class Fault:
    """One fault. `variable` is None for a fault of the `.env` file itself; nothing here holds a setting's value."""

    variable: str | None
    origin: str | None
    problem: str
    example: str

    def __str__(self) -> str:
        """Return one line: what, where, what is wrong, an example."""
        place = f" ({self.origin})" if self.variable and self.origin else ""
        return f"{self.variable or self.origin}{place} {self.problem}. Example: {self.example}"


def configuration_error(faults: Sequence[Fault]) -> ConfigurationError:
    """Join all faults into one error; `details["faults"]` holds them one by one."""
    lines = [_HEADING, *(f"  {fault}" for fault in faults)]
    return ConfigurationError("\n".join(lines), details={"faults": [asdict(fault) for fault in faults]})
