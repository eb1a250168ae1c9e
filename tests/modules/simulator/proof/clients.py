"""Microsoft's clients of a simulator. Only authority, trust in its CA and `instance_discovery=False` are special."""

import asyncio
from typing import Any

import attrs
import msal

from modules.simulator.simulator import Simulator

Untyped = Any
"""What MSAL, which has no types, takes and gives."""

MAIL = ["Mail.Read"]
SERVICE = ["https://graph.microsoft.com/.default"]
CALLBACK = "http://localhost:5000/auth/callback"


@attrs.frozen(kw_only=True)
class Clients:
    """Makes clients: MSAL's are used in threads, since the simulator lives in the test's event loop."""

    simulator: Simulator

    @property
    def tenant_id(self) -> str:
        return self.simulator.directory.tenant.tenant_id

    def client_id(self, name: str) -> str:
        return self.simulator.directory.application(name).client_id

    def secret(self, name: str) -> str:
        return self.simulator.directory.application(name).secrets[0].value

    async def confidential(self, name: str = "web", *, credential: Untyped = None, **options: Untyped) -> Untyped:
        """Return MSAL's client of an application with its secret, or another credential."""
        return await self._msal(
            msal.ConfidentialClientApplication, name, client_credential=credential or self.secret(name), **options
        )

    async def public(self, name: str = "public", **options: Untyped) -> Untyped:
        return await self._msal(msal.PublicClientApplication, name, **options)

    async def _msal(self, kind: Untyped, name: str, **options: Untyped) -> Untyped:
        settings = {
            "authority": f"{self.simulator.https_url}/{self.tenant_id}",
            "instance_discovery": False,
            "verify": str(self.simulator.ca_file),
        }
        return await asyncio.to_thread(kind, self.client_id(name), **{**settings, **options})

    @property
    def azure(self) -> dict[str, Any]:
        """The options of a credential of azure-identity. It does not try again, so that no test waits for it."""
        return {
            "authority": self.simulator.https_url,
            "disable_instance_discovery": True,
            "connection_verify": str(self.simulator.ca_file),
            "retry_total": 0,
        }
