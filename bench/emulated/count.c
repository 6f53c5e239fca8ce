// A plugin of qemu's user-mode emulation: counts the instructions that are executed outside of the program's own code, which
// is machine code that the program has made, and says in which blocks most of them were.
//
//     cc -O2 -shared -fPIC count.c -o count.so
//     qemu-aarch64 -plugin count.so[,hot=N] -d plugin PROGRAM ...
//
// What the plugin uses of qemu is declared here, as there is no package of its header in Debian 12.
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef uint64_t qemu_plugin_id_t;
typedef struct qemu_info qemu_info;
struct qemu_plugin_tb;
struct qemu_plugin_insn;
enum { INLINE_ADD_U64 };

void qemu_plugin_register_vcpu_tb_trans_cb(qemu_plugin_id_t, void (*)(qemu_plugin_id_t, struct qemu_plugin_tb *));
void qemu_plugin_register_vcpu_tb_exec_inline(struct qemu_plugin_tb *, int op, void *counter, uint64_t add);
void qemu_plugin_register_atexit_cb(qemu_plugin_id_t, void (*)(qemu_plugin_id_t, void *), void *);
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *);
uint64_t qemu_plugin_tb_vaddr(const struct qemu_plugin_tb *);
struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *, size_t);
char *qemu_plugin_insn_disas(const struct qemu_plugin_insn *);
uint64_t qemu_plugin_start_code(void);
uint64_t qemu_plugin_end_code(void);
void qemu_plugin_outs(const char *);

__attribute__((visibility("default"))) int qemu_plugin_version = 1;

// A block as it was translated. One that is translated again is counted in a record of its own.
struct block {
    uint64_t address, instructions, executed;
    char *text;
    struct block *next;
};

static struct block *blocks;
static int hot;

// Blocks are translated under a lock.
static void translated(qemu_plugin_id_t id, struct qemu_plugin_tb *tb) {
    uint64_t address = qemu_plugin_tb_vaddr(tb);
    if (address >= qemu_plugin_start_code() && address < qemu_plugin_end_code())
        return;
    struct block *block = calloc(1, sizeof *block);
    block->address = address;
    block->instructions = qemu_plugin_tb_n_insns(tb);
    if (hot) {
        size_t len = 0;
        block->text = malloc(block->instructions * 96 + 1);
        for (size_t i = 0; i < block->instructions; i++) {
            char *text = qemu_plugin_insn_disas(qemu_plugin_tb_get_insn(tb, i));
            len += snprintf(block->text + len, 96, "    %s\n", text);
            free(text);
        }
    }
    block->next = blocks;
    blocks = block;
    qemu_plugin_register_vcpu_tb_exec_inline(tb, INLINE_ADD_U64, &block->executed, 1);
}

static int hotter(const void *a, const void *b) {
    const struct block *x = *(struct block **)a, *y = *(struct block **)b;
    uint64_t p = x->executed * x->instructions, q = y->executed * y->instructions;
    return p < q ? 1 : p > q ? -1 : 0;
}

static void ended(qemu_plugin_id_t id, void *data) {
    char line[128];
    uint64_t total = 0;
    size_t count = 0;
    for (struct block *block = blocks; block; block = block->next, count++)
        total += block->executed * block->instructions;
    snprintf(line, sizeof line, "instructions %" PRIu64 "\n", total);
    qemu_plugin_outs(line);
    struct block **sorted = malloc((count + 1) * sizeof *sorted);
    size_t at = 0;
    for (struct block *block = blocks; block; block = block->next)
        sorted[at++] = block;
    qsort(sorted, count, sizeof *sorted, hotter);
    for (at = 0; at < count && at < (size_t)hot; at++) {
        struct block *block = sorted[at];
        snprintf(line, sizeof line, "%#" PRIx64 ": %" PRIu64 " times %" PRIu64 " instructions, %.1f %%\n",
                 block->address, block->executed, block->instructions,
                 100.0 * block->executed * block->instructions / total);
        qemu_plugin_outs(line);
        qemu_plugin_outs(block->text);
    }
}

__attribute__((visibility("default")))
int qemu_plugin_install(qemu_plugin_id_t id, const qemu_info *info, int argc, char **argv) {
    for (int i = 0; i < argc; i++)
        if (!strncmp(argv[i], "hot=", 4))
            hot = atoi(argv[i] + 4);
    qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
    qemu_plugin_register_atexit_cb(id, ended, NULL);
    return 0;
}
