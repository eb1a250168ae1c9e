"""Errors of several accounts at once: each says whose it is."""

import json
from collections.abc import Mapping
from copy import copy
from io import StringIO

from domain.errors import IACSGraphError
from modules.runtime.output import print_error


def attributed(error: IACSGraphError, user_id: str) -> IACSGraphError:
    """Return the error with whose it is: in its details, and in its message if that does not quote them."""
    told = copy(error)
    told.details = {"user_id": user_id, **error.details}
    if repr(user_id) not in error.message:
        told.message = f"{user_id}: {error.message}"
    return told


def error_document(error: IACSGraphError) -> Mapping[str, object]:
    """Return what `--json` prints of an error, as plain data."""
    text = StringIO()
    print_error(error, as_json=True, stream=text)
    document: Mapping[str, object] = json.loads(text.getvalue())["error"]
    return document
