"""What the C bridge starts: the providers, the machine, and the way to the running agent."""

from __future__ import annotations

import logging
import os
import stat
from pathlib import Path
from typing import Any

import providers
from esmd.activations import Indicating
from esmd.audit import Audit
from esmd.cmpi.agent import RunningAgent
from esmd.cmpi.feed import Feed
from esmd.cmpi.host import CmpiHost
from esmd.cmpi.upcalls import Ask, CimomBroker, Filters
from esmd.cmpi.wire import Operation
from esmd.sampler import Sampler
from esmd.wbem.enumeration import Enumerations
from esmd.wbem.monitored import monitored
from esmd.wbem.operations import Operations
from esmd.wbem.repository import Repository
from openesm.cim import mofc
from openesm.cim.path import normal_namespace
from openesm.cim.provider import NAMESPACE, Association, Provider
from openesm.host import Host
from openesm.settings import Settings, load
from openesm.settings.model import Host as HostSettings
from openesm.settings.model import Limits, State
from openesm.text import locale_language
from providers.others.gathering import gather

log = logging.getLogger("openesm.cmpi")


CONFIG = Path("/etc/openesm/esmd.toml")


def start_default(ask: Ask) -> CmpiHost:
    """With the settings of $OPENESM_CONFIG, else of /etc/openesm/esmd.toml.

    Args:
        ask: asks the CIMOM.
    """
    settings = configured()
    if settings is None:
        return start(HostSettings(), State().socket, ask)
    return start(settings.host, settings.state.socket, ask, settings.providers.folder)


def configured() -> Settings | None:
    """The settings that the provider process uses; None where there are none that it can read."""
    named = os.environ.get("OPENESM_CONFIG")
    config = Path(named) if named else CONFIG
    return load(config) if named or os.access(config, os.R_OK) else None


def start(settings: HostSettings, socket: Path, ask: Ask, others: Path | None = None) -> CmpiHost:
    """A host with all providers; the running agent at `socket` is asked where the providers need it.

    Args:
        others: the folder of providers written for cmpi-bindings.
    """
    host = Host(settings.root, system_name=settings.system_name)
    agent = RunningAgent(socket)
    host.agent = agent.state
    served: list[Provider[Any] | Association] = [
        provider if isinstance(provider, Association) else monitored(provider, agent)
        for provider in providers.installed()
    ]
    folder, guests = _folder(), gather(others, CimomBroker(ask))
    schema = mofc.schema(folder / "schema.json", guests.mof)
    served += guests.served(schema, [provider.classname for provider in served])
    repository = Repository(schema, served, host)
    operations = Operations(repository, Enumerations(Limits()), Audit(log.debug))
    feed = Feed(agent, host, schema.namespaces[normal_namespace(NAMESPACE)], folder / "delivered")
    filters = Filters(Indicating(*each) for each in guests.indicating(schema))
    more = {
        Operation.NEXT_INDICATIONS: feed.next,
        Operation.ACTIVATE: filters.activate,
        Operation.DEACTIVATE: filters.deactivate,
    }
    made = CmpiHost(operations, locale_language(), more)
    sampler = Sampler(host, repository, repository.measured(), settings.sample_s)
    made.loop.call_soon_threadsafe(sampler.start)
    return made


def _folder() -> Path:
    """Of this account alone: the compiled schema, and what was delivered."""
    default = f"/var/tmp/openesm-cmpi-{os.getuid()}"  # noqa: S108  whose it is, is looked at
    folder = Path(os.environ.get("OPENESM_CMPI_DIR") or default)
    folder.mkdir(mode=0o700, exist_ok=True)
    known = folder.lstat()
    if known.st_uid != os.getuid() or not stat.S_ISDIR(known.st_mode):
        raise PermissionError(folder)
    return folder
