//! V8, in a Node.js of its own that obeys commands on its standard input (`v8.js`).

use crate::clock::Clock;
use crate::peer::{Kind, Load, Loaded, Peer, Result, Run, Timed, added, counted};
use serde_json::{Value, json};
use std::cell::RefCell;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::rc::Rc;

const HARNESS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src/v8.js");

/// A Node.js process with these options.
pub fn peer(name: &'static str, load: Load, options: &[&str], clock: Clock) -> Result<Box<dyn Peer>> {
    let mut command = Command::new("node");
    if load == Load::Eager {
        command.arg("--no-wasm-lazy-compilation");
    }
    // Compiled code must not come from a cache.
    command.args(options).args(["--no-wasm-native-module-cache-enabled", HARNESS]);
    command.arg(if clock == Clock::Wall { "wall" } else { "cpu" });
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|error| format!("{name}: cannot start node: {error}"))?;
    let (Some(commands), Some(answers)) = (child.stdin.take(), child.stdout.take()) else {
        return Err("no pipes to node".to_owned());
    };
    let file = std::env::temp_dir().join(format!("brisk-peers-{}-{}.wasm", std::process::id(), child.id()));
    let node = Node { child, commands, answers: BufReader::new(answers), file };
    Ok(Box::new(V8 { name, load, node: Rc::new(RefCell::new(node)) }))
}

struct Node {
    child: Child,
    commands: ChildStdin,
    answers: BufReader<ChildStdout>,
    /// Where modules are handed over.
    file: PathBuf,
}

impl Drop for Node {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = std::fs::remove_file(&self.file);
    }
}

impl Node {
    fn ask(&mut self, command: &Value) -> Result<Value> {
        let mut line = String::new();
        writeln!(self.commands, "{command}").map_err(|error| format!("node: {error}"))?;
        self.answers.read_line(&mut line).map_err(|error| format!("node: {error}"))?;
        let answer: Value = serde_json::from_str(&line).map_err(|error| format!("node: {error}: {line}"))?;
        match answer["error"].as_str() {
            Some(error) => Err(error.to_owned()),
            None => Ok(answer),
        }
    }

    fn hand_over(&self, wasm: &[u8]) -> Result<&Path> {
        std::fs::write(&self.file, wasm).map_err(|error| format!("{}: {error}", self.file.display()))?;
        Ok(&self.file)
    }
}

struct V8 {
    name: &'static str,
    load: Load,
    node: Rc<RefCell<Node>>,
}

fn seconds(answer: &Value, name: &str) -> Result<f64> {
    answer[name].as_f64().ok_or_else(|| format!("node did not say how many seconds: {answer}"))
}

/// A program in node, which forgets it when this goes.
struct Program {
    node: Rc<RefCell<Node>>,
    id: Value,
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.node.borrow_mut().ask(&json!({"op": "drop", "id": self.id}));
    }
}

impl Loaded for Program {
    fn run(&mut self, args: &[String]) -> Result<Run> {
        let answer = self.node.borrow_mut().ask(&json!({"op": "run", "id": self.id, "args": args}))?;
        Ok(Run {
            instantiate: seconds(&answer, "instantiate")?,
            run: seconds(&answer, "run")?,
            output: answer["text"].as_str().unwrap_or_default().to_owned(),
        })
    }
}

impl Peer for V8 {
    fn name(&self) -> &'static str {
        self.name
    }

    fn load(&mut self, wasm: &[u8], load: Load, times: u32) -> Option<Result<f64>> {
        if load != self.load {
            return None;
        }
        let mut node = self.node.borrow_mut();
        let answer = node
            .hand_over(wasm)
            .map(|path| json!({"op": "load", "path": path, "times": times}))
            .and_then(|command| node.ask(&command));
        Some(answer.and_then(|answer| seconds(&answer, "seconds")))
    }

    fn program(&mut self, wasm: &[u8]) -> Result<Box<dyn Loaded>> {
        let mut node = self.node.borrow_mut();
        let command = json!({"op": "program", "path": node.hand_over(wasm)?});
        let id = node.ask(&command)?["id"].clone();
        Ok(Box::new(Program { node: Rc::clone(&self.node), id }))
    }

    fn prepare(&mut self, wasm: &[u8], kind: Kind) -> Result<Timed> {
        let mut node = self.node.borrow_mut();
        let command = json!({"op": "prepare", "path": node.hand_over(wasm)?, "kind": format!("{kind:?}")});
        let program = Program { node: Rc::clone(&self.node), id: node.ask(&command)?["id"].clone() };
        Ok(Box::new(move |times| {
            let command = json!({"op": "repeat", "id": program.id, "times": times});
            let answer = program.node.borrow_mut().ask(&command)?;
            let result = answer["result"].as_i64().unwrap_or_default() as i32;
            match kind {
                Kind::Instantiate => Ok(()),
                Kind::TypedCall => added(result, times),
                Kind::HostCall | Kind::IndirectCall => counted(result, times),
            }?;
            seconds(&answer, "seconds")
        }))
    }
}
