"""Reading settings groups with environs: the one place that imports it. All faults come at once."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Generic, TypeGuard, TypeVar, get_args

from attrs import NOTHING, Attribute, Factory, define, fields, frozen, has, resolve_types
from environs import Env, EnvValidationError, ValidationError

from modules.runtime.environment import Environment
from modules.runtime.faults import Fault, configuration_error
from modules.runtime.variables import ASKED_BY_ANY, ContradictionError, Variable

T = TypeVar("T")


def load(group: type[T], environment: Environment | None = None) -> T:
    """Read a group, or a class whose fields are groups, from the environment and `.env` (or from what is given).

    Raises: ConfigurationError that lists every fault of every group and of the `.env` file.
    """
    source = Environment.read() if environment is None else environment
    reader = _Reader(source=source, env=_MappingEnv(source))
    draft = _draft(group, reader)
    faults = (*source.faults, *reader.faults())
    if faults:
        raise configuration_error(faults)
    return draft.build()


def any_is_set(group: type, environment: Environment) -> bool:
    """Return whether any variable of the group, required or not, is set."""
    return any(_is_set(variable, environment) for variable in _variables(group))


class _MappingEnv(Env):
    """environs over given values: its own look-up reads `os.environ`, where tests and the demo must not look."""

    def __init__(self, source: Environment) -> None:
        super().__init__(eager=False)
        self._source = source
        self.add_parser("setting", _parse)

    def _get_value(self, env_key: str, default: Any) -> Any:  # noqa: ANN401 - environs' signature
        return self._source.get(env_key) or default


def _is_set(variable: Variable[Any], environment: Environment) -> bool:
    names = (variable.name, *([variable.alternative.name] if variable.alternative else []))
    return any(environment.get(name) for name in names)


def _parse(text: str, *, convert: Callable[[str], T], check: Callable[[T], None]) -> T:
    try:
        value = convert(text)
        check(value)
    except ValueError as error:
        raise ValidationError(str(error)) from error
    return value


@define(kw_only=True)
class _Reader:
    source: Environment
    env: _MappingEnv
    variables: dict[str, Variable[Any]] = Factory(dict)
    contradictions: list[Fault] = Factory(list)
    count: int = 0
    """Of faults so far; only what has none is asked whether it goes together."""

    def read(self, variable: Variable[Any], *, required: bool) -> object:
        """Return the value; NOTHING if there is none, or if it has a fault (kept for `faults`)."""
        names = {variable.name: variable.convert}
        if variable.alternative:
            names[variable.alternative.name] = variable.alternative.convert
        given = {name: convert for name, convert in names.items() if self.source.get(name)}
        if not given and not required:
            return NOTHING
        found = [self._one(name, convert, variable) for name, convert in (given or {variable.name: str}).items()]
        if len(found) > 1 and None not in found and _comparable(found[0]) != _comparable(found[1]):
            self.contradictions.append(self._fault(list(given)[1], f"differs from {variable.name}; keep one of them"))
            self.count += 1
        self.count += found.count(None)
        return NOTHING if found[0] is None else found[0]

    def is_configured(self, group: type) -> bool:
        """Return whether what a group requires is set: one that is optional (`Group | None`) is left out otherwise."""
        variables = (a.validator for a in _attributes(group) if a.default is NOTHING)
        return any(_is_set(each, self.source) for each in variables if isinstance(each, Variable))

    def compare(self, draft: "_Draft[Any]") -> None:
        """Find out whether the values of a group, each without fault, go together."""
        try:
            draft.build()
        except ContradictionError as error:
            self.count += 1
            self.variables |= {each.name: each for each in _variables(draft.group)}
            self.contradictions += [self._contradiction(*problem) for problem in error.problems.items()]

    def faults(self) -> tuple[Fault, ...]:
        """Return each fault once, though several groups read the same variable."""
        try:
            self.env.seal()
        except EnvValidationError as error:
            messages: Any = error.error_messages  # from seal() always a mapping of lists
            found = [self._fault(name, reason) for name, reasons in messages.items() for reason in reasons]
            return tuple(dict.fromkeys([*found, *self.contradictions]))
        return tuple(dict.fromkeys(self.contradictions))

    def _one(self, name: str, convert: Callable[[str], Any], variable: Variable[Any]) -> object:
        self.variables[name] = variable
        return self.env.setting(name, convert=convert, check=variable.check)

    def _fault(self, name: str, reason: str) -> Fault:
        problem = reason if self.source.get(name) else f"is not set ({self.variables[name].meaning})"
        return self._contradiction(name, problem)

    def _contradiction(self, name: str, problem: str) -> Fault:
        example = self.variables[name].assignment
        return Fault(variable=name, origin=self.source.origin(name), problem=problem, example=example)


@frozen(kw_only=True)
class _Draft(Generic[T]):
    """The values of a group whose construction waits until the whole is known to be free of faults."""

    group: type[T]
    values: dict[str, object]

    def build(self) -> T:
        built = {name: value.build() if isinstance(value, _Draft) else value for name, value in self.values.items()}
        return self.group(**built)


def _draft(group: type[T], reader: _Reader) -> _Draft[T]:
    before = reader.count
    read = [(attribute.name, _value(attribute, reader)) for attribute in _attributes(group)]
    draft = _Draft(group=group, values={name: value for name, value in read if value is not NOTHING})
    if reader.count == before:
        reader.compare(draft)
    return draft


def _value(attribute: "Attribute[Any]", reader: _Reader) -> object:
    if isinstance(attribute.validator, Variable):
        return reader.read(attribute.validator, required=attribute.default is NOTHING)
    group = _group_of(attribute)
    if group is None or (attribute.default is None and not _is_wanted(group, attribute, reader)):
        return NOTHING
    return _draft(group, reader)


def _is_wanted(group: type, attribute: "Attribute[Any]", reader: _Reader) -> bool:
    by_any = attribute.metadata.get(ASKED_BY_ANY)
    return any_is_set(group, reader.source) if by_any else reader.is_configured(group)


def _group_of(attribute: "Attribute[Any]") -> type | None:
    return next((kind for kind in (attribute.type, *get_args(attribute.type)) if _is_group(kind)), None)


def _variables(group: type) -> Iterator[Variable[Any]]:
    """Yield the variables of the group and of all groups in it."""
    for attribute in _attributes(group):
        inner = _group_of(attribute)
        if isinstance(attribute.validator, Variable):
            yield attribute.validator
        elif inner is not None:
            yield from _variables(inner)


def _is_group(kind: object) -> TypeGuard[type]:
    return isinstance(kind, type) and has(kind)


def _attributes(group: type) -> Iterator["Attribute[Any]"]:
    yield from fields(resolve_types(group))


def _comparable(value: object) -> object:
    return value.absolute() if isinstance(value, Path) else value
