//! The 46 functions of WASI preview 1, in one table: names, parameters, how the trace shows them, and
//! the function that does the work. Linking and tracing read this table and nothing else.

use brisk::{Caller, Error, Extern, Linker};

use crate::calls::{args, clock, dir, fd, file, path, poll, proc, random, sock};
use crate::ctx::WasiCtx;
use crate::errno::{Errno, Fail, Outcome};
use crate::guest::Guest;
use crate::trace;

/// The name of the module that the functions are imported from.
pub(crate) const MODULE: &str = "wasi_snapshot_preview1";

/// What one WebAssembly parameter means. The two-part kinds (`Path`, `Iovs`, `Buf`) are a
/// pointer whose length is the next parameter, a `Len`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Kind {
    Fd,
    Num,
    Signed,
    Path,
    Iovs,
    Buf,
    Subs,
    Len,
    Ptr,
    Rights,
    FdFlags,
    OFlags,
    Lookup,
    FstFlags,
    RiFlags,
    SdFlags,
    Whence,
    Advice,
    Clock,
    Signal,
    /// A place for a result, by its type.
    OutU32,
    OutU64,
    OutFdstat,
    OutFilestat,
    OutPrestat,
    OutRoFlags,
}

/// One function of the interface.
pub(crate) struct Function {
    pub(crate) name: &'static str,
    pub(crate) params: &'static [(&'static str, Kind)],
}

/// A WebAssembly parameter as the calls take it: the interface's integers are unsigned.
pub(crate) trait Unsigned {
    type As;
    fn unsigned(self) -> Self::As;
}

impl Unsigned for i32 {
    type As = u32;
    fn unsigned(self) -> u32 {
        self as u32
    }
}

impl Unsigned for i64 {
    type As = u64;
    fn unsigned(self) -> u64 {
        self as u64
    }
}

macro_rules! functions {
    ($($module:ident::$name:ident($($param:ident: $ty:ident $kind:ident),*);)*) => {
        /// Positions in [`FUNCTIONS`].
        #[allow(non_camel_case_types, reason = "the interface's own names")]
        #[derive(Clone, Copy)]
        enum Index { $($name,)* proc_exit }

        /// Every function of the interface.
        pub(crate) static FUNCTIONS: &[Function] = &[
            $(Function {
                name: stringify!($name),
                params: &[$((stringify!($param), Kind::$kind),)*],
            },)*
            Function { name: "proc_exit", params: &[("rval", Kind::Num)] },
        ];

        /// Adds every function of WASI preview 1 to `linker`, as imports from
        /// `wasi_snapshot_preview1`.
        ///
        /// `get` says where in the store's data the [`WasiCtx`] is, so one linker serves many stores.
        ///
        /// ```
        /// use brisk::{Engine, Linker, Module, Store};
        /// use brisk_wasi::{OutputPipe, WasiCtx, WasiCtxBuilder};
        ///
        /// # fn main() -> Result<(), brisk::Error> {
        /// let engine = Engine::default();
        /// let mut linker: Linker<WasiCtx> = Linker::new(&engine);
        /// brisk_wasi::add_to_linker(&mut linker, |wasi| wasi)?;
        ///
        /// let module = Module::new(&engine, r#"
        ///     (module
        ///       (import "wasi_snapshot_preview1" "fd_write"
        ///         (func $fd_write (param i32 i32 i32 i32) (result i32)))
        ///       (memory (export "memory") 1)
        ///       (data (i32.const 0) "\10\00\00\00\06\00\00\00")
        ///       (data (i32.const 16) "hello\n")
        ///       (func (export "_start")
        ///         (drop (call $fd_write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)))))
        /// "#)?;
        /// let stdout = OutputPipe::new(1024);
        /// let wasi = WasiCtxBuilder::new().stdout(stdout.clone()).build();
        /// let mut store = Store::new(&engine, wasi);
        /// let instance = linker.instantiate(&mut store, &module)?;
        /// instance.get_typed_func::<(), ()>(&mut store, "_start")?.call(&mut store, ())?;
        /// assert_eq!(stdout.contents(), b"hello\n");
        /// # Ok(())
        /// # }
        /// ```
        pub fn add_to_linker<T: 'static>(
            linker: &mut Linker<T>,
            get: impl Fn(&mut T) -> &mut WasiCtx + Copy + Send + Sync + 'static,
        ) -> Result<(), Error> {
            $(
                linker.func_wrap(
                    MODULE,
                    stringify!($name),
                    move |mut caller: Caller<'_, T>, $($param: $ty),*| -> Result<i32, Error> {
                        enter(&mut caller, get, |ctx, mem| {
                            traced(
                                ctx,
                                mem,
                                &FUNCTIONS[Index::$name as usize],
                                &[$(i64::from($param) as u64),*],
                                |ctx, mem| {
                                    $module::$name(ctx, mem, $($param.unsigned()),*)
                                },
                            )
                        })
                    },
                )?;
            )*
            // The one function without a result: it never returns.
            linker.func_wrap(
                MODULE,
                "proc_exit",
                move |mut caller: Caller<'_, T>, rval: i32| -> Result<(), Error> {
                    enter(&mut caller, get, |ctx, mem| {
                        let function = &FUNCTIONS[Index::proc_exit as usize];
                        traced(ctx, mem, function, &[i64::from(rval) as u64], |_, _| proc::proc_exit(rval))
                    })
                    .map(|_| ())
                },
            )?;
            Ok(())
        }
    };
}

functions! {
    args::args_get(argv: i32 Ptr, argv_buf: i32 Ptr);
    args::args_sizes_get(argc: i32 OutU32, argv_buf_size: i32 OutU32);
    args::environ_get(environ: i32 Ptr, environ_buf: i32 Ptr);
    args::environ_sizes_get(environc: i32 OutU32, environ_buf_size: i32 OutU32);

    clock::clock_res_get(id: i32 Clock, resolution: i32 OutU64);
    clock::clock_time_get(id: i32 Clock, precision: i64 Num, time: i32 OutU64);

    fd::fd_close(fd: i32 Fd);
    fd::fd_fdstat_get(fd: i32 Fd, stat: i32 OutFdstat);
    fd::fd_fdstat_set_flags(fd: i32 Fd, flags: i32 FdFlags);
    fd::fd_fdstat_set_rights(fd: i32 Fd, base: i64 Rights, inheriting: i64 Rights);
    fd::fd_filestat_get(fd: i32 Fd, stat: i32 OutFilestat);
    fd::fd_filestat_set_size(fd: i32 Fd, size: i64 Num);
    fd::fd_filestat_set_times(fd: i32 Fd, atim: i64 Num, mtim: i64 Num, fst_flags: i32 FstFlags);
    fd::fd_prestat_dir_name(fd: i32 Fd, path: i32 Buf, path_len: i32 Len);
    fd::fd_prestat_get(fd: i32 Fd, prestat: i32 OutPrestat);
    fd::fd_renumber(fd: i32 Fd, to: i32 Fd);

    file::fd_advise(fd: i32 Fd, offset: i64 Num, len: i64 Num, advice: i32 Advice);
    file::fd_allocate(fd: i32 Fd, offset: i64 Num, len: i64 Num);
    file::fd_datasync(fd: i32 Fd);
    file::fd_pread(fd: i32 Fd, iovs: i32 Iovs, iovs_len: i32 Len, offset: i64 Num, nread: i32 OutU32);
    file::fd_pwrite(fd: i32 Fd, iovs: i32 Iovs, iovs_len: i32 Len, offset: i64 Num, nwritten: i32 OutU32);
    file::fd_read(fd: i32 Fd, iovs: i32 Iovs, iovs_len: i32 Len, nread: i32 OutU32);
    file::fd_seek(fd: i32 Fd, offset: i64 Signed, whence: i32 Whence, newoffset: i32 OutU64);
    file::fd_sync(fd: i32 Fd);
    file::fd_tell(fd: i32 Fd, offset: i32 OutU64);
    file::fd_write(fd: i32 Fd, iovs: i32 Iovs, iovs_len: i32 Len, nwritten: i32 OutU32);

    dir::fd_readdir(fd: i32 Fd, buf: i32 Buf, buf_len: i32 Len, cookie: i64 Num, bufused: i32 OutU32);

    path::path_create_directory(fd: i32 Fd, path: i32 Path, path_len: i32 Len);
    path::path_filestat_get(fd: i32 Fd, flags: i32 Lookup, path: i32 Path, path_len: i32 Len,
        stat: i32 OutFilestat);
    path::path_filestat_set_times(fd: i32 Fd, flags: i32 Lookup, path: i32 Path, path_len: i32 Len,
        atim: i64 Num, mtim: i64 Num, fst_flags: i32 FstFlags);
    path::path_link(old_fd: i32 Fd, old_flags: i32 Lookup, old_path: i32 Path, old_path_len: i32 Len,
        new_fd: i32 Fd, new_path: i32 Path, new_path_len: i32 Len);
    path::path_open(fd: i32 Fd, dirflags: i32 Lookup, path: i32 Path, path_len: i32 Len,
        oflags: i32 OFlags, base: i64 Rights, inheriting: i64 Rights, fdflags: i32 FdFlags,
        opened_fd: i32 OutU32);
    path::path_readlink(fd: i32 Fd, path: i32 Path, path_len: i32 Len, buf: i32 Buf, buf_len: i32 Len,
        bufused: i32 OutU32);
    path::path_remove_directory(fd: i32 Fd, path: i32 Path, path_len: i32 Len);
    path::path_rename(fd: i32 Fd, old_path: i32 Path, old_path_len: i32 Len,
        new_fd: i32 Fd, new_path: i32 Path, new_path_len: i32 Len);
    path::path_symlink(old_path: i32 Path, old_path_len: i32 Len, fd: i32 Fd,
        new_path: i32 Path, new_path_len: i32 Len);
    path::path_unlink_file(fd: i32 Fd, path: i32 Path, path_len: i32 Len);

    poll::poll_oneoff(subscriptions: i32 Subs, events: i32 Ptr, nsubscriptions: i32 Len,
        nevents: i32 OutU32);

    proc::proc_raise(sig: i32 Signal);
    proc::sched_yield();
    random::random_get(buf: i32 Buf, buf_len: i32 Len);

    sock::sock_accept(fd: i32 Fd, flags: i32 FdFlags, opened_fd: i32 OutU32);
    sock::sock_recv(fd: i32 Fd, ri_data: i32 Iovs, ri_data_len: i32 Len, ri_flags: i32 RiFlags,
        ro_datalen: i32 OutU32, ro_flags: i32 OutRoFlags);
    sock::sock_send(fd: i32 Fd, si_data: i32 Iovs, si_data_len: i32 Len, si_flags: i32 Num,
        so_datalen: i32 OutU32);
    sock::sock_shutdown(fd: i32 Fd, how: i32 SdFlags);
}

/// Finds the caller's memory and context. A module without a memory can still make the calls that
/// take no pointer.
pub(crate) fn enter<T: 'static>(
    caller: &mut Caller<'_, T>,
    get: impl Fn(&mut T) -> &mut WasiCtx,
    body: impl FnOnce(&mut WasiCtx, &mut Guest<'_>) -> Result<Errno, Error>,
) -> Result<i32, Error> {
    match caller.get_export("memory").and_then(Extern::into_memory) {
        Some(memory) => {
            let (bytes, data) = memory.data_and_store_mut(&mut *caller);
            body(get(data), &mut Guest::new(bytes)).map(Errno::raw)
        }
        None => match body(get(caller.data_mut()), &mut Guest::new(&mut []))? {
            Errno::Fault => Err(Error::msg("the module calls WASI but exports no memory named `memory`")),
            errno => Ok(errno.raw()),
        },
    }
}

/// Runs one call and, if somebody listens, tells about it.
pub(crate) fn traced(
    ctx: &mut WasiCtx,
    mem: &mut Guest<'_>,
    function: &Function,
    args: &[u64],
    body: impl FnOnce(&mut WasiCtx, &mut Guest<'_>) -> Outcome,
) -> Result<Errno, Error> {
    // The arguments are put into words before the call, which may overwrite what they point to.
    let line = ctx.trace.is_some().then(|| trace::call(mem, function, args));
    let (errno, result) = match body(ctx, mem) {
        Ok(()) => (Errno::Success, Ok(Errno::Success)),
        Err(Fail::Errno(errno)) => (errno, Ok(errno)),
        Err(Fail::Stop(error)) => (Errno::Canceled, Err(error)),
    };
    if let (Some(mut line), Some(sink)) = (line, &mut ctx.trace) {
        match &result {
            Ok(_) => trace::outcome(&mut line, mem, function, args, errno),
            Err(error) => line.push_str(&format!(" = {error}")),
        }
        line.push('\n');
        // Nobody is there to hear that the trace cannot be written; the guest goes on.
        let _ = sink.write_all(line.as_bytes());
    }
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_interface_has_46_functions_each_once() {
        let mut names: Vec<_> = FUNCTIONS.iter().map(|function| function.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!((FUNCTIONS.len(), names.len()), (46, 46));
        let families = |prefix: &str| names.iter().filter(|name| name.starts_with(prefix)).count();
        assert_eq!([families("fd_"), families("path_"), families("sock_")], [21, 10, 4]);
    }

    /// The trace takes a length from the parameter behind its pointer.
    #[test]
    fn two_part_parameters_are_followed_by_their_length() {
        for function in FUNCTIONS {
            for (i, (name, kind)) in function.params.iter().enumerate() {
                let two_part = matches!(kind, Kind::Path | Kind::Iovs | Kind::Buf);
                if two_part {
                    assert_eq!(
                        function.params.get(i + 1).map(|p| p.1),
                        Some(Kind::Len),
                        "{}: {name}",
                        function.name
                    );
                }
            }
        }
    }
}
