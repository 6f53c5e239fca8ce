//! The figures in README.md: a few of those of docs/benchmarks.md, of the same run.

use crate::figures::{Figures, show};
use crate::page::{BASE, code_bytes};
use std::fmt::Write;

/// What stands between two marks; nothing if no part is called so.
pub fn section(figures: &Figures, name: &str) -> Option<String> {
    let mut table = Table { figures, out: String::new() };
    match name {
        "interpreter" => table.interpreter(),
        "compiled" => table.compiled(),
        "processes" => table.processes(),
        "measured" => table.measured(),
        _ => return None,
    }
    Some(table.out)
}

struct Table<'a> {
    figures: &'a Figures,
    out: String,
}

impl Table<'_> {
    fn row(&mut self, cells: &[String]) {
        let _ = writeln!(self.out, "| {} |", cells.join(" | "));
    }

    fn head(&mut self, cells: &[&str]) {
        self.row(&cells.iter().map(|&cell| cell.to_owned()).collect::<Vec<_>>());
        self.row(&vec!["---".to_owned(); cells.len()]);
    }

    /// A layer's run time over the base's, with the best and the worst program.
    fn ratio(&self, layer: &str, engine: &str, base: &str) -> String {
        match self.figures.mean_ratio("run", layer, engine, base) {
            _ if engine == base => "1".to_owned(),
            Some(mean) => {
                let (m, best, worst) = (show(mean.mean), show(mean.least), show(mean.most));
                let few = if (mean.count as usize) < self.programs(layer) {
                    format!("; of {}", mean.count)
                } else {
                    String::new()
                };
                format!("{m} (best {best}, worst {worst}{few})")
            }
            None => "–".to_owned(),
        }
    }

    fn programs(&self, layer: &str) -> usize {
        self.figures.subjects("run", layer).len()
    }

    fn median(&self, kind: &str, layer: &str, subject: &str, engine: &str) -> Option<f64> {
        self.figures.get(kind, layer, subject, engine, "median")
    }

    fn shown(&self, kind: &str, layer: &str, subject: &str, engine: &str, unit: &str) -> String {
        let median = self.median(kind, layer, subject, engine);
        median.map_or("–".to_owned(), |median| format!("{}{unit}", show(median)))
    }

    fn calls(&mut self, engines: &[&str]) {
        for (subject, what, unit) in [
            ("typed call", "one typed call into wasm", " ns"),
            ("host call", "one call of a host function", " ns"),
            ("instantiate", "instantiating a small module", " µs"),
        ] {
            let mut cells = vec![what.to_owned()];
            cells.extend(engines.iter().map(|engine| self.shown("call", "calls", subject, engine, unit)));
            self.row(&cells);
        }
    }

    fn run_times(&mut self, engines: &[&str]) {
        for (layer, what) in [
            ("kernels", "kernels in C"),
            ("languages", "programs of Rust's, Go's and AssemblyScript's compilers"),
        ] {
            let what = format!(
                "run time of {} {what}, geometric mean of the time over {BASE}'s",
                self.programs(layer)
            );
            let mut cells = vec![what];
            cells.extend(engines.iter().map(|engine| self.ratio(layer, engine, BASE)));
            self.row(&cells);
        }
    }

    fn interpreter(&mut self) {
        self.head(&["what", "brisk, tier `interp`", "wasmi", "wasmtime (Cranelift)"]);
        let engines = ["brisk-interp", "wasmi", BASE];
        self.run_times(&engines);
        self.calls(&engines);
        let python = "python-3.11.3";
        if self.median("load lazy", "load", python, engines[0]).is_some() {
            let of = |kind, engine, unit| self.shown(kind, "load", python, engine, unit);
            let cells = [
                "loading CPython, until its functions can be called".to_owned(),
                of("load lazy", engines[0], " ms"),
                of("load lazy", engines[1], " ms"),
                of("load", BASE, " ms"),
            ];
            self.row(&cells);
        }
    }

    fn compiled(&mut self) {
        self.head(&["what", "brisk, tier `jit`", "tier `auto`", "wasmtime (Cranelift)"]);
        let engines = ["brisk-jit", "brisk-auto", BASE];
        self.run_times(&engines);
        let mut cells = vec![format!("recursive `fib` in C, time over {BASE}'s")];
        for engine in engines {
            let of = |engine| self.median("run", "kernels", "fib", engine);
            let ratio = of(engine).zip(of(BASE)).map(|(time, base)| time / base);
            cells.push(match ratio {
                _ if engine == BASE => "1".to_owned(),
                Some(ratio) => show(ratio),
                None => "–".to_owned(),
            });
        }
        self.row(&cells);
        for (module, what) in [("go", "a Go program"), ("quickjs", "QuickJS"), ("resvg", "resvg")] {
            let Some(code) = code_bytes(self.figures, module) else { continue };
            let speed = |engine| match self.median("load", "load", module, engine) {
                Some(ms) => show(code / 1e3 / ms),
                None => "–".to_owned(),
            };
            let what = format!("compiling {what} on one thread, MB of code section a second");
            let cells = [what, speed(engines[0]), String::new(), speed(BASE)];
            self.row(&cells);
        }
        self.calls(&engines);
        for (what, ours, theirs) in [
            ("what being interruptible costs", "brisk-jit-interruptible", "wasmtime-epochs"),
            ("what charging fuel costs", "brisk-jit-fuel", "wasmtime-fuel"),
        ] {
            let cost = |engine, base| match self.figures.mean_ratio("run", "limits", engine, base) {
                Some(mean) => {
                    let percent = |ratio: f64| (ratio - 1.0) * 100.0;
                    format!("{:.0} % (worst {:.0} %)", percent(mean.mean), percent(mean.most))
                }
                None => "–".to_owned(),
            };
            let cells = [
                format!("{what}, {} kernels", self.figures.subjects("run", "limits").len()),
                cost(ours, "brisk-jit"),
                String::new(),
                cost(theirs, BASE),
            ];
            self.row(&cells);
        }
    }

    fn processes(&mut self) {
        self.head(&[
            "start to exit: processor time, peak memory",
            "brisk, tier `auto`",
            "tier `interp`",
            "wasmtime, nothing cached",
            "V8 (Node.js)",
        ]);
        for (layer, subject) in [
            ("start", "hello (C)"),
            ("start", "fib 20 (Go)"),
            ("real", "QuickJS"),
            ("real", "CPython"),
            ("real", "resvg"),
        ] {
            let mut cells = vec![subject.to_owned()];
            for engine in ["brisk-auto", "brisk-interp", "wasmtime", "v8 (node)"] {
                cells.push(format!(
                    "{}, {}",
                    self.shown("cpu", layer, subject, engine, " ms"),
                    self.shown("memory", layer, subject, engine, " MB")
                ));
            }
            self.row(&cells);
        }
        let mut cells = vec!["the engine's program itself".to_owned()];
        for engine in ["brisk-auto", "brisk-interp", "wasmtime", "v8 (node)"] {
            cells.push(match engine {
                "brisk-interp" => "the same".to_owned(),
                _ => self.shown("size", "size", "program", engine, " MB"),
            });
        }
        self.row(&cells);
    }

    /// Which parts are of which commit.
    fn measured(&mut self) {
        let runs = self.figures.runs.as_object().cloned().unwrap_or_default();
        let mut commits: Vec<(String, Vec<&str>)> = Vec::new();
        for (part, run) in &runs {
            let get = |field: &str| run[field].as_str().unwrap_or("?");
            let lto = if run["lto"] == true { "with" } else { "without" };
            let of = format!("commit {}, {}, {lto} link-time optimization", get("commit"), get("date"));
            match commits.iter_mut().find(|(known, _)| *known == of) {
                Some((_, parts)) => parts.push(part),
                None => commits.push((of, vec![part])),
            }
        }
        let list: Vec<String> =
            commits.iter().map(|(of, parts)| format!("{} ({of})", parts.join(", "))).collect();
        let _ = writeln!(self.out, "Measured by `cargo xtask bench`: {}.", list.join("; "));
    }
}
