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
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Control {
    Slider,
    List,
}

impl Choices {
    /// A choice by a slider, whose values are of `what`.
    pub fn slider(what: impl Into<String>) -> Self {
        Self { what: what.into(), control: Control::Slider, figures: Vec::new(), first: 0 }
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
        page["data"] = traces.into();
        self.lay_out(&mut page["layout"], steps);
        Ok(page.to_string())
    }

    /// Makes room for the control, and puts it there.
    fn lay_out(&self, layout: &mut Value, steps: Vec<Value>) {
        let side = if self.control == Control::Slider { "b" } else { "t" };
        for key in ["/height".to_owned(), format!("/margin/{side}")] {
            if let Some(length) = layout.pointer_mut(&key) {
                *length = json!(length.as_f64().unwrap_or_default() + ROOM);
            }
        }
        let font = json!({ "color": GREY_TEXT });
        if self.control == Control::Slider {
            // Ticks and their label take room where any panel has them.
            let axes = layout.as_object().into_iter().flatten().filter(|(name, _)| name.starts_with("xaxis"));
            let has_ticks = axes.into_iter().any(|(_, axis)| axis["visible"] != json!(false));
            let below = if has_ticks { 50 } else { 8 };
            layout["sliders"] = json!([{
                "active": self.first, "steps": steps, "x": 0, "len": 1, "y": 0, "yanchor": "top", "font": font,
                "pad": { "t": below, "b": 0 }, "bgcolor": "rgba(127,127,127,0.3)", "bordercolor": GREY_TEXT,
                "currentvalue": { "prefix": format!("{}: ", html(&self.what)), "font": { "color": GREY_TEXT, "size": 13 } },
            }]);
        } else {
            layout["updatemenus"] = json!([{
                "active": self.first, "buttons": steps, "type": "dropdown", "direction": "down", "showactive": true, "font": font,
                "x": 0, "xanchor": "left", "y": 1, "yanchor": "bottom", "pad": { "b": 26 },
                "bgcolor": "rgba(127,127,127,0.12)", "bordercolor": GREY_TEXT,
            }]);
        }
    }
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
    fn no_figure_is_an_error() {
        let message = Choices::slider("epoch").to_png().unwrap_err().to_string();
        assert!(message.contains("epoch"), "{message}");
    }
}
