"""A kind of import contract: which library may be imported where.

import-linter's own kind for this (`protected`) takes one contract for each library, stops when a listed package does
not exist yet, and says nothing about a library that nobody listed.
"""

import sys
from collections.abc import Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import cast

from grimp import ImportGraph
from importlinter import Contract, ContractCheck, fields, output


class TableField(fields.Field[Mapping[str, Sequence[str]]]):
    """A table of library -> places, as it comes from the TOML file."""

    def parse(self, raw_data: object) -> Mapping[str, Sequence[str]]:
        if not isinstance(raw_data, dict):
            raise fields.ValidationError("Needs a table of library -> places.")
        return cast("Mapping[str, Sequence[str]]", raw_data)


class LibrariesContract(Contract):
    """`allowed`: by library the packages that may import it, `*` standing for one name. Tests and benchmarks may."""

    type_name = "libraries"
    allowed = TableField()

    def check(self, graph: ImportGraph, verbose: bool) -> ContractCheck:  # noqa: ARG002, FBT001 - import-linter's own
        allowed = cast("Mapping[str, Sequence[str]]", self.allowed)
        breaches = sorted(self._breaches(graph, allowed))
        return ContractCheck(kept=not breaches, metadata={"breaches": breaches})

    def render_broken_contract(self, check: ContractCheck) -> None:
        for breach in cast("list[str]", check.metadata["breaches"]):
            output.print_error(f"- {breach}", bold=False)

    def _breaches(self, graph: ImportGraph, allowed: Mapping[str, Sequence[str]]) -> Iterator[str]:
        ours = set(cast("list[str]", self.session_options["root_packages"]))
        outside = {module for module in graph.modules if module.partition(".")[0] not in ours}
        for library in outside - (sys.stdlib_module_names - allowed.keys()):
            for importer in graph.find_modules_that_directly_import(library):
                if library not in allowed:
                    yield f"{importer} -> {library}: {library} is not in the table"
                elif not any(covers(place, importer) for place in ("benchmarks", "tests", *allowed[library])):
                    yield f"{importer} -> {library}: allowed in {', '.join(allowed[library]) or 'tests only'}"


def covers(place: str, module: str) -> bool:
    """Whether the module is the place or inside it."""
    names, patterns = module.split("."), place.split(".")
    return len(names) >= len(patterns) and all(map(fnmatchcase, names, patterns))
