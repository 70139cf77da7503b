/* Another vendor's provider in the same process, as such providers are written: it has Python's main interpreter,
 * and takes its file by its bare name. Every instance says which file answered. For tests. */

#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <dlfcn.h>
#include <string.h>

#include "cmpi.h"

static const Broker *broker;

/* What FOLDER/openesm_cmpi.py and FOLDER/providers.py say of themselves, in one line. */
static char *told(void) {
    if (!Py_IsInitialized()) {
        Dl_info python;
        if (dladdr((void *)Py_IsInitialized, &python)) dlopen(python.dli_fname, RTLD_NOW | RTLD_GLOBAL | RTLD_NOLOAD);
        Py_InitializeEx(0);
        PyEval_SaveThread();
    }
    PyGILState_STATE held = PyGILState_Ensure();
    PyRun_SimpleString("import sys\nif '" FOLDER "' not in sys.path: sys.path.insert(0, '" FOLDER "')");
    PyObject *module = PyImport_ImportModule("openesm_cmpi");
    PyObject *answer = module ? PyObject_CallMethod(module, "answer", NULL) : NULL;
    if (!answer) { /* what went wrong is the answer then */
        PyObject *kind, *trace;
        PyErr_Fetch(&kind, &answer, &trace);
        Py_XDECREF(kind);
        Py_XDECREF(trace);
    }
    PyObject *text = answer ? PyObject_Str(answer) : NULL;
    const char *line = text ? PyUnicode_AsUTF8(text) : NULL;
    char *kept = strdup(line ? line : "no answer");
    Py_XDECREF(module);
    Py_XDECREF(answer);
    Py_XDECREF(text);
    PyGILState_Release(held);
    return kept;
}

static Path *named(const Path *asked) {
    String *space = asked->ft->nameSpace(asked, NULL);
    Path *path = broker->eft->path(broker, space->ft->chars(space, NULL), "Acme_Vendor", NULL);
    path->ft->addKey(path, "Name", (const Value *)"one", TYPE_CHARS);
    return path;
}

static Status cleanup(InstancesMI *mi, const Context *context, uint8_t ending) {
    (void)mi; (void)context; (void)ending;
    return (Status){RC_NEVER_UNLOAD, NULL};
}

static Status enum_names(InstancesMI *mi, const Context *context, const Result *result, const Path *path) {
    (void)mi; (void)context;
    result->ft->path(result, named(path));
    result->ft->done(result);
    return (Status){RC_OK, NULL};
}

static Status enum_instances(InstancesMI *mi, const Context *context, const Result *result, const Path *path,
                             const char **names) {
    (void)mi; (void)context; (void)names;
    Instance *instance = broker->eft->instance(broker, named(path), NULL);
    char *text = told();
    instance->ft->set(instance, "Name", (const Value *)"one", TYPE_CHARS);
    instance->ft->set(instance, "Answer", (const Value *)text, TYPE_CHARS);
    free(text);
    result->ft->instance(result, instance);
    result->ft->done(result);
    return (Status){RC_OK, NULL};
}

static const struct InstancesFT functions = {200, 200, "acmevendor", cleanup, enum_names, enum_instances,
    NULL, NULL, NULL, NULL, NULL};

InstancesMI *acmevendor_Create_InstanceMI(const Broker *given, const Context *context, Status *status) {
    static InstancesMI mi = {NULL, &functions};
    (void)context;
    broker = given;
    if (status) *status = (Status){RC_OK, NULL};
    return &mi;
}
