//! libunftp as its documentation starts it: `libunftp-peer PORT ROOT [CERTIFICATE KEY]`. Everybody
//! may log in, files come from its own backend, and the runtime is tokio's with all processors.

use std::{env, error::Error, path::PathBuf};

use libunftp::{ServerBuilder, options::TlsFlags};
use unftp_sbe_fs::Filesystem;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [port, root, tls @ ..] = &arguments[..] else {
        return Err("a port and a directory are needed".into());
    };
    let root = PathBuf::from(root);
    // Fails here if it cannot be served; the builder's function has no way to say so.
    Filesystem::new(root.clone())?;
    let storage = move || Filesystem::new(root.clone()).expect("the directory has gone");
    let mut server = ServerBuilder::new(Box::new(storage))
        .idle_session_timeout(3600)
        .passive_ports(20_000..=29_999);
    if let [certificate, key] = tls {
        server = server.ftps(certificate, key).ftps_tls_flags(
            TlsFlags::LATEST_VERSIONS | TlsFlags::RESUMPTION_SESS_ID | TlsFlags::RESUMPTION_TICKETS,
        );
    }
    server.build()?.listen(format!("127.0.0.1:{port}")).await?;
    Ok(())
}
