// For QuickJS: objects, closures, strings and big integers, and a number at the end that must be right.
class Sieve {
  constructor(limit) {
    this.composite = new Uint8Array(limit);
    this.primes = [];
    for (let i = 2; i < limit; i++) {
      if (this.composite[i]) continue;
      this.primes.push(i);
      for (let j = i * i; j < limit; j += i) this.composite[j] = 1;
    }
  }
}
const { primes } = new Sieve(200000);
const digits = new Map();
for (const prime of primes) for (const digit of String(prime)) digits.set(digit, (digits.get(digit) ?? 0) + 1);
const product = primes.slice(0, 200).reduce((sum, prime) => sum * BigInt(prime), 1n);
console.log(JSON.stringify({ count: primes.length, sum: primes.reduce((a, b) => a + b), ones: digits.get("1"),
  big: String(product % 1000000007n) }));
