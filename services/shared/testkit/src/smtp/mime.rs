//! Reads what a mail says: headers (RFC 2047), bodies in base64 or
//! quoted-printable, and the texts of nested parts.

use base64::Engine as _;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};
use encoding_rs::{Encoding, UTF_8};

/// Mails nested deeper are not looked into.
const DEEPEST: usize = 8;

#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Decoded {
    pub headers: Vec<(String, String)>,
    pub text: String,
    pub html: Option<String>,
}

impl Decoded {
    pub fn header(&self, name: &str) -> Option<String> {
        find(&self.headers, name).map(str::to_owned)
    }
}

pub(super) fn decode(raw: &[u8]) -> Decoded {
    let (headers, body) = split(raw);
    let (mut text, mut html) = (None, None);
    read(&headers, body, &mut text, &mut html, 0);
    let headers = headers
        .into_iter()
        .map(|(name, value)| (name, words(&value)))
        .collect();
    Decoded {
        headers,
        text: text.or_else(|| html.clone()).unwrap_or_default(),
        html,
    }
}

fn find<'a>(headers: &'a [(String, String)], name: &str) -> Option<&'a str> {
    headers
        .iter()
        .find(|(n, _)| n.eq_ignore_ascii_case(name))
        .map(|(_, value)| value.as_str())
}

/// Headers, unfolded, and what follows the empty line.
fn split(raw: &[u8]) -> (Vec<(String, String)>, &[u8]) {
    let mut headers: Vec<(String, String)> = Vec::new();
    let mut rest = raw;
    while !rest.is_empty() {
        let end = rest
            .iter()
            .position(|b| *b == b'\n')
            .map_or(rest.len(), |at| at + 1);
        let (line, after) = rest.split_at(end);
        rest = after;
        let line = String::from_utf8_lossy(line);
        let line = line.trim_end_matches(['\r', '\n']);
        if line.is_empty() {
            break;
        }
        if line.starts_with([' ', '\t']) {
            if let Some((_, value)) = headers.last_mut() {
                value.push(' ');
                value.push_str(line.trim());
            }
        } else if let Some((name, value)) = line.split_once(':') {
            headers.push((name.trim().to_owned(), value.trim().to_owned()));
        }
    }
    (headers, rest)
}

fn read(
    headers: &[(String, String)],
    body: &[u8],
    text: &mut Option<String>,
    html: &mut Option<String>,
    depth: usize,
) {
    let kind = find(headers, "content-type").unwrap_or("text/plain");
    let lower = kind.to_ascii_lowercase();
    if let Some(boundary) = parameter(kind, "boundary").filter(|_| lower.starts_with("multipart/")) {
        if depth < DEEPEST {
            for part in parts(body, &boundary) {
                let (headers, body) = split(part);
                read(&headers, body, text, html, depth + 1);
            }
        }
        return;
    }
    let slot = if lower.starts_with("text/html") {
        html
    } else if lower.starts_with("text/") {
        text
    } else {
        return;
    };
    let encoding = find(headers, "content-transfer-encoding").unwrap_or_default();
    let bytes = transfer(body, &encoding.to_ascii_lowercase());
    let decoded = charset(parameter(kind, "charset").as_deref())
        .decode(&bytes)
        .0
        .replace("\r\n", "\n");
    slot.get_or_insert(decoded);
}

fn parts<'a>(body: &'a [u8], boundary: &str) -> Vec<&'a [u8]> {
    let marker = format!("--{boundary}").into_bytes();
    let mut starts = Vec::new();
    let mut at = 0;
    while let Some(found) = body[at..].windows(marker.len()).position(|w| w == marker) {
        let found = at + found;
        if found == 0 || body[found - 1] == b'\n' {
            starts.push(found);
        }
        at = found + marker.len();
    }
    let within = |pair: &[usize]| {
        let part = &body[pair[0] + marker.len()..pair[1]];
        let begin = part
            .iter()
            .position(|b| *b == b'\n')
            .map_or(part.len(), |at| at + 1);
        let part = &part[begin..];
        // The line break before a marker belongs to the marker.
        part.strip_suffix(b"\r\n")
            .or_else(|| part.strip_suffix(b"\n"))
            .unwrap_or(part)
    };
    starts.windows(2).map(within).collect()
}

/// A parameter of a header, as `charset=utf-8`.
fn parameter(value: &str, name: &str) -> Option<String> {
    value.split(';').skip(1).find_map(|part| {
        let (key, value) = part.split_once('=')?;
        key.trim()
            .eq_ignore_ascii_case(name)
            .then(|| value.trim().trim_matches('"').to_owned())
    })
}

fn transfer(body: &[u8], encoding: &str) -> Vec<u8> {
    match encoding.trim() {
        "base64" => base64(body),
        "quoted-printable" => quoted_printable(body, false),
        _ => body.to_vec(),
    }
}

fn base64(text: &[u8]) -> Vec<u8> {
    let lenient = GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
    let compact: Vec<u8> = text
        .iter()
        .copied()
        .filter(|b| !b.is_ascii_whitespace())
        .collect();
    GeneralPurpose::new(&base64::alphabet::STANDARD, lenient)
        .decode(compact)
        .unwrap_or_default()
}

/// In headers an underscore is a blank, and no line ends softly.
fn quoted_printable(text: &[u8], in_header: bool) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        if byte != b'=' {
            bytes.push(if in_header && byte == b'_' { b' ' } else { byte });
            continue;
        }
        if let Some(after) = rest.strip_prefix(b"\r\n").or_else(|| rest.strip_prefix(b"\n")) {
            rest = after;
            continue;
        }
        let code = rest
            .get(..2)
            .and_then(|h| std::str::from_utf8(h).ok())
            .and_then(|h| u8::from_str_radix(h, 16).ok());
        if let Some(code) = code {
            bytes.push(code);
            rest = &rest[2..];
        } else {
            bytes.push(byte);
        }
    }
    bytes
}

fn charset(name: Option<&str>) -> &'static Encoding {
    name.and_then(|name| Encoding::for_label(name.as_bytes()))
        .unwrap_or(UTF_8)
}

/// Decodes the encoded words of a header; blanks between two of them vanish.
fn words(value: &str) -> String {
    let mut text = String::new();
    let mut rest = value;
    let mut after_word = false;
    while let Some(start) = rest.find("=?") {
        let (before, from) = rest.split_at(start);
        let Some((word, length)) = word(from) else {
            text.push_str(before);
            text.push_str("=?");
            rest = &from[2..];
            after_word = false;
            continue;
        };
        if !(after_word && before.trim().is_empty()) {
            text.push_str(before);
        }
        text.push_str(&word);
        rest = &from[length..];
        after_word = true;
    }
    text.push_str(rest);
    text
}

/// `=?charset?B|Q?text?=` at the beginning, and its length.
fn word(text: &str) -> Option<(String, usize)> {
    let mut parts = text.strip_prefix("=?")?.splitn(3, '?');
    let (name, encoding, rest) = (parts.next()?, parts.next()?, parts.next()?);
    let (encoded, _) = rest.split_once("?=")?;
    let bytes = match encoding {
        "B" | "b" => base64(encoded.as_bytes()),
        "Q" | "q" => quoted_printable(encoded.as_bytes(), true),
        _ => return None,
    };
    let length = "=?".len() + name.len() + 1 + encoding.len() + 1 + encoded.len() + "?=".len();
    Some((charset(Some(name)).decode(&bytes).0.into_owned(), length))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encoded_words_join_without_the_blank_between_them() {
        assert_eq!(
            words("=?utf-8?B?5pm056m6?= =?utf-8?B?55Gc5Ly9?= OK"),
            "晴空瑜伽 OK"
        );
        assert_eq!(words("=?UTF-8?Q?a=5Fb_c?="), "a_b c");
        assert_eq!(words("=?gb18030?B?x+e/1Q==?="), "晴空");
        assert_eq!(words("no =? word"), "no =? word");
    }

    #[test]
    fn a_plain_mail_in_each_encoding_reads_alike() {
        for (encoding, body) in [
            ("8bit", "验证码 123456"),
            ("base64", "6aqM6K+B56CBIDEy\r\nMzQ1Ng==\r\n"),
            ("quoted-printable", "=E9=AA=8C=E8=AF=81=E7=A0=\r\n=81 123456"),
        ] {
            let raw = format!(
                "Subject: =?utf-8?B?6aqM6K+B56CB?=\r\nContent-Type: text/plain;\r\n charset=utf-8\r\nContent-Transfer-Encoding: {encoding}\r\n\r\n{body}"
            );
            let mail = decode(raw.as_bytes());
            assert_eq!(mail.text.trim_end(), "验证码 123456", "{encoding}");
            assert_eq!(mail.header("subject").as_deref(), Some("验证码"));
        }
    }

    #[test]
    fn the_text_of_a_nested_mail_is_found_beside_its_html() {
        let raw = "Content-Type: multipart/mixed; boundary=\"a\"\r\n\r\npreamble\r\n--a\r\nContent-Type: multipart/alternative; boundary=b\r\n\r\n\
                   --b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nhello\r\n--b\r\nContent-Type: text/html\r\n\r\n<p>hello</p>\r\n--b--\r\n\
                   --a\r\nContent-Type: application/pdf\r\n\r\nxx\r\n--a--\r\n";
        let mail = decode(raw.as_bytes());
        assert_eq!(
            (mail.text.as_str(), mail.html.as_deref()),
            ("hello", Some("<p>hello</p>"))
        );
    }
}
