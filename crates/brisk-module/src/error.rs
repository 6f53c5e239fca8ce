//! Why a module was not accepted.

use std::fmt;

/// A function that an error is about.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FuncRef {
    /// Its index in the function index space.
    pub index: u32,
    /// Its name in the name section.
    pub name: Option<Box<str>>,
}

/// Why a module was not accepted.
///
/// Every kind carries the byte offset in the module; what was found inside a function body names
/// that function too. The text is one line.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum DecodeError {
    /// The bytes are not a module in the binary format, or the module does not validate.
    #[error("invalid module: {}{}", Line(message), Place(func, *offset))]
    Invalid {
        /// What is wrong.
        message: String,
        /// The function in whose body it is.
        func: Option<FuncRef>,
        /// Byte offset in the module.
        offset: usize,
    },
    /// The module is valid but uses what this release does not run.
    #[error(
        "not supported: {} (proposal `{proposal}`){}",
        Line(what),
        Place(func, *offset)
    )]
    Unsupported {
        /// Name of the proposal that brings it.
        proposal: &'static str,
        /// What was found.
        what: String,
        /// The function in whose body it is.
        func: Option<FuncRef>,
        /// Byte offset in the module.
        offset: usize,
    },
    /// The module goes beyond one of the [implementation limits](crate::limits).
    #[error("implementation limit: {}{}", Line(message), Place(func, *offset))]
    Limit {
        /// Which limit, and by how much where that is known.
        message: String,
        /// The function in whose body it is.
        func: Option<FuncRef>,
        /// Byte offset in the module.
        offset: usize,
    },
}

impl DecodeError {
    /// Byte offset in the module.
    pub fn offset(&self) -> usize {
        match self {
            DecodeError::Invalid { offset, .. }
            | DecodeError::Unsupported { offset, .. }
            | DecodeError::Limit { offset, .. } => *offset,
        }
    }

    /// The function in whose body the error is.
    pub fn func(&self) -> Option<&FuncRef> {
        match self {
            DecodeError::Invalid { func, .. }
            | DecodeError::Unsupported { func, .. }
            | DecodeError::Limit { func, .. } => func.as_ref(),
        }
    }

    /// The proposal that is missing, for [`DecodeError::Unsupported`].
    pub fn proposal(&self) -> Option<&'static str> {
        match self {
            DecodeError::Unsupported { proposal, .. } => Some(proposal),
            _ => None,
        }
    }

    pub(crate) fn func_mut(&mut self) -> &mut Option<FuncRef> {
        match self {
            DecodeError::Invalid { func, .. }
            | DecodeError::Unsupported { func, .. }
            | DecodeError::Limit { func, .. } => func,
        }
    }

    pub(crate) fn unsupported(proposal: &'static str, what: impl Into<String>, offset: usize) -> DecodeError {
        DecodeError::Unsupported { proposal, what: what.into(), func: None, offset }
    }

    pub(crate) fn limit(message: impl Into<String>, offset: usize) -> DecodeError {
        DecodeError::Limit { message: message.into(), func: None, offset }
    }

    /// Says in which function the error is.
    pub(crate) fn in_func(mut self, index: u32) -> DecodeError {
        *self.func_mut() = Some(FuncRef { index, name: None });
        self
    }
}

impl From<wasmparser::Error> for DecodeError {
    fn from(error: wasmparser::Error) -> DecodeError {
        let message = error.message().to_string();
        let offset = error.offset() as usize;
        if is_limit(&message) {
            DecodeError::Limit { message, func: None, offset }
        } else {
            DecodeError::Invalid { message, func: None, offset }
        }
    }
}

/// Whether a message of `wasmparser` is about one of its fixed limits, which it does not tell apart
/// from other errors by kind.
fn is_limit(message: &str) -> bool {
    const LIMITS: [&str; 6] = [
        "count exceeds limit of",
        "size exceeds limit of",
        "type size exceeds the limit of",
        "size is out of bounds",
        "string size out of bounds",
        "number of elements is out of bounds",
    ];
    LIMITS.iter().any(|part| message.contains(part))
        || message.starts_with("too many locals")
        || message.starts_with("data count section specifies too many")
        || message.contains("implementation limit")
}

/// Text from the module or about it, on one line and of bounded length.
struct Line<'a>(&'a str);

impl fmt::Display for Line<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const LONGEST: usize = 300;
        for (count, c) in self.0.chars().enumerate() {
            if count == LONGEST {
                return f.write_str("…");
            }
            if c.is_control() {
                write!(f, "{}", c.escape_default())?;
            } else {
                write!(f, "{c}")?;
            }
        }
        Ok(())
    }
}

/// Where the error is: function, then offset.
struct Place<'a>(&'a Option<FuncRef>, usize);

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(func) = self.0 {
            write!(f, " in function {}", func.index)?;
            if let Some(name) = &func.name {
                write!(f, " `{}`", Line(name))?;
            }
        }
        write!(f, " (at offset {:#x})", self.1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_one_line_with_function_and_offset() {
        let error = DecodeError::Invalid {
            message: "duplicate export name `a\nb`".into(),
            func: Some(FuncRef { index: 3, name: Some("foo\u{7}".into()) }),
            offset: 0x1a2b,
        };
        assert_eq!(
            error.to_string(),
            "invalid module: duplicate export name `a\\nb` in function 3 `foo\\u{7}` (at offset 0x1a2b)"
        );
        let long = DecodeError::limit("x".repeat(100_000), 0);
        assert!(long.to_string().chars().count() < 400);
    }

    #[test]
    fn unsupported_names_the_proposal() {
        let error = DecodeError::unsupported("gc", "instruction `struct.new`", 16);
        assert_eq!(
            error.to_string(),
            "not supported: instruction `struct.new` (proposal `gc`) (at offset 0x10)"
        );
    }
}
