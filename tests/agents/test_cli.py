"""The command line finds its commands, and an error of ours is one message."""

from __future__ import annotations

import subprocess
import sys
from importlib import import_module
from importlib.metadata import version

import pytest
import typer

from agents.cli.root import COMMANDS

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
    assert shown.splitlines()[-1] == "['agents.cli', 'agents.cli.root']"


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
