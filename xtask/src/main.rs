//! The project's own chores, run as `cargo xtask NAME`.

mod compare;

use clap::Parser;

#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", about)]
enum Chore {
    /// Measure ftpkit beside its peers, on this machine, in the same run.
    #[command(subcommand)]
    Compare(compare::Subject),
}

fn main() -> anyhow::Result<()> {
    let Chore::Compare(subject) = Chore::parse();
    compare::run(subject)
}
