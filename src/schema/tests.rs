//! Hostile bytes for every record type, and what the tables promise. What real brokers wrote is compared with the real
//! tool's text in `dump`.

use super::*;
use std::collections::BTreeSet;

const TOPICS: [Topic; 5] = [
    Topic::ConsumerOffsets,
    Topic::TransactionState,
    Topic::ShareGroupState,
    Topic::ClusterMetadata,
    Topic::RemoteLogMetadata,
];

/// Bytes of a message in which everything is there: one element in each list, all tagged fields set.
fn full(shape: &Message, version: i16) -> Vec<u8> {
    let mut out = Vec::new();
    write_fields(shape.fields, version, version >= shape.flexible_from, &mut out);
    out
}

fn write_fields(fields: &[Field], version: i16, flexible: bool, out: &mut Vec<u8>) {
    let here: Vec<&Field> = fields.iter().filter(|field| field.is_in(version)).collect();
    for field in here.iter().filter(|field| field.tag.is_none()) {
        write(&field.kind, field, version, flexible, out);
    }
    if flexible {
        let tagged: Vec<_> = here.iter().filter(|field| field.tag.is_some()).collect();
        out.push(tagged.len() as u8 + 1);
        for field in tagged {
            let mut inner = Vec::new();
            write(&field.kind, field, version, flexible, &mut inner);
            out.extend([field.tag.unwrap() as u8, inner.len() as u8]);
            out.extend(inner);
        }
        out.extend([99, 3, 1, 2, 3]);
    }
}

fn write(kind: &Kind, field: &Field, version: i16, flexible: bool, out: &mut Vec<u8>) {
    let mut length = |wide: bool, length: u8| match (flexible, wide) {
        (true, _) => out.push(length + 1),
        (false, true) => out.extend([0, 0, 0, length]),
        (false, false) => out.extend([0, length]),
    };
    match kind {
        Kind::Bool | Kind::Int8 => out.push(1),
        Kind::Int16 | Kind::Uint16 => out.extend([0, 2]),
        Kind::Int32 | Kind::Uint32 => out.extend([0, 0, 0, 3]),
        Kind::Int64 | Kind::Float64 => out.extend([0, 0, 0, 0, 0, 0, 0, 4]),
        Kind::Uuid => out.extend([5; 16]),
        Kind::String => {
            length(false, 2);
            out.extend(b"ab");
        }
        Kind::Bytes => {
            length(true, 2);
            out.extend(b"ab");
        }
        Kind::Array(element) => {
            length(true, 1);
            write(
                element,
                &Field { nullable_from: None, tag: None, ..*field },
                version,
                flexible,
                out,
            );
        }
        Kind::Struct(fields) => {
            if field.may_be_null(version) {
                out.push(1);
            }
            write_fields(fields, version, flexible, out);
        }
    }
}

/// Every record of every type and version, as bytes of key and value.
fn each(mut look: impl FnMut(Topic, &RecordType, i16, Option<Vec<u8>>, Vec<u8>)) {
    for topic in TOPICS {
        for record_type in topic.record_types() {
            for version in record_type.value.versions.clone() {
                let body = full(&record_type.value, version);
                let (key, head) = match &record_type.key {
                    Some(key) => {
                        let key = [record_type.id.to_be_bytes().to_vec(), full(key, 0)].concat();
                        (Some(key), version.to_be_bytes().to_vec())
                    }
                    None => (None, vec![1, record_type.id as u8, version as u8]),
                };
                look(topic, record_type, version, key, [head, body].concat());
            }
        }
    }
}

#[test]
fn every_type_and_version_is_read_whole_and_shows_every_field() {
    each(|topic, record_type, version, key, value| {
        let decoded = decode(topic, key.as_deref(), Some(&value));
        let decoded = decoded.unwrap_or_else(|e| panic!("{} v{version}: {e}", record_type.name));
        let Some(Value::Object(shown)) = decoded.value else { panic!("no object") };
        let names: Vec<&str> = shown.iter().map(|(name, _)| *name).collect();
        let of_version = record_type.value.fields.iter().filter(|field| field.is_in(version));
        assert_eq!(names, of_version.map(|field| field.name).collect::<Vec<_>>());
        let text = Value::Object(shown).to_string();
        let parsed: serde_json::Value = serde_json::from_str(&text).expect("JSON");
        assert_eq!(parsed.as_object().map(|it| it.len()), Some(names.len()));
    });
}

#[test]
fn every_prefix_and_every_flipped_byte_is_an_answer() {
    each(|topic, _, _, key, value| {
        for end in 0..value.len() {
            let _ = decode(topic, key.as_deref(), Some(&value[..end]));
        }
        for part in [&value, key.as_ref().unwrap_or(&value)] {
            for at in 0..part.len() {
                for bits in [1, 0x7f, 0x80, 0xff] {
                    let mut bent = part.clone();
                    bent[at] ^= bits;
                    let _ = decode(topic, key.as_deref(), Some(&bent));
                    let _ = decode(topic, Some(&bent), Some(&value));
                }
            }
        }
    });
    for id in -1..9 {
        for length in 0..40 {
            let _ = control_record(id, &vec![0xff; length]);
            let _ = control_record(id, &vec![0; length]);
        }
    }
}

#[test]
fn a_length_beyond_the_bytes_is_refused_before_anything_is_allocated() {
    let key = [0, 1, 0x7f, 0xff, b'a'];
    let told = decode(Topic::ConsumerOffsets, Some(&key), None).unwrap_err().to_string();
    assert!(
        told.ends_with(
            "due to: Error reading byte array of 32767 byte(s): only 1 byte(s) available."
        )
    );
    let value = [1, 2, 0, 0xff, 0xff, 0xff, 0xff, 0x07];
    assert!(decode(Topic::ClusterMetadata, None, Some(&value)).is_err());
}

#[test]
fn unknown_types_and_versions_are_told_by_number() {
    let told =
        |topic, key: Option<&[u8]>, value: &[u8]| decode(topic, key, Some(value)).unwrap_err();
    assert_eq!(told(Topic::ConsumerOffsets, Some(&[0, 99]), &[]), Undecoded::UnknownType(99));
    assert_eq!(
        told(Topic::ConsumerOffsets, Some(&[0, 2, 0, 1, b'g']), &[0, 9]),
        Undecoded::UnknownVersion { type_id: 2, version: 9 }
    );
    assert_eq!(told(Topic::ClusterMetadata, None, &[1, 99, 0]), Undecoded::UnknownType(99));
    assert_eq!(told(Topic::ConsumerOffsets, None, &[]), Undecoded::NoKey);
}

#[test]
fn ids_names_and_tags_are_unique() {
    fn check(fields: &[Field]) {
        let names: BTreeSet<&str> = fields.iter().map(|field| field.name).collect();
        assert_eq!(names.len(), fields.len());
        let tags: Vec<u32> = fields.iter().filter_map(|field| field.tag).collect();
        assert_eq!(tags.iter().collect::<BTreeSet<_>>().len(), tags.len());
        for field in fields {
            if let Kind::Struct(inner) | Kind::Array(&Kind::Struct(inner)) = field.kind {
                check(inner);
            }
        }
    }
    for topic in TOPICS {
        let ids: Vec<i16> = topic.record_types().map(|it| it.id).collect();
        assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), ids.len());
        topic.record_types().for_each(|it| check(it.value.fields));
        assert_eq!(Topic::of(topic.name()), Some(topic));
    }
    check(quorum_state().fields);
}
