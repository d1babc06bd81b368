//! The charts: how many times as fast as the reference, and with how much of its processor time.

use std::path::Path;

use anyhow::{Context as _, anyhow};
use plotters::prelude::*;

use super::report::{Figure, Measured, Results, Row, Spread};

pub(super) const COLOURS: [RGBColor; 6] = [
    RGBColor(140, 140, 140),
    RGBColor(31, 119, 180),
    RGBColor(44, 160, 44),
    RGBColor(214, 120, 20),
    RGBColor(148, 103, 189),
    RGBColor(170, 50, 50),
];

/// Writes all charts into a directory: two for each group of scenarios.
pub(super) fn write(results: &Results, directory: &Path) -> anyhow::Result<()> {
    let mut groups: Vec<&str> = Vec::new();
    for measured in &results.measured {
        if !groups.contains(&&*measured.group) {
            groups.push(&measured.group);
        }
    }
    for group in groups {
        let of_group = |measured: &&Measured| measured.group == group;
        let measured: Vec<&Measured> = results.measured.iter().filter(of_group).collect();
        let is_memory = |measured: &&Measured| measured.figure == Figure::Memory;
        let dash = if group.is_empty() { "" } else { "-" };
        let name = format!("{}{dash}{group}", results.subject);
        let write = |kind: &str, what: &str, figure: Relative| {
            let file = directory.join(format!("{name}-{kind}.svg"));
            let title = format!("{what}, relative to {}", results.reference);
            let bars = bars(&measured, figure);
            if bars.is_empty() {
                // Nothing was counted, as where there is no server.
                return Ok(());
            }
            draw(&file, &title, &bars)
                .map_err(|error| anyhow!("{error}"))
                .with_context(|| format!("{} cannot be drawn", file.display()))
        };
        if measured.iter().any(is_memory) {
            write("used", "Memory of the server", Measured::speed)?;
            continue;
        }
        write("speed", "Speed", Measured::speed)?;
        if results.subject == "client" {
            let what = "Processor time of the client";
            write("client-cpu", what, Measured::client_cpu)?;
        } else {
            let what = "Processor time of the server";
            write("server-cpu", what, Measured::server_cpu)?;
        }
    }
    Ok(())
}

/// A figure of a pairing, relative to the reference of its scenario.
type Relative = fn(&Measured, &Row) -> Option<Spread>;

/// A bar for each pairing of each scenario.
struct Bar {
    scenario: String,
    pairing: String,
    spread: Spread,
}

fn bars(measured: &[&Measured], figure: Relative) -> Vec<Bar> {
    let mut bars = Vec::new();
    for measured in measured {
        for row in &measured.rows {
            if let Some(spread) = figure(measured, row) {
                bars.push(Bar {
                    scenario: measured.scenario.clone(),
                    pairing: row.name.clone(),
                    spread,
                });
            }
        }
    }
    bars
}

/// Room for the names of scenarios.
fn width(scenarios: usize) -> u32 {
    u32::try_from(scenarios * 150).map_or(900, |width| width.max(900))
}

fn draw(file: &Path, title: &str, bars: &[Bar]) -> Result<(), Box<dyn std::error::Error>> {
    let mut scenarios: Vec<&str> = bars.iter().map(|bar| &*bar.scenario).collect();
    scenarios.dedup();
    let mut pairings: Vec<&str> = Vec::new();
    for bar in bars {
        if !pairings.contains(&&*bar.pairing) {
            pairings.push(&bar.pairing);
        }
    }
    let top = bars.iter().map(|bar| bar.spread.max).fold(1.0, f64::max) * 1.1;
    let area = SVGBackend::new(file, (width(scenarios.len()), 420)).into_drawing_area();
    area.fill(&WHITE)?;
    let mut chart = ChartBuilder::on(&area)
        .caption(title, ("sans-serif", 20))
        .margin(12)
        .x_label_area_size(32)
        .y_label_area_size(48)
        .build_cartesian_2d(0.0..scenarios.len() as f64, 0.0..top)?;
    chart
        .configure_mesh()
        .disable_x_mesh()
        .disable_x_axis()
        .y_label_formatter(&|ratio| format!("{ratio:.1}"))
        .draw()?;

    let width = 0.8 / pairings.len().max(1) as f64;
    for (place, pairing) in pairings.iter().enumerate() {
        let colour = COLOURS[place % COLOURS.len()];
        let own = bars.iter().filter(|bar| bar.pairing == *pairing);
        let shapes = own.filter_map(|bar| {
            let group = scenarios.iter().position(|name| *name == &*bar.scenario)?;
            let left = group as f64 + 0.1 + place as f64 * width;
            Some((left, bar.spread))
        });
        let shapes: Vec<(f64, Spread)> = shapes.collect();
        chart
            .draw_series(shapes.iter().map(|(left, spread)| {
                let corners = [(*left, 0.0), (left + width * 0.9, spread.median)];
                Rectangle::new(corners, colour.filled())
            }))?
            .label(*pairing)
            .legend(move |(x, y)| Rectangle::new([(x, y - 5), (x + 12, y + 5)], colour.filled()));
        chart.draw_series(shapes.iter().map(|(left, spread)| {
            let middle = left + width * 0.45;
            PathElement::new([(middle, spread.min), (middle, spread.max)], BLACK)
        }))?;
    }
    let end = scenarios.len() as f64;
    chart.draw_series([PathElement::new([(0.0, 1.0), (end, 1.0)], BLACK)])?;
    let labels = chart.plotting_area();
    for (group, name) in scenarios.iter().enumerate() {
        let (x, y) = labels.map_coordinate(&(group as f64 + 0.25, 0.0));
        area.draw_text(
            name,
            &("sans-serif", 14).into_text_style(&area),
            (x, y + 10),
        )?;
    }
    chart
        .configure_series_labels()
        .background_style(WHITE)
        .border_style(BLACK)
        .position(SeriesLabelPosition::UpperRight)
        .draw()?;
    area.present()?;
    Ok(())
}
