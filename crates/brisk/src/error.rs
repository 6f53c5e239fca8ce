//! The error type of the whole API: any error, with what was being done when it happened.

use std::any::{Any, TypeId};
use std::error::Error as StdError;
use std::fmt;

/// Result of everything that can fail.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Any error, with the context it happened in.
///
/// An `Error` is made of layers: at the bottom what went wrong, above it what was being done, one
/// [`context`](Error::context) on the other. Any `std::error::Error` becomes one by `?`. What a layer
/// was made of can be had back with [`downcast`](Error::downcast), whatever was put on top of it: a
/// trap is found with `error.downcast_ref::<Trap>()`, its backtrace with
/// `error.downcast_ref::<WasmBacktrace>()`, and a host function's own error comes back to the
/// caller as the type it was.
///
/// `{}` prints the topmost layer, `{:#}` all of them on one line, `{:?}` all of them as a list.
///
/// ```
/// use brisk::{Context, Error, Result, Trap};
///
/// fn divide() -> Result<i32> {
///     Err(Trap::IntegerDivisionByZero)?
/// }
///
/// let error: Error = divide().context("halving the total").unwrap_err();
/// assert_eq!(error.to_string(), "halving the total");
/// assert_eq!(format!("{error:#}"), "halving the total: wasm trap: integer divide by zero");
/// assert_eq!(error.downcast_ref::<Trap>(), Some(&Trap::IntegerDivisionByZero));
/// ```
// One word, so that a result of a typed call stays in registers.
pub struct Error(Box<Layers>);

/// The topmost layer; the ones below hang off it.
struct Layers {
    top: Box<dyn Layer>,
}

/// What an [`Error`] is made of.
trait Layer: Send + Sync + 'static {
    /// The error or context itself, for downcasts.
    fn value(&self) -> &dyn Any;
    fn value_mut(&mut self) -> &mut dyn Any;
    fn into_value(self: Box<Self>) -> Box<dyn Any>;
    /// This layer as an error whose sources are the layers below.
    fn as_std(&self) -> &(dyn StdError + Send + Sync + 'static);
    fn into_std(self: Box<Self>) -> Box<dyn StdError + Send + Sync + 'static>;
    fn below(&self) -> Option<&Error> {
        None
    }
    fn below_mut(&mut self) -> Option<&mut Error> {
        None
    }
    fn into_below(self: Box<Self>) -> Option<Error> {
        None
    }
}

/// An error of another type.
struct Foreign<E>(E);

impl<E: StdError + Send + Sync + 'static> Layer for Foreign<E> {
    fn value(&self) -> &dyn Any {
        &self.0
    }
    fn value_mut(&mut self) -> &mut dyn Any {
        &mut self.0
    }
    fn into_value(self: Box<Self>) -> Box<dyn Any> {
        Box::new(self.0)
    }
    fn as_std(&self) -> &(dyn StdError + Send + Sync + 'static) {
        &self.0
    }
    fn into_std(self: Box<Self>) -> Box<dyn StdError + Send + Sync + 'static> {
        Box::new(self.0)
    }
}

/// An error of another type that came in a box.
struct Boxed(Box<dyn StdError + Send + Sync + 'static>);

impl Layer for Boxed {
    fn value(&self) -> &dyn Any {
        &self.0
    }
    fn value_mut(&mut self) -> &mut dyn Any {
        &mut self.0
    }
    fn into_value(self: Box<Self>) -> Box<dyn Any> {
        Box::new(self.0)
    }
    fn as_std(&self) -> &(dyn StdError + Send + Sync + 'static) {
        &*self.0
    }
    fn into_std(self: Box<Self>) -> Box<dyn StdError + Send + Sync + 'static> {
        self.0
    }
}

/// A message that is no error type.
struct Message<M>(M);

impl<M: fmt::Display> fmt::Display for Message<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl<M: fmt::Display> fmt::Debug for Message<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Error({})", self.0)
    }
}

impl<M: fmt::Display> StdError for Message<M> {}

impl<M: fmt::Display + Send + Sync + 'static> Layer for Message<M> {
    fn value(&self) -> &dyn Any {
        &self.0
    }
    fn value_mut(&mut self) -> &mut dyn Any {
        &mut self.0
    }
    fn into_value(self: Box<Self>) -> Box<dyn Any> {
        Box::new(self.0)
    }
    fn as_std(&self) -> &(dyn StdError + Send + Sync + 'static) {
        self
    }
    fn into_std(self: Box<Self>) -> Box<dyn StdError + Send + Sync + 'static> {
        self
    }
}

/// What was being done when the error below happened.
struct WithContext<C> {
    context: C,
    below: Error,
}

impl<C: fmt::Display> fmt::Display for WithContext<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.context.fmt(f)
    }
}

impl<C: fmt::Display> fmt::Debug for WithContext<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Error")
            .field("context", &format_args!("{}", self.context))
            .field("source", &self.below.layer().as_std())
            .finish()
    }
}

impl<C: fmt::Display> StdError for WithContext<C> {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        Some(self.below.layer().as_std())
    }
}

impl<C: fmt::Display + Send + Sync + 'static> Layer for WithContext<C> {
    fn value(&self) -> &dyn Any {
        &self.context
    }
    fn value_mut(&mut self) -> &mut dyn Any {
        &mut self.context
    }
    fn into_value(self: Box<Self>) -> Box<dyn Any> {
        Box::new(self.context)
    }
    fn as_std(&self) -> &(dyn StdError + Send + Sync + 'static) {
        self
    }
    fn into_std(self: Box<Self>) -> Box<dyn StdError + Send + Sync + 'static> {
        self
    }
    fn below(&self) -> Option<&Error> {
        Some(&self.below)
    }
    fn below_mut(&mut self) -> Option<&mut Error> {
        Some(&mut self.below)
    }
    fn into_below(self: Box<Self>) -> Option<Error> {
        Some(self.below)
    }
}

impl Error {
    fn from_layer(layer: impl Layer) -> Error {
        Error(Box::new(Layers { top: Box::new(layer) }))
    }

    fn layer(&self) -> &dyn Layer {
        &*self.0.top
    }

    /// An error from an error of another type; `?` does the same.
    pub fn new<E>(error: E) -> Error
    where
        E: StdError + Send + Sync + 'static,
    {
        Error::from_layer(Foreign(error))
    }

    /// An error from a message, which [`downcast`](Error::downcast) gives back.
    pub fn msg<M>(message: M) -> Error
    where
        M: fmt::Display + fmt::Debug + Send + Sync + 'static,
    {
        Error::from_layer(Message(message))
    }

    /// An error from an error in a box. It downcasts to the box, not to the type inside.
    pub fn from_boxed(error: Box<dyn StdError + Send + Sync + 'static>) -> Error {
        Error::from_layer(Boxed(error))
    }

    /// The error as a standard one, its sources being the layers below.
    pub fn into_boxed_dyn_error(self) -> Box<dyn StdError + Send + Sync + 'static> {
        self.0.top.into_std()
    }

    /// Puts a layer on top that says what was being done.
    #[must_use]
    pub fn context<C>(self, context: C) -> Error
    where
        C: fmt::Display + Send + Sync + 'static,
    {
        Error::from_layer(WithContext { context, below: self })
    }

    /// All layers from the top to the bottom, and the sources of the error at the bottom.
    pub fn chain(&self) -> Chain<'_> {
        Chain { next: Some(self.layer().as_std()) }
    }

    /// The last of the [`chain`](Error::chain).
    pub fn root_cause(&self) -> &(dyn StdError + 'static) {
        let mut cause: &(dyn StdError + 'static) = self.layer().as_std();
        while let Some(source) = cause.source() {
            cause = source;
        }
        cause
    }

    /// Whether a layer was made of an `E`.
    pub fn is<E>(&self) -> bool
    where
        E: fmt::Display + Send + Sync + 'static,
    {
        self.downcast_ref::<E>().is_some()
    }

    /// What the topmost layer of type `E` was made of, or the error itself if there is none.
    ///
    /// ```
    /// let error = brisk::Error::new(brisk::Trap::OutOfFuel).context("in the plug-in");
    /// assert_eq!(error.downcast::<brisk::Trap>().unwrap(), brisk::Trap::OutOfFuel);
    /// ```
    pub fn downcast<E>(self) -> Result<E, Error>
    where
        E: fmt::Display + Send + Sync + 'static,
    {
        if !self.is::<E>() {
            return Err(self);
        }
        let mut layer = self.0.top;
        while layer.value().type_id() != TypeId::of::<E>() {
            layer = layer.into_below().expect("`is` found the type further down").0.top;
        }
        Ok(*layer.into_value().downcast().expect("the type id was compared"))
    }

    /// What the topmost layer of type `E` was made of.
    pub fn downcast_ref<E>(&self) -> Option<&E>
    where
        E: fmt::Display + Send + Sync + 'static,
    {
        let mut error = self;
        loop {
            match error.layer().value().downcast_ref() {
                Some(value) => return Some(value),
                None => error = error.layer().below()?,
            }
        }
    }

    /// What the topmost layer of type `E` was made of, for change.
    pub fn downcast_mut<E>(&mut self) -> Option<&mut E>
    where
        E: fmt::Display + Send + Sync + 'static,
    {
        let mut error = self;
        while !error.layer().value().is::<E>() {
            error = error.0.top.below_mut()?;
        }
        error.0.top.value_mut().downcast_mut()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.layer().as_std())?;
        if f.alternate() {
            for cause in self.chain().skip(1) {
                write!(f, ": {cause}")?;
            }
        }
        Ok(())
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if f.alternate() {
            return fmt::Debug::fmt(self.layer().as_std(), f);
        }
        write!(f, "{}", self.layer().as_std())?;
        let causes = self.chain().count() - 1;
        if causes > 0 {
            f.write_str("\n\nCaused by:")?;
        }
        for (index, cause) in self.chain().skip(1).enumerate() {
            let text = cause.to_string();
            let mut lines = text.lines();
            let first = lines.next().unwrap_or("");
            match causes {
                1 => write!(f, "\n    {first}")?,
                _ => write!(f, "\n{index:>5}: {first}")?,
            }
            for line in lines {
                let indent = if causes == 1 { 4 } else { 7 };
                write!(f, "\n{:indent$}{line}", "")?;
            }
        }
        Ok(())
    }
}

impl<E> From<E> for Error
where
    E: StdError + Send + Sync + 'static,
{
    fn from(error: E) -> Error {
        Error::new(error)
    }
}

impl From<Error> for Box<dyn StdError + Send + Sync + 'static> {
    fn from(error: Error) -> Self {
        error.into_boxed_dyn_error()
    }
}

impl From<Error> for Box<dyn StdError + Send + 'static> {
    fn from(error: Error) -> Self {
        error.into_boxed_dyn_error()
    }
}

impl From<Error> for Box<dyn StdError + 'static> {
    fn from(error: Error) -> Self {
        error.into_boxed_dyn_error()
    }
}

impl std::ops::Deref for Error {
    type Target = dyn StdError + Send + Sync + 'static;

    fn deref(&self) -> &Self::Target {
        self.layer().as_std()
    }
}

impl AsRef<dyn StdError> for Error {
    fn as_ref(&self) -> &(dyn StdError + 'static) {
        self.layer().as_std()
    }
}

impl AsRef<dyn StdError + Send + Sync> for Error {
    fn as_ref(&self) -> &(dyn StdError + Send + Sync + 'static) {
        self.layer().as_std()
    }
}

/// The layers of an [`Error`], see [`Error::chain`].
///
/// ```
/// let error = brisk::Error::msg("no such file").context("reading the settings");
/// let texts: Vec<String> = error.chain().map(|layer| layer.to_string()).collect();
/// assert_eq!(texts, ["reading the settings", "no such file"]);
/// ```
#[derive(Clone)]
pub struct Chain<'a> {
    next: Option<&'a (dyn StdError + 'static)>,
}

impl<'a> Iterator for Chain<'a> {
    type Item = &'a (dyn StdError + 'static);

    fn next(&mut self) -> Option<Self::Item> {
        let error = self.next?;
        self.next = error.source();
        Some(error)
    }
}

impl std::iter::FusedIterator for Chain<'_> {}

/// Says what was being done when a `Result` or an `Option` came out empty-handed.
///
/// ```
/// use brisk::Context;
///
/// let text: Option<&str> = None;
/// let error = text.with_context(|| format!("no entry for {}", "x")).unwrap_err();
/// assert_eq!(error.to_string(), "no entry for x");
/// ```
pub trait Context<T, E>: sealed::Sealed {
    /// Puts a layer on the error.
    fn context<C>(self, context: C) -> Result<T, Error>
    where
        C: fmt::Display + Send + Sync + 'static;

    /// Puts a layer on the error, made only if there is one.
    fn with_context<C, F>(self, f: F) -> Result<T, Error>
    where
        C: fmt::Display + Send + Sync + 'static,
        F: FnOnce() -> C;
}

mod sealed {
    pub trait Sealed {}
    impl<T, E> Sealed for std::result::Result<T, E> {}
    impl<T> Sealed for Option<T> {}
}

impl<T, E> Context<T, E> for Result<T, E>
where
    E: StdError + Send + Sync + 'static,
{
    fn context<C>(self, context: C) -> Result<T, Error>
    where
        C: fmt::Display + Send + Sync + 'static,
    {
        self.map_err(|error| Error::new(error).context(context))
    }

    fn with_context<C, F>(self, f: F) -> Result<T, Error>
    where
        C: fmt::Display + Send + Sync + 'static,
        F: FnOnce() -> C,
    {
        self.map_err(|error| Error::new(error).context(f()))
    }
}

impl<T> Context<T, Error> for Result<T, Error> {
    fn context<C>(self, context: C) -> Result<T, Error>
    where
        C: fmt::Display + Send + Sync + 'static,
    {
        self.map_err(|error| error.context(context))
    }

    fn with_context<C, F>(self, f: F) -> Result<T, Error>
    where
        C: fmt::Display + Send + Sync + 'static,
        F: FnOnce() -> C,
    {
        self.map_err(|error| error.context(f()))
    }
}

impl<T> Context<T, std::convert::Infallible> for Option<T> {
    fn context<C>(self, context: C) -> Result<T, Error>
    where
        C: fmt::Display + Send + Sync + 'static,
    {
        self.with_context(|| context)
    }

    fn with_context<C, F>(self, f: F) -> Result<T, Error>
    where
        C: fmt::Display + Send + Sync + 'static,
        F: FnOnce() -> C,
    {
        self.ok_or_else(|| Error::from_layer(Message(f())))
    }
}

/// An [`Error`](crate::Error) from a format string, or from an error or message.
///
/// ```
/// use brisk::{Error, Trap, format_err};
///
/// let error: Error = format_err!("{} is too many", 3);
/// assert_eq!(error.to_string(), "3 is too many");
/// assert!(format_err!(Trap::OutOfFuel).is::<Trap>());
/// ```
#[macro_export]
macro_rules! format_err {
    ($message:literal $(,)?) => { $crate::Error::msg(::std::format!($message)) };
    ($error:expr $(,)?) => {{
        // One of the two is for the expression at hand.
        #[allow(unused_imports)]
        use $crate::__private::{ErrorKind as _, MessageKind as _};
        match $error {
            error => (&error).brisk_kind().construct(error),
        }
    }};
    ($format:expr, $($args:tt)*) => { $crate::Error::msg(::std::format!($format, $($args)*)) };
}

/// Returns with an [`Error`](crate::Error), made as by [`format_err!`](crate::format_err).
///
/// ```
/// fn port(text: &str) -> brisk::Result<u16> {
///     if text.is_empty() {
///         brisk::bail!("no port given");
///     }
///     Ok(text.parse()?)
/// }
/// assert_eq!(port("").unwrap_err().to_string(), "no port given");
/// ```
#[macro_export]
macro_rules! bail {
    ($($args:tt)*) => { return ::std::result::Result::Err($crate::format_err!($($args)*)) };
}

/// Returns with an [`Error`](crate::Error) unless a condition holds.
///
/// ```
/// fn half(n: u32) -> brisk::Result<u32> {
///     brisk::ensure!(n % 2 == 0, "{n} is odd");
///     Ok(n / 2)
/// }
/// assert_eq!(half(3).unwrap_err().to_string(), "3 is odd");
/// ```
#[macro_export]
macro_rules! ensure {
    ($condition:expr $(,)?) => {
        if !$condition {
            return ::std::result::Result::Err($crate::Error::msg(::std::concat!(
                "condition failed: `",
                ::std::stringify!($condition),
                "`"
            )));
        }
    };
    ($condition:expr, $($args:tt)*) => {
        if !$condition {
            $crate::bail!($($args)*);
        }
    };
}

/// What the macros expand to: picks [`Error::new`] for errors and [`Error::msg`] for all else, by
/// the order in which method lookup tries a receiver's types.
#[doc(hidden)]
pub mod private {
    use super::Error;
    use std::fmt;

    pub struct FromError;
    pub struct FromMessage;

    pub trait ErrorKind {
        fn brisk_kind(&self) -> FromError {
            FromError
        }
    }
    impl<E: Into<Error>> ErrorKind for E {}

    pub trait MessageKind {
        fn brisk_kind(&self) -> FromMessage {
            FromMessage
        }
    }
    impl<M: fmt::Display + fmt::Debug + Send + Sync + 'static> MessageKind for &M {}

    impl FromError {
        pub fn construct(self, error: impl Into<Error>) -> Error {
            error.into()
        }
    }

    impl FromMessage {
        pub fn construct<M: fmt::Display + fmt::Debug + Send + Sync + 'static>(self, message: M) -> Error {
            Error::msg(message)
        }
    }
}

#[cfg(test)]
mod tests;
