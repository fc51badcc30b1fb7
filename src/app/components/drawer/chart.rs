//! Paints the chart of lag onto its canvas, in the colours of the page.

use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters_canvas::CanvasBackend;
use web_sys::{CssStyleDeclaration, HtmlCanvasElement};

use crate::engine::common::Time;

/// One line: a group's lag in one partition.
#[derive(Clone, Debug, PartialEq)]
pub struct ChartLine {
    pub group: String,
    pub partition: String,
    pub points: Vec<(Time, u64)>,
}

/// Tokens that lines wear, in turn. Each line also carries its number at its end.
const COLOURS: [&str; 8] = ["--key-1", "--key-2", "--key-3", "--key-4", "--key-5", "--key-6", "--key-7", "--key-8"];

/// Paints; a canvas without room or context stays empty, and the table beside it says the same.
pub fn paint(canvas: &HtmlCanvasElement, lines: &[ChartLine], now: Time, lag: &str) {
    let _ = try_paint(canvas, lines, now, lag);
}

fn try_paint(canvas: &HtmlCanvasElement, lines: &[ChartLine], now: Time, lag: &str) -> Option<()> {
    let window = web_sys::window()?;
    let style = window.get_computed_style(canvas).ok()??;
    let scale = window.device_pixel_ratio().max(1.0);
    let (width, height) =
        (whole(f64::from(canvas.client_width()) * scale), whole(f64::from(canvas.client_height()) * scale));
    if width < 40 || height < 40 || lines.is_empty() {
        return None;
    }
    canvas.set_width(width);
    canvas.set_height(height);
    let token = |name: &str| colour(&style, name);
    let size = |px: f64| whole(px * scale);
    let font = style.get_property_value("font-family").ok()?;
    let caption = token("--ink-3");
    let text = || TextStyle::from((font.as_str(), size(11.0))).color(&caption);

    let root = CanvasBackend::with_canvas_object(canvas.clone())?.into_drawing_area();
    root.fill(&token("--surface-app")).ok()?;
    let end = seconds(now).max(1.0);
    let highest = lines.iter().flat_map(|line| &line.points).map(|(_, lag)| *lag).max().unwrap_or(0).max(4);
    #[allow(clippy::cast_precision_loss, reason = "a lag that needs 53 bits is no lag that anybody charts")]
    let top = highest as f64 * 1.1;
    let mut chart = ChartBuilder::on(&root)
        .margin(size(8.0))
        .margin_right(size(30.0))
        .x_label_area_size(size(22.0))
        .y_label_area_size(size(40.0))
        .build_cartesian_2d(0.0..end, 0.0..top)
        .ok()?;
    chart
        .configure_mesh()
        .disable_x_mesh()
        .light_line_style(token("--surface-app"))
        .bold_line_style(token("--line"))
        .axis_style(token("--line-3"))
        .label_style(text())
        .y_desc(lag)
        .x_labels(6)
        .y_labels(4)
        .x_label_formatter(&|x| format!("{x:.0} s"))
        .y_label_formatter(&|y| format!("{y:.0}"))
        .draw()
        .ok()?;
    for (index, line) in lines.iter().enumerate() {
        let ink = token(COLOURS[index % COLOURS.len()]);
        let corners = staircase(&line.points, end);
        let last = corners.last().copied()?;
        chart.draw_series(LineSeries::new(corners, ink.stroke_width(size(1.6)))).ok()?;
        let at_end = Pos::new(HPos::Left, VPos::Center);
        let label = TextStyle::from((font.as_str(), size(11.0))).color(&ink).pos(at_end);
        let offset = i32::try_from(size(4.0)).unwrap_or(4);
        let mark = EmptyElement::at(last) + Text::new((index + 1).to_string(), (offset, 0), label);
        chart.draw_series(std::iter::once(mark)).ok()?;
    }
    root.present().ok()
}

/// Lag stays as it is until it changes.
fn staircase(points: &[(Time, u64)], end: f64) -> Vec<(f64, f64)> {
    let mut corners = Vec::with_capacity(points.len() * 2 + 1);
    let mut level = 0.0;
    for (at, lag) in points {
        corners.push((seconds(*at), level));
        #[allow(clippy::cast_precision_loss, reason = "as above")]
        {
            level = *lag as f64;
        }
        corners.push((seconds(*at), level));
    }
    corners.push((end, level));
    corners
}

fn seconds(time: Time) -> f64 {
    #[allow(clippy::cast_precision_loss, reason = "microseconds of a simulated day need 37 bits")]
    let micros = time.0 as f64;
    micros / 1e6
}

fn whole(number: f64) -> u32 {
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "pixels of a screen")]
    let whole = number.round().clamp(0.0, 16_000.0) as u32;
    whole
}

/// A token's colour, `#rrggbb` as tokens.css writes it.
fn colour(style: &CssStyleDeclaration, name: &str) -> RGBColor {
    let text = style.get_property_value(name).unwrap_or_default();
    let hex = text.trim().trim_start_matches('#');
    let part = |at: usize| hex.get(at..at + 2).and_then(|two| u8::from_str_radix(two, 16).ok());
    match (part(0), part(2), part(4)) {
        (Some(red), Some(green), Some(blue)) => RGBColor(red, green, blue),
        _ => RGBColor(128, 128, 128),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lag_is_drawn_in_steps() {
        let corners = staircase(&[(Time(1_000_000), 2), (Time(3_000_000), 0)], 4.0);
        assert_eq!(corners, [(1.0, 0.0), (1.0, 2.0), (3.0, 2.0), (3.0, 0.0), (4.0, 0.0)]);
    }
}
