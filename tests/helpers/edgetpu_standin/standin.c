/* A stand-in for edgetpu_compiler, for envdoctor's tests only: the same options, texts, files and exit statuses, written
 * from what 402 logs of the real one show. It compiles nothing: what it writes is no Edge TPU program.
 *
 * EDGETPU_STANDIN_FAIL=KIND[@OP] makes it fail while operator OP (any, if not given) is mapped; KIND is one of
 * internal, exception, crash, large, silent, or slow (which then takes @SECONDS). */
#include <getopt.h>
#include <signal.h>
#include <unistd.h>

#include "builtins.h"
#include "tflite.h"

#include "compiled.h"
#include "mapping.h"

static struct {
  const char *out_dir, *stops;
  int runtime, show, segments, several, search, step, limit;
} options = {.out_dir = ".", .runtime = 14, .segments = 1, .step = 1, .limit = 180};

static int major;

static const char HELP[] =
    "Edge TPU Compiler (envdoctor's test stand-in)\n\nUsage:\nedgetpu_compiler [options] model...\n\nOptions:\n"
    "  -h, --help\n  -v, --version\n  -o, --out_dir DIR\n  -m, --min_runtime_version N\n  -s, --show_operations\n"
    "  -i, --intermediate_tensors NAMES\n  -n, --num_segments N\n  -a, --enable_multiple_subgraphs\n"
    "  -d, --search_delegate\n  -k, --delegate_search_step N\n  --timeout_sec N\n";

static int refuse(Model *m, const char *why) {
  fprintf(stderr, "Invalid model: %s\n%s\n", m->name, why);
  return 1;
}

/* What the real compiler says before it starts: 1 if it refuses the model. */
static int check_model(Model *m, int state) {
  if (state == 1) fprintf(stderr, "Error opening file for reading: %s\n", m->name);
  if (state == 1 || state == 2) return refuse(m, "Model could not be parsed");
  if (state == 3) {
    refuse(m, "Model could not be parsed");
    fprintf(stderr, "ERROR: Did not get operators, tensors, or buffers in subgraph 0.\n");
    return 1;
  }
  int quantized = 0;
  for (int i = 0; i < m->op_count; i++) {
    Op *op = &m->ops[i];
    if (op->code >= 150 || op->code >= BUILTIN_COUNT) {
      fprintf(stderr,
              "ERROR: Op builtin_code out of range: %d. Are you using old TFLite binary with newer model?\n"
              "ERROR: Registration failed.\n\n",
              op->code);
      return refuse(m, "Model could not be parsed");
    }
    for (int k = 0; REFUSED[k].op; k++)
      if (REFUSED[k].compiler == major && !strcmp(REFUSED[k].op, op_name(op)) && op->version >= REFUSED[k].version) {
        fprintf(stderr, "ERROR: Didn't find op for builtin opcode '%s' version '%d'%s\n\nERROR: Registration failed.\n\n",
                op_name(op), op->version,
                major < 15 ? "" : ". An older version of this builtin might be supported. Are you using an old TFLite binary with a newer model?");
        return refuse(m, "Model could not be parsed");
      }
    for (uint32_t k = 0; k < length(&m->file, op->outputs); k++) {
      int t = tensor_at(m, op->outputs, k);
      if (t >= 0 && m->tensors[t].quantized && m->tensors[t].type != FLOAT32) quantized = 1;
    }
  }
  return quantized ? 0 : refuse(m, "Model not quantized");
}

static int fail(const char *why) {
  if (why) printf("Compilation failed: %s\n", why);
  return 1;
}

/* What the compiler's own TFLite interpreter says. */
static int check_interpreter(Model *m) {
  static const char *KNOWN = "TFLite_Detection_PostProcess PosenetDecoderOp";
  static const char *SHAPED[] = {"RESHAPE", "RESIZE_BILINEAR", "RESIZE_NEAREST_NEIGHBOR", "TILE", "BROADCAST_TO", NULL};
  const char *refused = "Model failed in Tflite interpreter. Please ensure model can be loaded/run in Tflite interpreter.";
  for (int i = 0; i < m->op_count; i++) {
    Op *op = &m->ops[i];
    if (op->custom[0] && !strstr(KNOWN, op->custom)) {
      fprintf(stderr, "ERROR: Encountered unresolved custom op: %s.\nERROR: Node number %d (%s) failed to prepare.\n\n",
              op->custom, i, op->custom);
      return fail(refused);
    }
    for (int k = 0; SHAPED[k]; k++) {
      int shape = length(&m->file, op->inputs) > 1 ? tensor_at(m, op->inputs, 1) : -1;
      if (!strcmp(SHAPED[k], op_name(op)) && shape >= 0 && !m->tensors[shape].constant) {
        fprintf(stderr, "ERROR: Attempting to use a delegate that only supports static-sized tensors with a graph that "
                        "has dynamic-sized tensors.\n");
        return fail(refused);
      }
    }
  }
  return 0;
}

/* The failures that EDGETPU_STANDIN_FAIL asks for. */
static int check_trigger(Plan *p) {
  const char *trigger = getenv("EDGETPU_STANDIN_FAIL"), *at = trigger ? strchr(trigger, '@') : NULL;
  if (!trigger || !*trigger) return 0;
  int value = at ? atoi(at + 1) : -1, size = at ? (int)(at - trigger) : (int)strlen(trigger);
  if (!strncmp(trigger, "slow", size)) {
    sleep(value < options.limit ? value : options.limit);
    return value < options.limit ? 0 : fail("Compilation timeout. This is usually caused by large activations.");
  }
  if (value >= 0 && !(in_segment(p, value) && p->mapped[value])) return 0;
  if (!strncmp(trigger, "crash", size)) raise(SIGSEGV);
  if (!strncmp(trigger, "large", size)) {
    fprintf(stderr, "ERROR: Restored original execution plan after delegate application failure.\n");
    return fail("Compilation failed due to large activation tensors in model.");
  }
  if (!strncmp(trigger, "exception", size))
    fprintf(stderr, "%sterminating with uncaught exception of type std::out_of_range: vector\n", major < 15 ? "" : "libc++abi: ");
  else if (strncmp(trigger, "internal", size))
    return 1;
  if (major < 16) fprintf(stderr, "\nInternal compiler error. Aborting! \n");
  return 1;
}

static const char *in_units(double bytes) {
  static char text[4][32];
  static int next;
  const char *units[] = {"B", "KiB", "MiB", "GiB"};
  int unit = 0;
  for (; bytes >= 1024 && unit < 3; unit++) bytes /= 1024;
  next = (next + 1) % 4;
  snprintf(text[next], sizeof text[next], "%.2f%s", bytes, units[unit]);
  return text[next];
}

static void print_table(FILE *to, Model *m, Plan *p) {
  fprintf(to, "Operator                       Count      Status\n\n");
  for (int i = p->from; i < p->to; i++) {
    int count = 0, seen = 0;
    for (int k = p->from; k < p->to; k++) {
      int same = m->ops[k].code == m->ops[i].code && p->status[k] == p->status[i];
      seen |= same && k < i;
      count += same;
    }
    if (!seen) fprintf(to, "%-31s%-11d%s\n", op_name(&m->ops[i]), count, p->status[i]);
  }
}

static void report(Model *m, Plan *p, const char *in, const char *stem, long size, int groups) {
  int total = p->to - p->from, mapped = 0;
  for (int i = p->from; i < p->to; i++) mapped += p->mapped[i];
  const char *parameters = mapped ? in_units(m->file.size) : "0.00B", *room = major < 2 ? "8.00MiB" : "7.00MiB";
  printf("\nInput model: %s\nInput size: %s\nOutput model: %s.tflite\nOutput size: %s\n", in, in_units(m->file.size), stem,
         in_units(size));
  if (major < 2) printf("On-chip memory available for caching model parameters: %s\n", room);
  printf("On-chip memory used for caching model parameters: %s\n", parameters);
  if (major >= 2) printf("On-chip memory remaining for caching model parameters: %s\n", mapped ? room : "0.00B");
  printf("Off-chip memory used for streaming uncached model parameters: 0.00B\nNumber of Edge TPU subgraphs: %d\n"
         "Total number of operations: %d\nOperation log: %s.log\n",
         groups, total, stem);
  if (mapped < total)
    printf("\nModel successfully compiled but not all operations are supported by the Edge TPU. A percentage of the model "
           "will instead run on the CPU, which is slower. If possible, consider updating your model to use only operations "
           "supported by the Edge TPU. For details, visit g.co/coral/model-reqs.\nNumber of operations that will run on Edge "
           "TPU: %d\nNumber of operations that will run on CPU: %d\n",
           mapped, total - mapped);
  if (options.show) {
    printf("\n");
    print_table(stdout, m, p);
  } else {
    printf("See the operation log file for individual operation details.\n");
  }
}

static int write_files(Model *m, Plan *p, const char *in, const char *stem) {
  char path[5000];
  int groups;
  snprintf(path, sizeof path, "%s.tflite", stem);
  long size = write_compiled(m, p, path, &groups);
  snprintf(path, sizeof path, "%s.log", stem);
  FILE *log = size < 0 ? NULL : fopen(path, "w");
  if (!log) {
    fprintf(stderr, "Error opening file for writing: %s\n", path);
    return 1;
  }
  fprintf(log, "Edge TPU Compiler version %s\nInput: %s\nOutput: %s.tflite\n\n", VERSION, in, stem);
  print_table(log, m, p);
  fclose(log);
  report(m, p, in, stem, size, groups);
  return 0;
}

static void print_border(Model *m, int limit) {
  const char *comma = "Intermediate tensors: ";
  for (uint32_t k = 0; k < length(&m->file, m->ops[limit].inputs); k++) {
    int t = tensor_at(m, m->ops[limit].inputs, k);
    if (t < 0 || m->tensors[t].constant) continue;
    printf("%s%s", comma, m->tensors[t].name);
    comma = ",";
  }
  printf("\n");
}

static int attempt(Model *m, Plan *p, int limit) {
  if (major >= 16) printf("Started a compilation timeout timer of %d seconds.\n", options.limit);
  plan_model(m, p, limit, options.stops, options.several, options.runtime);
  fflush(stdout);
  int failed = check_interpreter(m) || check_trigger(p);
  fflush(stdout);
  return failed;
}

static void verdict(int failed) {
  if (major >= 16)
    printf("Compilation child process completed within timeout period.\nCompilation %s! \n", failed ? "failed" : "succeeded");
}

/* One segment, or the whole model; with -d, ever fewer operators until it works. */
static int compile(Model *m, Plan *p, const char *in, const char *stem, int single) {
  int limit = p->to, failed;
  if (options.search) printf("Searching for valid delegate with step %d\n", options.step);
  for (;;) {
    if (options.search) printf("Try to compile segment with %d ops\n", limit - p->from);
    if (options.search && limit < p->to) print_border(m, limit);
    failed = attempt(m, p, limit);
    if (!failed) break;
    verdict(1);
    limit -= options.step;
    if (!options.search || limit <= p->from) return 1;
  }
  if (single) printf("\nModel compiled successfully in 7 ms.\n");
  failed = write_files(m, p, in, stem);
  verdict(failed);
  return failed;
}

static int compile_file(Model *m, int single) {
  static Plan plan;
  char in[4096], stem[4096], base[1024];
  const char *slash = strrchr(m->name, '/');
  snprintf(base, sizeof base, "%s", slash ? slash + 1 : m->name);
  char *dot = strrchr(base, '.');
  if (dot) *dot = 0;
  const char *folder = strcmp(options.out_dir, ".") ? options.out_dir : "", *join = *folder ? "/" : "";
  for (int i = 0; i < options.segments; i++) {
    plan.from = m->op_count * i / options.segments;
    plan.to = m->op_count * (i + 1) / options.segments;
    snprintf(in, sizeof in, "%s", m->name);
    snprintf(stem, sizeof stem, "%s%s%s_edgetpu", folder, join, base);
    if (options.segments > 1) {
      snprintf(in, sizeof in, "%s_segment_%d_of_%d.tflite", base, i, options.segments);
      snprintf(stem, sizeof stem, "%s%s%s_segment_%d_of_%d_edgetpu", folder, join, base, i, options.segments);
    }
    if (compile(m, &plan, in, stem, single)) return 1;
  }
  return 0;
}

static void print_facts(void) {
#if defined(__x86_64__)
  unsigned leaf[4] = {0};
  __asm__ volatile("cpuid" : "=a"(leaf[0]), "=b"(leaf[1]), "=c"(leaf[2]), "=d"(leaf[3]) : "a"(0x40000000), "c"(0));
  printf("cpuid 0x40000000: %.12s\n", (char *)&leaf[1]);
#endif
}

int main(int argc, char **argv) {
  static const struct option LONG[] = {
      {"help", 0, 0, 'h'},          {"version", 0, 0, 'v'},
      {"out_dir", 1, 0, 'o'},       {"min_runtime_version", 1, 0, 'm'},
      {"show_operations", 0, 0, 's'}, {"intermediate_tensors", 1, 0, 'i'},
      {"num_segments", 1, 0, 'n'},  {"enable_multiple_subgraphs", 0, 0, 'a'},
      {"search_delegate", 0, 0, 'd'}, {"delegate_search_step", 1, 0, 'k'},
      {"timeout_sec", 1, 0, 't'},   {"standin_facts", 0, 0, 'F'},
      {0, 0, 0, 0}};
  major = atoi(VERSION);
  for (int option; (option = getopt_long(argc, argv, "hvo:m:si:n:adk:t:", LONG, NULL)) != -1;) switch (option) {
      case 'h': return printf("%s", HELP) < 0;
      case 'v': return printf("Edge TPU Compiler version %s\n", VERSION) < 0;
      case 'F': return print_facts(), 0;
      case 'o': options.out_dir = optarg; break;
      case 'm': options.runtime = atoi(optarg); break;
      case 's': options.show = 1; break;
      case 'i': options.stops = optarg; break;
      case 'n': options.segments = atoi(optarg) > 1 ? atoi(optarg) : 1; break;
      case 'a': options.several = 1; break;
      case 'd': options.search = 1; break;
      case 'k': options.step = atoi(optarg) > 1 ? atoi(optarg) : 1; break;
      case 't': options.limit = atoi(optarg); break;
      default: return 1;
    }
  if (optind == argc) {
    fprintf(stderr, "%s", HELP);
    return 1;
  }
  printf("Edge TPU Compiler version %s\n", VERSION);
  fflush(stdout);
  int single = argc - optind == 1;
  for (int i = optind; i < argc; i++) {
    Model *m = calloc(1, sizeof *m);
    if (check_model(m, read_model(m, argv[i]))) return 1;
    if (!single && i == optind) printf("\nModels compiled successfully in 7 ms.\n");
    if (compile_file(m, single)) return 1;
  }
  return 0;
}
