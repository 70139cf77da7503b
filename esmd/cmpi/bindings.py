"""The providers behind cmpi-bindings: what its C part calls, and what providers ask of the CIMOM through it.

Each method gives (CMPI status, text); the text is bytes or None, because SWIG's strings are bytes there. What
cmpi-bindings 1.0.5 does wrong and Python cannot mend is said in docs/pegasus.md.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from esmd.cmpi import form, wire
from esmd.cmpi.host import CmpiHost
from esmd.cmpi.swig import Maker, arguments_of, instance_of, path_of, typed_of
from esmd.cmpi.wire import Operation, Request
from indications.instance import INDICATION
from openesm.cim.errors import CIMError, Status
from openesm.cim.path import Path
from openesm.cim.provider import NAMESPACE
from openesm.cim.values import Instance, TypedValue

Answer = tuple[int, bytes | None]
OK: Answer = (0, None)
NEVER_UNLOAD = 51
PAUSE_S = 1.0


class Bindings:
    """The object that the C part has for a provider name.

    Args:
        cmpi: the module that SWIG made.
        broker, context: as they came with the first call.
        start: makes the host, given what asks the CIMOM.
    """

    def __init__(
        self,
        cmpi: Any,
        broker: Any,
        context: Any,
        start: Callable[[Callable[[int, bytes], bytes]], CmpiHost],
    ) -> None:
        self._cmpi = cmpi
        self._broker = broker
        self._make = Maker(cmpi, broker)
        self._origin = broker.prepareAttachThread(context)
        self._lock = threading.Lock()
        self._contexts: dict[int, Any] = {}
        self._last = 0
        self._filters = 0
        self._enabled = False
        self._wanted = threading.Condition(self._lock)
        self._carrier: threading.Thread | None = None
        self._host = start(self._ask)

    # -- instances

    def enum_instance_names(self, ctx: Any, rslt: Any, op: Any) -> Answer:
        return self._carry(ctx, rslt, Operation.ENUMERATE_INSTANCE_NAMES, op)

    def enum_instances(self, ctx: Any, rslt: Any, op: Any, names: Any) -> Answer:
        return self._carry(ctx, rslt, Operation.ENUMERATE_INSTANCES, op, properties=names)

    def get_instance(self, ctx: Any, rslt: Any, op: Any, names: Any) -> Answer:
        return self._carry(ctx, rslt, Operation.GET_INSTANCE, op, properties=names)

    def create_instance(self, ctx: Any, rslt: Any, op: Any, new: Any) -> Answer:
        return self._carry(ctx, rslt, Operation.CREATE_INSTANCE, op, instance=new)

    def set_instance(self, ctx: Any, rslt: Any, op: Any, changed: Any, names: Any) -> Answer:
        return self._carry(ctx, rslt, Operation.MODIFY_INSTANCE, op, properties=names, instance=changed)

    def delete_instance(self, ctx: Any, rslt: Any, op: Any) -> Answer:
        return self._carry(ctx, rslt, Operation.DELETE_INSTANCE, op)

    def exec_query(self, ctx: Any, rslt: Any, op: Any, query: str, language: str) -> Answer:
        return self._carry(ctx, rslt, Operation.EXEC_QUERY, op, words=(query, language))

    # -- associations

    def associators(self, ctx: Any, rslt: Any, op: Any, *asked: Any) -> Answer:
        return self._carry(ctx, rslt, Operation.ASSOCIATORS, op, properties=asked[4], words=asked[:4])

    def associator_names(self, ctx: Any, rslt: Any, op: Any, *asked: Any) -> Answer:
        return self._carry(ctx, rslt, Operation.ASSOCIATOR_NAMES, op, words=asked)

    def references(self, ctx: Any, rslt: Any, op: Any, *asked: Any) -> Answer:
        return self._carry(ctx, rslt, Operation.REFERENCES, op, properties=asked[2], words=asked[:2])

    def reference_names(self, ctx: Any, rslt: Any, op: Any, *asked: Any) -> Answer:
        return self._carry(ctx, rslt, Operation.REFERENCE_NAMES, op, words=asked)

    # -- methods

    def invoke_method(self, ctx: Any, rslt: Any, op: Any, method: str, given: Any, out: Any) -> Answer:
        arguments = arguments_of(given)
        return self._carry(
            ctx, rslt, Operation.INVOKE_METHOD, op, words=(method,), arguments=arguments, out=out
        )

    # -- indications

    def authorize_filter(self, *_asked: Any) -> Answer:
        return OK

    def must_poll(self, *_asked: Any) -> Answer:
        return int(Status.NOT_SUPPORTED), None

    def activate_filter(self, ctx: Any, filter: Any, _name: Any, op: Any, _first: Any) -> Answer:  # noqa: A002
        if op.classname().lower() != INDICATION.lower():
            return self._carry(ctx, None, Operation.ACTIVATE, op, words=(str(filter),))
        with self._wanted:
            self._filters += 1
            if self._carrier is None:
                self._carrier = threading.Thread(target=self._run, name="openesm indications", daemon=True)
                self._carrier.start()
            self._wanted.notify()
        return OK

    def deactivate_filter(self, ctx: Any, filter: Any, _name: Any, op: Any, _last: Any) -> Answer:  # noqa: A002
        if op.classname().lower() != INDICATION.lower():
            return self._carry(ctx, None, Operation.DEACTIVATE, op, words=(str(filter),))
        with self._wanted:
            self._filters = max(0, self._filters - 1)
        return OK

    def enable_indications(self, _ctx: Any) -> Answer:
        with self._wanted:
            self._enabled = True
            self._wanted.notify()
        return OK

    def disable_indications(self, _ctx: Any) -> Answer:
        with self._wanted:
            self._enabled = False
        return OK

    def cleanup(self, _ctx: Any, terminating: Any) -> Answer:
        """Python stays."""
        return OK if terminating else (NEVER_UNLOAD, None)

    # -- requests

    def _carry(
        self,
        ctx: Any,
        rslt: Any,
        operation: Operation,
        op: Any,
        *,
        properties: Any = None,
        instance: Any = None,
        words: Sequence[str | None] = (),
        arguments: Mapping[str, TypedValue] | None = None,
        out: Any = None,
    ) -> Answer:
        number = self._enter(ctx)
        try:
            request = Request(
                operation,
                number,
                _user(ctx),
                path_of(op),
                None if properties is None else tuple(map(_text, properties)),
                None if instance is None else instance_of(instance),
                tuple(words),
                arguments or {},
            )
            told = wire.read_told(self._host.reply(request))
        except CIMError as refused:
            return int(refused.status), refused.text().encode()
        except Exception as failed:  # what cannot be read of the CIMOM's objects is told, not raised into C
            return int(Status.FAILED), f"{type(failed).__name__}: {failed}".encode()
        finally:
            self._leave(number)
        if rslt is not None:
            self._give(rslt, told, out)
        return OK

    def _give(self, rslt: Any, told: wire.Told, out: Any) -> None:
        for path in told.paths:
            rslt.return_objectpath(self._make.path(path))
        for instance in told.instances:
            rslt.return_instance(self._make.instance(instance))
        if told.returned is not None:
            rslt.return_data(*self._make.value(told.returned))
            self._make.arguments(told.out, out)
        rslt.done()

    def _enter(self, ctx: Any) -> int:
        with self._lock:
            self._last += 1
            self._contexts[self._last] = ctx
            return self._last

    def _leave(self, number: int) -> None:
        with self._lock:
            del self._contexts[number]

    # -- what the CIMOM is asked for

    def _ask(self, number: int, data: bytes) -> bytes:
        """An operation of the CIMOM for the sender of a request; 0 for a provider's own."""
        with self._lock:
            context = self._broker.prepareAttachThread(self._contexts.get(number, self._origin))
        self._broker.attachThread(context)
        try:
            return self._operate(context, wire.read_asked(data))
        except self._cmpi.CMPIException as refused:
            return wire.refused(refused.get_error_code() or int(Status.FAILED), "")
        finally:
            self._broker.detachThread(context)

    def _operate(self, context: Any, asked: Request) -> bytes:
        broker, op = self._broker, self._make.path(asked.path)
        names = None if asked.properties is None else [name.encode() for name in asked.properties]
        match asked.operation:
            case Operation.ENUMERATE_INSTANCE_NAMES:
                return _found(broker.enumInstanceNames(context, op))
            case Operation.ENUMERATE_INSTANCES:
                return _found(broker.enumInstances(context, op, names))
            case Operation.GET_INSTANCE:
                return _instances([broker.getInstance(context, op, names)])
            case Operation.CREATE_INSTANCE:
                return _paths([broker.createInstance(context, op, self._given(asked))])
            case Operation.MODIFY_INSTANCE:
                broker.modifyInstance(context, op, self._given(asked))
            case Operation.DELETE_INSTANCE:
                broker.deleteInstance(context, op)
            case Operation.ASSOCIATORS:
                return _found(broker.associators(context, op, *asked.words, names))
            case Operation.ASSOCIATOR_NAMES:
                return _found(broker.associatorNames(context, op, *asked.words))
            case Operation.REFERENCES:
                return _found(broker.references(context, op, *asked.words, names))
            case Operation.REFERENCE_NAMES:
                return _found(broker.referenceNames(context, op, *asked.words))
            case Operation.DELIVER:
                broker.deliverIndication(context, asked.path.namespace, self._given(asked))
            case Operation.IS_A:
                return _paths([op] if broker.classPathIsA(op, asked.words[0]) else [])
            case Operation.INVOKE_METHOD:
                out = broker.new_args()
                given = self._make.arguments(asked.arguments)
                result = broker.invokeMethod(context, op, asked.words[0], given, out)
                returned = ((name, form.typed_value(typed)) for name, typed in arguments_of(out).items())
                return wire.answer([], form.typed_value(typed_of(result)) + form.named_values(returned))
        return wire.answer([])

    def _given(self, asked: Request) -> Any:
        assert asked.instance is not None
        return self._make.instance(asked.instance, asked.path.namespace)

    # -- alerts of the agent

    def _run(self) -> None:
        """Takes what the agent has, and says with the next request what was delivered."""
        token, pause = "", threading.Event()
        while True:
            with self._wanted:
                self._wanted.wait_for(lambda: self._enabled and self._filters)
            about = Path(INDICATION, (), NAMESPACE)
            request = Request(Operation.NEXT_INDICATIONS, 0, "", about, words=(token,))
            try:
                told = wire.read_indications(self._host.reply(request))
                token = self._deliver(told, token)
            except CIMError:
                pause.wait(PAUSE_S)

    def _deliver(self, told: Sequence[tuple[Instance, str]], token: str) -> str:
        """Delivers until one is not taken; the token of the last one that was."""
        for instance, reached in told:
            data = wire.asked(Operation.DELIVER, Path(INDICATION, (), NAMESPACE), instance=instance)
            wire.read_told(self._ask(0, data))
            token = reached
        return token


def _user(ctx: Any) -> str:
    try:
        return str(typed_of(ctx.get_entry("CMPIPrincipal")).value or "")
    except Exception:  # the CIMOM does not say
        return ""


def _text(given: str | bytes) -> str:
    return given.decode("utf-8", "replace") if isinstance(given, bytes) else given


def _found(enumeration: Any) -> bytes:
    items = []
    while enumeration is not None and enumeration.hasNext():
        data = enumeration.next()
        if data.type == form.TYPES["reference"]:
            items.append(form.item(form.path(path_of(data.value.ref))))
        else:
            items.append(_item(data.value.inst))
    return wire.answer(items)


def _paths(found: Sequence[Any]) -> bytes:
    return wire.answer([form.item(form.path(path_of(each))) for each in found if each is not None])


def _instances(found: Sequence[Any]) -> bytes:
    return wire.answer([_item(each) for each in found if each is not None])


def _item(given: Any) -> bytes:
    instance = instance_of(given)
    assert instance.path is not None
    values = ((name, form.typed_value(typed)) for name, typed in instance.properties.items())
    return form.item(form.path(instance.path), form.named_values(values))
