//! A module's run on one tier, written down line by line.

use super::Counts;
use super::interrupts::{self, Interrupting, Interrupts};
use crate::generate::STEPS;
use crate::random::Random;
use brisk::{
    AsContext, AsContextMut, Caller, Config, CpuFeature, Engine, Error, ExnRef, ExnRefPre, ExnType, Extern,
    ExternRef, ExternType, Func, FuncType, Global, GlobalType, Instance, Memory, MemoryType, Module, Ref,
    Result, Rooted, Store, StoreLimits, StoreLimitsBuilder, Table, Tag, ThrownException, Tier, TierOutcome,
    Trap, TypedFunc, Val, ValType, WasmBacktrace, bail,
};
use std::collections::BTreeSet;
use std::fmt::Write;
use std::ops::Range;

/// Beginning of the line of a call that used up a stack. Interpreter and machine code do so at different depths.
pub const OVERFLOW: &str = "stack overflow";
const MEMORY_BYTES: usize = 4 << 20;
const TABLE_ELEMENTS: usize = 10_000;
const STACK_BYTES: usize = 4 << 20;
/// Native stack of the thread that runs a module: what code may use, and the host's part.
pub const THREAD_STACK_BYTES: usize = STACK_BYTES + (4 << 20);
/// Instances of a module in its store; later ones import from earlier ones.
const INSTANCES: usize = 2;
/// How often host functions call back during one call.
const NESTED: u32 = 6;
/// Fuel that no call uses up.
const ENOUGH_FUEL: u64 = 20_000_000;
/// What the counter of a module that stops itself is set to before each call.
const CALL_STEPS: u64 = 2_000;

/// A way to run code.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Way {
    /// Interpreted: what the others are compared with.
    Interp,
    /// Compiled first.
    Jit {
        /// Bounds are checked by the hardware.
        guarded: bool,
    },
    /// Interpreted until hot.
    Auto {
        /// Iterations until then.
        threshold: u32,
        /// Threads that compile meanwhile; with none, code is there when it is first wanted.
        threads: usize,
    },
}

impl Way {
    fn config(self, plan: Plan) -> Config {
        let mut config = Config::new();
        config
            .deterministic(plan.deterministic)
            .parallel_compilation(false)
            .compile_threads(0)
            .log_tiers(true);
        config.max_wasm_stack(STACK_BYTES).max_native_stack(STACK_BYTES);
        config.consume_fuel(plan.fuel.is_some());
        config.spectre_mitigations(plan.spectre).interruptible(plan.interruptible);
        plan.interrupts.configure(&mut config);
        if let Some(features) = plan.cpu {
            config.cpu_features(features);
        }
        match self {
            Way::Interp => config.tier(Tier::Interp),
            Way::Jit { guarded } => config.tier(Tier::Jit).signals_based_traps(guarded),
            Way::Auto { threshold, threads } => {
                config.tier(Tier::Auto).tier_threshold(threshold).compile_threads(threads)
            }
        };
        config
    }
}

/// Processors that code is made for, half of the time the one at hand. Of a list, only what is of its kind counts.
const CPUS: [Option<&[CpuFeature]>; 6] = [
    None,
    None,
    None,
    Some(&[]),
    Some(&[CpuFeature::Sse42, CpuFeature::Popcnt, CpuFeature::Bti, CpuFeature::Paca]),
    Some(&[CpuFeature::Popcnt, CpuFeature::Avx, CpuFeature::Bmi1, CpuFeature::Lzcnt, CpuFeature::Paca]),
];

/// How a module is run, on every tier alike.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// Seed of arguments and of what host functions do.
    pub seed: u64,
    /// Fuel of each call, if it is counted.
    pub fuel: Option<u64>,
    /// How often each export is called.
    pub rounds: u32,
    /// Whether NaNs are made canonical, and all else is that could differ.
    pub deterministic: bool,
    /// Whether machine code masks what speculation could read.
    pub spectre: bool,
    /// Whether machine code looks for interrupts.
    pub interruptible: bool,
    /// What interrupts it.
    pub interrupts: Interrupts,
    /// What machine code may use of the processor, if not all it has.
    pub cpu: Option<&'static [CpuFeature]>,
    /// After how many iterations code is hot, beside none.
    pub thresholds: [u32; 3],
}

impl Plan {
    /// Mostly enough fuel, sometimes too little, sometimes none counted. Of the thresholds, the first ones reach
    /// inner loops before what is around them is compiled.
    pub fn new(random: &mut Random, rounds: u32) -> Plan {
        let fuel = match random.below(8) {
            0..=2 => None,
            3 => Some(random.below(4_000)),
            _ => Some(ENOUGH_FUEL),
        };
        let mut plan = Plan {
            seed: random.number(),
            fuel,
            rounds,
            deterministic: true,
            spectre: random.below(4) != 0,
            interruptible: random.below(2) != 0,
            interrupts: Interrupts::Never,
            cpu: CPUS[random.below(CPUS.len() as u64) as usize],
            thresholds: [1 + random.below(6), 4 + random.below(40), 10 + random.below(500)].map(|x| x as u32),
        };
        plan.interrupts = Interrupts::choose(random);
        plan.interruptible |= plan.interrupts != Interrupts::Never;
        if plan.interrupts.stop() {
            // How much was used says where calls were stopped.
            plan.fuel = Some(ENOUGH_FUEL);
        }
        // As most run it: all that looks for interrupts or charges fuel keeps the compiler from much.
        if random.below(3) == 0 {
            plan.fuel = None;
            plan.interruptible = false;
            plan.interrupts = Interrupts::Never;
        }
        plan
    }

    /// Every way to run a module, the one that is believed first. Where threads compile, code of loops is there before that
    /// of their functions, or later, and no two runs are the same.
    pub fn ways(self) -> [Way; 9] {
        let [few, some, many] = self.thresholds;
        [
            Way::Interp,
            Way::Jit { guarded: true },
            Way::Jit { guarded: false },
            Way::Auto { threshold: 0, threads: 0 },
            Way::Auto { threshold: few, threads: 0 },
            Way::Auto { threshold: some, threads: 0 },
            Way::Auto { threshold: few, threads: 2 },
            Way::Auto { threshold: some, threads: 1 },
            Way::Auto { threshold: many, threads: 2 },
        ]
    }
}

pub(super) struct Data {
    lines: Vec<String>,
    random: Random,
    limits: StoreLimits,
    pub(super) counts: Counts,
    /// What host functions call, throw and change.
    funcs: Vec<(String, Func)>,
    tags: Vec<Tag>,
    memories: Vec<Memory>,
    globals: Vec<Global>,
    /// What the host made for modules to import.
    made: Vec<Extern>,
    /// Calls that host functions may still make, and how deep in such calls they are.
    nested: u32,
    depth: u32,
    interrupts: Interrupts,
    pub(super) interrupting: Interrupting,
    /// What callbacks of interrupts call.
    pub(super) disturbing: Option<TypedFunc<i64, i64>>,
    /// Whether calls are stopped, by interrupts or, instead, by what fuel they get.
    stops: bool,
    /// What fuel the call at hand got, and how often it called the host.
    budget: u64,
    host_calls: u64,
    /// Where it was stopped in the run that is compared with.
    stop: Option<Stop>,
}

/// Where a call was interrupted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Stop {
    /// Fuel used.
    used: u64,
    /// Calls of the host made: the interpreter may notice an interrupt before one, which costs nothing more.
    host_calls: u64,
    /// Whether that was behind the charge of a loop's header, where machine code takes over: what is charged there was
    /// not done.
    pub charged: bool,
}

/// Where each call of a run was interrupted, if it was.
pub type Stops = Vec<Option<Stop>>;

/// A module's run.
pub struct Outcome {
    /// What was seen, in order.
    pub lines: Vec<String>,
    /// What happened, by class.
    pub counts: Counts,
    /// Where calls were interrupted.
    pub stops: Stops,
    /// The lines of calls that were stopped because others were, and which calls that were.
    pub stopped: Vec<(Range<usize>, usize)>,
}

/// Runs a module. `Err` is why brisk refuses it. Where `stops` is given, calls end there.
pub fn run(wasm: &[u8], way: Way, plan: Plan, stops: Option<&Stops>) -> std::result::Result<Outcome, String> {
    let engine = Engine::new(&way.config(plan)).expect("such an engine exists");
    let module = Module::from_binary(&engine, wasm).map_err(|error| format!("{error:#}"))?;
    let limits = StoreLimitsBuilder::new().memory_size(MEMORY_BYTES).table_elements(TABLE_ELEMENTS).build();
    let data = Data {
        lines: Vec::new(),
        random: Random::new(plan.seed),
        limits,
        counts: Counts::default(),
        funcs: Vec::new(),
        tags: Vec::new(),
        memories: Vec::new(),
        globals: Vec::new(),
        made: Vec::new(),
        nested: 0,
        depth: 0,
        interrupts: plan.interrupts,
        interrupting: Interrupting::new(plan.seed),
        disturbing: None,
        stops: plan.interrupts.stop() || stops.is_some(),
        budget: 0,
        host_calls: 0,
        stop: None,
    };
    let mut store = Store::new(&engine, data);
    store.limiter(|data| &mut data.limits);
    interrupts::prepare(&mut store, plan.interrupts);
    let mut calls = Calls { plan, stops, seen: Vec::new(), stopped: Vec::new() };
    interrupts::while_raised(&engine, plan.interrupts, plan.seed, || run_in(&mut store, &module, &mut calls));
    let Calls { seen: stops, stopped, .. } = calls;
    let Data { lines, mut counts, .. } = store.into_data();
    count_compilations(&engine, way, &mut counts)?;
    Ok(Outcome { lines, counts, stops, stopped })
}

/// Makes instances, calls what they export, and looks at what they hold.
fn run_in(store: &mut Store<Data>, module: &Module, calls: &mut Calls) {
    let plan = calls.plan;
    let mut instances = Vec::new();
    for _ in 0..INSTANCES {
        interrupts::disarm(store, plan.interrupts);
        refuel(store, plan.fuel);
        let made = imports(store, module, &instances)
            .and_then(|imports| Instance::new(&mut *store, module, &imports));
        let line = match &made {
            Ok(_) => "instantiated".to_string(),
            Err(error) => format!("not instantiated: {}", stop(&mut *store, error)),
        };
        store.data_mut().counts.see(if made.is_ok() { "instantiated" } else { "not instantiated" });
        push(&mut *store, line);
        let Ok(instance) = made else { break };
        instances.push(instance);
        remember(store, module, instance);
        for _ in 0..plan.rounds {
            call_exports(store, module, &instances, calls);
        }
    }
    held(store, module, &instances);
}

/// What became of compilations. `Err` if the compiler failed.
fn count_compilations(engine: &Engine, way: Way, counts: &mut Counts) -> std::result::Result<(), String> {
    let events = engine.tier_events();
    if let Some(event) = events.iter().find(|event| event.outcome == TierOutcome::Failed) {
        return Err(format!("the compiler failed on function {}, loop {:x?}", event.func, event.loop_offset));
    }
    let mut entered = BTreeSet::new();
    for event in events {
        let class = match (event.outcome, event.loop_offset, way) {
            (TierOutcome::TooLarge, ..) => "too large to compile",
            (TierOutcome::Refused, ..) => "no room for code",
            (_, None, Way::Jit { .. }) => "compiled first",
            (_, None, _) => {
                entered.insert(event.func);
                "compiled when hot"
            }
            (_, Some(_), Way::Auto { threads: 0, .. }) => "loops taken over",
            (_, Some(_), _) => "loops compiled in the background",
        };
        counts.see(class);
    }
    // Where the first call of a function makes it hot, the others run the machine code.
    if way == (Way::Auto { threshold: 0, threads: 0 }) {
        counts.add("functions that ran", entered.len() as u64);
    }
    Ok(())
}

/// Makes an instance's exports known to host functions.
fn remember(store: &mut Store<Data>, module: &Module, instance: Instance) {
    for export in module.exports() {
        let name = export.name();
        match instance.get_export(&mut *store, name) {
            Some(Extern::Func(func)) => store.data_mut().funcs.push((name.to_string(), func)),
            Some(Extern::Tag(tag)) => store.data_mut().tags.push(tag),
            Some(Extern::Memory(memory)) => store.data_mut().memories.push(memory),
            Some(Extern::Global(global)) if name != STEPS && global.ty(&*store).mutability().is_var() => {
                store.data_mut().globals.push(global);
            }
            _ => {}
        }
    }
}

/// The calls of exports.
struct Calls<'a> {
    plan: Plan,
    stops: Option<&'a Stops>,
    /// Where calls so far were interrupted.
    seen: Stops,
    /// See [`Outcome::stopped`].
    stopped: Vec<(Range<usize>, usize)>,
}

fn refuel(store: &mut Store<Data>, fuel: Option<u64>) {
    if let Some(fuel) = fuel {
        store.set_fuel(fuel).expect("the engine counts fuel");
        store.data_mut().budget = fuel;
    }
}

/// Notes a line, with the fuel that is left.
fn push(mut store: impl AsContextMut<Data = Data>, mut line: String) {
    let mut context = store.as_context_mut();
    // Fuel is exact wherever the host can look.
    if let Ok(left) = context.get_fuel() {
        let _ = match context.data() {
            Data { stops: true, budget, .. } => write!(line, "; used {}", budget - left),
            _ => write!(line, "; fuel {left}"),
        };
    }
    context.data_mut().lines.push(line);
}

/// Why and where code stopped.
fn stop(mut store: impl AsContextMut<Data = Data>, error: &Error) -> String {
    let mut text = match error.downcast_ref::<Trap>() {
        Some(Trap::StackOverflow) => return OVERFLOW.to_string(),
        Some(trap) => format!("{trap:?}"),
        None => format!("{:#}", error.root_cause()),
    };
    if error.is::<ThrownException>()
        && let Some(exception) = store.as_context_mut().take_pending_exception()
    {
        let fields = exception.ty(&store).map_or(0, |ty| ty.fields().count());
        for index in 0..fields {
            let field = exception.field(&mut store, index).map(|value| seen(&store, &value));
            let _ = write!(text, " {}", field.unwrap_or_else(|error| format!("{error:#}")));
        }
    }
    for frame in error.downcast_ref::<WasmBacktrace>().map_or(&[][..], |trace| trace.frames()) {
        let _ = write!(text, " at {}:{:#x}", frame.func_index(), frame.module_offset().unwrap_or(0));
    }
    text
}

fn imports(store: &mut Store<Data>, module: &Module, instances: &[Instance]) -> Result<Vec<Extern>> {
    let mut imports = Vec::new();
    for import in module.imports() {
        let earlier = instances.last().copied().filter(|_| store.data_mut().random.below(2) == 0);
        if let Some(found) = earlier.and_then(|instance| fitting(store, module, instance, &import.ty())) {
            imports.push(found);
            continue;
        }
        let made = match import.ty() {
            ExternType::Func(ty) => Extern::Func(host_function(store, import.name(), ty)),
            ExternType::Global(ty) => {
                let value = make(&mut *store, ty.content())?;
                Extern::Global(Global::new(&mut *store, ty, value)?)
            }
            ExternType::Memory(ty) => {
                if let Some(same) = made_before(store, &ty) {
                    imports.push(same.into());
                    continue;
                }
                Extern::Memory(Memory::new(&mut *store, ty)?)
            }
            ExternType::Table(ty) => {
                let null = Ref::null(ty.element().heap_type());
                Extern::Table(Table::new(&mut *store, ty, null)?)
            }
            ExternType::Tag(ty) => Extern::Tag(Tag::new(&mut *store, &ty)?),
        };
        store.data_mut().made.push(made.clone());
        imports.push(made);
    }
    Ok(imports)
}

/// Sometimes a memory that was made for another import, of the same type.
fn made_before(store: &mut Store<Data>, ty: &MemoryType) -> Option<Memory> {
    let again = store.data_mut().random.below(2) == 0;
    let mut made = store.data().made.iter().rev().filter(|_| again);
    made.find_map(|it| it.clone().into_memory().filter(|memory| memory.ty(&*store) == *ty))
}

/// The last export of an instance that is of the type of an import.
fn fitting(store: &mut Store<Data>, module: &Module, instance: Instance, ty: &ExternType) -> Option<Extern> {
    let exports: Vec<String> = module.exports().map(|export| export.name().to_string()).collect();
    let found = exports.iter().rev().find_map(|name| {
        if name == STEPS {
            return None;
        }
        let export = instance.get_export(&mut *store, name)?;
        let fits = match (export.ty(&*store), ty) {
            (ExternType::Func(export), ExternType::Func(import)) => FuncType::eq(&export, import),
            (ExternType::Global(export), ExternType::Global(import)) => is_same_global(&export, import),
            (ExternType::Memory(export), ExternType::Memory(import)) => {
                export.minimum() >= import.minimum()
                    && export.maximum() == import.maximum()
                    && export.is_64() == import.is_64()
                    && export.page_size() == import.page_size()
            }
            _ => false,
        };
        fits.then_some(export)
    });
    if found.is_some() {
        store.data_mut().counts.see("imports from an instance");
    }
    found
}

fn is_same_global(a: &GlobalType, b: &GlobalType) -> bool {
    a.mutability() == b.mutability() && ValType::eq(a.content(), b.content())
}

/// A function that notes its arguments, does some of what host functions may, and makes its results up.
fn host_function(store: &mut Store<Data>, name: &str, ty: FuncType) -> Func {
    let name = name.to_string();
    let results: Vec<ValType> = ty.results().collect();
    Func::new(&mut *store, ty, move |mut caller, arguments, values| {
        if caller.data().stop == Some(here(&caller)) {
            return Err(Trap::OutOfFuel.into());
        }
        caller.data_mut().host_calls += 1;
        let mut line = format!("call of {name}");
        for argument in arguments {
            let _ = write!(line, " {}", seen(&caller, argument));
        }
        push(&mut caller, line);
        caller.data_mut().counts.see("host calls");
        if caller.data().interrupts == Interrupts::Host && caller.data_mut().interrupting.host_raises() {
            caller.engine().increment_epoch();
        }
        act(&mut caller)?;
        for (value, ty) in values.iter_mut().zip(&results) {
            *value = make(&mut caller, ty)?;
        }
        Ok(())
    })
}

/// What a host function does beside returning.
fn act(caller: &mut Caller<Data>) -> Result<()> {
    let random = &mut caller.data_mut().random;
    let (kind, number) = (random.below(40), random.number());
    match kind {
        0 => bail!("the host refuses"),
        1 | 2 => {
            let tags = caller.data().tags.len() as u64;
            if tags > 0 {
                let tag = caller.data().tags[(number % tags) as usize];
                return throw(caller, tag);
            }
        }
        3..=5 => {
            let memories = caller.data().memories.len() as u64;
            if memories > 0 {
                let memory = caller.data().memories[(number % memories) as usize];
                if kind == 3 {
                    let grown = memory.grow(&mut *caller, 1).ok();
                    push(&mut *caller, format!("grew {grown:?}"));
                }
                let size = memory.data_size(&*caller) as u64;
                let bytes = number.to_le_bytes();
                let _ = memory.write(&mut *caller, (number % 0x200 % size.max(1)) as usize, &bytes);
            }
        }
        6..=8 => {
            let globals = caller.data().globals.len() as u64;
            if globals > 0 {
                let global = caller.data().globals[(number % globals) as usize];
                let ty = global.ty(&*caller);
                if let Ok(value) = make(&mut *caller, ty.content()) {
                    global.set(&mut *caller, value)?;
                }
            }
        }
        9 => caller.gc(None)?,
        10..=12 => {
            let data = caller.data_mut();
            let funcs = data.funcs.len() as u64;
            if funcs > 0 && data.nested > 0 && data.depth < 2 {
                data.nested -= 1;
                data.depth += 1;
                let (name, func) = data.funcs[(number % funcs) as usize].clone();
                let called = call(&mut *caller, &name, func);
                caller.data_mut().depth -= 1;
                caller.data_mut().counts.see("calls by host functions");
                // Some do not mind.
                let is_stop =
                    called.as_ref().is_err_and(|error| caller.data().stops && interrupts::stopped(error));
                if number >> 63 == 0 || is_stop {
                    called?;
                }
            }
        }
        _ => {}
    }
    Ok(())
}

fn throw(caller: &mut Caller<Data>, tag: Tag) -> Result<()> {
    let ty = ExnType::from_tag_type(&tag.ty(&*caller))?;
    let fields: Result<Vec<Val>> = ty.fields().map(|ty| make(&mut *caller, &ty)).collect();
    let Ok(fields) = fields else { return Ok(()) };
    let before = ExnRefPre::new(&mut *caller, ty);
    let exception: Rooted<ExnRef> = ExnRef::new(&mut *caller, &before, &tag, &fields)?;
    caller.data_mut().counts.see("exceptions of the host");
    caller.as_context_mut().throw(exception)
}

fn call_exports(store: &mut Store<Data>, module: &Module, instances: &[Instance], calls: &mut Calls) {
    let Some(&instance) = instances.last() else { return };
    for export in module.exports() {
        let Some(func) = instance.get_func(&mut *store, export.name()) else { continue };
        if let Some(steps) = instance.get_global(&mut *store, STEPS) {
            let count = store.data_mut().random.below(CALL_STEPS) as i32;
            steps.set(&mut *store, Val::I32(count)).expect("it is an integer");
        }
        let stop = calls.stops.and_then(|stops| stops.get(calls.seen.len()).copied().flatten());
        let limit = stop.map(|stop| stop.used.saturating_sub(stop.charged.into()));
        refuel(store, limit.or(calls.plan.fuel));
        (store.data_mut().host_calls, store.data_mut().stop) = (0, stop);
        store.data_mut().nested = NESTED;
        interrupts::arm(store, calls.plan.interrupts);
        let first_line = store.data().lines.len();
        let called = call(&mut *store, export.name(), func);
        let seen = here(&*store);
        let interrupted = called.is_err_and(|error| interrupts::is_interrupt(&error));
        calls.seen.push(interrupted.then_some(seen));
        if interrupted {
            store.data_mut().counts.see("interrupted");
        }
        if interrupted || stop.is_some_and(|stop| stop.host_calls == seen.host_calls) {
            // What costs nothing may still have been done.
            store.data_mut().lines.pop();
            let state = state(store, module, instances);
            let lines = &mut store.data_mut().lines;
            lines.push(format!("{}; {state}", stopped_line(export.name())));
        }
        if stop.is_some() {
            calls.stopped.push((first_line..store.data().lines.len(), calls.seen.len() - 1));
        }
    }
}

/// Where the call at hand is.
fn here(store: impl AsContext<Data = Data>) -> Stop {
    let context = store.as_context();
    let Data { budget, host_calls, .. } = *context.data();
    let used = context.get_fuel().map_or(0, |left| budget - left);
    Stop { used, host_calls, charged: false }
}

/// The line of a call that was stopped by an interrupt, or for lack of fuel.
fn stopped_line(name: &str) -> String {
    format!("{name} stopped where it was told to")
}

/// Calls a function with arguments that are made up, and notes how that ends.
fn call(mut store: impl AsContextMut<Data = Data>, name: &str, func: Func) -> Result<()> {
    let ty = func.ty(&store);
    let arguments: Result<Vec<Val>> = ty.params().map(|ty| make(&mut store, &ty)).collect();
    let Ok(arguments) = arguments else { return Ok(()) };
    let mut results = vec![Val::I32(0); ty.results().len()];
    let mut line = name.to_string();
    let called = func.call(&mut store, &arguments, &mut results);
    let class = match &called {
        Ok(()) => {
            for result in &results {
                let _ = write!(line, " {}", seen(&store, result));
            }
            "returned".to_string()
        }
        Err(error) => {
            let stop = &*stop(&mut store, error);
            let class = match error.downcast_ref::<Trap>() {
                Some(trap) => format!("trap: {trap:?}"),
                None if error.is::<ThrownException>() => "exceptions".to_string(),
                None => "other errors".to_string(),
            };
            line = match stop {
                _ if store.as_context().data().stops && interrupts::stopped(error) => stopped_line(name),
                OVERFLOW => OVERFLOW.to_string(),
                stop => format!("{line} stopped: {stop}"),
            };
            class
        }
    };
    push(&mut store, line);
    store.as_context_mut().data_mut().counts.see(class);
    match called {
        // The exception was taken out to be looked at.
        Err(error) if error.is::<ThrownException>() => bail!("the host lets go of an exception"),
        called => called,
    }
}

/// What is held, in short.
fn state(store: &mut Store<Data>, module: &Module, instances: &[Instance]) -> String {
    let lines = store.data().lines.len();
    held(store, module, instances);
    let state = store.data_mut().lines.split_off(lines).join("\n");
    format!("{:x}", hash(state.as_bytes()))
}

fn hash(bytes: &[u8]) -> u64 {
    bytes
        .iter()
        .fold(0, |hash: u64, &byte| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3).rotate_left(5))
}

/// What instances, which may call each other, and the host hold in the end.
fn held(store: &mut Store<Data>, module: &Module, instances: &[Instance]) {
    for instance in instances {
        for export in module.exports() {
            if let Some(it) = instance.get_export(&mut *store, export.name()) {
                holds(store, export.name(), &it);
            }
        }
    }
    for it in store.data().made.clone() {
        holds(store, "of the host", &it);
    }
}

/// What a memory, global or table holds.
fn holds(store: &mut Store<Data>, name: &str, it: &Extern) {
    let line = match it {
        Extern::Memory(memory) => {
            let data = memory.data(&*store);
            let mut line = format!("memory {name}: {} bytes", data.len());
            // What is not 0, in short: modules touch little of their memories.
            for (number, chunk) in data.chunks(64).enumerate() {
                if chunk.iter().any(|&byte| byte != 0) {
                    let hash = hash(chunk);
                    let _ = write!(line, " {:#x}={hash:x}", number * 64);
                }
            }
            line
        }
        Extern::Global(global) => {
            let value = global.get(&mut *store);
            format!("global {name}: {}", seen(&*store, &value))
        }
        Extern::Table(table) => {
            let size = table.size(&*store);
            let mut line = format!("table {name}: {size}");
            for index in 0..size {
                let Some(element) = table.get(&mut *store, index) else { break };
                let _ = write!(line, " {}", seen(&*store, &element.into()));
            }
            line
        }
        _ => return,
    };
    store.data_mut().lines.push(line);
}

/// The next value of a type.
fn make(mut store: impl AsContextMut<Data = Data>, ty: &ValType) -> Result<Val> {
    let mut context = store.as_context_mut();
    let random = &mut context.data_mut().random;
    Ok(match ty {
        ValType::I32 => Val::I32(random.integer() as i32),
        ValType::I64 => Val::I64(random.integer().cast_signed()),
        ValType::F32 => Val::F32(random.f32()),
        ValType::F64 => Val::F64(random.f64()),
        ValType::V128 => Val::V128((u128::from(random.integer()) << 64 | u128::from(random.f64())).into()),
        ValType::Ref(ty) => {
            let number = random.number() as u32;
            let null = Val::null_ref(ty.heap_type());
            match null {
                Val::ExternRef(_) if !number.is_multiple_of(3) || !ty.is_nullable() => {
                    Val::ExternRef(Some(ExternRef::new(context, number)?))
                }
                _ if ty.is_nullable() => null,
                _ => bail!("the host has no {ty}"),
            }
        }
    })
}

/// What of a value can be compared.
fn seen(store: impl AsContext<Data = Data>, value: &Val) -> String {
    match value {
        Val::I32(x) => format!("i32:{x:#x}"),
        Val::I64(x) => format!("i64:{x:#x}"),
        Val::F32(bits) => format!("f32:{bits:#x}"),
        Val::F64(bits) => format!("f64:{bits:#x}"),
        Val::V128(x) => format!("v128:{:#x}", x.as_u128()),
        Val::ExternRef(Some(object)) => {
            let data = object.data(&store).ok().flatten();
            format!("extern:{:?}", data.and_then(|data| data.downcast_ref::<u32>()))
        }
        Val::FuncRef(Some(func)) => format!("func:{}", func.ty(&store)),
        Val::ExnRef(Some(exception)) => {
            format!("exception:{:?}", exception.ty(&store).map(|ty| ty.fields().count()).ok())
        }
        Val::AnyRef(Some(_)) => "any".to_string(),
        Val::FuncRef(None) | Val::ExternRef(None) | Val::ExnRef(None) | Val::AnyRef(None) => {
            "null".to_string()
        }
    }
}
