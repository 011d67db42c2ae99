"""Text and values of the user's data inside Python programs: always as literals, never as code."""

from __future__ import annotations


def plain(text: str) -> str:
    """Text from the user's data made harmless inside a docstring: no quotes, backslashes or invisible characters."""
    return "".join(c if c.isprintable() and c not in '"\\' else " " for c in text)


def literal(value: object) -> str:
    """A Python literal with double quotes where it can; invisible characters are always escaped."""
    if isinstance(value, str) and value.isprintable() and "\\" not in value and '"' not in value:
        return f'"{value}"'
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(map(literal, value))}]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{literal(k)}: {literal(v)}" for k, v in value.items()) + "}"
    return repr(value)
