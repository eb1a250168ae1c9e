"""The HTTP connections that adapters share."""
