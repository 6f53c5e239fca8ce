//! Names from the `name` custom section.
//!
//! The section is advisory: whatever is malformed in it is left out, and the rest still counts.
//! Only positions are kept; the text stays in the module's bytes.

use crate::module::Module;
use std::ops::Range;
use std::sync::Arc;

/// One entry of a name map: an index and where its text stands, counted from the section's start.
#[derive(Clone, Copy, Debug)]
struct Entry {
    index: u32,
    start: u32,
    len: u32,
}

/// Names of one index space, sorted by index.
type NameMap = Vec<Entry>;

/// Index spaces with a plain name map, in the order of their subsections.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Space {
    Func,
    Type,
    Table,
    Memory,
    Global,
    Elem,
    Data,
    Tag,
}

const SPACES: usize = Space::Tag as usize + 1;

impl Space {
    fn of_subsection(id: u8) -> Option<Space> {
        Some(match id {
            1 => Space::Func,
            4 => Space::Type,
            5 => Space::Table,
            6 => Space::Memory,
            7 => Space::Global,
            8 => Space::Elem,
            9 => Space::Data,
            11 => Space::Tag,
            _ => return None,
        })
    }
}

/// Positions of all names in a name section.
#[derive(Debug, Default)]
pub(crate) struct NameTable {
    module: Option<Range<u32>>,
    spaces: [NameMap; SPACES],
    /// For each function with named locals, where its name map stands.
    locals: NameMap,
}

impl NameTable {
    /// Finds the names in the payload of a name section.
    pub(crate) fn parse(section: &[u8]) -> NameTable {
        let mut table = NameTable::default();
        let mut cursor = Cursor { bytes: section, at: 0 };
        while let Some(id) = cursor.byte() {
            let Some(payload) = cursor.sized() else { break };
            // Positions count from the section's start, so a subsection is the section cut at its end.
            let mut sub = Cursor { bytes: &section[..payload.end as usize], at: payload.start as usize };
            match id {
                0 => table.module = sub.sized(),
                2 => table.locals = sub.indirect_name_map(),
                _ => {
                    if let Some(space) = Space::of_subsection(id) {
                        table.spaces[space as usize] = sub.name_map();
                    }
                }
            }
        }
        table
    }

    fn name<'a>(&self, section: &'a [u8], space: Space, index: u32) -> Option<&'a str> {
        text(section, find(&self.spaces[space as usize], index)?)
    }

    pub(crate) fn func_name<'a>(&self, section: &'a [u8], func: u32) -> Option<&'a str> {
        self.name(section, Space::Func, func)
    }

    fn local_name<'a>(&self, section: &'a [u8], func: u32, local: u32) -> Option<&'a str> {
        let map = find(&self.locals, func)?;
        let mut cursor = Cursor { bytes: &section[..(map.start + map.len) as usize], at: map.start as usize };
        let names = cursor.name_map();
        text(section, find(&names, local)?)
    }
}

fn find(map: &NameMap, index: u32) -> Option<Entry> {
    map.binary_search_by_key(&index, |entry| entry.index).ok().map(|at| map[at])
}

fn text(section: &[u8], entry: Entry) -> Option<&str> {
    let start = entry.start as usize;
    std::str::from_utf8(section.get(start..start + entry.len as usize)?).ok()
}

/// Reads the section; `None` at its end or where it is malformed.
struct Cursor<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Cursor<'_> {
    fn byte(&mut self) -> Option<u8> {
        let byte = *self.bytes.get(self.at)?;
        self.at += 1;
        Some(byte)
    }

    fn u32(&mut self) -> Option<u32> {
        let mut value = 0u64;
        for shift in (0..35).step_by(7) {
            let byte = self.byte()?;
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return u32::try_from(value).ok();
            }
        }
        None
    }

    /// A length and that many bytes; where these stand.
    fn sized(&mut self) -> Option<Range<u32>> {
        let len = self.u32()? as usize;
        let end = self.at.checked_add(len).filter(|&end| end <= self.bytes.len())?;
        let range = u32::try_from(self.at).ok()?..u32::try_from(end).ok()?;
        self.at = end;
        Some(range)
    }

    /// As many entries as can be read, sorted; the first one wins where an index is repeated.
    fn name_map(&mut self) -> NameMap {
        let mut map = NameMap::new();
        let count = self.u32().unwrap_or(0);
        for _ in 0..count {
            let Some(index) = self.u32() else { break };
            let Some(range) = self.sized() else { break };
            map.push(Entry { index, start: range.start, len: range.end - range.start });
        }
        sorted(map)
    }

    /// The name maps of an indirect name map, by index; their entries are read when asked for.
    fn indirect_name_map(&mut self) -> NameMap {
        let mut map = NameMap::new();
        let count = self.u32().unwrap_or(0);
        'maps: for _ in 0..count {
            let Some(index) = self.u32() else { break };
            let Ok(start) = u32::try_from(self.at) else { break };
            let names = self.u32().unwrap_or(0);
            for _ in 0..names {
                if self.u32().and_then(|_| self.sized()).is_none() {
                    break 'maps;
                }
            }
            map.push(Entry { index, start, len: self.at as u32 - start });
        }
        sorted(map)
    }
}

fn sorted(mut map: NameMap) -> NameMap {
    if !map.is_sorted_by(|a, b| a.index < b.index) {
        map.sort_by_key(|entry| entry.index);
        map.dedup_by_key(|entry| entry.index);
    }
    map.shrink_to_fit();
    map
}

/// Names of a module and of what is in it.
#[derive(Debug, Default)]
pub struct Names {
    bytes: Arc<Box<[u8]>>,
    section: Range<usize>,
    table: NameTable,
}

impl Names {
    /// Finds the names in the first `name` section of a module.
    pub fn decode(module: &Module) -> Names {
        let Some(section) = module.custom_sections.iter().find(|section| &*section.name == "name") else {
            return Names::default();
        };
        let table = NameTable::parse(&module.bytes[section.range.clone()]);
        Names { bytes: module.bytes.clone(), section: section.range.clone(), table }
    }

    fn section(&self) -> &[u8] {
        &self.bytes[self.section.clone()]
    }

    fn name(&self, space: Space, index: u32) -> Option<&str> {
        self.table.name(self.section(), space, index)
    }

    /// Name of the module itself.
    pub fn module_name(&self) -> Option<&str> {
        let range = self.table.module.as_ref()?;
        std::str::from_utf8(self.section().get(range.start as usize..range.end as usize)?).ok()
    }

    /// Name of a function, imported or not.
    pub fn func_name(&self, func: u32) -> Option<&str> {
        self.name(Space::Func, func)
    }

    /// Name of a parameter or local of a function.
    pub fn local_name(&self, func: u32, local: u32) -> Option<&str> {
        self.table.local_name(self.section(), func, local)
    }

    /// Name of a type.
    pub fn type_name(&self, index: u32) -> Option<&str> {
        self.name(Space::Type, index)
    }

    /// Name of a table.
    pub fn table_name(&self, index: u32) -> Option<&str> {
        self.name(Space::Table, index)
    }

    /// Name of a memory.
    pub fn memory_name(&self, index: u32) -> Option<&str> {
        self.name(Space::Memory, index)
    }

    /// Name of a global.
    pub fn global_name(&self, index: u32) -> Option<&str> {
        self.name(Space::Global, index)
    }

    /// Name of an element segment.
    pub fn elem_name(&self, index: u32) -> Option<&str> {
        self.name(Space::Elem, index)
    }

    /// Name of a data segment.
    pub fn data_name(&self, index: u32) -> Option<&str> {
        self.name(Space::Data, index)
    }

    /// Name of a tag.
    pub fn tag_name(&self, index: u32) -> Option<&str> {
        self.name(Space::Tag, index)
    }
}
