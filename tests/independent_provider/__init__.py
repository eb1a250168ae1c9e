"""An OpenID provider by somebody else, and how a test runs it."""
