//! Machine code as text, for people.
//!
//! Constants and jump tables stand among the instructions, so code is what control can reach from the entries and the
//! blocks; the rest is data. Whatever has a name shows it: blocks, the functions, libcalls and traps that relocations
//! lead to, data. What is known of a place stands behind it: the WebAssembly instruction that it belongs to, what a call
//! catches.

use crate::code::{Code, SiteKind, Target};
use crate::compile::CompileContext;
use crate::vcode::VBlock;
use iced_x86::{
    Decoder, DecoderOptions, FastFormatter, Instruction, Mnemonic, OpKind, SymbolResolver, SymbolResult,
};
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::rc::Rc;

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

/// The code of the last compilation. `func_name` says what a defined function is called, by its index among those.
pub fn disassemble(compiled: &CompileContext, func_name: &dyn Fn(u32) -> String, columns: Columns) -> String {
    let code = &compiled.code;
    let blocks = compiled.block_offsets();
    let mut listing = Listing {
        code,
        insts: BTreeMap::new(),
        labels: BTreeMap::new(),
        tables: BTreeSet::new(),
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
    /// What control reaches.
    insts: BTreeMap<u32, Instruction>,
    /// Names of places.
    labels: BTreeMap<u32, String>,
    /// Where jump tables begin.
    tables: BTreeSet<u32>,
    func_name: &'a dyn Fn(u32) -> String,
    columns: Columns,
    out: String,
}

/// Gives the name that was last put into it to the operand that refers to a place.
struct Named(Rc<RefCell<Option<String>>>);

impl SymbolResolver for Named {
    fn symbol(
        &mut self,
        inst: &Instruction,
        _: u32,
        operand: Option<u32>,
        address: u64,
        _: u32,
    ) -> Option<SymbolResult<'_>> {
        let refers = match inst.op_kind(operand?) {
            OpKind::NearBranch64 => true,
            OpKind::Memory => inst.is_ip_rel_memory_operand(),
            _ => false,
        };
        let name = self.0.borrow().clone().filter(|_| refers)?;
        Some(SymbolResult::with_string(address, name))
    }
}

/// Where control may go from an instruction other than to the next, and whether to that.
fn successors(inst: &Instruction) -> (Option<u32>, bool) {
    let direct = (inst.op_count() > 0 && inst.op0_kind() == OpKind::NearBranch64)
        .then(|| inst.near_branch_target() as u32);
    match inst.mnemonic() {
        Mnemonic::Ret | Mnemonic::Ud2 => (None, false),
        Mnemonic::Jmp => (direct, false),
        Mnemonic::Call => (None, true),
        _ => (direct, true),
    }
}

impl Listing<'_> {
    /// Decodes what control reaches from entries, handlers and blocks.
    fn reach(&mut self, blocks: impl Iterator<Item = u32>) {
        let code = self.code;
        let mut todo: Vec<u32> = code.handlers.iter().map(|handler| handler.landing).chain(blocks).collect();
        todo.extend([code.entry, code.outside_entry]);
        while let Some(mut at) = todo.pop() {
            while (at as usize) < code.bytes.len() && !self.insts.contains_key(&at) {
                let bytes = &code.bytes[at as usize..];
                let inst = Decoder::with_ip(64, bytes, u64::from(at), DecoderOptions::NONE).decode();
                if inst.is_invalid() {
                    break;
                }
                self.insts.insert(at, inst);
                let (target, mut next) = successors(&inst);
                let reloc = self.reloc(&inst);
                if reloc.is_none() {
                    todo.extend(target);
                    if let Some(target) = target
                        && !self.labels.contains_key(&target)
                    {
                        self.labels.insert(target, String::new());
                    }
                }
                next &= !matches!(reloc, Some(Target::Trap(_)));
                if !next {
                    break;
                }
                at = inst.next_ip() as u32;
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
        for inst in self.insts.values().filter(|inst| inst.is_ip_rel_memory_operand()) {
            let at = inst.ip_rel_memory_address() as u32;
            if self.reloc(inst).is_none() && !self.insts.contains_key(&at) {
                *data.entry(at).or_default() |= inst.mnemonic() == Mnemonic::Lea;
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
    fn reloc(&self, inst: &Instruction) -> Option<Target> {
        let first = self.code.relocs.partition_point(|reloc| u64::from(reloc.at) < inst.ip());
        let reloc = self.code.relocs.get(first)?;
        (u64::from(reloc.at) < inst.next_ip()).then_some(reloc.target)
    }

    fn target_name(&self, target: Target) -> String {
        match target {
            Target::Slot(func) => format!("slot:{}", (self.func_name)(func)),
            Target::Libcall(libcall) => format!("libcall:{}", libcall.name()),
            Target::Trap(code) => format!("trap:{}", code.name()),
        }
    }

    fn print(&mut self, blocks: &[(u32, u32, VBlock)]) {
        let code = self.code;
        let name = Rc::new(RefCell::new(None));
        let Ok(mut formatter) = FastFormatter::try_with_options(Some(Box::new(Named(name.clone())))) else {
            return;
        };
        let options = formatter.options_mut();
        options.set_space_after_operand_separator(true);
        options.set_use_hex_prefix(true);
        options.set_uppercase_hex(false);
        let mut text = String::new();
        let mut at = 0;
        while at < code.bytes.len() as u32 {
            self.print_labels(at, blocks);
            let Some(inst) = self.insts.get(&at).copied() else {
                at = self.print_data(at);
                continue;
            };
            let next = inst.next_ip() as u32;
            *name.borrow_mut() = match (self.reloc(&inst), successors(&inst).0) {
                (Some(target), _) => Some(self.target_name(target)),
                (None, Some(target)) => self.labels.get(&target).cloned(),
                (None, None) if inst.is_ip_rel_memory_operand() => {
                    self.labels.get(&(inst.ip_rel_memory_address() as u32)).cloned()
                }
                (None, None) => None,
            };
            text.clear();
            formatter.format(&inst, &mut text);
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
        let trap = self.insts.get(&at).is_some_and(|inst| matches!(self.reloc(inst), Some(Target::Trap(_))));
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
                    let _ = write!(text, " of function {} in", found.func);
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
