//! ftpkit's server as the one under test, over a temporary directory, on a thread of its own.

use std::{
    fs,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    path::PathBuf,
    process::Command,
    sync::Arc,
};

use ftpkit::{
    accounts::Users,
    fs::LocalDirectory,
    proto::server::TlsPolicy,
    server::{
        Server, ServerBuilder,
        tls::{Identity, ServerTls, SessionReuse, TlsVersions},
    },
};
use tempfile::TempDir;
use tokio::runtime::Runtime;

use crate::{
    servers::{Security, tls_file},
    site::Site,
};

/// The loopback address to serve on.
pub(crate) type Family = IpAddr;
pub(crate) const V4: Family = IpAddr::V4(Ipv4Addr::LOCALHOST);
pub(crate) const V6: Family = IpAddr::V6(Ipv6Addr::LOCALHOST);

/// A server that runs until it is dropped.
pub(crate) struct Served {
    address: SocketAddr,
    /// Where TLS begins with the connection, if it is served.
    implicit: Option<SocketAddr>,
    root: TempDir,
    // Dropping the runtime ends the server's tasks.
    _runtime: Runtime,
}

impl Served {
    pub(crate) const USER: &str = "ana";
    pub(crate) const PASSWORD: &str = "secret";

    /// Serves an empty directory on a port of its own.
    pub(crate) fn start(family: Family) -> Self {
        Self::serve(|builder| builder.listen(SocketAddr::new(family, 0)))
    }

    /// Serves an empty directory to those who come with TLS, on two ports.
    pub(crate) fn start_tls(reuse: SessionReuse, versions: TlsVersions) -> Self {
        let identity =
            Identity::from_pem_files(tls_file("server.pem"), tls_file("server.key")).unwrap();
        let tls = ServerTls::builder()
            .identity(identity)
            .reuse(reuse)
            .versions(versions)
            .build()
            .unwrap();
        Self::serve(|builder| {
            builder
                .listen(SocketAddr::new(V4, 0))
                .listen_implicit(SocketAddr::new(V4, 0))
                .tls(tls)
                .tls_policy(TlsPolicy::RequiredForData)
        })
    }

    fn serve(set_up: impl FnOnce(ServerBuilder) -> ServerBuilder) -> Self {
        let root = tempfile::tempdir().unwrap();
        let storage = Arc::new(LocalDirectory::open(root.path()).unwrap());
        let users = Users::builder()
            .user(Self::USER, Self::PASSWORD, storage)
            .build()
            .unwrap();
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .unwrap();
        let server = runtime
            .block_on(set_up(Server::builder().authenticator(users)).bind())
            .unwrap();
        let address = server.local_addrs()[0];
        let implicit = server.implicit_addrs().first().copied();
        runtime.spawn(server.serve());
        Self {
            address,
            implicit,
            root,
            _runtime: runtime,
        }
    }

    pub(crate) const fn address(&self) -> SocketAddr {
        self.address
    }

    /// What clients are told: where TLS is begun as here, or clear text is spoken.
    pub(crate) fn site(&self, security: Security) -> Site {
        Site {
            address: match security {
                Security::Implicit(_) => self.implicit.unwrap(),
                _ => self.address,
            },
            user: Self::USER,
            password: Self::PASSWORD,
            root: self.root.path().to_owned(),
            home: "/".to_owned(),
            security,
        }
    }

    /// The URL of a path that is encoded already, with the credentials.
    pub(crate) fn url(&self, path: &str) -> String {
        format!(
            "ftp://{}:{}@{}/{path}",
            Self::USER,
            Self::PASSWORD,
            self.address
        )
    }

    pub(crate) fn url_without_user(&self) -> String {
        format!("ftp://{}/", self.address)
    }

    /// Where a served file lies on disk.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.root.path().join(name)
    }

    pub(crate) fn read(&self, name: &str) -> Vec<u8> {
        fs::read(self.path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    pub(crate) fn write(&self, name: &str, content: &[u8]) {
        fs::write(self.path(name), content).unwrap();
    }

    /// The names in the root directory.
    pub(crate) fn names(&self) -> Vec<String> {
        fs::read_dir(self.root.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect()
    }
}

/// Runs a client to its end, and returns what it printed; a failure is the test's.
#[track_caller]
pub(crate) fn run(command: &mut Command) -> String {
    let output = command
        .output()
        .unwrap_or_else(|error| panic!("{:?}: {error}", command.get_program()));
    assert!(
        output.status.success(),
        "{command:?}: {}\n{}{}",
        output.status,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8_lossy(&output.stdout).into_owned()
}
