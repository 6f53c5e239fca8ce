//! One line for each call, in the manner of strace: `fd_write(1, [12 bytes]) = 12`.

use std::fmt::Write;

use crate::errno::Errno;
use crate::guest::Guest;
use crate::limits::TRACE_STRING;
use crate::table::{Function, Kind};
use crate::types::{
    Advice, ClockId, FdFlags, FileType, FstFlags, LookupFlags, OFlags, RiFlags, Rights, RoFlags, SdFlags,
    Signal, Whence,
};

/// The call's name and arguments; results are left to [`outcome`].
pub(crate) fn call(mem: &Guest<'_>, function: &Function, args: &[u64]) -> String {
    let mut line = format!("{}(", function.name);
    let mut first = true;
    for (i, &(_, kind)) in function.params.iter().enumerate() {
        if is_result(kind) || kind == Kind::Len {
            continue;
        }
        if !first {
            line.push_str(", ");
        }
        first = false;
        // A length follows its pointer; that of the subscriptions follows the pointer to the events too.
        let len = args.get(if kind == Kind::Subs { i + 2 } else { i + 1 }).map_or(0, |&len| len as u32);
        argument(&mut line, mem, kind, args[i], len);
    }
    line.push(')');
    line
}

fn is_result(kind: Kind) -> bool {
    use Kind::*;
    matches!(kind, OutU32 | OutU64 | OutFdstat | OutFilestat | OutPrestat | OutRoFlags)
}

fn argument(line: &mut String, mem: &Guest<'_>, kind: Kind, value: u64, len: u32) {
    fn named(line: &mut String, name: Option<&str>, value: u64) {
        match name {
            Some(name) => line.push_str(name),
            None => line.push_str(&(value as u32).to_string()),
        }
    }
    let narrow = value as u32;
    match kind {
        Kind::Fd => line.push_str(&narrow.to_string()),
        Kind::Num => line.push_str(&value.to_string()),
        Kind::Signed => line.push_str(&(value as i64).to_string()),
        Kind::Path => string(line, mem, narrow, len),
        Kind::Iovs => buffers(line, mem, narrow, len),
        Kind::Buf => line.push_str(&format!("[{len} bytes]")),
        Kind::Subs => line.push_str(&format!("[{len} subscriptions]")),
        Kind::Ptr => line.push_str(&format!("{narrow:#x}")),
        // A list of all thirty would drown the rest of the line.
        Kind::Rights if value.count_ones() > 4 => line.push_str(&format!("{value:#x}")),
        Kind::Rights => Rights::describe(value, line),
        Kind::FdFlags => FdFlags::describe(narrow.into(), line),
        Kind::OFlags => OFlags::describe(narrow.into(), line),
        Kind::Lookup => LookupFlags::describe(narrow.into(), line),
        Kind::FstFlags => FstFlags::describe(narrow.into(), line),
        Kind::RiFlags => RiFlags::describe(narrow.into(), line),
        Kind::SdFlags => SdFlags::describe(narrow.into(), line),
        Kind::Whence => named(line, Whence::from_raw(narrow).map(Whence::name), value),
        Kind::Advice => named(line, Advice::from_raw(narrow).map(Advice::name), value),
        Kind::Clock => named(line, ClockId::from_raw(narrow).map(ClockId::name), value),
        Kind::Signal => named(line, Signal::from_raw(narrow).map(Signal::name), value),
        Kind::Len
        | Kind::OutU32
        | Kind::OutU64
        | Kind::OutFdstat
        | Kind::OutFilestat
        | Kind::OutPrestat
        | Kind::OutRoFlags => {}
    }
}

fn string(line: &mut String, mem: &Guest<'_>, ptr: u32, len: u32) {
    match mem.range(ptr, len, 1) {
        Ok(range) => {
            let shown = range.start..range.end.min(range.start + TRACE_STRING);
            let cut = if shown.len() < range.len() { "..." } else { "" };
            let text = mem.slice(shown).escape_ascii();
            let _ = write!(line, "\"{text}\"{cut}");
        }
        Err(_) => line.push_str(&format!("{ptr:#x}")),
    }
}

fn buffers(line: &mut String, mem: &Guest<'_>, ptr: u32, len: u32) {
    let _ = match mem.iovs(ptr, len) {
        Ok(iovs) if iovs.ranges().len() < 2 => write!(line, "[{} bytes]", iovs.total()),
        Ok(iovs) => write!(line, "[{} bytes in {}]", iovs.total(), iovs.ranges().len()),
        Err(_) => write!(line, "{ptr:#x}"),
    };
}

/// ` = ` and the results, or the error's name.
pub(crate) fn outcome(line: &mut String, mem: &Guest<'_>, function: &Function, args: &[u64], errno: Errno) {
    line.push_str(" = ");
    if errno != Errno::Success {
        line.push_str(errno.name());
        return;
    }
    let start = line.len();
    for (&(_, kind), &value) in function.params.iter().zip(args) {
        if is_result(kind) {
            if line.len() > start {
                line.push_str(", ");
            }
            result(line, mem, kind, value as u32);
        }
    }
    if line.len() == start {
        line.push_str("ok");
    }
}

fn result(line: &mut String, mem: &Guest<'_>, kind: Kind, ptr: u32) {
    // The call succeeded, so its results are in memory; a default stands for what cannot happen.
    let u32_at = |offset| mem.array(ptr.wrapping_add(offset)).map_or(0, u32::from_le_bytes);
    let u64_at = |offset| mem.array(ptr.wrapping_add(offset)).map_or(0, u64::from_le_bytes);
    let u8_at = |offset| mem.array::<1>(ptr.wrapping_add(offset)).map_or(0, |[byte]| byte);
    let type_at = |offset| FileType::from_raw(u8_at(offset).into()).map_or("?", FileType::name);
    let _ = match kind {
        Kind::OutU32 => write!(line, "{}", u32_at(0)),
        Kind::OutU64 => write!(line, "{}", u64_at(0)),
        Kind::OutFdstat => {
            let mut flags = String::new();
            FdFlags::describe((u32_at(2) & 0xffff).into(), &mut flags);
            write!(line, "{{{}, flags {flags}, rights {:#x}}}", type_at(0), u64_at(8))
        }
        Kind::OutFilestat => write!(line, "{{{}, {} bytes}}", type_at(16), u64_at(32)),
        Kind::OutPrestat => write!(line, "{{dir, name of {} bytes}}", u32_at(4)),
        Kind::OutRoFlags => {
            RoFlags::describe((u32_at(0) & 0xffff).into(), line);
            Ok(())
        }
        _ => Ok(()),
    };
}
