/* Operations that providers ask of the CIMOM: bytes in, bytes out. */

#ifndef OPENESM_UPCALLS_H
#define OPENESM_UPCALLS_H

#include "form.h"

enum { LISTED_MOST = 4096 };

static const char *take_optional(In *in) { return take_byte(in) ? take_text(in) : NULL; }

/* A property list; NULL for all, and where it is too long to be one. */
static const char **take_list(In *in, const char **room) {
    uint32_t count = take_count(in);
    if (count == NO_LIST) return NULL;
    if (count >= LISTED_MOST) { in->is_bad = 1; return NULL; }
    for (uint32_t i = 0; i < count; i++) room[i] = take_text(in);
    room[count] = NULL;
    return room;
}

static Args *take_args(In *in) {
    Args *args = broker->eft->args(broker, NULL);
    uint32_t count = take_count(in);
    for (uint32_t i = 0; i < count && !in->is_bad; i++) {
        const char *name = take_text(in);
        Type type;
        Value value;
        int is_there = take_value(in, &type, &value);
        args->ft->add(args, name, is_there ? handed(type, &value) : NULL, type);
    }
    return args;
}

static void put_status(Out *out, Status status) {
    put_count(out, (uint32_t)status.rc);
    put_text(out, status.msg ? chars(status.msg) : "");
}

static void put_found(Out *out, Status status, const Enumeration *found) {
    put_status(out, status);
    size_t at = out->length;
    uint32_t count = 0;
    put_count(out, 0);
    for (; status.rc == RC_OK && found && found->ft->hasNext(found, NULL); count++) {
        Data data = found->ft->next(found, NULL);
        put_byte(out, data.type == TYPE_REF ? 1 : 2);
        if (data.type == TYPE_REF) put_path(out, data.value.ref);
        else put_instance(out, data.value.inst);
    }
    memcpy(out->data + at, &count, 4);
}

/* An answer that is one path or instance, or nothing. */
static void put_one(Out *out, Status status, const Path *path, const Instance *instance) {
    int is_there = status.rc == RC_OK && (path || instance);
    put_status(out, status);
    put_count(out, (uint32_t)is_there);
    if (!is_there) return;
    put_byte(out, path ? 1 : 2);
    if (path) put_path(out, path);
    else put_instance(out, instance);
}

static void put_invoked(Out *out, Status status, Data result, const Args *returned) {
    put_one(out, status, NULL, NULL);
    put_value(out, result);
    uint32_t count = returned->ft->count(returned, NULL);
    put_count(out, count);
    for (uint32_t i = 0; i < count; i++) {
        String *name = NULL;
        Data data = returned->ft->getAt(returned, i, &name, NULL);
        put_text(out, chars(name));
        put_value(out, data);
    }
}

static void walk_up(In *in, Out *out, uint8_t operation, const Context *context, const Path *path) {
    const char *room[LISTED_MOST];
    Status status = {RC_OK, NULL};
    int with_values = operation == ASSOCIATORS || operation == REFERENCES;
    const char **names = with_values ? take_list(in, room) : NULL;
    int is_far = operation == ASSOCIATORS || operation == ASSOCIATOR_NAMES;
    const char *association = is_far ? take_optional(in) : NULL, *resulting = take_optional(in);
    const char *role = take_optional(in), *other_role = is_far ? take_optional(in) : NULL;
    const Enumeration *found = NULL;
    switch (operation) {
    case ASSOCIATORS:
        found = broker->bft->associators(broker, context, path, association, resulting, role, other_role, names, &status);
        break;
    case ASSOCIATOR_NAMES:
        found = broker->bft->associatorNames(broker, context, path, association, resulting, role, other_role, &status);
        break;
    case REFERENCES:
        found = broker->bft->references(broker, context, path, resulting, role, names, &status);
        break;
    default:
        found = broker->bft->referenceNames(broker, context, path, resulting, role, &status);
    }
    put_found(out, status, found);
}

/* Carries one operation out, in a thread that is attached. */
static void operate(In *in, Out *out, const Context *context) {
    const char *room[LISTED_MOST];
    Status status = {RC_OK, NULL};
    uint8_t operation = take_byte(in);
    Path *path = take_path(in);
    if (in->is_bad || !path) { put_one(out, (Status){RC_FAILED, NULL}, NULL, NULL); return; }
    const Enumeration *found;
    const char **names, *method;
    Path *made;
    Instance *instance;
    Args *returned;
    Data result;
    switch (operation) {
    case ENUM_NAMES:
        found = broker->bft->enumNames(broker, context, path, &status);
        put_found(out, status, found);
        return;
    case ENUM_INSTANCES:
        names = take_list(in, room);
        found = broker->bft->enumInstances(broker, context, path, names, &status);
        put_found(out, status, found);
        return;
    case GET_INSTANCE:
        names = take_list(in, room);
        instance = broker->bft->get(broker, context, path, names, &status);
        put_one(out, status, NULL, instance);
        return;
    case CREATE_INSTANCE:
        instance = take_instance(in);
        if (!instance || in->is_bad) break;
        made = broker->bft->create(broker, context, path, instance, &status);
        put_one(out, status, made, NULL);
        return;
    case MODIFY_INSTANCE:
        names = take_list(in, room);
        instance = take_instance(in);
        if (!instance || in->is_bad) break;
        put_one(out, broker->bft->modify(broker, context, path, instance, names), NULL, NULL);
        return;
    case DELETE_INSTANCE:
        put_one(out, broker->bft->remove(broker, context, path), NULL, NULL);
        return;
    case INVOKE_METHOD:
        method = take_optional(in);
        returned = broker->eft->args(broker, NULL);
        result = broker->bft->invoke(broker, context, path, method, take_args(in), returned, &status);
        put_invoked(out, status, result, returned);
        return;
    case DELIVER:
        instance = take_instance(in);
        if (!instance || in->is_bad) break;
        put_one(out, broker->bft->deliver(broker, context, chars(path->ft->nameSpace(path, NULL)), instance), NULL, NULL);
        return;
    case IS_A:
        put_one(out, status, broker->eft->isA(broker, path, take_optional(in), &status) ? path : NULL, NULL);
        return;
    default:
        walk_up(in, out, operation, context, path);
        return;
    }
    put_one(out, (Status){RC_FAILED, NULL}, NULL, NULL);
}

#endif
