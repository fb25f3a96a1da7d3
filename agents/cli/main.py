"""The command ``chengyun``: finds the sub-command that was asked for and runs it.

Sub-commands are imported only when called, so that ``chengyun --help`` and the start of a
worker do not pay for what they do not use.
"""

from __future__ import annotations

import sys
from importlib import import_module
from importlib.metadata import version
from typing import Any

import click
import typer

from schemas.errors import ChengyunError

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
    "dead-letters": ("agents.cli.dead_letters", "List, show and replay dead letters."),
    "backtest": ("agents.cli.backtest", "Run the decisions over history, without Kafka."),
    "bench": ("agents.cli.bench", "Measure this machine."),
    "chaos": ("agents.cli.chaos", "Torture the stages and check that nothing was lost."),
}


class LazyCommands(click.Group):
    """Sub-commands by name; each module is imported when its command is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names, in the order of a person's way through them."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the command's module and take its ``app``."""
        if cmd_name not in COMMANDS:
            return None
        module, _ = COMMANDS[cmd_name]
        app: Any = import_module(module).app
        return typer.main.get_command(app) if isinstance(app, typer.Typer) else app

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List names and one line each, from the table: nothing is imported."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])


@click.command(
    cls=LazyCommands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Settings are CHENGYUN_* variables or chengyun.toml.",
)
@click.version_option(version("chengyun"), prog_name="chengyun")
def root() -> None:
    """Event backbone of a city: from reports and readings to incidents and alerts."""


def main() -> None:
    """Run the command line; an error of ours is one message and exit code 2."""
    try:
        root.main(prog_name="chengyun", standalone_mode=True)
    except ChengyunError as error:
        sys.stderr.write(f"chengyun: {error}\n")
        sys.exit(2)
