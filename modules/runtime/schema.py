"""The boundary to what commands print."""

from datetime import datetime
from functools import cache

import cattrs


@cache
def make_converter() -> cattrs.Converter:
    """Return the converter of records that are printed; times stay times, each output writes them in its own way."""
    converter = cattrs.Converter()
    converter.register_unstructure_hook(datetime, lambda moment: moment)
    return converter
