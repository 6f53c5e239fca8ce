//! docs/benchmarks.md and README.md: what people wrote there stays, what stands between `<!-- begin NAME -->` and
//! `<!-- end -->` is made of the figures.

use crate::bench::LIMITED;
use crate::chart::{Bar, Chart, Group, svg};
use crate::figures::{Figures, LEAST, show};
use crate::{Result, readme, root};
use serde_json::Value;
use std::fmt::Write;
use std::path::Path;

/// Layers of programs, and what the page calls them.
const PROGRAMS: [(&str, &str); 3] = [
    ("wat", "Layer 1, hand-written"),
    ("languages", "Layer 2, Rust, Go and AssemblyScript"),
    ("kernels", "Layer 3, kernels in C"),
];

/// What run times are relative to.
pub const BASE: &str = "wasmtime";

/// Why there is no bar.
const NOT_RUN: &str = "did not run";

/// Where the bars of programs are cut: so many times the base's time.
const CUT: f64 = 2.5;

/// Writes the charts, and the page around them.
pub fn draw(figures: &Figures) -> Result<()> {
    let docs = root().join("docs");
    let charts = docs.join("charts");
    std::fs::create_dir_all(&charts).map_err(|error| error.to_string())?;
    for (name, chart) in charts_of(figures) {
        let path = charts.join(format!("{name}.svg"));
        std::fs::write(&path, svg(&chart)).map_err(|error| format!("{}: {error}", path.display()))?;
    }
    refill(&docs.join("benchmarks.md"), |name| section(figures, name))?;
    refill(&root().join("README.md"), |name| readme::section(figures, name))
}

/// Replaces what is marked in a file.
fn refill(path: &Path, section: impl Fn(&str) -> Option<String>) -> Result<()> {
    let failed = |error: std::io::Error| format!("{}: {error}", path.display());
    let old = std::fs::read_to_string(path).map_err(failed)?;
    let new = fill(&old, section).map_err(|error| format!("{}: {error}", path.display()))?;
    std::fs::write(path, new).map_err(failed)
}

/// The page with every marked part replaced.
fn fill(page: &str, section: impl Fn(&str) -> Option<String>) -> Result<String> {
    let mut out = String::new();
    let mut rest = page;
    while let Some(at) = rest.find("<!-- begin ") {
        let (before, marked) = rest.split_at(at);
        let name = marked["<!-- begin ".len()..].split(' ').next().unwrap_or_default();
        let end = marked.find("<!-- end -->").ok_or_else(|| format!("{name} has no end"))?;
        let text = section(name).ok_or_else(|| format!("no part called {name}"))?;
        let _ = write!(out, "{before}<!-- begin {name} -->\n{}\n", text.trim_end());
        rest = &marked[end..];
    }
    out.push_str(rest);
    Ok(out)
}

/// A bar of a median, with its spread.
fn bar(figures: &Figures, kind: &str, layer: &str, subject: &str, engine: &str) -> Bar {
    let get = |field| figures.get(kind, layer, subject, engine, field);
    let spread = get("least").zip(get("most"));
    Bar { label: engine.to_owned(), value: get("median").ok_or(NOT_RUN), spread }
}

fn groups(figures: &Figures, kind: &str, layer: &str) -> Vec<Group> {
    let engines = figures.engines(kind, layer);
    let group = |subject: String| Group {
        bars: engines.iter().map(|engine| bar(figures, kind, layer, &subject, engine)).collect(),
        title: subject,
    };
    figures.subjects(kind, layer).into_iter().map(group).collect()
}

fn charts_of(figures: &Figures) -> Vec<(String, Chart)> {
    let mut charts = Vec::new();
    let mut add = |name: &str, title: String, note: &str, groups: Vec<Group>, line| {
        if !groups.is_empty() {
            let cut = if name.starts_with("each-") { Some(CUT) } else { None };
            charts.push((name.to_owned(), Chart { title, note: note.to_owned(), groups, line, cut }));
        }
    };
    for (layer, title) in PROGRAMS {
        let bars: Vec<Bar> = figures
            .engines("run", layer)
            .into_iter()
            .map(|engine| {
                let mean = figures.mean_ratio("run", layer, &engine, BASE);
                Bar { label: engine, value: mean.map(|mean| mean.mean).ok_or(NOT_RUN), spread: None }
            })
            .collect();
        let count = figures.subjects("run", layer).len();
        let note = format!(
            "geometric mean of {count} programs, time relative to wasmtime's (Cranelift); shorter is better"
        );
        let groups = if bars.is_empty() { vec![] } else { vec![Group { title: String::new(), bars }] };
        add(&format!("run-{layer}"), format!("{title}: run time"), &note, groups, Some(1.0));

        let bars = figures
            .subjects("run", layer)
            .into_iter()
            .filter_map(|subject| {
                let of = |engine| figures.get("run", layer, &subject, engine, "median");
                let base = of(BASE).filter(|&base| base >= LEAST)?;
                let value = |engine| match of(engine) {
                    Some(time) if time >= LEAST => Ok(time / base),
                    Some(_) => Err("under 1 ms"),
                    None => Err(NOT_RUN),
                };
                let bars = ["brisk-jit", "brisk-auto", "sf-nano-jit", "v8"];
                let bars =
                    bars.map(|engine| Bar { label: engine.to_owned(), value: value(engine), spread: None });
                Some(Group { bars: bars.into(), title: subject })
            })
            .collect();
        let note = "median time relative to wasmtime's (Cranelift, the dashed line); shorter is better";
        add(&format!("each-{layer}"), format!("{title}: each program"), note, bars, Some(1.0));
    }
    let note = "process start to exit, processor time of all threads in ms, each program on a scale of its own; shorter is better";
    add("start", "Time to a first result".to_owned(), note, groups(figures, "cpu", "start"), None);
    add(
        "real",
        "Layer 4, real programs: start to exit".to_owned(),
        note,
        groups(figures, "cpu", "real"),
        None,
    );
    let note = "peak of the whole process in MB, each program on a scale of its own; shorter is better";
    let mut memory = groups(figures, "memory", "start");
    memory.retain(|group| group.title.starts_with("hello") || group.title.starts_with("json"));
    memory.extend(groups(figures, "memory", "real"));
    add("memory", "Peak memory".to_owned(), note, memory, None);
    let note = "the program on the disk in MB; node holds far more than a WebAssembly engine";
    let mut size = groups(figures, "size", "size");
    for group in &mut size {
        group.title.clear();
        group.bars.retain(|bar| {
            !["brisk-jit", "brisk-interp", "winch", "wasmtime-precompiled"].contains(&&*bar.label)
        });
        for bar in &mut group.bars {
            bar.label = bar
                .label
                .replace("brisk-auto", "brisk (all tiers)")
                .replace("wasmtime", "wasmtime (and winch)");
            bar.spread = None;
        }
    }
    add("size", "Size of the engine's program".to_owned(), note, size, None);

    // Speed rather than time: modules differ in size.
    let speed = |kind: &str| -> Vec<Group> {
        let group = |subject: String| {
            let code = code_bytes(figures, &subject)?;
            let engines = figures.engines(kind, "load");
            let bars = engines.into_iter().filter(|engine| engine != "wasmparser validation").map(|engine| {
                let time = figures.get(kind, "load", &subject, &engine, "median");
                let speed = time.map(|ms| code / 1e6 / (ms / 1e3));
                Bar { value: speed.ok_or(NOT_RUN), label: engine, spread: None }
            });
            Some(Group { bars: bars.collect(), title: with_size(figures, &subject) })
        };
        figures.subjects(kind, "load").into_iter().filter_map(group).collect()
    };
    let note = "MB of code section a second of processor time, all functions translated or compiled; own scales; longer is better";
    let mut compile = speed("load");
    compile.retain(|group| !group.title.starts_with("hello") && !group.title.starts_with("json"));
    add("compile", "Compile speed".to_owned(), note, compile, None);
    charts
}

fn section(figures: &Figures, name: &str) -> Option<String> {
    match name {
        "circumstances" => Some(circumstances(figures)),
        "summary" => Some(summary(figures)),
        "processes-start" => Some(processes(figures, "start")),
        "processes-real" => Some(processes(figures, "real")),
        "calls" => {
            let unit = |subject: &str| {
                let of = |figure: &&Value| figure["kind"] == "call" && figure["subject"] == subject;
                let unit = figures.all.iter().find(of).and_then(|figure| figure["unit"].as_str());
                format!("{subject}, {}", unit.unwrap_or_default().replace('u', "µ"))
            };
            Some(table(figures, "call", "calls", unit, median))
        }
        "load" => Some(load(figures)),
        "limits" => Some(limits(figures)),
        "gaps" => Some(gaps(figures)),
        _ => {
            let layer = name.strip_prefix("run-")?;
            Some(table(figures, "run", layer, str::to_owned, |figure| {
                let get = |field: &str| figure[field].as_f64().unwrap_or(f64::NAN);
                if get("median") == 0.0 {
                    return format!("< {LEAST}");
                }
                // Half of the spread, as a share of the median.
                let spread = (get("most") - get("least")) / get("median") * 50.0;
                if get("rounds") > 1.0 && spread.is_finite() {
                    format!("{} ±{spread:.0}%", show(get("median")))
                } else {
                    show(get("median"))
                }
            }))
        }
    }
}

/// A figure's median.
fn median(figure: &Value) -> String {
    show(figure["median"].as_f64().unwrap_or(f64::NAN))
}

/// A row for each subject, a column for each engine.
fn table(
    figures: &Figures,
    kind: &str,
    layer: &str,
    head: impl Fn(&str) -> String,
    cell: impl Fn(&Value) -> String,
) -> String {
    let engines = figures.engines(kind, layer);
    if engines.is_empty() {
        return "Not measured.".to_owned();
    }
    let mut out = format!("| | {} |\n|---|{}\n", engines.join(" | "), "---:|".repeat(engines.len()));
    for subject in figures.subjects(kind, layer) {
        let _ = write!(out, "| {} |", head(&subject));
        for engine in &engines {
            let found = figures.all.iter().find(|figure| {
                figure["kind"] == kind
                    && figure["layer"] == layer
                    && figure["subject"] == *subject
                    && figure["engine"] == **engine
            });
            let _ = write!(out, " {} |", found.map_or("–".to_owned(), &cell));
        }
        out.push('\n');
    }
    out
}

/// The bytes of a module's code section.
pub fn code_bytes(figures: &Figures, subject: &str) -> Option<f64> {
    let of = |figure: &&Value| figure["subject"] == subject && !figure["code"].is_null();
    figures.all.iter().find(of).and_then(|figure| figure["code"].as_f64())
}

/// A module, and how much code it has.
fn with_size(figures: &Figures, subject: &str) -> String {
    match code_bytes(figures, subject) {
        Some(code) => format!("{subject} ({} KB of code)", show(code / 1e3)),
        None => subject.to_owned(),
    }
}

fn load(figures: &Figures) -> String {
    let head = |subject: &str| with_size(figures, subject);
    let lazy = table(figures, "load lazy", "load", head, median);
    let eager = table(figures, "load", "load", head, median);
    format!("All functions ready to run, ms:\n\n{eager}\nFunctions wait for their first call, ms:\n\n{lazy}")
}

/// Processor time, wall time and memory of whole processes.
fn processes(figures: &Figures, layer: &str) -> String {
    let engines = figures.engines("cpu", layer);
    if engines.is_empty() {
        return "Not measured.".to_owned();
    }
    let mut out = format!(
        "| CPU ms / wall ms / MB | {} |\n|---|{}\n",
        engines.join(" | "),
        "---:|".repeat(engines.len())
    );
    for subject in figures.subjects("cpu", layer) {
        let _ = write!(out, "| {subject} |");
        for engine in &engines {
            let get = |kind| figures.get(kind, layer, &subject, engine, "median").map(show);
            let cell = match (get("cpu"), get("wall"), get("memory")) {
                (Some(cpu), Some(wall), Some(memory)) => format!("{cpu} / {wall} / {memory}"),
                _ => "–".to_owned(),
            };
            let _ = write!(out, " {cell} |");
        }
        out.push('\n');
    }
    out
}

/// Each engine's run time relative to the base, by layer.
fn summary(figures: &Figures) -> String {
    let mut engines: Vec<String> = Vec::new();
    for (layer, _) in PROGRAMS {
        for engine in figures.engines("run", layer) {
            if !engines.contains(&engine) {
                engines.push(engine);
            }
        }
    }
    let mut out = String::from("| time over wasmtime's, geometric mean (best, worst) |");
    for (_, title) in PROGRAMS {
        let _ = write!(out, " {title} |");
    }
    out.push_str("\n|---|---:|---:|---:|\n");
    for engine in engines {
        let _ = write!(out, "| {engine} |");
        for (layer, _) in PROGRAMS {
            match figures.mean_ratio("run", layer, &engine, BASE) {
                Some(mean) if engine == BASE => drop(write!(out, " 1 ({} programs) |", mean.count)),
                Some(mean) => {
                    let (m, best, worst) = (show(mean.mean), show(mean.least), show(mean.most));
                    let all = figures.subjects("run", layer).len();
                    let missing = all - mean.count as usize;
                    let missing = if missing > 0 { format!(", {missing} left out") } else { String::new() };
                    let _ = write!(out, " **{m}** ({best}, {worst}{missing}) |");
                }
                None => out.push_str(" – |"),
            }
        }
        out.push('\n');
    }
    out
}

/// What being stoppable and counting fuel cost each engine.
fn limits(figures: &Figures) -> String {
    let mut out = String::from(
        "| time of | over that of | programs | geometric mean | best | worst |\n|---|---|---:|---:|---:|---:|\n",
    );
    for engines in LIMITED.chunks(3) {
        for engine in &engines[1..] {
            if let Some(mean) = figures.mean_ratio("run", "limits", engine, engines[0]) {
                let (m, best, worst) = (show(mean.mean), show(mean.least), show(mean.most));
                let (base, count) = (engines[0], mean.count);
                let _ = writeln!(out, "| {engine} | {base} | {count} | **{m}** | {best} | {worst} |");
            }
        }
    }
    out
}

/// What did not run, and why.
fn gaps(figures: &Figures) -> String {
    let of = |figure: &Value, field: &str| figure[field].as_str().unwrap_or_default().to_owned();
    let gaps = figures.all.iter().filter(|figure| figure["kind"] == "did not run");
    let lines =
        gaps.map(|gap| format!("- {} in {}: {}", of(gap, "subject"), of(gap, "engine"), of(gap, "reason")));
    let lines: Vec<String> = lines.collect();
    if lines.is_empty() { "Every engine ran every program.".to_owned() } else { lines.join("\n") }
}

/// When, where and of what the figures are.
fn circumstances(figures: &Figures) -> String {
    let mut out =
        String::from("| part | measured | commit | built | machine | rounds |\n|---|---|---|---|---|---|\n");
    let runs = figures.runs.as_object().cloned().unwrap_or_default();
    for (layer, run) in &runs {
        let get = |field: &str| run[field].as_str().map_or_else(|| run[field].to_string(), str::to_owned);
        let lto = if run["lto"] == true { "with LTO" } else { "engines in one process without LTO" };
        let _ = writeln!(
            out,
            "| {layer} | {} | {} of {} | {}, {lto} | {}, {} processors, {}, load average {} | {} |",
            get("date"),
            get("commit"),
            get("commit_date"),
            get("rustc"),
            get("cpu"),
            get("cpus"),
            get("system"),
            get("load"),
            get("rounds"),
        );
    }
    if let Some(versions) = runs.get("start").and_then(|run| run["versions"].as_object()) {
        let list: Vec<String> = versions
            .iter()
            .map(|(name, version)| format!("{name}: {}", version.as_str().unwrap_or_default()))
            .collect();
        let _ = writeln!(out, "\nPrograms: {}.", list.join("; "));
    }
    if let Some(missing) = runs.get("start").and_then(|run| run["missing"].as_array()) {
        let list: Vec<&str> = missing.iter().filter_map(Value::as_str).collect();
        let _ = writeln!(out, "\nNot on this machine, so not among the processes: {}.", list.join(", "));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_marked_parts_change() {
        let page = "a\n<!-- begin x -->\nold\n<!-- end -->\nb\n";
        let new = fill(page, |name| (name == "x").then(|| "new\n".to_owned())).unwrap();
        assert_eq!(new, "a\n<!-- begin x -->\nnew\n<!-- end -->\nb\n");
        assert_eq!(fill(&new, |_| Some("new".to_owned())).unwrap(), new);
        assert!(fill(page, |_| None).is_err());
    }
}
