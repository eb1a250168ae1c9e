"""`auth logout`: forgetting tokens, here or everywhere."""

from modules.auth.compose import Auth
from modules.auth.schema import SignedOut
from modules.runtime.actor import operator

EVERYWHERE = (
    "--everywhere ends the person's sessions in EVERY application of the organisation (Outlook, Teams, ...), on every"
    " device, within minutes. Access tokens that are out live on for up to an hour."
)


async def leave(auth: Auth, user_id: str, *, everywhere: bool, forget_owner: bool) -> SignedOut:
    """Forget the account's tokens, and who owned it if that is meant.

    Everywhere: the provider comes first, and if it refuses nothing is forgotten.

    Raises:
        NotFoundError: the account is unknown.
        AuthenticationError, TokenError, PermissionDeniedError, APIConnectionError: the provider did not end the
            sessions.
        DatabaseError: the store failed.
    """
    account = await auth.accounts.find(user_id)
    if everywhere:
        access = await auth.service.get_valid_token(account.user_id)
        await auth.directory.revoke_sessions(access.value)
    await auth.service.revoke(account.user_id, actor=operator(), forget_owner=forget_owner)
    return SignedOut(user=account.user_id, everywhere=everywhere)
