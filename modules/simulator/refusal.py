"""How Entra says no: JSON at the token endpoint, parameters of a redirect, or a page."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Unpack

import attrs

from modules.simulator.aadsts import GRANT, INTERACTION, Aadsts, Changes, changed

DECLINED = 65004

# What a client that passes the challenge on gets a new sign-in for; the value is a policy's name.
CHALLENGE = json.dumps({"access_token": {"capolids": {"essential": True, "values": ["simulated-policy"]}}})


@attrs.frozen(kw_only=True)
class Trace:
    """What ties an answer to a request in Entra's logs. `correlation_id` is the client's own, if it sent one."""

    trace_id: str
    correlation_id: str
    moment: datetime

    @property
    def timestamp(self) -> str:
        return f"{self.moment:%Y-%m-%d %H:%M:%SZ}"


@attrs.frozen(kw_only=True)
class Refusal:
    """One answer of the table, perhaps changed by a test."""

    line: Aadsts
    detail: str = ""

    @property
    def code(self) -> int:
        return self.line.code

    def text(self, trace: Trace) -> str:
        detail = f" {self.detail}" if self.detail else ""
        return (
            f"AADSTS{self.code}: {self.line.text}{detail}\r\nTrace ID: {trace.trace_id}\r\n"
            f"Correlation ID: {trace.correlation_id}\r\nTimestamp: {trace.timestamp}"
        )

    def body(self, trace: Trace, base: str) -> dict[str, Any]:
        """The JSON of the token endpoint."""
        found: dict[str, Any] = {
            "error": self.line.error,
            "error_description": self.text(trace),
            "error_codes": [self.code],
            "timestamp": trace.timestamp,
            "trace_id": trace.trace_id,
            "correlation_id": trace.correlation_id,
            "error_uri": f"{base}/error?code={self.code}",
        }
        if self.line.suberror:
            found["suberror"] = self.line.suberror
        if self.line.claims:
            found["claims"] = CHALLENGE
        return found

    def callback(self, trace: Trace, base: str) -> dict[str, str]:
        """The parameters with which the authorize endpoint sends the person back; there are no grants at that point."""
        usual = INTERACTION if self.line.error == GRANT else self.line.error
        found = {
            "error": self.line.at_authorize or usual,
            "error_description": self.text(trace),
            "error_uri": f"{base}/error?code={self.code}",
        }
        if self.code == DECLINED:
            found["error_subcode"] = "cancel"
        return found


class RefusedError(Exception):
    """A request that Entra does not grant."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(f"AADSTS{refusal.code}")
        self.refusal = refusal


def refused(code: int, detail: str = "", **changes: Unpack[Changes]) -> RefusedError:
    """The exception for a code of the table; `changes` replace columns of its line. Raises: as `changed`."""
    return RefusedError(Refusal(line=changed(code, changes), detail=detail))


def apply(overrides: Mapping[int, Changes], refusal: Refusal) -> Refusal:
    """The refusal as a test wants this code to look."""
    changes = overrides.get(refusal.code)
    return attrs.evolve(refusal, line=attrs.evolve(refusal.line, **changes)) if changes else refusal
