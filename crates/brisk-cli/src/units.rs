//! Sizes and times as they are written on a command line.

use std::time::Duration;

/// Sizes by the letters behind the number.
const SIZE_UNITS: &[(&str, u64)] = &[
    ("", 1),
    ("B", 1),
    ("K", 1 << 10),
    ("KIB", 1 << 10),
    ("M", 1 << 20),
    ("MIB", 1 << 20),
    ("G", 1 << 30),
    ("GIB", 1 << 30),
    ("KB", 1_000),
    ("MB", 1_000_000),
    ("GB", 1_000_000_000),
];

/// Nanoseconds by the letters behind the number.
const TIME_UNITS: &[(&str, u64)] = &[
    ("ns", 1),
    ("us", 1_000),
    ("ms", 1_000_000),
    ("s", 1_000_000_000),
    ("m", 60_000_000_000),
    ("h", 3_600_000_000_000),
];

/// A number of bytes, as in `65536`, `64KiB`, `16M` or `2G`.
pub fn size(text: &str) -> Result<u64, String> {
    let (number, unit) = split_unit(text);
    let unit = unit.to_ascii_uppercase();
    let known = SIZE_UNITS.iter().find(|(name, _)| *name == unit);
    let (_, factor) = known.ok_or("the units are B, KiB, MiB, GiB (K, M, G for short) and KB, MB, GB")?;
    scaled(number, *factor)
}

/// Bytes of something that lies in this process.
pub fn size_here(text: &str) -> Result<usize, String> {
    usize::try_from(size(text)?).map_err(|_| "more than this machine can address".to_owned())
}

/// A time with its unit, as in `500ms` or `1.5s`.
pub fn duration(text: &str) -> Result<Duration, String> {
    let (number, unit) = split_unit(text);
    let known = TIME_UNITS.iter().find(|(name, _)| *name == unit);
    let (_, factor) = known.ok_or("needs one of the units ns, us, ms, s, m and h, as in `500ms`")?;
    Ok(Duration::from_nanos(scaled(number, *factor)?))
}

/// A count, which may have underscores, as in `1_000_000`.
pub fn count(text: &str) -> Result<u64, String> {
    scaled(text, 1)
}

/// An offset in a file, decimal or hexadecimal, as in `0x5a`.
pub fn offset(text: &str) -> Result<u32, String> {
    let number = match text.strip_prefix("0x") {
        Some(digits) => u32::from_str_radix(digits, 16),
        None => text.parse(),
    };
    number.map_err(|_| "has to be a number, as in `90` or `0x5a`".to_owned())
}

fn split_unit(text: &str) -> (&str, &str) {
    let end = text.find(|c: char| c.is_ascii_alphabetic()).unwrap_or(text.len());
    (text[..end].trim_end(), &text[end..])
}

/// The number times the factor, rounded down. It may have underscores and, where the factor is not 1, a
/// fraction, of which the first nine digits count.
fn scaled(number: &str, factor: u64) -> Result<u64, String> {
    const DECIMALS: usize = 9;
    let number = number.replace('_', "");
    let (whole, fraction) = number.split_once('.').unwrap_or((&number, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || !digits(whole) || !digits(fraction) || (factor == 1 && number.contains('.')) {
        return Err("not a number of this kind".to_owned());
    }
    let fraction = &fraction[..fraction.len().min(DECIMALS)];
    let product =
        format!("{whole}{fraction}").parse::<u128>().ok().and_then(|n| n.checked_mul(factor.into()));
    product
        .and_then(|product| u64::try_from(product / 10u128.pow(fraction.len() as u32)).ok())
        .ok_or_else(|| "too large".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes() {
        for (text, bytes) in [
            ("0", 0),
            ("65536", 65536),
            ("1_000", 1000),
            ("64KiB", 65536),
            ("64k", 65536),
            ("1.5 MiB", 3 << 19),
            ("2G", 2 << 30),
            ("5MB", 5_000_000),
            ("18446744073709551615", u64::MAX),
        ] {
            assert_eq!(size(text), Ok(bytes), "{text}");
        }
        for text in ["", "K", "-1", "1.5", "12x", "1e3", "18446744073709551616", "99999999999G", "1.x2M"] {
            assert!(size(text).is_err(), "{text}");
        }
    }

    #[test]
    fn times() {
        for (text, nanoseconds) in
            [("500ms", 500_000_000), ("1.5s", 1_500_000_000), ("2m", 120_000_000_000), ("7ns", 7)]
        {
            assert_eq!(duration(text), Ok(Duration::from_nanos(nanoseconds)), "{text}");
        }
        for text in ["", "5", "5 parsecs", "s", "-1s", "99999999999h"] {
            assert!(duration(text).is_err(), "{text}");
        }
    }
}
