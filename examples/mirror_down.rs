//! Downloads a directory of a server, with the directories in it.
//!
//! `cargo run --example mirror_down -- ftp://127.0.0.1:2121/ TARGET`

use std::{path::PathBuf, pin::Pin};

use ftpkit::{
    client::{Client, Result},
    proto::facts::Kind,
};

#[tokio::main]
async fn main() -> std::result::Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let (Some(url), Some(target)) = (arguments.next(), arguments.next()) else {
        return Err("usage: mirror_down URL TARGET".into());
    };
    let mut client = Client::connect(&url).await?;
    fetch(&mut client, Vec::new(), target.into()).await?;
    client.quit().await?;
    Ok(())
}

/// Fetches what is in the remote directory `from` into the local directory `to`.
fn fetch(
    client: &mut Client,
    from: Vec<u8>,
    to: PathBuf,
) -> Pin<Box<dyn Future<Output = Result<()>> + '_>> {
    Box::pin(async move {
        std::fs::create_dir_all(&to).expect("the target can be made");
        let entries = client.list(&from).await?.collect().await?;
        for entry in entries {
            // A hostile server's `../x` is no safe name, and is left alone.
            let Ok(name) = entry.safe_name() else {
                continue;
            };
            let Some(local) = name.to_str().map(|name| to.join(name)) else {
                continue;
            };
            let mut remote = from.clone();
            if !remote.is_empty() {
                remote.push(b'/');
            }
            remote.extend_from_slice(name.as_bytes());
            match entry.kind {
                Kind::Directory => fetch(client, remote, local).await?,
                Kind::File => {
                    println!("{}", local.display());
                    client.download_to(&remote, &local).await?;
                }
                _ => {}
            }
        }
        Ok(())
    })
}
