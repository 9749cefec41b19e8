/* A kernel for the CUSTOM operator example.rms_norm, as an external delegate of TensorFlow Lite and LiteRT.
 *
 *     gcc -O2 -shared -fPIC -o rms_norm.so kernel.c -lm
 *
 * No Python package has TensorFlow Lite's C headers. What stands here is the part of their layout that a kernel needs
 * (tensorflow/lite/core/c/common.h, 64-bit).
 */
#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

typedef enum { OK = 0, ERROR = 1 } Status;
enum { FLOAT32 = 1, ALLOW_DYNAMIC_TENSORS = 1, FLEX_FLOAT = 3, FLEX_INDIRECT_FLOAT = 8, FLEX_MAP = 9 };

typedef struct { int size; int data[]; } IntArray;
typedef struct {
  int type; void *data; IntArray *dims; float scale; int32_t zero_point; int allocation_type; size_t bytes;
  const void *allocation; const char *name; void *delegate; int buffer_handle; bool stale, variable;
  struct { int type; void *params; } quantization; void *sparsity; const IntArray *dims_signature;
} Tensor;
typedef struct {
  IntArray *inputs, *outputs, *intermediates, *temporaries; void *user_data, *builtin_data;
  const void *options; int options_size; void *delegate; bool side_effect;
} Node;
typedef struct Context Context;
typedef struct Delegate Delegate;
typedef struct {
  void *(*init)(Context *, const char *, size_t);
  void (*free)(Context *, void *);
  Status (*prepare)(Context *, Node *);
  Status (*invoke)(Context *, Node *);
  const char *(*profiling_string)(const Context *, const Node *);
  int32_t builtin_code; const char *custom_name; int version; void *external, *async_kernel; uint64_t inplace;
} Registration;
struct Context {
  size_t tensors_size;
  Status (*plan)(Context *, IntArray **);
  Tensor *tensors;
  void *impl;
  Status (*resize)(Context *, Tensor *, IntArray *);
  void (*report)(Context *, const char *, ...);
  Status (*add_tensors)(Context *, int, int *);
  Status (*node)(Context *, int, Node **, Registration **);
  Status (*replace)(Context *, Registration, const IntArray *, Delegate *);
};
struct Delegate {
  void *data; Status (*prepare)(Context *, Delegate *); void *copy_from, *copy_to, *free_handle;
  int64_t flags; void *builder;
};
typedef struct { Delegate *delegate; IntArray *nodes, *inputs, *outputs; } Part;
typedef struct { int x, weight, out; double epsilon; } Kernel;

static uint64_t number(const uint8_t *at, int width) {
  uint64_t value = 0;
  memcpy(&value, at, (size_t)width);
  return value;
}

static double real(const uint8_t *at, int width) {
  float single; double wide;
  if (width == 4) { memcpy(&single, at, 4); return single; }
  memcpy(&wide, at, 8);
  return wide;
}

/* A number in the flexbuffer map of the operator's options; it is stored in 4 bytes where they hold it, else in 8. */
static Status option(const uint8_t *data, int size, const char *name, double *value) {
  if (size < 3 || data[size - 2] >> 2 != FLEX_MAP) return ERROR;
  int width = 1 << (data[size - 2] & 3), root = data[size - 1];
  const uint8_t *at = data + size - 2 - root, *map = at - number(at, root);
  const uint8_t *keys = map - 3 * width - number(map - 3 * width, width);
  int key_width = (int)number(map - 2 * width, width);
  uint64_t count = number(map - width, width);
  for (uint64_t i = 0; i < count; i++) {
    const uint8_t *key = keys + i * key_width, *item = map + i * width;
    int packed = map[count * width + i];
    if (strcmp((const char *)(key - number(key, key_width)), name)) continue;
    if (packed >> 2 == FLEX_FLOAT) *value = real(item, width);
    else if (packed >> 2 == FLEX_INDIRECT_FLOAT) *value = real(item - number(item, width), 1 << (packed & 3));
    else return ERROR;
    return OK;
  }
  return ERROR;
}

static void *init(Context *context, const char *buffer, size_t length) {
  const Part *part = (const Part *)buffer;
  Node *node; Registration *registration;
  (void)length;
  Kernel *kernel = calloc(1, sizeof *kernel);
  if (!kernel || context->node(context, part->nodes->data[0], &node, &registration) != OK) return kernel;
  kernel->x = node->inputs->data[0], kernel->weight = node->inputs->data[1], kernel->out = node->outputs->data[0];
  if (option(node->options, node->options_size, "epsilon", &kernel->epsilon) != OK) kernel->epsilon = -1;
  return kernel;
}

static void destroy(Context *context, void *kernel) { (void)context; free(kernel); }

static Status prepare(Context *context, Node *node) {
  const Kernel *kernel = node->user_data;
  const int used[] = {kernel->x, kernel->weight, kernel->out};
  if (kernel->epsilon < 0) { context->report(context, "example.rms_norm: it has no option epsilon"); return ERROR; }
  for (int i = 0; i < 3; i++)
    if (context->tensors[used[i]].type != FLOAT32) {
      context->report(context, "example.rms_norm: float32 only, and a tensor has type %d", context->tensors[used[i]].type);
      return ERROR;
    }
  return OK;
}

static Status invoke(Context *context, Node *node) {
  const Kernel *kernel = node->user_data;
  const Tensor *x = &context->tensors[kernel->x];
  const float *in = x->data, *weight = context->tensors[kernel->weight].data;
  float *out = context->tensors[kernel->out].data;
  int last = x->dims->data[x->dims->size - 1], rows = (int)(x->bytes / sizeof(float)) / last;
  for (int row = 0; row < rows; row++, in += last, out += last) {
    double sum = 0;
    for (int i = 0; i < last; i++) sum += (double)in[i] * in[i];
    double scale = 1 / sqrt(sum / last + kernel->epsilon);
    for (int i = 0; i < last; i++) out[i] = (float)(in[i] * scale * weight[i]);
  }
  return OK;
}

/* Take the operator's nodes over, each by itself. */
static Status take(Context *context, Delegate *delegate) {
  Registration kernel = {.init = init, .free = destroy, .prepare = prepare, .invoke = invoke,
                         .custom_name = "example.rms_norm kernel", .version = 1};
  IntArray *plan;
  if (context->plan(context, &plan) != OK) return ERROR;
  int count = plan->size, *nodes = malloc(sizeof(int) * (size_t)(count + 1));
  IntArray *alone = malloc(sizeof(IntArray) + sizeof(int));
  Status status = nodes && alone ? OK : ERROR;
  if (status == OK) memcpy(nodes, plan->data, sizeof(int) * (size_t)count);
  for (int i = 0; status == OK && i < count; i++) {
    Node *node; Registration *registration;
    status = context->node(context, nodes[i], &node, &registration);
    if (status != OK || !registration->custom_name || strcmp(registration->custom_name, "example.rms_norm")) continue;
    alone->size = 1, alone->data[0] = nodes[i];
    status = context->replace(context, kernel, alone, delegate);
  }
  free(nodes), free(alone);
  return status;
}

Delegate *tflite_plugin_create_delegate(char **keys, char **values, size_t count, void (*report)(const char *)) {
  (void)keys, (void)values, (void)count, (void)report;
  Delegate *delegate = calloc(1, sizeof *delegate);
  /* Without the flag every operator is prepared first, and the interpreter ends at the unresolved one. */
  if (delegate) delegate->prepare = take, delegate->flags = ALLOW_DYNAMIC_TENSORS;
  return delegate;
}

void tflite_plugin_destroy_delegate(Delegate *delegate) { free(delegate); }
