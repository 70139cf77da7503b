/* CMPI objects as bytes, and bytes as CMPI objects; the form is that of esmd/cmpi/form.py. */

#ifndef OPENESM_FORM_H
#define OPENESM_FORM_H

#include <stdlib.h>
#include <string.h>

#include "cmpi.h"

enum {
    ENUM_NAMES = 1, ENUM_INSTANCES, GET_INSTANCE, CREATE_INSTANCE, MODIFY_INSTANCE, DELETE_INSTANCE, EXEC_QUERY,
    ASSOCIATORS, ASSOCIATOR_NAMES, REFERENCES, REFERENCE_NAMES, INVOKE_METHOD, NEXT_INDICATIONS,
    ACTIVATE, DEACTIVATE, DELIVER, IS_A
};
enum { NO_LIST = 0xFFFFFFFFu };

static const Broker *broker;
static const char *namespace = "root/ESMPRO/AS";

/* -- as bytes */

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

/* -- as objects of the CIMOM */

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

#endif
