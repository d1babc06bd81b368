//! The charts of growth: both axes are logarithmic.

use std::path::Path;

use anyhow::{Context as _, anyhow};
use plotters::prelude::*;

use super::{
    super::super::{chart::COLOURS, report::Spread},
    curve::{Curve, Line, short},
    steps::Growth,
};

/// Draws a curve into a directory.
pub(super) fn draw(
    curve: &Curve,
    growth: &Growth,
    lines: &[Line],
    directory: &Path,
) -> anyhow::Result<()> {
    let file = directory.join(format!("growth-{}.svg", curve.name));
    try_to_draw(&file, curve, growth, lines)
        .map_err(|error| anyhow!("{error}"))
        .with_context(|| format!("{} cannot be drawn", file.display()))
}

fn try_to_draw(
    file: &Path,
    curve: &Curve,
    growth: &Growth,
    lines: &[Line],
) -> Result<(), Box<dyn std::error::Error>> {
    let lines = curve.lines(lines);
    let figures: Vec<Vec<(f64, Spread)>> = lines
        .iter()
        .map(|line| {
            let figure = |point| curve.figure(point);
            let points = line.points.iter();
            points
                .map(|point| (point.x as f64, figure(point)))
                .collect()
        })
        .collect();
    let all = || figures.iter().flatten();
    let (first, last) = all().fold((f64::MAX, 1.0), |(first, last), (x, _)| {
        (x.min(first), x.max(last))
    });
    // There is no place for 0.
    let positive = all().map(|(_, spread)| spread.min).filter(|min| *min > 0.0);
    let low = positive.fold(f64::MAX, f64::min).max(curve.floor / 10.0);
    let high = all().map(|(_, spread)| spread.max).fold(low, f64::max);
    // A flat curve looks flat, and no curve lies below the legend.
    let low = low.min(high / 10.0) / 1.5;
    let high = high * (high / low).powf(0.35);

    let area = SVGBackend::new(file, (720, 420)).into_drawing_area();
    area.fill(&WHITE)?;
    let mut chart = ChartBuilder::on(&area)
        .caption(curve.unit, ("sans-serif", 20))
        .margin(12)
        .x_label_area_size(44)
        .y_label_area_size(60)
        .build_cartesian_2d(
            (first / 1.3..last * 1.3).log_scale().base(growth.base),
            (low..high).log_scale(),
        )?;
    chart
        .configure_mesh()
        .light_line_style(WHITE)
        .x_desc(growth.what)
        .x_label_formatter(&|x| short(*x))
        .y_label_formatter(&|y| tick(*y))
        .draw()?;
    // Grey is for what is no server.
    let [grey, colours @ ..] = COLOURS;
    for ((line, points), colour) in lines.iter().zip(&figures).zip(colours) {
        let colour = if line.is_control { grey } else { colour };
        let medians: Vec<(f64, f64)> = points
            .iter()
            .map(|(x, spread)| (*x, spread.median.max(low)))
            .collect();
        let spreads = points.iter().map(|(x, spread)| {
            let ends = [(*x, spread.min.max(low)), (*x, spread.max.max(low))];
            PathElement::new(ends, colour)
        });
        chart.draw_series(spreads)?;
        let circles = medians
            .iter()
            .map(|at| Circle::new(*at, 4, colour.filled()));
        chart.draw_series(circles)?;
        chart
            .draw_series([PathElement::new(medians.clone(), colour.stroke_width(2))])?
            .label(line.name)
            .legend(move |(x, y)| Rectangle::new([(x, y - 5), (x + 12, y + 5)], colour.filled()));
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

/// A number with one digit that is not 0, as the steps of the axis are.
fn tick(number: f64) -> String {
    if number >= 1.0 {
        return short(number);
    }
    let digits = (1..9).find(|digits| number * 10_f64.powi(*digits) > 0.99);
    let digits = digits.map_or(9, |digits| digits as usize);
    format!("{number:.digits$}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_have_one_digit() {
        for (number, text) in [
            (0.000_1, "0.0001"),
            (0.1 + 0.2, "0.3"),
            (1.0, "1"),
            (20_000.0, "20k"),
        ] {
            assert_eq!(tick(number), text);
        }
    }
}
