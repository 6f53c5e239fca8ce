//! All that can be seen of a module's run, and the comparison of two of them.

use crate::random::Random;
use std::collections::BTreeMap;

/// A type that both engines know.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Type {
    I32,
    I64,
    F32,
    F64,
    V128,
    Func,
    Extern,
}

/// A value, as far as two engines can agree on it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Value {
    I32(u32),
    I64(u64),
    F32(u32),
    F64(u64),
    V128(u128),
    /// A null reference.
    Null(Type),
    /// Some function.
    Func,
    /// An object that the host made, with the number in it.
    Extern(u32),
}

impl Event {
    /// Whether the module's counter of steps may be at its end.
    pub fn out_of_steps(&self) -> bool {
        matches!(self, Event::Called { ended: Err(Stop::Trap(Kind::UnreachableCodeReached)), .. })
    }
}

impl Value {
    /// A value of a type. Functions are null: there is none before the module is instantiated.
    pub fn make(ty: Type, random: &mut Random) -> Value {
        match ty {
            Type::I32 => Value::I32(random.integer() as u32),
            Type::I64 => Value::I64(random.integer()),
            Type::F32 => Value::F32(random.f32()),
            Type::F64 => Value::F64(random.f64()),
            Type::V128 => Value::V128(u128::from(random.integer()) << 64 | u128::from(random.f64())),
            Type::Func => Value::Null(Type::Func),
            Type::Extern if random.below(3) == 0 => Value::Null(Type::Extern),
            Type::Extern => Value::Extern(random.number() as u32),
        }
    }
}

macro_rules! kinds {
    ($($name:ident)*) => {
        /// A kind of trap that both engines know.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
        pub enum Kind {
            $(#[doc = stringify!($name)] $name,)*
        }

        impl Kind {
            /// The kind of a trap of brisk.
            pub fn of_brisk(trap: brisk::Trap) -> Option<Kind> {
                match trap {
                    $(brisk::Trap::$name => Some(Kind::$name),)*
                    _ => None,
                }
            }

            /// The kind of a trap of wasmi.
            pub fn of_wasmi(trap: wasmi::TrapCode) -> Option<Kind> {
                match trap {
                    $(wasmi::TrapCode::$name => Some(Kind::$name),)*
                    _ => None,
                }
            }
        }
    };
}

kinds! {
    UnreachableCodeReached
    MemoryOutOfBounds
    TableOutOfBounds
    IndirectCallToNull
    IntegerDivisionByZero
    IntegerOverflow
    BadConversionToInteger
    BadSignature
    StackOverflow
}

/// Why something did not end well.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Stop {
    Trap(Kind),
    /// Nothing that the specification knows.
    Error(String),
}

/// Something that happened.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Event {
    Loaded(Result<(), Stop>),
    Instantiated(Result<(), Stop>),
    /// The module called an import of these names of module and item.
    HostCall {
        import: (String, String),
        arguments: Vec<Value>,
    },
    /// The host called an export.
    Called {
        export: String,
        ended: Result<Vec<Value>, Stop>,
    },
}

/// What an export holds in the end.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum State {
    Memory(Vec<u8>),
    Table(Vec<Value>),
    Global(Value),
}

/// A module's run.
#[derive(Default, Debug)]
pub struct Outcome {
    pub events: Vec<Event>,
    pub state: Vec<(String, State)>,
}

/// What was compared: classes of events, and how many of each.
#[derive(Clone, Default, PartialEq, Eq, Debug)]
pub struct Seen(pub BTreeMap<String, u64>);

impl Seen {
    pub(super) fn see(&mut self, class: impl Into<String>) {
        *self.0.entry(class.into()).or_default() += 1;
    }

    /// Adds what another run saw.
    pub fn add(&mut self, other: Seen) {
        for (class, count) in other.0 {
            *self.0.entry(class).or_default() += count;
        }
    }

    /// How often a class was seen.
    pub fn count(&self, class: &str) -> u64 {
        self.0.get(class).copied().unwrap_or(0)
    }
}

/// Compares two runs of a module: what was seen, or what differs.
///
/// Where an engine's stack was used up, which the specification puts no number to, the rest of the run is
/// set aside.
pub fn compare(expected: &Outcome, actual: &Outcome) -> Result<Seen, String> {
    let mut seen = Seen::default();
    seen.see("modules");
    for at in 0..expected.events.len().max(actual.events.len()) {
        let (expected, actual) = (expected.events.get(at), actual.events.get(at));
        if [expected, actual].into_iter().flatten().any(used_up_stack) {
            seen.see("set aside: stack overflow");
            return Ok(seen);
        }
        match (expected, actual) {
            (Some(expected), Some(actual)) if expected == actual => seen.see(class(expected)),
            _ => return Err(format!("event {at}: expected {expected:?}, got {actual:?}")),
        }
    }
    if expected.state.len() != actual.state.len() {
        return Err(format!(
            "{} exports hold something, expected {}",
            actual.state.len(),
            expected.state.len()
        ));
    }
    for ((name, expected), (_, actual)) in expected.state.iter().zip(&actual.state) {
        match difference(expected, actual) {
            None => seen.see(match expected {
                State::Memory(_) => "memories",
                State::Table(_) => "tables",
                State::Global(_) => "globals",
            }),
            Some(difference) => return Err(format!("export {name:?}: {difference}")),
        }
    }
    Ok(seen)
}

fn used_up_stack(event: &Event) -> bool {
    let (Event::Loaded(Err(stop)) | Event::Instantiated(Err(stop)) | Event::Called { ended: Err(stop), .. }) =
        event
    else {
        return false;
    };
    *stop == Stop::Trap(Kind::StackOverflow)
}

fn class(event: &Event) -> String {
    match event {
        Event::Loaded(Ok(())) => "loaded".into(),
        Event::Loaded(Err(_)) => "refused".into(),
        Event::Instantiated(Ok(())) => "instantiated".into(),
        Event::HostCall { .. } => "host calls".into(),
        Event::Called { ended: Ok(_), .. } => "returned".into(),
        Event::Instantiated(Err(Stop::Trap(kind))) | Event::Called { ended: Err(Stop::Trap(kind)), .. } => {
            format!("trap: {kind:?}")
        }
        Event::Instantiated(Err(Stop::Error(_))) | Event::Called { ended: Err(Stop::Error(_)), .. } => {
            "other errors".into()
        }
    }
}

/// Where two states differ first.
fn difference(expected: &State, actual: &State) -> Option<String> {
    match (expected, actual) {
        (State::Memory(expected), State::Memory(actual)) if expected.len() == actual.len() => {
            let at = expected.iter().zip(actual).position(|(expected, actual)| expected != actual)?;
            let end = (at + 16).min(expected.len());
            Some(format!("at {at:#x}: expected {:02x?}, got {:02x?}", &expected[at..end], &actual[at..end]))
        }
        (State::Memory(expected), State::Memory(actual)) => {
            Some(format!("expected {} bytes, got {}", expected.len(), actual.len()))
        }
        _ if expected == actual => None,
        _ => Some(format!("expected {expected:?}, got {actual:?}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn returned(value: u32) -> Event {
        Event::Called { export: "f".into(), ended: Ok(vec![Value::I32(value)]) }
    }

    fn outcome(events: Vec<Event>, state: State) -> Outcome {
        Outcome { events, state: vec![("m".into(), state)] }
    }

    #[test]
    fn differences_are_found() {
        let global = State::Global(Value::I32(1));
        let one = outcome(vec![returned(1)], global.clone());
        assert_eq!(compare(&one, &one).unwrap().count("returned"), 1);
        for other in [
            outcome(vec![returned(2)], global.clone()),
            outcome(vec![], global.clone()),
            outcome(vec![returned(1), returned(1)], global.clone()),
            outcome(vec![returned(1)], State::Global(Value::I32(2))),
            Outcome { events: vec![returned(1)], state: vec![] },
            outcome(
                vec![Event::Called { export: "f".into(), ended: Err(Stop::Trap(Kind::BadSignature)) }],
                global.clone(),
            ),
        ] {
            assert!(compare(&one, &other).is_err(), "{other:?}");
        }
        let memory = |bytes: &[u8]| outcome(vec![], State::Memory(bytes.to_vec()));
        let found = compare(&memory(&[1, 2, 3]), &memory(&[1, 2, 4])).unwrap_err();
        assert_eq!(found, "export \"m\": at 0x2: expected [03], got [04]");
        assert!(compare(&memory(&[1, 2]), &memory(&[1, 2, 0])).is_err());
    }

    #[test]
    fn what_follows_a_stack_overflow_is_set_aside() {
        let overflow = Event::Called { export: "f".into(), ended: Err(Stop::Trap(Kind::StackOverflow)) };
        let state = State::Global(Value::I32(1));
        let seen =
            compare(&outcome(vec![overflow], state.clone()), &outcome(vec![returned(1), returned(2)], state));
        assert_eq!(seen.unwrap().count("set aside: stack overflow"), 1);
    }
}
