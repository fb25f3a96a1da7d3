"""Why, without delay: the same answer as the command's, from the index, or none at all."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, get_args

import pytest
import typer
from pydantic import AwareDatetime, BaseModel
from typer.testing import CliRunner

from agents import policy_files
from agents.alert_index import FORM, TOPICS, AlertIndex, index_file
from agents.alert_keeper import explain_some, prepare
from agents.bench.answers import keep_alerts, made_up_city
from agents.cli import at_once, reasons, said
from agents.cli.at_once import answered
from agents.cli.reasons import Matter, Reasons
from agents.cli.said import alert_of
from agents.cli.why import app
from agents.settings import load_settings
from agents.up.city import read_city, write_city
from schemas.alert import Alert, AlertEvent
from schemas.codec import encode
from schemas.errors import ConfigurationError
from streams.topics import ALERTS
from streams.warning.explain import explain

START = [sys.executable, "-c", "from agents.cli.main import main; main()"]
NOW = datetime(2026, 7, 1, 2, tzinfo=UTC)
SUPERVISION = ("E2", "deadline", "flood")
FULL: dict[str, Any] = {
    "observed": 18.0,
    "expected": 4.5,
    "threshold": 10.0,
    "interval": (2.0, 7.0),
    "p": 0.0004,
    "tests": 250,
    "window": {"start": NOW, "end": NOW},
    "evidence": ["gauge/1", "gauge/2"],
    "evidence_count": 9,
    "groups": [{"trigger": "W3", "area": "990101001", "count": 4, "colour": "red"}],
    "contributions": {"now": 2.5, "week_now": -1.0},
    "also": [{"id": "W15", "version": "2"}],
    "geometry": {"lat": 30.6, "lon": 104.1, "radius_km": 1.5},
    "suspected": [
        {"kind": "water", "name": "积水", "area": "990101001", "at": NOW, "lift": 4.0, "lag_h": 2.0}
    ],
    "held_back": "capped",
    "earned": "orange",
    "completeness": 0.97,
    "lead_time_s": 5_400.0,
    "answer": "confirmed",
    "answered_by": "li",
    "unit": "cm",
}


def _alert(revision: int = 1, trigger: str = "W3", **fields: Any) -> Alert:
    return Alert.model_validate(
        {
            "alert_id": f"a-{trigger}",
            "revision": revision,
            "key": f"{trigger}/990101001/x",
            "trigger": {"id": trigger, "version": "1"},
            "scale": "supervision" if trigger in SUPERVISION else "warning",
            "tier": "street",
            "area": "990101001",
            "colour": "yellow",
            "state": "opened",
            "title": "积水",
            "opened_at": NOW,
            "changed_at": NOW,
            "policy_version": "1",
            **fields,
        }
    )


def _bytes(alert: Alert) -> bytes:
    return encode(AlertEvent(id="1", source="/street/x", time=NOW, data=alert))


@pytest.fixture
def quiet(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Nothing in environment or directory that names a city."""
    for name in ("PREFIX", "BROKER", "DATA_DIR", "LANG", "CONFIG", "POLICY_DIR"):
        monkeypatch.delenv(f"CHENGYUN_{name}", raising=False)
    monkeypatch.chdir(tmp_path)


@pytest.fixture(scope="module")
def pattern(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data directory of an ended city with an alert of every shipped trigger."""
    place = tmp_path_factory.mktemp("city") / "data"
    made_up_city(place, "t.")
    triggers = sorted({*policy_files.load().trigger_texts, "W10", "E2", "deadline"})
    told = [_alert(n, trigger, **FULL) for trigger in triggers for n in (1, 2)]
    told += [_alert(1, f"{trigger}", alert_id=f"bare-{trigger}") for trigger in triggers]
    keep_alerts(index_file(place, "t."), told, whole_at=time.time())
    return place


@pytest.fixture
def city(quiet: None, pattern: Path, tmp_path: Path) -> Path:
    """Such a directory for one test alone."""
    return shutil.copytree(pattern, tmp_path / "data")


Capture = pytest.CaptureFixture[str]


def _said_at_once(capsys: Capture, *words: str) -> str:
    assert answered(list(words))
    return capsys.readouterr().out


def _ids(place: Path) -> list[str]:
    with AlertIndex(index_file(place, "t."), only_read=True) as index:
        return index.newest(1_000)


@pytest.mark.parametrize("form", [(), ("--lang", "en"), ("--json",), ("--plain", "--lang=en")])
def test_it_says_of_every_trigger_what_the_command_says(
    city: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch, form: tuple[str, ...]
) -> None:
    ids = _ids(city)
    assert len(ids) > 40
    where = ("--data-dir", str(city))
    fast = {each: _said_at_once(capsys, each, *where, *form) for each in ids}
    # Named, so that the command need not look for a broker of its own; the index is whole.
    monkeypatch.setenv("CHENGYUN_BROKER", "127.0.0.1:9")
    for each in ids[:: 1 if not form else 5]:
        result = CliRunner().invoke(app, [each, *where, *form])
        assert result.exit_code == 0, result.output
        assert result.stdout == fast[each]


def test_it_knows_the_options_of_the_command() -> None:
    command = typer.main.get_command(app)
    flags: set[str] = set()
    values: set[str] = set()
    for option in command.params:
        if option.param_type_name == "option" and "completion" not in str(option.name):
            (flags if getattr(option, "is_flag", False) else values).update(option.opts)
    assert set(at_once.VALUES) == values
    assert set(at_once.FLAGS) == flags
    assert len(ALERTS) == TOPICS


@pytest.mark.parametrize("words", [["why"], ["alert", "why"]])
def test_a_whole_run_imports_nothing_that_takes_time(city: Path, words: list[str]) -> None:
    code = (
        "import sys; from agents.cli.main import main; main()\n"
        "print([m for m in ('typer', 'rich', 'pydantic', 'aiokafka', 'asyncio', 'yaml') "
        "if m in sys.modules])"
    )
    command = [sys.executable, "-c", code, *words, "a-W3", "--data-dir", str(city)]
    ended = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert "积水" in ended.stdout
    assert ended.stdout.splitlines()[-1] == "[]"


def test_an_alert_that_is_not_there_is_one_message(city: Path) -> None:
    where = ("--data-dir", str(city), "--lang", "en")
    with pytest.raises(ConfigurationError, match="no alert nobody"):
        answered(["nobody", *where])
    ended = subprocess.run(
        [*START, "why", "nobody", *where], capture_output=True, text=True, check=False, timeout=60
    )
    assert (ended.returncode, ended.stderr) == (2, "chengyun: There is no alert nobody.\n")


def _change(place: Path, **fields: Any) -> None:
    record = read_city(place)
    assert record is not None
    write_city(place, place / "up" / "t", record.model_copy(update=fields))


def _more(place: Path) -> None:
    with AlertIndex(index_file(place, "t.")) as index:
        street = ALERTS["street"].name
        index.add([((street, 3), 10_000, "a-W3", _bytes(_alert(3, **FULL)))])


def _unknown(place: Path) -> None:
    with AlertIndex(index_file(place, "t.")) as index:
        index.note("shared", "null")


def _other_form(place: Path) -> None:
    with AlertIndex(index_file(place, "t.")) as index:
        index._file.execute(f"PRAGMA user_version = {FORM + 1}")


def _since_then(place: Path) -> None:
    _change(place, ended_at=datetime.now(UTC).replace(year=2100))


@pytest.mark.parametrize(
    "how",
    [
        pytest.param(_more, id="a revision that nobody has explained"),
        pytest.param(
            lambda place: _change(place, ended_at=None), id="a living city, read long ago"
        ),
        pytest.param(_since_then, id="a city that ended after its index was whole"),
        pytest.param(_unknown, id="an index without names"),
        pytest.param(_other_form, id="an index of another form"),
        pytest.param(lambda place: (place / "city.json").write_text("{}"), id="a broken record"),
        pytest.param(lambda place: (place / "city.json").unlink(), id="no city"),
    ],
)
def test_what_is_not_certain_is_left_to_the_command(
    city: Path, how: Callable[[Path], object], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert answered(["a-W3", "--data-dir", str(city)])
    with AlertIndex(index_file(city, "t.")) as index:  # whole, but that was a minute ago
        places = list(index.read_to())
        index.whole(places, time.time() - 60)
    _change(city, ended_at=datetime.fromtimestamp(time.time() - 90, UTC))
    assert answered(["a-W3", "--data-dir", str(city)])
    how(city)
    assert not answered(["a-W3", "--data-dir", str(city)])


def test_a_living_city_is_answered_for_while_its_index_is_fresh(city: Path) -> None:
    _change(city, ended_at=None)
    with AlertIndex(index_file(city, "t.")) as index:
        index.whole(list(index.read_to()), time.time() + 30)
    assert answered(["a-W3", "--data-dir", str(city)])


@pytest.mark.parametrize(
    "words",
    [[], ["--help"], ["a-W3", "b"], ["a-W3", "--nope"], ["a-W3", "--lang"], ["a-W3", "--lang=fr"]],
)
def test_words_that_it_does_not_know_are_left_to_the_command(city: Path, words: list[str]) -> None:
    assert not answered([*words, f"--data-dir={city}"])


@pytest.mark.parametrize(
    ("environment", "file"),
    [
        ({}, None),
        ({"CHENGYUN_LANG": "en", "CHENGYUN_PREFIX": "x.", "CHENGYUN_DATA_DIR": "d"}, None),
        ({}, 'lang = "en"\ndata_dir = "elsewhere"\nprefix = "f."\nbroker = "h:1"\n'),
        ({"CHENGYUN_LANG": "zh", "chengyun_prefix": "low."}, 'lang = "en"\nspeed = 2.0\n'),
        ({"CHENGYUN_CONFIG": "other.toml"}, 'lang = "en"\n'),
        ({"CHENGYUN_BROKER": ""}, None),
    ],
)
def test_it_reads_the_settings_as_all_commands_do(
    quiet: None, monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], file: str | None
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    if file is not None:
        Path(environment.get("CHENGYUN_CONFIG", "chengyun.toml")).write_text(file)
    known = load_settings()
    told = at_once._told()
    assert told.get("lang", "zh") == known.lang
    assert Path(told.get("data_dir", ".chengyun")) == known.data_dir
    assert told.get("prefix", "") == known.prefix
    assert ("prefix" in told) == ("prefix" in known.model_fields_set)
    assert (told.get("broker") or None) == known.broker


@pytest.mark.parametrize("fields", [{}, FULL], ids=["bare", "full"])
def test_an_alert_read_without_its_model_is_the_same(fields: dict[str, Any]) -> None:
    for trigger in ("W3", "deadline"):
        alert = _alert(1, trigger, **fields)
        read = alert_of(json.loads(_bytes(alert))["data"])
        for name in Alert.model_fields:
            _same(getattr(alert, name), getattr(read, name))
        policy = policy_files.load()
        for language in ("zh", "en"):
            assert explain(read, policy, language) == explain(alert, policy, language)


def test_every_time_and_message_within_an_alert_is_known_to_be_one() -> None:
    def kinds(model: type[BaseModel]) -> Iterator[tuple[str, set[Any]]]:
        for name, field in model.model_fields.items():
            annotation = field.annotation
            yield name, {annotation, *(p for a in get_args(annotation) for p in (a, *get_args(a)))}

    nested: list[type[BaseModel]] = []
    for name, found in kinds(Alert):
        assert (AwareDatetime in found) == (name in said._TIMES), name
        bodies = [k for k in found if isinstance(k, type) and issubclass(k, BaseModel)]
        assert bool(bodies) == (name in (*said._ONE, *said._MANY)), name
        nested += bodies
    assert nested
    for model in nested:
        for name, found in kinds(model):
            assert (AwareDatetime in found) == (name in said._TIMES), name


def _same(model: Any, read: Any) -> None:
    if hasattr(type(model), "model_fields"):
        for name in type(model).model_fields:
            own = getattr(model, name)  # what was not written is nothing: None, empty or false
            assert own == getattr(read, name) or not (own or getattr(read, name))
    elif isinstance(model, list) and model and hasattr(type(model[0]), "model_fields"):
        assert len(model) == len(read)
        for one, other in zip(model, read, strict=True):
            _same(one, other)
    elif isinstance(model, tuple):
        assert list(model) == list(read)
    else:
        assert model == read


def test_reasons_follow_the_newest_revision_and_the_policy(tmp_path: Path) -> None:
    policy = policy_files.load()
    street = ALERTS["street"].name
    with AlertIndex(tmp_path / "alerts.sqlite") as index:
        prepare(index, policy)
        for n in range(3):
            for trigger in ("W10", "deadline"):
                alert = _alert(n + 1, trigger, observed=5.0 + n)
                index.add([((street, 0), 10 * n + len(trigger), alert.alert_id, _bytes(alert))])
        assert explain_some(index, policy, 1) == 1
        assert (index.reasons("a-W10") is None, index.reasons("a-deadline")) == (False, None)
        assert explain_some(index, policy, warnings=True) == 0
        assert explain_some(index, policy) == 1
        kept = index.reasons("a-W10")
        assert kept is not None
        alert = _alert(3, "W10", observed=7.0)
        assert Reasons(**kept["en"]) == Reasons.of(alert, policy, "en")
        index.add([((street, 0), 99, "a-W10", _bytes(_alert(4, "W10", observed=9.0)))])
        assert index.reasons("a-W10") is None, "it was explained as it stood before"
        index.under("another policy")
        assert {each for each, _ in index.unexplained(9)} == {"a-W10", "a-deadline"}
        assert index.reasons("a-deadline") is None


def test_what_ended_no_longer_holds_and_what_was_measured_still_does() -> None:
    first = _alert(1, observed=12.0, threshold=10.0, held_back="capped", evidence=["g/1"])
    last = _alert(2, state="closed")
    matter = Matter.of([_bytes(first), _bytes(last)])
    assert (matter.alert.observed, matter.alert.threshold) == (12.0, 10.0)
    assert matter.alert.evidence == ["g/1"]
    assert matter.alert.held_back is None
    assert matter.alert.state == "closed"
    assert [each.observed for each in matter.revisions] == [12.0, None]
    assert reasons.causes(matter.alert, ["W3"]) == ["a-W3"]
