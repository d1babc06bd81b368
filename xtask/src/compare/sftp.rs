//! The comparison of SFTP: both roles of ftpkit beside both of OpenSSH.

use super::{
    Options,
    data::{Set, Site},
    ftpkit::Ftpkit,
    openssh::{CIPHER, Keys, Sftp, Sshd},
    peer::{Client, Server},
    report::Results,
    runner,
    scenario::{Direction, Load, Pairing, Scenario},
};

const OPENSSH: usize = 0;
const FTPKIT: usize = 1;

/// OpenSSH on both sides, then ftpkit as the server, as the client, and as both.
fn pairings() -> Vec<Pairing> {
    let pairs = [
        (OPENSSH, OPENSSH),
        (FTPKIT, OPENSSH),
        (OPENSSH, FTPKIT),
        (FTPKIT, FTPKIT),
    ];
    let pairs = pairs.map(|(server, client)| Pairing { server, client });
    pairs.into()
}

/// The table of scenarios.
fn scenarios(quick: bool) -> Vec<Scenario> {
    let (big, quarter, count) = if quick {
        (128 << 20, 32 << 20, 200)
    } else {
        (1 << 30, 256 << 20, 1000)
    };
    let small = Set::Small(count, 4096);
    [
        ("get-big", Direction::Get, Set::Big(big), 1),
        ("put-big", Direction::Put, Set::Big(big), 1),
        ("get-small", Direction::Get, small.clone(), 1),
        ("put-small", Direction::Put, small, 1),
        ("get-big-4", Direction::Get, Set::Big(quarter), 4),
        ("put-big-4", Direction::Put, Set::Big(quarter), 4),
    ]
    .map(|(name, direction, set, streams)| {
        let load = Load {
            direction,
            set,
            streams,
        };
        Scenario {
            name,
            pairings: pairings(),
            compared: None,
            load,
        }
    })
    .into()
}

/// Runs the comparison.
pub(super) fn compare(options: &Options, program: &std::path::Path) -> anyhow::Result<Results> {
    let site = Site::new(&options.data)?;
    let keys = Keys::make(&site)?;
    let ftpkit = || Ftpkit {
        program: program.to_owned(),
        keys: keys.clone(),
    };
    let servers: [Box<dyn Server>; 2] = [Box::new(Sshd::find(keys.clone())?), Box::new(ftpkit())];
    let clients: [Box<dyn Client>; 2] = [Box::new(Sftp { keys: keys.clone() }), Box::new(ftpkit())];
    let mut results = Results::new("sftp", "OpenSSH with itself", options)?;
    results.note("cipher", CIPHER);
    runner::run(
        &servers,
        &clients,
        &scenarios(options.quick),
        &site,
        options,
        &mut results,
    )?;
    Ok(results)
}
