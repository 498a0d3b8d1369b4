//! Upkeep of logs on request, and harm to files and disks.

use crate::script::form::Kind::*;
use crate::script::form::{Form, Slot, may, must};

const T_P: &[Slot] = &[must("partition", Partition)];
const ON_BROKER: &[Slot] = &[may("broker", Node)];
const ON_NODE: &[Slot] = &[must("node", Node)];

/// The rows.
pub const FORMS: &[Form] = &[
    Form::new(
        "retention run",
        &[],
        &[],
        "Runs the retention check now.",
        "立即执行保留检查。",
        "retention run",
    ),
    Form::new(
        "compact",
        T_P,
        &[may("steps", Bool)],
        "Runs the log cleaner on a partition now; steps=true tells its steps.",
        "立即对分区执行日志压实；steps=true 逐步讲述。",
        "compact users-0 steps=true",
    ),
    Form::new(
        "log flush",
        T_P,
        &[],
        "Flushes a partition's log on all its brokers.",
        "在所有副本上刷盘。",
        "log flush orders-0",
    ),
    Form::new(
        "roll",
        T_P,
        ON_BROKER,
        "Closes the active segment and begins a new one.",
        "关闭活动段，开始新段。",
        "roll orders-0",
    ),
    Form::new(
        "disk flip-bit",
        &[must("file", File), must("position", Count)],
        &[],
        "Flips the lowest bit of a byte of a file.",
        "翻转文件中某字节的最低位。",
        "disk flip-bit broker-1/orders-0/00000000000000000000.log 70",
    ),
    Form::new(
        "disk tear",
        &[must("file", File)],
        &[may("bytes", Count)],
        "Tears the last write of a file: half of its last batch is missing, or so many bytes.",
        "撕裂文件的最后一次写入：缺少最后一个批次的一半，或指定的字节数。",
        "disk tear broker-1/orders-0/00000000000000000000.log bytes=13",
    ),
    Form::new(
        "disk delete",
        &[must("file", File)],
        &[],
        "Lets a file vanish.",
        "让一个文件消失。",
        "disk delete broker-1/orders-0/00000000000000000000.index",
    ),
    Form::new(
        "disk full",
        ON_NODE,
        &[],
        "No space is left on a broker's disk: its next write fails, and with its only log directory it exits.",
        "broker 的磁盘写满：下一次写入失败，唯一的日志目录失效，进程退出。",
        "disk full 1",
    ),
    Form::new(
        "disk read-only",
        ON_NODE,
        &[],
        "A broker's disk can only be read any more: its next write fails, and the broker exits.",
        "broker 的磁盘变为只读：下一次写入失败，进程退出。",
        "disk read-only 1",
    ),
    Form::new(
        "disk heal",
        ON_NODE,
        &[],
        "A disk that was full or read-only can be written again.",
        "写满或只读的磁盘恢复可写。",
        "disk heal 1",
    ),
];
