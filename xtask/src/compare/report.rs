//! What came out: a table for people, JSON for programs, ratios for both.

use std::{fmt::Write as _, fs, path::Path};

use anyhow::Context as _;
use serde_json::{Map, Value, json};

use super::{Options, ftpkit, network, process, root, runner::Run};

const GIB: f64 = (1u64 << 30) as f64;

/// All of a comparison.
#[derive(Debug)]
pub(super) struct Results {
    pub(super) subject: &'static str,
    pub(super) measured: Vec<Measured>,
    about: Map<String, Value>,
    versions: Map<String, Value>,
}

/// A scenario and its rows, the reference first.
#[derive(Debug)]
pub(super) struct Measured {
    pub(super) scenario: &'static str,
    pub(super) streams: usize,
    pub(super) bytes: u64,
    /// How much of its unit a run moves.
    pub(super) amount: f64,
    pub(super) unit: &'static str,
    pub(super) rows: Vec<Row>,
}

/// A pairing and its runs, in the order in which they ran.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) name: String,
    pub(super) runs: Vec<Run>,
}

/// The middle of some figures, and how far they reach.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Spread {
    pub(super) median: f64,
    pub(super) min: f64,
    pub(super) max: f64,
}

impl Spread {
    /// Of some figures; of none it is 0.
    pub(super) fn of(figures: impl IntoIterator<Item = f64>) -> Self {
        let mut figures: Vec<f64> = figures.into_iter().collect();
        figures.sort_by(f64::total_cmp);
        let at = |at: usize| figures.get(at).copied().unwrap_or(0.0);
        let last = figures.len().saturating_sub(1);
        Self {
            median: f64::midpoint(at(last / 2), at(figures.len() / 2).min(at(last))),
            min: at(0),
            max: at(last),
        }
    }

    fn json(self) -> Value {
        json!({ "median": self.median, "min": self.min, "max": self.max })
    }
}

impl Measured {
    /// How much of the unit a pairing moves in a second.
    pub(super) fn rate(&self, row: &Row) -> Spread {
        Spread::of(row.runs.iter().map(|run| self.amount / run.seconds))
    }

    /// The ratio of a figure of a pairing to that of the reference, turn by turn.
    fn ratio(&self, row: &Row, figure: impl Fn(&Run) -> f64) -> Option<Spread> {
        let turns = row.runs.iter().zip(&self.rows.first()?.runs);
        let ratios: Vec<f64> = turns
            .map(|(run, reference)| figure(run) / figure(reference))
            // Too little to be counted in hundredths of a second.
            .filter(|ratio| ratio.is_finite())
            .collect();
        (!ratios.is_empty()).then(|| Spread::of(ratios))
    }

    /// How many times as fast as the reference.
    pub(super) fn speed(&self, row: &Row) -> Option<Spread> {
        self.ratio(row, |run| 1.0 / run.seconds)
    }

    /// How many times the processor time of the reference's server.
    pub(super) fn server_cpu(&self, row: &Row) -> Option<Spread> {
        self.ratio(row, |run| run.server_cpu)
    }

    /// How many times the processor time of the reference's clients.
    pub(super) fn client_cpu(&self, row: &Row) -> Option<Spread> {
        self.ratio(row, |run| run.client_cpu)
    }
}

impl Results {
    /// Without figures yet, with what is known of the machine.
    pub(super) fn new(subject: &'static str, options: &Options) -> anyhow::Result<Self> {
        let git = |arguments: &[&str]| {
            let root = root().to_str().context("a path that is no text")?;
            let arguments = [&["-C", root], arguments].concat();
            process::output(Path::new("git"), &arguments)
        };
        let mut results = Self {
            subject,
            measured: Vec::new(),
            about: Map::new(),
            versions: Map::new(),
        };
        // A comparison of an archive is as good, but cannot say of what.
        results.note("commit", git(&["rev-parse", "HEAD"]).unwrap_or_default());
        let changed = git(&["status", "--porcelain", "--untracked-files=no"]);
        results.note("changed", changed.is_ok_and(|changed| !changed.is_empty()));
        results.note("command", options.command(subject));
        results.note("runs", options.runs());
        results.note("processor", processor()?);
        let processors = std::thread::available_parallelism().map_or(0, usize::from);
        results.note("processors", processors);
        results.note("system", process::output(Path::new("uname"), &["-srm"])?);
        results.note("congestion control", network::congestion_control());
        results.version("rustc", ftpkit::compiler()?);
        Ok(results)
    }

    /// Says something of the whole comparison.
    pub(super) fn note(&mut self, name: &str, value: impl Into<Value>) {
        self.about.insert(name.to_owned(), value.into());
    }

    /// Says which version of something took part.
    pub(super) fn version(&mut self, name: &str, version: String) {
        self.versions.insert(name.to_owned(), version.into());
    }

    /// Adds the figures of a scenario.
    pub(super) fn add(&mut self, measured: Measured) {
        self.measured.push(measured);
    }
}

fn processor() -> anyhow::Result<String> {
    let text = fs::read_to_string("/proc/cpuinfo").context("/proc/cpuinfo cannot be read")?;
    let line = text.lines().find(|line| line.starts_with("model name"));
    let name = line.and_then(|line| line.split_once(':'));
    Ok(name.map_or_else(String::new, |(_, name)| name.trim().to_owned()))
}

/// The table, with a line for each pairing.
pub(super) fn table(results: &Results) -> String {
    let mut text = String::new();
    let header = [
        "scenario",
        "server - client",
        "rate",
        "spread",
        "ratio",
        "server CPU s",
        "ratio",
        "client CPU s",
        "ratio",
        "foreign",
    ];
    let mut lines = vec![header.map(str::to_owned)];
    for measured in &results.measured {
        for row in &measured.rows {
            let rate = measured.rate(row);
            let median = |figure: fn(&Run) -> f64| Spread::of(row.runs.iter().map(figure)).median;
            let ratio = |ratio: Option<Spread>| {
                ratio.map_or_else(|| "-".to_owned(), |ratio| format!("{:.2}", ratio.median))
            };
            let foreign = Spread::of(row.runs.iter().map(|run| run.foreign_cpu / run.seconds));
            lines.push([
                measured.scenario.to_owned(),
                row.name.clone(),
                format!("{:.0} {}", rate.median, measured.unit),
                format!("{:.0}..{:.0}", rate.min, rate.max),
                ratio(measured.speed(row)),
                format!("{:.2}", median(|run| run.server_cpu)),
                ratio(measured.server_cpu(row)),
                format!("{:.2}", median(|run| run.client_cpu)),
                ratio(measured.client_cpu(row)),
                format!("{:.2}", foreign.median),
            ]);
        }
    }
    let mut widths = [0; 10];
    for line in &lines {
        for (width, cell) in widths.iter_mut().zip(line) {
            *width = (*width).max(cell.chars().count());
        }
    }
    for line in &lines {
        for (at, (cell, width)) in line.iter().zip(widths).enumerate() {
            let _ = match at {
                0 | 1 => write!(text, "{cell:width$}  "),
                _ => write!(text, "{cell:>width$}  "),
            };
        }
        text.truncate(text.trim_end().len());
        text.push('\n');
    }
    text.push_str(
        "medians; ratios to the first pairing of the scenario, turn by turn; foreign: processors \
         that others kept busy\n",
    );
    text
}

/// Writes all of it into a directory.
pub(super) fn write(results: &Results, directory: &Path) -> anyhow::Result<()> {
    let mut value = results.about.clone();
    value.insert("versions".to_owned(), results.versions.clone().into());
    let scenarios: Vec<Value> = results.measured.iter().map(scenario).collect();
    value.insert("scenarios".to_owned(), scenarios.into());
    let file = directory.join(format!("{}.json", results.subject));
    let text = serde_json::to_string_pretty(&value)?;
    fs::write(&file, text + "\n").with_context(|| format!("{} cannot be written", file.display()))
}

fn scenario(measured: &Measured) -> Value {
    let pairing = |row: &Row| {
        let runs = row.runs.iter().map(|run| {
            json!({
                "seconds": run.seconds,
                "bytes": run.bytes,
                "server_cpu": run.server_cpu,
                "client_cpu": run.client_cpu,
                "foreign_cpu": run.foreign_cpu,
                "stolen_cpu": run.stolen_cpu,
            })
        });
        let per_gib = |run: &Run| run.server_cpu / (run.bytes as f64 / GIB);
        json!({
            "pairing": row.name,
            "rate": measured.rate(row).json(),
            "server_cpu_per_gib": Spread::of(row.runs.iter().map(per_gib)).json(),
            "ratio": measured.speed(row).map(Spread::json),
            "server_cpu_ratio": measured.server_cpu(row).map(Spread::json),
            "client_cpu_ratio": measured.client_cpu(row).map(Spread::json),
            "runs": runs.collect::<Vec<_>>(),
        })
    };
    json!({
        "scenario": measured.scenario,
        "streams": measured.streams,
        "bytes": measured.bytes,
        "unit": measured.unit,
        "pairings": measured.rows.iter().map(pairing).collect::<Vec<_>>(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(seconds: f64, server_cpu: f64) -> Run {
        Run {
            seconds,
            bytes: 1 << 30,
            server_cpu,
            client_cpu: 0.0,
            foreign_cpu: 0.0,
            stolen_cpu: 0.0,
        }
    }

    #[test]
    fn the_median_of_an_even_number_is_between_two() {
        for (figures, median) in [
            (&[][..], 0.0),
            (&[3.0][..], 3.0),
            (&[4.0, 1.0][..], 2.5),
            (&[9.0, 1.0, 2.0][..], 2.0),
            (&[9.0, 1.0, 2.0, 4.0][..], 3.0),
        ] {
            let spread = Spread::of(figures.iter().copied());
            assert_eq!(spread.median, median, "{figures:?}");
        }
        let spread = Spread::of([2.0, 7.0, 5.0]);
        assert_eq!((spread.min, spread.max), (2.0, 7.0));
    }

    /// A slow minute of the machine hits both, and leaves their ratio as it is.
    #[test]
    fn ratios_are_those_of_each_turn() {
        let row = |name: &str, runs: [Run; 3]| Row {
            name: name.to_owned(),
            runs: runs.into(),
        };
        let measured = Measured {
            scenario: "get",
            streams: 1,
            bytes: 1 << 30,
            amount: 1000.0,
            unit: "MB/s",
            rows: vec![
                row("a", [run(1.0, 0.5), run(8.0, 0.5), run(2.0, 0.5)]),
                row("b", [run(0.5, 0.25), run(4.0, 1.0), run(1.0, 0.1)]),
            ],
        };
        let [reference, other] = &measured.rows[..] else {
            panic!("two rows");
        };
        assert_eq!(measured.speed(reference).map(|s| s.median), Some(1.0));
        let even = Spread {
            median: 2.0,
            min: 2.0,
            max: 2.0,
        };
        assert_eq!(measured.speed(other), Some(even));
        assert_eq!(measured.server_cpu(other).map(|s| s.median), Some(0.5));
        assert_eq!(measured.rate(other).median, 1000.0);
        // Nothing was counted, so nothing is said.
        assert_eq!(measured.client_cpu(other), None);
    }
}
