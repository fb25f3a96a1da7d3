"""Every setting of the backbone: its name, unit, default and meaning, in one place.

A setting is read from the environment (``CHENGYUN_BROKER``), then from
``chengyun.toml`` in the working directory (or the file that ``CHENGYUN_CONFIG``
names; flat keys, ``broker = "…"``), then from its default here. Unknown keys in
the file are refused, so a misspelt limit never goes unnoticed.
"""

from __future__ import annotations

import os
import ssl
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import (
    AwareDatetime,
    Field,
    SecretStr,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from schemas.errors import ConfigurationError

PREFIX = "CHENGYUN_"
SaslMechanism = Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"]


def _cache_dir() -> Path:
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "chengyun"


class Settings(BaseSettings):
    """What a person may set, with units; secrets are never printed."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, extra="forbid", frozen=True, validate_default=True
    )

    # --- where and how
    env: Literal["development", "production"] = Field(
        default="development",
        description="production refuses settings that can lose data or leak it.",
    )
    prefix: str = Field(
        default="",
        max_length=100,
        pattern=r"^[A-Za-z0-9._-]*$",
        description="Stands before every topic, group and transactional id, so that several "
        "cities, replays or tests share one cluster; for example 'cd.'.",
    )
    timezone: str = Field(
        default="Asia/Shanghai",
        description="Zone of the city (IANA name): working days, bins and reports follow it.",
    )
    lang: Literal["zh", "en"] = Field(default="zh", description="Language of operators' text.")
    policy_dir: Path | None = Field(
        default=None, description="Directory of policy files; unset = the policy shipped with us."
    )
    data_dir: Path = Field(
        default=Path(".chengyun"),
        description="Directory for the embedded broker's data, its log and our own run files.",
    )
    cache_dir: Path = Field(
        default_factory=_cache_dir,
        description="Directory for what can be made again: class path, start-up archive.",
    )

    # --- the cluster
    broker: str | None = Field(
        default=None,
        description="Bootstrap servers 'host:port,host:port'; unset = the embedded broker.",
    )
    tls: bool = Field(default=False, description="Encrypt the connection to the cluster.")
    tls_ca: Path | None = Field(
        default=None, description="PEM file of the authority; unset = the system's own."
    )
    tls_cert: Path | None = Field(default=None, description="PEM file of our certificate (mTLS).")
    tls_key: Path | None = Field(default=None, description="PEM file of our private key (mTLS).")
    tls_key_password: SecretStr | None = Field(default=None, description="Opens tls_key.")
    sasl_mechanism: SaslMechanism | None = Field(default=None, description="How we sign in.")
    sasl_user: str | None = Field(default=None, description="Name that we sign in with.")
    sasl_password: SecretStr | None = Field(default=None, description="Password for sasl_user.")
    replication: int | None = Field(
        default=None,
        ge=1,
        le=10,
        description="Copies of each partition; unset = 1 on the embedded broker, else 3.",
    )
    partitions: int | None = Field(
        default=None,
        ge=1,
        le=1024,
        description="Partitions of each keyed stage (the city always has one); unset = 4 on the "
        "embedded broker, else what the topic table says.",
    )

    # --- the embedded broker
    broker_port: int = Field(
        default=0, ge=0, le=65535, description="Loopback port of clients; 0 = a free one, kept."
    )
    broker_controller_port: int = Field(
        default=0, ge=0, le=65535, description="Loopback port of the controller; 0 = a free one."
    )
    broker_heap_mb: int = Field(
        default=768, ge=256, le=65536, description="Heap of the embedded broker, MiB."
    )
    broker_start_timeout_s: float = Field(
        default=60.0, gt=0, description="Longest wait for the embedded broker to answer, seconds."
    )

    # --- running a stage
    time: Literal["wall", "event"] = Field(
        default="wall", description="wall: the worker's clock; event: the time in the events."
    )
    speed: float = Field(
        default=1.0, gt=0, le=100_000, description="Simulated seconds per real second."
    )
    clock_real_origin: AwareDatetime | None = Field(
        default=None, description="Real time at which the simulated clock was set; see speed."
    )
    clock_simulated_origin: AwareDatetime | None = Field(
        default=None, description="What the simulated clock showed then; unset = the real time."
    )
    chunk_records: int = Field(
        default=10_000, ge=1, le=100_000, description="Most records in one transaction."
    )
    chunk_step_ms: float = Field(
        default=50.0, gt=0, description="Deciding time after which a chunk ends, milliseconds."
    )
    chunk_output_bytes: int = Field(
        default=4 * 1024 * 1024, ge=65_536, description="Output after which a chunk ends, bytes."
    )
    linger_ms: float = Field(
        default=10.0, ge=0, le=1000, description="Wait for more records before a chunk, ms."
    )
    session_timeout_ms: int = Field(
        default=6_000, ge=1_000, description="Silence after which a worker counts as gone, ms."
    )
    transaction_timeout_ms: int = Field(
        default=10_000, ge=1_000, description="Age at which the broker aborts a transaction, ms."
    )
    instance_id: str | None = Field(
        default=None,
        pattern=r"^[A-Za-z0-9._-]{1,200}$",
        description="Static group membership: a name that this worker keeps across restarts.",
    )
    dead_letter_limit: int = Field(
        default=100,
        ge=1,
        description="Raising steps and undecodable messages of our own stages after which a "
        "stage stops and says so. Bad input of strangers never counts.",
    )
    restart_limit: int = Field(
        default=5, ge=0, description="Restarts of one worker within restart_window_s by `up`."
    )
    restart_window_s: float = Field(default=60.0, gt=0, description="See restart_limit, seconds.")

    # --- watching it
    metrics_host: str = Field(
        default="127.0.0.1", description="Address of /metrics, /livez and /readyz."
    )
    metrics_port: int = Field(
        default=0, ge=0, le=65535, description="Port of the same; 0 = a free one, logged."
    )
    metrics_file: Path | None = Field(
        default=None, description="File that gets the address of the same, once it listens."
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(default="info")
    log_format: Literal["auto", "json", "text"] = Field(
        default="auto", description="auto: text on a terminal, one JSON object a line elsewhere."
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments before environment before file."""
        file = os.environ.get(PREFIX + "CONFIG") or "chengyun.toml"
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls, Path(file))

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError) as error:
            raise ValueError("wanted an IANA zone such as Asia/Shanghai") from error
        return value

    @field_validator("broker")
    @classmethod
    def _servers(cls, value: str | None) -> str | None:
        if value is None or not value.strip():
            return None
        for server in value.split(","):
            host, colon, port = server.strip().rpartition(":")
            if not (host and colon and port.isdigit()):
                raise ValueError("wanted host:port,host:port")
        return value

    @model_validator(mode="after")
    def _complete_security(self) -> Settings:
        if self.sasl_mechanism and not (self.sasl_user and self.sasl_password):
            raise ValueError("sasl_mechanism wants sasl_user and sasl_password too")
        if bool(self.tls_cert) != bool(self.tls_key):
            raise ValueError("tls_cert and tls_key want each other")
        if (self.tls_ca or self.tls_cert) and not self.tls:
            raise ValueError("tls_ca and tls_cert want tls = true")
        return self

    @property
    def embedded(self) -> bool:
        """Whether the backbone runs its own Kafka on this machine."""
        return self.broker is None

    @cached_property
    def zone(self) -> ZoneInfo:
        """The zone of the city."""
        return ZoneInfo(self.timezone)

    def physical(self, name: str) -> str:
        """The name on the cluster of a topic, group or transactional id."""
        return self.prefix + name


def load_settings(**given: Any) -> Settings:
    """Read the settings; arguments that are None count as not given.

    Raises:
        ConfigurationError: names each setting that is wrong and what was wanted;
            never shows the value of a secret.
    """
    overrides = {name: value for name, value in given.items() if value is not None}
    try:
        return Settings(**overrides)
    except ValidationError as error:
        faults = [
            f"{PREFIX}{'.'.join(str(part) for part in fault['loc']).upper()}: {fault['msg']}"
            if fault["loc"]
            else str(fault["msg"])
            for fault in error.errors(include_input=False, include_url=False)
        ]
    except ValueError as error:  # a chengyun.toml that is not TOML
        faults = [f"chengyun.toml: {error}"]
    raise ConfigurationError("Settings are wrong. " + "; ".join(faults))


def unknown_variables(environment: Mapping[str, str]) -> list[str]:
    """``CHENGYUN_*`` variables that no setting has: most often a misspelling."""
    known = {PREFIX + name.upper() for name in Settings.model_fields}
    known |= {PREFIX + name for name in ("CONFIG", "TEST_BROKER", "TEST_DATA", "TEST_SEED")}
    return sorted(name for name in environment if name.startswith(PREFIX) and name not in known)


def client_options(settings: Settings, bootstrap: str | None = None) -> dict[str, Any]:
    """Connection arguments for every aiokafka client: servers, TLS and SASL.

    Args:
        bootstrap: where the embedded broker listens, when no cluster is named.

    Raises:
        ConfigurationError: no cluster is known, or a certificate cannot be read.
    """
    servers = settings.broker or bootstrap
    if servers is None:
        raise ConfigurationError(
            "No broker is known. Operator action: run `chengyun broker start`, "
            "or name a cluster with CHENGYUN_BROKER."
        )
    options: dict[str, Any] = {"bootstrap_servers": servers}
    if settings.broker is None:
        return options
    transport = "SSL" if settings.tls else "PLAINTEXT"
    options["security_protocol"] = (
        f"SASL_{transport}" if settings.sasl_mechanism is not None else transport
    )
    if settings.tls:
        options["ssl_context"] = _ssl_context(settings)
    if settings.sasl_mechanism is not None and settings.sasl_password is not None:
        options["sasl_mechanism"] = settings.sasl_mechanism
        options["sasl_plain_username"] = settings.sasl_user
        options["sasl_plain_password"] = settings.sasl_password.get_secret_value()
    return options


def _ssl_context(settings: Settings) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=settings.tls_ca)
        if settings.tls_cert is not None:
            password = settings.tls_key_password
            context.load_cert_chain(
                settings.tls_cert,
                settings.tls_key,
                password.get_secret_value() if password else None,
            )
    except (OSError, ssl.SSLError) as error:
        raise ConfigurationError(
            f"The TLS files cannot be used: {error}. Operator action: check tls_ca, tls_cert, "
            "tls_key and tls_key_password."
        ) from error
    return context


def unsafe_settings(settings: Settings) -> list[str]:
    """What must not be so where a real city depends on it, one sentence each."""
    faults: list[str] = []
    if settings.embedded:
        faults.append("the embedded broker keeps one copy on one machine: set CHENGYUN_BROKER")
    elif not settings.tls:
        faults.append("the connection is not encrypted: set CHENGYUN_TLS=true")
    if not settings.embedded and settings.sasl_mechanism is None and settings.tls_cert is None:
        faults.append("nobody signs in: set CHENGYUN_SASL_MECHANISM or CHENGYUN_TLS_CERT")
    if settings.replication is not None and settings.replication < 3:
        faults.append(f"replication is {settings.replication}, wanted 3 or more")
    if settings.speed != 1.0:
        faults.append(f"time runs {settings.speed:g} times as fast as real time: set speed to 1")
    if settings.time != "wall":
        faults.append("time is taken from the events: set CHENGYUN_TIME=wall")
    return faults


def require_safe(settings: Settings) -> None:
    """Refuse to start a production worker on settings that can lose or leak data.

    Raises:
        ConfigurationError: ``env`` is production and `unsafe_settings` finds something.
    """
    faults = unsafe_settings(settings) if settings.env == "production" else []
    if faults:
        raise ConfigurationError(
            "Refused with CHENGYUN_ENV=production: "
            + "; ".join(faults)
            + ". Operator action: change these settings; `chengyun doctor` shows them all."
        )
