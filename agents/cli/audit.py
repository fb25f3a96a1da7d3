"""``chengyun audit verify``: whether what was written down has been left as it was."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from agents.cli.desk import Desk, LongRead, console, open_desk, run
from agents.cli.options import AsJson, DataDir, Language, Plain, Prefix, group
from agents.cli.wording import Wording

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from agents.auditor import Audited, Listener
    from schemas.outcome import AuditEntry
    from streams.incidents.audit import Chain

app = group("Check the audit of all incidents.")

SHOWN = 40


@app.callback()
def _audit() -> None:
    """Check the audit of all incidents."""


@app.command()
def verify(
    incident: Annotated[
        str | None, typer.Option("--incident", metavar="ID", help="Only the chain of this one.")
    ] = None,
    prefix: Prefix = None,
    lang: Language = None,
    data_dir: DataDir = None,
    plain: Plain = False,
    as_json: AsJson = False,
) -> None:
    """Check every audit entry: its number, its hash, the chain, the policy that decided it.

    An entry that was edited, left out, doubled or moved is named, and so is an incident
    that stands elsewhere than its last entry says. Exit code 0: all sound; 1: findings.
    """
    desk = open_desk(prefix, lang, data_dir)
    out = console(plain)
    shown: list[tuple[AuditEntry, bool]] = []
    faults = 0

    def listen(entry: AuditEntry, chain: Chain) -> None:
        nonlocal faults
        shown.append((entry, len(chain.faults) == faults))
        faults = len(chain.faults)

    listener = listen if incident is not None and not as_json else None
    audited = run(_audited(desk, incident, listener))
    if incident is not None and not audited.incidents and audited.sound:
        typer.echo(desk.words.say("no_incident", id=incident), err=True)
        raise typer.Exit(1)
    if as_json:
        typer.echo(_json(audited))
    else:
        if shown:
            out.print(_entries(shown, desk.words), soft_wrap=False)
        _tell(audited, desk.words, out)
    raise typer.Exit(0 if audited.sound else 1)


async def _audited(desk: Desk, only: str | None, listener: Listener | None) -> Audited:
    from agents.auditor import TOPICS, audit
    from agents.ledger import open_ledger

    progress = LongRead(desk.words)
    try:
        async with open_ledger(desk.settings, desk.bootstrap, TOPICS) as ledger:
            return await audit(ledger, progress, only, listener)
    finally:
        progress.end()


def _entries(shown: list[tuple[AuditEntry, bool]], words: Wording) -> Table:
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(justify="right")
    for _ in range(4):
        table.add_column(no_wrap=True)
    for entry, sound in shown:
        mark = Text("✓") if sound else Text("✗ ", style="bold red")
        table.add_row(
            str(entry.n),
            words.time_with_year(entry.at),
            f"{words.word(entry.action)} → {words.word(entry.to)}",
            entry.hash[:12],
            mark,
        )
    return table


def _tell(audited: Audited, words: Wording, out: Console) -> None:
    from rich.text import Text

    for finding in audited.findings[:SHOWN]:
        line = Text(f"✗ {words.word(finding.kind)}", style="bold red")
        line.append(f"  {finding.incident_id}", "bold")
        line.append(f"  {finding.text}", "not bold default")
        out.print(line)
    total = sum(audited.counts.values())
    if total > SHOWN:
        out.print(Text(words.say("audit_more", count=total - SHOWN), style="dim"))
    for version, span in sorted(audited.policies.items()):
        told = words.say(
            "audit_policy",
            version=version or "–",
            count=span.entries,
            first=words.time_with_year(span.first),
            last=words.time_with_year(span.last),
        )
        out.print(Text(told, style="dim"))
    if audited.cut:
        out.print(Text(words.say("audit_cut", count=audited.cut), style="dim"))
    told = "audit_sound" if audited.sound else "audit_unsound"
    kinds = "、".join(f"{words.word(kind)} {n}" for kind, n in audited.counts.most_common())
    verdict = words.say(told, incidents=audited.incidents, entries=audited.entries, kinds=kinds)
    out.print(Text(verdict, style="bold" if audited.sound else "bold red"))


def _json(audited: Audited) -> str:
    import orjson

    return orjson.dumps(
        {
            "sound": audited.sound,
            "incidents": audited.incidents,
            "entries": audited.entries,
            "cut": audited.cut,
            "counts": dict(audited.counts),
            "findings": [
                {"incident_id": f.incident_id, "n": f.n, "kind": f.kind, "text": f.text}
                for f in audited.findings
            ],
            "policies": {
                version: {"entries": span.entries, "first": span.first, "last": span.last}
                for version, span in sorted(audited.policies.items())
            },
        }
    ).decode()
