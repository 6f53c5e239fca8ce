use super::*;
use crate::Trap;
use std::io;

#[derive(Debug, PartialEq)]
struct HostError(u32);

impl fmt::Display for HostError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "host error {}", self.0)
    }
}

impl StdError for HostError {}

fn layered() -> Error {
    Error::new(HostError(7)).context("reading the table").context(String::from("starting"))
}

#[test]
fn an_error_is_one_word() {
    assert_eq!(size_of::<Error>(), size_of::<usize>());
    assert_eq!(size_of::<Result<()>>(), size_of::<usize>());
    fn check<T: Send + Sync + 'static>() {}
    check::<Error>();
}

#[test]
fn display_shows_the_top_and_all_of_it_on_request() {
    let error = layered();
    assert_eq!(error.to_string(), "starting");
    assert_eq!(format!("{error:#}"), "starting: reading the table: host error 7");
    assert_eq!(format!("{error:?}"), "starting\n\nCaused by:\n    0: reading the table\n    1: host error 7");
    assert_eq!(format!("{:?}", Error::msg("alone")), "alone");
    let two_lines = Error::msg("first\nsecond").context("top");
    assert_eq!(format!("{two_lines:?}"), "top\n\nCaused by:\n    first\n    second");
}

#[test]
fn chain_goes_through_layers_and_sources() {
    let io = io::Error::other(HostError(1));
    let error = Error::new(io).context("top");
    let texts: Vec<String> = error.chain().map(ToString::to_string).collect();
    // An `io::Error` made of another one prints as it and has its sources.
    assert_eq!(texts, ["top", "host error 1"]);
    assert!(layered().root_cause().is::<HostError>());
    assert_eq!(layered().chain().count(), 3);
}

#[test]
fn downcasts_reach_every_layer() {
    let error = layered();
    assert!(error.is::<HostError>() && error.is::<&str>() && error.is::<String>());
    assert!(!error.is::<Trap>());
    assert_eq!(error.downcast_ref::<HostError>(), Some(&HostError(7)));
    assert_eq!(error.downcast_ref::<String>().unwrap(), "starting");
    assert_eq!(error.downcast::<HostError>().unwrap(), HostError(7));
    assert_eq!(layered().downcast::<&str>().unwrap(), "reading the table");
}

#[test]
fn a_downcast_to_what_is_not_there_gives_the_error_back() {
    let error = layered().downcast::<Trap>().unwrap_err();
    assert_eq!(format!("{error:#}"), "starting: reading the table: host error 7");
}

#[test]
fn downcasts_prefer_the_topmost_layer() {
    let error = Error::new(HostError(1)).context(HostError(2)).context("top");
    assert_eq!(error.downcast_ref::<HostError>(), Some(&HostError(2)));
    assert_eq!(error.downcast::<HostError>().unwrap(), HostError(2));
}

#[test]
fn downcast_mut_changes_the_layer() {
    let mut error = layered();
    error.downcast_mut::<HostError>().unwrap().0 = 8;
    assert!(error.downcast_mut::<Trap>().is_none());
    assert_eq!(error.root_cause().to_string(), "host error 8");
}

#[test]
fn messages_and_boxes_are_errors() {
    assert_eq!(Error::msg("text").downcast::<&str>().unwrap(), "text");
    let boxed: Box<dyn StdError + Send + Sync> = Box::new(HostError(3));
    let error = Error::from_boxed(boxed).context("top");
    assert_eq!(format!("{error:#}"), "top: host error 3");
    assert!(error.root_cause().is::<HostError>());
}

#[test]
fn the_standard_form_keeps_the_sources() {
    let boxed: Box<dyn StdError + Send + Sync> = layered().into();
    assert_eq!(boxed.to_string(), "starting");
    assert_eq!(boxed.source().unwrap().source().unwrap().to_string(), "host error 7");
    fn main() -> std::result::Result<(), Box<dyn StdError>> {
        Err(layered())?
    }
    assert_eq!(main().unwrap_err().to_string(), "starting");
    let bare: Box<dyn StdError + Send + Sync> = Error::new(HostError(4)).into();
    assert!(bare.is::<HostError>());
}

#[test]
fn question_mark_takes_any_error() {
    fn parse() -> Result<u32> {
        let n = "x".parse::<u32>().context("parsing")?;
        Ok(n)
    }
    let error = parse().unwrap_err();
    assert!(error.is::<std::num::ParseIntError>());
    assert_eq!(error.to_string(), "parsing");
}

#[test]
fn context_works_on_results_and_options() {
    let result: Result<(), HostError> = Err(HostError(5));
    assert_eq!(format!("{:#}", result.with_context(|| "lazy").unwrap_err()), "lazy: host error 5");
    let result: Result<()> = Err(layered());
    assert_eq!(result.context("above").unwrap_err().to_string(), "above");
    let none: Option<()> = None;
    let error = none.context(HostError(6)).unwrap_err();
    assert_eq!(error.downcast::<HostError>().unwrap(), HostError(6));
    let fine: Result<u32, HostError> = Ok(1);
    assert_eq!(fine.with_context(|| -> &str { unreachable!("no error, no context") }).unwrap(), 1);
}

#[test]
fn macros_make_errors_of_formats_errors_and_messages() {
    assert_eq!(format_err!("a {} b {x}", 1, x = 2).to_string(), "a 1 b 2");
    assert_eq!(format_err!(HostError(9)).downcast::<HostError>().unwrap(), HostError(9));
    assert_eq!(format_err!(String::from("owned")).downcast::<String>().unwrap(), "owned");
    assert_eq!(format!("{:#}", format_err!(layered())), "starting: reading the table: host error 7");
    fn checked(n: u32) -> Result<()> {
        ensure!(n > 0);
        ensure!(n < 10, Trap::OutOfFuel);
        if n == 5 {
            bail!(HostError(n));
        }
        Ok(())
    }
    assert!(checked(1).is_ok());
    assert_eq!(checked(0).unwrap_err().to_string(), "condition failed: `n > 0`");
    assert!(checked(10).unwrap_err().is::<Trap>());
    assert!(checked(5).unwrap_err().is::<HostError>());
}
