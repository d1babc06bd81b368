//! ftpkit as its users have it: built for release.

use std::{
    path::PathBuf,
    process::{Command, Stdio},
};

use anyhow::{Context as _, bail};
use serde_json::Value;

/// Builds the program `ftpkit` and tells where it is.
pub(super) fn release() -> anyhow::Result<PathBuf> {
    eprintln!("building ftpkit for release");
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args(["build", "--release", "--locked", "-p", "ftpkit-cli"])
        .arg("--message-format=json-render-diagnostics")
        .current_dir(super::root())
        .stderr(Stdio::inherit())
        .output()
        .context("cargo cannot be started")?;
    if !output.status.success() {
        bail!("ftpkit does not build: {}", output.status);
    }
    String::from_utf8_lossy(&output.stdout)
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .filter(|message| message["target"]["name"] == "ftpkit")
        .find_map(|message| message["executable"].as_str().map(PathBuf::from))
        .context("cargo build names no program ftpkit")
}
