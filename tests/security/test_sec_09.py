"""SEC-09: who may do what, asked of a real agent."""

from __future__ import annotations

import pytest
import pywbem

from tests.running import PASSWORD, RunningAgent
from tests.security.wire import ask, basic, call, request

DENIED = 2
USERS = ("viewer", "operator", "admin")
PATH = '<IPARAMVALUE NAME="InstanceName"><INSTANCENAME CLASSNAME="ESM_Alive"/></IPARAMVALUE>'
CLASS = '<IPARAMVALUE NAME="ClassName"><CLASSNAME NAME="ESM_Alive"/></IPARAMVALUE>'
NEW = '<IPARAMVALUE NAME="NewInstance"><INSTANCE CLASSNAME="CIM_IndicationSubscription"/></IPARAMVALUE>'
MODIFIED = (
    '<IPARAMVALUE NAME="ModifiedInstance"><VALUE.NAMEDINSTANCE><INSTANCENAME CLASSNAME="ESM_Alive"/>'
    '<INSTANCE CLASSNAME="ESM_Alive"/></VALUE.NAMEDINSTANCE></IPARAMVALUE>'
)
PROPERTY = PATH + '<IPARAMVALUE NAME="PropertyName"><VALUE>Name</VALUE></IPARAMVALUE>'
READS = [
    ("EnumerateInstances", CLASS),
    ("GetClass", CLASS),
    ("EnumerateClassNames", ""),
    ("GetInstance", PATH),
]
CHANGES = [
    ("CreateInstance", NEW),
    ("ModifyInstance", MODIFIED),
    ("DeleteInstance", PATH),
    ("SetProperty", PROPERTY),
    ("CreateClass", ""),
    ("DeleteClass", CLASS),
    ("SetQualifier", ""),
]
METHOD = (
    b'<CIM CIMVERSION="2.0" DTDVERSION="2.0"><MESSAGE ID="1" PROTOCOLVERSION="1.0"><SIMPLEREQ>'
    b'<METHODCALL NAME="RequestStateChange"><LOCALCLASSPATH><LOCALNAMESPACEPATH><NAMESPACE NAME="root"/>'
    b'<NAMESPACE NAME="ESMPRO"/><NAMESPACE NAME="AS"/></LOCALNAMESPACEPATH>'
    b'<CLASSNAME NAME="ESM_Alive"/></LOCALCLASSPATH></METHODCALL></SIMPLEREQ></MESSAGE></CIM>'
)


@pytest.mark.parametrize("user", ["viewer", "operator", "admin"])
@pytest.mark.parametrize(("operation", "parameters"), READS, ids=lambda value: value[:24])
def test_sec_09_everybody_reads(agent: RunningAgent, user: str, operation: str, parameters: str) -> None:
    answer = ask(agent, request(call(operation, parameters), auth=basic(user)))
    assert answer.status == 200
    assert answer.code != DENIED


@pytest.mark.parametrize("namespace", ["root/ESMPRO/AS", "root/interop", "root/nothing"])
@pytest.mark.parametrize(("operation", "parameters"), CHANGES, ids=lambda value: value[:24])
def test_sec_09_only_administrators_change(
    agent: RunningAgent, operation: str, parameters: str, namespace: str
) -> None:
    body = call(operation, parameters, namespace=namespace)
    codes = {user: ask(agent, request(body, auth=basic(user))).code for user in USERS}
    assert codes["viewer"] == codes["operator"] in (DENIED, 7)
    assert codes["admin"] not in (None, DENIED)


def test_sec_09_methods_are_for_administrators(agent: RunningAgent) -> None:
    raw = {user: request(METHOD, auth=basic(user), CIMObject="root/ESMPRO/AS:ESM_Alive") for user in USERS}
    codes = [ask(agent, raw[user]).code for user in USERS]
    assert codes[:2] == [DENIED, DENIED]
    assert codes[2] not in (None, DENIED)


FILTER = pywbem.CIMInstance(
    "CIM_IndicationFilter",
    {"Name": "sec-09", "Query": "SELECT * FROM ESM_AlertIndication", "QueryLanguage": "WQL"},
)
SINK = pywbem.CIMInstance(
    "CIM_ListenerDestinationCIMXML", {"Name": "sec-09", "Destination": "http://127.0.0.1:9/"}
)


@pytest.mark.parametrize("user", USERS)
@pytest.mark.parametrize("new", [FILTER, SINK], ids=lambda new: str(new.classname))
def test_sec_09_subscribing_is_for_administrators(
    agent: RunningAgent, user: str, new: pywbem.CIMInstance
) -> None:
    """Creating, changing and removing what decides where alerts go; reading it is for all."""
    where = "root/interop"
    with pywbem.WBEMConnection(agent.http, ("admin", PASSWORD), default_namespace=where) as admin:
        path = admin.CreateInstance(new)
        try:
            with pywbem.WBEMConnection(agent.http, (user, PASSWORD), default_namespace=where) as connection:
                assert connection.GetInstance(path)["Name"] == "sec-09"
                codes = []
                for change in (
                    lambda: connection.CreateInstance(new),
                    lambda: connection.DeleteInstance(path),
                ):
                    try:
                        change()
                        codes.append(0)
                    except pywbem.CIMError as refused:
                        codes.append(refused.status_code)
            assert codes == ([pywbem.CIM_ERR_ALREADY_EXISTS, 0] if user == "admin" else [DENIED, DENIED])
        finally:
            if user != "admin":
                admin.DeleteInstance(path)
