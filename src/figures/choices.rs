//! Several figures of which a page shows one: the reader chooses by a slider or from a list.

use serde_json::{Map, Value, json};

use super::figure::Figure;
use super::plotly::{GREY_TEXT, html};
use crate::error::{Error, Result};

/// Room below the axes that a slider takes, and above them that a list takes, in pixels.
const ROOM: f64 = 64.0;

/// Figures that are alike, such as one for each epoch, with a control that chooses the one that is shown. It works in a stored page
/// too, without the kernel.
///
/// ```
/// use vardrop::figures::{Choices, Figure};
///
/// let line = |slope: i32| Figure::new("A line").line("y", [0, 1], [0, slope]);
/// let choices = (1..=3).fold(Choices::slider("slope"), |all, slope| all.add(slope.to_string(), line(slope)));
/// assert!(choices.to_png()?.starts_with(b"\x89PNG"));
/// # Ok::<(), vardrop::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Choices {
    what: String,
    control: Control,
    figures: Vec<(String, Figure)>,
    first: usize,
    /// Whether a second list chooses among the lines of every figure.
    by_line: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Control {
    Slider,
    List,
}

impl Choices {
    /// A choice by a slider, whose values are of `what`.
    pub fn slider(what: impl Into<String>) -> Self {
        Self { what: what.into(), control: Control::Slider, figures: Vec::new(), first: 0, by_line: false }
    }

    /// A choice from a list of `what`.
    pub fn list(what: impl Into<String>) -> Self {
        Self { control: Control::List, ..Self::slider(what) }
    }

    /// Adds a figure under a name.
    pub fn add(mut self, name: impl Into<String>, figure: Figure) -> Self {
        self.figures.push((name.into(), figure));
        self
    }

    /// Adds a list of the names of the lines, beside the first list or above the figures of a slider. It shows the lines of one name, in
    /// all panels, and takes the place of the legend. All lines of a figure keep their common range.
    pub fn and_by_line(mut self) -> Self {
        self.by_line = true;
        self
    }

    /// Shows the figure of this place first, counted from 0; without it, the first one.
    pub fn begin_with(mut self, place: usize) -> Self {
        self.first = place;
        self
    }

    /// The figure that is shown first, as a PNG file: a picture has no control.
    ///
    /// # Errors
    /// No figure, or one that cannot be drawn.
    pub fn to_png(&self) -> Result<Vec<u8>> {
        self.shown()?.to_png()
    }

    /// What it shows, in a line.
    pub fn title(&self) -> String {
        let title = self.figures.get(self.first).map_or("", |(_, figure)| figure.title());
        format!("{title} (one of {}, by {})", self.figures.len(), self.what)
    }

    fn shown(&self) -> Result<&Figure> {
        let figure = self.figures.get(self.first).map(|(_, figure)| figure);
        figure.ok_or_else(|| {
            Error::argument("choices", format!("{:?}", self.what), format!("more than {} figures", self.first))
        })
    }

    /// As plotly's JSON: the traces of all figures, of which the control shows those of one.
    ///
    /// # Errors
    /// As [`Self::to_png`].
    pub fn to_plotly_json(&self) -> Result<String> {
        let mut page: Value = read(&self.shown()?.to_plotly_json()?);
        let drawn = self.figures.iter().map(|(_, figure)| figure.to_plotly_json().map(|json| read(&json)));
        let mut drawn = drawn.collect::<Result<Vec<Value>>>()?;
        let counts: Vec<usize> = drawn.iter().map(|figure| figure["data"].as_array().map_or(0, Vec::len)).collect();
        let visible = |chosen: usize| -> Value {
            let shown = drawn.iter().enumerate().flat_map(|(index, figure)| {
                figure["data"].as_array().into_iter().flatten().map(move |trace| match trace.get("visible") {
                    _ if index != chosen => json!(false),
                    Some(own) => own.clone(),
                    None => json!(true),
                })
            });
            shown.collect()
        };
        let steps: Vec<Value> = self
            .figures
            .iter()
            .enumerate()
            .map(|(index, (name, _))| {
                let args = json!([{ "visible": visible(index) }, changes(&drawn[index]["layout"])]);
                json!({ "label": html(name), "method": "update", "args": args })
            })
            .collect();
        let shown = visible(self.first);
        let mut traces: Vec<Value> = Vec::with_capacity(counts.iter().sum());
        for figure in &mut drawn {
            traces.extend(figure["data"].as_array_mut().map(std::mem::take).unwrap_or_default());
        }
        for (trace, visible) in traces.iter_mut().zip(shown.as_array().into_iter().flatten()) {
            trace["visible"] = visible.clone();
        }
        let second = self.by_line.then(|| choose_lines(&mut traces));
        page["data"] = traces.into();
        // A title of more lines than the first one's has its room from the beginning.
        for key in ["/height", "/margin/t"] {
            let largest = drawn.iter().filter_map(|figure| figure["layout"].pointer(key)?.as_f64()).fold(0.0, f64::max);
            if let Some(length) = page["layout"].pointer_mut(key) {
                *length = json!(largest);
            }
        }
        self.lay_out(&mut page["layout"], steps, second);
        Ok(page.to_string())
    }

    /// Makes room for the controls, and puts them there.
    fn lay_out(&self, layout: &mut Value, steps: Vec<Value>, second: Option<Vec<Value>>) {
        let (below, above) = (self.control == Control::Slider, self.control == Control::List || second.is_some());
        for side in [below.then_some("b"), above.then_some("t")].into_iter().flatten() {
            for key in ["/height".to_owned(), format!("/margin/{side}")] {
                if let Some(length) = layout.pointer_mut(&key) {
                    *length = json!(length.as_f64().unwrap_or_default() + ROOM);
                }
            }
        }
        let mut lists = Vec::new();
        // The titles of the panels stand below a list.
        let titles = self.figures.iter().map(|(_, figure)| figure.wrapped().heading_height).fold(0.0, f64::max);
        let font = json!({ "color": GREY_TEXT });
        if self.control == Control::Slider {
            // Ticks and their label take room where any panel has them.
            let axes = layout.as_object().into_iter().flatten().filter(|(name, _)| name.starts_with("xaxis"));
            let has_ticks = axes.into_iter().any(|(_, axis)| axis["visible"] != json!(false));
            let below = if has_ticks { 50 } else { 8 };
            for (key, value) in [("y", json!(0)), ("yanchor", json!("bottom"))] {
                layout["legend"][key] = value;
            }
            layout["sliders"] = json!([{
                "active": self.first, "steps": steps, "x": 0, "len": 1, "y": 0, "yanchor": "top", "font": font,
                "pad": { "t": below, "b": 0 }, "bgcolor": "rgba(127,127,127,0.3)", "bordercolor": GREY_TEXT,
                "currentvalue": { "prefix": format!("{}: ", html(&self.what)), "font": { "color": GREY_TEXT, "size": 13 } },
            }]);
        } else {
            lists.push(drop_down(0.0, titles, self.first, steps));
        }
        if let Some(buttons) = second {
            layout["showlegend"] = json!(false);
            lists.push(drop_down(if lists.is_empty() { 0.0 } else { 0.5 }, titles, 0, buttons));
        }
        if !lists.is_empty() {
            layout["updatemenus"] = lists.into();
        }
    }
}

/// A list that unfolds above the panels, from this part of their width on. Unfolded, it lies over the figure: its background does not let
/// the lines through, on a light page or a dark one.
fn drop_down(x: f64, titles: f64, active: usize, buttons: Vec<Value>) -> Value {
    json!({
        "active": active, "buttons": buttons, "type": "dropdown", "direction": "down", "showactive": true,
        "x": x, "xanchor": "left", "y": 1, "yanchor": "bottom", "pad": { "b": 26.0 + titles },
        "font": { "color": "#24292f" }, "bgcolor": "#eceff1", "bordercolor": GREY_TEXT,
    })
}

/// Shows the traces of one name, and answers the buttons that show those of another. What is shown of a figure is `visible`; of these,
/// a trace is there, but clear, if its name is not chosen.
fn choose_lines(traces: &mut [Value]) -> Vec<Value> {
    let mut names: Vec<Value> = Vec::new();
    for trace in traces.iter() {
        if !names.contains(&trace["name"]) {
            names.push(trace["name"].clone());
        }
    }
    let shown = |name: &Value| -> (Vec<f64>, Vec<&str>) {
        let chosen = |trace: &Value| if trace["name"] == *name { (1.0, "all") } else { (0.0, "skip") };
        traces.iter().map(chosen).unzip()
    };
    let sets: Vec<(Vec<f64>, Vec<&str>)> = names.iter().map(shown).collect();
    let button = |(name, (opacity, hover)): (&Value, &(Vec<f64>, Vec<&str>))| {
        let args = json!([{ "opacity": opacity, "hoverinfo": hover }]);
        json!({ "label": name, "method": "restyle", "args": args })
    };
    let buttons = names.iter().zip(&sets).map(button).collect();
    if let Some((opacity, hover)) = sets.into_iter().next() {
        for (trace, (opacity, hover)) in traces.iter_mut().zip(opacity.into_iter().zip(hover)) {
            trace["opacity"] = json!(opacity);
            trace["hoverinfo"] = json!(hover);
        }
    }
    buttons
}

fn read(json: &str) -> Value {
    serde_json::from_str(json).expect("a figure is written as JSON")
}

/// What one figure's layout sets and another's may set otherwise: texts, lines, and the ranges and ticks of its axes.
fn changes(layout: &Value) -> Value {
    let mut changes = Map::new();
    if let Some(title) = layout.pointer("/title/text") {
        changes.insert("title.text".to_owned(), title.clone());
    }
    for key in ["annotations", "shapes"] {
        changes.insert(key.to_owned(), layout.get(key).cloned().unwrap_or_else(|| json!([])));
    }
    for (name, axis) in layout.as_object().into_iter().flatten() {
        if name.starts_with("xaxis") || name.starts_with("yaxis") {
            for key in ["range", "tickvals", "ticktext"] {
                if let Some(value) = axis.get(key) {
                    changes.insert(format!("{name}.{key}"), value.clone());
                }
            }
        }
    }
    changes.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(choices: &Choices) -> Value {
        read(&choices.to_plotly_json().unwrap())
    }

    fn line(title: &str, end: f64) -> Figure {
        Figure::new(title).line("s", [0, 1], [0.0, end])
    }

    #[test]
    fn a_slider_has_a_step_for_each_figure_that_shows_its_traces_title_and_range_alone() {
        let three = [1.0, 2.0, 30.0];
        let choices = three.iter().fold(Choices::slider("end"), |all, &end| all.add(end.to_string(), line("t", end)));
        let page = page(&choices.begin_with(1));
        let visible: Vec<&Value> = page["data"].as_array().unwrap().iter().map(|trace| &trace["visible"]).collect();
        assert_eq!(visible, [&json!(false), &json!(true), &json!(false)]);
        let steps = page["layout"]["sliders"][0]["steps"].as_array().unwrap();
        assert_eq!(steps[2]["args"][0]["visible"], json!([false, false, true]));
        assert!(steps[2]["args"][1]["yaxis.range"][1].as_f64().unwrap() > 30.0);
    }

    #[test]
    fn what_waits_for_a_click_still_does_when_its_figure_is_chosen() {
        let hidden = line("u", 2.0).line("r", [0], [1.0]).hidden();
        let page = page(&Choices::list("which").add("a", line("t", 1.0)).add("b", hidden));
        let buttons = page["layout"]["updatemenus"][0]["buttons"].as_array().unwrap();
        assert_eq!(buttons[1]["args"][0]["visible"], json!([false, true, "legendonly"]));
        assert_eq!(buttons[1]["args"][1]["title.text"], "u");
    }

    #[test]
    fn a_second_list_shows_the_lines_of_one_name_of_each_figure() {
        let two = |title| line(title, 1.0).line("r", [0], [1.0]);
        let page = page(&Choices::list("which").add("a", two("t")).add("b", two("u")).and_by_line());
        let of =
            |key: &str| -> Vec<&Value> { page["data"].as_array().unwrap().iter().map(|trace| &trace[key]).collect() };
        assert_eq!(of("visible"), [&json!(true), &json!(true), &json!(false), &json!(false)]);
        assert_eq!(of("opacity"), [&json!(1.0), &json!(0.0), &json!(1.0), &json!(0.0)]);
        let buttons = page["layout"]["updatemenus"][1]["buttons"].as_array().unwrap();
        assert_eq!((buttons.len(), &buttons[1]["label"]), (2, &json!("r")));
        assert_eq!(buttons[1]["args"][0]["opacity"], json!([0.0, 1.0, 0.0, 1.0]));
    }

    #[test]
    fn no_figure_is_an_error() {
        let message = Choices::slider("epoch").to_png().unwrap_err().to_string();
        assert!(message.contains("epoch"), "{message}");
    }
}
