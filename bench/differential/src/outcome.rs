//! All that can be seen of a module's run, and the comparison of two of them.

use std::fmt;

/// A value, as far as two engines can agree on it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Value {
    /// An `i32`.
    I32(u32),
    /// An `i64`.
    I64(u64),
    /// An `f32`, its bits.
    F32(u32),
    /// An `f64`, its bits.
    F64(u64),
    /// A vector.
    V128(u128),
    /// A null reference of any type.
    Null,
    /// A function, an exception or an object; which one differs between engines.
    NotNull,
    /// An external reference that the host made, with the number in it.
    Extern(u32),
}

impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Value::I32(x) => write!(f, "i32 {x:#x}"),
            Value::I64(x) => write!(f, "i64 {x:#x}"),
            Value::F32(x) => write!(f, "f32 {x:#x} ({})", f32::from_bits(x)),
            Value::F64(x) => write!(f, "f64 {x:#x} ({})", f64::from_bits(x)),
            Value::V128(x) => write!(f, "v128 {x:#034x}"),
            Value::Null => f.write_str("null"),
            Value::NotNull => f.write_str("a reference"),
            Value::Extern(x) => write!(f, "extern {x}"),
        }
    }
}

/// Why a call, or instantiation, did not end well.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stop {
    /// A trap, by the name that both libraries give it.
    Trap(String),
    /// An exception that nothing caught, with its payload.
    Exception(Vec<Value>),
    /// The engine does not support the module, or something in it.
    Refused(String),
    /// A limit whose place is no part of the specification: the stack, the heap.
    Exhausted(String),
    /// Anything else, which the other engine must report too.
    Failed(String),
}

impl Stop {
    /// What kind of reason this is.
    fn class(&self) -> String {
        match self {
            Stop::Trap(name) => format!("trap {name}"),
            Stop::Exception(_) => "exception".to_owned(),
            Stop::Refused(_) => "not supported".to_owned(),
            Stop::Exhausted(_) => "stack or heap used up".to_owned(),
            Stop::Failed(_) => "other failure".to_owned(),
        }
    }

    /// Whether both stopped for the same reason. Texts of failures are the engines' own.
    fn agrees(&self, other: &Stop) -> bool {
        match (self, other) {
            (Stop::Failed(_), Stop::Failed(_)) => true,
            _ => self == other,
        }
    }
}

/// How a call ended.
pub type Ended = Result<Vec<Value>, Stop>;

/// Something that happened, in order.
#[derive(Clone, Debug)]
pub enum Event {
    /// The guest called the host function that is its import number `import`.
    HostCall {
        /// Which import.
        import: usize,
        /// What it was given.
        arguments: Vec<Value>,
    },
    /// The module was instantiated, its start function included.
    Instantiated(Result<(), Stop>),
    /// The host called an export.
    Called {
        /// Which export.
        export: String,
        /// How that ended.
        ended: Ended,
    },
}

/// What an export holds when all is over.
#[derive(Clone, PartialEq, Eq)]
pub enum State {
    /// A memory's bytes.
    Memory(Vec<u8>),
    /// A table's elements.
    Table(Vec<Value>),
    /// A global's value.
    Global(Value),
}

/// A module's whole run in one engine.
#[derive(Clone, Default)]
pub struct Outcome {
    /// What happened, in order.
    pub events: Vec<Event>,
    /// What the exports hold at the end, by name.
    pub state: Vec<(String, State)>,
}

impl Outcome {
    /// The class of each event, for counting.
    pub fn classes(&self) -> impl Iterator<Item = String> {
        self.events.iter().map(|event| match event {
            Event::HostCall { .. } => "host call".to_owned(),
            Event::Instantiated(Ok(())) => "instantiated".to_owned(),
            Event::Called { ended: Ok(_), .. } => "call returned".to_owned(),
            Event::Instantiated(Err(stop)) => format!("not instantiated: {}", stop.class()),
            Event::Called { ended: Err(stop), .. } => format!("call stopped: {}", stop.class()),
        })
    }
}

/// What comparing two outcomes says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// All is equal.
    Agree,
    /// Equal up to where one of them met a limit of its own or something it does not support.
    SetAside(&'static str),
    /// They differ, and how.
    Differ(String),
}

/// Compares `actual` with `expected`.
pub fn compare(expected: &Outcome, actual: &Outcome) -> Verdict {
    for (index, pair) in expected.events.iter().zip(&actual.events).enumerate() {
        if let Some(reason) = set_aside(pair.0).or_else(|| set_aside(pair.1)) {
            return Verdict::SetAside(reason);
        }
        if !agree(pair.0, pair.1) {
            return Verdict::Differ(format!("event {index}: expected {:?}, found {:?}", pair.0, pair.1));
        }
    }
    let (expected_count, actual_count) = (expected.events.len(), actual.events.len());
    if expected_count != actual_count {
        return Verdict::Differ(format!("expected {expected_count} events, found {actual_count}"));
    }
    for ((name, expected), (other, actual)) in expected.state.iter().zip(&actual.state) {
        if name != other {
            return Verdict::Differ(format!("expected export {name:?}, found {other:?}"));
        }
        if let Some(difference) = difference(expected, actual) {
            return Verdict::Differ(format!("export {name:?}: {difference}"));
        }
    }
    if expected.state.len() != actual.state.len() {
        return Verdict::Differ("another number of exports".to_owned());
    }
    Verdict::Agree
}

/// Why nothing from this event on can be compared, if that is so.
fn set_aside(event: &Event) -> Option<&'static str> {
    let stop = match event {
        Event::Instantiated(Err(stop)) | Event::Called { ended: Err(stop), .. } => stop,
        _ => return None,
    };
    match stop {
        Stop::Refused(_) => Some("not supported"),
        Stop::Exhausted(_) => Some("stack or heap used up"),
        _ => None,
    }
}

fn agree(expected: &Event, actual: &Event) -> bool {
    match (expected, actual) {
        (
            Event::HostCall { import, arguments },
            Event::HostCall { import: other_import, arguments: other_arguments },
        ) => import == other_import && arguments == other_arguments,
        (Event::Instantiated(expected), Event::Instantiated(actual)) => match (expected, actual) {
            (Err(expected), Err(actual)) => expected.agrees(actual),
            _ => expected.is_ok() && actual.is_ok(),
        },
        (Event::Called { export, ended }, Event::Called { export: other, ended: other_ended }) => {
            export == other
                && match (ended, other_ended) {
                    (Err(expected), Err(actual)) => expected.agrees(actual),
                    _ => ended == other_ended,
                }
        }
        _ => false,
    }
}

fn difference(expected: &State, actual: &State) -> Option<String> {
    match (expected, actual) {
        _ if expected == actual => None,
        (State::Memory(expected), State::Memory(actual)) if expected.len() != actual.len() => {
            Some(format!("expected {} bytes, found {}", expected.len(), actual.len()))
        }
        (State::Memory(expected), State::Memory(actual)) => {
            let at = expected.iter().zip(actual).position(|(a, b)| a != b)?;
            Some(format!("at {at:#x}, expected {:#04x}, found {:#04x}", expected[at], actual[at]))
        }
        (State::Table(expected), State::Table(actual)) if expected.len() != actual.len() => {
            Some(format!("expected {} elements, found {}", expected.len(), actual.len()))
        }
        (State::Table(expected), State::Table(actual)) => {
            let at = expected.iter().zip(actual).position(|(a, b)| a != b)?;
            Some(format!("element {at}, expected {:?}, found {:?}", expected[at], actual[at]))
        }
        (State::Global(expected), State::Global(actual)) => {
            Some(format!("expected {expected:?}, found {actual:?}"))
        }
        _ => Some("another kind of export".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn called(ended: Ended) -> Event {
        Event::Called { export: "f".to_owned(), ended }
    }

    fn outcome(events: &[Event], state: &[State]) -> Outcome {
        let state = state.iter().map(|state| ("x".to_owned(), state.clone())).collect();
        Outcome { events: events.to_vec(), state }
    }

    fn differ(expected: &Outcome, actual: &Outcome) -> bool {
        matches!(compare(expected, actual), Verdict::Differ(_))
    }

    #[test]
    fn every_kind_of_difference_is_found() {
        let trap = |name: &str| called(Err(Stop::Trap(name.to_owned())));
        let host = |import, x| Event::HostCall { import, arguments: vec![Value::I32(x)] };
        let base =
            outcome(&[host(0, 1), called(Ok(vec![Value::F64(1)])), trap("A")], &[State::Memory(vec![1, 2])]);
        assert_eq!(compare(&base, &base.clone()), Verdict::Agree);

        let events = [
            [host(1, 1), called(Ok(vec![Value::F64(1)])), trap("A")],
            [host(0, 2), called(Ok(vec![Value::F64(1)])), trap("A")],
            [host(0, 1), called(Ok(vec![Value::F64(2)])), trap("A")],
            [host(0, 1), called(Ok(vec![])), trap("A")],
            [host(0, 1), called(Ok(vec![Value::F64(1)])), trap("B")],
            [host(0, 1), called(Ok(vec![Value::F64(1)])), called(Ok(vec![]))],
            [host(0, 1), called(Ok(vec![Value::F64(1)])), called(Err(Stop::Exception(vec![])))],
        ];
        for events in events {
            assert!(differ(&base, &outcome(&events, &[State::Memory(vec![1, 2])])), "{events:?}");
        }
        assert!(differ(&base, &outcome(&base.events[..2], &[State::Memory(vec![1, 2])])));

        for state in [
            State::Memory(vec![1, 3]),
            State::Memory(vec![1]),
            State::Table(vec![]),
            State::Global(Value::Null),
        ] {
            assert!(differ(&base, &outcome(&base.events, &[state])));
        }
        assert!(differ(&base, &outcome(&base.events, &[])));
        let table = |x| outcome(&[], &[State::Table(vec![Value::Null, x])]);
        assert!(differ(&table(Value::NotNull), &table(Value::Null)));
    }

    #[test]
    fn nothing_after_an_own_limit_is_compared() {
        let exhausted = outcome(&[called(Err(Stop::Exhausted("stack".to_owned()))), called(Ok(vec![]))], &[]);
        let returned = outcome(&[called(Ok(vec![Value::I32(1)])), called(Ok(vec![Value::Null]))], &[]);
        assert!(matches!(compare(&exhausted, &returned), Verdict::SetAside(_)));
        assert!(matches!(compare(&returned, &exhausted), Verdict::SetAside(_)));
        // But what came before is.
        let earlier =
            |x| outcome(&[called(Ok(vec![Value::I32(x)])), called(Err(Stop::Refused(String::new())))], &[]);
        assert!(differ(&earlier(1), &earlier(2)));
    }
}
