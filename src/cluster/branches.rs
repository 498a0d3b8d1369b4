//! Branches: other histories from the same past. Each is a list of acts; visiting one means going back to the last step
//! that both share and doing the other's acts from there.

use super::file_check::FilesSeen;
use super::lab::{Branch, Checkpoint, Lab, LabError};
use crate::disk::Disk;
use std::collections::{BTreeMap, VecDeque};

/// A branch, for lists and the timeline.
#[derive(Clone, Debug, PartialEq)]
pub struct BranchInfo {
    /// Its name.
    pub name: String,
    /// Where it left which branch.
    pub parent: Option<(String, u64)>,
    /// Its last step.
    pub head: u64,
    /// Whether it is the one on the screen.
    pub current: bool,
    /// The steps at which something was done, with the command.
    pub acts: Vec<(u64, String)>,
}

/// One difference between two branches.
#[derive(Clone, Debug, PartialEq)]
pub struct Difference {
    /// What differs: `leader(orders-0)`, a file's name, …
    pub what: String,
    /// Here.
    pub here: String,
    /// In the other branch.
    pub there: String,
}

/// Most branches.
const MOST_BRANCHES: usize = 100;

impl Lab {
    pub(super) fn free_name(&self, stem: &str) -> String {
        let taken = |name: &str| self.branches.iter().any(|branch| branch.name == name);
        if !taken(stem) {
            return stem.to_owned();
        }
        (2..).map(|n| format!("{stem}-{n}")).find(|name| !taken(name)).unwrap_or_default()
    }

    pub(super) fn begin_branch(&mut self, name: &str) -> Result<(), LabError> {
        if self.branches.len() >= MOST_BRANCHES {
            return Err(LabError::Name(format!(
                "{MOST_BRANCHES} branches are enough: 'reset' begins anew"
            )));
        }
        let step = self.cluster.step;
        let parent = self.branch_ref();
        let acts = parent.acts.range(..=step).map(|(&at, done)| (at, done.clone())).collect();
        let branch = Branch {
            name: name.to_owned(),
            parent: Some((parent.name.clone(), step)),
            acts,
            head: step,
        };
        self.branches.push(branch);
        self.current = self.branches.len() - 1;
        Ok(())
    }

    /// Begins a branch here and goes on with it.
    pub fn branch(&mut self, name: &str) -> Result<(), LabError> {
        if name.is_empty() || name.chars().any(char::is_whitespace) || name.chars().count() > 40 {
            return Err(LabError::Name(format!(
                "'{name}' is no branch name: take up to 40 characters without spaces"
            )));
        }
        if self.branches.iter().any(|branch| branch.name == name) {
            return Err(LabError::Name(format!(
                "branch '{name}' exists already: 'switch {name}' goes there"
            )));
        }
        self.begin_branch(name)
    }

    /// Goes to another branch, to its last step.
    pub fn switch(&mut self, name: &str) -> Result<(), LabError> {
        let index = self.find(name)?;
        if index == self.current {
            return Ok(());
        }
        let target = self.branches[index].head;
        let common = self.common_step(self.current, index);
        if self.cluster.step > common {
            self.rewind(common)?;
        }
        self.current = index;
        // From the checkpoint on, the other branch's acts are done.
        while self.cluster.step < target {
            if !self.step()? {
                break;
            }
        }
        Ok(())
    }

    fn find(&self, name: &str) -> Result<usize, LabError> {
        self.branches.iter().position(|branch| branch.name == name).ok_or_else(|| {
            let known: Vec<&str> = self.branches.iter().map(|b| b.name.as_str()).collect();
            LabError::Name(format!("there is no branch '{name}'; there are {}", known.join(", ")))
        })
    }

    /// The last step that two branches share.
    fn common_step(&self, a: usize, b: usize) -> u64 {
        let (a, b) = (&self.branches[a], &self.branches[b]);
        let mut common = a.head.min(b.head);
        let steps = a.acts.keys().chain(b.acts.keys());
        for &step in steps {
            if a.acts.get(&step) != b.acts.get(&step) {
                common = common.min(step - 1);
            }
        }
        common
    }

    /// All branches.
    pub fn branches(&self) -> Vec<BranchInfo> {
        let describe = |(index, branch): (usize, &Branch)| BranchInfo {
            name: branch.name.clone(),
            parent: branch.parent.clone(),
            head: branch.head,
            current: index == self.current,
            acts: branch
                .acts
                .iter()
                .map(|(&step, done)| (step, done.command.to_string()))
                .collect(),
        };
        self.branches.iter().enumerate().map(describe).collect()
    }

    /// Every branch without its acts: name, where it left which, its last step, whether it is on the screen.
    pub fn forks(&self) -> impl Iterator<Item = (&str, Option<(&str, u64)>, u64, bool)> {
        self.branches.iter().enumerate().map(|(index, branch)| {
            let parent = branch.parent.as_ref().map(|(name, step)| (name.as_str(), *step));
            (branch.name.as_str(), parent, branch.head, index == self.current)
        })
    }

    /// The acts of this branch in the past and up to the head, for the timeline.
    pub fn acts(&self) -> impl Iterator<Item = (u64, &str)> {
        self.branch_ref().acts.iter().map(|(&step, done)| (step, &*done.command))
    }

    /// A lab at the state of another branch, on the memory disk; this one stays as it is.
    pub fn other(&self, name: &str) -> Result<Lab, LabError> {
        let index = self.find(name)?;
        let common = self.common_step(self.current, index);
        let keep = self.checkpoints.partition_point(|c| c.step <= common).max(1);
        let checkpoint = &self.checkpoints[keep - 1];
        let mut disk = self.disk.fork()?;
        // The fork holds the present bytes; a fresh run gives those of the other branch.
        let mut lab = if checkpoint.step == self.cluster.step {
            disk.set_reversible(true);
            Lab {
                cluster: checkpoint.cluster.clone(),
                checkpoints: vec![Checkpoint {
                    step: checkpoint.step,
                    cluster: checkpoint.cluster.clone(),
                    mark: disk.mark(),
                }],
                disk,
                events: VecDeque::new(),
                scratch: Vec::new(),
                branches: self.branches.clone(),
                current: index,
                spec: self.spec.clone(),
                has_history: true,
                seen: FilesSeen::default(),
            }
        } else {
            let mut lab = Lab::new(self.spec.clone(), Disk::memory())?;
            lab.branches.clone_from(&self.branches);
            lab.current = index;
            lab
        };
        let target = self.branches[index].head;
        while lab.cluster.step < target {
            if !lab.step()? {
                break;
            }
        }
        Ok(lab)
    }

    /// What differs between this branch and another: leaders, in-sync replicas, epochs, marks, files.
    pub fn diff(&self, name: &str) -> Result<Vec<Difference>, LabError> {
        let other = self.other(name)?;
        let mut differences = Vec::new();
        let here = self.cluster.facts();
        let there = other.cluster.facts();
        let mut keys: Vec<&String> = here.keys().chain(there.keys()).collect();
        keys.sort();
        keys.dedup();
        let value = |facts: &BTreeMap<String, String>, key: &String| {
            facts.get(key).cloned().unwrap_or_else(|| "none".to_owned())
        };
        for key in keys {
            let (a, b) = (value(&here, key), value(&there, key));
            if a != b {
                differences.push(Difference { what: key.clone(), here: a, there: b });
            }
        }
        let (files_here, files_there) = (self.disk.digest()?, other.disk.digest()?);
        let mut names: Vec<&String> = files_here.keys().chain(files_there.keys()).collect();
        names.sort();
        names.dedup();
        for name in names {
            let (a, b) = (files_here.get(name), files_there.get(name));
            if a != b {
                let show = |crc: Option<&u32>| {
                    crc.map_or_else(|| "absent".to_owned(), |crc| format!("crc {crc:08x}"))
                };
                differences.push(Difference { what: name.clone(), here: show(a), there: show(b) });
            }
        }
        Ok(differences)
    }
}
