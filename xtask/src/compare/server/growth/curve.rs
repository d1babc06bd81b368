//! Curves: what was measured at each step, and whether it costs more per unit at the last ones.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::super::super::report::{Spread, rounded};

/// From this ratio on, the last step is called dearer than the middle one.
const BEND: f64 = 1.3;

/// What one run of a step gave.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sample {
    /// In which round it ran, from 1 on.
    pub(super) turn: usize,
    pub(super) seconds: f64,
    /// Sessions, entries, or files.
    pub(super) operations: u64,
    pub(super) bytes: u64,
    /// What the server needed of it, in KiB.
    pub(super) memory: f64,
    pub(super) server_cpu: f64,
    pub(super) client_cpu: f64,
    /// What everybody else used meanwhile.
    pub(super) foreign_cpu: f64,
    /// What the machine's host took meanwhile.
    pub(super) stolen_cpu: f64,
}

/// A step with its runs.
#[derive(Debug)]
pub(super) struct Point {
    pub(super) x: u64,
    pub(super) samples: Vec<Sample>,
}

/// All steps of one way to do it.
#[derive(Debug)]
pub(super) struct Line {
    pub(super) name: &'static str,
    /// Whether it is the system alone, which tells what of a bend is not ftpkit's.
    pub(super) is_control: bool,
    pub(super) points: Vec<Point>,
}

impl Line {
    pub(super) fn new(
        name: &'static str,
        is_control: bool,
        steps: impl Iterator<Item = u64>,
    ) -> Self {
        let point = |x| Point {
            x,
            samples: Vec::new(),
        };
        Self {
            name,
            is_control,
            points: steps.map(point).collect(),
        }
    }

    pub(super) fn json(&self) -> Value {
        let points = self.points.iter().map(|point| {
            let samples: Vec<Value> = point.samples.iter().map(Sample::json).collect();
            json!({ "x": point.x, "runs": samples })
        });
        json!({
            "line": self.name,
            "is_control": self.is_control,
            "points": points.collect::<Vec<_>>(),
        })
    }
}

/// How the cost per unit follows from a curve's figure.
#[derive(Clone, Copy, Debug)]
pub(super) enum Cost {
    /// The figure is one.
    Itself,
    /// For each of what grows, in a unit that there are so many of in the curve's.
    PerUnit(&'static str, f64),
    /// The figure is a rate.
    Inverse(&'static str, f64),
}

/// A figure of each step.
#[derive(Debug)]
pub(super) struct Curve {
    pub(super) name: &'static str,
    pub(super) unit: &'static str,
    pub(super) of: fn(&Point, &Sample) -> f64,
    pub(super) cost: Cost,
    /// Below this, figures are not told apart.
    pub(super) floor: f64,
    /// Whether it is of time, which the system alone needs too.
    pub(super) has_control: bool,
}

/// Whether a line costs more per unit at its end.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Bend {
    /// The cost at the last step to that at the middle one.
    ratio: f64,
    /// Whether that is more than noise.
    is_upward: bool,
}

impl Bend {
    /// Upward is what costs a third more, if even its best run is worse than the worst one of the
    /// middle step.
    fn of(costs: &[Spread]) -> Option<Self> {
        let (middle, last) = (costs.get(costs.len() / 2)?, costs.last()?);
        let ratio = last.median / middle.median;
        Some(Self {
            ratio,
            is_upward: ratio > BEND && last.min > middle.max,
        })
    }

    const fn word(self) -> &'static str {
        if self.is_upward {
            "BENDS UPWARD"
        } else {
            "does not bend upward"
        }
    }
}

impl Curve {
    pub(super) const fn new(
        name: &'static str,
        unit: &'static str,
        of: fn(&Point, &Sample) -> f64,
        cost: Cost,
    ) -> Self {
        Self {
            name,
            unit,
            of,
            cost,
            floor: 0.0,
            has_control: false,
        }
    }

    /// The same, where the system alone has such a figure.
    pub(super) const fn with_control(mut self) -> Self {
        self.has_control = true;
        self
    }

    /// Those of all lines that have this figure.
    pub(super) fn lines<'a>(&self, all: &'a [Line]) -> Vec<&'a Line> {
        let all = all.iter();
        all.filter(|line| self.has_control || !line.is_control)
            .collect()
    }

    pub(super) fn figure(&self, point: &Point) -> Spread {
        Spread::of(point.samples.iter().map(|sample| (self.of)(point, sample)))
    }

    fn cost(&self, point: &Point) -> Spread {
        Spread::of(point.samples.iter().map(|sample| {
            let figure = (self.of)(point, sample).max(self.floor);
            match self.cost {
                Cost::Itself => figure,
                Cost::PerUnit(_, factor) => figure * factor / point.x as f64,
                Cost::Inverse(_, factor) => factor / figure,
            }
        }))
    }

    fn bend(&self, line: &Line) -> Option<Bend> {
        let costs: Vec<Spread> = line.points.iter().map(|point| self.cost(point)).collect();
        Bend::of(&costs)
    }

    /// The figures of all steps for people, and the costs per unit where these are others.
    pub(super) fn table(&self, what: &str, lines: &[Line]) -> String {
        let lines = self.lines(lines);
        let mut text = format!("\n{}: {}\n", self.name, self.unit);
        let mut rows: Vec<Vec<String>> = Vec::new();
        let steps = lines.first().map_or(&[][..], |line| &line.points);
        let header = steps.iter().map(|point| short(point.x as f64));
        rows.push([what.to_owned()].into_iter().chain(header).collect());
        let row = |name: String, points: &[Point], figure: &dyn Fn(&Point) -> Spread| {
            let cells = points
                .iter()
                .map(|point| rounded_small(figure(point).median));
            [name].into_iter().chain(cells).collect()
        };
        for line in &lines {
            let name = line.name.to_owned();
            rows.push(row(name, &line.points, &|point| self.figure(point)));
            if let Cost::PerUnit(unit, _) | Cost::Inverse(unit, _) = self.cost {
                let name = format!("  {unit}");
                rows.push(row(name, &line.points, &|point| self.cost(point)));
            }
        }
        let columns = rows.first().map_or(0, Vec::len);
        let width = |column: usize| {
            let cells = rows.iter().filter_map(|row| row.get(column));
            cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
        };
        let widths: Vec<usize> = (0..columns).map(width).collect();
        for row in &rows {
            for (at, (cell, width)) in row.iter().zip(&widths).enumerate() {
                let _ = match at {
                    0 => write!(text, "{cell:width$}"),
                    _ => write!(text, "  {cell:>width$}"),
                };
            }
            text.push('\n');
        }
        for line in lines {
            if let Some(bend) = self.bend(line) {
                let (word, ratio) = (bend.word(), bend.ratio);
                let _ = writeln!(
                    text,
                    "{}: {word}; per unit, the last step costs {ratio:.2} times the middle one",
                    line.name
                );
            }
        }
        text
    }

    pub(super) fn json(&self, lines: &[Line]) -> Value {
        let line = |line: &Line| {
            let points = line.points.iter().map(|point| {
                json!({
                    "x": point.x,
                    "figure": self.figure(point).json(),
                    "cost_per_unit": self.cost(point).json(),
                })
            });
            let bend = self.bend(line);
            json!({
                "line": line.name,
                "points": points.collect::<Vec<_>>(),
                "last_to_middle": bend.map(|bend| bend.ratio),
                "bends_upward": bend.map(|bend| bend.is_upward),
            })
        };
        let cost_unit = match self.cost {
            Cost::Itself => self.unit,
            Cost::PerUnit(unit, _) | Cost::Inverse(unit, _) => unit,
        };
        json!({
            "curve": self.name,
            "unit": self.unit,
            "cost_unit": cost_unit,
            "lines": self.lines(lines).into_iter().map(line).collect::<Vec<_>>(),
        })
    }
}

/// A number in thousands, millions, and so on.
pub(super) fn short(number: f64) -> String {
    let units = [(1e9, "G"), (1e6, "M"), (1e3, "k")];
    let unit = units.into_iter().find(|(unit, _)| number >= *unit);
    let (number, unit) = unit.map_or((number, ""), |(factor, unit)| (number / factor, unit));
    let digits = if number < 10.0 && number.fract() > 0.05 {
        1
    } else {
        0
    };
    format!("{number:.digits$}{unit}")
}

/// Three digits, wherever the point is.
fn rounded_small(figure: f64) -> String {
    match figure.abs() {
        0.0 => "0".to_owned(),
        ..0.001 => format!("{figure:.2e}"),
        0.001..1.0 => format!("{figure:.4}"),
        _ => rounded(figure),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spread(figures: [f64; 3]) -> Spread {
        Spread::of(figures)
    }

    #[test]
    fn noise_is_no_bend() {
        let even = spread([1.0, 1.1, 1.2]);
        for (last, is_upward) in [
            ([1.0, 1.1, 1.2], false),
            // More, but not by a third.
            ([1.3, 1.35, 1.4], false),
            // By a third, but not always.
            ([1.1, 1.6, 1.7], false),
            ([1.5, 1.6, 1.7], true),
            ([0.1, 0.2, 0.3], false),
        ] {
            let bend = Bend::of(&[even, even, spread(last)]);
            assert_eq!(bend.map(|bend| bend.is_upward), Some(is_upward), "{last:?}");
        }
        assert_eq!(Bend::of(&[]), None);
    }

    #[test]
    fn costs_are_per_unit() {
        let sample = Sample {
            turn: 1,
            seconds: 2.0,
            operations: 4,
            bytes: 100,
            memory: 0.0,
            server_cpu: 0.0,
            client_cpu: 0.0,
            foreign_cpu: 0.0,
            stolen_cpu: 0.0,
        };
        let point = Point {
            x: 10,
            samples: vec![sample],
        };
        let cost = |cost| {
            let curve = Curve::new("", "", |_, sample| sample.seconds, cost);
            curve.cost(&point).median
        };
        assert_eq!(cost(Cost::Itself), 2.0);
        assert_eq!(cost(Cost::PerUnit("", 100.0)), 20.0);
        assert_eq!(cost(Cost::Inverse("", 100.0)), 50.0);
    }

    #[test]
    fn numbers_are_short() {
        for (number, text) in [
            (1.0, "1"),
            (64.0, "64"),
            (4096.0, "4.1k"),
            (1e4, "10k"),
            (8_589_934_592.0, "8.6G"),
        ] {
            assert_eq!(short(number), text);
        }
        assert_eq!(rounded_small(0.0375), "0.0375");
        assert_eq!(rounded_small(12.34), "12.3");
    }
}
