"""TOML tables as typed records: what does not fit is told in a sentence."""

import re
import tomllib
from collections.abc import Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Any, TypeVar, get_args, get_type_hints

import msgspec

from autograder.model import CourseError

T = TypeVar("T", bound=msgspec.Struct)

KINDS = {
    "str": "a text",
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "array": "a list",
    "object": "a table",
}


def read_toml(path: Path) -> dict[str, Any]:
    """The tables of a TOML file.

    Raises:
        FileNotFoundError: there is none.
        CourseError: it cannot be read; the message quotes the line and says what to do.
    """
    data = path.read_bytes()
    try:
        return tomllib.loads(data.decode())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise CourseError(f"{path} is not valid TOML: {error}{_advice(data, error)}.") from None


def _advice(data: bytes, error: Exception) -> str:
    """The line of an error, and what to do about the usual ones."""
    if not (place := re.search(r"at line (\d+)", str(error))):
        return ""
    lines = data.decode(errors="replace").splitlines()
    quoted = f", `{lines[int(place[1]) - 1].strip()}`" if int(place[1]) <= len(lines) else ""
    if "twice" in str(error) or "overwrite" in str(error):
        return f"{quoted}: it stands further up already; put all of it in one place"
    if "end of document after a statement" in str(error):
        return f"{quoted}: behind a value only a `# comment` may stand, and dates are 2026-10-12"
    return quoted


class Record(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A table of which every key is known."""


def typed(table: Any, kind: type[T], place: str) -> T:
    """``table`` as a record.

    Raises:
        CourseError: it is none; the message begins with ``place`` and names the key.
    """
    if not isinstance(table, Mapping):
        raise CourseError(f"{place} = {table!r} belongs in a table.")
    try:
        return msgspec.convert(table, kind, builtin_types=(date, datetime))
    except msgspec.ValidationError as error:
        raise CourseError(f"{place}: {_sentence(str(error), table, kind)}") from None


def _sentence(said: str, table: Mapping[str, Any], kind: type[msgspec.Struct]) -> str:
    """msgspec's message in our words, with the value that it is about."""
    if match := re.match(r"Object contains unknown field `(.*)`", said):
        return f"unknown key {match[1]!r}; there are {', '.join(kind.__struct_fields__)}."
    if match := re.match(r"Object missing required field `(.*)`", said):
        return f"{match[1]} is missing."
    match = re.search(r" - at `\$\.(\w+)(.*)`$", said)
    if match is None:
        return f"{said}."
    key, inside = match.groups()
    value, has = table[key], f"{key} is {table[key]!r}"
    if at := re.match(r"\[(\d+)\]", inside):
        has = f"{key} holds {value[int(at[1])]!r}"
    elif inside:
        wanted_type = get_args(get_type_hints(kind)[key])[1]
        name = next(k for k, v in value.items() if not _fits(v, wanted_type))
        return _sentence(said.replace("[...]", ""), {key: value[name]}, kind).replace(
            key, f"{key} of {name}", 1
        )
    if "enum value" in said:
        return f"{has}, which is not one of {', '.join(_choices(kind, key))}."
    wanted = re.search(r"Expected `(\w+)(?: \| null)?`(.*?),", said)
    what = KINDS.get(wanted[1], wanted[1]) + wanted[2] if wanted else said
    return f"{has}, which is not {what}." if inside else f"{has}, but has to be {what}."


def _fits(value: Any, kind: Any) -> bool:
    try:
        msgspec.convert(value, kind, builtin_types=(date, datetime))
    except msgspec.ValidationError:
        return False
    return True


def _choices(kind: type[msgspec.Struct], key: str) -> list[str]:
    """The literals that a field allows, itself or in a list."""
    hint = get_type_hints(kind)[key]
    args = get_args(hint)
    while args and not isinstance(args[0], str):
        args = get_args(args[0])
    return [str(a) for a in args]
