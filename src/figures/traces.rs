//! Plotly's traces: one for each series, its band, bars and grid.

use plotly::common::{
    Anchor, ColorBar, ColorScale, ColorScaleElement, DashType, ErrorData, ErrorType, Fill, Font, HoverInfo, Line,
    Marker as PlotlyMarker, MarkerSymbol, Mode, Side, ThicknessMode, TickMode, Title, Visible,
};
use plotly::layout::Annotation;
use plotly::{Bar, HeatMap, Plot, Scatter};
use serde_json::Value;

use super::axis::Axis;
use super::plotly::{axis, css, html, note};
use super::series::{Bars, Grid, Series};
use super::style::{BAND, Color, Dash, Marker};

/// What a colour bar measures stands above it up to so many letters, and else beside it, upright.
pub(super) const LONG: usize = 3;
/// A heat map of more cells is stored a byte for each.
const MOST_NUMBERS: usize = 5_000;

impl Series {
    pub(super) fn trace(&self, plot: &mut Plot, panel: usize, show_legend: bool) {
        // Plotly leaves a trace without a point out of the legend as well.
        let (xs, ys) =
            if self.xs.is_empty() { (vec![f64::NAN], vec![f64::NAN]) } else { (self.xs.clone(), self.ys.clone()) };
        let line = Line::new().color(css(self.color)).width(2.0).dash(match self.line {
            Some(Dash::Dashed) => DashType::Dash,
            Some(Dash::Dotted) => DashType::Dot,
            _ => DashType::Solid,
        });
        let mode = match (self.line, self.marker) {
            (Some(_), Some(_)) => Mode::LinesMarkers,
            (Some(_), None) => Mode::Lines,
            _ => Mode::Markers,
        };
        let marker = PlotlyMarker::new()
            .color(css(self.color))
            .size(9)
            .symbol(symbol(self.marker.unwrap_or(Marker::Circle), self.open));
        let mut trace = Scatter::new(xs, ys)
            .name(html(&self.name))
            .legend_group(html(self.legend_group()))
            .show_legend(show_legend)
            .mode(mode)
            .opacity(self.opacity)
            .line(line)
            .marker(marker)
            .x_axis(axis("x", panel))
            .y_axis(axis("y", panel));
        if let Some((below, above)) = &self.errors {
            let mut bars = ErrorData::new(ErrorType::Data).array(above.clone());
            if below != above {
                bars = bars.symmetric(false).array_minus(below.clone());
            }
            trace = trace.error_y(bars.color(css(self.color)).thickness(1.5).width(3));
        }
        if self.hidden {
            trace = trace.visible(Visible::LegendOnly);
        }
        if let Some((low, high)) = &self.band {
            // There along the upper edge and back along the lower one.
            let there: Vec<usize> = self.shown().collect();
            let back = there.iter().rev();
            let outline = Scatter::new(
                there.iter().chain(back.clone()).map(|&index| self.xs[index]).collect(),
                there.iter().map(|&index| high[index]).chain(back.map(|&index| low[index])).collect::<Vec<_>>(),
            );
            let outline = outline
                .mode(Mode::Lines)
                .fill(Fill::ToSelf)
                .fill_color(css(self.color.with_alpha(BAND)))
                .line(Line::new().width(0.0))
                .hover_info(HoverInfo::Skip)
                .legend_group(html(self.legend_group()))
                .show_legend(show_legend && self.is_area());
            // A band around a line goes by the line's name.
            let outline = if self.is_area() { outline.name(html(&self.name)) } else { outline };
            let outline = if self.hidden { outline.visible(Visible::LegendOnly) } else { outline };
            plot.add_trace(outline.x_axis(axis("x", panel)).y_axis(axis("y", panel)));
        }
        if self.is_area() {
            return;
        }
        plot.add_trace(trace);
    }
}

impl Bars {
    pub(super) fn trace(&self, plot: &mut Plot, panel: usize, show_legend: bool) {
        // One width for all: bars of a figure are equally wide.
        let width = self.edges.first().map_or(1.0, |[left, right]| right - left);
        let middles = self.edges.iter().map(|[left, right]| (left + right) / 2.0).collect();
        let trace = Bar::new(middles, self.heights.clone())
            .name(html(&self.name))
            .legend_group(html(&self.name))
            .show_legend(show_legend && !self.name.is_empty())
            .width(width)
            .marker(PlotlyMarker::new().color(css(self.color)).opacity(self.opacity));
        plot.add_trace(trace.x_axis(axis("x", panel)).y_axis(axis("y", panel)));
    }
}

impl Grid {
    /// Numbers on the colour bar, which is so many pixels long, and their texts: three at least, since one tells nothing of the scale.
    pub(super) fn bar_ticks(&self, length: f64) -> Vec<(f64, String)> {
        let ticks = |count| Axis::default().ticks([self.low, self.high], count);
        let usual = (length / 45.0).max(2.0) as usize;
        (usual..usual + 6).map(ticks).find(|ticks| ticks.len() > 2).unwrap_or_else(|| ticks(usual))
    }

    /// The labels of a mosaic's pictures.
    pub(super) fn notes(&self, panel: usize) -> impl Iterator<Item = Annotation> + '_ {
        self.labels.iter().map(move |(x, y, text)| {
            let label = note(text).font(Font::new().size(10)).x_ref(axis("x", panel)).y_ref(axis("y", panel));
            label.x(x - 0.5).x_anchor(Anchor::Center).y(y - 0.5).y_anchor(Anchor::Bottom).border_pad(0.0)
        })
    }

    pub(super) fn trace(&self, plot: &mut Plot, panel: usize, &[_, right, bottom, top]: &[f64; 4], inner: f64) {
        let values = self.values.outer_iter();
        let bytes = self.pictures || self.values.len() > MOST_NUMBERS;
        let (rows, low, high): (Vec<Vec<Value>>, f64, f64) = if bytes {
            // A byte for each cell, as in pictures themselves, keeps a notebook small.
            let byte = |value: f64| ((value - self.low) / (self.high - self.low) * 255.0).round() as u8;
            let pixel = |value: &f64| if value.is_finite() { byte(*value).into() } else { Value::Null };
            (values.map(|row| row.iter().map(pixel).collect()).collect(), 0.0, 255.0)
        } else {
            // Four significant digits are as much as a colour tells.
            let short = |value: &f64| format!("{value:.3e}").parse::<f64>().unwrap_or(f64::NAN).into();
            (values.map(|row| row.iter().map(short).collect()).collect(), self.low, self.high)
        };
        let stops = self.scale.stops();
        let stops = stops.iter().enumerate().map(|(index, color)| {
            let Color { red, green, blue, .. } = *color;
            ColorScaleElement(index as f64 / (stops.len() - 1) as f64, format!("rgb({red},{green},{blue})"))
        });
        let mut trace = HeatMap::new_z(rows)
            .zmin(low)
            .zmax(high)
            .color_scale(ColorScale::Vector(stops.collect()))
            .show_scale(self.has_bar())
            .hover_on_gaps(false)
            .x_axis(axis("x", panel))
            .y_axis(axis("y", panel));
        if bytes {
            trace = trace.hover_info(HoverInfo::Skip);
        }
        if self.has_bar() {
            let length = ((top - bottom) * inner) as usize;
            let mut bar = ColorBar::new().x(right + 0.01).x_pad(3.0).y((bottom + top) / 2.0).thickness(12);
            bar = bar.len_mode(ThicknessMode::Pixels).len(length).outline_width(0);
            if !self.measure.is_empty() {
                let title = Title::with_text(html(&self.measure));
                // Above the bar a longer text would reach over the next panel.
                bar = bar.title(if self.measure.chars().count() > LONG { title.side(Side::Right) } else { title });
            }
            if bytes {
                let (places, texts) = self.bar_ticks(length as f64).into_iter().unzip::<_, _, Vec<f64>, Vec<String>>();
                let byte = |value: f64| (value - self.low) / (self.high - self.low) * 255.0;
                bar = bar.tick_mode(TickMode::Array).tick_vals(places.into_iter().map(byte).collect()).tick_text(texts);
            }
            trace = trace.color_bar(bar);
        }
        plot.add_trace(trace);
    }
}

fn symbol(marker: Marker, open: bool) -> MarkerSymbol {
    match (marker, open) {
        (Marker::Circle, false) => MarkerSymbol::Circle,
        (Marker::Circle, true) => MarkerSymbol::CircleOpen,
        (Marker::Square, false) => MarkerSymbol::Square,
        (Marker::Square, true) => MarkerSymbol::SquareOpen,
        (Marker::Diamond, false) => MarkerSymbol::Diamond,
        (Marker::Diamond, true) => MarkerSymbol::DiamondOpen,
        (Marker::TriangleUp, false) => MarkerSymbol::TriangleUp,
        (Marker::TriangleUp, true) => MarkerSymbol::TriangleUpOpen,
        (Marker::TriangleDown, false) => MarkerSymbol::TriangleDown,
        (Marker::TriangleDown, true) => MarkerSymbol::TriangleDownOpen,
        (Marker::Plus, false) => MarkerSymbol::Cross,
        (Marker::Plus, true) => MarkerSymbol::CrossOpen,
        (Marker::Cross, false) => MarkerSymbol::X,
        (Marker::Cross, true) => MarkerSymbol::XOpen,
    }
}
