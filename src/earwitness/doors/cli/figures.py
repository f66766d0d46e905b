"""How measurements look in a terminal: one line a figure, with its interval."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from rich.console import Console
from rich.text import Text

from earwitness.doors.cli.screen import cell, table

Figures = Mapping[str, Any]
INTERVAL = "_ci"


def show(figures: Figures, out: Console) -> None:
    """Every figure; those of several engines side by side."""
    engines = figures.get("engines")
    _show_lines({"": {k: v for k, v in figures.items() if k != "engines"}}, out)
    if engines:
        out.print()
        _show_lines(engines, out)


def _show_lines(columns: Mapping[str, Figures], out: Console) -> None:
    shown = table("", *columns, right=columns)
    shown.show_header = any(columns)
    lines = {name: dict(_lines(figures)) for name, figures in columns.items()}
    for label in dict.fromkeys(label for each in lines.values() for label in each):
        values = (each.get(label, Text("-", "dim")) for each in lines.values())
        shown.add_row(cell(label, "dim"), *values)
    out.print(shown)


def _lines(figures: Figures, above: str = "") -> Iterator[tuple[str, Text]]:
    for name, value in figures.items():
        label = f"{above}{name}"
        if name.endswith(INTERVAL):
            continue
        if isinstance(value, Mapping):
            yield from _lines(value, f"{label} ")
        elif isinstance(value, list):
            yield from _listed(label, value)
        else:
            yield label, _figure(value, figures.get(name + INTERVAL))


def _listed(label: str, values: list[Any]) -> Iterator[tuple[str, Text]]:
    if values and all(isinstance(value, Mapping) for value in values):
        for number, value in enumerate(values, start=1):
            yield from _lines(value, f"{label} {number} ")
    elif values:
        yield label, cell(f"{len(values)}: {values[0]}")


def _figure(value: Any, interval: list[float] | None) -> Text:
    if value is None:
        return Text("-", "dim")
    drawn = cell(_number(value))
    if interval is not None:
        low, high = map(_number, interval)
        drawn.append(f"  {low} to {high}", "dim")
    return drawn


def _number(value: Any) -> str:
    if not isinstance(value, float):
        return str(value)
    return f"{value:.4f}" if abs(value) < 10 else f"{value:.1f}"
