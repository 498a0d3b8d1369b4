//! The lessons in the binary. A new lesson is one more line here.

macro_rules! lessons {
    ($($id:literal),* $(,)?) => {
        /// Id, English text, Chinese text.
        pub const LESSONS: &[(&str, &str, &str)] = &[$((
            $id,
            include_str!(concat!("../../lessons/", $id, ".md")),
            include_str!(concat!("../../lessons/", $id, ".zh.md")),
        )),*];
    };
}

lessons!(
    "a01-topic-on-disk",
    "a02-record-batch",
    "a03-segment-roll",
    "a04-sparse-index",
    "a05-offset-lookup",
    "a06-old-formats",
    "a07-time-index",
    "a08-retention",
    "a09-compaction",
    "a10-compression",
    "a11-page-cache-and-flush",
    "a12-crash-recovery",
    "b01-replica-assignment",
    "b02-fetch-and-high-watermark",
    "b03-acks",
    "b04-isr-shrink-expand",
    "b06-min-insync",
    "b07-leader-failover",
    "b08-epochs",
    "b09-all-replicas-down",
    "b10-isr-vs-majority",
    "b11-rolling-restart",
    "b12-expand-cluster",
    "c01-znodes",
    "c02-controller-election",
    "c04-zombie-controller",
    "c06-kraft-quorum",
    "c07-metadata-log",
    "c08-broker-fencing-and-quorum-loss",
    "e02-group-assignment",
    "h01-tour",
    "h02-add-partitions",
    "h03-metrics-and-views",
    "h04-real-log-dir",
    "h06-disk-and-zero-copy",
    "m01-directory-names",
    "m02-segment-file-names",
    "m04-leader-pushes",
    "m05-manual-isr",
    "m07-acks-0",
    "m09-kill-loses-cache",
    "m11-least-loaded-leader",
    "m14-num-partitions",
    "m15-crc-dropped",
    "m16-no-size-limit",
    "m17-new-broker-takes-load",
    "m20-compaction-or-compression",
);
