//! No descriptor outlives its session, however the session goes. A process of its own, since
//! it counts them.
#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "a failure is a failed test")]

use std::{collections::VecDeque, io};

use ftpkit_proto::{
    DataEvent, DataId, DataRequest, Error, Family, Flow, Instant, Machine, Output, TlsEvent,
};
use ftpkit_tokio::{Acceptor, Clock, DataOptions, Driver, Step};
use tokio::{io::AsyncReadExt, net::TcpStream};

/// Listens, takes its first caller, and goes as far as its number says.
struct Passive {
    stage: usize,
    outputs: VecDeque<Output<()>>,
    closed: bool,
}

impl Passive {
    const STAGES: usize = 5;

    fn data(&mut self, request: DataRequest) {
        self.outputs
            .push_back(Output::Data(DataId::new(1), request));
    }
}

impl Machine for Passive {
    type Event = ();

    fn handle_bytes(&mut self, _now: Instant, _bytes: &[u8]) {}

    fn handle_eof(&mut self, _now: Instant) {
        self.closed = true;
    }

    fn handle_tls(&mut self, _now: Instant, _event: TlsEvent) {}

    fn handle_data(&mut self, _now: Instant, _id: DataId, event: DataEvent) {
        match event {
            DataEvent::Listening(address) => {
                let line = format!("{address}\n");
                self.outputs.push_back(Output::Write(line.into()));
                if self.stage > 0 {
                    self.data(DataRequest::Accept);
                }
            }
            DataEvent::Connected(_) => match self.stage {
                1 => self.outputs.push_back(Output::Event(())),
                2 => self.data(DataRequest::Reject),
                3 => self.data(DataRequest::Abort),
                _ => self.data(DataRequest::Transfer(Flow::Send)),
            },
            _ => {}
        }
    }

    fn handle_timeout(&mut self, _now: Instant) {}

    fn poll_output(&mut self) -> Output<()> {
        match self.outputs.pop_front() {
            Some(output) => output,
            None if self.closed => Output::Closed(Err(Error::Disconnected)),
            None => Output::Wait(None),
        }
    }

    fn wants_read(&self) -> bool {
        true
    }
}

fn descriptors() -> usize {
    std::fs::read_dir("/proc/self/fd").unwrap().count()
}

async fn session(acceptor: &Acceptor, stage: usize) -> io::Result<()> {
    let client = TcpStream::connect(acceptor.local_addr()).await?;
    let (stream, _) = acceptor.accept().await;
    let mut driver = Driver::new(stream, Clock::start(), DataOptions::default(), |_| {
        let mut machine = Passive {
            stage,
            outputs: VecDeque::new(),
            closed: false,
        };
        machine.data(DataRequest::Listen(Family::V4));
        machine
    })?;
    let mut handed_up = None;
    let caller = async {
        let mut client = client;
        let mut line = [0; 64];
        let got = client.read(&mut line).await?;
        let line = std::str::from_utf8(&line[..got]).unwrap();
        TcpStream::connect(line.trim()).await.map(drop)
    };
    let drive = async {
        loop {
            match driver.next().await {
                // The session is dropped in the middle.
                Step::Event(()) => break,
                Step::Transfer(_, _, stream) => handed_up = Some(stream),
                Step::Abort(_) => handed_up = None,
                Step::Closed(result) => {
                    assert_eq!(result, Err(Error::Disconnected));
                    break;
                }
                other => panic!("unknown step: {other:?}"),
            }
        }
    };
    let ((), called) = tokio::join!(drive, caller);
    called
}

#[tokio::test]
async fn a_thousand_sessions_leave_no_descriptor() {
    let acceptor = Acceptor::bind("127.0.0.1:0".parse().unwrap()).unwrap();
    session(&acceptor, 0).await.unwrap();
    let before = descriptors();
    for n in 0..1000 {
        session(&acceptor, n % Passive::STAGES).await.unwrap();
    }
    assert_eq!(descriptors(), before);
}
