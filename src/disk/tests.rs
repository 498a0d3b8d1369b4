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
