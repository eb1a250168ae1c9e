"""Who acts on the command line, for the audit trail."""

import os
import pwd


def operator() -> str:
    """Return `cli:` and the name of the process's user, as the system knows it: no variable can change it."""
    number = os.getuid()
    try:
        return f"cli:{pwd.getpwuid(number).pw_name}"
    except KeyError:
        return f"cli:{number}"
