"""Settings are read in order, refused when wrong, and keep their secrets."""

from __future__ import annotations

import ssl
from pathlib import Path

import pytest

from agents.settings import (
    Settings,
    client_options,
    load_settings,
    require_safe,
    unknown_variables,
    unsafe_settings,
)
from schemas.errors import ConfigurationError


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_arguments_come_before_environment_before_file(monkeypatch: pytest.MonkeyPatch) -> None:
    Path("chengyun.toml").write_text('prefix = "file."\nlang = "en"\nspeed = 2\n')
    monkeypatch.setenv("CHENGYUN_PREFIX", "env.")
    monkeypatch.setenv("CHENGYUN_SPEED", "3")
    settings = load_settings(speed=4.0, prefix=None)
    assert (settings.speed, settings.prefix, settings.lang) == (4.0, "env.", "en")
    assert settings.physical("chengyun.audit.v1") == "env.chengyun.audit.v1"


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"broker": "kafka"}, "CHENGYUN_BROKER: .*host:port"),
        ({"timezone": "Mars"}, "CHENGYUN_TIMEZONE: .*IANA"),
        ({"sasl_mechanism": "PLAIN"}, "sasl_user and sasl_password"),
        ({"tls_cert": "c.pem", "tls": True}, "tls_cert and tls_key want each other"),
        ({"tls_ca": "ca.pem"}, "tls = true"),
        ({"prefix": "a b"}, "CHENGYUN_PREFIX"),
    ],
)
def test_a_wrong_setting_is_named(given: dict[str, object], words: str) -> None:
    with pytest.raises(ConfigurationError, match=words):
        load_settings(**given)


def test_a_misspelt_key_in_the_file_is_refused() -> None:
    Path("chengyun.toml").write_text("linger = 5\n")
    with pytest.raises(ConfigurationError, match="CHENGYUN_LINGER"):
        load_settings()
    Path("chengyun.toml").write_text("linger_ms == 5\n")
    with pytest.raises(ConfigurationError, match=r"chengyun\.toml"):
        load_settings()


def test_a_misspelt_variable_is_seen() -> None:
    environment = {"CHENGYUN_BROKR": "x", "CHENGYUN_BROKER": "a:1", "PATH": ""}
    assert unknown_variables(environment) == ["CHENGYUN_BROKR"]


def test_a_secret_never_shows() -> None:
    settings = load_settings(
        broker="k:9093", tls=True, sasl_mechanism="PLAIN", sasl_user="u", sasl_password="hunter2"
    )
    assert "hunter2" not in repr(settings) + str(settings) + settings.model_dump_json()
    assert client_options(settings)["sasl_plain_password"] == "hunter2"
    with pytest.raises(ConfigurationError) as caught:
        load_settings(sasl_password="hunter2", sasl_mechanism="PLAIN")
    assert "hunter2" not in str(caught.value)


def test_connection_options_follow_the_security_settings() -> None:
    assert client_options(load_settings(), "127.0.0.1:1") == {"bootstrap_servers": "127.0.0.1:1"}
    plain = client_options(load_settings(broker="k:9092"))
    assert plain == {"bootstrap_servers": "k:9092", "security_protocol": "PLAINTEXT"}
    both = client_options(
        load_settings(
            broker="k:9093",
            tls=True,
            sasl_mechanism="SCRAM-SHA-512",
            sasl_user="u",
            sasl_password="p",
        )
    )
    assert both["security_protocol"] == "SASL_SSL"
    assert both["sasl_mechanism"] == "SCRAM-SHA-512"
    assert isinstance(both["ssl_context"], ssl.SSLContext)
    assert both["ssl_context"].verify_mode == ssl.CERT_REQUIRED


def test_without_any_broker_the_message_says_what_to_do() -> None:
    with pytest.raises(ConfigurationError, match="chengyun broker start"):
        client_options(load_settings())


def test_an_authority_that_cannot_be_read_is_a_clear_error() -> None:
    with pytest.raises(ConfigurationError, match="TLS files"):
        client_options(load_settings(broker="k:9093", tls=True, tls_ca="nowhere.pem"))


def test_production_wants_encryption_copies_and_real_time() -> None:
    good = load_settings(
        env="production",
        broker="k:9093",
        tls=True,
        sasl_mechanism="SCRAM-SHA-512",
        sasl_user="u",
        sasl_password="p",
    )
    assert unsafe_settings(good) == []
    require_safe(good)
    bad = good.model_copy(update={"broker": None, "replication": 1, "speed": 60.0, "time": "event"})
    assert len(unsafe_settings(bad)) == 4
    with pytest.raises(ConfigurationError, match="Operator action"):
        require_safe(bad)
    require_safe(bad.model_copy(update={"env": "development"}))


def test_every_setting_says_what_it_is() -> None:
    bare = {"log_level"}
    assert [
        n for n, f in Settings.model_fields.items() if not f.description and n not in bare
    ] == []
