"""Java and Maven: found, too old or missing, and each said in one clear sentence."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from agents.broker import jars
from agents.settings import load_settings
from schemas.errors import ConfigurationError

POM = {"m": "http://maven.apache.org/POM/4.0.0"}


def _program(directory: Path, name: str, script: str) -> None:
    directory.mkdir(exist_ok=True)
    file = directory / name
    file.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    file.chmod(0o755)


@pytest.fixture
def only_programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine that has nothing but what the test puts into this directory."""
    for name in ("JAVA_HOME", "MAVEN_HOME", "M2_HOME"):
        monkeypatch.delenv(name, raising=False)
    directory = tmp_path / "programs"
    directory.mkdir()
    monkeypatch.setenv("PATH", f"{directory}")
    return directory


def test_without_java_the_message_says_what_to_install_or_name(only_programs: Path) -> None:
    with pytest.raises(ConfigurationError) as caught:
        jars.find_java()
    message = str(caught.value)
    assert message.startswith("Java was not found")
    assert "install Java 17 or newer and Maven" in message
    assert "CHENGYUN_BROKER=host:port" in message


@pytest.mark.parametrize(
    ("told", "major"),
    [('java version "1.8.0_292"', 8), ('openjdk version "11.0.2" 2019-01-15', 11)],
)
def test_an_old_java_is_refused(only_programs: Path, told: str, major: int) -> None:
    _program(only_programs, "java", f"echo '{told}' >&2")
    with pytest.raises(ConfigurationError, match=f"is Java {major}, and the embedded broker"):
        jars.find_java()


def test_java_home_comes_before_the_path(
    only_programs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _program(only_programs, "java", "echo 'openjdk version \"11.0.2\"' >&2")
    (tmp_path / "jdk").mkdir()
    _program(tmp_path / "jdk/bin", "java", "echo 'openjdk version \"21.0.1\"' >&2")
    monkeypatch.setenv("JAVA_HOME", str(tmp_path / "jdk"))
    assert jars.find_java() == (tmp_path / "jdk/bin/java", 21)


def test_without_maven_the_message_says_what_to_install_or_name(
    only_programs: Path, tmp_path: Path
) -> None:
    with pytest.raises(ConfigurationError, match=r"Maven was not found.*CHENGYUN_BROKER="):
        jars.class_path(tmp_path / "cache", print)


def test_a_download_is_told_and_done_once(only_programs: Path, tmp_path: Path) -> None:
    jar = tmp_path / "kafka.jar"
    jar.touch()
    _program(
        only_programs,
        "mvn",
        'echo "[INFO] Downloaded from here: there/org/kafka-1.jar (3 kB at 1 kB/s)"\n'
        f'for word in "$@"; do case $word in -Dmdep.outputFile=*) '
        f"echo {jar} > ${{word#*=}};; esac; done",
    )
    told: list[str] = []
    assert jars.class_path(tmp_path / "cache", told.append) == str(jar)
    assert told[-1] == "downloaded 1 jars, newest kafka-1.jar"
    told.clear()
    assert jars.class_path(tmp_path / "cache", told.append) == str(jar)
    assert told == []


def test_what_maven_says_of_a_failure_reaches_the_person(
    only_programs: Path, tmp_path: Path
) -> None:
    _program(only_programs, "mvn", 'echo "[ERROR] Could not transfer artifact"; exit 1')
    with pytest.raises(ConfigurationError, match=r"Could not transfer artifact.*Operator action"):
        jars.class_path(tmp_path / "cache", print)


def test_every_jar_of_the_broker_has_its_version_written_down(broker: str) -> None:
    pom = ET.parse(jars.kafka_file("pom.xml")).getroot()
    kafka = pom.findtext("m:properties/m:kafka.version", namespaces=POM)
    assert kafka is not None
    written = set()
    for item in pom.findall("m:dependencyManagement/m:dependencies/m:dependency", POM):
        artifact = item.findtext("m:artifactId", namespaces=POM)
        version = item.findtext("m:version", namespaces=POM) or ""
        written.add(f"{artifact}-{version.replace('${kafka.version}', kafka)}.jar")
    resolved = jars.class_path(load_settings().cache_dir, print)
    assert {Path(jar).name for jar in resolved.split(":")} == written
