//! The promise of the disk, tried with chance: any sequence of operations, undone to any mark, is byte for byte what
//! was, on both kinds; both kinds agree after every operation; done again, everything gets the same slots.

use super::*;
use proptest::prelude::*;
use std::collections::BTreeMap;

#[derive(Clone, Debug)]
enum Act {
    Create(u8),
    CreateMapped(u8, u32),
    Append(u8, u32, u8),
    WriteAt(u8, u32, u16, u8),
    Truncate(u8, u32),
    Resize(u8, u32),
    Flush(u8),
    Close(u8),
    Replace(u8, u16),
    Rename(u8, u8),
    Remove(u8),
    CreateDirectory(u8),
    RemoveDirectory(u8),
    PowerOff(u8, u16),
    SetFault(u8, Option<Fault>),
    FlipBit(u8, u32, u8),
}

const PATHS: [&str; 12] = [
    "a",
    "a/x.log",
    "a/y",
    "a/y/z.index",
    "a-b",
    "a.b/x.log",
    "b/1",
    "b/2",
    "b",
    "c",
    "c/d/e",
    "f.tmp",
];

fn path(number: u8) -> &'static str {
    PATHS[number as usize % PATHS.len()]
}

fn act() -> impl Strategy<Value = Act> {
    let (any8, place) = (any::<u8>, || prop_oneof![0..64u32, 4000..9000u32, 65_000..66_000u32]);
    let fault = prop_oneof![3 => Just(None), 1 => Just(Some(Fault::Full)), 1 => Just(Some(Fault::ReadOnly))];
    prop_oneof![
        4 => any8().prop_map(Act::Create),
        3 => (any8(), place()).prop_map(|(p, size)| Act::CreateMapped(p, size)),
        8 => (any8(), place(), any8()).prop_map(|(f, n, b)| Act::Append(f, n, b)),
        8 => (any8(), place(), 0..300u16, any8()).prop_map(|(f, at, n, b)| Act::WriteAt(f, at, n, b)),
        3 => (any8(), place()).prop_map(|(f, size)| Act::Truncate(f, size)),
        3 => (any8(), place()).prop_map(|(f, size)| Act::Resize(f, size)),
        3 => any8().prop_map(Act::Flush),
        1 => any8().prop_map(Act::Close),
        3 => (any8(), 0..500u16).prop_map(|(p, n)| Act::Replace(p, n)),
        3 => (any8(), any8()).prop_map(|(from, to)| Act::Rename(from, to)),
        2 => any8().prop_map(Act::Remove),
        1 => any8().prop_map(Act::CreateDirectory),
        1 => any8().prop_map(Act::RemoveDirectory),
        1 => (any8(), any::<u16>()).prop_map(|(p, kept)| Act::PowerOff(p, kept)),
        1 => (any8(), fault).prop_map(|(p, fault)| Act::SetFault(p, fault)),
        1 => (any8(), place(), 0..9u8).prop_map(|(p, at, bit)| Act::FlipBit(p, at, bit)),
    ]
}

/// Does it, and answers in words.
fn perform(disk: &mut Disk, act: &Act) -> String {
    let file = |disk: &Disk, number: u8| FileId(u32::from(number) % (disk.slots.len() as u32 + 1));
    let pattern = |length: u32, byte: u8| -> Vec<u8> {
        (0..length).map(|at| (at as u8).wrapping_mul(3) ^ byte).collect()
    };
    match act.clone() {
        Act::Create(p) => format!("{:?}", disk.create(path(p))),
        Act::CreateMapped(p, size) => {
            format!("{:?}", disk.create_mapped(path(p), u64::from(size)))
        }
        Act::Append(f, n, b) => format!("{:?}", disk.append(file(disk, f), &pattern(n, b))),
        Act::WriteAt(f, at, n, b) => {
            let bytes = pattern(u32::from(n), b);
            format!("{:?}", disk.write_at(file(disk, f), u64::from(at), &bytes))
        }
        Act::Truncate(f, size) => format!("{:?}", disk.truncate(file(disk, f), u64::from(size))),
        Act::Resize(f, size) => format!("{:?}", disk.resize(file(disk, f), u64::from(size))),
        Act::Flush(f) => format!("{:?}", disk.flush(file(disk, f))),
        Act::Close(f) => {
            disk.close(file(disk, f));
            String::new()
        }
        Act::Replace(p, n) => {
            format!("{:?}", disk.replace(path(p), &pattern(u32::from(n), p)))
        }
        Act::Rename(from, to) => format!("{:?}", disk.rename(path(from), path(to))),
        Act::Remove(p) => format!("{:?}", disk.remove(path(p))),
        Act::CreateDirectory(p) => format!("{:?}", disk.create_directory(path(p))),
        Act::RemoveDirectory(p) => format!("{:?}", disk.remove_directory(path(p))),
        Act::PowerOff(p, kept) => {
            let mut asked = Vec::new();
            let done = disk.power_off(path(p), |path, unflushed| {
                asked.push((path.to_string(), unflushed));
                u64::from(kept)
            });
            format!("{done:?} {asked:?}")
        }
        Act::SetFault(p, fault) => {
            disk.set_fault(path(p), fault);
            String::new()
        }
        Act::FlipBit(p, at, bit) => format!("{:?}", disk.flip_bit(path(p), u64::from(at), bit)),
    }
}

/// All that can be seen of a disk.
#[derive(Debug, PartialEq)]
struct Picture {
    listed: BTreeMap<String, Vec<Entry>>,
    slots: Vec<Option<(String, u64, u64)>>,
    digest: BTreeMap<String, u32>,
    bytes: BTreeMap<String, u32>, // read through the slots, not through the digest
    faults: BTreeMap<String, Fault>,
}

fn picture(disk: &Disk) -> Picture {
    let (mut listed, mut bytes) = (BTreeMap::new(), BTreeMap::new());
    let mut open = vec![String::new()];
    while let Some(directory) = open.pop() {
        let entries = disk.list(&directory).unwrap();
        let join = |name: &str| format!("{directory}/{name}").trim_start_matches('/').to_string();
        open.extend(entries.iter().filter(|e| e.is_directory).map(|e| join(&e.name)));
        listed.insert(directory, entries);
    }
    let slots = (0..disk.slots.len() as u32).map(FileId).map(|file| {
        disk.node("see", file).ok()?;
        let (path, size) = (disk.path(file).to_string(), disk.size(file));
        let crc = disk.with_bytes(file, 0, usize::MAX, crc32fast::hash).unwrap();
        assert_eq!(disk.read(file, size / 2, 9).unwrap().len() as u64, (size - size / 2).min(9));
        bytes.insert(path.clone(), crc);
        Some((path, size, disk.flushed(file)))
    });
    let slots = slots.collect();
    let digest = disk.digest().unwrap();
    Picture { listed, slots, digest, bytes, faults: disk.faults.clone() }
}

/// The directory as any other program sees it.
fn seen_from_outside(disk: &Disk) -> BTreeMap<String, u32> {
    let root = disk.root().unwrap();
    let mut seen = BTreeMap::new();
    let mut open = vec![root.to_path_buf()];
    while let Some(directory) = open.pop() {
        for entry in fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            let name = path.strip_prefix(root).unwrap().to_str().unwrap().to_string();
            if path.is_dir() {
                open.push(path);
            } else {
                seen.insert(name, crc32fast::hash(&fs::read(path).unwrap()));
            }
        }
    }
    seen
}

fn small_limits(disk: &mut Disk) {
    disk.tape.set_limits(200, 2000);
    if let Some(real) = &disk.real {
        real.set_limits(2, 2);
    }
}

fn check(disk: &Disk, expected: &Picture) {
    let now = picture(disk);
    assert_eq!(&now, expected);
    assert_eq!(now.digest, now.bytes);
    if disk.root().is_some() {
        assert_eq!(seen_from_outside(disk), now.bytes);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_sequence_undone_is_byte_for_byte_what_was(
        acts in prop::collection::vec(act(), 1..40),
        back in any::<prop::sample::Index>(),
        again in any::<prop::sample::Index>(),
    ) {
        let directory = tempfile::tempdir().unwrap();
        let mut disks = [Disk::memory(), Disk::real(directory.path()).unwrap()];
        disks.iter_mut().for_each(small_limits);
        let mut moments = vec![(picture(&disks[0]), disks[0].mark())];
        let mut answers = Vec::new();
        for act in &acts {
            let said = disks.each_mut().map(|disk| perform(disk, act));
            prop_assert_eq!(&said[0], &said[1], "{:?}", act);
            let now = picture(&disks[0]);
            check(&disks[1], &now);
            prop_assert_eq!(disks[0].mark(), disks[1].mark());
            moments.push((now, disks[0].mark()));
            answers.push(said[0].clone());
        }
        let fork = disks[1].fork().unwrap();
        for to in [back.index(moments.len()), again.index(moments.len()), 0] {
            let (then, mark) = &moments[to];
            for disk in &mut disks {
                disk.undo_to(*mark).unwrap();
                check(disk, then);
            }
            for (act, said) in acts[to..].iter().zip(&answers[to..]) {
                for disk in &mut disks {
                    prop_assert_eq!(&perform(disk, act), said);
                }
            }
            for disk in &disks {
                check(disk, &moments[acts.len()].0);
            }
        }
        check(&fork, &moments[acts.len()].0);
    }
}
