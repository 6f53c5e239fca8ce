// What AssemblyScript's compiler and library make of ten programs: a subcommand for each, and its size. Each
// prints a checksum; guests/go and guests/rust have the same programs and checksums.

@external("wasi_snapshot_preview1", "args_sizes_get")
declare function args_sizes_get(count: usize, bytes: usize): i32;
@external("wasi_snapshot_preview1", "args_get")
declare function args_get(args: usize, bytes: usize): i32;
@external("wasi_snapshot_preview1", "fd_write")
declare function fd_write(fd: i32, vectors: usize, count: i32, written: usize): i32;

// One step of a checksum over any words.
function mix(sum: u64, word: u64): u64 {
  sum = (sum ^ word) * 0x9e3779b97f4a7c15;
  return sum ^ (sum >> 29);
}

// The FNV-1a hash of text, so that checksums see every byte.
function hash(text: string): u64 {
  let h: u64 = 0xcbf29ce484222325;
  for (let i = 0; i < text.length; i++) h = (h ^ <u64>text.charCodeAt(i)) * 0x100000001b3;
  return h;
}

// Random numbers, good enough for tests (xorshift64).
class Random {
  constructor(private x: u64) {}
  next(): u64 {
    this.x ^= this.x << 13;
    this.x ^= this.x >> 7;
    this.x ^= this.x << 17;
    return this.x;
  }
}

function fib(n: i32): i32 {
  return n < 2 ? n : fib(n - 1) + fib(n - 2);
}

function tak(x: i32, y: i32, z: i32): i32 {
  return y >= x ? z : tak(tak(x - 1, y, z), tak(y - 1, z, x), tak(z - 1, x, y));
}

// A sum that no compiler knows a formula for.
function arith(n: i64): u64 {
  let sum: i64 = 0;
  for (let i: i64 = 0; i < n; i++) sum += i ^ (sum >> 1);
  return sum;
}

function sieve(n: i32): u64 {
  const composite = new Uint8Array(n);
  let count: u64 = 0, last = 0;
  for (let i = 2; i < n; i++) {
    if (composite[i]) continue;
    count++;
    last = i;
    for (let j = <i64>i * i; j < n; j += i) composite[<i32>j] = 1;
  }
  return count * n + last;
}

// @ts-ignore: decorator
@inline(false)
function fibLoop(n: i32): u64 {
  let a: u64 = 0, b: u64 = 1;
  for (let i = 0; i < n; i++) {
    const next = a + b;
    a = b;
    b = next;
  }
  return a;
}

function gcd(a: u32, b: u32): u32 {
  while (b) {
    const rest = a % b;
    a = b;
    b = rest;
  }
  return a;
}

function maps(n: i32): u64 {
  const random = new Random(88172645463325252);
  const seen = new Map<u64, u64>();
  for (let i = 0; i < n; i++) {
    const key = random.next() & 0xffff;
    seen.set(key, seen.has(key) ? seen.get(key) + 1 : 1);
  }
  let sum: u64 = seen.size;
  const keys = seen.keys();
  for (let i = 0; i < keys.length; i++) sum += keys[i] * seen.get(keys[i]);
  for (let i = 0; i < n; i++) {
    const key = <u64>i * 3;
    if (seen.has(key)) sum += seen.get(key);
  }
  return sum;
}

function strings(n: i32): u64 {
  const numbers = new Array<string>(n);
  for (let i: i64 = 0; i < n; i++) numbers[<i32>i] = (i * i).toString();
  const parts = numbers.join(",").split(",");
  let sum: u64 = 0, found: u64 = 0;
  for (let i = 0; i < parts.length; i++) {
    const word = "<" + parts[i].split("").reverse().join("") + ">";
    if (word.includes("44")) found++;
    sum = mix(sum, hash(word));
  }
  return mix(sum, found);
}

function sorting(n: i32): u64 {
  const random = new Random(2463534242);
  const values = new Uint64Array(n);
  for (let i = 0; i < n; i++) values[i] = random.next();
  values.sort();
  let sum: u64 = 0;
  for (let i = 0; i < n; i += 97) sum = mix(sum, values[i]);
  return sum;
}

class Item {
  id: i64 = 0;
  name: string = "";
  tags: string[] = [];
  score: i64 = 0;
}

function writeJson(items: Item[]): string {
  const parts = new Array<string>(items.length);
  for (let i = 0; i < items.length; i++) {
    const item = items[i];
    parts[i] = '{"id":' + item.id.toString() + ',"name":"' + item.name + '","tags":["' +
      item.tags.join('","') + '"],"score":' + item.score.toString() + "}";
  }
  return "[" + parts.join(",") + "]";
}

// A reader of what writeJson writes, with fields in any order.
class Reader {
  at: i32 = 0;
  constructor(private text: string) {}

  take(char: string): bool {
    const found = this.text.charCodeAt(this.at) == char.charCodeAt(0);
    if (found) this.at++;
    return found;
  }

  number(): i64 {
    const negative = this.take("-");
    let value: i64 = 0;
    for (;;) {
      const digit = this.text.charCodeAt(this.at) - 48;
      if (digit < 0 || digit > 9) break;
      value = value * 10 + digit;
      this.at++;
    }
    return negative ? -value : value;
  }

  string(): string {
    assert(this.take('"'));
    const start = this.at;
    while (this.text.charCodeAt(this.at) != 34) this.at++;
    return this.text.substring(start, this.at++);
  }

  item(): Item {
    assert(this.take("{"));
    const item = new Item();
    while (!this.take("}")) {
      this.take(",");
      const key = this.string();
      assert(this.take(":"));
      if (key == "id") item.id = this.number();
      else if (key == "name") item.name = this.string();
      else if (key == "score") item.score = this.number();
      else {
        assert(this.take("["));
        while (!this.take("]")) {
          this.take(",");
          item.tags.push(this.string());
        }
      }
    }
    return item;
  }

  items(): Item[] {
    assert(this.take("["));
    const all = new Array<Item>();
    while (!this.take("]")) {
      this.take(",");
      all.push(this.item());
    }
    return all;
  }
}

function json(n: i32): u64 {
  const items = new Array<Item>();
  for (let i = 0; i < n; i++) {
    const item = new Item();
    item.id = i;
    item.name = "item" + i.toString();
    item.tags = ["a" + (i % 7).toString(), "b" + (i % 11).toString()];
    item.score = item.id * item.id % 1009 - 500;
    items.push(item);
  }
  const text = writeJson(items);
  const back = new Reader(text).items();
  let sum = hash(text);
  for (let i = 0; i < back.length; i++) {
    const item = back[i];
    sum = mix(sum, <u64>(item.id + item.score) + <u64>item.name.length);
    for (let j = 0; j < item.tags.length; j++) sum = rotl<u64>(sum, 7) ^ hash(item.tags[j]);
  }
  return sum;
}

function run(program: string, n: i32): u64 {
  let sum: u64 = 0;
  if (program == "fib") return fib(n);
  if (program == "tak") return tak(n, n * 2 / 3, n / 3);
  if (program == "arith") return arith(n);
  if (program == "sieve") return sieve(n);
  if (program == "fib_loop") {
    for (let i = 0; i < n; i++) sum = mix(sum, fibLoop(25 - (i & 1)));
    return sum;
  }
  if (program == "gcd") {
    for (let i = 1; i <= n; i++) for (let j = 1; j <= n; j++) sum += gcd(i, j);
    return sum;
  }
  if (program == "maps") return maps(n);
  if (program == "strings") return strings(n);
  if (program == "sorting") return sorting(n);
  if (program == "json") return json(n);
  throw new Error("no such program");
}

function argument(args: usize, i: i32): string {
  return String.UTF8.decodeUnsafe(load<u32>(args + 4 * i), 1 << 20, true);
}

export function _start(): void {
  const sizes = heap.alloc(8);
  args_sizes_get(sizes, sizes + 4);
  assert(load<u32>(sizes) == 3, "usage: PROGRAM SIZE");
  const args = heap.alloc(4 * load<u32>(sizes));
  args_get(args, heap.alloc(load<u32>(sizes, 4)));
  const sum = run(argument(args, 1), <i32>parseInt(argument(args, 2)));
  const line = String.UTF8.encode(sum.toString(16).padStart(16, "0") + "\n");
  store<u32>(sizes, changetype<usize>(line));
  store<u32>(sizes, line.byteLength, 4);
  fd_write(1, sizes, 1, heap.alloc(4));
}
