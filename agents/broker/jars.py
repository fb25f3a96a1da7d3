"""Where the embedded broker's Java and jars come from: Java on this machine, jars by Maven.

The class path that Maven resolved is remembered in the cache directory under the hash of
`deploy/kafka/pom.xml`, so Maven runs once per set of versions and a warm start needs none.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path

from schemas.errors import ConfigurationError

MINIMUM_JAVA = 17
_INSTALL = (
    "Operator action: install Java {java} or newer and Maven "
    "(Debian: apt-get install openjdk-17-jre-headless maven), "
    "or name an existing broker with CHENGYUN_BROKER=host:port."
)

Report = Callable[[str], None]


def kafka_file(name: str) -> Path:
    """A file of `deploy/kafka/`, as shipped with the package."""
    return Path(str(files("deploy") / "kafka" / name))


def find_java() -> tuple[Path, int]:
    """The Java to run the broker with, and its major version.

    Raises:
        ConfigurationError: there is none, or it is older than 17.
    """
    install = _INSTALL.format(java=MINIMUM_JAVA)
    java = _find("java", ("JAVA_HOME",))
    if java is None:
        raise ConfigurationError(
            f"Java was not found, and the embedded broker needs it. {install}", code="java"
        )
    answer = subprocess.run([java, "-version"], capture_output=True, text=True, check=False)
    version = re.search(r'version "(?:1\.)?(\d+)', answer.stderr + answer.stdout)
    major = int(version.group(1)) if version else 0
    if major < MINIMUM_JAVA:
        got = f"Java {major}" if major else "a Java that does not tell its version"
        raise ConfigurationError(
            f"{java} is {got}, and the embedded broker needs {MINIMUM_JAVA} or newer. {install}",
            code="java",
        )
    return java, major


def class_path(cache_dir: Path, report: Report) -> str:
    """The jars of Kafka's server, joined for ``java -cp``; resolved by Maven when not cached.

    Args:
        report: gets a line when a download begins and about each second while it runs.

    Raises:
        ConfigurationError: Maven is missing or could not resolve the jars.
    """
    pom = kafka_file("pom.xml")
    known = cache_dir / f"classpath-{hashlib.sha256(pom.read_bytes()).hexdigest()[:16]}"
    cache_dir.mkdir(parents=True, exist_ok=True)
    with locked(cache_dir / "jars.lock"):
        if known.exists():
            path = known.read_text(encoding="utf-8").strip()
            if path and all(Path(jar).exists() for jar in path.split(os.pathsep)):
                return path
        fresh = known.with_suffix(".new")
        _resolve(pom, fresh, report)
        fresh.replace(known)
    return known.read_text(encoding="utf-8").strip()


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold a file lock; the system lets go of it when the process ends, however it ends."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _find(program: str, homes: tuple[str, ...]) -> Path | None:
    for home in homes:
        if directory := os.environ.get(home):
            named = Path(directory) / "bin" / program
            if os.access(named, os.X_OK):
                return named
    found = shutil.which(program)
    return Path(found) if found else None


def _resolve(pom: Path, output: Path, report: Report) -> None:
    maven = _find("mvn", ("MAVEN_HOME", "M2_HOME"))
    if maven is None:
        raise ConfigurationError(
            "Maven was not found, and the embedded broker's jars come through it. "
            + _INSTALL.format(java=MINIMUM_JAVA),
            code="maven",
        )
    report("resolving the Kafka server's jars with Maven (once)")
    command = [
        str(maven),
        "-B",
        "-f",
        str(pom),
        "dependency:build-classpath",
        f"-Dmdep.outputFile={output}",
    ]
    lines: list[str] = []
    jars = 0
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace"
    ) as maven_run:
        assert maven_run.stdout is not None
        for line in maven_run.stdout:
            lines.append(line.rstrip())
            if "Downloaded from" in line and ".jar" in line:
                jars += 1
                name = line.split(": ", 1)[-1].split(" ")[0].rsplit("/", 1)[-1]
                report(f"downloaded {jars} jars, newest {name}")
    if maven_run.returncode != 0 or not output.exists():
        errors = [line for line in lines if "ERROR" in line][:5] or lines[-5:]
        raise ConfigurationError(
            "Maven could not resolve the Kafka server's jars: "
            + " / ".join(errors)
            + " Operator action: check the network or Maven's settings.xml, or name an existing "
            "broker with CHENGYUN_BROKER=host:port.",
            code="maven",
        )
