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
    /// What ratios are to, for the charts' titles.
    pub(super) reference: &'static str,
    pub(super) measured: Vec<Measured>,
    about: Map<String, Value>,
    versions: Map<String, Value>,
}

/// A scenario and its rows, the reference first.
#[derive(Debug)]
pub(super) struct Measured {
    pub(super) scenario: String,
    /// Scenarios of one group share their charts; a comparison without groups has the empty one.
    pub(super) group: String,
    pub(super) figure: Figure,
    pub(super) streams: usize,
    pub(super) unit: String,
    pub(super) rows: Vec<Row>,
    /// By which command, of which commit.
    pub(super) about: Map<String, Value>,
}

/// What the runs of a scenario are compared by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Figure {
    /// The amount in a second: more is better.
    Rate,
    /// The amount itself: less is better.
    Memory,
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

    pub(super) fn json(self) -> Value {
        json!({ "median": self.median, "min": self.min, "max": self.max })
    }
}

impl Measured {
    /// What a run is compared by.
    fn figure_of(&self, run: &Run) -> f64 {
        match self.figure {
            Figure::Rate => run.amount / run.seconds,
            Figure::Memory => run.amount,
        }
    }

    /// How much of the unit a pairing moves in a second, or needs.
    pub(super) fn rate(&self, row: &Row) -> Spread {
        Spread::of(row.runs.iter().map(|run| self.figure_of(run)))
    }

    /// Puts the best first, which makes it the reference, but never a pairing whose name begins so.
    pub(super) fn put_best_first(&mut self, except: &str) {
        let mut rows = std::mem::take(&mut self.rows);
        rows.sort_by(|one, other| {
            let is_last = |row: &Row| row.name.starts_with(except);
            let better = match self.figure {
                Figure::Rate => self.rate(other).median.total_cmp(&self.rate(one).median),
                Figure::Memory => self.rate(one).median.total_cmp(&self.rate(other).median),
            };
            is_last(one).cmp(&is_last(other)).then(better)
        });
        self.rows = rows;
    }

    /// The ratio of a figure of a pairing to that of the reference, turn by turn.
    fn ratio(&self, row: &Row, figure: impl Fn(&Run) -> f64) -> Option<Spread> {
        let reference = &self.rows.first()?.runs;
        let turns = row.runs.iter().filter_map(|run| {
            let other = reference.iter().find(|other| other.turn == run.turn)?;
            Some((run, other))
        });
        let ratios: Vec<f64> = turns
            .map(|(run, reference)| figure(run) / figure(reference))
            // Too little to be counted in hundredths of a second.
            .filter(|ratio| ratio.is_finite())
            .collect();
        (!ratios.is_empty()).then(|| Spread::of(ratios))
    }

    /// How many times as fast as the reference, or how many times its memory.
    pub(super) fn speed(&self, row: &Row) -> Option<Spread> {
        self.ratio(row, |run| self.figure_of(run))
    }

    /// How many times the processor time of the reference's server, for the same amount.
    pub(super) fn server_cpu(&self, row: &Row) -> Option<Spread> {
        self.ratio(row, |run| run.server_cpu / run.amount)
    }

    /// How many times the processor time of the reference's clients, for the same amount.
    pub(super) fn client_cpu(&self, row: &Row) -> Option<Spread> {
        self.ratio(row, |run| run.client_cpu / run.amount)
    }
}

impl Results {
    /// Without figures yet, with what is known of the machine.
    pub(super) fn new(
        subject: &'static str,
        reference: &'static str,
        options: &Options,
    ) -> anyhow::Result<Self> {
        let git = |arguments: &[&str]| {
            let root = root().to_str().context("a path that is no text")?;
            let arguments = [&["-C", root], arguments].concat();
            process::output(Path::new("git"), &arguments)
        };
        let mut results = Self {
            subject,
            reference,
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

    /// What is known of all of it.
    pub(super) fn about(&self) -> Map<String, Value> {
        let mut about = self.about.clone();
        about.insert("versions".to_owned(), self.versions.clone().into());
        about
    }

    /// Adds the figures of a scenario.
    pub(super) fn add(&mut self, mut measured: Measured) {
        for name in ["commit", "changed", "command"] {
            let value = self.about.get(name).cloned().unwrap_or_default();
            measured.about.insert(name.to_owned(), value);
        }
        self.measured.push(measured);
    }

    /// Keeps what an earlier run has written of other scenarios, each with the command and the
    /// commit that it was measured by, in a given order of scenarios.
    pub(super) fn keep_others(&mut self, directory: &Path, order: &[&str]) -> anyhow::Result<()> {
        let Ok(text) = fs::read_to_string(directory.join(format!("{}.json", self.subject))) else {
            return Ok(());
        };
        let value: Value = serde_json::from_str(&text)?;
        for scenario in value["scenarios"].as_array().into_iter().flatten() {
            let kept = read(scenario).context("earlier results cannot be read")?;
            if !self
                .measured
                .iter()
                .any(|measured| measured.scenario == kept.scenario)
            {
                self.measured.push(kept);
            }
        }
        let place = |measured: &Measured| order.iter().position(|name| *name == measured.scenario);
        self.measured.sort_by_key(place);
        Ok(())
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
                measured.scenario.clone(),
                row.name.clone(),
                format!("{} {}", rounded(rate.median), measured.unit),
                format!("{}..{}", rounded(rate.min), rounded(rate.max)),
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

/// Three digits, where there is nothing more to say.
pub(super) fn rounded(figure: f64) -> String {
    match figure.abs() {
        ..10.0 => format!("{figure:.2}"),
        10.0..100.0 => format!("{figure:.1}"),
        _ => format!("{figure:.0}"),
    }
}

/// Writes all of it into a directory.
pub(super) fn write(results: &Results, directory: &Path) -> anyhow::Result<()> {
    let mut value = results.about();
    let scenarios: Vec<Value> = results.measured.iter().map(scenario).collect();
    value.insert("scenarios".to_owned(), scenarios.into());
    save(results.subject, &value, directory)
}

/// Writes what was measured of a subject into a directory.
pub(super) fn save(
    subject: &str,
    value: &Map<String, Value>,
    directory: &Path,
) -> anyhow::Result<()> {
    let file = directory.join(format!("{subject}.json"));
    let text = serde_json::to_string_pretty(value)?;
    fs::write(&file, text + "\n").with_context(|| format!("{} cannot be written", file.display()))
}

fn scenario(measured: &Measured) -> Value {
    let pairing = |row: &Row| {
        let runs = row.runs.iter().map(|run| {
            json!({
                "turn": run.turn,
                "amount": run.amount,
                "seconds": run.seconds,
                "bytes": run.bytes,
                "server_cpu": run.server_cpu,
                "client_cpu": run.client_cpu,
                "foreign_cpu": run.foreign_cpu,
                "stolen_cpu": run.stolen_cpu,
            })
        });
        let mut value = json!({
            "pairing": row.name,
            "rate": measured.rate(row).json(),
            "ratio": measured.speed(row).map(Spread::json),
            "server_cpu_ratio": measured.server_cpu(row).map(Spread::json),
            "client_cpu_ratio": measured.client_cpu(row).map(Spread::json),
            "runs": runs.collect::<Vec<_>>(),
        });
        let per_gib = |run: &Run| run.server_cpu / (run.bytes as f64 / GIB);
        if row.runs.iter().all(|run| run.bytes > 0) {
            let spread = Spread::of(row.runs.iter().map(per_gib));
            value["server_cpu_per_gib"] = spread.json();
        }
        value
    };
    let mut value = measured.about.clone();
    let figure = match measured.figure {
        Figure::Rate => "rate",
        Figure::Memory => "memory",
    };
    value.insert("scenario".to_owned(), measured.scenario.clone().into());
    value.insert("group".to_owned(), measured.group.clone().into());
    value.insert("figure".to_owned(), figure.into());
    value.insert("streams".to_owned(), measured.streams.into());
    value.insert("unit".to_owned(), measured.unit.clone().into());
    let pairings: Vec<Value> = measured.rows.iter().map(pairing).collect();
    value.insert("pairings".to_owned(), pairings.into());
    value.into()
}

/// Reads what [`scenario`] has written.
fn read(value: &Value) -> Option<Measured> {
    let text = |name: &str| Some(value[name].as_str()?.to_owned());
    let row = |row: &Value| {
        let runs = row["runs"].as_array()?.iter().map(|run| {
            let number = |name: &str| run[name].as_f64();
            Some(Run {
                turn: usize::try_from(run["turn"].as_u64()?).ok()?,
                amount: number("amount")?,
                seconds: number("seconds")?,
                bytes: run["bytes"].as_u64()?,
                server_cpu: number("server_cpu")?,
                client_cpu: number("client_cpu")?,
                foreign_cpu: number("foreign_cpu")?,
                stolen_cpu: number("stolen_cpu")?,
            })
        });
        Some(Row {
            name: row["pairing"].as_str()?.to_owned(),
            runs: runs.collect::<Option<_>>()?,
        })
    };
    let about = ["commit", "changed", "command"];
    Some(Measured {
        scenario: text("scenario")?,
        group: text("group")?,
        figure: match value["figure"].as_str()? {
            "memory" => Figure::Memory,
            _ => Figure::Rate,
        },
        streams: usize::try_from(value["streams"].as_u64()?).ok()?,
        unit: text("unit")?,
        rows: value["pairings"]
            .as_array()?
            .iter()
            .map(row)
            .collect::<Option<_>>()?,
        about: about
            .map(|name| (name.to_owned(), value[name].clone()))
            .into_iter()
            .collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(turn: usize, seconds: f64, server_cpu: f64) -> Run {
        Run {
            turn,
            amount: 1000.0,
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
            scenario: "get".to_owned(),
            group: String::new(),
            figure: Figure::Rate,
            streams: 1,
            unit: "MB/s".to_owned(),
            rows: vec![
                row("a", [run(1, 1.0, 0.5), run(2, 8.0, 0.5), run(3, 2.0, 0.5)]),
                row("b", [run(1, 0.5, 0.25), run(2, 4.0, 1.0), run(3, 1.0, 0.1)]),
            ],
            about: Map::new(),
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

    fn measured(figure: Figure) -> Measured {
        let row = |name: &str, amounts: [f64; 2]| Row {
            name: name.to_owned(),
            runs: (1..)
                .zip(amounts)
                .map(|(turn, amount)| Run {
                    amount,
                    ..run(turn, 1.0, 0.5)
                })
                .collect(),
        };
        Measured {
            scenario: "idle".to_owned(),
            group: "memory".to_owned(),
            figure,
            streams: 5,
            unit: "KiB".to_owned(),
            rows: vec![
                row("ours", [1.0, 2.0]),
                row("a", [4.0, 4.0]),
                row("b", [2.0, 3.0]),
            ],
            about: Map::from_iter([("commit".to_owned(), "abc".into())]),
        }
    }

    #[test]
    fn the_best_peer_is_the_reference() {
        let order = |figure| {
            let mut measured = measured(figure);
            measured.put_best_first("ours");
            let names = measured.rows.iter().map(|row| row.name.clone());
            names.collect::<Vec<_>>()
        };
        assert_eq!(order(Figure::Memory), ["b", "a", "ours"]);
        assert_eq!(order(Figure::Rate), ["a", "b", "ours"]);
    }

    /// A slow peer has no part in each turn.
    #[test]
    fn a_ratio_is_to_the_same_turn() {
        let mut measured = measured(Figure::Rate);
        measured.rows.swap(0, 1);
        if let Some(row) = measured.rows.get_mut(1) {
            row.runs.remove(0);
        }
        let ratio = measured
            .speed(&measured.rows[1])
            .map(|spread| spread.median);
        assert_eq!(ratio, Some(0.5));
    }

    #[test]
    fn what_was_written_is_read_again() {
        for figure in [Figure::Memory, Figure::Rate] {
            let before = scenario(&measured(figure));
            let after = read(&before).map(|measured| scenario(&measured));
            let mut before = before;
            for name in ["changed", "command"] {
                before[name] = Value::Null;
            }
            assert_eq!(after, Some(before));
        }
    }
}
