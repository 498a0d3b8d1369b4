//! Text as Java writes it: numbers, UTF-8 that is none, JSON strings, base64, ids. All of it is appended to a buffer,
//! since the dump of a log writes hundreds of millions of numbers.
//!
//! What always holds: nothing is allocated for a number; what comes out is UTF-8. Left out: `Double.toString` differs
//! in rare last digits before JDK 19; this is the shortest text, as newer JDKs print it.

use std::borrow::Cow;

const PAIRS: &[u8; 200] = b"00010203040506070809101112131415161718192021222324252627282930313233343536373839\
4041424344454647484950515253545556575859606162636465666768697071727374757677787980818283848586878889\
90919293949596979899";

/// Appends a number in decimal.
#[inline]
pub fn push_u64(out: &mut Vec<u8>, mut number: u64) {
    let mut digits = [0u8; 20];
    let mut at = digits.len();
    while number >= 100 {
        let pair = (number % 100) as usize * 2;
        number /= 100;
        at -= 2;
        digits[at..at + 2].copy_from_slice(&PAIRS[pair..pair + 2]);
    }
    if number >= 10 {
        let pair = number as usize * 2;
        at -= 2;
        digits[at..at + 2].copy_from_slice(&PAIRS[pair..pair + 2]);
    } else {
        at -= 1;
        digits[at] = b'0' + number as u8;
    }
    out.extend_from_slice(&digits[at..]);
}

/// Appends a number with its sign in decimal.
#[inline]
pub fn push_i64(out: &mut Vec<u8>, number: i64) {
    if number < 0 {
        out.push(b'-');
    }
    push_u64(out, number.unsigned_abs());
}

/// Appends bytes as text, what is not UTF-8 as Java replaces it.
#[inline]
pub fn push_java_utf8(out: &mut Vec<u8>, bytes: &[u8]) {
    match std::str::from_utf8(bytes) {
        Ok(_) => out.extend_from_slice(bytes),
        Err(_) => out.extend_from_slice(java_utf8(bytes).as_bytes()),
    }
}

/// Bytes as text. What is not UTF-8 becomes U+FFFD, as often as `new String(bytes, UTF_8)` says: that differs from the
/// usual count for encoded surrogates (one instead of three) and at the end of the bytes (one for all that is left).
pub fn java_utf8(bytes: &[u8]) -> Cow<'_, str> {
    match std::str::from_utf8(bytes) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => Cow::Owned(replaced(bytes)),
    }
}

fn replaced(bytes: &[u8]) -> String {
    let follows = |at: usize| bytes.get(at).is_some_and(|byte| byte & 0xc0 == 0x80);
    let mut text = String::with_capacity(bytes.len() + 8);
    let mut at = 0;
    while at < bytes.len() {
        let left = bytes.len() - at;
        let wrong = char::REPLACEMENT_CHARACTER;
        let (length, found) = match bytes[at] {
            byte @ ..0x80 => (1, char::from(byte)),
            first @ 0xc2..0xe0 => match (left, follows(at + 1)) {
                (1, _) | (_, false) => (1, wrong),
                _ => (2, scalar(&[first & 0x1f, bytes[at + 1]])),
            },
            first @ 0xe0..0xf0 => {
                let overlong = |at: usize| first == 0xe0 && bytes[at + 1] & 0xe0 == 0x80;
                match left {
                    1 => (1, wrong),
                    2 if overlong(at) || !follows(at + 1) => (1, wrong),
                    2 => (2, wrong),
                    _ if overlong(at) || !follows(at + 1) => (1, wrong),
                    _ if !follows(at + 2) => (2, wrong),
                    _ => (3, scalar(&[first & 0x0f, bytes[at + 1], bytes[at + 2]])),
                }
            }
            first @ 0xf0..0xf8 => {
                let second = bytes.get(at + 1).copied();
                let outside = first > 0xf4
                    || second.is_some_and(|second| {
                        (first == 0xf0 && !(0x90..=0xbf).contains(&second))
                            || (first == 0xf4 && second & 0xf0 != 0x80)
                            || second & 0xc0 != 0x80
                    });
                match left {
                    _ if outside => (1, wrong),
                    1 => (1, wrong),
                    2 => (2, wrong),
                    _ if !follows(at + 2) => (2, wrong),
                    3 => (3, wrong),
                    _ if !follows(at + 3) => (3, wrong),
                    _ => (4, scalar(&[first & 7, bytes[at + 1], bytes[at + 2], bytes[at + 3]])),
                }
            }
            _ => (1, wrong),
        };
        text.push(found);
        at += length;
    }
    text
}

/// The character of these bytes, six bits of each but the first; a surrogate is replaced.
fn scalar(bytes: &[u8]) -> char {
    let number = bytes.iter().fold(0, |number, byte| number << 6 | u32::from(byte & 0x3f));
    char::from_u32(number).unwrap_or(char::REPLACEMENT_CHARACTER)
}

/// Appends a JSON string with its quotes (Jackson's escapes).
pub fn push_json_string(out: &mut Vec<u8>, text: &str) {
    out.push(b'"');
    for byte in text.bytes() {
        match byte {
            b'"' => out.extend_from_slice(b"\\\""),
            b'\\' => out.extend_from_slice(b"\\\\"),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\r' => out.extend_from_slice(b"\\r"),
            b'\t' => out.extend_from_slice(b"\\t"),
            8 => out.extend_from_slice(b"\\b"),
            12 => out.extend_from_slice(b"\\f"),
            0..0x20 => out.extend_from_slice(format!("\\u{byte:04X}").as_bytes()),
            _ => out.push(byte),
        }
    }
    out.push(b'"');
}

const STANDARD: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const FOR_URLS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// Appends base64 with its padding.
pub fn push_base64(out: &mut Vec<u8>, bytes: &[u8]) {
    push_sixes(out, bytes, STANDARD);
    let padding = (3 - bytes.len() % 3) % 3;
    out.extend_from_slice(&b"=="[..padding]);
}

/// Appends an id as Kafka's `Uuid.toString`: base64 for URLs, without padding.
pub fn push_uuid(out: &mut Vec<u8>, id: &[u8; 16]) {
    push_sixes(out, id, FOR_URLS);
}

fn push_sixes(out: &mut Vec<u8>, bytes: &[u8], letters: &[u8; 64]) {
    for chunk in bytes.chunks(3) {
        let three = chunk.iter().fold(0u32, |all, byte| all << 8 | u32::from(*byte));
        let three = three << (8 * (3 - chunk.len()));
        for letter in 0..=chunk.len() {
            out.push(letters[(three >> (18 - 6 * letter) & 63) as usize]);
        }
    }
}

/// A number as `Double.toString` writes it.
pub fn java_double(number: f64) -> String {
    if number.is_nan() {
        return "NaN".into();
    }
    if number.is_infinite() {
        return if number > 0.0 { "Infinity".into() } else { "-Infinity".into() };
    }
    let size = number.abs();
    if size == 0.0 || (1e-3..1e7).contains(&size) {
        return format!("{number:?}");
    }
    let text = format!("{number:E}");
    match text.split_once('E') {
        Some((digits, power)) if !digits.contains('.') => format!("{digits}.0E{power}"),
        _ => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_those_of_the_standard_library() {
        let some = [0, 1, -1, 9, 10, 99, 100, 101, -12345, i64::MAX, i64::MIN, 1795233322411];
        for number in some {
            let mut out = Vec::new();
            push_i64(&mut out, number);
            assert_eq!(String::from_utf8_lossy(&out), number.to_string());
        }
        let doubles = [(0.0, "0.0"), (100.0, "100.0"), (1e7, "1.0E7"), (1234567.5, "1234567.5")];
        for (number, text) in [&doubles[..], &[(0.0001, "1.0E-4"), (1.5e300, "1.5E300")]].concat() {
            assert_eq!(java_double(number), text);
        }
    }

    /// Said by `new String(bytes, UTF_8)` of JDK 17, `?` for U+FFFD.
    #[test]
    fn broken_utf_8_is_replaced_as_java_does() {
        let said: &[(&[u8], &str)] = &[
            (b"\xff", "?"),
            (b"\xc3", "?"),
            (b"\xc3\x28", "?("),
            (b"\xe0", "?"),
            (b"\xe0\x80", "??"),
            (b"\xe0\x80\xaf", "???"),
            (b"\xe2\x8c", "?"),
            (b"\xe2\x82", "?"),
            (b"\xe2\x28\xa1", "?(?"),
            (b"\xed\xa0\x80", "?"),
            (b"\xed\xa0", "?"),
            (b"\xed", "?"),
            (b"\xf0", "?"),
            (b"\xf0\x9f", "?"),
            (b"\xf0\x9f\x98", "?"),
            (b"\xf0\x9f\x98\x80", "😀"),
            (b"\xf0\x9f\x98\x41", "?A"),
            (b"\xf0\x9f\x41\x41", "?AA"),
            (b"\xf0\x80\x80", "???"),
            (b"\xf0\x80\x80\x80", "????"),
            (b"\xf4\x90\x80\x80", "????"),
            (b"\xf4\x90", "??"),
            (b"\xf5\x80\x80\x80", "????"),
            (b"\xf8\x88\x80\x80\x80", "?????"),
            (b"\x80", "?"),
            (b"\xc0\x80", "??"),
            (b"\xc1\xbf", "??"),
            (b"\xe0\xa0", "?"),
            (b"\xe0\xa0\x41", "?A"),
            (b"\x41\xe2\x82\x41", "A?A"),
            (b"\xed\xa0\x80\x41", "?A"),
            (b"\xf4", "?"),
            (b"\xf4\x8f", "?"),
            (b"\xf4\x8f\xbf", "?"),
            (b"\xe2\x90\x41\xe2", "?A?"),
            (b"\xf8\x41", "?A"),
            (b"\xc3\xa9\xff", "é?"),
            (b"\xf0\x9f", "?"),
            (b"\xe1\x80\xc0", "??"),
            (b"\xf1\x80\x80\xc0\x41", "??A"),
            (b"\xf1\x80\xc0\x41", "??A"),
            (b"\xf1\xc0", "??"),
        ];
        for (bytes, text) in said {
            assert_eq!(java_utf8(bytes).replace('\u{fffd}', "?"), *text, "{bytes:02x?}");
        }
    }

    #[test]
    fn base64_and_escapes() {
        let mut out = Vec::new();
        push_base64(&mut out, &[255, 255, 255, 255]);
        push_json_string(&mut out, "a\"\\\n\u{1}甲");
        assert_eq!(String::from_utf8_lossy(&out), "/////w==\"a\\\"\\\\\\n\\u0001甲\"");
    }
}
