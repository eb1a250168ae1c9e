"""The documents that describe our events, as files and on the screen."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from domain.errors import IACSGraphError, NotFoundError
from modules.events.schema import SchemaDocuments, WrittenFile

FOLDER: Final = "schemas"
OF_ALL: Final = "asyncapi.json"


def document(documents: SchemaDocuments, event_type: str | None) -> Mapping[str, Any]:
    """Return the JSON Schema of a type, by its name with dots or underscores; without a type the AsyncAPI document.

    Raises:
        NotFoundError: EVENT_TYPE_UNKNOWN.
    """
    if event_type is None:
        return documents.all_events
    wanted = event_type.strip().casefold()
    for name, schema in documents.by_type.items():
        if wanted in {name, name.replace(".", "_")}:
            return schema
    msg = f"There is no event type {event_type!r}; there are {', '.join(documents.by_type)}."
    raise NotFoundError(msg, error_code="EVENT_TYPE_UNKNOWN", details={"type": event_type})


def as_files(documents: SchemaDocuments) -> Mapping[str, str]:
    """Return the texts of all documents by their paths in a directory."""
    schemas = {f"{FOLDER}/{name}.json": schema for name, schema in documents.by_type.items()}
    return {path: _text(each) for path, each in {**schemas, OF_ALL: documents.all_events}.items()}


def write(documents: SchemaDocuments, directory: Path) -> Sequence[WrittenFile]:
    """Write all documents into the directory; those that are there are replaced.

    Raises:
        IACSGraphError: FILE_UNWRITABLE.
    """
    written = []
    for path, text in as_files(documents).items():
        file = directory / path
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
        except OSError as error:
            msg = f"{file} cannot be written ({error.strerror or type(error).__name__})."
            raise IACSGraphError(msg, error_code="FILE_UNWRITABLE", details={"file": str(file)}) from error
        written.append(WrittenFile(file=str(file)))
    return written


def _text(document: Mapping[str, Any]) -> str:
    return json.dumps(document, ensure_ascii=False, indent=2) + "\n"
