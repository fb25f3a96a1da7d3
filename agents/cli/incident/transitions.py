"""``chengyun incident transitions``: the table of the life cycle, as the code has it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from agents.cli.deeds import deed
from agents.cli.desk import console, one_of, words_for
from agents.cli.incident import name_of
from agents.cli.options import AsJson, Language, Plain
from agents.cli.wording import Wording
from agents.cli.words import WORDS

if TYPE_CHECKING:
    from rich.table import Table

    from streams.incidents.lifecycle import Move

app = typer.Typer(rich_markup_mode=None)


@app.command()
def transitions(
    state: Annotated[str | None, typer.Option("--state", help="Only out of this state.")] = None,
    role: Annotated[
        str | None,
        typer.Option("--role", help="Only for operator, supervisor, unit, department, …"),
    ] = None,
    as_markdown: Annotated[bool, typer.Option("--markdown", help="As a page of docs.")] = False,
    lang: Language = None,
    plain: Plain = False,
    as_json: AsJson = False,
) -> None:
    """Print every transition there is: from which state, by whom, to which, with what."""
    import orjson

    from agents.settings import load_settings
    from streams.incidents import lifecycle

    one_of("--state", state, (lifecycle.NEW, *lifecycle.ALL))
    roles = sorted({each for row in lifecycle.TABLE for each in row.roles})
    one_of("--role", role, tuple(roles))
    rows = [
        row
        for row in lifecycle.TABLE
        if (state is None or state in row.states) and (role is None or role in row.roles)
    ]
    if as_json:
        for row in rows:
            typer.echo(orjson.dumps(as_dict(row)).decode())
    elif as_markdown:
        typer.echo(markdown(), nl=False)
    else:
        words = words_for(load_settings(lang=lang))
        console(plain).print(_table(rows, words), soft_wrap=False)


def as_dict(row: Move) -> dict[str, Any]:
    """A row for scripts."""
    from streams.incidents import lifecycle
    from streams.incidents.arguments import ARGUMENTS

    return {
        "action": row.action,
        "from": list(row.states),
        "to": row.to,
        "roles": list(row.roles),
        "reach": row.reach,
        "reason": row.reason,
        "arguments": [
            {
                "name": argument.name,
                "kind": argument.kind,
                "required": argument.required,
                "many": argument.many,
                "choices": list(argument.choices),
                "note": argument.note,
            }
            for argument in ARGUMENTS.get(row.action, ())
        ],
        "command": name_of(row.action) if row.action in lifecycle.COMMANDS else None,
        "note": row.note,
    }


def _table(rows: list[Move], words: Wording) -> Table:
    from rich.table import Table

    from streams.incidents import lifecycle
    from streams.incidents.arguments import ARGUMENTS

    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("col_action", "col_from", "col_to", "col_who", "col_needs"):
        table.add_column(words.say(column), overflow="fold")
    comma = "、" if words.lang == "zh" else ", "
    for row in rows:
        typed = name_of(row.action) if row.action in lifecycle.COMMANDS else "–"
        needs = [words.say("needs_reason")] if row.reason else []
        needs += [
            argument.name if argument.required else f"[{argument.name}]"
            for argument in ARGUMENTS.get(row.action, ())
        ]
        table.add_row(
            f"{words.word(row.action)} {typed}",
            comma.join(words.word(state) for state in folded(row.states)),
            words.word(row.to) if row.to is not None else "=",
            comma.join(words.word(each) for each in row.roles)
            + ("" if row.reach == "owner" else f" ({words.word(row.reach)})"),
            comma.join(needs) or "–",
        )
    return table


def folded(states: tuple[str, ...]) -> tuple[str, ...]:
    """Nearly all states said in one word: ``open`` or ``all`` stand for theirs."""
    from streams.incidents import lifecycle

    for name, group in (("all", lifecycle.ALL), ("living", lifecycle.LIVING)):
        if set(states) >= set(group):
            return (name, *(state for state in states if state not in group))
    if set(states) >= set(lifecycle.OPEN):
        return ("working", *(state for state in states if state not in lifecycle.OPEN))
    return states


_HEAD = """# Transitions of an incident

<!-- Written by `chengyun docs`; the table is `streams/incidents/lifecycle.py`. -->

What may be done to an incident, in which state, by whom. The table is the code: no other
move is possible. Ownership, lateness, supervision and whistles are attributes beside the
state of the work, so a crew can resolve what has been escalated.

- **from** – *open* is every state in which work is still owed, *living* adds resolved and
  checking, *all* adds closed and rejected; *new* is before the first state.
- **to** – the state afterwards; = leaves it as it is.
- **who** – role, and in brackets how far it reaches: only people of the owning area where
  nothing is said, also those of the areas *above* it, or of its whole *line*, above and below.
- **needs** – what the order must bring; [in brackets] what it may bring.

Where a command stands, `chengyun incident <command> ID --as WHO@AREA …` gives the order; the
other actions follow from reports, readings and time. The states in the city's own words: """


def markdown() -> str:
    """The page for the docs."""
    from streams.incidents import lifecycle
    from streams.incidents.arguments import ARGUMENTS

    states = ", ".join(f"{state} {WORDS[state][0]}" for state in lifecycle.ALL if state in WORDS)
    lines = [
        f"{_HEAD}{states}.",
        "",
        "| action | command | from | to | who | needs | what it means | besides |",
        "| --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for row in lifecycle.TABLE:
        needs = ["a reason"] if row.reason else []
        for argument in ARGUMENTS.get(row.action, ()):
            told = f"`{argument.name}`"
            if argument.choices:
                told += f" ({', '.join(argument.choices)})"
            needs.append(told if argument.required else f"[{told}]")
        reach = "" if row.reach == "owner" else f" ({row.reach})"
        cells = (
            f"{row.action} {WORDS.get(row.action, ('', ''))[0]}",
            f"`{name_of(row.action)}`" if row.action in lifecycle.COMMANDS else "–",
            ", ".join(_english(state) for state in folded(row.states)),
            "=" if row.to is None else _english(row.to),
            ", ".join(row.roles) + reach,
            ", ".join(needs) or "–",
            deed(row.action, "en"),
            _sentence(row.note) if row.note else "",
        )
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def _english(term: str) -> str:
    return WORDS.get(term, (term, term))[1]


def _sentence(note: str) -> str:
    return note[0].upper() + note[1:] + "."
