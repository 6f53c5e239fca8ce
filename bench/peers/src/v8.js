// V8 under measurement: obeys one command a line, as JSON, and answers with one line. Times are the
// thread's processor time (of the whole process for loading, which V8 shares among threads), or the wall's.
"use strict";
const fs = require("fs");
const readline = require("readline");
const wall = process.argv[2] === "wall";

// Seconds that this thread has spent on a processor; the system counts nanoseconds.
function thread() {
  if (wall) return performance.now() / 1e3;
  return Number(fs.readFileSync("/proc/thread-self/schedstat", "utf8").split(" ")[0]) / 1e9;
}

function everything() {
  if (wall) return performance.now() / 1e3;
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

class Exit extends Error {
  constructor(status) {
    super(`exit status ${status}`);
    this.status = status;
  }
}

// As much of WASI as the programs need: the same as wasi.rs has for the other engines.
function wasi(args) {
  const state = { memory: null, output: [], random: 1n };
  const view = () => new DataView(state.memory.buffer);
  const bytes = () => new Uint8Array(state.memory.buffer);
  const encoded = args.map((arg) => Buffer.from(arg + "\0"));
  const begin = performance.now();
  const functions = {
    args_sizes_get(count, size) {
      view().setUint32(count, encoded.length, true);
      view().setUint32(size, encoded.reduce((sum, arg) => sum + arg.length, 0), true);
      return 0;
    },
    args_get(list, text) {
      for (const arg of encoded) {
        view().setUint32(list, text, true);
        bytes().set(arg, text);
        list += 4;
        text += arg.length;
      }
      return 0;
    },
    environ_sizes_get(count, size) {
      view().setUint32(count, 0, true);
      view().setUint32(size, 0, true);
      return 0;
    },
    environ_get: () => 0,
    sched_yield: () => 0,
    fd_close: () => 0,
    fd_fdstat_set_flags: () => 0,
    clock_time_get(_id, _precision, at) {
      view().setBigUint64(at, BigInt(Math.round((performance.now() - begin) * 1e6)), true);
      return 0;
    },
    random_get(at, len) {
      for (let i = 0; i < len; i++) {
        state.random = BigInt.asUintN(64, state.random * 6364136223846793005n + 1n);
        bytes()[at + i] = Number(state.random >> 56n);
      }
      return 0;
    },
    fd_write(_fd, vectors, count, written) {
      let sum = 0;
      for (let i = 0; i < count; i++) {
        const at = view().getUint32(vectors + 8 * i, true);
        const len = view().getUint32(vectors + 8 * i + 4, true);
        state.output.push(Buffer.from(bytes().slice(at, at + len)));
        sum += len;
      }
      view().setUint32(written, sum, true);
      return 0;
    },
    fd_fdstat_get(fd, at) {
      if (fd > 2) return 8;
      bytes().set([2, 0, 0, 0, 0, 0, 0, 0], at);
      bytes().fill(0xff, at + 8, at + 24);
      return 0;
    },
    poll_oneoff(subscriptions, events, _count, stored) {
      view().setBigUint64(events, view().getBigUint64(subscriptions, true), true);
      bytes().fill(0, events + 8, events + 32);
      view().setUint32(stored, 1, true);
      return 0;
    },
    proc_exit(status) {
      throw new Exit(status);
    },
    fd_prestat_get: () => 8,
    fd_prestat_dir_name: () => 8,
  };
  const unknown = () => 52;
  const imports = new Proxy(functions, { get: (object, name) => object[name] ?? unknown });
  return { state, imports: { wasi_snapshot_preview1: imports } };
}

const things = [];
const next = { host: { next: (x) => (x + 1) | 0 } };

const commands = {
  version: () => ({ text: `V8 ${process.versions.v8} (Node.js ${process.versions.node})` }),
  load({ path, times }) {
    const wasm = fs.readFileSync(path);
    const begin = everything();
    for (let i = 0; i < times; i++) new WebAssembly.Module(wasm);
    return { seconds: everything() - begin };
  },
  program({ path }) {
    return { id: things.push(new WebAssembly.Module(fs.readFileSync(path))) - 1 };
  },
  run({ id, args }) {
    const { state, imports } = wasi(args);
    const begin = thread();
    const instance = new WebAssembly.Instance(things[id], imports);
    const made = thread();
    state.memory = instance.exports.memory;
    try {
      instance.exports._start();
    } catch (error) {
      if (!(error instanceof Exit && error.status === 0)) throw error;
    }
    const done = thread();
    return { instantiate: made - begin, run: done - made, text: Buffer.concat(state.output).toString().trim() };
  },
  prepare({ path, kind }) {
    const module = new WebAssembly.Module(fs.readFileSync(path));
    const { add, count, count_indirect } = new WebAssembly.Instance(module, next).exports;
    const work = {
      Instantiate(times) {
        for (let i = 0; i < times; i++) new WebAssembly.Instance(module, next);
        return null;
      },
      TypedCall(times) {
        let sum = 0;
        for (let i = 0; i < times; i++) sum = add(sum, i);
        return sum;
      },
      HostCall: (times) => count(times),
      IndirectCall: (times) => count_indirect(times),
    }[kind];
    return { id: things.push(work) - 1 };
  },
  repeat({ id, times }) {
    const begin = thread();
    const result = things[id](times);
    return { seconds: thread() - begin, result };
  },
  drop({ id }) {
    things[id] = null;
    return {};
  },
};

readline.createInterface({ input: process.stdin }).on("line", (line) => {
  const command = JSON.parse(line);
  let answer;
  try {
    answer = commands[command.op](command);
  } catch (error) {
    answer = { error: String(error) };
  }
  fs.writeSync(1, JSON.stringify(answer) + "\n");
});
