/* The binary interface of CMPI 2.0 (The Open Group, C061), as far as the bridge uses it.
 *
 * The order of members and the codes are the standard's; members that are never called are untyped. */

#ifndef OPENESM_CMPI_H
#define OPENESM_CMPI_H

#include <stdint.h>

typedef void (*Unused)(void);
typedef struct Instance Instance;
typedef struct Path Path;
typedef struct Args Args;
typedef struct Array Array;
typedef struct String String;
typedef struct DateTime DateTime;
typedef struct Result Result;
typedef struct Context Context;
typedef struct Broker Broker;
typedef struct Filter Filter;
typedef struct Enumeration Enumeration;
typedef uint16_t Type;

enum { RC_OK = 0, RC_FAILED = 1, RC_NOT_SUPPORTED = 7, RC_NEVER_UNLOAD = 51 };
enum { STATE_NULL = 0x100, STATE_NOT_FOUND = 0x400, STATE_BAD = 0x8000 };
enum {
    TYPE_BOOLEAN = 2, TYPE_CHAR16 = 3, TYPE_REAL32 = 8, TYPE_REAL64 = 12,
    TYPE_UINT8 = 128, TYPE_UINT16 = 144, TYPE_UINT32 = 160, TYPE_UINT64 = 176,
    TYPE_SINT8 = 192, TYPE_SINT16 = 208, TYPE_SINT32 = 224, TYPE_SINT64 = 240,
    TYPE_INSTANCE = 4096, TYPE_REF = 4352, TYPE_STRING = 5632, TYPE_CHARS = 5888, TYPE_DATETIME = 6144,
    TYPE_ARRAY = 1 << 13
};

typedef struct { int rc; String *msg; } Status;
typedef union {
    uint64_t uint64; uint32_t uint32; uint16_t uint16; uint8_t uint8;
    int64_t sint64; int32_t sint32; int16_t sint16; int8_t sint8;
    double real64; float real32; uint8_t boolean;
    Instance *inst; Path *ref; Array *array; String *string; const char *chars; DateTime *dateTime;
    struct { void *ptr; unsigned length; } raw;
} Value;
typedef struct { Type type; uint16_t state; Value value; } Data;

struct String { void *hdl; struct {
    int version; Unused release, clone;
    const char *(*chars)(const String *, Status *);
} *ft; };

struct Array { void *hdl; struct {
    int version; Unused release, clone;
    unsigned (*size)(const Array *, Status *);
    Type (*type)(const Array *, Status *);
    Data (*get)(const Array *, unsigned, Status *);
    Status (*set)(Array *, unsigned, const Value *, Type);
} *ft; };

struct DateTime { void *hdl; struct {
    int version; Unused release, clone, binary;
    String *(*text)(const DateTime *, Status *);
} *ft; };

struct Instance { void *hdl; struct {
    int version; Unused release, clone, get;
    Data (*getAt)(const Instance *, unsigned, String **, Status *);
    unsigned (*count)(const Instance *, Status *);
    Status (*set)(const Instance *, const char *, const Value *, Type);
    Path *(*path)(const Instance *, Status *);
} *ft; };

struct Path { void *hdl; struct {
    int version; Unused release, clone, setNameSpace;
    String *(*nameSpace)(const Path *, Status *);
    Unused setHostname, hostname, setClassName;
    String *(*className)(const Path *, Status *);
    Status (*addKey)(Path *, const char *, const Value *, Type);
    Unused getKey;
    Data (*keyAt)(const Path *, unsigned, String **, Status *);
    unsigned (*keyCount)(const Path *, Status *);
} *ft; };

struct Args { void *hdl; struct {
    int version; Unused release, clone;
    Status (*add)(const Args *, const char *, const Value *, Type);
    Unused get;
    Data (*getAt)(const Args *, unsigned, String **, Status *);
    unsigned (*count)(const Args *, Status *);
} *ft; };

struct Context { void *hdl; struct {
    int version; Unused release, clone;
    Data (*entry)(const Context *, const char *, Status *);
} *ft; };

struct Result { void *hdl; struct {
    int version; Unused release, clone;
    Status (*data)(const Result *, const Value *, Type);
    Status (*instance)(const Result *, const Instance *);
    Status (*path)(const Result *, const Path *);
    Status (*done)(const Result *);
} *ft; };

struct Filter { void *hdl; struct {
    int version; Unused release, clone, evaluate;
    String *(*text)(const Filter *, Status *);
} *ft; };

struct Enumeration { void *hdl; struct {
    int version; Unused release, clone;
    Data (*next)(const Enumeration *, Status *);
    uint8_t (*hasNext)(const Enumeration *, Status *);
} *ft; };

struct Broker { void *hdl;
    struct {
        unsigned capabilities, version; const char *name;
        Context *(*prepareAttach)(const Broker *, const Context *);
        Status (*attach)(const Broker *, const Context *);
        Status (*detach)(const Broker *, const Context *);
        Status (*deliver)(const Broker *, const Context *, const char *, const Instance *);
        Enumeration *(*enumNames)(const Broker *, const Context *, const Path *, Status *);
        Instance *(*get)(const Broker *, const Context *, const Path *, const char **, Status *);
        Path *(*create)(const Broker *, const Context *, const Path *, const Instance *, Status *);
        Status (*modify)(const Broker *, const Context *, const Path *, const Instance *, const char **);
        Status (*remove)(const Broker *, const Context *, const Path *);
        Unused query;
        Enumeration *(*enumInstances)(const Broker *, const Context *, const Path *, const char **, Status *);
        Enumeration *(*associators)(const Broker *, const Context *, const Path *, const char *, const char *,
                                    const char *, const char *, const char **, Status *);
        Enumeration *(*associatorNames)(const Broker *, const Context *, const Path *, const char *,
                                        const char *, const char *, const char *, Status *);
        Enumeration *(*references)(const Broker *, const Context *, const Path *, const char *, const char *,
                                   const char **, Status *);
        Enumeration *(*referenceNames)(const Broker *, const Context *, const Path *, const char *,
                                       const char *, Status *);
        Data (*invoke)(const Broker *, const Context *, const Path *, const char *, const Args *, Args *,
                       Status *);
    } *bft;
    struct {
        int version;
        Instance *(*instance)(const Broker *, const Path *, Status *);
        Path *(*path)(const Broker *, const char *, const char *, Status *);
        Args *(*args)(const Broker *, Status *);
        String *(*string)(const Broker *, const char *, Status *);
        Array *(*array)(const Broker *, unsigned, Type, Status *);
        Unused dateTime, dateTimeFromBinary;
        DateTime *(*dateTimeFromChars)(const Broker *, const char *, Status *);
        Unused filter;
        uint8_t (*isA)(const Broker *, const Path *, const char *, Status *);
    } *eft;
};

#define MI(NAME) typedef struct NAME##MI { void *hdl; const struct NAME##FT *ft; } NAME##MI
#define HEAD int ftVersion, miVersion; const char *name
MI(Instances); MI(Associations); MI(Methods); MI(Indications);

struct InstancesFT { HEAD;
    Status (*cleanup)(InstancesMI *, const Context *, uint8_t);
    Status (*enumNames)(InstancesMI *, const Context *, const Result *, const Path *);
    Status (*enumInstances)(InstancesMI *, const Context *, const Result *, const Path *, const char **);
    Status (*get)(InstancesMI *, const Context *, const Result *, const Path *, const char **);
    Status (*create)(InstancesMI *, const Context *, const Result *, const Path *, const Instance *);
    Status (*modify)(InstancesMI *, const Context *, const Result *, const Path *, const Instance *,
                     const char **);
    Status (*remove)(InstancesMI *, const Context *, const Result *, const Path *);
    Status (*query)(InstancesMI *, const Context *, const Result *, const Path *, const char *, const char *);
};

struct AssociationsFT { HEAD;
    Status (*cleanup)(AssociationsMI *, const Context *, uint8_t);
    Status (*associators)(AssociationsMI *, const Context *, const Result *, const Path *, const char *,
                          const char *, const char *, const char *, const char **);
    Status (*associatorNames)(AssociationsMI *, const Context *, const Result *, const Path *, const char *,
                              const char *, const char *, const char *);
    Status (*references)(AssociationsMI *, const Context *, const Result *, const Path *, const char *,
                         const char *, const char **);
    Status (*referenceNames)(AssociationsMI *, const Context *, const Result *, const Path *, const char *,
                             const char *);
};

struct MethodsFT { HEAD;
    Status (*cleanup)(MethodsMI *, const Context *, uint8_t);
    Status (*invoke)(MethodsMI *, const Context *, const Result *, const Path *, const char *, const Args *,
                     Args *);
};

struct IndicationsFT { HEAD;
    Status (*cleanup)(IndicationsMI *, const Context *, uint8_t);
    Status (*authorize)(IndicationsMI *, const Context *, const Filter *, const char *, const Path *,
                        const char *);
    Status (*mustPoll)(IndicationsMI *, const Context *, const Filter *, const char *, const Path *);
    Status (*activate)(IndicationsMI *, const Context *, const Filter *, const char *, const Path *, uint8_t);
    Status (*deactivate)(IndicationsMI *, const Context *, const Filter *, const char *, const Path *,
                         uint8_t);
    Status (*enable)(IndicationsMI *, const Context *);
    Status (*disable)(IndicationsMI *, const Context *);
};

#endif
