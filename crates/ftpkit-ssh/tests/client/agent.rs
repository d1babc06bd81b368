//! Logging in by an agent: one that does its part, and those that do not.

use std::{future::Future, path::PathBuf};

use ftpkit_ssh::client::{ErrorKind, SftpBuilder};
use futures::stream;
use russh::keys::{
    PrivateKey,
    agent::{
        Constraint,
        client::AgentClient,
        server::{self, MessageType},
    },
};
use tempfile::TempDir;
use tokio::{io::AsyncWriteExt as _, net::UnixListener, task::JoinHandle};

use crate::{
    peer::{self, Peer, Setup},
    trusting,
};

/// What becomes of a request to sign.
#[derive(Clone, Copy)]
enum Mood {
    Signs,
    Refuses,
    Hangs,
}

impl server::Agent for Mood {
    async fn confirm_request(&self, message: MessageType) -> bool {
        match (self, message) {
            (Self::Refuses, MessageType::Sign) => false,
            (Self::Hangs, MessageType::Sign) => std::future::pending().await,
            _ => true,
        }
    }
}

/// An agent at a socket of its own; its tasks end with the test.
struct Agent {
    dir: TempDir,
    task: JoinHandle<()>,
}

impl Drop for Agent {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Agent {
    fn serve<F: Future<Output = ()> + Send + 'static>(
        serve: impl FnOnce(UnixListener) -> F,
    ) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let listener = UnixListener::bind(dir.path().join("agent")).unwrap();
        let task = tokio::spawn(serve(listener));
        Self { dir, task }
    }

    async fn start(mood: Mood, keys: &[&PrivateKey]) -> Self {
        let agent = Self::serve(async move |listener| {
            let accepted = stream::unfold(listener, async |listener| {
                let accepted = listener.accept().await.map(|(stream, _)| stream);
                Some((accepted, listener))
            });
            server::serve(Box::pin(accepted), mood).await.unwrap();
        });
        let mut client = AgentClient::connect_uds(agent.socket()).await.unwrap();
        for key in keys {
            let nothing: &[Constraint] = &[];
            client.add_identity(key, nothing).await.unwrap();
        }
        agent
    }

    fn socket(&self) -> PathBuf {
        self.dir.path().join("agent")
    }
}

async fn peer_for(key: &PrivateKey) -> Peer {
    Peer::start(Setup {
        user_key: Some(key.public_key().clone()),
        ..Setup::default()
    })
    .await
}

/// What is told when nothing but the agent is there, once a password has been seen to do.
async fn refused(peer: &Peer, builder: impl Fn() -> SftpBuilder) -> String {
    builder().password("secret").connect().await.unwrap();
    assert_eq!(peer.logins(), 1);
    let error = builder().connect().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Login, "{error}");
    error.to_string()
}

#[tokio::test]
async fn a_key_of_the_agent_logs_in() {
    let (key, other) = (peer::new_key(), peer::new_key());
    let peer = peer_for(&key).await;
    let agent = Agent::start(Mood::Signs, &[&other, &key]).await;
    let client = trusting(&peer).agent_socket(agent.socket());
    client.connect().await.unwrap();
    // The same agent is not asked where none is wanted.
    let none = trusting(&peer).agent_socket(agent.socket()).agent(false);
    let error = none.connect().await.unwrap_err();
    assert!(
        error.to_string().contains("nothing could be tried"),
        "{error}"
    );
}

#[tokio::test]
async fn a_key_that_the_server_does_not_know_is_told() {
    let peer = peer_for(&peer::new_key()).await;
    let agent = Agent::start(Mood::Signs, &[&peer::new_key()]).await;
    let line = refused(&peer, || trusting(&peer).agent_socket(agent.socket())).await;
    assert!(line.contains("it refused the agent's key"), "{line}");
}

#[tokio::test]
async fn an_agent_without_keys_leaves_the_other_ways() {
    let peer = peer_for(&peer::new_key()).await;
    let agent = Agent::start(Mood::Signs, &[]).await;
    let line = refused(&peer, || trusting(&peer).agent_socket(agent.socket())).await;
    assert!(line.contains("nothing could be tried"), "{line}");
    assert!(!line.contains("agent"), "{line}");
}

#[tokio::test]
async fn an_agent_that_is_not_there_leaves_the_other_ways() {
    let peer = peer_for(&peer::new_key()).await;
    let dir = tempfile::tempdir().unwrap();
    let nowhere = dir.path().join("none");
    let line = refused(&peer, || trusting(&peer).agent_socket(&nowhere)).await;
    assert!(line.contains("nothing could be tried"), "{line}");
}

#[tokio::test]
async fn an_agent_that_refuses_to_sign_leaves_the_other_ways() {
    let key = peer::new_key();
    let peer = peer_for(&key).await;
    let agent = Agent::start(Mood::Refuses, &[&key]).await;
    let line = refused(&peer, || trusting(&peer).agent_socket(agent.socket())).await;
    assert!(line.contains("the agent does not sign"), "{line}");
    assert!(!line.contains("it refused"), "{line}");
}

#[tokio::test]
async fn an_agent_that_talks_nonsense_leaves_the_other_ways() {
    let peer = peer_for(&peer::new_key()).await;
    let agent = Agent::serve(async |listener| {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            // A length that nobody should make room for. The client may have gone already.
            let _ = stream.write_all(&[0xff; 64]).await;
        }
    });
    let line = refused(&peer, || trusting(&peer).agent_socket(agent.socket())).await;
    assert!(line.contains("nothing could be tried"), "{line}");
}

#[tokio::test(start_paused = true)]
async fn an_agent_that_says_nothing_is_given_up() {
    let peer = peer_for(&peer::new_key()).await;
    // The system accepts for it, and keeps what is written.
    let agent = Agent::serve(async |_listener| std::future::pending().await);
    let line = refused(&peer, || trusting(&peer).agent_socket(agent.socket())).await;
    assert!(line.contains("has not told its keys in time"), "{line}");
}

#[tokio::test(start_paused = true)]
async fn an_agent_that_never_signs_is_given_up() {
    let key = peer::new_key();
    let peer = peer_for(&key).await;
    let agent = Agent::start(Mood::Hangs, &[&key]).await;
    let line = refused(&peer, || trusting(&peer).agent_socket(agent.socket())).await;
    assert!(line.contains("has not signed with"), "{line}");
}
