"""Microsoft Entra ID (Azure AD) over HTTP: OAuth 2.0, OpenID Connect and the identity calls of Microsoft Graph."""
