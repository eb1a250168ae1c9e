"""An MSAL client that somebody has signed in to."""

import asyncio
from collections.abc import Sequence
from typing import Literal

import attrs

from tests.modules.simulator.proof.clients import CALLBACK, MAIL, Clients, Untyped
from tests.modules.simulator.proof.visits import Visits


@attrs.frozen(kw_only=True)
class SignedIn:
    """An MSAL client with one person's tokens in its cache."""

    app: Untyped
    first: dict[str, Untyped]

    @property
    def account(self) -> Untyped:
        return self.app.get_accounts()[0]

    async def silent(self, *, force: bool = False, scopes: Sequence[str] = MAIL, **options: Untyped) -> Untyped:
        return await asyncio.to_thread(
            self.app.acquire_token_silent_with_error, [*scopes], self.account, force_refresh=force, **options
        )

    async def anew(self, visits: Visits, **options: Untyped) -> Untyped:
        """Sign in once more with the same client, such as for a claims challenge."""
        flow = self.app.initiate_auth_code_flow(MAIL, redirect_uri=CALLBACK, response_mode="form_post", **options)
        callback = await visits.sign_in(flow["auth_uri"])
        return await asyncio.to_thread(self.app.acquire_token_by_auth_code_flow, flow, callback)


async def sign_in(
    clients: Clients, visits: Visits, *, kind: Literal["confidential", "public"] = "confidential", **options: Untyped
) -> SignedIn:
    """Sign the first person in with a new client."""
    app = await (clients.public(**options) if kind == "public" else clients.confidential(**options))
    signed_in = SignedIn(app=app, first={})
    first = await signed_in.anew(visits)
    assert "access_token" in first, first
    return attrs.evolve(signed_in, first=first)
