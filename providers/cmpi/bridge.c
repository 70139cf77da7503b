/* The bridge between a CIMOM that speaks CMPI and the providers in Python.
 *
 * Every operation is written down as bytes, answered by Python in one call, and the answer is made into the CIMOM's
 * objects after the interpreter's lock was given back: so several clients are answered side by side. The form of
 * the bytes is that of esmd/cmpi/wire.py. Python runs in an interpreter of its own, with modules of its own, so
 * that other vendors' providers in this process are never in the way. It is never ended: a CIMOM unloads from
 * threads of its own, in which that could wait for ever.
 *
 * `esmctl pegasus register` compiles it.
 */

#define PY_SSIZE_T_CLEAN
#define _GNU_SOURCE
#include <Python.h>
#include <dlfcn.h>
#include <pthread.h>
#include <string.h>
#include <time.h>

#include "cmpi.h"

#if !defined(OPENESM_SITE) || !defined(OPENESM_EXECUTABLE) || !defined(OPENESM_PYTHON)
#error "OPENESM_SITE, OPENESM_EXECUTABLE: site-packages and Python of the prefix; OPENESM_PYTHON: that of the library"
#endif

enum {
    ENUM_NAMES = 1, ENUM_INSTANCES, GET_INSTANCE, CREATE_INSTANCE, MODIFY_INSTANCE, DELETE_INSTANCE, EXEC_QUERY,
    ASSOCIATORS, ASSOCIATOR_NAMES, REFERENCES, REFERENCE_NAMES, INVOKE_METHOD, NEXT_INDICATIONS
};
enum { NO_LIST = 0xFFFFFFFFu };

static const Broker *broker;
static const char *namespace = "root/ESMPRO/AS";

/* -- Python */

static PyInterpreterState *interpreter;
static PyObject *answer; /* bytes -> bytes */
static char *problem;    /* why there is none */
static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_key_t states;

static void forget_thread(void *state) {
    PyEval_RestoreThread(state);
    PyThreadState_Clear(state);
    PyThreadState_DeleteCurrent();
}

/* The interpreter's lock, for this thread. */
static void enter(void) {
    PyThreadState *state = pthread_getspecific(states);
    if (!state) {
        state = PyThreadState_New(interpreter);
        pthread_setspecific(states, state);
    }
    PyEval_RestoreThread(state);
}

static void note_problem(void) {
    PyObject *kind, *value, *trace;
    PyErr_Fetch(&kind, &value, &trace);
    PyObject *told = value ? PyObject_Str(value) : NULL;
    const char *text = told ? PyUnicode_AsUTF8(told) : NULL;
    problem = strdup(text ? text : "openesm cannot be imported");
    Py_XDECREF(told); Py_XDECREF(kind); Py_XDECREF(value); Py_XDECREF(trace);
    PyErr_Clear();
}

static void load(void) {
    PyObject *site = PyImport_ImportModule("site");
    PyObject *added = site ? PyObject_CallMethod(site, "addsitedir", "s", OPENESM_SITE) : NULL;
    PyObject *executable = PyUnicode_FromString(OPENESM_EXECUTABLE); /* what Python starts to do work apart */
    if (executable) PySys_SetObject("executable", executable);
    PyObject *entry = added ? PyImport_ImportModule("providers.cmpi.openesm_cmpi") : NULL;
    answer = entry ? PyObject_CallMethod(entry, "start", NULL) : NULL;
    if (!answer) note_problem();
    Py_XDECREF(site); Py_XDECREF(added); Py_XDECREF(executable); Py_XDECREF(entry);
}

static void start(void) {
    Dl_info python, ours;
    /* extension modules look for the symbols of Python among the global ones; and neither library may go */
    if (dladdr((void *)Py_IsInitialized, &python)) dlopen(python.dli_fname, RTLD_NOW | RTLD_GLOBAL | RTLD_NOLOAD);
    if (dladdr((void *)start, &ours)) dlopen(ours.dli_fname, RTLD_NOW | RTLD_NOLOAD | RTLD_NODELETE);
    pthread_key_create(&states, forget_thread);
    int is_first = !Py_IsInitialized();
    PyGILState_STATE held = PyGILState_UNLOCKED;
    if (is_first) {
        PyConfig config;
        PyConfig_InitPythonConfig(&config);
        config.install_signal_handlers = 0;
        config.use_environment = config.user_site_directory = 0; /* nothing that lies about is run */
        config.safe_path = 1;
        /* else the first python3 of whatever PATH the CIMOM has would say where the library is */
        PyStatus status = PyConfig_SetBytesString(&config, &config.program_name, OPENESM_PYTHON);
        if (!PyStatus_Exception(status)) status = Py_InitializeFromConfig(&config);
        PyConfig_Clear(&config);
        if (PyStatus_Exception(status)) {
            problem = strdup(status.err_msg ? status.err_msg : "Python cannot be started");
            return;
        }
    } else {
        held = PyGILState_Ensure();
    }
    PyThreadState *before = PyThreadState_Get();
    PyThreadState *own = Py_NewInterpreter();
    if (own) {
        interpreter = own->interp;
        load();
        pthread_setspecific(states, own);
        PyThreadState_Swap(before);
    } else {
        problem = strdup("no interpreter of our own");
    }
    if (is_first) PyEval_SaveThread();
    else PyGILState_Release(held);
}

/* -- a request as bytes */

typedef struct { char *data; size_t length, size; } Out;

static void put(Out *out, const void *data, size_t length) {
    if (out->length + length > out->size) {
        size_t size = (out->length + length) * 2 + 256;
        char *grown = realloc(out->data, size);
        if (!grown) abort();
        out->data = grown;
        out->size = size;
    }
    memcpy(out->data + out->length, data, length);
    out->length += length;
}

static void put_byte(Out *out, uint8_t byte) { put(out, &byte, 1); }
static void put_count(Out *out, uint32_t count) { put(out, &count, 4); }

static void put_text(Out *out, const char *text) {
    uint32_t length = text ? strlen(text) : 0;
    put_count(out, length);
    put(out, text ? text : "", length);
    put_byte(out, 0);
}

static void put_optional(Out *out, const char *text) {
    put_byte(out, text != NULL);
    if (text) put_text(out, text);
}

static const char *chars(const String *string) {
    return string ? string->ft->chars(string, NULL) : "";
}

static void put_list(Out *out, const char **names) {
    uint32_t count = 0;
    if (!names) { put_count(out, NO_LIST); return; }
    while (names[count]) count++;
    put_count(out, count);
    for (uint32_t i = 0; i < count; i++) put_text(out, names[i]);
}

static void put_value(Out *out, Data data);

static void put_path(Out *out, const Path *path) {
    put_text(out, chars(path->ft->nameSpace(path, NULL)));
    put_text(out, chars(path->ft->className(path, NULL)));
    size_t at = out->length;
    uint32_t count = 0, most = path->ft->keyCount(path, NULL);
    put_count(out, 0);
    for (; count < most; count++) {
        Status status = {RC_OK, NULL};
        String *name = NULL;
        Data data = path->ft->keyAt(path, count, &name, &status);
        if (status.rc != RC_OK || !name) break; /* Pegasus counts one key of a class's path */
        put_text(out, chars(name));
        put_value(out, data);
    }
    memcpy(out->data + at, &count, 4);
}

static void put_instance(Out *out, const Instance *instance) {
    put_path(out, instance->ft->path(instance, NULL));
    uint32_t count = instance->ft->count(instance, NULL);
    put_count(out, count);
    for (uint32_t i = 0; i < count; i++) {
        String *name = NULL;
        Data data = instance->ft->getAt(instance, i, &name, NULL);
        put_text(out, chars(name));
        put_value(out, data);
    }
}

static void put_scalar(Out *out, Type type, Value value) {
    uint64_t bits = value.uint64;
    double real = value.real64;
    switch (type) {
    case TYPE_STRING: put_text(out, chars(value.string)); return;
    case TYPE_CHARS: put_text(out, value.chars); return;
    case TYPE_DATETIME: put_text(out, value.dateTime ? chars(value.dateTime->ft->text(value.dateTime, NULL)) : ""); return;
    case TYPE_REF: put_path(out, value.ref); return;
    case TYPE_INSTANCE: put_instance(out, value.inst); return;
    case TYPE_REAL32: real = value.real32; put(out, &real, 8); return;
    case TYPE_REAL64: put(out, &real, 8); return;
    case TYPE_BOOLEAN: case TYPE_UINT8: bits = value.uint8; break;
    case TYPE_CHAR16: case TYPE_UINT16: bits = value.uint16; break;
    case TYPE_UINT32: bits = value.uint32; break;
    case TYPE_SINT8: bits = (uint64_t)(int64_t)value.sint8; break;
    case TYPE_SINT16: bits = (uint64_t)(int64_t)value.sint16; break;
    case TYPE_SINT32: bits = (uint64_t)(int64_t)value.sint32; break;
    default: break;
    }
    put(out, &bits, 8);
}

static int is_known(Type type) {
    switch (type) {
    case TYPE_BOOLEAN: case TYPE_CHAR16: case TYPE_REAL32: case TYPE_REAL64: case TYPE_UINT8: case TYPE_UINT16:
    case TYPE_UINT32: case TYPE_UINT64: case TYPE_SINT8: case TYPE_SINT16: case TYPE_SINT32: case TYPE_SINT64:
    case TYPE_INSTANCE: case TYPE_REF: case TYPE_STRING: case TYPE_CHARS: case TYPE_DATETIME: return 1;
    default: return 0;
    }
}

static int is_null(Data data) {
    Type type = data.type & ~TYPE_ARRAY;
    if (data.state & (STATE_NULL | STATE_NOT_FOUND | STATE_BAD) || !is_known(type)) return 1;
    int is_pointer = data.type & TYPE_ARRAY || type >= TYPE_INSTANCE;
    return is_pointer && !data.value.string;
}

static void put_value(Out *out, Data data) {
    Type type = data.type;
    uint8_t null = is_null(data);
    put(out, &type, 2);
    put_byte(out, null);
    if (null) return;
    if (!(type & TYPE_ARRAY)) { put_scalar(out, type, data.value); return; }
    const Array *array = data.value.array;
    uint32_t count = array->ft->size(array, NULL);
    put_count(out, count);
    for (uint32_t i = 0; i < count; i++) {
        Data item = array->ft->get(array, i, NULL);
        item.type = type & ~TYPE_ARRAY;
        null = is_null(item);
        put_byte(out, null);
        if (!null) put_scalar(out, item.type, item.value);
    }
}

static void begin(Out *out, uint8_t operation, const Context *context, const Path *path) {
    Data user = context->ft->entry(context, "CMPIPrincipal", NULL);
    int is_told = !user.state && (user.type == TYPE_STRING || user.type == TYPE_CHARS) && user.value.string;
    put_byte(out, operation);
    put_text(out, !is_told ? "" : user.type == TYPE_CHARS ? user.value.chars : chars(user.value.string));
    put_path(out, path);
}

/* -- an answer as the CIMOM's objects */

typedef struct { const char *at, *end; int is_bad; } In;

static const char *take(In *in, size_t length) {
    static const char nothing[16];
    if (in->is_bad || (size_t)(in->end - in->at) < length) { in->is_bad = 1; return nothing; }
    in->at += length;
    return in->at - length;
}

static uint8_t take_byte(In *in) { return *take(in, 1); }
static uint32_t take_count(In *in) { uint32_t count; memcpy(&count, take(in, 4), 4); return count; }

static const char *take_text(In *in) {
    uint32_t length = take_count(in);
    const char *text = take(in, (size_t)length + 1);
    return in->is_bad ? "" : text;
}

static int take_value(In *in, Type *type, Value *value);

/* Where a value is handed over by its address, the characters of a string are handed over by theirs. */
static const Value *handed(Type type, const Value *value) {
    return type == TYPE_CHARS ? (const Value *)value->chars : value;
}

static Path *take_path(In *in) {
    const char *where = take_text(in), *name = take_text(in);
    Path *path = broker->eft->path(broker, *where ? where : namespace, name, NULL);
    uint32_t count = take_count(in);
    for (uint32_t i = 0; i < count && !in->is_bad; i++) {
        const char *key = take_text(in);
        Type type;
        Value value;
        if (take_value(in, &type, &value) && path) path->ft->addKey(path, key, handed(type, &value), type);
    }
    return path;
}

static Instance *take_instance(In *in) {
    Path *path = take_path(in);
    Instance *instance = path ? broker->eft->instance(broker, path, NULL) : NULL;
    uint32_t count = take_count(in);
    for (uint32_t i = 0; i < count && !in->is_bad; i++) {
        const char *name = take_text(in);
        Type type;
        Value value;
        int is_there = take_value(in, &type, &value);
        if (instance) instance->ft->set(instance, name, is_there ? handed(type, &value) : NULL, type);
    }
    return instance;
}

/* Gives the type too, because a string that stands in the answer is no object yet. */
static void take_scalar(In *in, Type *type, Value *value) {
    value->uint64 = 0;
    switch (*type) {
    case TYPE_STRING: *type = TYPE_CHARS; value->chars = take_text(in); return;
    case TYPE_DATETIME: value->dateTime = broker->eft->dateTimeFromChars(broker, take_text(in), NULL); return;
    case TYPE_REF: value->ref = take_path(in); return;
    case TYPE_INSTANCE: value->inst = take_instance(in); return;
    default: memcpy(&value->uint64, take(in, 8), 8);
    }
    if (*type == TYPE_REAL32) value->real32 = (float)value->real64;
}

static int take_value(In *in, Type *type, Value *value) {
    memcpy(type, take(in, 2), 2);
    if (take_byte(in)) return 0;
    if (!(*type & TYPE_ARRAY)) { take_scalar(in, type, value); return 1; }
    Type item = *type & ~TYPE_ARRAY;
    uint32_t count = take_count(in);
    Array *array = in->is_bad ? NULL : broker->eft->array(broker, count, item, NULL);
    for (uint32_t i = 0; i < count && !in->is_bad; i++) {
        Type told = item;
        Value each;
        if (take_byte(in)) continue;
        take_scalar(in, &told, &each);
        if (told == TYPE_CHARS) {
            each.string = broker->eft->string(broker, each.chars, NULL);
            told = TYPE_STRING;
        }
        if (array) array->ft->set(array, i, &each, told);
    }
    value->array = array;
    return array != NULL;
}

static Status failed(int rc, const char *reason) {
    Status status = {rc, broker->eft->string(broker, reason, NULL)};
    return status;
}

/* What Python says to a request: its reply, which the caller frees, or a reason. */
static const char *ask(const Out *out, In *in, char **reply) {
    *reply = NULL;
    if (!answer) return problem ? problem : "Python did not start";
    enter();
    const char *reason = "Python gave no answer";
    PyObject *told = PyObject_CallFunction(answer, "y#", out->data, (Py_ssize_t)out->length);
    char *data = NULL;
    Py_ssize_t length = 0;
    if (told && PyBytes_AsStringAndSize(told, &data, &length) == 0 && (*reply = malloc(length ? length : 1))) {
        memcpy(*reply, data, length);
        in->at = *reply;
        in->end = *reply + length;
        in->is_bad = 0;
        reason = NULL;
    }
    Py_XDECREF(told);
    PyErr_Clear();
    PyEval_SaveThread();
    return reason;
}

static void take_items(In *in, const Result *result) {
    uint32_t count = take_count(in);
    for (uint32_t i = 0; i < count && !in->is_bad; i++) {
        if (take_byte(in) == 1) {
            Path *path = take_path(in);
            if (path) result->ft->path(result, path);
        } else {
            Instance *instance = take_instance(in);
            if (instance) result->ft->instance(result, instance);
        }
    }
}

static void take_returned(In *in, const Result *result, const Args *args) {
    Type type;
    Value value;
    if (take_value(in, &type, &value)) result->ft->data(result, handed(type, &value), type);
    uint32_t count = take_count(in);
    for (uint32_t i = 0; i < count && !in->is_bad; i++) {
        const char *name = take_text(in);
        int is_there = take_value(in, &type, &value);
        args->ft->add(args, name, is_there ? handed(type, &value) : NULL, type);
    }
}

static Status carry_out(Out *out, const Result *result, const Args *args) {
    In in;
    char *reply;
    const char *reason = ask(out, &in, &reply);
    free(out->data);
    if (reason) return failed(RC_FAILED, reason);
    int rc = (int)take_count(&in);
    const char *text = take_text(&in);
    Status status = {RC_OK, NULL};
    if (rc != RC_OK) status = failed(rc, text);
    else {
        take_items(&in, result);
        if (args) take_returned(&in, result, args);
        if (in.is_bad) status = failed(RC_FAILED, "an answer that cannot be read");
        else result->ft->done(result);
    }
    free(reply);
    return status;
}

/* -- instances */

/* Python stays, and with it the library: to end it would wait for threads of others. */
static Status stay(void) { Status status = {RC_NEVER_UNLOAD, NULL}; return status; }
static Status cleanup_instances(InstancesMI *mi, const Context *c, uint8_t t) { (void)mi; (void)c; return t ? (Status){RC_OK, NULL} : stay(); }

static Status enum_names(InstancesMI *mi, const Context *context, const Result *result, const Path *path) {
    Out out = {0}; (void)mi;
    begin(&out, ENUM_NAMES, context, path);
    return carry_out(&out, result, NULL);
}

static Status enum_instances(InstancesMI *mi, const Context *context, const Result *result, const Path *path,
                             const char **names) {
    Out out = {0}; (void)mi;
    begin(&out, ENUM_INSTANCES, context, path);
    put_list(&out, names);
    return carry_out(&out, result, NULL);
}

static Status get_instance(InstancesMI *mi, const Context *context, const Result *result, const Path *path,
                           const char **names) {
    Out out = {0}; (void)mi;
    begin(&out, GET_INSTANCE, context, path);
    put_list(&out, names);
    return carry_out(&out, result, NULL);
}

static Status create_instance(InstancesMI *mi, const Context *context, const Result *result, const Path *path,
                              const Instance *instance) {
    Out out = {0}; (void)mi;
    begin(&out, CREATE_INSTANCE, context, path);
    put_instance(&out, instance);
    return carry_out(&out, result, NULL);
}

static Status modify_instance(InstancesMI *mi, const Context *context, const Result *result, const Path *path,
                              const Instance *instance, const char **names) {
    Out out = {0}; (void)mi;
    begin(&out, MODIFY_INSTANCE, context, path);
    put_list(&out, names);
    put_instance(&out, instance);
    return carry_out(&out, result, NULL);
}

static Status delete_instance(InstancesMI *mi, const Context *context, const Result *result, const Path *path) {
    Out out = {0}; (void)mi;
    begin(&out, DELETE_INSTANCE, context, path);
    return carry_out(&out, result, NULL);
}

static Status exec_query(InstancesMI *mi, const Context *context, const Result *result, const Path *path,
                         const char *query, const char *language) {
    Out out = {0}; (void)mi;
    begin(&out, EXEC_QUERY, context, path);
    put_optional(&out, query);
    put_optional(&out, language);
    return carry_out(&out, result, NULL);
}

/* -- associations */

static Status cleanup_associations(AssociationsMI *mi, const Context *c, uint8_t t) { (void)mi; (void)c; return t ? (Status){RC_OK, NULL} : stay(); }

static Status associators(AssociationsMI *mi, const Context *context, const Result *result, const Path *path,
                          const char *association, const char *resulting, const char *role,
                          const char *resulting_role, const char **names) {
    Out out = {0}; (void)mi;
    begin(&out, ASSOCIATORS, context, path);
    put_list(&out, names);
    put_optional(&out, association); put_optional(&out, resulting);
    put_optional(&out, role); put_optional(&out, resulting_role);
    return carry_out(&out, result, NULL);
}

static Status associator_names(AssociationsMI *mi, const Context *context, const Result *result, const Path *path,
                               const char *association, const char *resulting, const char *role,
                               const char *resulting_role) {
    Out out = {0}; (void)mi;
    begin(&out, ASSOCIATOR_NAMES, context, path);
    put_optional(&out, association); put_optional(&out, resulting);
    put_optional(&out, role); put_optional(&out, resulting_role);
    return carry_out(&out, result, NULL);
}

static Status references(AssociationsMI *mi, const Context *context, const Result *result, const Path *path,
                         const char *resulting, const char *role, const char **names) {
    Out out = {0}; (void)mi;
    begin(&out, REFERENCES, context, path);
    put_list(&out, names);
    put_optional(&out, resulting); put_optional(&out, role);
    return carry_out(&out, result, NULL);
}

static Status reference_names(AssociationsMI *mi, const Context *context, const Result *result, const Path *path,
                              const char *resulting, const char *role) {
    Out out = {0}; (void)mi;
    begin(&out, REFERENCE_NAMES, context, path);
    put_optional(&out, resulting); put_optional(&out, role);
    return carry_out(&out, result, NULL);
}

/* -- methods */

static Status cleanup_methods(MethodsMI *mi, const Context *c, uint8_t t) { (void)mi; (void)c; return t ? (Status){RC_OK, NULL} : stay(); }

static Status invoke(MethodsMI *mi, const Context *context, const Result *result, const Path *path,
                     const char *method, const Args *given, Args *returned) {
    Out out = {0}; (void)mi;
    begin(&out, INVOKE_METHOD, context, path);
    put_optional(&out, method);
    uint32_t count = given->ft->count(given, NULL);
    put_count(&out, count);
    for (uint32_t i = 0; i < count; i++) {
        String *name = NULL;
        Data data = given->ft->getAt(given, i, &name, NULL);
        put_text(&out, chars(name));
        put_value(&out, data);
    }
    return carry_out(&out, result, returned);
}

/* -- indications */

/* One thread for all filters, for as long as the process lives; it rests while nobody listens. */
static pthread_mutex_t guard = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static Context *origin; /* of the contexts of the thread, each for one stay in the CIMOM; NULL until it was started */
static int is_enabled, filters;

static void set_enabled(int enabled) {
    pthread_mutex_lock(&guard);
    is_enabled = enabled;
    pthread_cond_signal(&changed);
    pthread_mutex_unlock(&guard);
}

static void wait_for_listeners(void) {
    pthread_mutex_lock(&guard);
    while (!is_enabled || !filters) pthread_cond_wait(&changed, &guard);
    pthread_mutex_unlock(&guard);
}

static void put_nobody(Out *out, const char *token) {
    put_byte(out, NEXT_INDICATIONS);
    put_text(out, ""); put_text(out, namespace); put_text(out, ""); put_count(out, 0);
    put_optional(out, token);
}

typedef struct { char text[64]; } Token; /* of the last indication that was delivered */

/* Delivers what Python has, and notes each; 0 where nobody takes it. The objects live until the thread is detached. */
static int deliver(In *in, Token *token) {
    uint32_t count = take_count(in);
    int is_taken = 1;
    Context *context = count ? broker->bft->prepareAttach(broker, origin) : NULL;
    if (!context) return !count;
    broker->bft->attach(broker, context);
    for (uint32_t i = 0; i < count && is_taken; i++) {
        take_byte(in);
        Instance *instance = take_instance(in);
        const char *text = take_text(in);
        is_taken = instance && !in->is_bad && broker->bft->deliver(broker, context, namespace, instance).rc == RC_OK;
        if (is_taken) snprintf(token->text, sizeof token->text, "%s", text);
    }
    broker->bft->detach(broker, context); /* which frees it */
    return is_taken;
}

/* Takes what the agent has, and says with the next request what was delivered. */
static void *carry(void *unused) {
    Token token = {""};
    (void)unused;
    for (;;) {
        wait_for_listeners();
        Out out = {0};
        In in;
        char *reply;
        put_nobody(&out, token.text);
        const char *reason = ask(&out, &in, &reply);
        free(out.data);
        int rc = reason ? RC_FAILED : (int)take_count(&in);
        if (!reason) take_text(&in);
        if (rc != RC_OK || !deliver(&in, &token)) {
            struct timespec pause = {1, 0};
            nanosleep(&pause, NULL);
        }
        free(reply);
    }
    return NULL;
}

static Status cleanup_indications(IndicationsMI *mi, const Context *c, uint8_t t) {
    (void)mi; (void)c;
    set_enabled(0);
    return t ? (Status){RC_OK, NULL} : stay();
}

static Status authorize(IndicationsMI *mi, const Context *c, const Filter *f, const char *n, const Path *p, const char *o) {
    (void)mi; (void)c; (void)f; (void)n; (void)p; (void)o;
    return (Status){RC_OK, NULL};
}

static Status must_poll(IndicationsMI *mi, const Context *c, const Filter *f, const char *n, const Path *p) {
    (void)mi; (void)c; (void)f; (void)n; (void)p;
    return (Status){RC_NOT_SUPPORTED, NULL};
}

static Status activate(IndicationsMI *mi, const Context *context, const Filter *f, const char *n, const Path *p, uint8_t first) {
    pthread_t carrier;
    (void)mi; (void)f; (void)n; (void)p; (void)first;
    pthread_mutex_lock(&guard);
    if (!origin) {
        origin = broker->bft->prepareAttach(broker, context);
        if (origin && pthread_create(&carrier, NULL, carry, NULL)) origin = NULL;
        else if (origin) pthread_detach(carrier);
    }
    int is_ready = origin != NULL;
    filters += is_ready;
    pthread_cond_signal(&changed);
    pthread_mutex_unlock(&guard);
    return is_ready ? (Status){RC_OK, NULL} : failed(RC_FAILED, "no thread for indications");
}

static Status deactivate(IndicationsMI *mi, const Context *c, const Filter *f, const char *n, const Path *p, uint8_t last) {
    (void)mi; (void)c; (void)f; (void)n; (void)p; (void)last;
    pthread_mutex_lock(&guard);
    if (filters) filters--;
    pthread_mutex_unlock(&guard);
    return (Status){RC_OK, NULL};
}

static Status enable(IndicationsMI *mi, const Context *c) { (void)mi; (void)c; set_enabled(1); return (Status){RC_OK, NULL}; }
static Status disable(IndicationsMI *mi, const Context *c) { (void)mi; (void)c; set_enabled(0); return (Status){RC_OK, NULL}; }

/* -- what the CIMOM looks for */

#define VERSION 200
static const struct InstancesFT instances_ft = {VERSION, VERSION, "openesm", cleanup_instances, enum_names, enum_instances,
    get_instance, create_instance, modify_instance, delete_instance, exec_query};
static const struct AssociationsFT associations_ft = {VERSION, VERSION, "openesm", cleanup_associations, associators,
    associator_names, references, reference_names};
static const struct MethodsFT methods_ft = {VERSION, VERSION, "openesm", cleanup_methods, invoke};
static const struct IndicationsFT indications_ft = {VERSION, VERSION, "openesm", cleanup_indications, authorize, must_poll,
    activate, deactivate, enable, disable};

static void begin_with(const Broker *given, Status *status) {
    broker = given;
    pthread_once(&once, start);
    if (status) *status = answer ? (Status){RC_OK, NULL} : failed(RC_FAILED, problem ? problem : "Python did not start");
}

#define CREATE(KIND, NAME, TABLE)                                                                        \
    __attribute__((visibility("default"))) KIND##MI *openesm_Create_##NAME##MI(                          \
        const Broker *given, const Context *context, Status *status) {                                   \
        static KIND##MI mi = {NULL, &TABLE};                                                             \
        (void)context;                                                                                   \
        begin_with(given, status);                                                                       \
        return answer ? &mi : NULL;                                                                      \
    }
CREATE(Instances, Instance, instances_ft)
CREATE(Associations, Association, associations_ft)
CREATE(Methods, Method, methods_ft)
CREATE(Indications, Indication, indications_ft)
