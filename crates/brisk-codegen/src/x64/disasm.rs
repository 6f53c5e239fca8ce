//! Decoding x64, for people: see [`crate::disasm`].

use crate::disasm::{Decoded, Decoder};
use iced_x86::{DecoderOptions, FastFormatter, Instruction, Mnemonic, OpKind, SymbolResolver, SymbolResult};
use std::cell::RefCell;
use std::rc::Rc;

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

/// Decodes x64 and writes it as Intel does.
pub(crate) struct Intel {
    name: Rc<RefCell<Option<String>>>,
    formatter: Option<FastFormatter>,
}

impl Intel {
    pub fn new() -> Intel {
        let name = Rc::new(RefCell::new(None));
        let formatter = FastFormatter::try_with_options(Some(Box::new(Named(name.clone()))));
        let formatter = formatter.ok().map(|mut formatter| {
            let options = formatter.options_mut();
            options.set_space_after_operand_separator(true);
            options.set_use_hex_prefix(true);
            options.set_uppercase_hex(false);
            formatter
        });
        Intel { name, formatter }
    }
}

fn instruction(code: &[u8], at: u32) -> Instruction {
    iced_x86::Decoder::with_ip(64, &code[at as usize..], u64::from(at), DecoderOptions::NONE).decode()
}

impl Decoder for Intel {
    fn decode(&mut self, code: &[u8], at: u32) -> Option<Decoded> {
        let inst = instruction(code, at);
        if inst.is_invalid() {
            return None;
        }
        let direct = (inst.op_count() > 0 && inst.op0_kind() == OpKind::NearBranch64)
            .then(|| inst.near_branch_target() as u32);
        let (target, falls) = match inst.mnemonic() {
            Mnemonic::Ret | Mnemonic::Ud2 => (None, false),
            Mnemonic::Jmp => (direct, false),
            Mnemonic::Call => (None, true),
            _ => (direct, true),
        };
        Some(Decoded {
            next: inst.next_ip() as u32,
            falls,
            target,
            data: inst.is_ip_rel_memory_operand().then(|| inst.ip_rel_memory_address() as u32),
            table: inst.mnemonic() == Mnemonic::Lea,
        })
    }

    fn format(&mut self, code: &[u8], at: u32, name: Option<&str>, out: &mut String) {
        *self.name.borrow_mut() = name.map(str::to_owned);
        if let Some(formatter) = &mut self.formatter {
            formatter.format(&instruction(code, at), out);
        }
    }
}
