"""The commands `mail process` and `mail dropped`, through the real command line."""
