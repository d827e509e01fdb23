//! Lines, areas, markers and text on a white page, antialiased, at two pixels for each pixel of a page.

use ab_glyph::{Font, FontRef, GlyphId, OutlineCurve};
use tiny_skia::{
    FillRule, LineCap, LineJoin, Mask, Paint, Path, PathBuilder, Pixmap, Rect, Stroke, StrokeDash, Transform,
};

use super::style::{Color, Dash, Marker};
use crate::error::{Error, Result};

const FONT: &[u8] = include_bytes!("font/DejaVuSans-subset.ttf");
/// Pixels of the picture for one of the page: sharp on screens of a high resolution.
pub(super) const SCALE: f32 = 2.0;

/// Which point of a text is placed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Align {
    Left,
    Middle,
    Right,
}

/// A rectangle: left, top, width and height.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Area {
    pub left: f64,
    pub top: f64,
    pub width: f64,
    pub height: f64,
}

impl Area {
    pub fn right(&self) -> f64 {
        self.left + self.width
    }

    pub fn bottom(&self) -> f64 {
        self.top + self.height
    }
}

/// A page to draw on. Lengths are in pixels of the page, from its left upper corner.
pub(super) struct Canvas {
    pixmap: Pixmap,
    clip: Option<Mask>,
    font: FontRef<'static>,
    /// Lengths of the font for one of its size.
    unit: f32,
}

impl Canvas {
    /// A white page.
    pub fn new(width: f64, height: f64) -> Result<Self> {
        let pixels = |length: f64| (length as f32 * SCALE).round() as u32;
        let mut pixmap = Pixmap::new(pixels(width), pixels(height)).ok_or_else(|| {
            Error::argument("size of the figure", format!("{width} × {height}"), "at least one pixel")
        })?;
        pixmap.fill(tiny_skia::Color::WHITE);
        let font = FontRef::try_from_slice(FONT).expect("the embedded font is whole");
        let unit = 1.0 / font.units_per_em().unwrap_or(2048.0);
        Ok(Self { pixmap, clip: None, font, unit })
    }

    /// Keeps what is drawn inside of an area, until it is called with none.
    pub fn clip(&mut self, area: Option<Area>) {
        self.clip = area.and_then(|area| {
            let mut mask = Mask::new(self.pixmap.width(), self.pixmap.height())?;
            mask.fill_path(&PathBuilder::from_rect(rectangle(area)?), FillRule::Winding, false, transform());
            Some(mask)
        });
    }

    /// A line through points; fewer than two draw nothing.
    pub fn line(&mut self, points: &[[f64; 2]], color: Color, width: f64, dash: Dash) {
        let Some(path) = through(points, false) else { return };
        let width = width as f32;
        let dash = match dash {
            Dash::Solid => None,
            Dash::Dashed => StrokeDash::new(vec![3.5 * width, 2.5 * width], 0.0),
            Dash::Dotted => StrokeDash::new(vec![0.01, 2.2 * width], 0.0),
        };
        let line_cap = if dash.is_some() && width > 0.0 { LineCap::Round } else { LineCap::Butt };
        let stroke = Stroke { width, dash, line_cap, line_join: LineJoin::Round, ..Stroke::default() };
        self.pixmap.stroke_path(&path, &paint(color), &stroke, transform(), self.clip.as_ref());
    }

    /// A filled polygon.
    pub fn polygon(&mut self, points: &[[f64; 2]], color: Color) {
        if let Some(path) = through(points, true) {
            self.fill(&path, color);
        }
    }

    /// A filled rectangle whose edges are moved to whole pixels, so that neighbours leave no seam.
    pub fn tile(&mut self, area: Area, color: Color) {
        let snap = |length: f64| (length as f32 * SCALE).round() / SCALE;
        let edges = [area.left, area.top, area.right(), area.bottom()].map(snap);
        if let Some(rectangle) = Rect::from_ltrb(edges[0], edges[1], edges[2], edges[3]) {
            let paint = Paint { anti_alias: false, ..paint(color) };
            self.pixmap.fill_rect(rectangle, &paint, transform(), self.clip.as_ref());
        }
    }

    /// A marker around a point; an open one is white inside.
    pub fn marker(&mut self, [x, y]: [f64; 2], marker: Marker, open: bool, color: Color) {
        let polygon = |corners: &[[f64; 2]]| {
            let corners: Vec<_> = corners.iter().map(|[dx, dy]| [x + dx, y + dy]).collect();
            through(&corners, true)
        };
        let path = match marker {
            Marker::Circle => PathBuilder::from_circle(x as f32, y as f32, 4.0),
            Marker::Square => polygon(&[[-3.6, -3.6], [3.6, -3.6], [3.6, 3.6], [-3.6, 3.6]]),
            Marker::Diamond => polygon(&[[0.0, -5.2], [5.2, 0.0], [0.0, 5.2], [-5.2, 0.0]]),
            Marker::TriangleUp => polygon(&[[0.0, -5.2], [4.8, 3.4], [-4.8, 3.4]]),
            Marker::TriangleDown => polygon(&[[0.0, 5.2], [4.8, -3.4], [-4.8, -3.4]]),
            Marker::Plus => polygon(&star(0.0)),
            Marker::Cross => polygon(&star(45.0)),
        };
        let Some(path) = path else { return };
        if open {
            self.fill(&path, Color::rgb(255, 255, 255));
            let stroke = Stroke { width: 1.4, line_join: LineJoin::Miter, ..Stroke::default() };
            self.pixmap.stroke_path(&path, &paint(color), &stroke, transform(), self.clip.as_ref());
        } else {
            self.fill(&path, color);
        }
    }

    /// A text whose baseline passes `x`, `y`; an upright one reads from the bottom to the top.
    pub fn text(&mut self, [x, y]: [f64; 2], text: &str, size: f64, color: Color, align: Align, upright: bool) {
        let shift = match align {
            Align::Left => 0.0,
            Align::Middle => -0.5,
            Align::Right => -1.0,
        };
        let mut path = PathBuilder::new();
        let mut advance = (shift * self.text_width(text, size)) as f32;
        let scale = self.unit * size as f32;
        for (glyph, kern) in self.glyphs(text) {
            advance += kern * scale;
            if let Some(outline) = self.font.outline(glyph) {
                trace(&mut path, &outline.curves, advance, scale);
            }
            advance += self.font.h_advance_unscaled(glyph) * scale;
        }
        if let Some(path) = path.finish() {
            let turn = if upright { Transform::from_rotate(-90.0) } else { Transform::identity() };
            if let Some(path) = path.transform(turn.post_translate(x as f32, y as f32)) {
                self.fill(&path, color);
            }
        }
    }

    /// How wide a text is.
    pub fn text_width(&self, text: &str, size: f64) -> f64 {
        let units: f32 =
            self.glyphs(text).iter().map(|(glyph, kern)| kern + self.font.h_advance_unscaled(*glyph)).sum();
        f64::from(units * self.unit) * size
    }

    /// A text in lines that are no wider than `width`, where its words allow.
    pub fn wrap(&self, text: &str, size: f64, width: f64) -> Vec<String> {
        lines(text, |line| self.text_width(line, size) <= width)
    }

    /// The page as a PNG file, 192 pixels to the inch.
    pub fn into_png(self) -> Result<Vec<u8>> {
        let mut bytes = Vec::new();
        let mut encoder = png::Encoder::new(&mut bytes, self.pixmap.width(), self.pixmap.height());
        encoder.set_color(png::ColorType::Rgb);
        encoder.set_compression(png::Compression::High);
        // Plain areas compress best as they are. (A compression level comes with a filter, so this comes after it.)
        encoder.set_filter(png::Filter::NoFilter);
        let density = (96.0 * SCALE / 0.0254).round() as u32;
        let dimensions = png::PixelDimensions { xppu: density, yppu: density, unit: png::Unit::Meter };
        encoder.set_pixel_dims(Some(dimensions));
        // The page is opaque, so that its colours are the same with and without their opacity.
        let pixels: Vec<u8> =
            self.pixmap.data().chunks_exact(4).flat_map(|pixel| [pixel[0], pixel[1], pixel[2]]).collect();
        encoder
            .write_header()
            .and_then(|mut writer| writer.write_image_data(&pixels))
            .map_err(|error| Error::argument("figure", error, "a picture that can be encoded as PNG"))?;
        Ok(bytes)
    }

    fn fill(&mut self, path: &Path, color: Color) {
        self.pixmap.fill_path(path, &paint(color), FillRule::Winding, transform(), self.clip.as_ref());
    }

    /// The glyphs of a text, each with the kerning before it.
    fn glyphs(&self, text: &str) -> Vec<(GlyphId, f32)> {
        let mut last = None;
        text.chars()
            .map(|c| {
                let glyph = self.font.glyph_id(c);
                let kern = last.map_or(0.0, |last| self.font.kern_unscaled(last, glyph));
                last = Some(glyph);
                (glyph, kern)
            })
            .collect()
    }
}

/// A text in lines that fit, where its words allow.
pub(super) fn lines(text: &str, fits: impl Fn(&str) -> bool) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut().map(|line| (format!("{line} {word}"), line)) {
            Some((longer, line)) if fits(&longer) => *line = longer,
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

/// Adds a glyph's outline, `advance` to the right and upside up.
fn trace(path: &mut PathBuilder, curves: &[OutlineCurve], advance: f32, scale: f32) {
    let place = |point: &ab_glyph::Point| (advance + point.x * scale, -point.y * scale);
    let mut at = None;
    for curve in curves {
        let (OutlineCurve::Line(start, end)
        | OutlineCurve::Quad(start, _, end)
        | OutlineCurve::Cubic(start, _, _, end)) = curve;
        if at != Some(*start) {
            if at.is_some() {
                path.close();
            }
            path.move_to(place(start).0, place(start).1);
        }
        let (x, y) = place(end);
        match curve {
            OutlineCurve::Line(..) => path.line_to(x, y),
            OutlineCurve::Quad(_, bend, _) => path.quad_to(place(bend).0, place(bend).1, x, y),
            OutlineCurve::Cubic(_, first, second, _) => {
                path.cubic_to(place(first).0, place(first).1, place(second).0, place(second).1, x, y);
            }
        }
        at = Some(*end);
    }
    path.close();
}

/// The outline of a plus sign, turned.
fn star(degrees: f64) -> Vec<[f64; 2]> {
    const CORNERS: [[f64; 2]; 3] = [[-1.4, -4.8], [1.4, -4.8], [1.4, -1.4]];
    (0..12)
        .map(|index| {
            let [x, y] = CORNERS[index % 3];
            let (sine, cosine) = (degrees + 90.0 * (index / 3) as f64).to_radians().sin_cos();
            [x * cosine - y * sine, x * sine + y * cosine]
        })
        .collect()
}

fn through(points: &[[f64; 2]], closed: bool) -> Option<Path> {
    let mut path = PathBuilder::new();
    let (first, rest) = points.split_first()?;
    path.move_to(first[0] as f32, first[1] as f32);
    rest.iter().for_each(|[x, y]| path.line_to(*x as f32, *y as f32));
    if closed {
        path.close();
    }
    path.finish()
}

fn rectangle(area: Area) -> Option<Rect> {
    Rect::from_xywh(area.left as f32, area.top as f32, area.width as f32, area.height as f32)
}

fn paint(color: Color) -> Paint<'static> {
    let mut paint = Paint { anti_alias: true, ..Paint::default() };
    paint.set_color_rgba8(color.red, color.green, color.blue, (color.alpha.clamp(0.0, 1.0) * 255.0).round() as u8);
    paint
}

fn transform() -> Transform {
    Transform::from_scale(SCALE, SCALE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_font_has_the_signs_that_figures_of_dropout_need() {
        let canvas = Canvas::new(10.0, 10.0).unwrap();
        for sign in "αβθσμπεΣ−×²⁻¹·±√∞≤≥≈–—…°½ éÅ∂∇→".chars() {
            assert_ne!(canvas.font.glyph_id(sign).0, 0, "no glyph for {sign:?}");
        }
    }

    #[test]
    fn a_text_wraps_at_its_words_and_a_long_word_stays_whole() {
        let canvas = Canvas::new(10.0, 10.0).unwrap();
        let width = canvas.text_width("one two", 12.0);
        assert_eq!(canvas.wrap("one two three", 12.0, width), ["one two", "three"]);
        assert_eq!(canvas.wrap("incomprehensibilities", 12.0, 5.0), ["incomprehensibilities"]);
    }

    #[test]
    fn a_page_without_a_pixel_is_an_error() {
        assert!(Canvas::new(0.0, 10.0).is_err());
    }
}
