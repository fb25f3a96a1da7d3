"""The city's policy as it was read and checked last, for commands that must answer at once.

Reading and checking the files takes as long as all else that such a command does. What was
found right is kept as one file beside the city's data, under a hash of everything it was
made of, so that a changed policy is read anew.
"""

from __future__ import annotations

import hashlib
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from pydantic import ValidationError

from streams.policy import Policy

KEPT = 4
_ENDINGS = (".yaml", ".yml", ".json")


def load(path: Path | None, home: Path) -> Policy:
    """The policy in a directory or file, None the shipped one; as `policy_files.load`.

    Args:
        home: the city's data directory; nothing is kept where it cannot be written.

    Raises:
        PolicyError: with every fault found.
    """
    made_of = _hash(path)
    kept = home / "cache" / f"policy-{made_of}.json"
    try:
        return Policy.model_validate_json(kept.read_bytes())
    except (OSError, ValidationError):
        return _load_and_keep(path, kept)


def _load_and_keep(path: Path | None, kept: Path) -> Policy:
    from agents import policy_files

    policy = policy_files.load(path)
    try:
        kept.parent.mkdir(parents=True, exist_ok=True)
        fresh = kept.with_suffix(".new")
        said = policy.model_dump_json(by_alias=True, exclude_unset=True)
        fresh.write_text(said, encoding="utf-8")
        fresh.replace(kept)
        old = sorted(kept.parent.glob("policy-*.json"), key=lambda each: each.stat().st_mtime)
        for each in old[:-KEPT]:
            each.unlink(missing_ok=True)
    except OSError:
        return policy  # a data directory that cannot be written: slower, and nothing else
    return policy


def _hash(path: Path | None) -> str:
    """Of all that a policy is made of: its files, the table of holidays, the code."""
    digest = hashlib.sha256(f"{_version('chengyun')} {_version('holidays')}".encode())
    if path is None:
        import deploy

        path = Path(deploy.__file__).parent / "policy"
    files = sorted(f for f in path.iterdir() if f.suffix in _ENDINGS) if path.is_dir() else [path]
    for file in files:
        digest.update(file.name.encode() + b"\0")
        digest.update(file.read_bytes() if file.is_file() else b"")
    return digest.hexdigest()[:24]


def _version(package: str) -> str:
    """Of an installed package; a checkout that was not installed has none."""
    try:
        return version(package)
    except PackageNotFoundError:
        return "0"
