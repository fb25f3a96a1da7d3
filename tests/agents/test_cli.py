"""The command line finds its commands, and an error of ours is one message."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from importlib import import_module
from importlib.metadata import version
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from agents.cli.root import COMMANDS, root

CHENGYUN = [sys.executable, "-c", "from agents.cli.main import main; main()"]


def _run(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*CHENGYUN, *words],
        env={"PATH": "/usr/bin:/bin", **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def test_help_lists_every_command_and_imports_none() -> None:
    code = (
        "import sys; from agents.cli.root import root\n"
        "try: root(['--help'], prog_name='chengyun')\n"
        "except SystemExit: pass\n"
        "print([m for m in sys.modules if m.startswith('agents.')])"
    )
    shown = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout
    for name in COMMANDS:
        assert f"\n  {name} " in shown
    assert shown.splitlines()[-1] == "['agents.cli', 'agents.cli.options', 'agents.cli.root']"


def test_no_command_loads_what_takes_time_before_it_is_called() -> None:
    """Its help, and the complaint about a typing error, need no more than its options."""
    heavy = (
        "pydantic",
        "aiokafka",
        "faust",
        "asyncio",
        "numpy",
        "agents.settings",
        "streams.policy",
    )
    code = (
        "import sys; from importlib import import_module\n"
        f"for name, (module, _) in {dict(COMMANDS)!r}.items():\n"
        "    import_module(module)\n"
        f"    loaded = [m for m in {heavy!r} if sys.modules.pop(m, None)]\n"
        "    if loaded: print(name, loaded)"
    )
    shown = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout
    assert not shown


def test_help_and_typing_errors_need_no_conversion_of_options() -> None:
    for words in (["incident", "lsit"], ["watch", "--hepl"], ["--help"]):
        code = (
            f"import sys; sys.argv[1:] = {words!r}\nfrom agents.cli.main import main\n"
            "try: main()\nexcept SystemExit: print('pydantic' in sys.modules)"
        )
        shown = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True
        ).stdout
        assert shown.splitlines()[-1] == "False", words


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_has_an_app(name: str) -> None:
    app = import_module(COMMANDS[name][0]).app
    assert isinstance(app, typer.Typer) or callable(app)


def test_version() -> None:
    assert _run("--version").stdout == f"chengyun {version('chengyun')}\n"


def test_an_unknown_command_is_a_usage_error() -> None:
    answer = _run("nope")
    assert answer.returncode == 2
    assert "No such command" in answer.stderr


def test_an_error_of_ours_is_one_message_without_a_traceback() -> None:
    answer = _run("broker", "status", CHENGYUN_SPEED="fast")
    assert answer.returncode == 2
    assert answer.stderr.startswith("chengyun: Settings are wrong. CHENGYUN_SPEED: ")
    assert "Traceback" not in answer.stderr


def _every(command: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    yield path
    if hasattr(command, "list_commands"):
        for name in command.list_commands(None):
            yield from _every(command.get_command(None, name), (*path, name))


def test_every_command_has_help() -> None:
    paths = list(_every(typer.main.get_command(root)))
    assert len(paths) > 100
    for path in paths:
        shown = CliRunner().invoke(root, [*path, "--help"])
        assert shown.exit_code == 0, (path, shown.exception)
        assert "Usage" in shown.output
