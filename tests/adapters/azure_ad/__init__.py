"""The Azure AD adapter: what the contract does not say, and what a hostile network does."""
