//! The first version of the interface, imported from `wasi_unstable`, as tools of 2019 made programs: the
//! functions of preview 1 but one, of which four have other layouts or numbers.

use brisk::{Caller, Error, Linker};

use crate::calls::poll::SUBSCRIPTION;
use crate::calls::{fd, file, path, poll};
use crate::ctx::WasiCtx;
use crate::errno::{Errno, Outcome};
use crate::guest::Guest;
use crate::table::{FUNCTIONS, Function, Kind, MODULE, Unsigned, enter, traced};
use crate::types::Whence;

/// The name of the module that the functions are imported from.
const UNSTABLE: &str = "wasi_unstable";
/// What came later.
const LATER: &str = "sock_accept";
/// Bytes of a subscription.
const UNSTABLE_SUBSCRIPTION: usize = 56;

macro_rules! functions {
    ($($name:ident($($param:ident: $ty:ident $kind:ident),*);)*) => {
        /// The functions that are not as in preview 1.
        static DIFFERENT: &[Function] = &[
            $(Function { name: stringify!($name), params: &[$((stringify!($param), Kind::$kind),)*] },)*
        ];

        /// Adds the functions of the first version of the interface to `linker`, as imports from
        /// `wasi_unstable`, for programs built before there was a preview 1.
        ///
        /// Those of preview 1 have to be there: most of them are the same.
        ///
        /// ```
        /// use brisk::{Engine, Linker};
        /// use brisk_wasi::WasiCtx;
        ///
        /// # fn main() -> Result<(), brisk::Error> {
        /// let mut linker: Linker<WasiCtx> = Linker::new(&Engine::default());
        /// brisk_wasi::add_to_linker(&mut linker, |wasi| wasi)?;
        /// brisk_wasi::add_unstable_to_linker(&mut linker, |wasi| wasi)?;
        /// # Ok(())
        /// # }
        /// ```
        pub fn add_unstable_to_linker<T: 'static>(
            linker: &mut Linker<T>,
            get: impl Fn(&mut T) -> &mut WasiCtx + Copy + Send + Sync + 'static,
        ) -> Result<(), Error> {
            for Function { name, .. } in FUNCTIONS {
                if *name != LATER && DIFFERENT.iter().all(|different| different.name != *name) {
                    linker.alias(MODULE, name, UNSTABLE, name)?;
                }
            }
            let mut different = DIFFERENT.iter();
            $(
                let function = different.next().expect("the list is made of the same names");
                linker.func_wrap(
                    UNSTABLE,
                    stringify!($name),
                    move |mut caller: Caller<'_, T>, $($param: $ty),*| -> Result<i32, Error> {
                        enter(&mut caller, get, |ctx, mem| {
                            traced(ctx, mem, function, &[$(i64::from($param) as u64),*], |ctx, mem| {
                                $name(ctx, mem, $($param.unsigned()),*)
                            })
                        })
                    },
                )?;
            )*
            Ok(())
        }
    };
}

// The trace shows what it can read: the numbers and layouts it knows are those of preview 1.
functions! {
    fd_filestat_get(fd: i32 Fd, stat: i32 Ptr);
    fd_seek(fd: i32 Fd, offset: i64 Signed, whence: i32 Num, newoffset: i32 OutU64);
    path_filestat_get(fd: i32 Fd, flags: i32 Lookup, path: i32 Path, path_len: i32 Len, stat: i32 Ptr);
    poll_oneoff(subscriptions: i32 Subs, events: i32 Ptr, nsubscriptions: i32 Len, nevents: i32 OutU32);
}

fn fd_filestat_get(ctx: &mut WasiCtx, mem: &mut Guest<'_>, fd: u32, stat: u32) -> Outcome {
    let out = mem.out(stat)?;
    mem.put(out, fd::filestat(ctx, fd)?.to_unstable_bytes());
    Ok(())
}

fn fd_seek(
    ctx: &mut WasiCtx,
    mem: &mut Guest<'_>,
    fd: u32,
    offset: u64,
    whence: u32,
    newoffset: u32,
) -> Outcome {
    let whence = match whence {
        0 => Whence::Cur,
        1 => Whence::End,
        2 => Whence::Set,
        _ => return Err(Errno::Inval.into()),
    };
    file::fd_seek(ctx, mem, fd, offset, whence.raw(), newoffset)
}

fn path_filestat_get(
    ctx: &mut WasiCtx,
    mem: &mut Guest<'_>,
    fd: u32,
    flags: u32,
    path: u32,
    path_len: u32,
    stat: u32,
) -> Outcome {
    let out = mem.out(stat)?;
    let stat = path::filestat(ctx, mem, fd, flags, path, path_len)?;
    mem.put(out, stat.to_unstable_bytes());
    Ok(())
}

fn poll_oneoff(
    ctx: &mut WasiCtx,
    mem: &mut Guest<'_>,
    subscriptions: u32,
    events: u32,
    nsubscriptions: u32,
    nevents: u32,
) -> Outcome {
    poll::poll(ctx, mem, subscriptions, events, nsubscriptions, nevents, subscription)
}

/// A subscription as preview 1 has it. One to a clock has an identifier in front, which has never meant anything.
fn subscription(old: &[u8; UNSTABLE_SUBSCRIPTION]) -> [u8; SUBSCRIPTION] {
    const CLOCK: u8 = 0;
    let mut new = [0; SUBSCRIPTION];
    new[..16].copy_from_slice(&old[..16]);
    let from = if old[8] == CLOCK { 24 } else { 16 };
    new[16..].copy_from_slice(&old[from..][..32]);
    new
}
