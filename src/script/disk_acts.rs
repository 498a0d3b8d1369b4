//! `disk …`: damage to one file, and a disk that is broken as a whole.
//!
//! ```text
//!   disk flip-bit FILE POS    a bit changes by itself       nobody is told: somebody may notice at the next read
//!   disk tear FILE            the last write is torn        found when the broker starts again
//!   disk delete FILE          a file vanishes
//!   disk full N               no space is left              found at the next write: the broker exits
//!   disk read-only N          nothing can be changed        found at the next write: the broker exits
//!   disk heal N               a broken disk is whole        what runs goes on, what exited can be started
//! ```

use super::acts::{Acts, one};
use super::broker_acts::node_of;
use super::command::DiskAct;
use crate::cluster::{Act, Lab};
use crate::disk::Fault;

pub(super) fn disk_acts(act: &DiskAct, lab: Option<&Lab>) -> Result<Acts, String> {
    match act {
        DiskAct::FlipBit { file, position } => on_file(lab, file, |file| {
            let words = format!("flipped a bit of byte {position} of {file}");
            (Act::FlipBit { file, position: *position }, words)
        }),
        DiskAct::Tear { file, bytes } => on_file(lab, file, |file| {
            let words = format!("tore the last write of {file}");
            (Act::Tear { file, bytes: *bytes }, words)
        }),
        DiskAct::Delete(file) => on_file(lab, file, |file| {
            let words = format!("{file} is gone");
            (Act::DeleteFile(file), words)
        }),
        DiskAct::Break(node, fault) => {
            let node = node_of(node, lab)?;
            let owner = match node.is_controller() {
                true => format!("controller {node}"),
                false => format!("broker {node}"),
            };
            let words = match fault {
                Some(Fault::Full) => format!("the disk of {owner} is full"),
                Some(Fault::ReadOnly) => format!("the disk of {owner} can only be read"),
                None => format!("the disk of {owner} is whole again"),
            };
            one(Act::BreakDisk(node, *fault), words)
        }
    }
}

/// An act on a file that must be there.
fn on_file(
    lab: Option<&Lab>,
    file: &str,
    act: impl FnOnce(String) -> (Act, String),
) -> Result<Acts, String> {
    if let Some(lab) = lab {
        super::files::find(lab, file)?;
    }
    let (act, words) = act(file.to_owned());
    one(act, words)
}
