//! The register code of a module, found by address.

use super::code::{Bridge, Code};
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError, RwLock};

/// Owns the register code of one module, from each function's first call to the module's end.
#[derive(Default)]
pub(crate) struct CodeMap {
    /// By address of the first word. Many threads look, when they throw or call the host; few add.
    codes: RwLock<BTreeMap<usize, Published>>,
    /// Ways to machine code that takes frames over. Boxed: others point to them.
    #[allow(clippy::vec_box)]
    bridges: Mutex<Vec<Box<Bridge>>>,
}

/// Code that others may point to: never moved, never changed, freed with the map.
struct Published(*mut Code);

// SAFETY: the code behind the pointer is `Send` and `Sync`, and owned by the map.
unsafe impl Send for Published {}
// SAFETY: as above; through a shared map the code can only be read.
unsafe impl Sync for Published {}

impl Drop for Published {
    fn drop(&mut self) {
        // SAFETY: the pointer came from `Box::into_raw`; the map goes with its module, when no
        // instance can run the code any more.
        drop(unsafe { Box::from_raw(self.0) });
    }
}

impl CodeMap {
    /// Takes ownership of a function's code.
    pub fn publish(&self, code: Box<Code>) -> *const Code {
        let start = code.words.as_ptr() as usize;
        let code = Box::into_raw(code);
        self.codes.write().unwrap_or_else(PoisonError::into_inner).insert(start, Published(code));
        code
    }

    /// Keeps the way to machine code as long as the register code that leads there.
    pub fn keep_bridge(&self, bridge: Bridge) -> *const Bridge {
        let bridge = Box::new(bridge);
        let at: *const Bridge = &raw const *bridge;
        self.bridges.lock().unwrap_or_else(PoisonError::into_inner).push(bridge);
        at
    }

    /// The code that holds an instruction.
    pub fn find(&self, ip: *const u16) -> Option<&Code> {
        let codes = self.codes.read().unwrap_or_else(PoisonError::into_inner);
        let (_, code) = codes.range(..=ip as usize).next_back()?;
        // SAFETY: published code lives as long as the map.
        let code: &Code = unsafe { &*code.0 };
        code.words.as_ptr_range().contains(&ip).then_some(code)
    }

    /// Number of functions translated and bytes of register code.
    pub fn size(&self) -> (usize, usize) {
        let codes = self.codes.read().unwrap_or_else(PoisonError::into_inner);
        // SAFETY: as above.
        let bytes = codes.values().map(|code| unsafe { &*code.0 }.words.len() * 2).sum();
        (codes.len(), bytes)
    }
}

impl std::fmt::Debug for CodeMap {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (functions, bytes) = self.size();
        f.debug_struct("CodeMap").field("functions", &functions).field("bytes", &bytes).finish()
    }
}
