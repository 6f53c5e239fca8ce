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
        let kept = loaded.clone().map_err(|failure| failure.needs);
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

#[cfg(test)]
mod tests {
    use brisk::Engine;

    const MODULE: &str = r#"
        (module $m
          (tag $tag)
          (global (export "seven") i32 (i32.const 7))
          (func (export "id") (param i32) (result i32) (local.get 0))
          (func (export "two") (result i32 i64) (i32.const 1) (i64.const 2))
          (func (export "nothing"))
          (func (export "null") (result externref) (ref.null extern))
          (func (export "object") (param externref) (result externref) (local.get 0))
          (func (export "trap") unreachable)
          (func (export "divide") (drop (i32.div_u (i32.const 1) (i32.const 0))))
          (func (export "throw") (throw $tag))
          (func $deep (export "deep") (call $deep)))
        (register "m")
    "#;

    /// Runs `directive` after [`MODULE`]; the failure's message, if it failed.
    fn failure(directive: &str) -> Option<String> {
        let report = crate::wast::run("s", &format!("{MODULE}{directive}"), &Engine::default());
        assert_eq!((report.directives, report.outcomes.len()), (3, 3), "{directive}");
        let failures: Vec<_> = report.failures().collect();
        assert!(failures.iter().all(|failure| std::ptr::eq(*failure, &report.outcomes[2])), "{failures:?}");
        let failed = failures.into_iter().next()?;
        Some(failed.result.as_ref().unwrap_err().message.clone())
    }

    #[test]
    fn true_assertions_pass() {
        for directive in [
            r#"(assert_return (invoke "id" (i32.const 5)) (i32.const 5))"#,
            r#"(assert_return (invoke $m "two") (i32.const 1) (i64.const 2))"#,
            r#"(assert_return (invoke "id" (i32.const 5)) (either (i32.const 4) (i32.const 5)))"#,
            r#"(assert_return (invoke "nothing"))"#,
            r#"(assert_return (get "seven") (i32.const 7))"#,
            r#"(assert_return (invoke "null") (ref.null extern))"#,
            r#"(assert_return (invoke "null") (ref.null))"#,
            r#"(assert_return (invoke "object" (ref.extern 3)) (ref.extern 3))"#,
            r#"(assert_return (invoke "object" (ref.extern 3)) (ref.extern))"#,
            r#"(assert_trap (invoke "trap") "unreachable")"#,
            r#"(assert_trap (module (func unreachable) (start 0)) "unreachable")"#,
            r#"(assert_exhaustion (invoke "deep") "call stack exhausted")"#,
            r#"(assert_exception (invoke "throw"))"#,
            r#"(assert_invalid (module (func (result i32))) "")"#,
            r#"(assert_malformed (module quote "(func") "")"#,
            r#"(assert_malformed (module binary "\00asm") "")"#,
            r#"(assert_unlinkable (module (import "m" "id" (func))) "")"#,
            r#"(assert_unlinkable (module (import "m" "nobody" (func))) "")"#,
            r#"(module (import "m" "id" (func (param i32) (result i32))))"#,
            r#"(module instance $i $m)"#,
            r#"(module definition (func unreachable) (start 0))"#,
            r#"(invoke "nothing")"#,
        ] {
            assert_eq!(failure(directive), None, "{directive}");
        }
    }

    #[test]
    fn false_assertions_fail() {
        for (directive, message) in [
            (r#"(assert_return (invoke "id" (i32.const 5)) (i32.const 4))"#, "[i32 5]"),
            (r#"(assert_return (invoke "id" (i32.const 5)) (i64.const 5))"#, "[i32 5]"),
            (
                r#"(assert_return (invoke "id" (i32.const 5)) (either (i32.const 4) (i32.const 6)))"#,
                "[i32 5]",
            ),
            (r#"(assert_return (invoke "id" (i32.const 5)))"#, "[i32 5]"),
            (r#"(assert_return (invoke "nothing") (i32.const 5))"#, "returned []"),
            (r#"(assert_return (invoke "two") (i64.const 2) (i32.const 1))"#, "[i32 1, i64 2]"),
            (r#"(assert_return (invoke "null") (ref.extern 3))"#, "returned"),
            (r#"(assert_return (invoke "null") (ref.extern))"#, "returned"),
            (r#"(assert_return (invoke "null") (ref.null func))"#, "returned"),
            (r#"(assert_return (invoke "object" (ref.extern 3)) (ref.extern 4))"#, "returned"),
            (r#"(assert_return (invoke "object" (ref.extern 3)) (ref.null))"#, "returned"),
            (r#"(assert_return (invoke "trap"))"#, "trapped"),
            (r#"(assert_return (get "eight") (i32.const 8))"#, "no global"),
            (r#"(assert_return (invoke "eight") (i32.const 8))"#, "no function"),
            (r#"(assert_return (invoke $n "nothing"))"#, "no instance"),
            (r#"(invoke "trap")"#, "trapped"),
            (r#"(invoke "throw")"#, "threw"),
            (r#"(assert_trap (invoke "nothing") "unreachable")"#, "returned"),
            (r#"(assert_trap (invoke "divide") "unreachable")"#, "IntegerDivisionByZero"),
            (r#"(assert_trap (invoke "deep") "unreachable")"#, "StackOverflow"),
            (r#"(assert_trap (invoke "throw") "unreachable")"#, "threw"),
            (r#"(assert_trap (invoke "trap") "some other message")"#, "UnreachableCodeReached"),
            (r#"(assert_trap (module) "unreachable")"#, "returned"),
            (r#"(assert_trap (module (import "m" "nobody" (func))) "unreachable")"#, "expected an instance"),
            (r#"(assert_exhaustion (invoke "trap") "call stack exhausted")"#, "UnreachableCodeReached"),
            (r#"(assert_exhaustion (invoke "nothing") "call stack exhausted")"#, "returned"),
            (r#"(assert_exception (invoke "nothing"))"#, "returned"),
            (r#"(assert_exception (invoke "trap"))"#, "trapped"),
            (r#"(assert_invalid (module) "")"#, "accepted"),
            (r#"(assert_malformed (module quote "(func)") "")"#, "accepted"),
            (r#"(assert_malformed (module binary "\00asm\01\00\00\00") "")"#, "accepted"),
            (r#"(assert_unlinkable (module) "")"#, "linked"),
            (r#"(assert_unlinkable (module (func unreachable) (start 0)) "")"#, "trapped"),
            (r#"(module (import "m" "nobody" (func)))"#, "expected an instance"),
            (r#"(module (func unreachable) (start 0))"#, "trapped"),
            (r#"(module quote "(func")"#, "expected"),
            (r#"(module instance $i $n)"#, "no module"),
            (r#"(register "n" $n)"#, "no instance"),
        ] {
            let found = failure(directive).unwrap_or_else(|| panic!("passed: {directive}"));
            assert!(found.contains(message), "{directive}: {found}");
        }
    }

    #[test]
    fn what_is_not_supported_neither_passes_nor_hides_what_builds_on_it() {
        let script = r#"
            (module $s (type (struct)))
            (register "s" $s)
            (assert_invalid (module (type (struct)) (func (result i32) (i32.const 1))) "")
            (assert_return (invoke $s "f"))
            (module (import "s" "f" (func)))
            (assert_unlinkable (module (import "s" "f" (func))) "")
            (module)
            (invoke "f")
        "#;
        let report = crate::wast::run("s", script, &Engine::default());
        let needs: Vec<_> = report
            .outcomes
            .iter()
            .map(|outcome| outcome.result.as_ref().map_err(|failure| failure.needs))
            .collect();
        let gc = Err(Some("gc"));
        assert_eq!(needs, [gc, gc, gc, gc, gc, gc, Ok(&()), Err(None)]);
    }

    #[test]
    fn the_rest_of_a_script_fails_where_it_cannot_be_parsed() {
        let report = crate::wast::run("s", "(module)\n(assert_nothing)\n(module)", &Engine::default());
        assert_eq!((report.directives, report.outcomes.len()), (3, 3));
        assert_eq!(report.failures().count(), 3);
        assert_eq!(report.outcomes[0].line, 2);
    }
}
