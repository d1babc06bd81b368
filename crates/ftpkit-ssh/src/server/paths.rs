//! From a path as a client sends it to a path of the storage, and to what the client is shown.

use std::sync::Arc;

use bytes::Bytes;
use ftpkit_sftp::server::{Refusal, RefusalKind, Resolve};
use ftpkit_storage::{Storage, VirtualPath};

use super::storage_map::{path_refusal, refusal};

/// Where a user is. SFTP knows no change of directory: what is not absolute is below the home.
#[derive(Clone)]
pub(super) struct Place {
    pub(super) user: Arc<str>,
    pub(super) storage: Arc<dyn Storage>,
    pub(super) home: VirtualPath,
}

impl Place {
    /// The path of the storage that these bytes mean; an empty one is the home.
    pub(super) fn resolve(&self, path: &[u8]) -> Result<VirtualPath, Refusal> {
        self.home.join(path).map_err(path_refusal)
    }

    /// Answers REALPATH, READLINK and their kin.
    ///
    /// REALPATH is a matter of words alone, so that it works for what is not there, and tells
    /// nothing of what is.
    pub(super) async fn answer(&self, question: &Resolve) -> Result<Bytes, Refusal> {
        let path = match question {
            Resolve::Real(path) => self.resolve(path)?,
            Resolve::Expand(path) => self.expand(path)?,
            Resolve::Home(user) if user.is_empty() => self.home.clone(),
            Resolve::Home(user) => self.home_of(user)?,
            Resolve::Link(path) => {
                let path = self.resolve(path)?;
                return self.storage.read_link(&path).await.map_err(|e| refusal(&e));
            }
            _ => return Err(RefusalKind::Unsupported.into()),
        };
        Ok(path.into_bytes())
    }

    /// `~` and `~user` in front are homes; nobody else's home is known here.
    fn expand(&self, path: &[u8]) -> Result<VirtualPath, Refusal> {
        let Some(rest) = path.strip_prefix(b"~") else {
            return self.resolve(path);
        };
        let end = rest.iter().position(|byte| *byte == b'/');
        let (user, rest) = rest.split_at(end.unwrap_or(rest.len()));
        let home = match user {
            b"" => self.home.clone(),
            user => self.home_of(user)?,
        };
        let rest = rest
            .iter()
            .position(|byte| *byte != b'/')
            .map_or(&b""[..], |start| rest.get(start..).unwrap_or_default());
        home.join(rest).map_err(path_refusal)
    }

    fn home_of(&self, user: &[u8]) -> Result<VirtualPath, Refusal> {
        match user == self.user.as_bytes() {
            true => Ok(self.home.clone()),
            false => Err(RefusalKind::NotFound.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use ftpkit_storage::Memory;
    use futures::FutureExt as _;
    use proptest::prelude::*;

    use super::*;

    fn place() -> Place {
        Place {
            user: "alice".into(),
            storage: Arc::new(Memory::new()),
            home: VirtualPath::try_from("/home/alice").unwrap(),
        }
    }

    async fn ask(question: Resolve) -> Result<Bytes, RefusalKind> {
        let answer = place().answer(&question).await;
        answer.map_err(|refusal| refusal.kind())
    }

    #[tokio::test]
    async fn paths_are_canonical_whether_or_not_they_are_there() {
        for (path, expected) in [
            ("", "/home/alice"),
            (".", "/home/alice"),
            ("a/./b//c/..", "/home/alice/a/b"),
            ("/x", "/x"),
            ("../../../../etc", "/etc"),
            ("~", "/home/alice/~"),
        ] {
            assert_eq!(ask(Resolve::Real(path.into())).await.unwrap(), expected);
        }
        let refused = ask(Resolve::Real("a\0b".into())).await;
        assert_eq!(refused, Err(RefusalKind::NameNotAllowed));
    }

    #[tokio::test]
    async fn only_the_own_home_is_known() {
        for (path, expected) in [
            ("~", "/home/alice"),
            ("~/", "/home/alice"),
            ("~//a", "/home/alice/a"),
            ("~alice/../b", "/home/b"),
            ("a~", "/home/alice/a~"),
            ("/~", "/~"),
        ] {
            assert_eq!(ask(Resolve::Expand(path.into())).await.unwrap(), expected);
        }
        let not_found = Err(RefusalKind::NotFound);
        assert_eq!(ask(Resolve::Expand("~bob/a".into())).await, not_found);
        assert_eq!(ask(Resolve::Home("bob".into())).await, not_found);
        for user in ["", "alice"] {
            assert_eq!(
                ask(Resolve::Home(user.into())).await.unwrap(),
                "/home/alice"
            );
        }
    }

    /// Bytes as a client may send them, with what steers a path more often than chance has it.
    fn bytes() -> impl Strategy<Value = Vec<u8>> {
        let piece = prop_oneof![
            Just(b"..".to_vec()),
            Just(b"/".to_vec()),
            Just(b"~".to_vec()),
            Just(b"\\".to_vec()),
            Just(b"alice".to_vec()),
            proptest::collection::vec(any::<u8>(), 0..4),
        ];
        proptest::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
    }

    proptest! {
        /// From whatever home, no answer has a `..` or is relative, and to ask again with it
        /// changes nothing: client and storage mean the same by it.
        #[test]
        fn any_path_from_any_home_stays_inside(home in bytes(), path in bytes()) {
            let mut place = place();
            place.home = VirtualPath::root().join(&home).unwrap_or_else(|_| VirtualPath::root());
            for question in [
                Resolve::Real(path.clone().into()),
                Resolve::Expand(path.clone().into()),
                Resolve::Home(path.clone().into()),
            ] {
                let Ok(answer) = place.answer(&question).now_or_never().unwrap() else { continue };
                prop_assert!(answer.starts_with(b"/"));
                let parts: Vec<&[u8]> = answer[1..].split(|byte| *byte == b'/').collect();
                for part in &parts {
                    prop_assert!(![&b".."[..], b"."].contains(part), "{answer:?}");
                    prop_assert!(!part.is_empty() || answer.len() == 1, "{answer:?}");
                }
                prop_assert_eq!(place.resolve(&answer).unwrap().into_bytes(), answer);
            }
        }
    }
}
