use super::*;
use crate::conformance;

fn path(text: &str) -> VirtualPath {
    VirtualPath::try_from(text).unwrap()
}

async fn put(memory: &Memory, at: &str, data: &[u8]) -> Result<()> {
    let file = memory.open(&path(at), OpenOptions::replace()).await?;
    file.write_at(0, data).await?;
    file.commit().await.map(|_| ())
}

fn used(memory: &Memory) -> u64 {
    let limit = memory.shared.usage.limit().unwrap();
    limit - memory.shared.usage.available()
}

#[tokio::test]
async fn passes_the_conformance_suite() {
    conformance::check(&Memory::new(), UploadPolicy::Atomic).await;
    let limited = Memory::new().with_limit(1 << 30);
    conformance::check(&limited, UploadPolicy::Atomic).await;
    let policy = UploadPolicy::KeepPartial;
    conformance::check(&Memory::new().with_upload_policy(policy), policy).await;
}

#[tokio::test]
async fn the_limit_holds_and_what_is_given_back_can_be_used_again() {
    let memory = Memory::new().with_limit(10_000);
    put(&memory, "/a", &[1; 9_000]).await.unwrap();
    for at in ["/a", "/b"] {
        let error = put(&memory, at, &[2; 9_000]).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NoSpace);
    }
    let options = OpenOptions::replace().expected_size(Some(800));
    let error = memory.open(&path("/b"), options).await.err().unwrap();
    assert_eq!(error.kind(), ErrorKind::NoSpace);
    assert_eq!(used(&memory), 9_000 + 256, "what failed is given back");
    let mut count = 0;
    while memory
        .create_dir(&path(&format!("/d{count}")))
        .await
        .is_ok()
    {
        count += 1;
    }
    assert_eq!(count, (10_000 - 9_256) / 256);

    // What a reader still has open is still charged.
    let reader = memory.open(&path("/a"), OpenOptions::read()).await.unwrap();
    memory.remove_file(&path("/a")).await.unwrap();
    assert_eq!(used(&memory), 9_000 + count * 256);
    drop(reader);
    assert_eq!(used(&memory), count * 256);
    put(&memory, "/a", &[1; 9_000]).await.unwrap();
}

#[tokio::test]
async fn every_way_of_losing_a_file_gives_its_space_back() {
    let memory = Memory::new().with_limit(1 << 20);
    for round in 0..3 {
        put(&memory, "/a", &[1; 1000]).await.unwrap();
        put(&memory, "/a", &[1; 2000]).await.unwrap();
        memory.copy(&path("/a"), &path("/b")).await.unwrap();
        memory.hard_link(&path("/a"), &path("/c")).await.unwrap();
        memory.symlink(b"a", &path("/d")).await.unwrap();
        assert_eq!(used(&memory), 4000 + 4 * 256, "round {round}");
        let rename = |from, to| {
            let memory = &memory;
            async move {
                memory
                    .rename(&path(from), &path(to), Existing::Replace)
                    .await
                    .unwrap()
            }
        };
        rename("/d", "/b").await;
        assert_eq!(used(&memory), 2000 + 3 * 256);
        rename("/b", "/c").await;
        assert_eq!(used(&memory), 2000 + 2 * 256);
        drop(
            memory
                .open(&path("/e"), OpenOptions::create_new())
                .await
                .unwrap(),
        );
        memory.remove_file(&path("/a")).await.unwrap();
        memory.remove_file(&path("/c")).await.unwrap();
        assert_eq!(used(&memory), 0);
    }
}

#[tokio::test]
async fn a_directory_deeper_than_any_stack_can_be_made_and_dropped() {
    let memory = Memory::new();
    // Each round hangs the whole chain below a new one, so that it gets deeper than a path.
    let deep: String = "/x".repeat(200);
    for _ in 0..50 {
        for end in (0..deep.len()).step_by(2).map(|end| end + 2) {
            memory.create_dir(&path(&deep[..end])).await.unwrap();
        }
        if memory.metadata(&path("/chain")).await.is_ok() {
            let below = path(&format!("{deep}/c"));
            memory
                .rename(&path("/chain"), &below, Existing::Keep)
                .await
                .unwrap();
        }
        memory
            .rename(&path("/x"), &path("/chain"), Existing::Keep)
            .await
            .unwrap();
    }
    drop(memory);
}

#[tokio::test]
async fn a_listing_goes_on_when_entries_come_and_go() {
    use futures::StreamExt as _;
    let memory = Memory::new();
    for number in 0..PAGE * 2 {
        memory
            .create_dir(&path(&format!("/{number:04}")))
            .await
            .unwrap();
    }
    let mut pages = memory.list(&path("/")).await.unwrap();
    let first = pages.next().await.unwrap().unwrap();
    assert_eq!(first.len(), PAGE);
    // The page's last entry is where the listing stands.
    memory
        .remove_dir(&path(&format!("/{:04}", PAGE - 1)))
        .await
        .unwrap();
    memory.create_dir(&path("/9999")).await.unwrap();
    let rest: usize = pages
        .map(|page| page.unwrap().len())
        .collect::<Vec<_>>()
        .await
        .iter()
        .sum();
    assert_eq!(rest, PAGE + 1);
}

#[tokio::test]
async fn an_upload_whose_directory_is_gone_fails() {
    let memory = Memory::new();
    memory.create_dir(&path("/d")).await.unwrap();
    let file = memory
        .open(&path("/d/f"), OpenOptions::replace())
        .await
        .unwrap();
    memory.remove_dir(&path("/d")).await.unwrap();
    memory.create_dir(&path("/d")).await.unwrap();
    assert_eq!(file.commit().await.unwrap_err().kind(), ErrorKind::NotFound);
    assert_eq!(
        memory.metadata(&path("/d/f")).await.unwrap_err().kind(),
        ErrorKind::NotFound
    );
}
