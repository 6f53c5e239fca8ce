//! Colours: on a terminal, unless somebody does not want them.

use crate::support::{Place, has, prints, ran};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use std::ffi::OsStr;
use std::fs::File;
use std::io::{ErrorKind, Read as _};
use std::os::unix::ffi::OsStrExt as _;
use std::process::{Command, Stdio};

/// What begins every change of colour.
const ESCAPE: char = '\x1b';

/// A terminal that nobody sits at.
struct Terminal {
    /// Where what is written on it comes out.
    screen: File,
    line: File,
}

impl Terminal {
    fn new() -> Terminal {
        let screen = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&screen).unwrap();
        unlockpt(&screen).unwrap();
        let name = ptsname(&screen, Vec::new()).unwrap();
        let line = File::options().read(true).write(true).open(OsStr::from_bytes(name.as_bytes())).unwrap();
        Terminal { screen: screen.into(), line }
    }

    fn stream(&self) -> Stdio {
        self.line.try_clone().unwrap().into()
    }

    /// What is on it once nobody has it open any more.
    fn text(self) -> String {
        let Terminal { mut screen, line } = self;
        drop(line);
        let mut bytes = Vec::new();
        let mut piece = [0; 1024];
        loop {
            match screen.read(&mut piece) {
                Ok(0) => break,
                Ok(length) => bytes.extend_from_slice(&piece[..length]),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                // So Linux says that the other side is closed.
                Err(_) => break,
            }
        }
        String::from_utf8(bytes).unwrap().replace("\r\n", "\n")
    }
}

/// The program with the environment of a terminal with colours, whatever that of the tests is.
fn command(place: &Place, args: &str) -> Command {
    let mut command = place.command(args);
    for name in ["NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE", "CI"] {
        command.env_remove(name);
    }
    command.env("TERM", "xterm-256color");
    command
}

/// What a command says on standard error when that is a terminal.
fn complaint(mut command: Command) -> String {
    let terminal = Terminal::new();
    let status = command.stdout(Stdio::null()).stderr(terminal.stream()).status().unwrap();
    assert!(!status.success());
    // It still has the terminal open.
    drop(command);
    terminal.text()
}

fn without_colours(text: &str) -> String {
    let mut parts = text.split(ESCAPE);
    let first = parts.next().unwrap().to_owned();
    parts.fold(first, |text, part| text + part.split_once('m').unwrap().1)
}

/// Ways to fail: in the guest, in the host, and in the parser of options.
const FAILURES: [&str; 3] = ["trap.wat", "missing.wasm", "--no-such-option"];

fn place() -> Place {
    Place::with("trap.wat", "(module (func (export \"_start\") unreachable))")
}

#[test]
fn errors_are_coloured_on_a_terminal() {
    let place = place();
    for args in FAILURES {
        let coloured = complaint(command(&place, args));
        has(&coloured, &["\x1b[", "error:", "\x1b[0m"]);
        // Nothing but colours is different.
        assert_eq!(without_colours(&coloured), ran(&mut command(&place, args)).stderr, "{args}");
    }
}

#[test]
fn no_color_means_no_colours_unless_it_is_empty() {
    let place = place();
    for args in FAILURES {
        let with = |value: &str| {
            let mut command = command(&place, args);
            command.env("NO_COLOR", value);
            complaint(command)
        };
        assert!(!with("1").contains(ESCAPE), "{args}");
        assert!(!with("0").contains(ESCAPE), "{args}");
        assert!(with("").contains(ESCAPE), "{args}");
    }
}

#[test]
fn a_terminal_that_cannot_show_colours_gets_none() {
    let place = place();
    for args in FAILURES {
        let mut command = command(&place, args);
        // Some take a build server's log for a terminal that can.
        command.env("TERM", "dumb").env("CI", "true");
        assert!(!complaint(command).contains(ESCAPE), "{args}");
    }
}

/// The program with a terminal as its standard output; gives what it shows and what goes elsewhere.
fn on_screen(mut command: Command) -> (String, String) {
    let terminal = Terminal::new();
    let output = command.stdout(terminal.stream()).stderr(Stdio::piped()).output().unwrap();
    drop(command);
    (terminal.text(), String::from_utf8(output.stderr).unwrap())
}

#[test]
fn each_stream_is_looked_at_by_itself() {
    let place = place();
    for args in FAILURES {
        let (stdout, stderr) = on_screen(command(&place, args));
        assert_eq!(stdout, "");
        assert!(stderr.contains("error:") && !stderr.contains(ESCAPE), "{args}: {stderr}");
    }
}

#[test]
fn help_is_coloured_on_a_terminal_that_wants_it() {
    let place = Place::new();
    let (coloured, _) = on_screen(command(&place, "--help"));
    has(&coloured, &["\x1b[", "Usage:"]);
    let mut plain = command(&place, "--help");
    plain.env("NO_COLOR", "1");
    let (plain, _) = on_screen(plain);
    assert_eq!(without_colours(&coloured), plain);
    assert!(!plain.contains(ESCAPE));
}

#[test]
fn what_a_program_prints_on_a_terminal_is_its_own() {
    let place = Place::with("hello.wat", &prints("hello"));
    assert_eq!(on_screen(command(&place, "hello.wat")), ("hello".into(), "".into()));
}
