//! As much of WASI preview 1 as the benchmark programs need, the same for every engine, so that a program's
//! time is the engine's. What programs print is kept, to be compared.

use std::time::Instant;

/// What a program is given and what it did.
#[derive(Debug)]
pub struct Wasi {
    args: Vec<String>,
    /// All that it printed.
    pub output: Vec<u8>,
    /// The status it exited with, if it did so by itself.
    pub exit: Option<u32>,
    begin: Instant,
    random: u64,
}

const BAD_FILE: u32 = 8;
const NOT_SUPPORTED: u32 = 52;
const FAULT: u32 = 21;

impl Wasi {
    /// A program's view of the world: arguments, the name included, and nothing else.
    pub fn new(args: &[String]) -> Self {
        Self { args: args.to_vec(), output: Vec::new(), exit: None, begin: Instant::now(), random: 1 }
    }

    /// The function called `name`, its arguments widened; `None` ends the program.
    pub fn call(&mut self, name: &str, args: &[u64], memory: &mut [u8]) -> Option<u32> {
        if name == "proc_exit" {
            self.exit = Some(args[0] as u32);
            return None;
        }
        Some(self.result(name, args, memory).unwrap_or(FAULT))
    }

    /// The errno; `None` if an address is outside the memory.
    fn result(&mut self, name: &str, args: &[u64], memory: &mut [u8]) -> Option<u32> {
        let arg = |i: usize| args[i] as u32;
        match name {
            "args_sizes_get" => {
                let bytes: usize = self.args.iter().map(|arg| arg.len() + 1).sum();
                store(memory, arg(0), &(self.args.len() as u32).to_le_bytes())?;
                store(memory, arg(1), &(bytes as u32).to_le_bytes())?;
            }
            "args_get" => {
                let (mut list, mut text) = (arg(0), arg(1));
                for arg in &self.args {
                    store(memory, list, &text.to_le_bytes())?;
                    store(memory, text, arg.as_bytes())?;
                    store(memory, text + arg.len() as u32, &[0])?;
                    (list, text) = (list + 4, text + arg.len() as u32 + 1);
                }
            }
            "environ_sizes_get" => {
                store(memory, arg(0), &[0; 4])?;
                store(memory, arg(1), &[0; 4])?;
            }
            "environ_get" | "sched_yield" | "fd_close" | "fd_fdstat_set_flags" => {}
            "clock_time_get" => {
                store(memory, arg(2), &(self.begin.elapsed().as_nanos() as u64).to_le_bytes())?;
            }
            "random_get" => {
                for at in arg(0)..arg(0).checked_add(arg(1))? {
                    self.random = self.random.wrapping_mul(6364136223846793005).wrapping_add(1);
                    store(memory, at, &[(self.random >> 56) as u8])?;
                }
            }
            "fd_write" => {
                let mut written = 0;
                for i in 0..arg(2) {
                    let vector = arg(1).checked_add(8 * i)?;
                    let (at, len) = (load(memory, vector)?, load(memory, vector + 4)?);
                    self.output.extend(memory.get(at as usize..at as usize + len as usize)?);
                    written += len;
                }
                store(memory, arg(3), &written.to_le_bytes())?;
            }
            "fd_fdstat_get" if arg(0) <= 2 => {
                // A character device with every right.
                store(memory, arg(1), &[2, 0, 0, 0, 0, 0, 0, 0])?;
                store(memory, arg(1) + 8, &[0xff; 16])?;
            }
            "poll_oneoff" => {
                // Whoever sleeps is woken at once: the first subscription's clock has struck.
                let subscription = arg(0) as usize;
                let user: [u8; 8] = memory.get(subscription..subscription + 8)?.try_into().ok()?;
                store(memory, arg(1), &user)?;
                store(memory, arg(1) + 8, &[0; 24])?;
                store(memory, arg(3), &1u32.to_le_bytes())?;
            }
            "fd_fdstat_get" | "fd_prestat_get" | "fd_prestat_dir_name" => return Some(BAD_FILE),
            _ => return Some(NOT_SUPPORTED),
        }
        Some(0)
    }
}

fn load(memory: &[u8], at: u32) -> Option<u32> {
    Some(u32::from_le_bytes(memory.get(at as usize..at as usize + 4)?.try_into().ok()?))
}

fn store(memory: &mut [u8], at: u32, bytes: &[u8]) -> Option<()> {
    memory.get_mut(at as usize..at as usize + bytes.len())?.copy_from_slice(bytes);
    Some(())
}
