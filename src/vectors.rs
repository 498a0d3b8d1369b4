//! Test vectors made by Kafka's own classes, for tests of all layers: `crate::vectors::load("varint")`.
//!
//! They lie gzipped under `data/vectors`; `KLAB_VECTORS` names another directory with plain `.json` files of the same
//! shape. Only tests see this module.

use serde_json::Value;
use std::io::Read;
use std::path::Path;

/// The vectors of this name, parsed.
pub(crate) fn load(name: &str) -> Value {
    let text = match std::env::var_os("KLAB_VECTORS") {
        Some(directory) => {
            let path = Path::new(&directory).join(format!("{name}.json"));
            std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
        }
        None => {
            let path =
                Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("data/vectors/{name}.json.gz"));
            let packed = std::fs::read(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
            let mut text = Vec::new();
            flate2::read::GzDecoder::new(&packed[..]).read_to_end(&mut text).expect("gzip");
            text
        }
    };
    serde_json::from_slice(&text).unwrap_or_else(|error| panic!("vectors {name}: {error}"))
}

/// A byte string of a vector.
pub(crate) fn hex(value: &Value) -> Vec<u8> {
    let text = value.as_str().expect("hex text");
    (0..text.len())
        .step_by(2)
        .map(|i| u8::from_str_radix(&text[i..i + 2], 16).expect("hex"))
        .collect()
}

/// A byte string that may be null.
pub(crate) fn hex_or_null(value: &Value) -> Option<Vec<u8>> {
    value.is_string().then(|| hex(value))
}
