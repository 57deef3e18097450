//! Bytes to text: byte order marks, coding cookies, and what to do when neither helps.

use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE};

/// A text and, when bytes had to be replaced, what to tell the user.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Decoded {
    pub text: String,
    pub loss: Option<Loss>,
}

/// Bytes that are no text in the file's encoding; each became U+FFFD.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Loss {
    /// 1-based line of the first one.
    pub line: u32,
    pub message: String,
}

/// Why bytes are no text at all.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum NotText {
    #[error("looks binary (NUL bytes)")]
    Binary,
}

/// NUL bytes this far in tell binary from text.
const SNIFF: usize = 8 << 10;

/// Decodes a source file. In this order:
/// * a UTF-16 byte order mark decides (the mark is dropped: offsets are those of the decoded text);
/// * NUL bytes in the first 8 KB make it binary;
/// * valid UTF-8 stays as it is, byte for byte, with its byte order mark and its line ends. A coding cookie that says otherwise is
///   overruled: the bytes would hardly be valid by accident, and offsets stay those of the file;
/// * the coding cookie in the first two lines (`# -*- coding: koi8-r -*-`) decides;
/// * else it is UTF-8 with mistakes, and the wrong bytes are replaced.
pub fn decode(bytes: Vec<u8>) -> Result<Decoded, NotText> {
    if let Some(encoding) = utf16_mark(&bytes) {
        return Ok(decode_as(encoding, &bytes));
    }
    if memchr::memchr(0, &bytes[..bytes.len().min(SNIFF)]).is_some() {
        return Err(NotText::Binary);
    }
    let cookie = cookie(&bytes);
    let encoding = cookie.and_then(encoding_of);
    // Escape-driven encodings are made of ASCII bytes: they are valid UTF-8, and wrong as such.
    if let Some(encoding) = encoding.filter(|e| !e.is_ascii_compatible())
        && memchr::memchr(0x1b, &bytes).is_some()
    {
        return Ok(decode_as(encoding, &bytes));
    }
    let bytes = match String::from_utf8(bytes) {
        Ok(text) => return Ok(Decoded { text, loss: None }),
        Err(error) => error.into_bytes(),
    };
    if let Some(encoding) = encoding.filter(|e| *e != UTF_8) {
        return Ok(decode_as(encoding, &bytes));
    }
    let mut decoded = decode_as(UTF_8, &bytes);
    if let (Some(name), None, Some(loss)) = (self::cookie(&bytes), encoding, &mut decoded.loss) {
        loss.message = format!("declares the encoding `{name}`, which is not supported; non-ASCII text was replaced");
    }
    Ok(decoded)
}

fn utf16_mark(bytes: &[u8]) -> Option<&'static Encoding> {
    match bytes {
        [0xff, 0xfe, 0, 0, ..] => None, // UTF-32
        [0xff, 0xfe, ..] => Some(UTF_16LE),
        [0xfe, 0xff, ..] => Some(UTF_16BE),
        _ => None,
    }
}

fn decode_as(encoding: &'static Encoding, bytes: &[u8]) -> Decoded {
    let (text, had_errors) = if encoding == UTF_8 {
        encoding.decode_without_bom_handling(bytes) // keeps the mark
    } else {
        encoding.decode_with_bom_removal(bytes)
    };
    let loss = had_errors.then(|| Loss {
        line: line_of_first_replacement(&text),
        message: format!("is not valid {}; the wrong bytes were replaced", encoding.name()),
    });
    Decoded { text: text.into_owned(), loss }
}

fn line_of_first_replacement(text: &str) -> u32 {
    let end = text.find('\u{fffd}').unwrap_or(0);
    super::line_index::LineIndex::new(text).position(text, end).line
}

/// The name in the coding cookie, if the first line has one, or the second when the first is blank or a comment.
fn cookie(bytes: &[u8]) -> Option<&str> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let mut rest = bytes;
    for _ in 0..2 {
        let end = memchr::memchr2(b'\n', b'\r', rest).unwrap_or(rest.len());
        let line = rest[..end].trim_ascii_start();
        match line.first() {
            Some(b'#') => {
                if let Some(name) = cookie_in_comment(line) {
                    return Some(name);
                }
            }
            Some(_) => return None,
            None => {}
        }
        rest = &rest[end..];
        rest = rest.strip_prefix(b"\r\n").unwrap_or_else(|| rest.get(1..).unwrap_or_default());
    }
    None
}

/// `coding`, then `:` or `=`, then the name.
fn cookie_in_comment(comment: &[u8]) -> Option<&str> {
    for at in memchr::memmem::find_iter(comment, b"coding") {
        let rest = &comment[at + b"coding".len()..];
        if !matches!(rest.first(), Some(b':' | b'=')) {
            continue;
        }
        let rest = rest[1..].trim_ascii_start();
        let len = rest.iter().position(|b| !(b.is_ascii_alphanumeric() || b"-_.".contains(b))).unwrap_or(rest.len());
        if len > 0 {
            return std::str::from_utf8(&rest[..len]).ok();
        }
    }
    None
}

/// The encoding with this name as Python's codecs spell it; `None` if it is not known.
fn encoding_of(name: &str) -> Option<&'static Encoding> {
    let name = name.to_ascii_lowercase().replace('_', "-");
    // Editors add the line end they write: `utf-8-unix`.
    let name = ["-unix", "-dos", "-mac"].iter().find_map(|end| name.strip_suffix(end)).unwrap_or(&name);
    let label = match name {
        "latin-1" | "iso-latin-1" | "l1" | "8859" | "cp819" => "latin1",
        "latin-2" | "iso-latin-2" => "latin2",
        "latin-5" | "iso-latin-5" => "latin5",
        "latin-9" | "iso-8859-15" => "iso-8859-15",
        "u8" | "utf" | "utf-8-sig" | "cp65001" => "utf-8",
        "cp932" | "ms932" | "mskanji" | "ms-kanji" | "s-jis" | "shift-jisx0213" | "shift-jis-2004" => "shift_jis",
        "ujis" | "u-jis" | "euc-jisx0213" | "euc-jis-2004" => "euc-jp",
        "cp936" | "936" | "ms936" | "gb2312-1980" | "euccn" | "euc-cn" => "gbk",
        "gb18030-2000" => "gb18030",
        "cp949" | "949" | "uhc" | "ms949" | "euckr" => "euc-kr",
        "cp950" | "950" | "ms950" | "big5-tw" | "big5hkscs" | "hkscs" => "big5",
        "eucjp" => "euc-jp",
        "mac-roman" | "macroman" => "macintosh",
        "mac-cyrillic" | "maccyrillic" => "x-mac-cyrillic",
        "tis-620" | "cp874" => "windows-874",
        other => other,
    };
    Encoding::for_label_no_replacement(label.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(bytes: &[u8]) -> String {
        let decoded = decode(bytes.to_vec()).unwrap();
        assert_eq!(decoded.loss, None);
        decoded.text
    }

    #[test]
    fn utf8_stays_byte_for_byte() {
        let bytes = "\u{feff}x = 'é'\r\ny = 1\rz = 2\n";
        assert_eq!(text(bytes.as_bytes()), bytes);
        assert_eq!(text(b""), "");
    }

    #[test]
    fn cookies() {
        assert_eq!(text(b"# -*- coding: latin-1 -*-\nx = '\xe9'\n"), "# -*- coding: latin-1 -*-\nx = 'é'\n");
        assert_eq!(
            text(b"#!/usr/bin/python\r\n# vim: set fileencoding=cp1252 :\r\n'\x80'").lines().last(),
            Some("'€'")
        );
        assert_eq!(text(b"\n# coding=KOI8_R\n'\xc1'").lines().last(), Some("'а'"));
        assert_eq!(text(b"# coding: euc-jp\n'\xa4\xa2'").lines().last(), Some("'あ'"));
        assert_eq!(text(b"# coding: shift_jis\n'\x82\xa0'").lines().last(), Some("'あ'"));
        assert_eq!(text(b"# coding: cp932\n'\x82\xa0'").lines().last(), Some("'あ'"));
        assert_eq!(text(b"# coding: gb18030\n'\xc4\xe3'").lines().last(), Some("'你'"));
        assert_eq!(text(b"# coding: iso-2022-jp\n'\x1b$B$\"\x1b(B'").lines().last(), Some("'あ'"));
    }

    #[test]
    fn every_spelling_of_an_encoding_is_known() {
        for name in [
            "utf8",
            "UTF-8",
            "utf-8-unix",
            "ascii",
            "us-ascii",
            "latin1",
            "latin-1",
            "iso-8859-1",
            "iso8859-1",
            "iso_8859_15",
            "cp1250",
            "cp1251",
            "windows-1252",
            "koi8-r",
            "koi8_u",
            "euc_jp",
            "eucjp",
            "shift_jis",
            "shift-jis",
            "sjis",
            "gbk",
            "gb2312",
            "gb18030",
            "big5",
            "euc_kr",
            "cp949",
            "cp866",
            "mac-roman",
            "tis-620",
            "iso-8859-9",
            "latin2",
        ] {
            assert!(encoding_of(name).is_some(), "{name}");
        }
        assert_eq!(encoding_of("rot13"), None);
    }

    #[test]
    fn a_cookie_must_be_in_the_first_two_lines_and_in_a_comment() {
        assert_eq!(cookie(b"\n\n# coding: latin-1\n"), None);
        assert_eq!(cookie(b"x = 1\n# coding: latin-1\n"), None);
        assert_eq!(cookie(b"coding: latin-1\n"), None);
        assert_eq!(cookie(b"\r\n\t# coding: latin-1"), Some("latin-1"));
        assert_eq!(cookie(b"# encoding := x\n# coding=\n"), None);
    }

    #[test]
    fn valid_utf8_overrules_the_cookie() {
        assert_eq!(text("# coding: latin-1\n'é'".as_bytes()).lines().last(), Some("'é'"));
    }

    #[test]
    fn wrong_bytes_are_replaced_and_told() {
        let decoded = decode(b"a = 1\r\nb = '\xe9'\n".to_vec()).unwrap();
        assert_eq!(decoded.text, "a = 1\r\nb = '\u{fffd}'\n");
        assert_eq!(
            decoded.loss,
            Some(Loss { line: 2, message: "is not valid UTF-8; the wrong bytes were replaced".into() })
        );
        let decoded = decode(b"# coding: cp437\n'\xe9'".to_vec()).unwrap();
        assert!(decoded.loss.unwrap().message.contains("`cp437`"));
        let decoded = decode(b"\xef\xbb\xbfa = '\xe9'".to_vec()).unwrap();
        assert!(decoded.text.starts_with('\u{feff}'));
    }

    #[test]
    fn utf16_and_binary() {
        assert_eq!(text(b"\xff\xfex\0=\0"), "x=");
        assert_eq!(text(b"\xfe\xff\0x\0="), "x=");
        assert_eq!(decode(b"x = '\0'".to_vec()), Err(NotText::Binary));
        assert_eq!(decode(b"\xff\xfe\0\0x\0\0\0".to_vec()), Err(NotText::Binary));
    }
}
