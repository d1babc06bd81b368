//! What is compared, built for release.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Context as _, bail};
use serde_json::Value;

/// Builds the program `ftpkit` as its users have it, and tells where it is.
pub(super) fn ftpkit() -> anyhow::Result<PathBuf> {
    program("ftpkit", &["-p", "ftpkit-cli"])
}

/// Builds the clients that servers are measured with.
pub(super) fn load() -> anyhow::Result<PathBuf> {
    program("ftpkit-load", &["-p", "ftpkit-load"])
}

/// Builds the program that runs one parser of listings.
pub(super) fn parse() -> anyhow::Result<PathBuf> {
    let which = ["-p", "ftpkit-benches", "--bin", "ftpkit-parse"];
    program("ftpkit-parse", &which)
}

/// Builds suppaftp as a program.
pub(super) fn suppaftp() -> anyhow::Result<PathBuf> {
    apart("suppaftp-peer", &super::root().join("benches/suppaftp"))
}

/// Builds a package that is no member of the workspace, and shares its directory of builds.
pub(super) fn apart(name: &str, directory: &Path) -> anyhow::Result<PathBuf> {
    let manifest = directory.join("Cargo.toml");
    let target = super::root().join("target");
    let [manifest, target] = [&manifest, &target].map(|path| path.to_str());
    let manifest = manifest.context("a path that is no text")?;
    let target = target.context("a path that is no text")?;
    program(name, &["--manifest-path", manifest, "--target-dir", target])
}

/// The version of a package that one apart from the workspace is built with.
pub(super) fn locked(name: &str, directory: &Path) -> anyhow::Result<String> {
    let file = directory.join("Cargo.lock");
    let text =
        fs::read_to_string(&file).with_context(|| format!("{} cannot be read", file.display()))?;
    let version = version_in(&text, name);
    version.with_context(|| format!("{} has no {name}", file.display()))
}

/// The version of a package in a lock file.
fn version_in(text: &str, name: &str) -> Option<String> {
    let (_, rest) = text.split_once(&format!("name = \"{name}\"\nversion = \""))?;
    Some(rest.split_once('"')?.0.to_owned())
}

fn program(name: &str, which: &[&str]) -> anyhow::Result<PathBuf> {
    eprintln!("building {name} for release");
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args(["build", "--release", "--locked"])
        .args(which)
        .arg("--message-format=json-render-diagnostics")
        .current_dir(super::root())
        .stderr(Stdio::inherit())
        .output()
        .context("cargo cannot be started")?;
    if !output.status.success() {
        bail!("{name} does not build: {}", output.status);
    }
    String::from_utf8_lossy(&output.stdout)
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .filter(|message| message["target"]["name"] == name)
        .find_map(|message| message["executable"].as_str().map(PathBuf::from))
        .with_context(|| format!("cargo build names no program {name}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_that_of_its_package() {
        let text = "[[package]]\nname = \"a\"\nversion = \"1.0.0\"\n\n\
                    [[package]]\nname = \"ab\"\nversion = \"2.0.0\"\n";
        assert_eq!(version_in(text, "ab").as_deref(), Some("2.0.0"));
        assert_eq!(version_in(text, "b"), None);
    }
}
