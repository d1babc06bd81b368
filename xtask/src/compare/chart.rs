//! The charts: how many times as fast as the reference, and with how much of its processor time.

use std::path::Path;

use anyhow::{Context as _, anyhow};
use plotters::prelude::*;

use super::report::{Measured, Results, Row, Spread};

const COLOURS: [RGBColor; 4] = [
    RGBColor(140, 140, 140),
    RGBColor(31, 119, 180),
    RGBColor(44, 160, 44),
    RGBColor(214, 120, 20),
];

/// Writes both into a directory.
pub(super) fn write(results: &Results, directory: &Path) -> anyhow::Result<()> {
    type Figure = fn(&Measured, &Row) -> Option<Spread>;
    let charts: [(&str, &str, Figure); 2] = [
        (
            "speed",
            "Speed, relative to OpenSSH with itself",
            Measured::speed,
        ),
        (
            "server-cpu",
            "Processor time of the server, relative to OpenSSH with itself",
            Measured::server_cpu,
        ),
    ];
    for (name, title, figure) in charts {
        let file = directory.join(format!("{}-{name}.svg", results.subject));
        let bars = bars(results, figure);
        draw(&file, title, &bars)
            .map_err(|error| anyhow!("{error}"))
            .with_context(|| format!("{} cannot be drawn", file.display()))?;
    }
    Ok(())
}

/// A bar for each pairing of each scenario.
struct Bar {
    scenario: &'static str,
    pairing: String,
    spread: Spread,
}

fn bars(results: &Results, figure: fn(&Measured, &Row) -> Option<Spread>) -> Vec<Bar> {
    let mut bars = Vec::new();
    for measured in &results.measured {
        for row in &measured.rows {
            if let Some(spread) = figure(measured, row) {
                bars.push(Bar {
                    scenario: measured.scenario,
                    pairing: row.name.clone(),
                    spread,
                });
            }
        }
    }
    bars
}

fn draw(file: &Path, title: &str, bars: &[Bar]) -> Result<(), Box<dyn std::error::Error>> {
    let mut scenarios: Vec<&str> = bars.iter().map(|bar| bar.scenario).collect();
    scenarios.dedup();
    let mut pairings: Vec<&str> = Vec::new();
    for bar in bars {
        if !pairings.contains(&&*bar.pairing) {
            pairings.push(&bar.pairing);
        }
    }
    let top = bars.iter().map(|bar| bar.spread.max).fold(1.0, f64::max) * 1.1;
    let area = SVGBackend::new(file, (900, 420)).into_drawing_area();
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
            let group = scenarios.iter().position(|name| *name == bar.scenario)?;
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
