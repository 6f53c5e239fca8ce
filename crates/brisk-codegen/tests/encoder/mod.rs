//! What the tests of both assemblers share: choices, and the search for methods without a test.

/// Choices: bytes that are given, then xorshift.
pub struct Source {
    data: Vec<u8>,
    at: usize,
    state: u64,
}

impl Source {
    pub fn new(data: &[u8], seed: u64) -> Source {
        Source { data: data.to_vec(), at: 0, state: seed }
    }

    pub fn next(&mut self) -> u64 {
        if let Some(&byte) = self.data.get(self.at) {
            self.at += 1;
            return u64::from(byte) | (self.state << 8);
        }
        self.state ^= self.state << 13;
        self.state ^= self.state >> 7;
        self.state ^= self.state << 17;
        self.state >> 8
    }

    pub fn below(&mut self, limit: usize) -> usize {
        (self.next() % limit as u64) as usize
    }

    pub fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.below(of.len())]
    }

    pub fn flag(&mut self) -> bool {
        self.next() & 1 != 0
    }
}

/// Rows of tables cannot be forgotten, the cases come from the tables; methods could be: each public one of some sources, and
/// each of their traits, has to be called in the cases. Gives how many there are.
pub fn methods_with_a_case(sources: &[&str], cases: &[&str]) -> usize {
    let cases = cases.concat();
    let mut count = 0;
    let mut in_trait = false;
    for line in sources.iter().flat_map(|source| source.lines()) {
        in_trait = line.starts_with("pub trait ") || in_trait && line != "}";
        let declared = line.strip_prefix("    pub fn ");
        let Some(declared) = declared.or(line.strip_prefix("    fn ").filter(|_| in_trait)) else { continue };
        let name = declared.split(['(', '<']).next().expect("a method has a name");
        let called = [format!(".{name}("), format!("Assembler::{name}")];
        assert!(called.iter().any(|call| cases.contains(call)), "no case for {name}");
        count += 1;
    }
    count
}

/// Calls a fuzz target's body with bytes of many lengths.
pub fn any_bytes(mut body: impl FnMut(&[u8])) {
    let mut source = Source::new(&[], 99);
    for len in 0..2000 {
        let data: Vec<u8> = (0..len % 64).map(|_| source.next() as u8).collect();
        body(&data);
    }
}
