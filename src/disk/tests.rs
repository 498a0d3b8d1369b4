//! What a disk promises, kind by kind and against each other.

use super::*;

/// Both kinds; the directory lives as long as its disk.
fn both() -> Vec<(Option<tempfile::TempDir>, Disk)> {
    let directory = tempfile::tempdir().unwrap();
    let real = Disk::real(directory.path()).unwrap();
    vec![(None, Disk::memory()), (Some(directory), real)]
}

#[test]
fn what_is_appended_is_read_on_both_kinds() {
    for (_keep, mut disk) in both() {
        let file = disk.create("broker-1/orders-0/0.log").unwrap();
        assert_eq!(disk.append(file, b"hello ").unwrap(), 0);
        assert_eq!(disk.append(file, b"world").unwrap(), 6);
        assert_eq!(disk.read(file, 4, 100).unwrap(), b"o world");
        assert_eq!(disk.with_bytes(file, 6, 5, <[u8]>::to_vec).unwrap(), b"world");
        assert_eq!(disk.read(file, 11, 1).unwrap(), b"");
        let error = disk.read(file, 12, 1).unwrap_err();
        assert!(matches!(error.what, DiskErrorKind::OutOfRange { size: 11, .. }), "{error}");
        assert_eq!((disk.size(file), disk.flushed(file)), (11, 0));
        disk.flush(file).unwrap();
        assert_eq!(disk.flushed(file), 11);
        assert_eq!(disk.open("broker-1/orders-0/0.log").unwrap(), file);
        disk.close(file);
        assert_eq!(disk.append(file, b"!").unwrap(), 11);
    }
}

#[test]
fn a_mapped_file_is_sparse_and_is_written_in_place() {
    for (_keep, mut disk) in both() {
        let file = disk.create_mapped("a/0.index", 10 << 20).unwrap();
        disk.write_at(file, 0, &[1; 8]).unwrap();
        disk.write_at(file, 4090, &[2; 16]).unwrap();
        assert_eq!(disk.read(file, 4088, 4).unwrap(), [0, 0, 2, 2]);
        assert_eq!(disk.with_bytes(file, 0, 9, |b| b[7] + b[8]).unwrap(), 1);
        assert!(disk.write_at(file, (10 << 20) - 1, &[0; 2]).is_err());
        assert!(disk.append(file, b"x").is_err());
        disk.resize(file, 4106).unwrap();
        assert_eq!(disk.size(file), 4106);
        disk.resize(file, 10 << 20).unwrap();
        assert_eq!(disk.read(file, 4104, 4).unwrap(), [2, 2, 0, 0]);
        disk.write_at(file, 4106, &[3; 8]).unwrap();
        assert_eq!(disk.read(file, 4105, 2).unwrap(), [2, 3]);
        if let Some(root) = disk.root() {
            let file = root.join("a/0.index");
            let bytes = fs::read(&file).unwrap();
            assert_eq!((bytes.len(), bytes[4089], bytes[4110], bytes[4114]), (10 << 20, 0, 3, 0));
            let blocks = std::os::unix::fs::MetadataExt::blocks(&fs::metadata(&file).unwrap());
            assert!(blocks * 512 < 1 << 20, "{blocks} blocks are not sparse");
        }
    }
}

#[test]
fn a_replaced_file_is_whole_and_leaves_nothing_beside() {
    for (_keep, mut disk) in both() {
        disk.replace("broker-1/meta.properties", b"version=1\n").unwrap();
        let mark = disk.mark();
        disk.replace("broker-1/meta.properties", b"v=2\n").unwrap();
        assert_eq!(disk.read_small("broker-1/meta.properties").unwrap(), b"v=2\n");
        assert_eq!(disk.list("broker-1").unwrap().len(), 1);
        disk.undo_to(mark).unwrap();
        assert_eq!(disk.read_small("broker-1/meta.properties").unwrap(), b"version=1\n");
        if let Some(root) = disk.root() {
            assert_eq!(fs::read_dir(root.join("broker-1")).unwrap().count(), 1);
        }
    }
}

#[test]
fn renaming_a_directory_takes_its_slots_along() {
    for (_keep, mut disk) in both() {
        let file = disk.create("orders-0/0.log").unwrap();
        disk.create("orders-01/0.log").unwrap();
        let mark = disk.mark();
        disk.rename("orders-0", "orders-0.1f2e-delete").unwrap();
        assert_eq!(disk.path(file), "orders-0.1f2e-delete/0.log");
        disk.append(file, b"late").unwrap();
        assert!(disk.exists("orders-01/0.log") && !disk.exists("orders-0"));
        disk.remove_directory("orders-0.1f2e-delete").unwrap();
        let error = disk.append(file, b"later").unwrap_err();
        assert_eq!(error.what, DiskErrorKind::NotFound);
        assert_eq!((disk.size(file), disk.path(file)), (0, "(a file that was removed)"));
        disk.undo_to(mark).unwrap();
        assert_eq!((disk.path(file), disk.size(file)), ("orders-0/0.log", 0));
        assert!(disk.rename("orders-0", "orders-0/inside").is_err());
        assert!(disk.rename("orders-0", "orders-01").is_err());
    }
}

#[test]
fn power_off_keeps_what_was_flushed_and_what_chance_allows() {
    for (_keep, mut disk) in both() {
        let log = disk.create("broker-1/0.log").unwrap();
        let other = disk.create("broker-10/0.log").unwrap();
        let index = disk.create_mapped("broker-1/0.index", 1000).unwrap();
        for file in [log, other] {
            disk.append(file, b"safe").unwrap();
            disk.flush(file).unwrap();
            disk.append(file, b" at risk").unwrap();
        }
        disk.write_at(index, 0, &[7; 24]).unwrap();
        disk.flush(index).unwrap();
        disk.write_at(index, 24, &[8; 8]).unwrap();
        let (mark, before) = (disk.mark(), disk.digest().unwrap());
        let mut asked = Vec::new();
        disk.power_off("broker-1", |path, unflushed| {
            asked.push((path.to_string(), unflushed));
            3
        })
        .unwrap();
        let expected = [("broker-1/0.index".to_string(), 8), ("broker-1/0.log".to_string(), 8)];
        assert_eq!(asked, expected);
        assert_eq!(disk.read(log, 0, 99).unwrap(), b"safe at");
        assert_eq!(disk.read(other, 0, 99).unwrap(), b"safe at risk");
        assert_eq!(disk.read(index, 22, 8).unwrap(), [7, 7, 8, 8, 8, 0, 0, 0]);
        assert_eq!((disk.size(index), disk.flushed(index), disk.flushed(log)), (1000, 1000, 7));
        disk.undo_to(mark).unwrap();
        assert_eq!((disk.digest().unwrap(), disk.flushed(log)), (before, 4));
    }
}

#[test]
fn faults_refuse_changes_under_their_prefix_and_are_undone_too() {
    for (_keep, mut disk) in both() {
        let sick = disk.create("broker-1/0.log").unwrap();
        let well = disk.create("broker-10/0.log").unwrap();
        let mark = disk.mark();
        disk.set_fault("broker-1", Some(Fault::Full));
        let error = disk.append(sick, b"x").unwrap_err();
        assert_eq!(error.what, DiskErrorKind::Broken(Fault::Full));
        let said = "cannot append to broker-1/0.log: No space left on device";
        assert_eq!(error.to_string(), said);
        let error = disk.replace("broker-1/checkpoint", b"0").unwrap_err();
        assert_eq!(error.what, DiskErrorKind::Broken(Fault::Full));
        disk.append(well, b"x").unwrap();
        disk.rename("broker-1/0.log", "broker-1/0.log.deleted").unwrap();
        disk.set_fault("broker-1", Some(Fault::ReadOnly));
        let read_only = DiskErrorKind::Broken(Fault::ReadOnly);
        assert_eq!(disk.flush(sick).unwrap_err().what, read_only);
        assert_eq!(disk.create("broker-1/1").unwrap_err().what, read_only);
        assert_eq!(disk.remove("broker-1/0.log.deleted").unwrap_err().what, read_only);
        assert_eq!(disk.read(sick, 0, 1).unwrap(), b"");
        disk.undo_to(mark).unwrap();
        disk.append(sick, b"x").unwrap();
    }
}

#[test]
fn a_flipped_bit_is_flipped_on_the_platter() {
    for (_keep, mut disk) in both() {
        let file = disk.create("0.log").unwrap();
        disk.append(file, b"abc").unwrap();
        disk.flush(file).unwrap();
        disk.flip_bit("0.log", 1, 0).unwrap();
        assert_eq!((disk.read(file, 0, 3).unwrap(), disk.flushed(file)), (b"acc".to_vec(), 3));
        assert!(disk.flip_bit("0.log", 3, 0).is_err() && disk.flip_bit("0.log", 0, 8).is_err());
    }
}

#[test]
fn a_fork_lives_on_its_own() {
    for (_keep, mut disk) in both() {
        let file = disk.create("0.log").unwrap();
        let index = disk.create_mapped("0.index", 4096).unwrap();
        disk.append(file, b"common").unwrap();
        disk.write_at(index, 8, b"entry").unwrap();
        let mut fork = disk.fork().unwrap();
        assert!(fork.is_memory());
        assert_eq!(fork.digest().unwrap(), disk.digest().unwrap());
        fork.append(file, b" fork").unwrap();
        disk.append(file, b" trunk").unwrap();
        assert_eq!(fork.read(file, 0, 99).unwrap(), b"common fork");
        assert_eq!(disk.read(file, 0, 99).unwrap(), b"common trunk");
        assert_eq!(fork.create("1.log").unwrap(), disk.create("1.log").unwrap());
    }
}

#[test]
fn a_root_must_be_new_or_empty_and_is_left_clean() {
    let directory = tempfile::tempdir().unwrap();
    let root = directory.path().join("new/er");
    let scratch;
    {
        let mut disk = Disk::real(&root).unwrap();
        disk.replace("kept", b"1").unwrap();
        disk.create("gone").unwrap();
        disk.remove("gone").unwrap();
        scratch = disk.tape.scratch.directory().unwrap().to_path_buf();
        assert!(!scratch.starts_with(disk.root().unwrap()));
        assert_eq!(fs::read_dir(&scratch).unwrap().count(), 1);
        disk.forget_before(disk.mark());
        assert_eq!((fs::read_dir(&scratch).unwrap().count(), disk.undo_bytes()), (0, 0));
    }
    assert!(!scratch.exists());
    assert_eq!(fs::read(root.join("kept")).unwrap(), b"1");
    let error = Disk::real(&root).unwrap_err().to_string();
    assert!(error.contains("not empty") && error.contains("new or empty directory"), "{error}");
}

#[test]
fn a_foreign_directory_is_read_and_never_changed() {
    let directory = tempfile::tempdir().unwrap();
    fs::create_dir(directory.path().join("orders-0")).unwrap();
    fs::write(directory.path().join("orders-0/0.log"), b"theirs").unwrap();
    let mut disk = Disk::read_only(directory.path()).unwrap();
    assert_eq!(disk.list("").unwrap()[0].name, "orders-0");
    let file = disk.open("orders-0/0.log").unwrap();
    assert_eq!(disk.with_bytes(file, 2, 9, <[u8]>::to_vec).unwrap(), b"eirs");
    assert_eq!(disk.read_small("orders-0/0.log").unwrap(), b"theirs");
    assert!(disk.exists("orders-0") && !disk.exists("../orders-0"));
    assert!(disk.open("orders-0/../../etc/passwd").is_err());
    let refused = [
        disk.append(file, b"x").map(|_| ()),
        disk.truncate(file, 0),
        disk.flush(file),
        disk.replace("orders-0/x", b""),
        disk.rename("orders-0", "x"),
        disk.remove("orders-0/0.log"),
        disk.remove_directory("orders-0"),
        disk.create_directory("x"),
        disk.create("x").map(|_| ()),
        disk.flip_bit("orders-0/0.log", 0, 0),
        disk.power_off("", |_, _| 0),
    ];
    for answer in refused {
        assert_eq!(answer.unwrap_err().what, DiskErrorKind::ReadOnly);
    }
    let mut fork = disk.fork().unwrap();
    assert_eq!(fork.digest().unwrap(), disk.digest().unwrap());
    fork.append(file, b"+").unwrap();
    fs::write(directory.path().join("orders-0/0.log"), b"theirs, grown").unwrap();
    assert_eq!(disk.open("orders-0/0.log").unwrap(), file);
    assert_eq!(disk.size(file), 13);
}

#[test]
fn handles_and_maps_stay_under_their_limits() {
    let directory = tempfile::tempdir().unwrap();
    let mut disk = Disk::real(directory.path()).unwrap();
    disk.real.as_ref().unwrap().set_limits(3, 2);
    let files: Vec<_> =
        (0..8).map(|n| disk.create_mapped(&format!("{n}.index"), 8192).unwrap()).collect();
    for round in 0..3u8 {
        for (number, file) in files.iter().enumerate() {
            disk.write_at(*file, u64::from(round), &[number as u8]).unwrap();
        }
    }
    let inner = |other| disk.with_bytes(files[other], 0, 3, |bytes| bytes[2]).unwrap();
    let outer = disk.with_bytes(files[7], 0, 3, |bytes| {
        assert_eq!((0..7).map(inner).collect::<Vec<_>>(), [0, 1, 2, 3, 4, 5, 6]);
        bytes[2] // its own map was closed for others long ago, and is still good here
    });
    assert_eq!(outer.unwrap(), 7);
    assert_eq!(disk.real.as_ref().unwrap().open_and_mapped(), (3, 2));
}

#[test]
fn a_file_that_others_removed_or_cut_is_an_error_not_a_crash() {
    let directory = tempfile::tempdir().unwrap();
    let mut disk = Disk::real(directory.path()).unwrap();
    let index = disk.create_mapped("0.index", 8192).unwrap();
    disk.write_at(index, 0, b"12345678").unwrap();
    let outside = fs::OpenOptions::new().write(true).open(directory.path().join("0.index"));
    outside.unwrap().set_len(100).unwrap();
    let error = disk.with_bytes(index, 0, 8, <[u8]>::len).unwrap_err().to_string();
    assert!(error.contains("another program cut it from 8192 to 100 bytes"), "{error}");
    assert!(disk.write_at(index, 0, b"x").is_err());
    let log = disk.create("0.log").unwrap();
    disk.append(log, b"abc").unwrap();
    disk.close(log);
    fs::remove_file(directory.path().join("0.log")).unwrap();
    assert_eq!(disk.read(log, 0, 3).unwrap_err().what, DiskErrorKind::NotFound);
}

#[test]
fn large_undo_material_spills_and_still_comes_back() {
    for (_keep, mut disk) in both() {
        disk.tape.set_limits(1 << 18, 1 << 19);
        let file = disk.create("0.log").unwrap();
        let bytes: Vec<u8> = (0..3_000_000u32).map(|at| (at >> 5) as u8).collect();
        disk.append(file, &bytes).unwrap();
        disk.flush(file).unwrap();
        let (mark, before) = (disk.mark(), disk.digest().unwrap());
        disk.truncate(file, 5).unwrap();
        disk.append(file, b"other").unwrap();
        assert!(disk.tape.spilled() > 5 && disk.undo_bytes() > 2_900_000);
        disk.undo_to(mark).unwrap();
        assert_eq!((disk.digest().unwrap(), disk.flushed(file)), (before, 3_000_000));
        assert!(disk.tape.spilled() <= 1); // what happened before the mark may still lie there
    }
}

#[test]
fn without_recording_nothing_is_held_and_going_back_is_refused() {
    for (_keep, mut disk) in both() {
        let mark = disk.mark();
        disk.set_reversible(false);
        let file = disk.create("a/0.log").unwrap();
        disk.append(file, b"x").unwrap();
        let off = disk.mark();
        disk.replace("a/x", b"1").unwrap();
        disk.remove("a/x").unwrap();
        disk.rename("a", "b").unwrap();
        disk.remove_directory("b").unwrap();
        assert_eq!(disk.undo_bytes(), 0);
        assert!(disk.undo_to(off).unwrap_err().to_string().contains("records no history"));
        disk.set_reversible(true);
        for old in [mark, off] {
            assert!(disk.undo_to(old).unwrap_err().to_string().contains("forgotten"));
        }
        let now = disk.mark();
        assert_eq!(disk.create("c").unwrap(), FileId(2));
        disk.undo_to(now).unwrap();
        assert_eq!(disk.create("c").unwrap(), FileId(2));
    }
}

#[test]
fn hostile_paths_and_sizes_are_refused() {
    let long = "x".repeat(300);
    for (_keep, mut disk) in both() {
        for path in ["", "/", "/a", "a/", "a//b", "../a", "a/..", ".", "a\0", "a\\b", &long] {
            let error = disk.create(path).unwrap_err();
            assert!(matches!(error.what, DiskErrorKind::Refused(_)), "{path:?}: {error}");
            assert!(disk.replace(path, b"").is_err() && disk.open(path).is_err(), "{path:?}");
            assert!(disk.remove(path).is_err() && disk.rename(path, path).is_err(), "{path:?}");
        }
        assert!(disk.create_mapped("a", u64::MAX).is_err());
        let file = disk.create_mapped("a", 16).unwrap();
        assert!(disk.resize(file, u64::MAX).is_err());
        assert!(disk.write_at(file, u64::MAX, b"x").is_err());
        assert!(disk.read(file, u64::MAX, usize::MAX).is_err());
        assert_eq!(disk.read(file, 1, usize::MAX).unwrap().len(), 15);
        assert!(disk.create("a/b").unwrap_err().to_string().contains("a is a file"));
        assert!(disk.append(FileId(u32::MAX), b"").is_err());
        assert_eq!(disk.list("").unwrap().len(), 1);
    }
}

#[test]
fn what_the_system_says_is_sorted_into_kinds() {
    let kind = |code| DiskError::io("x", "y", &std::io::Error::from_raw_os_error(code)).what;
    assert_eq!(kind(28), DiskErrorKind::Full); // ENOSPC
    assert_eq!(kind(30), DiskErrorKind::ReadOnly); // EROFS
    assert_eq!(kind(13), DiskErrorKind::ReadOnly); // EACCES
    assert_eq!(kind(2), DiskErrorKind::NotFound); // ENOENT
    assert!(matches!(kind(5), DiskErrorKind::Io(_))); // EIO
}
