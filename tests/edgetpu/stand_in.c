/* Stands in for libedgetpu.so.1 where there is no Edge TPU: a TFLite delegate that claims `edgetpu-custom-op`.
 *
 * For tests alone. It exports what the runtime asks of a delegate library (tensorflow/lite/delegates/external) and declares
 * the few structures that it needs as TFLite 2.5 to 2.17 lay them out (tensorflow/lite/core/c/common.h), so that a C compiler
 * is all that it takes. What it does beside computing is told by MUSTER_STAND_IN; tests/edgetpu/stand_in.py lists the words.
 *
 * What a compiled model computes here is in its custom op's data: a whole TFLite file, which is run by the TFLite runtime of
 * the process that loaded us (through Python's C API, found at run time), or any other bytes, which are the answer. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

typedef struct { int size; int data[]; } IntArray;
typedef struct { int type; void *data; IntArray *dims; float scale; int32_t zero_point; int allocation; size_t bytes;
                 const void *mapped; const char *name; } TensorHead;  /* followed by more; its size is measured, see stride() */
typedef struct { IntArray *inputs, *outputs, *intermediates, *temporaries; void *user_data, *builtin_data;
                 const void *custom_data; int custom_size; } NodeHead;
struct Context;
typedef struct {
    void *(*init)(struct Context *, const char *, size_t);
    void (*free)(struct Context *, void *);
    int (*prepare)(struct Context *, NodeHead *);
    int (*invoke)(struct Context *, NodeHead *);
    const char *(*profiling_string)(const struct Context *, const NodeHead *);
    int32_t builtin_code;
    const char *custom_name;
    int version;
    /* Libraries built before TensorFlow 2.8 know nothing of what follows, and the structure is passed by value. */
    void *later[3];
} Registration;
typedef struct Context {
    size_t n_tensors;
    int (*execution_plan)(struct Context *, IntArray **);
    char *tensors;
    void *impl;
    void *resize;
    void (*report_error)(struct Context *, const char *, ...);
    void *add_tensors;
    int (*node_and_registration)(struct Context *, int, NodeHead **, Registration **);
    int (*replace_nodes)(struct Context *, Registration, const IntArray *, void *);
} Context;
typedef struct Delegate {
    void *data;
    int (*prepare)(Context *, struct Delegate *);
    void *copies[3];
    int64_t flags;
    void *opaque;
} Delegate;
typedef struct { Delegate *delegate; IntArray *nodes, *inputs, *outputs; } DelegateParams;

enum { OK = 0, ERROR = 1 };
static const char NAME[] = "edgetpu-custom-op";
static int n_calls;

/* One word of MUSTER_STAND_IN, a comma-separated list, and the number behind it; 0 where it is not asked for, -1 without one. */
static long asked(const char *word) {
    const char *told = getenv("MUSTER_STAND_IN");
    size_t length = strlen(word);
    for (; told && *told; told = strchr(told, ',') ? strchr(told, ',') + 1 : NULL) {
        if (strncmp(told, word, length) == 0 && (told[length] == 0 || told[length] == ',')) return -1;
        if (strncmp(told, word, length) == 0 && told[length] == ' ') return strtol(told + length, NULL, 10);
    }
    return 0;
}

static void hang(void) { for (;;) pause(); }

static void last_words(void) {
    fputs("F driver/usb/usb_driver.cc:857] transfer on tag 2 failed. Abort. Deadline exceeded: USB transfer error 2\n", stderr);
    fflush(stderr);
    abort();
}

/* Python, of the process that we are in. */
static int (*gil_ensure)(void);
static void (*gil_release)(int);
static void *(*run_string)(const char *, int, void *, void *);
static void *globals;

static const char TWIN[] =
    "import ctypes, importlib, sys\n"
    "runtime = importlib.import_module(next(n for n in ('tflite_runtime', 'ai_edge_litert') if n in sys.modules) + '.interpreter')\n"
    "twins = {}\n"
    "def prepare(key, address, size):\n"
    "    twins[key] = runtime.Interpreter(model_content=ctypes.string_at(address, size), num_threads=1)\n"
    "    twins[key].allocate_tensors()\n"
    "def invoke(key, given, size, wanted):\n"
    "    twin = twins[key]\n"
    "    told = twin.get_input_details()[0]\n"
    "    raw = ctypes.string_at(given, size)\n"
    "    twin.set_tensor(told['index'], __import__('numpy').frombuffer(raw, told['dtype']).reshape(told['shape']))\n"
    "    twin.invoke()\n"
    "    by_name = {d['name']: d['index'] for d in twin.get_output_details()}\n"
    "    for name, address, size in wanted:\n"
    "        values = twin.get_tensor(by_name[name]).tobytes()\n"
    "        assert len(values) == size\n"
    "        ctypes.memmove(address, values, size)\n";

static int python(const char *code) {
    int state = gil_ensure();
    void *done = run_string(code, 257 /* Py_file_input */, globals, globals);
    if (!done) ((void (*)(void))dlsym(RTLD_DEFAULT, "PyErr_Print"))();
    gil_release(state);
    return done ? OK : ERROR;
}

static int find_python(void) {
    if (globals) return OK;
    *(void **)&gil_ensure = dlsym(RTLD_DEFAULT, "PyGILState_Ensure");
    *(void **)&gil_release = dlsym(RTLD_DEFAULT, "PyGILState_Release");
    *(void **)&run_string = dlsym(RTLD_DEFAULT, "PyRun_String");
    void *(*new_dict)(void);
    *(void **)&new_dict = dlsym(RTLD_DEFAULT, "PyDict_New");
    if (!gil_ensure || !gil_release || !run_string || !new_dict) return ERROR;
    int state = gil_ensure();
    globals = new_dict();
    gil_release(state);
    return python(TWIN);
}

/* sizeof(TfLiteTensor) grew over the years: tensors lie one behind the other, so two neighbours' `name` pointers tell it. */
static size_t stride(const Context *context) {
    for (size_t bytes = sizeof(TensorHead); bytes <= 256; bytes += 8) {
        const char *name = ((TensorHead *)(context->tensors + bytes))->name;
        const IntArray *dims = ((TensorHead *)(context->tensors + bytes))->dims;
        int type = ((TensorHead *)(context->tensors + bytes))->type;
        if (type == 9 /* kTfLiteInt8 */ && name && dims && (uintptr_t)name > 65536 && (uintptr_t)dims > 65536 && dims->size > 0 && dims->size < 6)
            return bytes;
    }
    return 0;
}

static TensorHead *tensor(const Context *context, int index) { return (TensorHead *)(context->tensors + index * stride(context)); }

typedef struct { const char *content; int size; bool is_twin; } Kernel;

static void *kernel_init(Context *context, const char *buffer, size_t length) {
    const DelegateParams *params = (const DelegateParams *)buffer;
    (void)length;
    NodeHead *node;
    Registration *registration;
    if (context->node_and_registration(context, params->nodes->data[0], &node, &registration) != OK) return NULL;
    Kernel *kernel = malloc(sizeof *kernel);
    *kernel = (Kernel){node->custom_data, node->custom_size, false};
    kernel->is_twin = kernel->size > 8 && memcmp(kernel->content + 4, "TFL3", 4) == 0;
    return kernel;
}

static void kernel_free(Context *context, void *kernel) { (void)context; free(kernel); }

static int kernel_prepare(Context *context, NodeHead *node) {
    const Kernel *kernel = node->user_data;
    (void)context;
    if (!kernel || (kernel->is_twin && find_python() != OK)) return ERROR;
    if (!kernel->is_twin) return OK;
    char code[200];
    snprintf(code, sizeof code, "prepare(%ld, %ld, %d)", (long)kernel, (long)kernel->content, kernel->size);
    return python(code);
}

static int compute(Context *context, NodeHead *node) {
    const Kernel *kernel = node->user_data;
    const TensorHead *given = tensor(context, node->inputs->data[0]);
    char code[4000];
    int used = snprintf(code, sizeof code, "invoke(%ld, %ld, %ld, [", (long)kernel, (long)given->data, (long)given->bytes);
    size_t told = 0;
    for (int i = 0; i < node->outputs->size; i++) {
        const TensorHead *wanted = tensor(context, node->outputs->data[i]);
        used += snprintf(code + used, sizeof code - used, "('%s', %ld, %ld), ", wanted->name, (long)wanted->data, (long)wanted->bytes);
        for (size_t byte = 0; !kernel->is_twin && kernel->size && byte < wanted->bytes; byte++)
            ((char *)wanted->data)[byte] = kernel->content[told++ % kernel->size];
    }
    snprintf(code + used, sizeof code - used, "])");
    return kernel->is_twin ? python(code) : OK;
}

static int kernel_invoke(Context *context, NodeHead *node) {
    n_calls++;
    if (asked("slow") > 0) nanosleep(&(struct timespec){asked("slow") / 1000, asked("slow") % 1000 * 1000000}, NULL);
    if (asked("hang") == n_calls) hang();
    if (asked("abort") == n_calls) last_words();
    if (asked("kill") == n_calls) raise(SIGKILL);
    if (asked("segv") == n_calls) raise(SIGSEGV);
    if (asked("error") == n_calls) return ERROR;
    int status = compute(context, node);
    for (int i = 0; asked("wrong") && i < node->outputs->size; i++) {
        TensorHead *answer = tensor(context, node->outputs->data[i]);
        for (size_t byte = 0; byte < answer->bytes; byte++) ((char *)answer->data)[byte] ^= 0x55;
    }
    return status;
}

static int delegate_prepare(Context *context, Delegate *delegate) {
    IntArray *plan;
    if (context->execution_plan(context, &plan) != OK) return ERROR;
    IntArray *claimed = malloc(sizeof(IntArray) + sizeof(int) * plan->size);
    claimed->size = 0;
    for (int i = 0; i < plan->size; i++) {
        NodeHead *node;
        Registration *registration;
        if (context->node_and_registration(context, plan->data[i], &node, &registration) != OK) return ERROR;
        if (registration->custom_name && strcmp(registration->custom_name, NAME) == 0) claimed->data[claimed->size++] = plan->data[i];
    }
    Registration ours = {kernel_init, kernel_free, kernel_prepare, kernel_invoke, NULL, 0, NAME, 1, {NULL, NULL, NULL}};
    if (asked("abi")) memset(ours.later, 0x41, sizeof ours.later);  /* what the runtime finds there when we never wrote it */
    int status = claimed->size ? context->replace_nodes(context, ours, claimed, delegate) : OK;
    free(claimed);
    return status;
}

/* Whether the stick is free and is the one that is wanted. */
static bool is_there(const char *device) {
    const char *told = getenv("MUSTER_STAND_IN"), *lock = getenv("MUSTER_STAND_IN_LOCK");
    const char *only = told ? strstr(told, "only ") : NULL;
    if (asked("no device") || (only && strcspn(only + 5, ",") != strlen(device))) return false;
    if (only && strncmp(only + 5, device, strlen(device)) != 0) return false;
    if (!lock) return true;
    static int file = -1;  /* delegates of one process share the stick, as in libedgetpu */
    if (file >= 0) return true;
    file = open(lock, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (file >= 0 && flock(file, LOCK_EX | LOCK_NB) == 0) return true;
    if (file >= 0) close(file);
    file = -1;
    return false;
}

Delegate *tflite_plugin_create_delegate(char **keys, char **values, size_t n, void (*report)(const char *)) {
    const char *device = "";
    (void)report;
    for (size_t i = 0; i < n; i++) if (strcmp(keys[i], "device") == 0) device = values[i];
    if (asked("hang open")) hang();
    if (asked("abort open")) last_words();
    if (!is_there(device)) return NULL;  /* as libedgetpu does: without a word */
    Delegate *delegate = calloc(1, sizeof *delegate);
    delegate->prepare = delegate_prepare;
    delegate->flags = 1;  /* kTfLiteDelegateFlagsAllowDynamicTensors */
    return delegate;
}

void tflite_plugin_destroy_delegate(Delegate *delegate) { free(delegate); }

const char *edgetpu_version(void) { return "BuildLabel(stand-in of Muster's tests), RuntimeVersion(14)"; }
