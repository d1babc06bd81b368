//! The orderly end of a control connection: what was written is sent, and it arrives.
//! What belongs elsewhere: when to end (the machine).

use std::{
    mem::MaybeUninit,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use ftpkit_proto::Error;
use tokio::{
    io::ReadBuf,
    time::{self, Sleep},
};

use crate::control::Control;

/// How long the peer may take in all to read the last reply and to close its side.
const LINGER: Duration = Duration::from_secs(2);

/// How far a session's end has come.
pub(super) struct Closing {
    result: Result<(), Error>,
    until: time::Instant,
    stage: Stage,
}

#[derive(PartialEq)]
enum Stage {
    /// Write the rest, and end the outgoing half.
    Flush,
    /// Wait for the peer's end: closing on bytes that nobody has read resets the connection,
    /// and a reset takes the last reply away from a peer that has not read it yet.
    Drain,
    Done,
}

impl Closing {
    pub(super) fn new(result: Result<(), Error>) -> Self {
        Self {
            result,
            until: time::Instant::now() + LINGER,
            stage: Stage::Flush,
        }
    }

    /// Ends the connection; ready when it is closed. `sleep` is the driver's, used up.
    pub(super) fn poll(
        &mut self,
        control: &mut Control,
        sleep: &mut Option<Pin<Box<Sleep>>>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<(), Error>> {
        if self.stage == Stage::Flush && control.poll_shutdown(cx).is_ready() {
            self.stage = Stage::Drain;
        }
        if self.stage == Stage::Drain && drain(control, cx).is_ready() {
            self.stage = Stage::Done;
        }
        if self.stage != Stage::Done && self.poll_linger(sleep, cx).is_pending() {
            return Poll::Pending;
        }
        self.stage = Stage::Done;
        control.close();
        *sleep = None;
        Poll::Ready(self.result.clone())
    }

    fn poll_linger(&self, sleep: &mut Option<Pin<Box<Sleep>>>, cx: &mut Context<'_>) -> Poll<()> {
        // Asked of the clock too, since a flood of input can use up the task's budget for timers.
        if time::Instant::now() >= self.until {
            return Poll::Ready(());
        }
        let sleep = sleep.get_or_insert_with(|| Box::pin(time::sleep_until(self.until)));
        if sleep.deadline() != self.until {
            sleep.as_mut().reset(self.until);
        }
        sleep.as_mut().poll(cx)
    }
}

/// Reads and forgets until the peer's end.
fn drain(control: &mut Control, cx: &mut Context<'_>) -> Poll<()> {
    let mut space = [MaybeUninit::uninit(); super::READ];
    while !control.is_ended() && !control.is_broken() {
        let mut buf = ReadBuf::uninit(&mut space);
        std::task::ready!(control.poll_read(cx, &mut buf));
    }
    Poll::Ready(())
}
