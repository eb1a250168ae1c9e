"""The global OAuth application, from its settings."""

from domain.account import OAuthApplication
from domain.errors import ConfigurationError
from modules.runtime.settings import AzureSettings


def default_application(azure: AzureSettings | None) -> OAuthApplication | None:
    """Return the application of accounts that have none of their own, if one is configured; reads its certificate.

    Raises:
        ConfigurationError: the certificate's file cannot be read.
    """
    if azure is None:
        return None
    return OAuthApplication(
        client_id=azure.client_id,
        tenant_id=azure.tenant_id,
        scopes=azure.scopes,
        redirect_uri=azure.redirect_uri,
        client_secrets=(*_certificate(azure), *azure.client_secrets),
    )


def _certificate(azure: AzureSettings) -> tuple[str, ...]:
    if azure.client_certificate is None:
        return ()
    try:
        return (azure.client_certificate.read_text(encoding="ascii").strip(),)
    except (OSError, UnicodeDecodeError) as error:
        msg = f"AZURE_CLIENT_CERTIFICATE: {azure.client_certificate} cannot be read as a PEM file."
        raise ConfigurationError(msg, error_code="CERTIFICATE_UNREADABLE") from error
