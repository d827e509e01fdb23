//! A figure as plotly's JSON, which JupyterLab draws interactively without a network.

use plotly::color::Rgba;
use plotly::common::{Anchor, DashType, Font, Label, Orientation, Title};
use plotly::configuration::ModeBarButtonName;
use plotly::layout::{
    Annotation, Axis as PlotlyAxis, AxisConstrain, AxisType, BarMode, GroupClick, HoverMode, Legend, Margin, ModeBar,
    Shape, ShapeLine, ShapeType,
};
use plotly::{Configuration, Layout, Plot};
use serde_json::{Value, json};

use super::axis::Axis;
use super::figure::{Figure, Panel};
use super::layout::LegendEntry;
use super::narrow::{ABOVE, BETWEEN, HEADING, LABEL, NARROW, TITLE, wrap};
use super::series::{Grid, Mark, Rule};
use super::style::Color;
use crate::error::Result;

/// Text that reads on white and on near black: a contrast above 4 to both.
const TEXT: Color = Color::rgb(0x77, 0x77, 0x77);
/// The same, as the page reads it.
pub(super) const GREY_TEXT: &str = "#777777";
const GRID: Color = Color { alpha: 0.25, ..Color::GREY };
const CLEAR: Color = Color { alpha: 0.0, ..Color::rgb(0, 0, 0) };
/// The width in pixels of a page that lengths relative to the figure are chosen for.
const USUAL_WIDTH: f64 = 800.0;
/// Height in pixels of a line of the legend.
const LEGEND_LINE: f64 = 20.0;

impl Figure {
    /// The figure for plotly: as wide as the page, backgrounds transparent, texts and grid lines in greys that read on
    /// light and dark pages.
    ///
    /// # Errors
    /// A call in the figure's chain that could not be carried out.
    pub fn to_plotly(&self) -> Result<Plot> {
        self.check()?;
        let texts = self.wrapped();
        let legend = self.legend();
        let lines = legend_lines(&legend, NARROW);
        let further = (lines - legend_lines(&legend, USUAL_WIDTH)) * LEGEND_LINE + texts.title_height;
        let rows = self.panel_rows() as f64;
        let height = self.page_height(USUAL_WIDTH)
            + further
            + texts.heading_height * rows
            + texts.label_height
            + (texts.between - BETWEEN - texts.heading_height).max(0.0) * (rows - 1.0);
        let head = if self.title.is_empty() { 30.0 } else { 64.0 } + ABOVE + texts.title_height + texts.heading_height;
        // Room for ticks and a label, below which the legend begins.
        let pictures = self.panels.iter().all(|panel| panel.pictures().is_some());
        let foot = if pictures { 16.0 } else { 62.0 } + texts.label_height;
        let below = foot + lines * LEGEND_LINE;
        let inner = (height - head - below).max(60.0);

        let mut plot = Plot::new();
        let mut layout = Layout::new()
            .auto_size(true)
            .height(height as usize)
            .margin(Margin::new().left(60).right(14).top(head as usize).bottom(below as usize))
            .font(Font::new().size(LABEL).color(css(TEXT)))
            .paper_background_color(css(CLEAR))
            .plot_background_color(css(CLEAR))
            .mode_bar(ModeBar::new().background_color(css(CLEAR)).color(css(TEXT)).active_color(css(Color::BLUE)))
            .bar_mode(BarMode::Overlay)
            .hover_mode(HoverMode::Closest)
            .hover_label(Label::new().name_length(-1))
            .show_legend(!legend.is_empty())
            .legend(
                Legend::new()
                    .orientation(Orientation::Horizontal)
                    .x(0.5)
                    .x_anchor(Anchor::Center)
                    .y(-foot / inner)
                    .y_anchor(Anchor::Top)
                    .trace_group_gap(0)
                    .group_click(GroupClick::ToggleGroup)
                    .background_color(css(CLEAR)),
            );
        if !self.title.is_empty() {
            let title = Title::with_text(html(&texts.title)).font(Font::new().size(TITLE));
            layout = layout.title(title.x(0.5).x_anchor(Anchor::Center).y(1.0 - 20.0 / height).y_anchor(Anchor::Top));
        }
        let (mut notes, mut shapes) = (Vec::new(), Vec::new());
        let mut named: Vec<&str> = Vec::new();
        for (index, (panel, [heading, label])) in self.panels.iter().zip(&texts.panels).enumerate() {
            let place = self.place(index, inner, texts.between);
            layout = panel.lay_out(layout, index, &place, self.y_ends(panel), label, self.has_y_ticks(index));
            notes.extend((!heading.is_empty()).then(|| above(heading, &place)));
            for mark in &panel.marks {
                // A name that two panels share is in the legend once.
                let mut first = |name| {
                    !named.contains(&name) && {
                        named.push(name);
                        true
                    }
                };
                match mark {
                    Mark::Series(series) => {
                        let show = series.in_legend && !series.name.is_empty() && first(series.name.as_str());
                        series.trace(&mut plot, index, show);
                    }
                    Mark::Bars(bars) => bars.trace(&mut plot, index, first(bars.name.as_str())),
                    Mark::Grid(grid) => {
                        grid.trace(&mut plot, index, &place, inner);
                        notes.extend(grid.notes(index));
                    }
                    Mark::Rule(rule) => {
                        let (shape, note) = rule.draw(panel, index, self.narrow_column());
                        shapes.push(shape);
                        notes.push(note);
                    }
                }
            }
        }
        plot.set_layout(layout.annotations(notes).shapes(shapes));
        let unused = [
            ModeBarButtonName::Select2d,
            ModeBarButtonName::Lasso2d,
            ModeBarButtonName::ZoomIn2d,
            ModeBarButtonName::ZoomOut2d,
            ModeBarButtonName::AutoScale2d,
        ];
        // Not responsive: JupyterLab resizes a figure by itself, and of a responsive one it would forget the height.
        let configuration = Configuration::new().responsive(false).display_logo(false);
        plot.set_configuration(configuration.mode_bar_buttons_to_remove(unused.to_vec()));
        Ok(plot)
    }

    /// [`Self::to_plotly`] as JSON, with the legend where its room begins, in pixels: relative to the panels, where plotly's Rust
    /// interface can put it alone, it moves over the ticks when a page that is made wider or narrower resizes the figure.
    ///
    /// # Errors
    /// As [`Self::to_plotly`].
    #[cfg_attr(not(feature = "notebook"), allow(dead_code, reason = "notebooks display it"))]
    pub(crate) fn to_plotly_json(&self) -> Result<String> {
        let mut drawn = serde_json::to_value(self.to_plotly()?).expect("a plot is plain data");
        let height = drawn.pointer("/layout/height").and_then(Value::as_f64).unwrap_or(1.0);
        let top = legend_lines(&self.legend(), NARROW) * LEGEND_LINE / height;
        if let Some(legend) = drawn.pointer_mut("/layout/legend") {
            for (key, value) in [("yref", json!("container")), ("y", json!(top)), ("yanchor", json!("top"))] {
                legend[key] = value;
            }
        }
        Ok(drawn.to_string())
    }

    /// The part of the figure that a panel's axes take, as fractions: left, right, bottom, top.
    fn place(&self, index: usize, inner: f64, between: f64) -> [f64; 4] {
        let (columns, rows) = (self.panel_columns(), self.panel_rows());
        // Room for the numbers of the next panel's axis, and of a colour bar beside them, in a narrow page as well.
        let bars = self.panels.iter().any(|panel| panel.grid().is_some_and(Grid::has_bar));
        let gap_x = if self.share_y { 0.04 } else { 0.1 } + if bars { 0.03 } else { 0.0 };
        let gap_y = (between / inner).min(0.5 / rows as f64);
        let width = (1.0 - gap_x * (columns - 1) as f64) / columns as f64;
        let height = (1.0 - gap_y * (rows - 1) as f64) / rows as f64;
        let left = (index % columns) as f64 * (width + gap_x);
        let top = 1.0 - (index / columns) as f64 * (height + gap_y);
        let bar = self.panels[index].grid().is_some_and(Grid::has_bar);
        // Plotly refuses an end that rounding has put a hair outside of 0 to 1.
        [left, left + width - if bar { 0.11 } else { 0.0 }, top - height, top].map(|end| end.clamp(0.0, 1.0))
    }
}

impl Panel {
    fn lay_out(
        &self,
        layout: Layout,
        index: usize,
        &[left, right, bottom, top]: &[f64; 4],
        y: [f64; 2],
        label: &str,
        y_ticks: bool,
    ) -> Layout {
        let pictures = self.pictures().is_some();
        let mut x = self.x.plotly(self.x_ends(), label).domain(&[left, right]).anchor(axis("y", index));
        let mut y = self.y.plotly(y, &self.y.label).domain(&[bottom, top]).anchor(axis("x", index));
        if !y_ticks {
            y = y.show_tick_labels(false);
        }
        if pictures {
            x = x.visible(false).constrain(AxisConstrain::Domain);
            y = y.visible(false).constrain(AxisConstrain::Domain).scale_anchor(axis("x", index));
        } else if self.grid().is_some() {
            (x, y) = (x.show_grid(false), y.show_grid(false));
        }
        match index {
            0 => layout.x_axis(x).y_axis(y),
            1 => layout.x_axis2(x).y_axis2(y),
            2 => layout.x_axis3(x).y_axis3(y),
            3 => layout.x_axis4(x).y_axis4(y),
            4 => layout.x_axis5(x).y_axis5(y),
            5 => layout.x_axis6(x).y_axis6(y),
            6 => layout.x_axis7(x).y_axis7(y),
            _ => layout.x_axis8(x).y_axis8(y),
        }
    }
}

/// A title above a panel.
fn above(title: &str, &[left, right, _, top]: &[f64; 4]) -> Annotation {
    let middle = note(title).font(Font::new().size(HEADING)).x((left + right) / 2.0).x_anchor(Anchor::Center).y(top);
    middle.x_ref("paper").y_ref("paper").y_anchor(Anchor::Bottom).y_shift(ABOVE)
}

impl Axis {
    /// The ticks of a logarithmic axis, as values.
    fn places(&self, ends: [f64; 2]) -> Vec<(f64, String)> {
        self.ticks(ends, 8).into_iter().map(|(at, text)| (10f64.powf(at), text)).collect()
    }

    fn plotly(&self, ends: [f64; 2], label: &str) -> PlotlyAxis {
        let axis = PlotlyAxis::new()
            .type_(if self.log { AxisType::Log } else { AxisType::Linear })
            .range(ends.to_vec())
            .grid_color(css(GRID))
            .line_color(css(GRID))
            .show_line(true)
            .zero_line(false)
            .auto_margin(true);
        // Plotly's own ticks of a logarithmic axis are single digits between its powers of ten.
        let ticks = self.ticks.clone().or_else(|| self.log.then(|| self.places(ends)));
        let axis = match ticks {
            Some(ticks) => axis
                .tick_values(ticks.iter().map(|(at, _)| *at).collect())
                .tick_text(ticks.iter().map(|(_, text)| html(text)).collect()),
            None => axis,
        };
        if label.is_empty() { axis } else { axis.title(Title::with_text(html(label))) }
    }
}

impl Rule {
    /// In a panel that has so many pixels on a narrow page.
    fn draw(&self, panel: &Panel, index: usize, room: f64) -> (Shape, Annotation) {
        let line = ShapeLine::new().color(css(TEXT)).width(1.5).dash(DashType::Dash);
        let shape = Shape::new().shape_type(ShapeType::Line).line(line);
        let (x, y) = (axis("x", index), axis("y", index));
        let (across, up) = (format!("{x} domain"), format!("{y} domain"));
        let text = note(&wrap(&self.label, LABEL, if self.upright { 0.7 * room } else { room }));
        // Plotly places a shape on a logarithmic axis by its value, a text by its logarithm.
        if self.upright {
            let text = text.x_ref(&x).y_ref(&up).x(panel.x.measure(self.at)).y(1.0);
            let shape = shape.x_ref(&x).y_ref(&up).x0(self.at).x1(self.at).y0(0.0).y1(1.0);
            let anchor = if panel.is_right(self) { Anchor::Right } else { Anchor::Left };
            (shape, text.x_anchor(anchor).y_anchor(Anchor::Top))
        } else {
            let text = text.x_ref(&across).y_ref(&y).x(1.0).y(panel.y.measure(self.at));
            let shape = shape.x_ref(&across).y_ref(&y).x0(0.0).x1(1.0).y0(self.at).y1(self.at);
            (shape, text.x_anchor(Anchor::Right).y_anchor(Anchor::Bottom))
        }
    }
}

/// About how many lines the legend takes on a page of a width: plotly alone knows its font. All entries are as wide as the widest.
fn legend_lines(legend: &[LegendEntry<'_>], page: f64) -> f64 {
    let widest = legend.iter().map(|entry| 46.0 + 6.8 * entry.name.chars().count() as f64).fold(0.0, f64::max);
    let columns = ((page - 20.0) / widest).floor().max(1.0);
    (legend.len() as f64 / columns).ceil()
}

/// Plotly's name of a panel's axis: `x`, `x2`, `x3`, …
pub(super) fn axis(letter: &str, panel: usize) -> String {
    if panel == 0 { letter.to_owned() } else { format!("{letter}{}", panel + 1) }
}

pub(super) fn note(text: &str) -> Annotation {
    Annotation::new().text(html(text)).show_arrow(false)
}

pub(super) fn css(color: Color) -> Rgba {
    Rgba::new(color.red, color.green, color.blue, color.alpha)
}

/// Plotly reads a subset of HTML in every text.
pub(super) fn html(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('\n', "<br>")
}

#[cfg(test)]
mod tests {
    use super::super::ColorScale;
    use super::*;
    use ndarray::array;

    fn drawn(figure: &Figure) -> Value {
        serde_json::from_str(&figure.to_plotly().unwrap().to_json()).unwrap()
    }

    #[test]
    fn a_pages_legend_is_in_its_room_at_the_figures_bottom() {
        let figure =
            Figure::new("t").line("ours", [1, 2], [1.0, 2.0]).line("the paper's", [1, 2], [1.0, 2.0]).height(400);
        let page: Value = serde_json::from_str(&figure.to_plotly_json().unwrap()).unwrap();
        let legend = &page["layout"]["legend"];
        assert_eq!(
            [&legend["yref"], &legend["yanchor"], &legend["y"]],
            [&json!("container"), &json!("top"), &json!(0.05)]
        );
        assert_eq!(page["data"], drawn(&figure)["data"]);
    }

    #[test]
    fn every_series_is_a_trace_with_its_points_style_and_error_bars() {
        let figure = Figure::new("t")
            .line("ours", [1, 2, 3], [Some(1.0), None, Some(3.0)])
            .error_bars([0.1, 0.2, 0.3])
            .scatter("paper", [1.0], [2.0])
            .open();
        let json = drawn(&figure);
        let traces = json["data"].as_array().unwrap();
        assert_eq!(traces.len(), 2);
        assert_eq!(traces[0]["y"], json!([1.0, null, 3.0]));
        assert_eq!(traces[0]["error_y"]["array"], json!([0.1, 0.2, 0.3]));
        assert_eq!(traces[0]["mode"], "lines");
        assert_eq!(traces[1]["marker"]["symbol"], "circle-open");
        assert_eq!(json["layout"]["showlegend"], true);
    }

    #[test]
    fn panels_have_axes_of_their_own_and_share_one_entry_of_a_name() {
        let figure =
            Figure::new("t").panel("a").line("s", [1], [1.0]).panel("b").line("s", [1], [2.0]).line("r", [1], [3.0]);
        let json = drawn(&figure);
        let traces = json["data"].as_array().unwrap();
        assert_eq!((&traces[0]["xaxis"], &traces[1]["xaxis"]), (&json!("x"), &json!("x2")));
        assert_eq!((&traces[0]["showlegend"], &traces[1]["showlegend"]), (&json!(true), &json!(false)));
        let left = json["layout"]["xaxis"]["domain"][1].as_f64().unwrap();
        assert!(left < json["layout"]["xaxis2"]["domain"][0].as_f64().unwrap());
    }

    #[test]
    fn panels_that_share_an_axis_have_its_numbers_once_and_a_common_label_stands_below_the_last_row() {
        let panels = |figure: Figure| {
            ["a", "b", "c", "d"]
                .into_iter()
                .fold(figure.columns(2), |figure, title| figure.panel(title).line("s", [1], [1.0]).x_label("Epoch"))
        };
        let layout = &drawn(&panels(Figure::new("t").share_y()))["layout"];
        let numbers =
            ["yaxis", "yaxis2", "yaxis3", "yaxis4"].map(|axis| layout[axis]["showticklabels"] != json!(false));
        assert_eq!(numbers, [true, false, true, false]);
        let labels = ["xaxis", "xaxis2", "xaxis3", "xaxis4"].map(|axis| layout[axis]["title"]["text"].as_str());
        assert_eq!(labels, [None, None, Some("Epoch"), Some("Epoch")]);
        let apart = &drawn(&panels(Figure::new("t")))["layout"];
        assert!(apart["yaxis2"].get("showticklabels").is_none());
    }

    #[test]
    fn backgrounds_are_transparent_and_the_width_is_the_pages() {
        let layout = &drawn(&Figure::new("t").line("s", [1], [1.0]))["layout"];
        for background in ["paper_bgcolor", "plot_bgcolor"] {
            assert!(layout[background].as_str().unwrap().ends_with("0)"), "{}", layout[background]);
        }
        assert_eq!(layout["autosize"], true);
        assert!(layout.get("width").is_none());
        assert!(layout["height"].as_f64().is_some_and(|height| height > 200.0));
    }

    #[test]
    fn texts_cannot_smuggle_markup_into_the_page() {
        let text = drawn(&Figure::new("<b>t</b>").line("<a>", [1], [1.0]).x_label("p < q")).to_string();
        assert!(!text.contains("<b>") && !text.contains("<a>") && text.contains("p &lt; q"), "{text}");
    }

    #[test]
    fn a_matrix_keeps_row_0_on_top_and_a_logarithmic_axis_its_type() {
        let json = drawn(&Figure::new("t").heat_map(&array![[1.0, 2.0], [3.0, f64::NAN]], ColorScale::Sequential));
        assert_eq!(json["data"][0]["z"], json!([[1.0, 2.0], [3.0, null]]));
        assert_eq!(json["layout"]["yaxis"]["range"], json!([1.5, -0.5]));
        let json = drawn(&Figure::new("t").line("s", [1], [10.0]).log_y().y_range(1.0, 100.0));
        assert_eq!(json["layout"]["yaxis"]["type"], "log");
        assert_eq!(json["layout"]["yaxis"]["range"], json!([0.0, 2.0]));
    }
}
