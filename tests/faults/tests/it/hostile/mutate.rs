//! What is done to a good message until it is none: field by field, and on
//! the wire.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use prost::Message as _;
use prost::bytes::{BufMut as _, Bytes, BytesMut};
use prost::encoding::{WireType, encode_key, encode_varint};
use prost_reflect::{DynamicMessage, FieldDescriptor, Kind, MapKey, ReflectMessage as _, Value};
use rand::rngs::StdRng;
use rand::seq::IndexedRandom as _;
use rand::{Rng as _, RngCore as _};

/// Whole numbers where something begins, ends or turns over.
const NUMBERS: [i64; 16] = [
    0,
    1,
    -1,
    i64::MIN,
    i64::MAX,
    2_147_483_647,
    2_147_483_648,
    -2_147_483_648,
    -2_147_483_649,
    4_294_967_296,
    9_007_199_254_740_993,
    253_402_300_800,
    -62_135_596_801,
    8_210_298_412_800,
    999_999_999_999_999_999,
    201,
];

/// Bytes of a list that is long enough: a quarter more than a service reads of a
/// message. Whoever builds more keeps a thread from answering for it.
const ENOUGH: usize = 5 << 20;

/// Spoils one field, somewhere in the message, and says how.
pub fn spoil(message: &mut DynamicMessage, chance: &mut StdRng) -> String {
    let fields: Vec<_> = message.descriptor().fields().collect();
    let Some(field) = fields.choose(chance).cloned() else {
        return "an empty message".to_owned();
    };
    let name = field.name().to_owned();
    if chance.random_bool(0.1) {
        message.clear_field(&field);
        return format!("{name} dropped");
    }
    if field.is_map() {
        let most = *[0, 50, 3_000].choose(chance).unwrap();
        let entries = (0..most).map(|n| {
            (
                MapKey::String(format!("{n}{}", text(chance))),
                Value::String(text(chance)),
            )
        });
        message.set_field(&field, Value::Map(entries.collect()));
        return format!("{name}: {most} entries");
    }
    if field.is_list() {
        let most = *[0, 1, 17, 300, 5_000].choose(chance).unwrap();
        let kinds: Vec<_> = (0..20)
            .map(|_| value(&field, chance))
            .map(|v| (size(&v), v))
            .collect();
        let (mut list, mut bytes) = (Vec::new(), 0);
        while list.len() < most && bytes < ENOUGH {
            let (size, item) = match list.len() % 7 {
                3 => kinds.choose(chance).unwrap(),
                _ => &kinds[0],
            };
            bytes += size;
            list.push(item.clone());
        }
        let told = format!("{name} × {}", list.len());
        message.set_field(&field, Value::List(list));
        return told;
    }
    if let Kind::Message(_) = field.kind()
        && message.has_field(&field)
        && chance.random_bool(0.7)
        && let Value::Message(inner) = message.get_field_mut(&field)
    {
        return format!("{name}.{}", spoil(inner, chance));
    }
    let value = value(&field, chance);
    let told = match &value {
        Value::String(text) => format!("{:?}", text.chars().take(60).collect::<String>()),
        Value::Bytes(bytes) => format!("{} bytes", bytes.len()),
        other => format!("{other:?}").chars().take(80).collect(),
    };
    message.set_field(&field, value);
    format!("{name} = {told}")
}

/// Anything that the field can hold on the wire.
fn value(field: &FieldDescriptor, chance: &mut StdRng) -> Value {
    let number = *NUMBERS.choose(chance).unwrap();
    // Cutting bits off is the point.
    let short = i32::from_le_bytes(*number.to_le_bytes().first_chunk().unwrap());
    match field.kind() {
        Kind::String => Value::String(text(chance)),
        Kind::Bytes => Value::Bytes(bytes(chance).into()),
        Kind::Bool => Value::Bool(chance.random_bool(0.5)),
        Kind::Enum(_) => {
            Value::EnumNumber(*[0, -1, 99, 1_000_000, i32::MIN, i32::MAX].choose(chance).unwrap())
        }
        Kind::Int32 | Kind::Sint32 | Kind::Sfixed32 => Value::I32(short),
        Kind::Int64 | Kind::Sint64 | Kind::Sfixed64 => Value::I64(number),
        Kind::Uint32 | Kind::Fixed32 => Value::U32(short.cast_unsigned()),
        Kind::Uint64 | Kind::Fixed64 => Value::U64(number.cast_unsigned()),
        Kind::Double => Value::F64(*[f64::NAN, f64::INFINITY, -0.0, f64::MAX].choose(chance).unwrap()),
        Kind::Float => Value::F32(*[f32::NAN, f32::INFINITY, -0.0, f32::MAX].choose(chance).unwrap()),
        Kind::Message(kind) => {
            let mut message = DynamicMessage::new(kind.clone());
            for field in kind.fields().filter(|f| !f.is_list() && !f.is_map()) {
                if !matches!(field.kind(), Kind::Message(_)) && chance.random_bool(0.8) {
                    message.set_field(&field, value(&field, chance));
                }
            }
            Value::Message(message)
        }
    }
}

/// About what it takes on the wire, in bytes.
fn size(value: &Value) -> usize {
    match value {
        Value::String(text) => text.len(),
        Value::Bytes(bytes) => bytes.len(),
        Value::Message(message) => message.encoded_len(),
        _ => size_of::<u64>(),
    }
}

/// Text that somebody, somewhere, did not expect.
pub fn text(chance: &mut StdRng) -> String {
    const TEXTS: [&str; 34] = [
        "",
        " ",
        "\0",
        "a\0b",
        "\u{1}\u{8}\u{7f}\u{9b}",
        "one\r\ntwo: injected",
        "\u{202e}gnitset\u{202c}",
        "\u{feff}名\u{200b}字",
        "𝔘𝔫𝔦🧘🏽‍♀️𠜎",
        "Z\u{301}\u{302}\u{303}\u{304}\u{305}\u{306}\u{307}",
        "%",
        "_",
        "%s%n%x",
        "\\",
        "'; drop table orders; --",
        "\" or 1=1 --",
        "{a,b}",
        "(1,2)",
        "null",
        "../../../../etc/passwd",
        "<script>alert(1)</script>",
        "${jndi:ldap://nowhere/}",
        "00000000-0000-0000-0000-000000000000",
        "FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF",
        "urn:uuid:0193b0a0-0000-7000-8000-000000000000",
        "{0193b0a0-0000-7000-8000-000000000000}",
        "0193b0a0000070008000000000000000",
        "0193b0a0-0000-7000-8000-00000000000",
        "０１２３４",
        "NaN",
        "-0",
        "1e400",
        "9223372036854775808",
        "all",
    ];
    match chance.random_range(0..14) {
        0 => "字".repeat(*[41, 101, 201, 501, 2_001].choose(chance).unwrap()),
        1 => "A".repeat(*[37, 129, 1_001, 20_000].choose(chance).unwrap()),
        2 => page_token(chance),
        3 => {
            let mut random = vec![0; chance.random_range(1..60)];
            chance.fill_bytes(&mut random);
            String::from_utf8_lossy(&random).into_owned()
        }
        _ => (*TEXTS.choose(chance).unwrap()).to_owned(),
    }
}

/// What looks like the token of a page and was never given to anybody.
fn page_token(chance: &mut StdRng) -> String {
    const KEYS: [&str; 12] = [
        r#"["9999-12-31T23:59:59Z","0193b0a0-0000-7000-8000-000000000000"]"#,
        r#"["+262142-12-31T23:59:59Z","0193b0a0-0000-7000-8000-000000000000"]"#,
        r#"["-262143-01-01T00:00:00Z","0193b0a0-0000-7000-8000-000000000000"]"#,
        r#"["-4713-01-01T00:00:00Z","0193b0a0-0000-7000-8000-000000000000"]"#,
        r#"["2026-11-22T00:00:00Z","all"]"#,
        r#""0193b0a0-0000-7000-8000-000000000000""#,
        r#""a\u0000b""#,
        "[9223372036854775807]",
        "9223372036854775807",
        "-9223372036854775808",
        r#"[1e400,"x"]"#,
        "{}",
    ];
    let key = match chance.random_range(0..8) {
        0 => "[".repeat(150),
        _ => (*KEYS.choose(chance).unwrap()).to_owned(),
    };
    URL_SAFE_NO_PAD.encode(key)
}

fn bytes(chance: &mut StdRng) -> Vec<u8> {
    let mut bytes = vec![0; *[0, 1, 16, 33, 4_096, 60_000].choose(chance).unwrap()];
    match chance.random_range(0..3) {
        0 => chance.fill_bytes(&mut bytes),
        1 => {
            let pieces: [&[u8]; 8] = [
                b"\"",
                b",",
                b"\r\n",
                b"\0",
                b"\xff\xfe",
                b"\x81\x30",
                b"code",
                "名".as_bytes(),
            ];
            let whole = bytes.len();
            bytes.clear();
            while bytes.len() < whole {
                bytes.extend_from_slice(pieces.choose(chance).unwrap());
            }
        }
        _ => {}
    }
    bytes
}

/// Spoils an encoded message, and says how.
pub fn spoil_wire(message: &DynamicMessage, chance: &mut StdRng) -> (Bytes, &'static str) {
    let mut wire = BytesMut::from(message.encode_to_vec().as_slice());
    let number = message
        .descriptor()
        .fields()
        .map(|f| f.number())
        .collect::<Vec<_>>()
        .choose(chance)
        .copied()
        .unwrap_or(1);
    let how = match chance.random_range(0..11) {
        0 => {
            wire.truncate(chance.random_range(0..=wire.len()));
            "cut off"
        }
        1 => {
            for _ in 0..chance.random_range(1..8) {
                let at = chance.random_range(0..wire.len().max(1));
                if let Some(byte) = wire.get_mut(at) {
                    *byte ^= 1 << chance.random_range(0..8);
                }
            }
            "bits turned"
        }
        2 => {
            (0..chance.random_range(1..200)).for_each(|_| unknown(&mut wire, chance));
            "unknown fields"
        }
        3 => {
            encode_key(number, WireType::LengthDelimited, &mut wire);
            encode_varint(u64::MAX >> chance.random_range(0..40), &mut wire);
            wire.put_slice(b"short");
            "a length beyond the end"
        }
        4 => {
            encode_key(number, WireType::Varint, &mut wire);
            wire.put_slice(&[0xff; 12]);
            "a number without an end"
        }
        5 => {
            encode_key(number, WireType::LengthDelimited, &mut wire);
            wire.put_slice(&[4, 0xff, 0xfe, 0xc3, 0x28]);
            "text that is no UTF-8"
        }
        6 => {
            let deep = *[60, 101, 5_000, 30_000].choose(chance).unwrap();
            (0..deep).for_each(|_| encode_key(1_000, WireType::StartGroup, &mut wire));
            "groups in groups"
        }
        7 => {
            let mut inner = Vec::new();
            for _ in 0..*[60, 120, 1_500].choose(chance).unwrap() {
                let mut outer = Vec::new();
                encode_key(number, WireType::LengthDelimited, &mut outer);
                encode_varint(u64::try_from(inner.len()).unwrap(), &mut outer);
                outer.extend_from_slice(&inner);
                inner = outer;
            }
            wire.put_slice(&inner);
            "messages in messages"
        }
        8 => {
            let kind = *[WireType::Varint, WireType::ThirtyTwoBit, WireType::SixtyFourBit]
                .choose(chance)
                .unwrap();
            encode_key(number, kind, &mut wire);
            wire.put_slice(&[1, 2, 3, 4, 5, 6, 7, 8]);
            "a field of another type"
        }
        9 => {
            for _ in 0..*[100, 10_000].choose(chance).unwrap() {
                encode_key(number, WireType::LengthDelimited, &mut wire);
                wire.put_u8(0);
            }
            "one field very often"
        }
        _ => {
            wire.clear();
            wire.resize(*[1, 10, 300, 5_000, 70_000].choose(chance).unwrap(), 0);
            chance.fill_bytes(&mut wire);
            "random bytes"
        }
    };
    (wire.freeze(), how)
}

fn unknown(wire: &mut BytesMut, chance: &mut StdRng) {
    let number = chance.random_range(100..=536_870_911);
    match chance.random_range(0..3) {
        0 => {
            encode_key(number, WireType::Varint, wire);
            encode_varint(chance.next_u64(), wire);
        }
        1 => {
            encode_key(number, WireType::LengthDelimited, wire);
            wire.put_slice(b"\x05\0\xffabc");
        }
        _ => {
            encode_key(number, WireType::SixtyFourBit, wire);
            wire.put_u64(chance.next_u64());
        }
    }
}
