//! Running out of descriptors holds callers up and loses none. A process of its own, since it
//! uses them all up.
#![cfg(target_os = "linux")]

use std::{
    fs::File,
    pin::pin,
    task::{Context, Waker},
};

use ftpkit_tokio::Acceptor;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::net::TcpStream;

#[tokio::test(start_paused = true)]
async fn callers_wait_until_there_are_descriptors_again() {
    let acceptor = Acceptor::bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let first = TcpStream::connect(acceptor.local_addr()).await.unwrap();
    let second = TcpStream::connect(acceptor.local_addr()).await.unwrap();

    let limit = Rlimit {
        current: Some(64),
        maximum: getrlimit(Resource::Nofile).maximum,
    };
    setrlimit(Resource::Nofile, limit).unwrap();
    let mut all = Vec::new();
    while let Ok(file) = File::open("/dev/null") {
        all.push(file);
    }
    {
        let mut accept = pin!(acceptor.accept());
        let cx = &mut Context::from_waker(Waker::noop());
        for _ in 0..10 {
            assert!(accept.as_mut().poll(cx).is_pending());
            tokio::time::sleep(std::time::Duration::from_secs(1)).await;
        }
    }
    all.clear();
    let (_stream, peer) = acceptor.accept().await;
    assert_eq!(peer, first.local_addr().unwrap());
    let (_stream, peer) = acceptor.accept().await;
    assert_eq!(peer, second.local_addr().unwrap());
}
