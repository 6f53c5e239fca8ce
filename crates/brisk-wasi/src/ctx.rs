//! A guest's view of the world, and how a host composes it.

use std::ffi::OsString;
use std::io::Write;
use std::net::TcpListener;
use std::os::fd::OwnedFd;
use std::path::Path;

use brisk::Error;
use cap_std::ambient_authority;
use cap_std::fs::Dir;

use crate::errno::{Fail, Outcome};
use crate::fd_table::{Descriptor, Directory, FdTable, Object};
use crate::sources::{Clock, HostClock, Random};
use crate::stdio::{InputStream, OutputStream};
use crate::types::{DirPerms, FilePerms, FileType, Rights};

/// The hook of [`WasiCtxBuilder::on_wait`].
pub(crate) type WaitHook = Box<dyn FnMut() -> Result<(), Error> + Send>;

/// Everything one guest sees through WASI: arguments, environment, descriptors, clocks, randomness.
///
/// Made by a [`WasiCtxBuilder`] and kept in a store's data.
///
/// ```
/// use brisk_wasi::{WasiCtx, WasiCtxBuilder};
///
/// struct HostState {
///     wasi: WasiCtx,
///     requests: u32,
/// }
///
/// # fn main() -> Result<(), brisk::Error> {
/// let engine = brisk::Engine::default();
/// let mut linker = brisk::Linker::<HostState>::new(&engine);
/// brisk_wasi::add_to_linker(&mut linker, |state| &mut state.wasi)?;
/// let wasi = WasiCtxBuilder::new().arg("program").build();
/// let store = brisk::Store::new(&engine, HostState { wasi, requests: 0 });
/// # Ok(())
/// # }
/// ```
pub struct WasiCtx {
    pub(crate) args: Strings,
    pub(crate) env: Strings,
    pub(crate) fds: FdTable,
    pub(crate) clock: Clock,
    pub(crate) random: Random,
    pub(crate) trace: Option<Box<dyn Write + Send>>,
    pub(crate) on_wait: Option<WaitHook>,
}

impl WasiCtx {
    /// A builder that gives nothing.
    pub fn builder() -> WasiCtxBuilder {
        WasiCtxBuilder::new()
    }

    /// Lets the host end a call that takes long.
    pub(crate) fn ask_host(&mut self) -> Outcome {
        match &mut self.on_wait {
            Some(hook) => hook().map_err(Fail::Stop),
            None => Ok(()),
        }
    }
}

/// Strings with their terminating NULs, as `args_get` and `environ_get` lay them out.
#[derive(Default)]
pub(crate) struct Strings {
    pub(crate) bytes: Vec<u8>,
    pub(crate) starts: Vec<u32>,
}

impl Strings {
    /// Adds a string, which ends at its first NUL as it would for every reader.
    fn push(&mut self, text: &str) {
        let text = text.split('\0').next().unwrap_or_default();
        self.starts.push(self.bytes.len() as u32);
        self.bytes.extend_from_slice(text.as_bytes());
        self.bytes.push(0);
    }
}

/// Composes a [`WasiCtx`]. A fresh builder gives a guest nothing of the host: no arguments, no
/// environment, an empty standard input, outputs that discard, no directory and no socket.
///
/// ```
/// use brisk_wasi::{DirPerms, FilePerms, WasiCtxBuilder};
///
/// # fn main() -> Result<(), brisk::Error> {
/// # let data = std::env::temp_dir();
/// let wasi = WasiCtxBuilder::new()
///     .args(["tool", "--verbose"])
///     .env("HOME", "/data")
///     .inherit_stdio()
///     .preopened_dir(data, "/data", DirPerms::READ, FilePerms::READ)?
///     .build();
/// # Ok(())
/// # }
/// ```
pub struct WasiCtxBuilder {
    args: Strings,
    env: Strings,
    stdin: Option<Descriptor>,
    stdout: Option<Descriptor>,
    stderr: Option<Descriptor>,
    directories: Vec<Descriptor>,
    sockets: Vec<Descriptor>,
    clock: Clock,
    random: Random,
    trace: Option<Box<dyn Write + Send>>,
    on_wait: Option<WaitHook>,
}

impl Default for WasiCtxBuilder {
    fn default() -> Self {
        Self::new()
    }
}

impl WasiCtxBuilder {
    /// A builder that gives nothing.
    pub fn new() -> Self {
        Self {
            args: Strings::default(),
            env: Strings::default(),
            stdin: None,
            stdout: None,
            stderr: None,
            directories: Vec::new(),
            sockets: Vec::new(),
            clock: Clock::system(),
            random: Random::system(),
            trace: None,
            on_wait: None,
        }
    }

    /// Adds an argument. The first one is, by custom, the program's name.
    pub fn arg(&mut self, arg: impl AsRef<str>) -> &mut Self {
        self.args.push(arg.as_ref());
        self
    }

    /// Adds arguments.
    pub fn args(&mut self, args: impl IntoIterator<Item = impl AsRef<str>>) -> &mut Self {
        for arg in args {
            self.args.push(arg.as_ref());
        }
        self
    }

    /// Adds the process's own arguments, its name included. Those that are not UTF-8, as a guest's strings are, are
    /// left out.
    pub fn inherit_args(&mut self) -> &mut Self {
        self.args(std::env::args_os().filter_map(|arg| arg.into_string().ok()))
    }

    /// Adds an environment variable.
    pub fn env(&mut self, name: impl AsRef<str>, value: impl AsRef<str>) -> &mut Self {
        self.env.push(&format!("{}={}", name.as_ref(), value.as_ref()));
        self
    }

    /// Adds environment variables.
    pub fn envs(&mut self, vars: impl IntoIterator<Item = (impl AsRef<str>, impl AsRef<str>)>) -> &mut Self {
        for (name, value) in vars {
            self.env(name, value);
        }
        self
    }

    /// Adds the process's own environment variables, apart from those that are not UTF-8.
    pub fn inherit_env(&mut self) -> &mut Self {
        let text =
            |(name, value): (OsString, OsString)| Some((name.into_string().ok()?, value.into_string().ok()?));
        self.envs(std::env::vars_os().filter_map(text))
    }

    /// Sets where standard input comes from.
    pub fn stdin(&mut self, input: impl Into<InputStream>) -> &mut Self {
        self.stdin = Some(input.into().0);
        self
    }

    /// Sets where standard output goes.
    pub fn stdout(&mut self, output: impl Into<OutputStream>) -> &mut Self {
        self.stdout = Some(output.into().0);
        self
    }

    /// Sets where standard error goes.
    pub fn stderr(&mut self, output: impl Into<OutputStream>) -> &mut Self {
        self.stderr = Some(output.into().0);
        self
    }

    /// Gives the guest the process's own standard input.
    pub fn inherit_stdin(&mut self) -> &mut Self {
        self.stdin = Some(Descriptor::stdio(Object::Stdin(std::io::stdin()), Rights::FD_READ));
        self
    }

    /// Gives the guest the process's own standard output.
    pub fn inherit_stdout(&mut self) -> &mut Self {
        self.stdout = Some(Descriptor::stdio(Object::Stdout(std::io::stdout()), Rights::FD_WRITE));
        self
    }

    /// Gives the guest the process's own standard error.
    pub fn inherit_stderr(&mut self) -> &mut Self {
        self.stderr = Some(Descriptor::stdio(Object::Stderr(std::io::stderr()), Rights::FD_WRITE));
        self
    }

    /// Gives the guest all three standard streams of the process.
    pub fn inherit_stdio(&mut self) -> &mut Self {
        self.inherit_stdin().inherit_stdout().inherit_stderr()
    }

    /// Opens `host_path` and lets the guest see it as `guest_path`.
    ///
    /// Without [`DirPerms::MUTATE`] and [`FilePerms::WRITE`] the directory is like a read-only mount:
    /// whatever would change it is `rofs`. Directories get the descriptors from 3 on, in the order of
    /// the calls.
    pub fn preopened_dir(
        &mut self,
        host_path: impl AsRef<Path>,
        guest_path: impl AsRef<str>,
        dir_perms: DirPerms,
        file_perms: FilePerms,
    ) -> Result<&mut Self, Error> {
        let host_path = host_path.as_ref();
        let dir = open_directory(host_path)
            .map_err(|error| Error::msg(format!("cannot open directory {}: {error}", host_path.display())))?;
        let object = Object::Directory(Directory { dir, dir_perms, file_perms });
        let mut descriptor = Descriptor::new(object, FileType::Directory, Rights::DIRECTORY);
        descriptor.inheriting = Rights::all();
        descriptor.preopen = Some(guest_path.as_ref().to_owned());
        self.directories.push(descriptor);
        Ok(self)
    }

    /// Gives the guest a socket the host has opened, a listener or a connected one. Sockets get the
    /// descriptors behind those of the directories, in the order of the calls.
    ///
    /// ```
    /// use brisk_wasi::WasiCtxBuilder;
    ///
    /// # fn main() -> Result<(), brisk::Error> {
    /// let (guest_end, host_end) = std::os::unix::net::UnixStream::pair()?;
    /// let wasi = WasiCtxBuilder::new().preopened_socket(guest_end)?.build();
    /// # Ok(())
    /// # }
    /// ```
    pub fn preopened_socket(&mut self, socket: impl Into<OwnedFd>) -> Result<&mut Self, Error> {
        let descriptor = Descriptor::socket(socket.into())
            .map_err(|errno| Error::msg(format!("not a socket a guest can use: {}", errno.name())))?;
        self.sockets.push(descriptor);
        Ok(self)
    }

    /// Gives the guest a listener, whose connections it accepts with `sock_accept`.
    ///
    /// ```
    /// use brisk_wasi::WasiCtxBuilder;
    ///
    /// # fn main() -> Result<(), brisk::Error> {
    /// let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
    /// let wasi = WasiCtxBuilder::new().tcp_listener(listener)?.build();
    /// # Ok(())
    /// # }
    /// ```
    pub fn tcp_listener(&mut self, listener: TcpListener) -> Result<&mut Self, Error> {
        self.preopened_socket(listener)
    }

    /// Replaces the clocks, and with them what a guest's sleeping means.
    pub fn clock(&mut self, clock: impl HostClock + 'static) -> &mut Self {
        self.clock = Clock::host(clock);
        self
    }

    /// Replaces the source of randomness. `fill` gets the buffer to fill, in pieces of at most a
    /// mebibyte.
    ///
    /// ```
    /// use brisk_wasi::WasiCtxBuilder;
    ///
    /// let mut next = 0u8;
    /// let wasi = WasiCtxBuilder::new()
    ///     .random(move |buffer| {
    ///         for byte in buffer {
    ///             *byte = next;
    ///             next = next.wrapping_mul(5).wrapping_add(17);
    ///         }
    ///     })
    ///     .build();
    /// ```
    pub fn random(&mut self, fill: impl FnMut(&mut [u8]) + Send + 'static) -> &mut Self {
        self.random = Random::host(fill);
        self
    }

    /// Writes a line to `sink` for each call: `fd_write(1, [12 bytes]) = 12`.
    pub fn trace(&mut self, sink: impl Write + Send + 'static) -> &mut Self {
        self.trace = Some(Box::new(sink));
        self
    }

    /// Calls `hook` again and again, at least every 20 milliseconds, while a call of the guest waits:
    /// for input, for a connection, for time to pass. When it returns an error, the wait and the guest
    /// end with that error.
    ///
    /// A deadline or an epoch interrupts WebAssembly code, not the host code it has called; this is how
    /// a host gets a sleeping guest to end.
    ///
    /// ```
    /// use std::time::{Duration, Instant};
    /// use brisk_wasi::WasiCtxBuilder;
    ///
    /// let deadline = Instant::now() + Duration::from_millis(500);
    /// let wasi = WasiCtxBuilder::new()
    ///     .on_wait(move || {
    ///         if Instant::now() < deadline { Ok(()) } else { Err(brisk::Error::msg("out of time")) }
    ///     })
    ///     .build();
    /// ```
    pub fn on_wait(&mut self, hook: impl FnMut() -> Result<(), Error> + Send + 'static) -> &mut Self {
        self.on_wait = Some(Box::new(hook));
        self
    }

    /// The finished context. The builder is empty again afterwards.
    pub fn build(&mut self) -> WasiCtx {
        let this = std::mem::take(self);
        let null = |direction| Descriptor::pipe(Object::Null, direction);
        let stdio = [
            this.stdin.unwrap_or_else(|| null(Rights::FD_READ)),
            this.stdout.unwrap_or_else(|| null(Rights::FD_WRITE)),
            this.stderr.unwrap_or_else(|| null(Rights::FD_WRITE)),
        ];
        let mut fds = FdTable::default();
        for descriptor in stdio.into_iter().chain(this.directories).chain(this.sockets) {
            // The table's cap bounds guests; a host that gives more keeps what fits.
            let _ = fds.insert(descriptor);
        }
        WasiCtx {
            args: this.args,
            env: this.env,
            fds,
            clock: this.clock,
            random: this.random,
            trace: this.trace,
            on_wait: this.on_wait,
        }
    }
}

/// Opens a directory such that its entries can be read, which `Dir::open_ambient_dir` leaves out.
fn open_directory(path: &Path) -> std::io::Result<Dir> {
    use rustix::fs::{Mode, OFlags};
    let fd = rustix::fs::open(path, OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())?;
    let _ = ambient_authority();
    Ok(Dir::from_std_file(fd.into()))
}
