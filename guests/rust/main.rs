//! What rustc and its standard library make of ten programs: a subcommand for each, and its size. Each prints
//! a checksum; guests/go and guests/assemblyscript have the same programs and checksums.

use std::collections::HashMap;
use std::fmt::Write;

/// One step of a checksum over any words.
fn mix(sum: u64, word: u64) -> u64 {
    let sum = (sum ^ word).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    sum ^ (sum >> 29)
}

/// The FNV-1a hash of text, so that checksums see every byte.
fn hash(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |h, byte| (h ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3))
}

/// Random numbers, good enough for tests (xorshift64).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }
}

#[inline(never)]
fn fib(n: i32) -> i32 {
    if n < 2 { n } else { fib(n - 1) + fib(n - 2) }
}

#[inline(never)]
fn tak(x: i32, y: i32, z: i32) -> i32 {
    if y >= x { z } else { tak(tak(x - 1, y, z), tak(y - 1, z, x), tak(z - 1, x, y)) }
}

/// A sum that no compiler knows a formula for.
fn arith(n: i64) -> u64 {
    (0..n).fold(0i64, |sum, i| sum.wrapping_add(i ^ (sum >> 1))) as u64
}

fn sieve(n: usize) -> u64 {
    let mut composite = vec![false; n];
    let (mut count, mut last) = (0, 0);
    for i in 2..n {
        if composite[i] {
            continue;
        }
        (count, last) = (count + 1, i);
        let mut j = i as u64 * i as u64;
        while j < n as u64 {
            composite[j as usize] = true;
            j += i as u64;
        }
    }
    count * n as u64 + last as u64
}

#[inline(never)]
fn fib_loop(n: u64) -> u64 {
    (0..n).fold((0u64, 1u64), |(a, b), _| (b, a.wrapping_add(b))).0
}

fn gcd(mut a: u32, mut b: u32) -> u32 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}

fn maps(n: u64) -> u64 {
    let mut random = Random(88_172_645_463_325_252);
    let mut seen: HashMap<u64, u64> = HashMap::new();
    for _ in 0..n {
        *seen.entry(random.next() & 0xffff).or_default() += 1;
    }
    let sum = seen.iter().fold(seen.len() as u64, |sum, (key, count)| sum + key * count);
    (0..n).fold(sum, |sum, i| sum + seen.get(&(i * 3)).copied().unwrap_or(0))
}

fn strings(n: u64) -> u64 {
    let mut all = String::new();
    for i in 0..n {
        if i > 0 {
            all.push(',');
        }
        all += &(i * i).to_string();
    }
    let (mut sum, mut found) = (0, 0);
    for part in all.split(',') {
        let turned: String = part.chars().rev().collect();
        let word = format!("<{turned}>");
        found += u64::from(word.contains("44"));
        sum = mix(sum, hash(&word));
    }
    mix(sum, found)
}

fn sorting(n: usize) -> u64 {
    let mut random = Random(2_463_534_242);
    let mut values: Vec<u64> = (0..n).map(|_| random.next()).collect();
    values.sort_unstable();
    values.iter().step_by(97).fold(0, |sum, value| mix(sum, *value))
}

struct Item {
    id: i64,
    name: String,
    tags: Vec<String>,
    score: i64,
}

fn write_json(items: &[Item]) -> String {
    let mut text = String::from("[");
    for (i, item) in items.iter().enumerate() {
        let comma = if i > 0 { "," } else { "" };
        let _ = write!(text, "{comma}{{\"id\":{},\"name\":\"{}\",\"tags\":[", item.id, item.name);
        for (i, tag) in item.tags.iter().enumerate() {
            let _ = write!(text, "{}\"{tag}\"", if i > 0 { "," } else { "" });
        }
        let _ = write!(text, "],\"score\":{}}}", item.score);
    }
    text.push(']');
    text
}

/// A reader of what `write_json` writes, with fields in any order.
struct Reader<'a> {
    text: &'a [u8],
    at: usize,
}

impl Reader<'_> {
    fn take(&mut self, byte: u8) -> bool {
        if self.text[self.at] != byte {
            return false;
        }
        self.at += 1;
        true
    }

    fn number(&mut self) -> i64 {
        let negative = self.take(b'-');
        let mut value = 0;
        while self.text[self.at].is_ascii_digit() {
            value = value * 10 + i64::from(self.text[self.at] - b'0');
            self.at += 1;
        }
        if negative { -value } else { value }
    }

    fn string(&mut self) -> String {
        assert!(self.take(b'"'));
        let start = self.at;
        while self.text[self.at] != b'"' {
            self.at += 1;
        }
        self.at += 1;
        String::from_utf8(self.text[start..self.at - 1].to_vec()).unwrap()
    }

    fn list<T>(&mut self, mut element: impl FnMut(&mut Self) -> T) -> Vec<T> {
        assert!(self.take(b'['));
        let mut all = Vec::new();
        while !self.take(b']') {
            self.take(b',');
            all.push(element(self));
        }
        all
    }

    fn item(&mut self) -> Item {
        assert!(self.take(b'{'));
        let mut item = Item { id: 0, name: String::new(), tags: Vec::new(), score: 0 };
        while !self.take(b'}') {
            self.take(b',');
            let key = self.string();
            assert!(self.take(b':'));
            match key.as_str() {
                "id" => item.id = self.number(),
                "name" => item.name = self.string(),
                "tags" => item.tags = self.list(Self::string),
                "score" => item.score = self.number(),
                other => panic!("{other}"),
            }
        }
        item
    }
}

fn json(n: i64) -> u64 {
    let items: Vec<Item> = (0..n)
        .map(|id| Item {
            id,
            name: format!("item{id}"),
            tags: vec![format!("a{}", id % 7), format!("b{}", id % 11)],
            score: id * id % 1009 - 500,
        })
        .collect();
    let text = write_json(&items);
    let back = Reader { text: text.as_bytes(), at: 0 }.list(Reader::item);
    let mut sum = hash(&text);
    for item in &back {
        sum = mix(sum, ((item.id + item.score) as u64).wrapping_add(item.name.len() as u64));
        for tag in &item.tags {
            sum = sum.rotate_left(7) ^ hash(tag);
        }
    }
    sum
}

fn main() {
    let args: Vec<String> = std::env::args().collect();
    let (program, n) = match &args[..] {
        [_, program, n] => (program.as_str(), n.parse::<i32>().expect("a number")),
        _ => panic!("usage: PROGRAM SIZE"),
    };
    let sum = match program {
        "fib" => fib(n) as u64,
        "tak" => tak(n, n * 2 / 3, n / 3) as u64,
        "arith" => arith(n.into()),
        "sieve" => sieve(n as usize),
        "fib_loop" => (0..n as u64).fold(0, |sum, i| mix(sum, fib_loop(25 - (i & 1)))),
        "gcd" => (1..=n as u32).flat_map(|i| (1..=n as u32).map(move |j| u64::from(gcd(i, j)))).sum(),
        "maps" => maps(n as u64),
        "strings" => strings(n as u64),
        "sorting" => sorting(n as usize),
        "json" => json(n.into()),
        other => panic!("no program {other}"),
    };
    println!("{sum:016x}");
}
