"""The token use case: whoever asks gets a valid access token, or is told who must act, or when to ask again."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import datetime, timedelta
from functools import partial

import attrs

from application.access import Need, Renewal
from application.flights import Flights, landed
from application.refresher import Refresher, name_of
from application.refusals import must_sign_in, not_usable, unknown
from application.seldom import Seldom
from application.token_cache import TokenCache
from domain import lifecycle
from domain.account import SIGNED_OUT, Account, AccountId, Identity, user_key
from domain.change import AccountChange
from domain.errors import (
    ConfigurationError,
    ConflictError,
    DatabaseError,
    EncryptionError,
    IACSGraphError,
    PermissionDeniedError,
    TokenRefreshError,
)
from domain.events import EventId
from domain.lifecycle import Act
from domain.token import AccessToken, Token, TokenState
from ports.access_tokens import AccessTokens
from ports.account_store import AccountStore
from ports.held_tokens import HeldToken

BEHIND_PAUSE = timedelta(seconds=1)
"""Shortest time between two refreshes of one account that nobody waits for."""

ROUNDS = 3
"""How often a caller whose need was not met by what others did starts anew."""


NOTHING_SPECIAL = Need()
"""What nearly all callers need: one object, however many wait."""


@attrs.frozen(kw_only=True)
class TokenService(AccessTokens):
    """Open one per process with `open_token_service`. `get` is `get_valid_token` with every option."""

    accounts: AccountStore
    refresher: Refresher
    cache: TokenCache
    flights: Flights[Renewal]
    reads: Flights[HeldToken | None]
    seldom: Seldom
    short_lived: dict[AccountId, datetime] = attrs.field(factory=dict, repr=False)
    """Expiry of tokens that came from a refresh and yet lived shorter than a caller wanted."""
    reading: set[str] = attrs.field(factory=set, repr=False)
    """Whose token somebody is reading."""
    renewing: dict[str, HeldToken] = attrs.field(factory=dict, repr=False)
    """What is being renewed since a caller with no wish of his own found it expired, by user key."""

    async def get_valid_token(self, user_id: str, min_lifetime: timedelta = timedelta(0)) -> AccessToken:
        """Return an access token that lives longer than `min_lifetime`, refreshed if need be.

        Raises: as `AccessTokens.get`.
        """
        return self.cache.fresh(user_id, min_lifetime) or await self._hand_out(user_id, min_lifetime)

    async def get(
        self,
        user_id: str,
        min_lifetime: timedelta = timedelta(0),
        *,
        rejected: str | None = None,
        claims: str | None = None,
    ) -> AccessToken:
        """Hand out the token at hand if it will do; one that should be refreshed soon is, behind the caller's back."""
        if rejected is None and claims is None:
            return self.cache.fresh(user_id, min_lifetime) or await self._hand_out(user_id, min_lifetime)
        return await self._hand_out(user_id, min_lifetime, rejected, claims)

    async def _hand_out(
        self, user_id: str, min_lifetime: timedelta, rejected: str | None = None, claims: str | None = None
    ) -> AccessToken:
        need, held = NOTHING_SPECIAL, self.cache.get(user_id)
        plain = not min_lifetime and rejected is None and claims is None
        just_read = held is None
        held = held or await self._read(user_id)
        waiting = self._renewal_of(held) if plain else None
        if waiting is None:
            fresh = self.cache.fresh(user_id, min_lifetime) if just_read else None
            if fresh is not None and fresh is held.access and rejected is None and claims is None:
                return fresh
            if not plain or held.account_id in self.short_lived:
                known_best = self.short_lived.get(held.account_id)
                need = Need(min_lifetime=min_lifetime, rejected=rejected, claims=claims, known_best=known_best)
            self._refuse(held, need)
            access = self._at_hand(held, need)
            if access is not None:
                self._refresh_behind(held, access)
                return access
            if need is NOTHING_SPECIAL:
                self.renewing[user_key(held.user_id)] = held
        try:
            if waiting is None:
                return await self._renew(held, need)
            brought = self._brought(landed(await waiting), held, need)
            if brought is not None:
                return brought
            held = await self._read(user_id)
            return self._at_hand(held, need) or await self._renew(held, need)
        except (TokenRefreshError, ConfigurationError, DatabaseError):
            held = self.cache.get(user_id) or await self._read(user_id)
            self._refuse(held, need)
            if held.access is not None and need.tolerates(held.access, self.refresher.clock.now()):
                return held.access
            raise

    def _renewal_of(self, held: HeldToken) -> "asyncio.Future[Renewal | Exception] | None":
        """Join the renewal of this very token that callers with no wish of their own wait for, if there is one.

        What the first of them was asked (may the account be used, has the token expired) has the same answers still.
        """
        key = user_key(held.user_id)
        return self._joined(key, None) if self.renewing.get(key) is held else None

    def _at_hand(self, held: HeldToken, need: Need) -> AccessToken | None:
        """Return the token that is stored, if it may be handed out and will do."""
        satisfied = held.usable and need.satisfied_by(held, self.refresher.clock.now())
        return held.access if satisfied else None

    async def refresh_token(self, user_id: str) -> AccessToken:
        """Refresh now, whatever is stored; also for an account that needs a sign-in: its grant may work again.

        Raises: as `AccessTokens.get`.
        """
        held = self.cache.get(user_id)
        if held is None and self._under_way(user_key(user_id)):  # perhaps for another account, that had the user id
            held = await self._read(user_id)
        return await self._renew(held or user_id, Need(forced=True))

    async def refresh_ahead(self, user_id: str) -> None:
        """Refresh if the token is due; nothing happens if somebody else just did, or is about to.

        Raises: as `AccessTokens.get`.
        """
        try:
            held = await self._read(user_id)
        except IACSGraphError as error:
            self._tell(user_id, error)
            raise
        landed(await self._boarded(held, Need(ahead=True)))

    async def is_token_valid(self, user_id: str) -> bool:
        """Return whether `get_valid_token` would hand out the stored token as it is. No network, no side effect.

        Raises:
            NotFoundError: the account is unknown.
            EncryptionError, DatabaseError: the token could not be read.
        """
        held = self.cache.get(user_id) or await self._read(user_id)
        return held.usable and Need().satisfied_by(held, self.refresher.clock.now())

    async def store_tokens(  # noqa: PLR0913 - what a sign-in brings, by name
        self,
        user_id: str,
        token: Token,
        *,
        user_name: str | None = None,
        email: str | None = None,
        identity: Identity | None = None,
        names: Sequence[str] | None = None,
        actor: str = "sign-in",
    ) -> AccountId:
        """Store the tokens of a completed sign-in; an unknown account is created if told who it is.

        `identity` and `names` say who signed in, as `lifecycle.sign_in` wants it.

        Raises:
            NotFoundError: the account is unknown and `user_name` or `email` was not given.
            PermissionDeniedError: somebody else than the account's owner signed in; nothing was stored.
            ConflictError: the user id is taken, and yet nobody is found under it.
            StaleKeyError, DatabaseError: as `TokenStore.replace`.
        """
        who = (identity, names)
        account = await self.accounts.find(user_id)
        if account is None:
            enrolment = self._enrolment(user_id, user_name, email, actor)
            try:
                return await self.sign_in(enrolment.after, token, who, actor, enrolment)
            except ConflictError:  # somebody else enrolled it meanwhile
                account = await self.accounts.find(user_id)
                if account is None:
                    raise
        return await self.sign_in(account, token, who, actor)

    async def revoke(
        self, user_id: str, *, reason: str = SIGNED_OUT, actor: str = "operator", forget_owner: bool = False
    ) -> None:
        """Forget the account's tokens here; its owner must sign in again. The provider is not told.

        With `forget_owner` the next sign-in may be another person's, to whom the account's address belongs.

        Raises:
            NotFoundError: the account is unknown.
            DatabaseError: the store failed.
        """
        account = await self.accounts.find(user_id)
        if account is None:
            raise unknown(user_id)
        act = self._act(actor)

        def transition(current: Account) -> AccountChange | None:
            return lifecycle.sign_out(current, act, reason, forget_owner=forget_owner)

        change = await self.refresher.tokens.replace(account.account_id, None, None, transition)
        self._changed(account, change)

    async def sign_in(
        self,
        account: Account,
        token: Token,
        who: tuple[Identity | None, Sequence[str] | None],
        actor: str,
        enrolment: AccountChange | None = None,
    ) -> AccountId:
        """Store the tokens of a completed sign-in of this account, whatever it is called by now.

        `who` is the identity and the names, as `lifecycle.sign_in` wants it; `enrolment` adds the account first.

        Raises: as `store_tokens`.
        """
        act, due_at = self._act(actor), token.due_at(self.refresher.identifiers.fraction())

        def transition(current: Account) -> AccountChange:
            return lifecycle.sign_in(current, act, *who)

        try:
            change = await self.refresher.tokens.replace(account.account_id, token, due_at, transition, enrolment)
        except PermissionDeniedError as error:
            self.refresher.log.denied(account.user_id, error)
            raise
        self._changed(account, enrolment, change)
        return account.account_id

    def _enrolment(self, user_id: str, user_name: str | None, email: str | None, actor: str) -> AccountChange:
        if user_name is None or email is None:
            raise unknown(user_id)
        return lifecycle.enrol(
            AccountId(self.refresher.identifiers.unique()),
            self._act(actor),
            user_id=user_id,
            name=user_name,
            email=email,
        )

    def _changed(self, account: Account, *changes: AccountChange | None) -> None:
        self.cache.forget(account.account_id)
        self.short_lived.pop(account.account_id, None)
        for change in changes:
            if change is not None:
                self.refresher.log.changed(change)

    def _refuse(self, held: HeldToken, need: Need) -> None:
        """Raise what keeps the account from being used, if anything does; told once a minute, however often asked."""
        error: IACSGraphError | None = None
        if not held.usable:
            error = not_usable(held.user_id, held.status)
        elif held.reauth_reason is not None and not need.satisfied_by(held, self.refresher.clock.now()):
            error = must_sign_in(held.user_id, held.reauth_reason)
        if error is None:
            return
        if self.seldom.first((held.user_id, error.error_code)):
            self.refresher.log.denied(held.user_id, error)
        raise error

    async def _renew(self, held: HeldToken | str, need: Need) -> AccessToken:
        """Join the flight of this account, or start it; begin anew if what it brought is not what is needed."""
        user_id = name_of(held)
        for _ in range(ROUNDS):
            brought = self._brought(landed(await self._boarded(held, need)), held, need)
            if brought is not None:
                return brought
            held = await self._read(user_id)
            access = self._at_hand(held, need)
            if access is not None:
                return access
        msg = f"No token of account {user_id!r} that satisfies the caller could be had."
        raise TokenRefreshError(msg, transient=True)

    def _boarded(self, held: HeldToken | str, need: Need) -> "asyncio.Future[Renewal | Exception]":
        """Join a flight that serves this need, or start one.

        A forced refresh must not share the refusal of one that is not, where a sign-in is, or may be, needed.
        """
        key = user_key(name_of(held))
        apart = need.forced and (isinstance(held, str) or held.reauth_reason is not None)
        waiting = None if apart else self._joined(key, need.claims)
        return waiting or self.flights.board((key, need.claims, apart), partial(self._fly, held, need))

    def _joined(self, key: str, claims: str | None) -> "asyncio.Future[Renewal | Exception] | None":
        """Join a flight under this user key, if there is one; one that is forced serves others, too."""
        return self.flights.joined((key, claims, False)) or self.flights.joined((key, claims, True))

    def _under_way(self, key: str) -> bool:
        """Return whether there is a flight under this user key that brings what nobody has claims for."""
        return self.flights.under_way((key, None, False)) or self.flights.under_way((key, None, True))

    def _brought(self, renewal: Renewal, held: HeldToken | str, need: Need) -> AccessToken | None:
        """Return the token that a flight brought, if it is new, will do, and is of this account.

        It is another's if that one had the user id when the flight began.
        """
        access = renewal.access
        if not renewal.renewed or access is None or access.value == need.rejected:
            return None
        if isinstance(held, HeldToken) and renewal.account_id != held.account_id:
            return None
        now = self.refresher.clock.now()
        if not access.meets(now, need.min_lifetime):
            self.short_lived[renewal.account_id] = access.expires_at
            self.refresher.log.short_lived(name_of(held), need.min_lifetime, access.expires_at - now)
        return access

    async def _fly(self, held: HeldToken | str, need: Need) -> Renewal:
        user_id = name_of(held)
        try:
            renewal = await self.refresher.run(held, need)
        except IACSGraphError as error:
            self.cache.forget_user(user_id)
            self._tell(user_id, error)
            raise
        finally:
            self.renewing.pop(user_key(user_id), None)
        if renewal.renewed:
            self.cache.forget(renewal.account_id)
        return renewal

    def _tell(self, user_id: str, error: IACSGraphError) -> None:
        """Tell of what the refresher does not: refusals, and failures of the store; seldom, for they repeat."""
        if not isinstance(error, PermissionDeniedError | EncryptionError | DatabaseError):
            return
        if self.seldom.first((user_id, error.error_code)):
            log = self.refresher.log
            (log.denied if isinstance(error, PermissionDeniedError) else log.refresh_failed)(user_id, error)

    def _refresh_behind(self, held: HeldToken, access: AccessToken) -> None:
        """Refresh what is due with nobody waiting, at most once a second and not while the store says to wait."""
        if access.state(self.refresher.clock.now()) is not TokenState.REFRESH_SOON:
            return
        waiting = held.wait is not None and held.wait.until > self.refresher.clock.now()
        if held.reauth_reason is None and not waiting and self.seldom.first(held.account_id, BEHIND_PAUSE):
            key = user_key(held.user_id)
            if self._under_way(key):
                return
            with suppress(TokenRefreshError):  # the program is ending, and nobody waits for this
                self.flights.launch((key, None, False), partial(self._fly, held, Need(ahead=True)))

    async def _read(self, user_id: str) -> HeldToken:
        """Read, alone; those who come while somebody reads the same account share one read more."""
        if user_id in self.reading:
            held = landed(await self.reads.board((user_id, self.cache.epoch), partial(self.cache.read, user_id)))
        else:
            self.reading.add(user_id)
            try:
                held = await self.cache.read(user_id)
            finally:
                self.reading.discard(user_id)
        if held is None:
            raise unknown(user_id)
        return held

    def _act(self, actor: str) -> Act:
        clock, identifiers = self.refresher.clock, self.refresher.identifiers
        return Act(actor=actor, at=clock.now(), event_id=EventId(identifiers.unique()))


@asynccontextmanager
async def open_token_service(
    accounts: AccountStore, refresher: Refresher, *, cache: TokenCache | None = None
) -> AsyncIterator[TokenService]:
    """Open the service with its tasks; closing lets refreshes in flight finish within one call's time, then cancels.

    Errors of the body pass through as they are, not in an exception group.
    """
    cache = cache or TokenCache(tokens=refresher.tokens, clock=refresher.clock)
    failure: Exception | None = None
    async with asyncio.TaskGroup() as group:
        follower = group.create_task(cache.follow())
        flights: Flights[Renewal] = Flights(group)
        reads: Flights[HeldToken | None] = Flights(group)
        try:
            yield TokenService(
                accounts=accounts,
                refresher=refresher,
                cache=cache,
                flights=flights,
                reads=reads,
                seldom=Seldom(clock=refresher.clock),
            )
        except Exception as error:  # noqa: BLE001 - raised again below, outside the group
            failure = error
        finally:
            follower.cancel()
            await flights.land(refresher.times.call)
            await reads.land(refresher.times.call)
    if failure is not None:
        raise failure
