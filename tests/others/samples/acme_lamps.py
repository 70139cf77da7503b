"""Sample providers for the interface of cmpi-bindings: everything that it offers, over lamps in memory."""

import threading
from datetime import UTC, datetime, timedelta

import pywbem
from pywbem.cim_provider2 import CIMProvider2

NAMESPACE = "root/ESMPRO/AS"
LAMPS = {
    "desk": {"IsOn": True, "Brightness": 80, "Tags": ["warm", "ä<&>日本"], "Codes": [1, 2, 3]},
    "hall": {"IsOn": False, "Brightness": None, "Tags": None, "Codes": []},
}
HIDDEN = {"cellar": {"IsOn": False, "Brightness": 1, "Tags": [], "Codes": [9]}}  # found by its name only
WHERE = {"desk": 1, "hall": 2}
HEARD = []  # what the hooks of this module were told
CHANGED = threading.Condition()


def fill(model, name, lamp):
    model["Name"] = name
    model["IsOn"] = lamp["IsOn"]
    model["Brightness"] = lamp["Brightness"]
    model["Drift"] = -5_000_000_000
    model["Watts"] = 7.5
    model["Due"] = datetime(2026, 11, 25, 3, 4, 5, tzinfo=UTC)
    model["Burning"] = timedelta(days=1, seconds=2)
    model["Tags"] = lamp["Tags"]
    model["Codes"] = lamp["Codes"]
    model["Socket"] = pywbem.CIMInstance("Acme_Socket", {"Kind": "E27", "Volts": pywbem.Uint16(230)})
    model["Nonsense"] = "dropped"
    return model


class Lamp(CIMProvider2):
    def enum_instances(self, env, model, keys_only):
        model.path.update({"Name": None})
        for name in sorted(LAMPS):
            model["Name"] = name
            yield model if keys_only else self.get_instance(env, model)

    def get_instance(self, env, model):
        name = model["Name"]
        lamp = LAMPS.get(name) or HIDDEN.get(name)
        if lamp is None:
            raise pywbem.CIMError(pywbem.CIM_ERR_NOT_FOUND, f"no lamp {name}")
        return fill(model, name, lamp)

    def set_instance(self, env, instance, modify_existing):
        name = instance["Name"]
        if not name:
            raise pywbem.CIMError(pywbem.CIM_ERR_INVALID_PARAMETER, "a lamp needs a name")
        if not modify_existing and name in LAMPS:
            raise pywbem.CIMError(pywbem.CIM_ERR_ALREADY_EXISTS, name)
        lamp = LAMPS.setdefault(name, {"IsOn": False, "Brightness": 50, "Tags": [], "Codes": []})
        for prop in ("IsOn", "Brightness", "Tags"):
            if prop in instance:
                lamp[prop] = instance[prop]
        return instance

    def delete_instance(self, env, instance_name):
        del LAMPS[instance_name["Name"]]

    def cim_method_switch(self, env, object_name, param_on=None, param_tags=None):
        lamp = LAMPS[object_name["Name"]]
        was, lamp["IsOn"] = lamp["IsOn"], param_on
        if param_tags is not None:
            lamp["Tags"] = param_tags
        tell(env, object_name["Name"])
        at = pywbem.CIMDateTime(datetime(2026, 11, 25, tzinfo=UTC))
        return pywbem.Uint32(0), [
            pywbem.CIMParameter("Was", type="uint8", value=pywbem.Uint8(was)),
            pywbem.CIMParameter("At", type="datetime", value=at),
            pywbem.CIMParameter("Which", type="reference", value=object_name),
        ]

    def cim_method_blink(self, env, object_name, param_times=None):
        return pywbem.Uint32(2 * param_times), []

    def cim_method_heard(self, env, object_name):
        told = [" ".join(map(str, each)) for each in HEARD]
        return pywbem.Uint32(0), [pywbem.CIMParameter("Told", type="string", is_array=True, value=told)]

    def cim_method_burst(self, env, object_name):
        raise RuntimeError("glass everywhere")


def tell(env, name):
    """From a thread of our own, as providers that watch a device do."""
    lamp = LAMPS[name]
    indication = pywbem.CIMInstance(
        "Acme_LampSwitched",
        {
            "Name": name,
            "IsOn": lamp["IsOn"],
            "Brightness": pywbem.CIMProperty("Brightness", lamp["Brightness"], type="uint8"),
            "Tags": lamp["Tags"],
        },
        path=pywbem.CIMInstanceName("Acme_LampSwitched", namespace=NAMESPACE),
    )
    cimom = env.get_cimom_handle()
    cimom.PrepareAttachThread()
    failed = []

    def deliver():
        cimom.AttachThread()
        try:
            cimom.DeliverIndication(NAMESPACE, indication)
        except pywbem.CIMError as refused:  # nobody has subscribed
            failed.append(refused)
        finally:
            cimom.DetachThread()

    thread = threading.Thread(target=deliver)
    thread.start()
    thread.join()
    if failed:
        env.get_logger().log_info(f"{name}: {failed[0]}")


class Room(CIMProvider2):
    """Asks the host about the lamps that are in it."""

    def enum_instances(self, env, model, keys_only):
        cimom = env.get_cimom_handle()
        for number in (1, 2):
            model["Number"] = number
            model["Name"] = f"room {number}"
            room = pywbem.CIMInstanceName("Acme_Room", {"Number": pywbem.Uint32(number)}, namespace=NAMESPACE)
            names = cimom.EnumerateInstanceNames(NAMESPACE, "Acme_Lamp")
            model["Lamps"] = sum(1 for lamp in names if WHERE.get(lamp["Name"]) == room["Number"])
            yield model


class LampInRoom(CIMProvider2):
    def enum_instances(self, env, model, keys_only):
        for lamp, number in WHERE.items():
            model["Room"] = pywbem.CIMInstanceName(
                "Acme_Room", {"Number": pywbem.Uint32(number)}, namespace=NAMESPACE
            )
            model["Lamp"] = pywbem.CIMInstanceName("Acme_Lamp", {"Name": lamp}, namespace=NAMESPACE)
            model["Corner"] = "north"
            yield model

    def references(self, env, object_name, model, result_class_name, role, result_role, keys_only):
        yield from self.simple_refs(env, object_name, model, result_class_name, role, result_role, keys_only)


# -- what the host calls


def hear(*told):
    with CHANGED:
        HEARD.append(told)
        CHANGED.notify_all()


def init(env):
    hear("init")
    env.get_logger().log_debug("lamps: init")


def shutdown(env):
    hear("shutdown")


def get_providers(env):
    return {"Acme_Lamp": Lamp(), "Acme_Room": Room(), "Acme_LampInRoom": LampInRoom()}


def authorize_filter(env, filter, ns, classes, owner):
    if "forbidden" in filter:
        raise pywbem.CIMError(pywbem.CIM_ERR_ACCESS_DENIED, "not this one")


def activate_filter(env, filter, ns, classes, first_activation):
    hear("activate", filter, first_activation)


def deactivate_filter(env, filter, ns, classes, last_activation):
    hear("deactivate", filter, last_activation)


def enable_indications(env):
    hear("enable")


def disable_indications(env):
    hear("disable")
