"""``chengyun dead-letters``: what no stage could use; look at it, mend the cause, send it back."""

from __future__ import annotations

import base64
import sys
from collections import deque
from collections.abc import AsyncGenerator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from agents.cli.desk import Desk, LongRead, console, open_desk, parse_since, run
from agents.cli.options import AsJson, DataDir, Language, Plain, Prefix, group
from schemas.errors import ConfigurationError

if TYPE_CHECKING:
    from agents.ledger import Ledger
    from agents.reburial import Refused
    from schemas.dead_letter import DeadLetter, DeadLetterEvent

app = group("What no stage could use: look at it, mend the cause, send it back.")

Stage = Annotated[str | None, typer.Option("--stage", help="Only of this stage.")]
ReasonCode = Annotated[str | None, typer.Option("--reason", help="Only with this reason code.")]
Since = Annotated[str | None, typer.Option("--since", help="Only of the last 10m, 2h, 1d.")]
Limit = Annotated[int, typer.Option("--limit", help="The newest so many.", min=1, max=10_000)]


class Letter(NamedTuple):
    """A dead letter and its number: partition:offset in the dead-letter topic."""

    number: str
    event: DeadLetterEvent

    @property
    def data(self) -> DeadLetter:
        """What it says."""
        return self.event.data


class Sieve(NamedTuple):
    """Which letters are wanted; None wants them all."""

    stage: str | None = None
    reason: str | None = None
    after: datetime | None = None

    def passes(self, letter: DeadLetter) -> bool:
        """Whether it is one of them."""
        return (
            self.stage in (None, letter.stage)
            and self.reason in (None, letter.reason.code)
            and (self.after is None or letter.first_seen >= self.after)
        )


def _sieve(stage: str | None, reason: str | None, since: str | None) -> Sieve:
    after = None if since is None else datetime.now(UTC) - parse_since(since)
    return Sieve(stage, reason, after)


@app.command("list")
def list_(
    stage: Stage = None,
    reason: ReasonCode = None,
    since: Since = None,
    limit: Limit = 50,
    prefix: Prefix = None,
    lang: Language = None,
    data_dir: DataDir = None,
    plain: Plain = False,
    as_json: AsJson = False,
) -> None:
    """List dead letters, the newest last."""
    import orjson
    from rich.table import Table
    from rich.text import Text

    desk = open_desk(prefix, lang, data_dir)
    letters, total = run(_collect(desk, _sieve(stage, reason, since), limit))
    if as_json:
        for letter in letters:
            body = letter.data.model_dump(mode="json", exclude_none=True, exclude={"bytes_base64"})
            typer.echo(orjson.dumps({"number": letter.number, **body}))
        return
    words, out = desk.words, console(plain)
    if not letters:
        out.print(words.say("nothing"))
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("col_letter", "col_when", "col_stage", "col_reason", "col_size"):
        table.add_column(words.say(column), no_wrap=True)
    table.add_column(words.say("col_message"), overflow="ellipsis", no_wrap=True)
    for number, event in letters:
        data = event.data
        table.add_row(
            number,
            words.time(data.first_seen),
            words.word(data.stage),
            data.reason.code,
            str(data.size),
            Text(data.reason.message),
        )
    out.print(table, soft_wrap=False)
    shown = len(letters)
    told = words.say("more", total=total, shown=shown)
    out.print(Text(words.say("total", total=total) if shown == total else told, style="dim"))


Number = Annotated[str, typer.Argument(metavar="NUMBER", help="partition:offset, as listed.")]


@app.command()
def show(
    number: Number,
    prefix: Prefix = None,
    lang: Language = None,
    data_dir: DataDir = None,
    plain: Plain = False,
    as_json: AsJson = False,
) -> None:
    """Show one dead letter whole: origin, reason, stack and bytes."""
    from rich.table import Table
    from rich.text import Text

    desk = open_desk(prefix, lang, data_dir)
    letter = run(_collect_numbers(desk, [number]))[0]
    if as_json:
        typer.echo(letter.event.model_dump_json(exclude_none=True))
        return
    words, out, data = desk.words, console(plain), letter.data
    origin = data.origin
    where = f"{origin.topic} [{origin.partition}] @{origin.offset} key={origin.key!r}"
    table = Table.grid(padding=(0, 2))
    table.add_column(style="dim", no_wrap=True)
    table.add_column()
    table.add_row(words.say("col_letter"), number)
    table.add_row(words.say("col_when"), words.time_with_year(data.first_seen))
    table.add_row(words.say("col_stage"), words.word(data.stage))
    table.add_row(words.say("letter_origin"), Text(where))
    path = f" ({data.reason.path})" if data.reason.path else ""
    told = f"{data.reason.code}: {data.reason.message}{path}"
    table.add_row(words.say("col_reason"), Text(told))
    table.add_row(words.say("col_size"), str(data.size))
    table.add_row(words.say("letter_hash"), data.sha256)
    out.print(table)
    if data.stack:
        out.print(Text(f"\n{words.say('letter_stack')} ({data.fingerprint})", style="bold"))
        out.print(Text(data.stack.rstrip()))
    kept = base64.b64decode(data.bytes_base64)
    out.print(Text(f"\n{words.say('letter_bytes')}", style="bold"))
    if len(kept) < data.size:
        out.print(Text(words.say("letter_cut", kept=len(kept), size=data.size), style="dim"))
    out.print(Text(kept[:4_000].decode(errors="backslashreplace")))


@app.command()
def replay(
    numbers: Annotated[list[str] | None, typer.Argument(metavar="[NUMBER]...")] = None,
    stage: Stage = None,
    reason: ReasonCode = None,
    since: Since = None,
    limit: Limit = 1_000,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    prefix: Prefix = None,
    lang: Language = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Send dead letters back to the inbox they came from, with the bytes they came as.

    Name them, or choose by --stage, --reason or --since. A report that was refused as a
    duplicate is refused again; nothing is applied twice by this.
    """
    import orjson

    from agents.reburial import send_back

    if not numbers and not (stage or reason or since):
        raise ConfigurationError("Wanted letters by number, or one of --stage, --reason, --since.")
    desk = open_desk(prefix, lang, data_dir)
    words = desk.words
    if numbers:
        letters = run(_collect_numbers(desk, numbers))
    else:
        letters, _ = run(_collect(desk, _sieve(stage, reason, since), limit))
    if not letters:
        typer.echo(words.say("nothing"))
        return
    if not yes:
        if not sys.stdin.isatty():
            raise ConfigurationError("Nobody is there to ask: say --yes.")
        typer.confirm(words.say("replay_ask", count=len(letters)), abort=True)
    refused = run(
        send_back(
            desk.settings, desk.bootstrap, [(letter.number, letter.data) for letter in letters]
        )
    )
    sent = len(letters) - len(refused)
    if as_json:
        told = [{"number": r.number, "why": r.why} for r in refused]
        typer.echo(orjson.dumps({"sent": sent, "refused": told}))
    else:
        typer.echo(words.say("replay_done", count=sent))
        for one in refused:
            typer.echo(_refusal(desk, one), err=True)
    raise typer.Exit(1 if refused else 0)


def _refusal(desk: Desk, refused: Refused) -> str:
    return desk.words.say(
        "replay_refused", id=refused.number, why=desk.words.say(f"why_{refused.why}")
    )


async def _collect(desk: Desk, sieve: Sieve, limit: int) -> tuple[list[Letter], int]:
    """The newest letters that pass, oldest first, and how many pass in all."""
    from agents.ledger import open_ledger
    from streams.topics import DEAD_LETTERS

    newest: deque[Letter] = deque(maxlen=limit)
    total = 0
    progress = LongRead(desk.words)
    try:
        async with open_ledger(desk.settings, desk.bootstrap, [DEAD_LETTERS]) as ledger:
            async for letter in _letters(ledger, progress):
                if sieve.passes(letter.data):
                    newest.append(letter)
                    total += 1
    finally:
        progress.end()
    return sorted(newest, key=lambda letter: letter.data.first_seen), total


async def _collect_numbers(desk: Desk, numbers: list[str]) -> list[Letter]:
    """Exactly these letters.

    Raises:
        ConfigurationError: one of them is not there.
    """
    from agents.ledger import open_ledger
    from streams.topics import DEAD_LETTERS

    found: dict[str, Letter] = {}
    wanted = {number: _place(number) for number in numbers}
    async with open_ledger(desk.settings, desk.bootstrap, [DEAD_LETTERS]) as ledger:
        lowest: dict[tuple[str, int], int] = {}
        ends = await ledger.ends([DEAD_LETTERS])
        for place in ends:
            offsets = [o for p, o in wanted.values() if p == place[1]]
            lowest[place] = min(offsets, default=ends[place])
        async for letter in _letters(ledger, LongRead(desk.words), lowest):
            if letter.number in wanted:
                found[letter.number] = letter
            if len(found) == len(wanted):
                break
    for number in numbers:
        if number not in found:
            raise ConfigurationError(desk.words.say("no_letter", id=number), code="not_found")
    return [found[number] for number in numbers]


def _place(number: str) -> tuple[int, int]:
    partition, colon, offset = number.partition(":")
    if not (colon and partition.isdigit() and offset.isdigit()):
        raise ConfigurationError(f"{number!r}: wanted partition:offset, as `list` shows it")
    return int(partition), int(offset)


async def _letters(
    ledger: Ledger, progress: LongRead, since: dict[tuple[str, int], int] | None = None
) -> AsyncGenerator[Letter, None]:
    from schemas.dead_letter import DeadLetterEvent
    from streams.topics import DEAD_LETTERS

    async for batch in ledger.scan([DEAD_LETTERS], since=since, progress=progress):
        for record in batch:
            if record.value is None:
                continue
            try:
                event = DeadLetterEvent.model_validate_json(record.value)
            except ValueError:
                continue
            yield Letter(f"{record.partition}:{record.offset}", event)
