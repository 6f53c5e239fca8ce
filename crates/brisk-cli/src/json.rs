//! JSON, written.

use std::fmt;

/// A JSON value. Numbers are the integers that JSON readers keep exact, up to 64 bits.
#[derive(Clone, Debug)]
pub enum Json {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number.
    Number(u64),
    /// A string.
    Text(String),
    /// An array.
    List(Vec<Json>),
    /// An object, in this order.
    Object(Vec<(&'static str, Json)>),
}

macro_rules! from {
    ($($type:ty => $value:ident $json:expr;)*) => {
        $(impl From<$type> for Json {
            fn from($value: $type) -> Json {
                $json
            }
        })*
    };
}

from! {
    bool => value Json::Bool(value);
    u32 => value Json::Number(value.into());
    u64 => value Json::Number(value);
    usize => value Json::Number(value as u64);
    &str => value Json::Text(value.to_owned());
    String => value Json::Text(value);
    Vec<Json> => value Json::List(value);
}

impl<T: Into<Json>> From<Option<T>> for Json {
    fn from(value: Option<T>) -> Json {
        value.map_or(Json::Null, Into::into)
    }
}

impl<T: Into<Json>> FromIterator<T> for Json {
    fn from_iter<I: IntoIterator<Item = T>>(values: I) -> Json {
        Json::List(values.into_iter().map(Into::into).collect())
    }
}

/// An object: `object! { name: value, … }`.
macro_rules! object {
    ($($name:ident: $value:expr),* $(,)?) => {
        $crate::json::Json::Object(vec![$((stringify!($name), $crate::json::Json::from($value))),*])
    };
}
pub(crate) use object;

impl fmt::Display for Json {
    /// With a line for each entry of the outer levels; what has no lists or objects inside is on one line.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write(f, 0)
    }
}

impl Json {
    fn is_flat(&self) -> bool {
        !matches!(self, Json::List(list) if !list.is_empty()) && !matches!(self, Json::Object(_))
    }

    fn write(&self, f: &mut fmt::Formatter<'_>, depth: usize) -> fmt::Result {
        match self {
            Json::Null => f.write_str("null"),
            Json::Bool(value) => write!(f, "{value}"),
            Json::Number(value) => write!(f, "{value}"),
            Json::Text(text) => write_string(f, text),
            Json::List(list) => {
                let flat = list.iter().all(Json::is_flat);
                write_entries(f, depth, flat, ['[', ']'], list, |f, value| value.write(f, depth + 1))
            }
            Json::Object(fields) => {
                let flat = depth > 0 && fields.iter().all(|(_, value)| value.is_flat());
                write_entries(f, depth, flat, ['{', '}'], fields, |f, (name, value)| {
                    write_string(f, name)?;
                    f.write_str(": ")?;
                    value.write(f, depth + 1)
                })
            }
        }
    }
}

fn write_entries<T>(
    f: &mut fmt::Formatter<'_>,
    depth: usize,
    flat: bool,
    [open, close]: [char; 2],
    entries: &[T],
    write_entry: impl Fn(&mut fmt::Formatter<'_>, &T) -> fmt::Result,
) -> fmt::Result {
    let line = |f: &mut fmt::Formatter<'_>, depth| write!(f, "\n{:width$}", "", width = 2 * depth);
    write!(f, "{open}")?;
    for (number, entry) in entries.iter().enumerate() {
        match (number, flat) {
            (0, true) => {}
            (0, false) => line(f, depth + 1)?,
            (_, true) => f.write_str(", ")?,
            (_, false) => {
                f.write_str(",")?;
                line(f, depth + 1)?;
            }
        }
        write_entry(f, entry)?;
    }
    if !flat && !entries.is_empty() {
        line(f, depth)?;
    }
    write!(f, "{close}")
}

fn write_string(f: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
    f.write_str("\"")?;
    for c in text.chars() {
        match c {
            '"' => f.write_str("\\\"")?,
            '\\' => f.write_str("\\\\")?,
            '\n' => f.write_str("\\n")?,
            '\t' => f.write_str("\\t")?,
            // DEL and the C1 controls are legal in JSON, and not to be let loose on a terminal.
            c if c.is_control() => write!(f, "\\u{:04x}", u32::from(c))?,
            c => write!(f, "{c}")?,
        }
    }
    f.write_str("\"")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn readers_understand_it() {
        let json = object! {
            name: "a \"quoted\" \\ name\n\t\u{1}\u{7f}é",
            none: None::<u64>,
            most: u64::MAX,
            flags: [true, false].into_iter().collect::<Json>(),
            empty: Vec::new(),
            rows: vec![object! { a: 1u32, b: Vec::new() }, object! { a: 2u32 }],
        };
        let read: serde_json::Value = serde_json::from_str(&json.to_string()).unwrap();
        assert_eq!(
            read,
            serde_json::json!({
                "name": "a \"quoted\" \\ name\n\t\u{1}\u{7f}é",
                "none": null,
                "most": u64::MAX,
                "flags": [true, false],
                "empty": [],
                "rows": [{ "a": 1, "b": [] }, { "a": 2 }],
            })
        );
        assert!(json.to_string().contains("\n    {\"a\": 2}"), "an entry is a line: {json}");
    }
}
