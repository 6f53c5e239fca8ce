// br_table: a stack machine's interpreter, whose program counts the steps of the 3n+1 rule.
#include "bench.h"

SIZE(28000)

enum op { PUSH, LOAD, STORE, ADD, MUL, AND, SHIFT, XOR, DUP, SWAP, EQUAL, LESS, JUMP, JUMP_IF, CALL, RETURN, HALT };
enum variable { NUMBER, VALUE, STEPS, LIMIT, VARIABLES };
enum label { NEXT_NUMBER, NEXT_STEP, ODD, STEPPED, DONE, TRIPLE, LABELS };

static u32 code[128], length, label[LABELS];

static void emit(enum op op) {
    code[length++] = op;
}

static void emit_with(enum op op, u32 immediate) {
    code[length++] = op;
    code[length++] = immediate;
}

// Run twice: the first time finds where the labels are.
static void assemble(void) {
    length = 0;
    label[NEXT_NUMBER] = length;
    emit_with(LOAD, NUMBER), emit_with(STORE, VALUE);
    label[NEXT_STEP] = length;
    emit_with(LOAD, VALUE), emit_with(PUSH, 1), emit(AND), emit_with(JUMP_IF, label[ODD]);
    emit_with(LOAD, VALUE), emit_with(PUSH, 1), emit(SHIFT), emit_with(STORE, VALUE);
    emit_with(JUMP, label[STEPPED]);
    label[ODD] = length;
    emit_with(LOAD, VALUE), emit_with(PUSH, 1), emit(EQUAL), emit_with(JUMP_IF, label[DONE]);
    emit_with(LOAD, VALUE), emit_with(CALL, label[TRIPLE]), emit_with(STORE, VALUE);
    label[STEPPED] = length;
    emit_with(LOAD, STEPS), emit_with(PUSH, 1), emit(ADD), emit_with(STORE, STEPS);
    emit_with(JUMP, label[NEXT_STEP]);
    label[DONE] = length;
    emit_with(LOAD, NUMBER), emit_with(PUSH, 1), emit(ADD), emit(DUP), emit_with(STORE, NUMBER);
    emit_with(LOAD, LIMIT), emit(LESS), emit_with(JUMP_IF, label[NEXT_NUMBER]);
    emit_with(LOAD, NUMBER), emit_with(LOAD, STEPS), emit(SWAP), emit(XOR);
    emit(HALT);
    label[TRIPLE] = length;
    emit_with(PUSH, 3), emit(MUL), emit_with(PUSH, 1), emit(ADD), emit(RETURN);
}

static NOINLINE u32 interpret(u32 limit) {
    u32 variable[VARIABLES] = {1, 0, 0, limit};
    u32 stack[32], calls[8];
    u32 *sp = stack, *fp = calls;
    for (const u32 *pc = code;;) {
        switch ((enum op)*pc++) {
        case PUSH: *sp++ = *pc++; break;
        case LOAD: *sp++ = variable[*pc++]; break;
        case STORE: variable[*pc++] = *--sp; break;
        case ADD: sp--; sp[-1] += *sp; break;
        case MUL: sp--; sp[-1] *= *sp; break;
        case AND: sp--; sp[-1] &= *sp; break;
        case SHIFT: sp--; sp[-1] >>= *sp & 31; break;
        case XOR: sp--; sp[-1] ^= *sp; break;
        case DUP: *sp = sp[-1]; sp++; break;
        case SWAP: { u32 top = sp[-1]; sp[-1] = sp[-2]; sp[-2] = top; break; }
        case EQUAL: sp--; sp[-1] = sp[-1] == *sp; break;
        case LESS: sp--; sp[-1] = sp[-1] < *sp; break;
        case JUMP: pc = code + *pc; break;
        case JUMP_IF: pc = *--sp ? code + *pc : pc + 1; break;
        case CALL: *fp++ = pc + 1 - code; pc = code + *pc; break;
        case RETURN: pc = code + *--fp; break;
        case HALT: return sp[-1];
        }
    }
}

i64 run(i32 n) {
    assemble();
    assemble();
    return interpret(n);
}
