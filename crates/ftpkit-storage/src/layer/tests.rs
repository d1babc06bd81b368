//! Each method of a storage against each layer: a method that is new does not compile here, or
//! fails, until somebody has said what becomes of it.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex},
};

use async_trait::async_trait;
use bytes::Bytes;
use futures::stream;

use super::{ReadOnly, Rooted};
use crate::{
    error::{ErrorKind, Result},
    memory::Memory,
    metadata::{Metadata, SetAttributes},
    path::VirtualPath,
    storage::{
        Access, Algorithm, Capabilities, EntryStream, Existing, File, NameStream, Names,
        OpenOptions, Space, Storage,
    },
};

/// Says yes to everything, and notes what it was asked.
#[derive(Clone, Default)]
struct Recorder(Arc<Mutex<BTreeSet<&'static str>>>);

macro_rules! record {
    ($(async fn $name:ident($($argument:ident: $kind:ty),*) -> $answer:ty { $value:expr })*) => {
        const METHODS: &[&str] = &[$(stringify!($name)),*];

        #[deny(clippy::missing_trait_methods)]
        #[async_trait]
        impl Storage for Recorder {
            fn capabilities(&self) -> Capabilities {
                Capabilities::ALL
            }
            $(async fn $name(&self, $($argument: $kind),*) -> Result<$answer> {
                let _ = ($(&$argument),*);
                self.0.lock().unwrap().insert(stringify!($name));
                Ok($value)
            })*
        }
    };
}

record! {
    async fn metadata(path: &VirtualPath) -> Metadata { Metadata::directory() }
    async fn symlink_metadata(path: &VirtualPath) -> Metadata { Metadata::directory() }
    async fn may_enter(path: &VirtualPath) -> () { () }
    async fn list(path: &VirtualPath) -> EntryStream { Box::pin(stream::empty()) }
    async fn list_names(path: &VirtualPath) -> NameStream { Box::pin(stream::empty()) }
    async fn open(path: &VirtualPath, options: OpenOptions) -> Box<dyn File> { file().await }
    async fn create_dir(path: &VirtualPath) -> () { () }
    async fn remove_dir(path: &VirtualPath) -> () { () }
    async fn remove_file(path: &VirtualPath) -> () { () }
    async fn rename(from: &VirtualPath, to: &VirtualPath, existing: Existing) -> () { () }
    async fn copy(from: &VirtualPath, to: &VirtualPath) -> () { () }
    async fn symlink(target: &[u8], link: &VirtualPath) -> () { () }
    async fn hard_link(existing: &VirtualPath, link: &VirtualPath) -> () { () }
    async fn read_link(path: &VirtualPath) -> Bytes { Bytes::new() }
    async fn set_attributes(path: &VirtualPath, attributes: &SetAttributes) -> () { () }
    async fn set_symlink_attributes(path: &VirtualPath, attributes: &SetAttributes) -> () { () }
    async fn checksum(
        path: &VirtualPath,
        algorithm: Algorithm,
        offset: u64,
        length: Option<u64>
    ) -> Bytes { Bytes::new() }
    async fn space(path: &VirtualPath) -> Space { Space::new(2, 1) }
    async fn names(users: &[u32], groups: &[u32]) -> Names { Names::default() }
}

fn path(text: &str) -> VirtualPath {
    VirtualPath::try_from(text).unwrap()
}

/// A file that may be written.
async fn file() -> Box<dyn File> {
    let options = OpenOptions::replace().readable(true);
    Memory::new().open(&path("/f"), options).await.unwrap()
}

/// Calls every method, for writing where that is the question, and tells how it went.
async fn call_all(storage: &dyn Storage) -> Vec<(&'static str, Result<()>)> {
    let [a, b] = [path("/a"), path("/b")];
    let set = SetAttributes::new().mode(0);
    macro_rules! results {
        ($($name:ident($($argument:expr),*);)*) => {
            vec![$((
                stringify!($name),
                storage.$name($($argument),*).await.map(drop),
            )),*]
        };
    }
    results! {
        metadata(&a);
        symlink_metadata(&a);
        may_enter(&a);
        list(&a);
        list_names(&a);
        open(&a, OpenOptions::update());
        create_dir(&a);
        remove_dir(&a);
        remove_file(&a);
        rename(&a, &b, Existing::Replace);
        copy(&a, &b);
        symlink(b"a", &b);
        hard_link(&a, &b);
        read_link(&a);
        set_attributes(&a, &set);
        set_symlink_attributes(&a, &set);
        checksum(&a, Algorithm::Crc32, 0, None);
        space(&a);
        names(&[1], &[2]);
    }
}

/// What a layer lets through, and what it refuses how.
#[derive(Clone, Copy)]
enum Fate {
    Passes,
    Refused(ErrorKind),
}

use Fate::{Passes, Refused};

const READ_ONLY: Fate = Refused(ErrorKind::ReadOnly);

/// Method, through the layer that makes read-only, through the one with another root.
const TABLE: &[(&str, Fate, Fate)] = &[
    ("metadata", Passes, Passes),
    ("symlink_metadata", Passes, Passes),
    ("may_enter", Passes, Passes),
    ("list", Passes, Passes),
    ("list_names", Passes, Passes),
    ("open", READ_ONLY, Passes),
    ("create_dir", READ_ONLY, Passes),
    ("remove_dir", READ_ONLY, Passes),
    ("remove_file", READ_ONLY, Passes),
    ("rename", READ_ONLY, Passes),
    ("copy", READ_ONLY, Passes),
    ("symlink", READ_ONLY, Refused(ErrorKind::Unsupported)),
    ("hard_link", READ_ONLY, Passes),
    ("read_link", Passes, Passes),
    ("set_attributes", READ_ONLY, Passes),
    ("set_symlink_attributes", READ_ONLY, Passes),
    ("checksum", Passes, Passes),
    ("space", Passes, Passes),
    ("names", Passes, Passes),
];

async fn check(
    layer: &str,
    over: impl FnOnce(Recorder) -> Box<dyn Storage>,
    fate: impl Fn(usize) -> Fate,
) {
    let recorder = Recorder::default();
    let storage = over(recorder.clone());
    let results = call_all(&*storage).await;
    let noted = recorder.0.lock().unwrap().clone();
    for (number, (name, result)) in results.into_iter().enumerate() {
        assert_eq!(name, METHODS[number], "call_all calls each, in this order");
        match fate(number) {
            Passes => {
                assert!(result.is_ok(), "{layer}: {name}: {result:?}");
                assert!(noted.contains(name), "{layer}: {name} does not go through");
            }
            Refused(kind) => {
                assert_eq!(result.unwrap_err().kind(), kind, "{layer}: {name}");
                assert!(!noted.contains(name), "{layer}: {name} goes through");
            }
        }
    }
}

#[tokio::test]
async fn every_method_has_its_fate_in_every_layer() {
    let names: Vec<_> = TABLE.iter().map(|row| row.0).collect();
    assert_eq!(names, METHODS, "a row for each method");
    check("Arc", |inner| Box::new(Arc::new(inner)), |_| Passes).await;
    check("Box", |inner| Box::new(Box::new(inner)), |_| Passes).await;
    let read_only = |inner| Box::new(ReadOnly::new(inner)) as Box<dyn Storage>;
    check("ReadOnly", read_only, |number| TABLE[number].1).await;
    let rooted = |inner| Box::new(Rooted::new(inner, path("/root"))) as Box<dyn Storage>;
    check("Rooted", rooted, |number| TABLE[number].2).await;
}

#[tokio::test]
async fn the_read_only_layer_opens_to_read_and_no_other_way() {
    let storage = ReadOnly::new(Recorder::default());
    for options in [
        OpenOptions::read(),
        OpenOptions::replace(),
        OpenOptions::create_new(),
        OpenOptions::append(),
        OpenOptions::write_at(1),
        OpenOptions::update(),
    ] {
        // A new way to open a file gets its line here, and above.
        let allowed = match options.access() {
            Access::Read => true,
            Access::Replace
            | Access::CreateNew
            | Access::Append
            | Access::WriteAt(_)
            | Access::Update => false,
        };
        for readable in [true, false] {
            let options = options.clone().readable(readable);
            let opened = storage.open(&path("/a"), options.clone()).await;
            assert_eq!(opened.is_ok(), allowed, "{options:?}");
        }
    }
}

#[tokio::test]
async fn what_the_read_only_layer_opened_cannot_be_changed_through_the_file() {
    let memory = Memory::new().with_limit(1_000);
    let at = path("/f");
    let file = memory.open(&at, OpenOptions::replace()).await.unwrap();
    file.write_at(0, b"kept").await.unwrap();
    file.commit().await.unwrap();
    let before = memory.metadata(&at).await.unwrap();
    let storage = ReadOnly::new(memory.clone());
    let open = async || storage.open(&at, OpenOptions::read()).await.unwrap();

    let (one, two) = (open().await, open().await);
    let beside = path("/g");
    let other = memory.open(&beside, OpenOptions::replace()).await.unwrap();
    other.write_at(0, b"other").await.unwrap();
    // Who can read it can write it to where writing is allowed.
    let readable = memory.open(&at, OpenOptions::read()).await.unwrap();
    let refused = [
        one.write_at(0, b"lost").await.map(|()| 0),
        one.set_attributes(&SetAttributes::new().mode(0))
            .await
            .map(|()| 0),
        one.set_attributes(&SetAttributes::new()).await.map(|()| 0),
    ];
    for result in refused {
        assert_eq!(result.unwrap_err().kind(), ErrorKind::ReadOnly);
    }
    let copied = readable.copy_range(0, None, &*two, 0).await;
    assert_eq!(copied.unwrap_err().kind(), ErrorKind::Invalid);
    assert_eq!(one.copy_range(1, None, &*other, 0).await.unwrap(), 3);
    let copied = other.copy_range(0, None, &*one, 0).await;
    assert!(copied.is_err(), "copied into what is read only");

    assert_eq!(one.space().await.unwrap().read_only, Some(true));
    assert_eq!(storage.space(&at).await.unwrap().read_only, Some(true));
    one.sync().await.unwrap();
    one.commit().await.unwrap();
    assert_eq!(memory.metadata(&at).await.unwrap(), before);
    let mut buf = [0; 8];
    assert_eq!(two.read_at(0, &mut buf).await.unwrap(), 4);
    assert_eq!(&buf[..4], b"kept");
}

#[test]
fn the_read_only_layer_claims_nothing_that_changes() {
    let kept = Capabilities::MODES
        | Capabilities::OWNERS
        | Capabilities::CREATED
        | Capabilities::UNIQUE_IDS
        | Capabilities::SYMLINKS
        | Capabilities::CHECKSUM
        | Capabilities::SPACE
        | Capabilities::NAMES;
    let storage = ReadOnly::new(Recorder::default());
    assert_eq!(storage.capabilities(), kept);
}
