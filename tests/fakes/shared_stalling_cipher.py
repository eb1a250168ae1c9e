"""A cipher that stalls in the middle of a batch, so that its process can be killed inside an open transaction."""

from collections.abc import Callable, Sequence
from threading import Event

from adapters.fernet.cipher import FernetCipher
from ports.cipher import Binding, KeyId


class StallingCipher(FernetCipher):
    """Breaks "pure computation": the encryption number `stall_at` tells that it has come and never returns."""

    def __init__(self, keys: Sequence[str], stall_at: int, tell: Callable[[], None]) -> None:
        super().__init__(keys)
        self._left = stall_at
        self._tell = tell

    def encrypt(self, plaintext: str, binding: Binding, *, under: KeyId | None = None) -> str:
        """Encrypt until it is time to stall."""
        self._left -= 1
        if self._left == 0:
            self._tell()
            Event().wait()
        return super().encrypt(plaintext, binding, under=under)
