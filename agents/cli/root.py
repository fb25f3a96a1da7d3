"""All commands of ``chengyun``: finds the one that was asked for and runs it.

Sub-commands are imported only when called, so that ``chengyun --help`` and the start of a
worker do not pay for what they do not use.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Annotated, Any, ClassVar

import typer

from agents.cli.options import Group

COMMANDS: dict[str, tuple[str, str]] = {
    "up": ("agents.cli.up", "Run the whole city on this machine and watch it."),
    "worker": ("agents.cli.worker", "Run one stage, for production."),
    "broker": ("agents.cli.broker", "Start, stop or look at the embedded Kafka."),
    "replay": ("agents.cli.replay", "Feed the recorded events of a real city."),
    "simulate": ("agents.cli.simulate", "Feed the events of a made-up city."),
    "topics": ("agents.cli.topics", "Create, check or print the topics."),
    "policy": ("agents.cli.policy", "Check the city's policy files."),
    "schemas": ("agents.cli.schemas", "Print the JSON Schemas of all messages."),
    "doctor": ("agents.cli.doctor", "Check broker, topics, clock and settings before a start."),
    "topology": ("agents.cli.topology", "Draw the stages and topics."),
    "watch": ("agents.cli.watch", "Follow alerts and incidents in the terminal."),
    "incident": ("agents.cli.incident", "List, show and act on incidents."),
    "summaries": ("agents.cli.summaries", "What desks did by day, week, month and season."),
    "alert": ("agents.cli.alert", "List what is lit, and answer whether it was right."),
    "why": ("agents.cli.why", "Tell why an alert was raised, and what would end it."),
    "problem": ("agents.cli.problems", "List problems, decide about them, choose a month's theme."),
    "rules": ("agents.cli.rule_candidates", "Rules that the city's own cases suggest."),
    "scoreboard": ("agents.cli.scoreboard", "Score the way from incidents to their causes."),
    "desk-load": ("agents.cli.desk_load", "Measure what each desk is told, and its floods."),
    "silence": ("agents.cli.silence", "Spare a desk the alerts of planned work."),
    "dead-letters": ("agents.cli.dead_letters", "List, show and replay dead letters."),
    "warn": ("agents.cli.warn", "Let one detector judge the rows of a file."),
    "story": ("agents.cli.story_command", "Play the five scripted days and check them."),
    "audit": ("agents.cli.audit", "Check that the audit of all incidents is whole."),
    "backtest": ("agents.cli.backtest", "Run the decisions over history, without Kafka."),
    "evaluate": ("agents.cli.evaluate", "Measure how well the detectors warn."),
    "bench": ("agents.cli.bench", "Measure this machine."),
    "docs": ("agents.cli.docs", "Write the pages of docs/ that are made from the code."),
    "chaos": ("agents.cli.chaos", "Torture the stages and check that nothing was lost."),
}


class LazyCommands(Group):
    """Sub-commands by name; each module is imported when its command is called.

    ``table`` names the module of each command and says in one line what it does.
    """

    table: ClassVar[Mapping[str, tuple[str, str]]] = COMMANDS

    def list_commands(self, ctx: Any) -> list[str]:
        """The names, in the order of a person's way through them."""
        return list(self.table)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Import the command's module and take its ``app``: a Typer or a command.

        Of a Typer with several commands, among them one of this very name, that one.
        """
        if cmd_name not in self.table:
            return None
        app: Any = import_module(self.table[cmd_name][0]).app
        if not isinstance(app, typer.Typer):
            return app
        command = typer.main.get_command(app)
        command = getattr(command, "commands", {}).get(cmd_name, command)
        command.params = [p for p in command.params if not str(p.name).endswith("_completion")]
        return command

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """List names and one line each, from the table: nothing is imported."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in self.table.items()])


class OrderCommands(LazyCommands):
    """The same for one kind of thing, with a command for each order that is given about it.

    ``orders`` names the action of each such command, ``family`` where they are told apart:
    a module and what in it is the `agents.cli.ordering.Family`.
    """

    orders: ClassVar[Mapping[str, str]]
    family: ClassVar[tuple[str, str]]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """An order by its name, made for this call; or what else the table has."""
        action = self.orders.get(cmd_name)
        if action is None:
            return super().get_command(ctx, cmd_name)
        from agents.cli.ordering import order_command

        module, name = self.family
        return order_command(getattr(import_module(module), name), action)


root = typer.Typer(
    cls=LazyCommands,
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Settings are CHENGYUN_* variables or chengyun.toml.",
)


def _show_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"chengyun {version('chengyun')}")
        raise typer.Exit


@root.callback()
def _root(
    _version: Annotated[
        bool,
        typer.Option("--version", is_eager=True, callback=_show_version, help="Show the version."),
    ] = False,
) -> None:
    """Event backbone of a city: from reports and readings to incidents and alerts."""
