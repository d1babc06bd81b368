//! suppaftp as a program: `suppaftp-peer get|put PORT USER PASSWORD CA REMOTE LOCAL NAME...` moves
//! files between two directories over one connection, by the client that blocks and through a
//! buffer of 256 KiB. `CA` is a PEM file to trust, or `-` for a connection in clear.

use std::{
    env,
    error::Error,
    fs::File,
    io::{Read, Write},
    path::Path,
    sync::Arc,
};

use suppaftp::{
    FtpStream, ImplFtpStream, RustlsConnector, RustlsFtpStream, TlsStream,
    rustls::{
        ClientConfig, RootCertStore,
        crypto::{CryptoProvider, aws_lc_rs},
        pki_types::{CertificateDer, pem::PemObject as _},
        version::TLS13,
    },
    types::FileType,
};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

const HOST: &str = "127.0.0.1";
const BUFFER: usize = 256 * 1024;

fn main() -> Result<()> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [way, port, user, password, ca, remote, local, names @ ..] = &arguments[..] else {
        return Err("get|put PORT USER PASSWORD CA REMOTE LOCAL NAME...".into());
    };
    let address = format!("{HOST}:{port}");
    let work = Work {
        is_get: way == "get",
        user,
        password,
        remote,
        local: Path::new(local),
        names,
    };
    if ca == "-" {
        return work.carry_out(FtpStream::connect(address)?);
    }
    let client = RustlsFtpStream::connect(address)?;
    work.carry_out(client.into_secure(connector(ca)?, HOST)?)
}

/// TLS 1.3 with AES-256-GCM, as all clients of the comparison have it.
fn connector(ca: &str) -> Result<RustlsConnector> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(ca)?)?;
    let provider = CryptoProvider {
        cipher_suites: vec![aws_lc_rs::cipher_suite::TLS13_AES_256_GCM_SHA384],
        ..aws_lc_rs::default_provider()
    };
    let config = ClientConfig::builder_with_provider(Arc::new(provider))
        .with_protocol_versions(&[&TLS13])?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(RustlsConnector::from(Arc::new(config)))
}

/// What is to be moved.
struct Work<'a> {
    is_get: bool,
    user: &'a str,
    password: &'a str,
    remote: &'a str,
    local: &'a Path,
    names: &'a [String],
}

impl Work<'_> {
    fn carry_out<T: TlsStream>(&self, mut client: ImplFtpStream<T>) -> Result<()> {
        client.login(self.user, self.password)?;
        client.transfer_type(FileType::Binary)?;
        let mut buffer = vec![0; BUFFER];
        for name in self.names {
            let (remote, local) = (format!("{}/{name}", self.remote), self.local.join(name));
            if self.is_get {
                let mut stream = client.retr_as_stream(remote)?;
                copy(&mut stream, &mut File::create(local)?, &mut buffer)?;
                stream.finish()?;
            } else {
                let mut stream = client.put_with_stream(remote)?;
                copy(&mut File::open(local)?, &mut stream, &mut buffer)?;
                stream.finish()?;
            }
        }
        client.quit()?;
        Ok(())
    }
}

fn copy(from: &mut impl Read, to: &mut impl Write, buffer: &mut [u8]) -> Result<()> {
    loop {
        let read = from.read(buffer)?;
        if read == 0 {
            return Ok(());
        }
        to.write_all(&buffer[..read])?;
    }
}
