use super::*;

async fn write(target: &mut Target, bytes: &[u8]) {
    target.file.write_all(bytes).await.unwrap();
}

fn names(dir: &Path) -> Vec<String> {
    let mut names: Vec<_> = std::fs::read_dir(dir)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[tokio::test]
async fn a_file_appears_when_it_is_complete() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a");
    let mut target = Target::create(&path).await.unwrap();
    write(&mut target, b"new").await;
    assert!(!path.exists());
    target.commit().await.unwrap();
    assert_eq!(std::fs::read(&path).unwrap(), b"new");
    assert_eq!(names(dir.path()), ["a"]);
}

#[tokio::test]
async fn what_is_not_complete_leaves_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a");
    std::fs::write(&path, b"old").unwrap();
    let mut target = Target::create(&path).await.unwrap();
    write(&mut target, b"new").await;
    drop(target);
    assert_eq!(std::fs::read(&path).unwrap(), b"old");
    assert_eq!(names(dir.path()), ["a"]);
}

#[cfg(unix)]
#[tokio::test]
async fn links_and_modes_stay_what_they_are() {
    use std::os::unix::fs::{PermissionsExt as _, symlink};
    let dir = tempfile::tempdir().unwrap();
    let (real, link) = (dir.path().join("real"), dir.path().join("link"));
    std::fs::write(&real, b"old").unwrap();
    std::fs::set_permissions(&real, Permissions::from_mode(0o640)).unwrap();
    symlink("real", &link).unwrap();
    let mut target = Target::create(&link).await.unwrap();
    write(&mut target, b"new").await;
    target.commit().await.unwrap();
    assert!(link.is_symlink());
    assert_eq!(std::fs::read(&real).unwrap(), b"new");
    let mode = std::fs::metadata(&real).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o640);
}

#[cfg(unix)]
#[tokio::test]
async fn devices_are_written_as_they_are() {
    let mut target = Target::create(Path::new("/dev/null")).await.unwrap();
    write(&mut target, b"gone").await;
    target.commit().await.unwrap();
    assert!(!std::fs::metadata("/dev/null").unwrap().is_file());
}

#[tokio::test]
async fn a_directory_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let refused = Target::create(dir.path()).await.err().unwrap();
    assert_eq!(refused.kind(), io::ErrorKind::IsADirectory);
}

#[tokio::test]
async fn a_regular_file_is_moved_in_place() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a");
    std::fs::write(&path, b"old").unwrap();
    let file = Payload::of(File::open(&path).await.unwrap()).await.unwrap();
    assert!(matches!(file, Payload::InPlace(_)));
    let target = Target::create(&path).await.unwrap();
    assert!(matches!(target.file, Payload::InPlace(_)));
}

#[cfg(unix)]
#[tokio::test]
async fn what_may_have_to_wait_is_left_to_the_pool() {
    let file = File::open("/dev/null").await.unwrap();
    let file = Payload::of(file).await.unwrap();
    assert!(matches!(file, Payload::Pooled(_)));
    let target = Target::create(Path::new("/dev/null")).await.unwrap();
    assert!(matches!(target.file, Payload::Pooled(_)));
}
