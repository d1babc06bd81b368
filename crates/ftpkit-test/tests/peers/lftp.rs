//! lftp against ftpkit's server: mirrors of a difficult tree both ways, passive and active.

use std::process::Command;

use crate::{
    tree,
    under_test::{Family, Served, V4, V6, run},
};

fn lftp(served: &Served, settings: &str, script: &str) {
    let setup = format!(
        "set net:max-retries 1; set net:timeout 20; set cmd:fail-exit yes; set ftp:ssl-allow no; {settings}; \
         open -u {},{} {}; {script}; exit",
        Served::USER,
        Served::PASSWORD,
        served.url_without_user(),
    );
    run(Command::new("lftp").args(["--norc", "-c", &setup]));
}

fn mirrors_both_ways(family: Family, settings: &str, largest: usize) {
    let served = Served::start(family);
    let local = tempfile::tempdir().unwrap();
    let (source, down) = (local.path().join("source"), local.path().join("down"));
    tree::make(&source, largest);
    lftp(
        &served,
        settings,
        &format!("mirror -R {} tree", source.display()),
    );
    tree::assert_same(&source, &served.path("tree"));
    tree::assert_same_times(&source, &served.path("tree"));
    lftp(
        &served,
        settings,
        &format!("mirror tree {}", down.display()),
    );
    tree::assert_same(&source, &down);
    tree::assert_same_times(&source, &down);
    lftp(&served, settings, "rm -r tree");
    assert!(served.names().is_empty());
}

#[test]
fn mirrors_by_epsv() {
    mirrors_both_ways(V4, "set ftp:prefer-epsv yes", 64 << 20);
}

#[test]
fn mirrors_by_pasv() {
    mirrors_both_ways(V4, "set ftp:prefer-epsv no", 8 << 20);
}

#[test]
fn mirrors_by_port() {
    mirrors_both_ways(V4, "set ftp:passive-mode no", 8 << 20);
}

#[test]
fn mirrors_over_ipv6_by_epsv() {
    mirrors_both_ways(V6, "set ftp:passive-mode yes", 8 << 20);
}

#[test]
fn mirrors_over_ipv6_by_eprt() {
    mirrors_both_ways(V6, "set ftp:passive-mode no", 8 << 20);
}

#[test]
fn mirrors_with_parallel_transfers_and_list_instead_of_mlsd() {
    mirrors_both_ways(
        V4,
        "set ftp:use-mlsd no; set mirror:parallel-transfer-count 4",
        1 << 20,
    );
}

#[test]
fn mirrors_with_pipelined_commands() {
    mirrors_both_ways(V4, "set ftp:sync-mode no", 1 << 20);
}
