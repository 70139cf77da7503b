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
#include <strings.h>
#include <time.h>

#include "upcalls.h"

#if !defined(OPENESM_SITE) || !defined(OPENESM_EXECUTABLE) || !defined(OPENESM_PYTHON)
#error "OPENESM_SITE, OPENESM_EXECUTABLE: site-packages and Python of the prefix; OPENESM_PYTHON: that of the library"
#endif

static const char *alerts = "ESM_AlertIndication"; /* those of the agent; all other indications are providers' own */

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

/* The interpreter's lock, for this thread. What others mean by PyGILState in it must not become ours: up to 3.11
 * the first state of a thread is noted as that, and ours stays for the next time; later each state that runs is, and
 * ours is gone when it has run. */
#if PY_VERSION_HEX < 0x030C0000
static void enter(void) {
    PyThreadState *state = pthread_getspecific(states);
    if (!state) {
        PyGILState_STATE held = PyGILState_Ensure();
        state = PyThreadState_New(interpreter);
        PyGILState_Release(held);
        pthread_setspecific(states, state);
    }
    PyEval_RestoreThread(state);
}

static void leave(void) { PyEval_SaveThread(); }
#else
static void enter(void) { PyEval_RestoreThread(PyThreadState_New(interpreter)); }

static void leave(void) {
    PyThreadState_Clear(PyThreadState_Get());
    PyThreadState_DeleteCurrent();
}
#endif

static void note_problem(void) {
    PyObject *kind, *value, *trace;
    PyErr_Fetch(&kind, &value, &trace);
    PyObject *told = value ? PyObject_Str(value) : NULL;
    const char *text = told ? PyUnicode_AsUTF8(told) : NULL;
    problem = strdup(text ? text : "openesm cannot be imported");
    Py_XDECREF(told); Py_XDECREF(kind); Py_XDECREF(value); Py_XDECREF(trace);
    PyErr_Clear();
}

static PyObject *upcall(PyObject *self, PyObject *args);
static PyMethodDef upcall_method = {"upcall", upcall, METH_VARARGS, "An operation of the CIMOM."};

static void load(void) {
    PyObject *site = PyImport_ImportModule("site");
    PyObject *added = site ? PyObject_CallMethod(site, "addsitedir", "s", OPENESM_SITE) : NULL;
    PyObject *executable = PyUnicode_FromString(OPENESM_EXECUTABLE); /* what Python starts to do work apart */
    if (executable) PySys_SetObject("executable", executable);
    PyObject *entry = added ? PyImport_ImportModule("providers.cmpi.openesm_cmpi") : NULL;
    PyObject *up = PyCFunction_New(&upcall_method, NULL);
    answer = entry && up ? PyObject_CallMethod(entry, "start", "O", up) : NULL;
    if (!answer) note_problem();
    Py_XDECREF(up); Py_XDECREF(site); Py_XDECREF(added); Py_XDECREF(executable); Py_XDECREF(entry);
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

/* Requests that are being answered: providers may ask the CIMOM on behalf of whoever sent one. */
typedef struct Asking { uint64_t number; const Context *context; struct Asking *next; } Asking;

static pthread_mutex_t asking_guard = PTHREAD_MUTEX_INITIALIZER;
static Asking *asking;
static Context *origin; /* of what providers do on their own, in threads of their own */

static void enter_request(Asking *own, const Context *context) {
    static uint64_t last;
    pthread_mutex_lock(&asking_guard);
    *own = (Asking){++last, context, asking};
    asking = own;
    pthread_mutex_unlock(&asking_guard);
}

static void leave_request(const Asking *own) {
    pthread_mutex_lock(&asking_guard);
    Asking **at = &asking;
    while (*at != own) at = &(*at)->next;
    *at = own->next;
    pthread_mutex_unlock(&asking_guard);
}

/* A context for another thread: of a request, or of nobody's where it is over; to be detached. */
static Context *context_for(uint64_t number) {
    pthread_mutex_lock(&asking_guard);
    const Asking *found = asking;
    while (found && found->number != number) found = found->next;
    const Context *context = found ? found->context : origin;
    Context *made = context ? broker->bft->prepareAttach(broker, context) : NULL;
    pthread_mutex_unlock(&asking_guard);
    return made;
}

static void begin(Out *out, Asking *own, uint8_t operation, const Context *context, const Path *path) {
    enter_request(own, context);
    Data user = context->ft->entry(context, "CMPIPrincipal", NULL);
    int is_told = !user.state && (user.type == TYPE_STRING || user.type == TYPE_CHARS) && user.value.string;
    put_byte(out, operation);
    put(out, &own->number, 8);
    put_text(out, !is_told ? "" : user.type == TYPE_CHARS ? user.value.chars : chars(user.value.string));
    put_path(out, path);
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
    leave();
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

static Status carry_out(Out *out, const Asking *own, const Result *result, const Args *args) {
    In in;
    char *reply;
    const char *reason = ask(out, &in, &reply);
    leave_request(own);
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

/* upcall(request, bytes) -> bytes: an operation for the sender of a request; 0 for a provider's own. */
static PyObject *upcall(PyObject *self, PyObject *args) {
    unsigned long long number;
    const char *data;
    Py_ssize_t length;
    Out out = {0};
    (void)self;
    if (!PyArg_ParseTuple(args, "Ky#", &number, &data, &length)) return NULL;
    Py_BEGIN_ALLOW_THREADS
    In in = {data, data + length, 0};
    Context *context = context_for(number);
    if (context) {
        broker->bft->attach(broker, context);
        operate(&in, &out, context);
        broker->bft->detach(broker, context); /* which frees it, and all that was made */
    } else {
        put_count(&out, RC_FAILED);
        put_text(&out, "no way to the CIMOM");
        put_count(&out, 0);
    }
    Py_END_ALLOW_THREADS
    PyObject *told = PyBytes_FromStringAndSize(out.data, (Py_ssize_t)out.length);
    free(out.data);
    return told;
}

/* -- instances */

/* Python stays, and with it the library: to end it would wait for threads of others. */
static Status stay(void) { Status status = {RC_NEVER_UNLOAD, NULL}; return status; }
static Status cleanup_instances(InstancesMI *mi, const Context *c, uint8_t t) { (void)mi; (void)c; return t ? (Status){RC_OK, NULL} : stay(); }

static Status enum_names(InstancesMI *mi, const Context *context, const Result *result, const Path *path) {
    Out out = {0}; Asking own; (void)mi;
    begin(&out, &own, ENUM_NAMES, context, path);
    return carry_out(&out, &own, result, NULL);
}

static Status enum_instances(InstancesMI *mi, const Context *context, const Result *result, const Path *path,
                             const char **names) {
    Out out = {0}; Asking own; (void)mi;
    begin(&out, &own, ENUM_INSTANCES, context, path);
    put_list(&out, names);
    return carry_out(&out, &own, result, NULL);
}

static Status get_instance(InstancesMI *mi, const Context *context, const Result *result, const Path *path,
                           const char **names) {
    Out out = {0}; Asking own; (void)mi;
    begin(&out, &own, GET_INSTANCE, context, path);
    put_list(&out, names);
    return carry_out(&out, &own, result, NULL);
}

static Status create_instance(InstancesMI *mi, const Context *context, const Result *result, const Path *path,
                              const Instance *instance) {
    Out out = {0}; Asking own; (void)mi;
    begin(&out, &own, CREATE_INSTANCE, context, path);
    put_instance(&out, instance);
    return carry_out(&out, &own, result, NULL);
}

static Status modify_instance(InstancesMI *mi, const Context *context, const Result *result, const Path *path,
                              const Instance *instance, const char **names) {
    Out out = {0}; Asking own; (void)mi;
    begin(&out, &own, MODIFY_INSTANCE, context, path);
    put_list(&out, names);
    put_instance(&out, instance);
    return carry_out(&out, &own, result, NULL);
}

static Status delete_instance(InstancesMI *mi, const Context *context, const Result *result, const Path *path) {
    Out out = {0}; Asking own; (void)mi;
    begin(&out, &own, DELETE_INSTANCE, context, path);
    return carry_out(&out, &own, result, NULL);
}

static Status exec_query(InstancesMI *mi, const Context *context, const Result *result, const Path *path,
                         const char *query, const char *language) {
    Out out = {0}; Asking own; (void)mi;
    begin(&out, &own, EXEC_QUERY, context, path);
    put_optional(&out, query);
    put_optional(&out, language);
    return carry_out(&out, &own, result, NULL);
}

/* -- associations */

static Status cleanup_associations(AssociationsMI *mi, const Context *c, uint8_t t) { (void)mi; (void)c; return t ? (Status){RC_OK, NULL} : stay(); }

static Status associators(AssociationsMI *mi, const Context *context, const Result *result, const Path *path,
                          const char *association, const char *resulting, const char *role,
                          const char *resulting_role, const char **names) {
    Out out = {0}; Asking own; (void)mi;
    begin(&out, &own, ASSOCIATORS, context, path);
    put_list(&out, names);
    put_optional(&out, association); put_optional(&out, resulting);
    put_optional(&out, role); put_optional(&out, resulting_role);
    return carry_out(&out, &own, result, NULL);
}

static Status associator_names(AssociationsMI *mi, const Context *context, const Result *result, const Path *path,
                               const char *association, const char *resulting, const char *role,
                               const char *resulting_role) {
    Out out = {0}; Asking own; (void)mi;
    begin(&out, &own, ASSOCIATOR_NAMES, context, path);
    put_optional(&out, association); put_optional(&out, resulting);
    put_optional(&out, role); put_optional(&out, resulting_role);
    return carry_out(&out, &own, result, NULL);
}

static Status references(AssociationsMI *mi, const Context *context, const Result *result, const Path *path,
                         const char *resulting, const char *role, const char **names) {
    Out out = {0}; Asking own; (void)mi;
    begin(&out, &own, REFERENCES, context, path);
    put_list(&out, names);
    put_optional(&out, resulting); put_optional(&out, role);
    return carry_out(&out, &own, result, NULL);
}

static Status reference_names(AssociationsMI *mi, const Context *context, const Result *result, const Path *path,
                              const char *resulting, const char *role) {
    Out out = {0}; Asking own; (void)mi;
    begin(&out, &own, REFERENCE_NAMES, context, path);
    put_optional(&out, resulting); put_optional(&out, role);
    return carry_out(&out, &own, result, NULL);
}

/* -- methods */

static Status cleanup_methods(MethodsMI *mi, const Context *c, uint8_t t) { (void)mi; (void)c; return t ? (Status){RC_OK, NULL} : stay(); }

static Status invoke(MethodsMI *mi, const Context *context, const Result *result, const Path *path,
                     const char *method, const Args *given, Args *returned) {
    Out out = {0}; Asking own; (void)mi;
    begin(&out, &own, INVOKE_METHOD, context, path);
    put_optional(&out, method);
    uint32_t count = given->ft->count(given, NULL);
    put_count(&out, count);
    for (uint32_t i = 0; i < count; i++) {
        String *name = NULL;
        Data data = given->ft->getAt(given, i, &name, NULL);
        put_text(&out, chars(name));
        put_value(&out, data);
    }
    return carry_out(&out, &own, result, returned);
}

/* -- indications */

/* One thread for all filters of the agent's alerts, as long as the process lives; it rests while nobody listens. */
static pthread_mutex_t guard = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static int is_enabled, filters, is_carrying;

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
    uint64_t nobody = 0;
    put_byte(out, NEXT_INDICATIONS);
    put(out, &nobody, 8);
    put_text(out, ""); put_text(out, namespace); put_text(out, ""); put_count(out, 0);
    put_optional(out, token);
}

typedef struct { char text[64]; } Token; /* of the last indication that was delivered */

/* Delivers what Python has, and notes each; 0 where nobody takes it. The objects live until the thread is detached. */
static int deliver(In *in, Token *token) {
    uint32_t count = take_count(in);
    int is_taken = 1;
    Context *context = count ? context_for(0) : NULL;
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

/* Tells Python of a filter on a class of a provider's own; it may refuse. */
static Status tell(uint8_t operation, const Context *context, const Filter *filter, const Path *path) {
    Out out = {0}; Asking own; In in;
    char *reply;
    begin(&out, &own, operation, context, path);
    put_optional(&out, filter ? chars(filter->ft->text(filter, NULL)) : "");
    const char *reason = ask(&out, &in, &reply);
    leave_request(&own);
    free(out.data);
    int rc = reason ? RC_FAILED : (int)take_count(&in);
    Status status = rc == RC_OK ? (Status){RC_OK, NULL} : failed(rc, reason ? reason : take_text(&in));
    free(reply);
    return status;
}

static int is_of_agent(const Path *path) {
    return path && !strcasecmp(chars(path->ft->className(path, NULL)), alerts);
}

static Status activate(IndicationsMI *mi, const Context *context, const Filter *filter, const char *n, const Path *path,
                       uint8_t first) {
    pthread_t carrier;
    (void)mi; (void)n; (void)first;
    if (!is_of_agent(path)) return tell(ACTIVATE, context, filter, path);
    pthread_mutex_lock(&guard);
    if (!is_carrying && !pthread_create(&carrier, NULL, carry, NULL)) {
        is_carrying = 1;
        pthread_detach(carrier);
    }
    int is_ready = is_carrying;
    filters += is_ready;
    pthread_cond_signal(&changed);
    pthread_mutex_unlock(&guard);
    return is_ready ? (Status){RC_OK, NULL} : failed(RC_FAILED, "no thread for indications");
}

static Status deactivate(IndicationsMI *mi, const Context *context, const Filter *filter, const char *n, const Path *path,
                         uint8_t last) {
    (void)mi; (void)n; (void)last;
    if (!is_of_agent(path)) return tell(DEACTIVATE, context, filter, path);
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

static void begin_with(const Broker *given, const Context *context, Status *status) {
    broker = given;
    pthread_mutex_lock(&asking_guard);
    if (!origin) origin = broker->bft->prepareAttach(broker, context);
    pthread_mutex_unlock(&asking_guard);
    pthread_once(&once, start);
    if (status) *status = answer ? (Status){RC_OK, NULL} : failed(RC_FAILED, problem ? problem : "Python did not start");
}

#define CREATE(KIND, NAME, TABLE)                                                                        \
    __attribute__((visibility("default"))) KIND##MI *openesm_Create_##NAME##MI(                          \
        const Broker *given, const Context *context, Status *status) {                                   \
        static KIND##MI mi = {NULL, &TABLE};                                                             \
        begin_with(given, context, status);                                                              \
        return answer ? &mi : NULL;                                                                      \
    }
CREATE(Instances, Instance, instances_ft)
CREATE(Associations, Association, associations_ft)
CREATE(Methods, Method, methods_ft)
CREATE(Indications, Indication, indications_ft)
