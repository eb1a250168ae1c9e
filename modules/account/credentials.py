"""Credentials of enrolment files: given as they are, by the name of a variable, or by the path of a file."""

import re
from contextlib import suppress
from pathlib import Path

import attrs

from domain.validation import is_pem
from modules.account import texts
from modules.account.small_files import read_small_file
from modules.runtime.environment import Environment

_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
_FILE = "file:"
_BLOCK = re.compile(r"-----BEGIN ([A-Z0-9 ]+)-----\r?\n[^-]+-----END \1-----")


@attrs.frozen
class CredentialSource:
    """Where names and relative paths are looked up."""

    environment: Environment
    directory: Path

    def secret(self, given: str) -> str:
        """Return the client secret (or the certificate with its key) that is meant.

        Raises: ValueError with the reason, which quotes no value.
        """
        found = self._find(given)
        return _certificate(found) if "-----BEGIN " in found else texts.credential(found)

    def certificate(self, given: str) -> str:
        """Return the certificate with its private key that is meant.

        Raises: as `secret`.
        """
        return _certificate(self._find(given))

    def _find(self, given: str) -> str:
        variable = _VARIABLE.fullmatch(given)
        if variable:
            value = self.environment.get(variable[1])
            if value is None:
                raise ValueError(f"names the variable {variable[1]}, which is not set")
            return value
        if given.startswith("${"):
            raise ValueError("is not ${NAME}")
        if given.startswith(_FILE):
            return self._read(given.removeprefix(_FILE).strip())
        return given

    def _read(self, name: str) -> str:
        path = Path(name)
        with suppress(RuntimeError):  # a home directory that is not known: the file will not be found
            path = path.expanduser()
        try:
            raw = read_small_file(self.directory / path)
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) else None
            raise ValueError(f"names a file that cannot be read ({reason or 'no such file'})") from None
        try:
            return raw.decode("utf-8-sig").strip()
        except UnicodeDecodeError:
            raise ValueError("names a file that is not UTF-8 text") from None


def _certificate(text: str) -> str:
    """Return the PEM blocks without what tools write between them."""
    blocks = {match[1]: match[0].replace("\r\n", "\n") for match in _BLOCK.finditer(text)}
    if not any(kind.endswith("CERTIFICATE") for kind in blocks):
        raise ValueError("holds no certificate in PEM form")
    if "ENCRYPTED PRIVATE KEY" in blocks or "ENCRYPTED" in text:
        raise ValueError("holds a private key with a passphrase; store it without one")
    if not any(kind.endswith("PRIVATE KEY") for kind in blocks):
        raise ValueError("holds no private key in PEM form")
    pem = "\n".join(match[0].replace("\r\n", "\n") for match in _BLOCK.finditer(text))
    return pem if is_pem(pem) else texts.credential(pem)
