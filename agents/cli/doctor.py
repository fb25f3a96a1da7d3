"""``chengyun doctor``: preflight before a start."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from agents import doctor

app = typer.Typer(
    rich_markup_mode=None, help="Check broker, topics, clock and settings before a start."
)
_MARKS: dict[doctor.Level, str] = {"ok": "ok     ", "warning": "warning", "fault": "FAULT  "}


@app.command()
def examine(
    prefix: Annotated[str | None, typer.Option(help="Prefix of the topics to look at.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON line for scripts.")] = False,
) -> None:
    """Look at everything a start depends on; exit code 1 when something would fail."""
    import asyncio

    from agents import doctor
    from agents.settings import load_settings

    findings = asyncio.run(doctor.examine(load_settings(prefix=prefix)))
    verdict = doctor.worst(findings)
    if as_json:
        typer.echo(json.dumps({"verdict": verdict, "findings": doctor.as_rows(findings)}))
    else:
        for line in lines(findings):
            typer.echo(line)
    raise typer.Exit(1 if verdict == "fault" else 0)


def lines(findings: list[doctor.Finding]) -> list[str]:
    """The findings in aligned columns, one line each."""
    what = max((len(finding.what) for finding in findings), default=0)
    got = min(60, max((len(finding.got) for finding in findings), default=0))
    shown: list[str] = []
    for finding in findings:
        line = f"{_MARKS[finding.level]}  {finding.what.ljust(what)}  {finding.got.ljust(got)}"
        line += f"  wanted: {finding.wanted}"
        if finding.advice:
            line += f"  -> {finding.advice}"
        shown.append(line)
    return shown
