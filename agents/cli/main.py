"""The start of ``chengyun``.

What an operator asks in a hurry is answered before anything is imported that takes time.
"""

from __future__ import annotations

import os
import sys


def main() -> None:
    """Run the command line; an error of ours is one message and exit code 2."""
    try:
        words = sys.argv[1:]
        if words[:1] == ["why"] or words[:2] == ["alert", "why"]:
            from agents.cli.at_once import answered

            if answered(words[words.index("why") + 1 :]):
                sys.stdout.flush()
                return
        from agents.cli.root import root

        root(prog_name="chengyun")
    except BrokenPipeError:  # whoever reads has read enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except Exception as error:
        from schemas.errors import ChengyunError

        if not isinstance(error, ChengyunError):
            raise
        sys.stderr.write(f"chengyun: {error}\n")
        sys.exit(2)
