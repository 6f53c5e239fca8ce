//! Carries out the directives of a script.

use super::values::{self, Shown};
use super::{Failure, Outcome, spectest, traps};
use brisk::{Engine, Extern, Instance, Linker, Module, Store, ThrownException, Trap, Val};
use brisk_module::DecodeError;
use std::collections::HashMap;
use std::panic::{self, AssertUnwindSafe};
use std::time::{Duration, Instant};
use wast::{QuoteWat, Wast, WastDirective, WastExecute, WastInvoke, WastRet, Wat};

/// Longer than any directive takes; a loop that does not end fails.
const TIME_FOR_A_DIRECTIVE: Duration = Duration::from_secs(60);

/// Runs the directives of a script and says what became of each.
pub fn run(script: Wast, text: &str, engine: &Engine) -> Vec<Outcome> {
    let mut runner = Runner::new(engine);
    let mut panicked = false;
    let mut outcomes = Vec::with_capacity(script.directives.len());
    for directive in script.directives {
        let (line, _) = directive.span().linecol_in(text);
        let name = name(&directive);
        let result = if panicked {
            Err(Failure::new("not run after a panic"))
        } else {
            panic::catch_unwind(AssertUnwindSafe(|| runner.run(directive))).unwrap_or_else(|payload| {
                panicked = true;
                Err(Failure::new(format!("panicked: {}", panic_message(&*payload))))
            })
        };
        outcomes.push(Outcome { line: line + 1, directive: name, result });
    }
    outcomes
}

fn panic_message(payload: &dyn std::any::Any) -> &str {
    let text = payload.downcast_ref::<&str>().copied();
    text.or_else(|| payload.downcast_ref::<String>().map(String::as_str)).unwrap_or("no message")
}

/// The first word of a directive.
fn name(directive: &WastDirective) -> &'static str {
    match directive {
        WastDirective::Module(_) => "module",
        WastDirective::ModuleDefinition(_) => "module definition",
        WastDirective::ModuleInstance { .. } => "module instance",
        WastDirective::AssertMalformed { .. } => "assert_malformed",
        WastDirective::AssertInvalid { .. } => "assert_invalid",
        WastDirective::AssertInvalidCustom { .. } => "assert_invalid_custom",
        WastDirective::Register { .. } => "register",
        WastDirective::Invoke(_) => "invoke",
        WastDirective::AssertTrap { .. } => "assert_trap",
        WastDirective::AssertReturn { .. } => "assert_return",
        WastDirective::AssertExhaustion { .. } => "assert_exhaustion",
        WastDirective::AssertUnlinkable { .. } => "assert_unlinkable",
        WastDirective::AssertException { .. } => "assert_exception",
        WastDirective::AssertSuspension { .. } => "assert_suspension",
        WastDirective::Thread(_) => "thread",
        WastDirective::Wait { .. } => "wait",
        WastDirective::AssertMalformedCustom { .. } => "assert_malformed_custom",
    }
}

/// What is not there because its directive failed, and the proposal that was missing, if that was why.
type Absent = Option<&'static str>;

/// How an action ended.
enum End {
    Returned(Vec<Val>),
    Trapped(Trap),
    Threw,
    /// Neither: a module did not link, or a host function failed.
    Error(brisk::Error),
}

impl End {
    /// What happened, for a directive that expected something else.
    fn unexpected(&self, expected: &str) -> Failure {
        Failure::new(match self {
            End::Returned(values) => format!("expected {expected}, but it returned {}", Shown(values)),
            End::Trapped(trap) => format!("expected {expected}, but it trapped: {trap} ({trap:?})"),
            End::Threw => format!("expected {expected}, but it threw an exception"),
            End::Error(error) => format!("expected {expected}, but it failed: {}", chain(error)),
        })
    }
}

/// An error with its causes, without a backtrace.
fn chain(error: &brisk::Error) -> String {
    error.chain().map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

struct Runner<'a> {
    engine: &'a Engine,
    store: Store<()>,
    linker: Linker<()>,
    /// By name; without a name, the latest one.
    modules: HashMap<Option<String>, Result<Module, Absent>>,
    instances: HashMap<Option<String>, Result<Instance, Absent>>,
    /// Modules that should have been registered under these names.
    unregistered: HashMap<String, Absent>,
}

impl<'a> Runner<'a> {
    fn new(engine: &'a Engine) -> Runner<'a> {
        let mut store = Store::new(engine, ());
        let mut linker = Linker::new(engine);
        linker.allow_shadowing(true);
        spectest::define(&mut linker, &mut store).expect("a new store has room for `spectest`");
        Runner {
            engine,
            store,
            linker,
            modules: HashMap::new(),
            instances: HashMap::new(),
            unregistered: HashMap::new(),
        }
    }

    fn run(&mut self, directive: WastDirective) -> Result<(), Failure> {
        self.store
            .set_deadline(Some(Instant::now() + TIME_FOR_A_DIRECTIVE))
            .map_err(|error| Failure::new(chain(&error)))?;
        match directive {
            WastDirective::Module(module) => self.module(module),
            WastDirective::ModuleDefinition(module) => self.define(module).map(drop),
            WastDirective::ModuleInstance { instance, module, .. } => {
                let module = self.modules.get(&module.map(|id| id.name().to_string()));
                let module = present(module.cloned(), "module of that name")?;
                self.instantiate(instance.map(|id| id.name().to_string()), &module)
            }
            WastDirective::Register { name, module, .. } => self.register(name, module.map(|id| id.name())),
            WastDirective::Invoke(invoke) => match self.invoke(invoke)? {
                End::Returned(_) => Ok(()),
                end => Err(end.unexpected("a return")),
            },
            WastDirective::AssertReturn { exec, results, .. } => self.assert_return(exec, &results),
            WastDirective::AssertTrap { exec, message, .. } => {
                let end = self.execute(exec)?;
                assert_trap(&end, message)
            }
            WastDirective::AssertExhaustion { call, message, .. } => {
                let end = self.invoke(call)?;
                assert_trap(&end, message)
            }
            WastDirective::AssertException { exec, .. } => match self.execute(exec)? {
                End::Threw => Ok(()),
                end => Err(end.unexpected("an exception")),
            },
            WastDirective::AssertMalformed { module, .. }
            | WastDirective::AssertMalformedCustom { module, .. }
            | WastDirective::AssertInvalid { module, .. }
            | WastDirective::AssertInvalidCustom { module, .. } => self.assert_refused(module),
            WastDirective::AssertUnlinkable { module, .. } => self.assert_unlinkable(module),
            WastDirective::AssertSuspension { .. } => {
                Err(Failure { message: "nothing suspends".into(), needs: Some("stack-switching") })
            }
            WastDirective::Thread(_) | WastDirective::Wait { .. } => {
                Err(Failure { message: "scripts have one thread".into(), needs: Some("threads") })
            }
        }
    }

    /// Loads a module.
    fn load(&self, module: &mut QuoteWat) -> Result<Module, Failure> {
        let binary = module.encode().map_err(|error| Failure::new(error.message()))?;
        Module::new(self.engine, binary).map_err(|error| Failure {
            message: chain(&error),
            needs: error.downcast_ref::<DecodeError>().and_then(DecodeError::proposal),
        })
    }

    fn define(&mut self, mut module: QuoteWat) -> Result<Module, Failure> {
        let name = module.name().map(|id| id.name().to_string());
        let loaded = self.load(&mut module);
        let kept = loaded.as_ref().map(Module::clone).map_err(|failure| failure.needs);
        self.modules.insert(name, kept.clone());
        self.modules.insert(None, kept);
        loaded
    }

    fn module(&mut self, module: QuoteWat) -> Result<(), Failure> {
        let name = module.name().map(|id| id.name().to_string());
        match self.define(module) {
            Ok(module) => self.instantiate(name, &module),
            Err(failure) => {
                self.keep_instance(name, Err(failure.needs));
                Err(failure)
            }
        }
    }

    fn instantiate(&mut self, name: Option<String>, module: &Module) -> Result<(), Failure> {
        let needs = self.needs(module);
        let result = match self.linker.instantiate(&mut self.store, module) {
            Ok(instance) => Ok(instance),
            Err(error) => {
                let end = self.end(error);
                Err(Failure { needs, ..end.unexpected("an instance") })
            }
        };
        self.keep_instance(name, result.as_ref().map(|&instance| instance).map_err(|failure| failure.needs));
        result.map(drop)
    }

    fn keep_instance(&mut self, name: Option<String>, instance: Result<Instance, Absent>) {
        self.instances.insert(name, instance);
        self.instances.insert(None, instance);
    }

    /// The proposal that a module lacks because of what it imports from.
    fn needs(&self, module: &Module) -> Absent {
        module.imports().find_map(|import| self.unregistered.get(import.module()).copied().flatten())
    }

    fn instance(&self, name: Option<&str>) -> Result<Instance, Failure> {
        present(self.instances.get(&name.map(str::to_string)).copied(), "instance of that name")
    }

    fn register(&mut self, as_name: &str, module: Option<&str>) -> Result<(), Failure> {
        let instance = self.instance(module).inspect_err(|failure| {
            self.unregistered.insert(as_name.to_string(), failure.needs);
        })?;
        self.unregistered.remove(as_name);
        let linked = self.linker.instance(&mut self.store, as_name, instance);
        linked.map(drop).map_err(|error| Failure::new(chain(&error)))
    }

    fn execute(&mut self, exec: WastExecute) -> Result<End, Failure> {
        match exec {
            WastExecute::Invoke(invoke) => self.invoke(invoke),
            WastExecute::Wat(module) => {
                let module = self.load(&mut QuoteWat::Wat(module))?;
                let needs = self.needs(&module);
                match self.linker.instantiate(&mut self.store, &module) {
                    Ok(_) => Ok(End::Returned(Vec::new())),
                    Err(error) => match self.end(error) {
                        end @ End::Error(_) => Err(Failure { needs, ..end.unexpected("an instance") }),
                        end => Ok(end),
                    },
                }
            }
            WastExecute::Get { module, global, .. } => {
                let instance = self.instance(module.map(|id| id.name()))?;
                match instance.get_export(&mut self.store, global) {
                    Some(Extern::Global(global)) => Ok(End::Returned(vec![global.get(&mut self.store)])),
                    _ => Err(Failure::new(format!("no global is exported as {global:?}"))),
                }
            }
        }
    }

    fn invoke(&mut self, invoke: WastInvoke) -> Result<End, Failure> {
        let instance = self.instance(invoke.module.map(|id| id.name()))?;
        let Some(Extern::Func(func)) = instance.get_export(&mut self.store, invoke.name) else {
            return Err(Failure::new(format!("no function is exported as {:?}", invoke.name)));
        };
        let mut args = Vec::with_capacity(invoke.args.len());
        for arg in &invoke.args {
            args.push(values::argument(&mut self.store, arg)?);
        }
        let mut results = vec![Val::I32(0); func.ty(&self.store).results().len()];
        Ok(match func.call(&mut self.store, &args, &mut results) {
            Ok(()) => End::Returned(results),
            Err(error) => self.end(error),
        })
    }

    /// How an action that failed with `error` ended.
    fn end(&mut self, error: brisk::Error) -> End {
        if let Some(&trap) = error.downcast_ref::<Trap>() {
            return End::Trapped(trap);
        }
        if error.is::<ThrownException>() {
            // It would be reported again by what runs next.
            return match self.store.take_pending_exception() {
                Some(_) => End::Threw,
                None => End::Error(error.context("the store has no pending exception")),
            };
        }
        End::Error(error)
    }

    fn assert_return(&mut self, exec: WastExecute, expected: &[WastRet]) -> Result<(), Failure> {
        match self.execute(exec)? {
            End::Returned(actual)
                if actual.len() == expected.len()
                    && actual
                        .iter()
                        .zip(expected)
                        .all(|(actual, expected)| values::matches(&self.store, actual, expected)) =>
            {
                Ok(())
            }
            end => Err(end.unexpected(&format!("{expected:?}"))),
        }
    }

    /// A module that is malformed or invalid. One that is merely not supported passes no such test.
    fn assert_refused(&self, mut module: QuoteWat) -> Result<(), Failure> {
        if module.encode().is_err() {
            return Ok(());
        }
        match self.load(&mut module) {
            Ok(_) => Err(Failure::new("the module was accepted")),
            Err(failure) if failure.needs.is_some() => Err(failure),
            Err(_) => Ok(()),
        }
    }

    fn assert_unlinkable(&mut self, module: Wat) -> Result<(), Failure> {
        let module = self.load(&mut QuoteWat::Wat(module))?;
        if let Some(needs) = self.needs(&module) {
            return Err(Failure {
                message: "it imports from a module that is not there".into(),
                needs: Some(needs),
            });
        }
        match self.linker.instantiate(&mut self.store, &module) {
            Ok(_) => Err(Failure::new("the module was linked")),
            Err(error) => match self.end(error) {
                End::Error(_) => Ok(()),
                end => Err(end.unexpected("a module that does not link")),
            },
        }
    }
}

/// What a directive refers to.
fn present<T>(found: Option<Result<T, Absent>>, what: &str) -> Result<T, Failure> {
    match found {
        Some(Ok(found)) => Ok(found),
        Some(Err(needs)) => Err(Failure { message: format!("the {what} failed to come into being"), needs }),
        None => Err(Failure::new(format!("there is no {what}"))),
    }
}

fn assert_trap(end: &End, message: &str) -> Result<(), Failure> {
    match end {
        End::Trapped(trap) if traps::expected(message).contains(trap) => Ok(()),
        end => Err(end.unexpected(&format!("the trap {message:?}"))),
    }
}
