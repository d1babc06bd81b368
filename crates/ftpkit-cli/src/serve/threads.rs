//! The threads of sessions: a runtime of one thread for each processor. A session of FTP is one
//! task, one of SFTP two that wait for each other; the threads of a runtime of many would wake each
//! other up for them.

use std::{future::pending, io, num::NonZero, thread};

use anyhow::Context as _;
use tokio::runtime::{Builder, Handle};

/// As many runtimes as there are processors. The one that this is called in is one of them; the
/// others run until the process ends.
pub(super) fn runtimes() -> anyhow::Result<Vec<Handle>> {
    let mut runtimes = vec![Handle::current()];
    let processors = thread::available_parallelism().map_or(1, NonZero::get);
    while runtimes.len() < processors {
        let another = start(runtimes.len()).context("a thread for sessions cannot be started")?;
        runtimes.push(another);
    }
    Ok(runtimes)
}

fn start(number: usize) -> io::Result<Handle> {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let handle = runtime.handle().clone();
    thread::Builder::new()
        .name(format!("sessions-{number}"))
        .spawn(move || runtime.block_on(pending::<()>()))?;
    Ok(handle)
}
