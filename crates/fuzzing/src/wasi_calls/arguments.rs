//! Arguments for calls, and what they point to: good for something, or as bad as can be.

use super::interface::{Best, EVENT, FUNCTIONS, Function, Param, SUBSCRIPTION};
use arbitrary::{Result, Unstructured};
use std::ops::Range;

/// Bytes of the guest's memory.
pub const MEMORY: u32 = 1 << 16;

/// The numbers at which things go wrong.
const WORDS: [u32; 24] = [
    0,
    1,
    2,
    3,
    4,
    7,
    15,
    24,
    100,
    1024,
    1025,
    MEMORY - 64,
    MEMORY - 8,
    MEMORY - 1,
    MEMORY,
    MEMORY + 1,
    0xffff,
    0x2000,
    0x7fff_ffff,
    0x8000_0000,
    0xffff_0000,
    0xffff_fff8,
    0xffff_fffe,
    0xffff_ffff,
];
const LONGS: [u64; 16] = [
    0,
    1,
    7,
    64,
    4096,
    0x7fff_ffff,
    0xffff_ffff,
    0x1_0000_0000,
    0x3fff_ffff,
    1_000_000_000,
    1 << 62,
    i64::MAX as u64,
    1 << 63,
    u64::MAX,
    u64::MAX - 1,
    -4096i64 as u64,
];
/// Everything a descriptor of a directory or a file can be given.
const ALL_RIGHTS: u64 = 0x3fff_ffff;
/// To read, to write, to seek, to tell.
const SOME_RIGHTS: u64 = 0b110_0110;

/// Paths with which something can be done.
const GOOD: [&str; 9] = ["a", "n", "d", "e", "d/a", "e/n", "n/a", "in", "m"];
/// Parts of paths. Some exist, some lead outside, some are no names.
const NAMES: [&str; 20] = [
    "a",
    "n",
    "d",
    "..",
    ".",
    "",
    "l",
    "up",
    "abs",
    "loop",
    "in",
    "p",
    "s",
    "m",
    "canary",
    "inside",
    "kept",
    "outside",
    "\0",
    "\u{fffd}\u{10ffff}",
];

/// A call that is about to be made.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Call {
    /// The number of its function.
    pub function: usize,
    /// Its arguments, `i32`s zero-extended.
    pub args: Vec<u64>,
}

impl Call {
    /// Its function.
    pub fn function(&self) -> &'static Function {
        &FUNCTIONS[self.function]
    }

    /// Where it may write, whatever else it does.
    pub fn writable(&self, memory: &[u8]) -> Vec<Range<usize>> {
        let mut ranges = Vec::new();
        let mut add = |start: u64, size: u64| {
            let end = start.saturating_add(size).min(u64::from(MEMORY));
            if start < end {
                ranges.push(start as usize..end as usize);
            }
        };
        for (i, (&param, &arg)) in self.function().params.iter().zip(&self.args).enumerate() {
            match param {
                Param::Out(size) => add(arg, size.into()),
                Param::Buffer => add(arg, self.args[i + 1]),
                Param::Events => add(arg, self.args[i + 1] * u64::from(EVENT)),
                Param::Fill => {
                    let array = memory.get(arg as usize..).unwrap_or_default();
                    for iovec in array.chunks_exact(8).take(self.args[i + 1] as usize) {
                        let (base, len) = iovec.split_at(4);
                        let word = |bytes: &[u8]| {
                            bytes.iter().rev().fold(0, |word, &byte| word << 8 | u64::from(byte))
                        };
                        add(word(base), word(len));
                    }
                }
                _ => {}
            }
        }
        ranges
    }
}

/// Where the next structure is put, and where the one before it was.
#[derive(Default)]
pub struct Cursor {
    next: u32,
    last: u32,
}

/// Makes up calls.
pub struct Arguments<'m> {
    /// The guest's memory.
    pub memory: &'m mut [u8],
    /// Descriptors that were opened by calls.
    pub opened: &'m [u32],
    /// A path to somewhere outside.
    pub absolute: &'m str,
    /// Where structures are put.
    pub cursor: &'m mut Cursor,
    /// Bytes of the path that was put last.
    pub path_len: u32,
}

impl Arguments<'_> {
    /// A call, and what its arguments point to.
    pub fn call(&mut self, u: &mut Unstructured) -> Result<Call> {
        let function = u.choose_index(FUNCTIONS.len())?;
        let hostile = u.ratio(1, 3)?;
        let mut args: Vec<u64> = Vec::new();
        let params = FUNCTIONS[function].params;
        for (i, &param) in params.iter().enumerate() {
            let previous = i.checked_sub(1).map(|i| params[i]);
            let mut arg = self.argument(u, param, previous)?;
            if hostile && u.ratio(1, 3)? {
                arg = if param.is_long() { long(u)? } else { u64::from(self.word(u)?) };
            }
            // What a guest may use of the disk is for the host to limit.
            if param == Param::Space && (1 << 20..1 << 50).contains(&arg) {
                arg %= 1 << 20;
            }
            args.push(arg);
        }
        Ok(Call { function, args })
    }

    fn argument(&mut self, u: &mut Unstructured, param: Param, previous: Option<Param>) -> Result<u64> {
        Ok(match param {
            Param::Fd(best) => self.descriptor(u, best)?.into(),
            Param::Small(_) if u.arbitrary()? => 0,
            Param::Small(bound) => u.int_in_range(0..=bound - 1)?.into(),
            Param::Long | Param::Space => long(u)?,
            Param::Rights => match u.int_in_range(0..=3)? {
                0 => ALL_RIGHTS,
                1 => SOME_RIGHTS,
                2 => 0,
                _ => u.arbitrary()?,
            },
            Param::Path => {
                let path = self.path(u)?;
                self.path_len = path.len() as u32;
                self.put(u, &path)?.into()
            }
            Param::Length if previous == Some(Param::Path) => self.path_len.into(),
            Param::Length if previous == Some(Param::Buffer) => u.int_in_range(0..=300)?,
            Param::Length => u.int_in_range(0..=4)?,
            Param::Fill | Param::Drain => self.iovecs(u)?.into(),
            Param::Subscriptions => self.subscriptions(u)?.into(),
            Param::Events | Param::Buffer => self.place(u, 300)?.into(),
            Param::Out(size) => self.place(u, size)?.into(),
        })
    }

    fn word(&self, u: &mut Unstructured) -> Result<u32> {
        Ok(match u.int_in_range(0..=3)? {
            0 => self.cursor.last.wrapping_add(u.int_in_range(0..=16)?).wrapping_sub(8),
            1 => u.arbitrary()?,
            _ => *u.choose(&WORDS)?,
        })
    }

    fn descriptor(&self, u: &mut Unstructured, best: Best) -> Result<u32> {
        let last = self.opened.last().copied().unwrap_or(7);
        Ok(match u.int_in_range(0..=7)? {
            0 => u.int_in_range(0..=12)?,
            1 => *u.choose(&WORDS)?,
            2 => last,
            3 if !self.opened.is_empty() => *u.choose(self.opened)?,
            _ => match best {
                Best::Any => u.int_in_range(0..=7)?,
                Best::Directory => *u.choose(&[3, 3, 3, 4])?,
                Best::File => 7,
                Best::Source => *u.choose(&[0, 5, 7])?,
                Best::Sink => *u.choose(&[1, 2, 5, 7])?,
                Best::Socket => 5,
                Best::Listener => 6,
            },
        })
    }

    /// A place for a structure: mostly of its own, sometimes over another, at the end of memory or beyond.
    fn place(&mut self, u: &mut Unstructured, size: u32) -> Result<u32> {
        let place = match u.int_in_range(0..=31)? {
            0 => MEMORY - size,
            1 => MEMORY - size + 1,
            2 => self.cursor.last,
            3 => self.cursor.last.wrapping_add(u.int_in_range(1..=8)?),
            4 => self.word(u)?,
            _ => {
                if self.cursor.next > MEMORY / 2 {
                    self.cursor.next = 0;
                }
                self.cursor.next
            }
        };
        self.cursor.last = place;
        self.cursor.next = if place > MEMORY / 2 { 0 } else { place } + size + u.int_in_range(0..=3)?;
        Ok(place)
    }

    /// Puts a structure somewhere, as much of it as there is memory.
    fn put(&mut self, u: &mut Unstructured, bytes: &[u8]) -> Result<u32> {
        let place = self.place(u, bytes.len() as u32)?;
        for (byte, at) in bytes.iter().zip(place as usize..) {
            if let Some(place) = self.memory.get_mut(at) {
                *place = *byte;
            }
        }
        Ok(place)
    }

    fn path(&self, u: &mut Unstructured) -> Result<Vec<u8>> {
        Ok(match u.int_in_range(0..=31)? {
            0 => self.absolute.as_bytes().to_vec(),
            1 => vec![b'x'; *u.choose(&[255, 256, 4095, 4096, 4097])?],
            2 => u.bytes(3.min(u.len()))?.to_vec(),
            3 => "../".repeat(u.int_in_range(1..=40)?).into_bytes(),
            4..12 => u.choose(&NAMES)?.as_bytes().to_vec(),
            12..24 => u.choose(&GOOD)?.as_bytes().to_vec(),
            _ => {
                let parts = u.int_in_range(2..=4)?;
                let parts: Vec<&str> =
                    (0..parts).map(|_| u.choose(&NAMES).copied()).collect::<Result<_>>()?;
                parts.join("/").into_bytes()
            }
        })
    }

    /// Puts four iovecs somewhere. What they show is what it was.
    fn iovecs(&mut self, u: &mut Unstructured) -> Result<u32> {
        let mut bytes = Vec::new();
        for _ in 0..4 {
            let len = if u.ratio(1, 16)? { self.word(u)? } else { u.int_in_range(0..=64)? };
            let base = self.place(u, len.min(64))?;
            bytes.extend_from_slice(&base.to_le_bytes());
            bytes.extend_from_slice(&len.to_le_bytes());
        }
        self.put(u, &bytes)
    }

    fn subscriptions(&mut self, u: &mut Unstructured) -> Result<u32> {
        let mut bytes = Vec::new();
        for _ in 0..4 {
            let mut one = [0u8; SUBSCRIPTION as usize];
            one[0] = u.arbitrary()?;
            one[8] = u.int_in_range(0..=2)?;
            let id: u32 = if one[8] == 0 { u.int_in_range(0..=4)? } else { self.descriptor(u, Best::Any)? };
            one[16..20].copy_from_slice(&id.to_le_bytes());
            one[24..32].copy_from_slice(&long(u)?.to_le_bytes());
            one[40] = u.int_in_range(0..=1)?;
            if u.ratio(1, 16)? {
                one[u.choose_index(SUBSCRIPTION as usize)?] = u.arbitrary()?;
            }
            bytes.extend_from_slice(&one);
        }
        self.put(u, &bytes)
    }
}

fn long(u: &mut Unstructured) -> Result<u64> {
    Ok(match u.int_in_range(0..=4)? {
        0 => u.arbitrary()?,
        1 | 2 => u.int_in_range(0..=100)?,
        _ => *u.choose(&LONGS)?,
    })
}
