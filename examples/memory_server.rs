//! A server over an empty store in memory, for anybody to read and write.
//!
//! `cargo run --example memory_server`, then `curl -T FILE ftp://127.0.0.1:2121/`.

use std::sync::Arc;

use ftpkit::{accounts::Anonymous, server::Server, storage::Memory};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let server = Server::builder()
        .listen("127.0.0.1:2121")
        .authenticator(Anonymous::read_write(Arc::new(Memory::new())))
        .bind()
        .await?;
    for address in server.local_addrs() {
        println!("listening on ftp://{address}/");
    }
    server.serve().await;
    Ok(())
}
