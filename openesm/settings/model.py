"""The shape of the settings: every key with its type, default and range, and nothing else.

Metadata of a field: `range` (lowest, highest), `pattern` (what a string must match), `inside` ("state"
where a relative default stands in the state directory), `example` (for a key without a default). The
text that explains `[listen] http_port` is `settings.doc-listen-http-port` of the catalogue.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Literal

Scope = Literal["loopback", "all"]
AlertLanguage = Literal["en", "ja"]
Level = Literal["debug", "info", "warning", "error"]
LogFormat = Literal["text", "json"]
Removal = Literal["ignore", "disable", "remove"]
EventIds = Mapping[tuple[str, int], int]
"""(source, our event ID) -> the ID that the site wants instead."""

_PORT = {"range": (0, 65535)}
_SECONDS = {"range": (0.1, 3600)}


@dataclass(frozen=True, slots=True)
class Listen:
    scope: Scope = "loopback"
    http_port: int = field(default=0, metadata=_PORT)
    https_port: int = field(default=5989, metadata=_PORT)
    wsman_port: int = field(default=0, metadata=_PORT)
    wsman_http_port: int = field(default=0, metadata=_PORT)
    i_know_plaintext_is_unsafe: bool = False


@dataclass(frozen=True, slots=True)
class Auth:
    users_file: Path = Path("users")
    pam: bool = False
    pam_socket: Path = Path("/run/openesm-pam/pam.sock")
    client_ca: Path | None = field(default=None, metadata={"example": "tls/client-ca.pem"})
    client_crl: Path | None = field(default=None, metadata={"example": "tls/client-crl.pem"})
    client_users: Mapping[str, str] = field(
        default_factory=lambda: MappingProxyType({}),
        metadata={"example": '{ "email:ops@example.com" = "ops" }'},
    )
    allow_root_login: bool = False
    allow_plaintext_loopback: bool = False
    group: str = field(default="openesm", metadata={"pattern": r"[a-z_][a-z0-9_-]{0,31}"})


@dataclass(frozen=True, slots=True)
class Tls:
    cert: Path = Path("tls/server.pem")
    key: Path = Path("tls/server.key")


@dataclass(frozen=True, slots=True)
class State:
    dir: Path = Path("/var/lib/openesm")
    socket: Path = Path("/run/openesm/esmd.sock")


@dataclass(frozen=True, slots=True)
class Mode:
    service: bool = True


@dataclass(frozen=True, slots=True)
class Syslog:
    socket: Path = Path("/dev/log")


@dataclass(frozen=True, slots=True)
class Alerts:
    language: AlertLanguage = "en"
    event_ids: EventIds = field(
        default_factory=lambda: MappingProxyType({}),
        metadata={"example": '{ "ESMCPUPERF/80000064" = "80001064" }'},
    )


@dataclass(frozen=True, slots=True)
class Monitoring:
    class_xml: Path | None = field(default=None, metadata={"example": "class.xml"})


@dataclass(frozen=True, slots=True)
class Providers:
    folder: Path | None = field(default=None, metadata={"example": "/etc/openesm/providers"})


@dataclass(frozen=True, slots=True)
class Delivery:
    interval_s: int = field(default=30, metadata={"range": (1, 3600)})
    retention_h: int = field(default=72, metadata={"range": (1, 720)})
    removal: Removal = "ignore"
    removal_days: int = field(default=30, metadata={"range": (1, 365)})
    monitor_ini: Path | None = field(default=None, metadata={"example": "monitor.ini"})
    allow_loopback: bool = False
    allow: str = field(default="", metadata={"pattern": r"[0-9a-fA-F.:/, ]{0,1024}"})
    trust: dict[str, str] = field(
        default_factory=dict,
        metadata={"example": '{ "https://manager.example.com:6736" = "ca tls/manager.pem" }'},
    )


@dataclass(frozen=True, slots=True)
class Host:
    root: Path = Path("/")
    sample_s: float = field(default=1.0, metadata={"range": (0.1, 60)})
    system_name: str = field(default="", metadata={"pattern": r"(?:[A-Za-z0-9](?:[A-Za-z0-9._-]{0,254}))?"})


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of the WBEM server; sizes in bytes, times in seconds (SEC-20 to SEC-24)."""

    connections: int = field(default=2048, metadata={"range": (1, 65536)})
    connections_per_address: int = field(default=64, metadata={"range": (1, 65536)})
    header_bytes: int = field(default=16384, metadata={"range": (1024, 1048576)})
    body_bytes: int = field(default=1048576, metadata={"range": (1024, 67108864)})
    header_s: float = field(default=10.0, metadata=_SECONDS)
    body_s: float = field(default=30.0, metadata=_SECONDS)
    write_s: float = field(default=20.0, metadata=_SECONDS)
    idle_s: float = field(default=60.0, metadata=_SECONDS)
    contexts: int = field(default=64, metadata={"range": (1, 65536)})
    contexts_per_user: int = field(default=16, metadata={"range": (1, 65536)})
    pull_objects: int = field(default=10000, metadata={"range": (1, 1000000)})
    operation_timeout_s: int = field(default=30, metadata={"range": (1, 86400)})
    operation_timeout_max_s: int = field(default=300, metadata={"range": (1, 86400)})


@dataclass(frozen=True, slots=True)
class Log:
    level: Level = "info"
    format: LogFormat = "text"
    audit: Path = field(default=Path("audit.log"), metadata={"inside": "state"})


@dataclass(frozen=True, slots=True)
class Settings:
    """All settings of one agent. Paths are absolute when `load` made it."""

    listen: Listen
    auth: Auth
    tls: Tls
    state: State
    mode: Mode
    syslog: Syslog
    alerts: Alerts
    monitoring: Monitoring
    providers: Providers
    delivery: Delivery
    host: Host
    limits: Limits
    log: Log
    source: Path


SECTIONS: Mapping[str, type] = MappingProxyType(
    {
        "listen": Listen,
        "auth": Auth,
        "tls": Tls,
        "state": State,
        "mode": Mode,
        "syslog": Syslog,
        "alerts": Alerts,
        "monitoring": Monitoring,
        "providers": Providers,
        "delivery": Delivery,
        "host": Host,
        "limits": Limits,
        "log": Log,
    }
)
