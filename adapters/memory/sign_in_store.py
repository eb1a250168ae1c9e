"""Sign-ins in memory."""

import json
from collections.abc import Sequence
from datetime import datetime, timedelta

import attrs

from adapters.memory.database import SIGN_IN_SECRETS, MemoryDatabase, SignInRow
from domain.account import AccountId
from domain.errors import EncryptionError, NotFoundError
from domain.sign_in import (
    OPEN_IN_ALL,
    OPEN_STAGES,
    REPLACED,
    BrowserSecrets,
    DeviceSecrets,
    LinkId,
    ReconnectLink,
    SignIn,
    SignInId,
    SignInTransition,
    Stage,
    cancelled,
    to_replace,
    too_many,
    unknown_sign_in,
)
from ports.cipher import Binding
from ports.sign_in_store import SignInStore

SIGN_INS_KEPT = timedelta(days=1)
LINKS_KEPT = timedelta(days=30)


@attrs.frozen
class MemorySignInStore(SignInStore):
    """Keeps sign-ins with their secrets taken out and encrypted."""

    database: MemoryDatabase

    async def begin(self, sign_in: SignIn) -> None:
        """Refuse before anything is written."""
        now = sign_in.begun_at
        self._require_account(sign_in.account_id)
        everything = await self.open(now)
        if len(everything) >= OPEN_IN_ALL:
            raise too_many(min(other.expires_at for other in everything), now)
        if sign_in.secrets is not None:
            self.database.may_encrypt()
        self._forget(now)
        for surplus in to_replace([other for other in everything if other.account_id == sign_in.account_id]):
            self._write(cancelled(surplus, REPLACED), now)
        self._encrypt(sign_in)
        self._write(sign_in, now)

    async def apply(self, sign_in_id: SignInId, transition: SignInTransition, now: datetime) -> SignIn:
        """Decide on what is there."""
        row = self.database.sign_ins.get(sign_in_id)
        if row is None:
            raise unknown_sign_in()
        before = attrs.evolve(row.sign_in, secrets=self._opened(row.sign_in))
        after = transition(before)
        if after != before:
            self._write(after, now)
        if after.stage is Stage.DONE and before.stage is not Stage.DONE:
            self._use(after.link_id, now)
        return after

    async def find(self, sign_in_id: SignInId) -> SignIn | None:
        """Look up."""
        row = self.database.sign_ins.get(sign_in_id)
        return None if row is None else row.sign_in

    async def open(self, now: datetime) -> Sequence[SignIn]:
        """Filter and sort."""
        found = [row.sign_in for row in self.database.sign_ins.values() if row.sign_in.open(now)]
        return sorted(found, key=lambda sign_in: (sign_in.begun_at, sign_in.sign_in_id))

    async def add_link(self, link: ReconnectLink) -> None:
        """Keep it."""
        self._require_account(link.account_id)
        self.database.links[link.link_id] = link

    async def find_link(self, link_id: LinkId) -> ReconnectLink | None:
        """Look up."""
        return self.database.links.get(link_id)

    def _require_account(self, account_id: AccountId) -> None:
        if account_id not in self.database.accounts:
            msg = f"Account {account_id} does not exist."
            raise NotFoundError(msg, details={"account_id": account_id})

    def _forget(self, now: datetime) -> None:
        for sign_in_id, row in list(self.database.sign_ins.items()):
            if (row.ended_at or row.sign_in.expires_at) < now - SIGN_INS_KEPT:
                del self.database.sign_ins[sign_in_id]
                self.database.ciphertexts.pop(_binding(sign_in_id), None)
        for link in list(self.database.links.values()):
            if link.expires_at < now - LINKS_KEPT:
                del self.database.links[link.link_id]

    def _use(self, link_id: LinkId | None, now: datetime) -> None:
        link = None if link_id is None else self.database.links.get(link_id)
        if link is not None and link.used_at is None:
            self.database.links[link.link_id] = attrs.evolve(link, used_at=now)

    def _write(self, sign_in: SignIn, now: datetime) -> None:
        ended = sign_in.stage not in OPEN_STAGES
        if ended:
            self.database.ciphertexts.pop(_binding(sign_in.sign_in_id), None)
        self.database.sign_ins[sign_in.sign_in_id] = SignInRow(
            sign_in=attrs.evolve(sign_in, secrets=None), ended_at=now if ended else None
        )

    def _encrypt(self, sign_in: SignIn) -> None:
        if sign_in.secrets is None:
            return
        kind = "browser" if isinstance(sign_in.secrets, BrowserSecrets) else "device"
        text = json.dumps({"kind": kind, "account_id": sign_in.account_id, **attrs.asdict(sign_in.secrets)})
        binding = _binding(sign_in.sign_in_id)
        self.database.ciphertexts[binding] = self.database.cipher.encrypt(text, binding)

    def _opened(self, sign_in: SignIn) -> BrowserSecrets | DeviceSecrets | None:
        binding = _binding(sign_in.sign_in_id)
        ciphertext = self.database.ciphertexts.get(binding)
        if ciphertext is None:
            return None
        members = json.loads(self.database.cipher.decrypt(ciphertext, binding))
        if members.pop("account_id") != sign_in.account_id:
            msg = "The secrets of the sign-in belong to another account."
            raise EncryptionError(msg, details={"sign_in_id": sign_in.sign_in_id})
        return (BrowserSecrets if members.pop("kind") == "browser" else DeviceSecrets)(**members)


def _binding(sign_in_id: SignInId) -> Binding:
    return Binding(sign_in_id, SIGN_IN_SECRETS)
