//! The comparison of FTP clients: ftpkit and its peers, each a program that is started, logs in,
//! moves files and ends. All of them call the same server, vsftpd, which checks passwords
//! trivially; files lie in memory on both sides. Ratios are to the best peer of each scenario.

mod programs;

use std::path::Path;

use super::{
    Options, build,
    data::{Set, Site},
    peer::Client,
    report::Results,
    runner,
    scenario::{Direction, Load, Pairing, Scenario},
    server::Vsftpd,
};

use programs::{Curl, Ftpkit, Lftp, Suppaftp};

/// The clients' places in the list of them.
const CLIENTS: usize = 4;
const FTPKIT: usize = 0;

/// Builds what ftpkit is compared with.
pub(super) fn build() -> anyhow::Result<()> {
    build::suppaftp().map(|_| ())
}

/// The names of all scenarios, in their order.
pub(super) fn names() -> Vec<&'static str> {
    let all = scenarios(false);
    all.iter().map(|scenario| scenario.name).collect()
}

/// The table of scenarios.
fn scenarios(quick: bool) -> Vec<Scenario> {
    let (big, count) = if quick {
        (64 << 20, 100)
    } else {
        (1 << 30, 1000)
    };
    let (big, small) = (Set::Big(big), Set::Small(count, 4096));
    // vsftpd and two of its clients keep each other waiting, for each file.
    let small_tls = Set::Small(if quick { 10 } else { 100 }, 4096);
    [
        ("get-big", Direction::Get, &big, false),
        ("put-big", Direction::Put, &big, false),
        ("get-big-tls", Direction::Get, &big, true),
        ("put-big-tls", Direction::Put, &big, true),
        ("get-small", Direction::Get, &small, false),
        ("put-small", Direction::Put, &small, false),
        ("get-small-tls", Direction::Get, &small_tls, true),
        ("put-small-tls", Direction::Put, &small_tls, true),
    ]
    .map(|(name, direction, set, is_tls)| {
        // As `Vsftpd::both` has them.
        let server = usize::from(is_tls);
        let pairing = |client| Pairing { server, client };
        Scenario {
            name,
            load: Load {
                direction,
                set: set.clone(),
                streams: 1,
            },
            pairings: (0..CLIENTS).map(pairing).collect(),
            compared: Some(FTPKIT),
        }
    })
    .into()
}

/// Runs the comparison.
pub(super) fn compare(options: &Options, ftpkit: &Path) -> anyhow::Result<Results> {
    let vsftpd = Vsftpd::find()?;
    let authority = vsftpd.authority();
    let suppaftp = build::suppaftp()?;
    let clients: [Box<dyn Client + '_>; CLIENTS] = [
        Box::new(Ftpkit {
            program: ftpkit,
            authority: &authority,
        }),
        Box::new(Curl {
            authority: &authority,
        }),
        Box::new(Lftp {
            authority: &authority,
        }),
        Box::new(Suppaftp {
            program: &suppaftp,
            authority: &authority,
        }),
    ];
    let site = Site::shared(&options.data)?;
    let mut results = Results::new("client", "the best peer", options)?;
    results.note("tls", "TLS 1.3, AES-256-GCM");
    runner::run(
        &vsftpd.both(),
        &clients,
        &scenarios(options.quick),
        &site,
        options,
        &mut results,
    )?;
    Ok(results)
}
