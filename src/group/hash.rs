//! Which partition of `__consumer_offsets` a group belongs to.
//!
//! Java's `String.hashCode` over UTF-16 units, made positive by `Utils.abs` (the smallest integer becomes 0), modulo
//! the number of partitions. The partitioner of the producer makes its hash positive by another rule:
//! it masks the sign.

/// Java's `String.hashCode`.
pub fn java_string_hash(text: &str) -> i32 {
    text.encode_utf16().fold(0i32, |hash, unit| hash.wrapping_mul(31).wrapping_add(i32::from(unit)))
}

/// The partition, of `partitions`, that keeps what belongs to `group` (`GroupCoordinatorService.partitionFor`).
pub fn coordinator_partition(group: &str, partitions: u32) -> u32 {
    java_string_hash(group).checked_abs().unwrap_or(0) as u32 % partitions.max(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vectors;

    #[test]
    fn hashes_as_kafka_computes_them() {
        let vectors = vectors::load("coordinator_partition");
        let counts = vectors["header"]["partition_counts"].as_array().unwrap();
        for case in vectors["cases"].as_array().unwrap() {
            let value = case["value"].as_str().unwrap();
            assert_eq!(i64::from(java_string_hash(value)), case["hash"].as_i64().unwrap());
            for (count, wanted) in counts.iter().zip(case["partitions"].as_array().unwrap()) {
                let partition = coordinator_partition(value, count.as_u64().unwrap() as u32);
                assert_eq!(u64::from(partition), wanted.as_u64().unwrap(), "{case}");
            }
        }
    }
}
