"""The agent as a whole: joins the rooms, starts, reloads, tells its state, stops."""

from __future__ import annotations

import asyncio
import logging
import os
import ssl
import time
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import asdict, replace
from typing import Any

import openesm
import providers
from esmd import control, journal, renewal, tls
from esmd.alerts import Alerts
from esmd.audit import Audit
from esmd.auth.authenticator import Authenticator
from esmd.auth.principal import Principal
from esmd.auth.users import Role, UsersError
from esmd.correlation.orders import Orders
from esmd.correlation.service import Correlation
from esmd.feed import Feed
from esmd.guests import Guests
from esmd.monitor import Monitor
from esmd.prerequisites import StartError, check_event_ids, group_id, lock_state, read_class_xml
from esmd.sampler import Sampler
from esmd.service import Arguments, Command, RefusedError, Service
from esmd.wbem import history, interop
from esmd.wbem.cimxml.service import CimXmlService
from esmd.wbem.enumeration import Enumerations
from esmd.wbem.monitored import monitored
from esmd.wbem.operations import Operations
from esmd.wbem.repository import Repository
from esmd.wbem.server import Endpoint, ListenError, Server, has_ipv6
from esmd.wbem.subscriptions import Subscriptions
from esmd.wbem.wsman.eventing import Eventing
from esmd.wbem.wsman.fetching import Fetching
from esmd.wbem.wsman.service import TARGET, WsmanService
from indications.delivery import guard
from openesm.cim import mofc
from openesm.cim.path import normal_namespace
from openesm.cim.provider import NAMESPACE, Association, Provider, Row
from openesm.host import Host
from openesm.model import AgentState, ServiceState
from openesm.model import Service as AgentService
from openesm.settings import Settings, SettingsError
from openesm.text import Message

STOP_GRACE_S = 8.0
CERTIFICATE_CHECK_S = 3600.0
TICK_S = 1.0

log = logging.getLogger("openesm")


class Agent:
    """One running agent.

    Args:
        settings: as loaded, with the command line's changes.
        reread: loads the settings anew for a reload.
    """

    def __init__(self, settings: Settings, reread: Callable[[], Settings]) -> None:
        self._settings = settings
        self._reread = reread
        self._started = time.monotonic()
        self._context: ssl.SSLContext | None = None
        self._certificate_timer: asyncio.TimerHandle | None = None
        self._ticker: asyncio.TimerHandle | None = None
        check_event_ids(settings)
        self._lock = lock_state(settings.state.dir)
        self._audit = Audit(journal.AuditFile(settings.log.audit).write)
        self.host = Host(settings.host.root, system_name=settings.host.system_name)
        self.host.agent = self.state
        self._guests = Guests(settings.providers.folder)
        schema = mofc.schema(settings.state.dir / "schema.json", self._guests.mof)
        indications = schema.namespaces[normal_namespace(NAMESPACE)]
        self.alerts = Alerts(settings, self.host, indications)
        self._correlation = Correlation(self.alerts, indications, lambda: self._settings.alerts.language)
        subscriptions = Subscriptions(
            self.alerts.registry, indications, self.alerts.clock.now, time.time, self.alerts.pace.service
        )
        served: list[Provider[Any] | Association] = [
            *(self._with_monitoring(provider) for provider in providers.installed()),
            history.provider(self.alerts.store, lambda: self._settings.alerts.language),
            *subscriptions.providers(),
            *interop.providers(openesm.__version__, self._listeners, self._namespaces, settings.limits),
        ]
        served += self._guests.providers(schema, [provider.classname for provider in served])
        self.repository = Repository(schema, served, self.host)
        self._enumerations = Enumerations(settings.limits)
        self._authenticator = Authenticator(
            settings.auth, self._audit, settings.listen.i_know_plaintext_is_unsafe
        )
        self._operations = Operations(self.repository, self._enumerations, self._audit)
        cimxml = CimXmlService(self._operations, self.repository)
        self._service = Service(self._authenticator, cimxml, self._audit, self._commands())
        self._server = Server(self._service, settings.limits)
        self._wsman = self._wsman_service(self._operations, subscriptions)
        self._wsman_server = Server(self._wsman, settings.limits)
        self._monitor = Monitor(
            self.alerts.store,
            self.alerts.publish,
            self.repository,
            read_class_xml(settings),
            lambda: self._settings.alerts.event_ids,
            settings.mode.service,
        )
        measured = self.repository.measured() if settings.mode.service else []
        self._sampler = Sampler(self.host, self.repository, measured, settings.host.sample_s)

    def _wsman_service(self, operations: Operations, subscriptions: Subscriptions) -> WsmanService:
        registry, now = self.alerts.registry, self.alerts.clock.now
        eventing = Eventing(registry, self.alerts.outbox, subscriptions.check_query, now, time.time)
        fetching = Fetching(registry, self.alerts.dispatch, now)
        return WsmanService(self._authenticator, operations, self.repository, (eventing, fetching))

    # -- life

    async def start(self) -> None:
        """Opens the sockets and starts sampling.

        Raises:
            StartError: a certificate or an address cannot be used.
        """
        try:
            self._context = self._tls_context()
            self._check_exposure(self._settings)
            await self._listen()
            await self._server.listen_locally(
                self._settings.state.socket, group_id(self._settings.auth.group)
            )
        except (tls.TlsError, ListenError) as failed:
            await self._server.close(0)
            await self._wsman_server.close(0)
            raise StartError(failed.message) from failed
        self._correlation.start()
        self.alerts.start()
        self._guests.start(self._operations, self.repository, self.alerts)
        self._record_trust({})
        self._sampler.start()
        self._tick()
        self._watch_certificate()
        for endpoint in self._server.endpoints + self._wsman_server.endpoints:
            log.info("listening on %s", endpoint.url)

    async def stop(self) -> None:
        """Finishes what is in hand and closes everything."""
        self._sampler.stop()
        if self._ticker is not None:
            self._ticker.cancel()
        if self._certificate_timer is not None:
            self._certificate_timer.cancel()
        await self.alerts.dispatch.let_go()
        await asyncio.gather(self._server.close(STOP_GRACE_S), self._wsman_server.close(STOP_GRACE_S))
        await self._monitor.close()
        await self._guests.close()
        await self._correlation.stop()
        await self.alerts.stop()
        self._authenticator.close()
        os.close(self._lock)

    async def reload(self) -> None:
        """Reads settings, users and certificates anew; what is wrong leaves everything as it was.

        Raises:
            RefusedError: with the first thing that is wrong.
        """
        try:
            fresh = self._reread()
            context = self._tls_context(fresh)
            self._check_exposure(fresh)
            check_event_ids(fresh)
            self._authenticator.reload(fresh.auth, fresh.listen.i_know_plaintext_is_unsafe)
        except SettingsError as wrong:
            raise RefusedError(wrong.errors[0].message) from wrong
        except (UsersError, tls.TlsError, StartError) as wrong:
            if isinstance(wrong, tls.TlsError):
                renewal.tell_of_failure(fresh.tls.cert, wrong, self.alerts)
            raise RefusedError(_message_of(wrong)) from wrong
        before = self._settings.delivery.trust
        self._settings = replace(fresh, state=self._settings.state, limits=self._settings.limits)
        self._context = context
        journal.start(fresh.log)
        self.host.refresh()
        self._monitor.configure(read_class_xml(fresh))
        self.alerts.reload(self._settings)
        self._audit.event("reload")
        self._record_trust(before)
        try:
            await self._listen()
        except ListenError as failed:
            raise RefusedError(failed.message) from failed
        log.info("settings reloaded from %s", fresh.source)

    def _tick(self) -> None:
        """Once a second: monitoring, and what ends by itself."""
        if self._settings.mode.service:
            self._monitor.tick()
            self._correlation.tick()
        self.alerts.tick()
        self._ticker = asyncio.get_running_loop().call_later(TICK_S, self._tick)

    # -- what the agent is made of

    def _with_monitoring(self, provider: Provider[Any] | Association) -> Provider[Any] | Association:
        """In service mode the watched classes show and take thresholds (OV-7)."""
        if isinstance(provider, Association) or not self._settings.mode.service:
            return provider
        return monitored(provider, self)

    def shown(self, classname: str, element: str, row: Row) -> Row:
        return self._monitor.shown(classname, element, row)

    def change(self, classname: str, element: str, wanted: Mapping[str, object]) -> None:
        self._monitor.change(classname, element, wanted)

    def restore(self, classname: str, element: str) -> None:
        self._monitor.restore(classname, element)

    def _tls_context(self, settings: Settings | None = None) -> ssl.SSLContext | None:
        wanted = settings or self._settings
        if not wanted.listen.https_port and not wanted.listen.wsman_port:
            return None
        if tls.ensure_certificate(wanted.tls, tls.certificate_names(self.host.system_name)):
            log.info("created %s and its key", wanted.tls.cert)
        return tls.server_context(wanted)

    def _check_exposure(self, settings: Settings) -> None:
        """An agent that everybody can reach needs somebody who may log in (authentication.md 5)."""
        nobody = not any(self._authenticator.users) and not settings.auth.client_ca and not settings.auth.pam
        if settings.listen.scope == "all" and nobody:
            raise StartError(Message.of("daemon.exposed-without-users", file=settings.auth.users_file))

    def _record_trust(self, before: Mapping[str, str]) -> None:
        """Whom listeners' certificates are trusted by is on record, above all where they are not checked."""
        now = self._settings.delivery.trust
        for url in sorted({*before, *now}):
            if before.get(url) != now.get(url):
                self._audit.event("trust", destination=guard.masked(url), trust=now.get(url, "system"))

    async def _listen(self) -> None:
        """CIM-XML and WS-Management on their ports; without encryption WS-Management is for loopback only."""
        listen = self._settings.listen
        await self._server.listen(
            self._endpoints(listen.scope, (listen.http_port, None), (listen.https_port, self._context))
        )
        await self._wsman_server.listen(
            [
                *self._endpoints(listen.scope, (listen.wsman_port, self._context)),
                *self._endpoints("loopback", (listen.wsman_http_port, None)),
            ]
        )

    @staticmethod
    def _endpoints(scope: str, *ports: tuple[int, ssl.SSLContext | None]) -> list[Endpoint]:
        hosts = ["127.0.0.1", "::1"] if scope == "loopback" else ["0.0.0.0", "::"]  # noqa: S104
        if not has_ipv6():
            hosts.pop()
        return [Endpoint(host, port, context) for port, context in ports if port for host in hosts]

    def _listeners(self) -> list[interop.Listener]:
        name = self.host.system_name
        local = self._settings.listen.scope == "loopback"
        ports = {endpoint.port: endpoint.context for endpoint in self._server.endpoints}
        return [
            interop.Listener(
                f"{'https' if context else 'http'}://{'localhost' if local else name}:{port}/cimom",
                context is not None,
            )
            for port, context in ports.items()
        ]

    def _namespaces(self) -> list[str]:
        """With `interop`, the name by which many clients look for the interop namespace first."""
        return [*self.repository.namespaces(), "interop"]

    def _watch_certificate(self) -> None:
        """Renews our own certificate a month before its end and serves it at once (authentication.md 6)."""
        with suppress(tls.TlsError):
            if self._context is not None:
                if renewal.renewed(self._settings.tls, self.host.system_name):
                    tls.reload_certificate(self._context, self._settings)
                renewal.tell_of_end(self._settings.tls.cert, self.alerts)
        self._certificate_timer = asyncio.get_running_loop().call_later(
            CERTIFICATE_CHECK_S, self._watch_certificate
        )

    # -- what the agent tells

    def state(self) -> AgentState:
        """For ESM_Alive and ESM_GeneralInformation."""
        service_mode = self._settings.mode.service
        return AgentState(
            version=openesm.__version__,
            service_mode=service_mode,
            uptime_s=time.monotonic() - self._started,
            beats=self._sampler.beats,
            services=self._services(),
            pending_reports=sum(self.alerts.outbox.counts().values()),
        )

    def _told_state(self) -> dict[str, object]:
        """The state for providers in another process."""
        return {**asdict(self.state()), "language": self._settings.alerts.language}

    def _services(self) -> tuple[AgentService, ...]:
        now = self.host.wall()
        sampling = ServiceState.RUNNING if self._settings.mode.service else ServiceState.DISABLED
        return (
            AgentService("WBEM server", ServiceState.RUNNING, now),
            AgentService("Sampler", sampling, self._sampler.last_run),
            *(AgentService(*each) for each in self._monitor.services() if self._settings.mode.service),
        )

    def _commands(self) -> dict[str, tuple[Role, Command]]:
        return {
            "status": (Role.VIEWER, lambda _principal, _args: self.status()),
            "agent-state": (Role.VIEWER, lambda _principal, _args: self._told_state()),
            "indications-next": (Role.ADMIN, Feed(self.alerts).next),
            **Orders(self._correlation).commands(self._audit),
            "reload": (Role.ADMIN, self._reload_by),
            **control.commands(self.alerts, lambda: self._monitor, lambda: self.repository, self._audit),
        }

    def _reload_by(self, principal: Principal, _args: Arguments) -> object:
        self._audit.event("command", user=principal.name, command="reload")
        try:
            self._reread()
        except SettingsError as wrong:
            raise RefusedError(wrong.errors[0].message) from wrong
        task = asyncio.ensure_future(self.reload())
        task.add_done_callback(_tell_failure)
        return {"reloading": True}

    def status(self) -> dict[str, object]:
        """For `esmctl status`."""
        settings = self._settings
        users = Counter(user.role.name.lower() for user in self._authenticator.users)
        return {
            "version": openesm.__version__,
            "service_mode": settings.mode.service,
            "pid": os.getpid(),
            "uptime_s": round(time.monotonic() - self._started),
            "system_name": self.host.system_name,
            "listeners": [
                {"url": f"{e.url}{path}", "tls": e.context is not None}
                for server, path in ((self._server, ""), (self._wsman_server, TARGET))
                for e in server.endpoints
            ],
            "tls": self._certificate_status(),
            "users": {role.name.lower(): users[role.name.lower()] for role in Role},
            "failed_logins_last_hour": self._audit.failures_last_hour(),
            "requests": self._service.requests + self._wsman.requests,
            "connections": self._server.connections + self._wsman_server.connections,
            "classes": len(self.repository.served()),
            "services": [
                {"name": s.name, "state": s.state.name.lower(), "last_run": s.last_run}
                for s in self._services()
            ],
            "config": str(settings.source),
            "state": str(settings.state.dir),
            "warnings": self._warnings(),
        }

    def _certificate_status(self) -> dict[str, object] | None:
        if self._context is None:
            return None
        cert = self._settings.tls.cert
        with suppress(tls.TlsError):
            return {"cert": str(cert), "expires": tls.expires(cert), "sha256": tls.fingerprint(cert)}
        return {"cert": str(cert), "expires": None, "sha256": None}

    def _warnings(self) -> list[dict[str, object]]:
        found: list[Message] = []
        if self._settings.listen.i_know_plaintext_is_unsafe and self._settings.listen.http_port:
            found.append(Message.of("http.plaintext-warning", port=self._settings.listen.http_port))
        if self.alerts.failing:
            found.append(Message.of("store.failing", reason=self.alerts.failing))
        found += [each for each in (self.alerts.syslog_error, self.alerts.pace.problem) if each is not None]
        found += self._guests.problems
        return [{"key": message.key, "args": {n: str(v) for n, v in message.args}} for message in found]


def _message_of(wrong: Exception) -> Message:
    if isinstance(wrong, UsersError):
        return wrong.errors[0].message
    assert isinstance(wrong, tls.TlsError | StartError)
    return wrong.message


def _tell_failure(task: asyncio.Future[None]) -> None:
    if not task.cancelled() and task.exception() is not None:
        log.error("reload: %s", task.exception())
