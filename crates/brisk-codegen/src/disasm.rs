//! Machine code as text, for people.
//!
//! Constants and jump tables stand among the instructions, so code is what control can reach from the entries and the
//! blocks; the rest is data. Whatever has a name shows it: blocks, the functions, libcalls and traps that relocations
//! lead to, data. What is known of a place stands behind it: the WebAssembly instruction that it belongs to, what a call
//! catches.

use crate::code::{Code, SiteKind, Target};
use crate::compile::CompileContext;
use crate::isa::Processor;
use crate::vcode::VBlock;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

/// What is printed of each instruction beside its text.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Columns {
    /// Its offset in the code.
    pub offsets: bool,
    /// Its bytes.
    pub bytes: bool,
}

/// Bytes of an instruction that are printed on a line; longer ones end in `+`.
const BYTES: usize = 8;

/// What is to be known of an instruction.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Decoded {
    /// Where the next one begins.
    pub next: u32,
    /// Whether control may go there.
    pub falls: bool,
    /// Where else control may go to.
    pub target: Option<u32>,
    /// The data that it refers to.
    pub data: Option<u32>,
    /// Whether that is a jump table.
    pub table: bool,
}

/// Reads the instructions of an instruction set.
pub(crate) trait Decoder {
    /// The instruction at an offset, if there is one.
    fn decode(&mut self, code: &[u8], at: u32) -> Option<Decoded>;

    /// Its text, with a name for the place that it refers to.
    fn format(&mut self, code: &[u8], at: u32, name: Option<&str>, out: &mut String);
}

/// The code of the last compilation. `func_name` says what a function is called, by its index in the module, which imports so
/// many.
pub fn disassemble(
    compiled: &CompileContext,
    imported_funcs: u32,
    func_name: &dyn Fn(u32) -> String,
    columns: Columns,
) -> String {
    let mut x64;
    #[cfg(feature = "disassemble-a64")]
    let mut a64;
    let decoder: &mut dyn Decoder = match compiled.backend.processor() {
        Processor::X64(_) => {
            x64 = crate::x64::disasm::Intel::new();
            &mut x64
        }
        #[cfg(not(feature = "disassemble-a64"))]
        Processor::A64(_) => return "(built without the feature `disassemble-a64`)\n".to_owned(),
        #[cfg(feature = "disassemble-a64")]
        Processor::A64(_) => {
            a64 = crate::a64::disasm::Arm;
            &mut a64
        }
    };
    let code = &compiled.code;
    let blocks = compiled.block_offsets();
    let mut listing = Listing {
        code,
        decoder,
        insts: BTreeMap::new(),
        labels: BTreeMap::new(),
        tables: BTreeSet::new(),
        imported_funcs,
        func_name,
        columns,
        out: String::new(),
    };
    listing.labels.extend(blocks.iter().map(|&(at, block)| (at, format!("b{block}"))));
    listing.reach(blocks.iter().map(|&(at, _)| at));
    listing.name_data();
    let blocks: Vec<(u32, u32, VBlock)> =
        blocks.iter().map(|&(at, block)| (at, block, compiled.backend.blocks()[block as usize])).collect();
    listing.print(&blocks);
    listing.out
}

struct Listing<'a> {
    code: &'a Code,
    decoder: &'a mut dyn Decoder,
    /// What control reaches.
    insts: BTreeMap<u32, Decoded>,
    /// Names of places.
    labels: BTreeMap<u32, String>,
    /// Where jump tables begin.
    tables: BTreeSet<u32>,
    imported_funcs: u32,
    func_name: &'a dyn Fn(u32) -> String,
    columns: Columns,
    out: String,
}

impl Listing<'_> {
    /// Decodes what control reaches from entries, handlers and blocks.
    fn reach(&mut self, blocks: impl Iterator<Item = u32>) {
        let code = self.code;
        let mut todo: Vec<u32> = code.handlers.iter().map(|handler| handler.landing).chain(blocks).collect();
        todo.extend([code.entry, code.outside_entry]);
        while let Some(mut at) = todo.pop() {
            while (at as usize) < code.bytes.len() && !self.insts.contains_key(&at) {
                let Some(inst) = self.decoder.decode(&code.bytes, at) else { break };
                self.insts.insert(at, inst);
                let reloc = self.reloc(at, &inst);
                if let (None, Some(target)) = (reloc, inst.target) {
                    todo.push(target);
                    if target != code.entry {
                        self.labels.entry(target).or_default();
                    }
                }
                if !inst.falls || matches!(reloc, Some(Target::Trap(_))) {
                    break;
                }
                at = inst.next;
            }
        }
        // What lies between blocks has no number of its own.
        let unnamed = self.labels.values_mut().filter(|name| name.is_empty());
        for (number, name) in unnamed.enumerate() {
            *name = format!("l{number}");
        }
    }

    /// Names the data that instructions refer to.
    fn name_data(&mut self) {
        let mut data: BTreeMap<u32, bool> = BTreeMap::new();
        for (&at, inst) in &self.insts {
            if let Some(place) = inst.data
                && self.reloc(at, inst).is_none()
                && !self.insts.contains_key(&place)
            {
                *data.entry(place).or_default() |= inst.table;
            }
        }
        let (mut tables, mut constants) = (0, 0);
        for (at, is_table) in data {
            let (letter, number) = if is_table { ('t', &mut tables) } else { ('c', &mut constants) };
            self.labels.insert(at, format!("{letter}{number}"));
            *number += 1;
            if is_table {
                self.tables.insert(at);
            }
        }
    }

    /// What the field in an instruction leads to, outside of the code.
    fn reloc(&self, at: u32, inst: &Decoded) -> Option<Target> {
        let first = self.code.relocs.partition_point(|reloc| reloc.at < at);
        let reloc = self.code.relocs.get(first)?;
        (reloc.at < inst.next).then_some(reloc.target)
    }

    fn target_name(&self, target: Target) -> String {
        match target {
            Target::Slot(func) => format!("slot:{}", (self.func_name)(self.imported_funcs + func)),
            Target::Libcall(libcall) => format!("libcall:{}", libcall.name()),
            Target::Trap(code) => format!("trap:{}", code.name()),
        }
    }

    fn print(&mut self, blocks: &[(u32, u32, VBlock)]) {
        let code = self.code;
        let mut text = String::new();
        let mut at = 0;
        while at < code.bytes.len() as u32 {
            self.print_labels(at, blocks);
            let Some(inst) = self.insts.get(&at).copied() else {
                at = self.print_data(at);
                continue;
            };
            let next = inst.next;
            let name = match (self.reloc(at, &inst), inst.target, inst.data) {
                (Some(target), ..) => Some(self.target_name(target)),
                (None, Some(target), _) if target == code.entry => Some("entry".to_owned()),
                (None, Some(target), _) => self.labels.get(&target).cloned(),
                (None, None, Some(place)) => self.labels.get(&place).cloned(),
                (None, None, None) => None,
            };
            text.clear();
            self.decoder.format(&code.bytes, at, name.as_deref(), &mut text);
            let notes = self.notes(at, next);
            self.line(at, next, &text, &notes);
            at = next;
        }
    }

    fn print_labels(&mut self, at: u32, blocks: &[(u32, u32, VBlock)]) {
        if at == self.code.outside_entry && self.code.outside_entry != self.code.entry {
            self.out.push_str("entry from outside:\n");
        }
        if at == self.code.entry {
            self.out.push_str("entry:\n");
        }
        let first = blocks.partition_point(|block| block.0 < at);
        for &(_, number, block) in blocks[first..].iter().take_while(|block| block.0 == at) {
            let _ = write!(self.out, "b{number}:");
            let mut mark = "  ; ";
            let depth = format!("depth {}", block.loop_depth);
            for (flag, what) in
                [(block.loop_header, "loop"), (block.loop_depth > 0, &*depth), (block.cold, "cold")]
            {
                if flag {
                    let _ = write!(self.out, "{mark}{what}");
                    mark = ", ";
                }
            }
            self.out.push('\n');
        }
        if let Some(name) = self.labels.get(&at).filter(|name| !name.starts_with('b')) {
            let _ = writeln!(self.out, "{name}:");
        }
    }

    /// What is known of an instruction.
    fn notes(&self, at: u32, next: u32) -> String {
        let mut notes = String::new();
        let mut note = |text: String| {
            notes.push_str(if notes.is_empty() { "; " } else { ", " });
            notes.push_str(&text);
        };
        let trap =
            self.insts.get(&at).is_some_and(|inst| matches!(self.reloc(at, inst), Some(Target::Trap(_))));
        for site in &self.code.sites {
            let what = match site.kind {
                SiteKind::Fault if site.at == at => "fault",
                SiteKind::Return if site.at == next && trap => "trap",
                SiteKind::Return if site.at == next => "call",
                _ => continue,
            };
            let mut position = Some(site.position);
            let mut text = what.to_owned();
            while let Some(found) = position.and_then(|at| self.code.positions.get(at as usize)) {
                let _ = write!(text, " {:#x}", found.offset);
                position = found.inlined_at;
                if position.is_some() {
                    let _ = write!(text, " of {} in", (self.func_name)(found.func));
                }
            }
            note(text);
        }
        for handler in self.code.handlers.iter().filter(|handler| handler.at == next) {
            let what = handler.tag.map_or_else(|| "all".to_owned(), |tag| format!("tag {tag}"));
            let landing = self.labels.get(&handler.landing).map_or("?", |name| name);
            note(format!("catches {what} at {landing}"));
        }
        notes
    }

    /// Data up to the next thing that is known; gives where that is.
    fn print_data(&mut self, at: u32) -> u32 {
        let bytes = &self.code.bytes;
        let named = self.labels.range(at + 1..).next().map(|(&at, _)| at);
        let inst = self.insts.range(at + 1..).next().map(|(&at, _)| at);
        let end = [named, inst].into_iter().flatten().min().unwrap_or(bytes.len() as u32);
        if !self.labels.contains_key(&at) {
            // Padding.
            return end;
        }
        let data = &bytes[at as usize..end as usize];
        if self.tables.contains(&at) {
            for (nth, entry) in data.chunks_exact(4).enumerate() {
                let distance = u32::from_le_bytes([entry[0], entry[1], entry[2], entry[3]]);
                let target = at.wrapping_add(distance);
                // Padding follows the last entry.
                let Some(name) = self.labels.get(&target) else { break };
                let text = format!(".long {name} - {}", self.labels[&at]);
                let at = at + 4 * nth as u32;
                self.line(at, at + 4, &text, "");
            }
            return end;
        }
        for (nth, chunk) in data.chunks(16).enumerate() {
            let digits: String = chunk.iter().rev().map(|byte| format!("{byte:02x}")).collect();
            let at = at + 16 * nth as u32;
            self.line(at, at + chunk.len() as u32, &format!(".data 0x{digits}"), "");
        }
        end
    }

    fn line(&mut self, at: u32, next: u32, text: &str, notes: &str) {
        let start = self.out.len();
        if self.columns.offsets {
            let _ = write!(self.out, "{at:6x}");
        }
        if self.columns.bytes {
            let bytes = &self.code.bytes[at as usize..next as usize];
            let shown: String = bytes.iter().take(BYTES).map(|byte| format!(" {byte:02x}")).collect();
            let more = if bytes.len() > BYTES { "+" } else { "" };
            let _ = write!(self.out, " {:width$}", shown + more, width = 3 * BYTES + 1);
        }
        let indent = if self.out.len() == start { 4 } else { 2 };
        let _ = write!(self.out, "{:indent$}", "");
        let column = self.out.len();
        self.out.push_str(text);
        if !notes.is_empty() {
            let width = 44usize.saturating_sub(self.out.len() - column);
            let _ = write!(self.out, "{:width$}  {notes}", "");
        }
        self.out.push('\n');
    }
}
