//! `quorum-state`: what a voter must not forget, in Kafka's own JSON (`FileQuorumStateStore`, `QuorumStateData`,
//! version 0).
//!
//! ```text
//!   {"clusterId":"","leaderId":3002,"leaderEpoch":2,"votedId":-1,"appliedOffset":0,
//!    "currentVoters":[{"voterId":3001},{"voterId":3002},{"voterId":3003}],"data_version":0}
//! ```
//!
//! Always: it is on the platter before the answer or the vote that it stands for leaves.

use crate::coordination::kraft::metadata_log::log_directory;
use crate::disk::Disk;
use crate::storage::{StorageError, StorageErrorKind};
use crate::types::NodeId;

/// What the file says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct QuorumState {
    pub leader: Option<NodeId>,
    pub epoch: i32,
    pub voted: Option<NodeId>,
    pub voters: Vec<NodeId>,
}

/// Writes the file of a node.
pub fn write_quorum_state(
    disk: &mut Disk,
    directory: &str,
    state: &QuorumState,
) -> Result<(), StorageError> {
    let or_none = |node: Option<NodeId>| node.map_or("-1".to_owned(), |node| node.to_string());
    let voters: Vec<String> =
        state.voters.iter().map(|voter| format!("{{\"voterId\":{voter}}}")).collect();
    let text = format!(
        "{{\"clusterId\":\"\",\"leaderId\":{},\"leaderEpoch\":{},\"votedId\":{},\"appliedOffset\":0,\
         \"currentVoters\":[{}],\"data_version\":0}}",
        or_none(state.leader),
        state.epoch,
        or_none(state.voted),
        voters.join(",")
    );
    disk.replace(&format!("{}/quorum-state", log_directory(directory)), text.as_bytes())?;
    Ok(())
}

/// Reads the file of a node; a missing one says nothing.
pub fn read_quorum_state(disk: &Disk, directory: &str) -> Result<QuorumState, StorageError> {
    let path = format!("{}/quorum-state", log_directory(directory));
    if !disk.exists(&path) {
        return Ok(QuorumState::default());
    }
    let bytes = disk.read_small(&path)?;
    let parsed = serde_json::from_slice::<serde_json::Value>(&bytes).ok().and_then(|state| {
        let node = |name: &str| {
            let id = state.get(name).and_then(serde_json::Value::as_i64)?;
            u32::try_from(id).ok().map(NodeId)
        };
        Some(QuorumState {
            leader: node("leaderId"),
            epoch: i32::try_from(state.get("leaderEpoch")?.as_i64()?).ok()?,
            voted: node("votedId"),
            voters: Vec::new(), // static voters: the settings name them
        })
    });
    parsed.ok_or_else(|| StorageError {
        kind: StorageErrorKind::Corrupt,
        path,
        start: 0,
        end: bytes.len() as u64,
        field: "leaderEpoch",
        what: "the file should be JSON with a whole number named leaderEpoch".to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_and_bears_kafkas_fields() {
        let mut disk = Disk::memory();
        let directory = "controller-3001";
        disk.create_directory(&log_directory(directory)).unwrap();
        assert_eq!(read_quorum_state(&disk, directory).unwrap(), QuorumState::default());
        let mut state = QuorumState {
            leader: None,
            epoch: 7,
            voted: Some(NodeId(3002)),
            voters: vec![NodeId(3001), NodeId(3002)],
        };
        write_quorum_state(&mut disk, directory, &state).unwrap();
        let path = format!("{}/quorum-state", log_directory(directory));
        assert_eq!(
            String::from_utf8(disk.read_small(&path).unwrap()).unwrap(),
            "{\"clusterId\":\"\",\"leaderId\":-1,\"leaderEpoch\":7,\"votedId\":3002,\"appliedOffset\":0,\
             \"currentVoters\":[{\"voterId\":3001},{\"voterId\":3002}],\"data_version\":0}"
        );
        state.voters.clear();
        assert_eq!(read_quorum_state(&disk, directory).unwrap(), state);
        disk.replace(&path, b"{}").unwrap();
        assert!(
            read_quorum_state(&disk, directory).unwrap_err().to_string().contains("leaderEpoch")
        );
    }
}
