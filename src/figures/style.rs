//! One style for every figure: colours that colour-blind readers can tell apart, and a fixed one for each method.

use crate::method::Method;

/// Opacity of a band around a line.
pub(super) const BAND: f64 = 0.2;

/// A colour with its opacity.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Color {
    /// Red, 0 to 255.
    pub red: u8,
    /// Green, 0 to 255.
    pub green: u8,
    /// Blue, 0 to 255.
    pub blue: u8,
    /// Opacity, 0 to 1.
    pub alpha: f64,
}

/// The palette of Okabe and Ito without its black and yellow, which a dark or a white page swallows; and two greens beside its own.
impl Color {
    /// Grey that reads on white and on near black.
    pub const GREY: Self = Self::rgb(0x7f, 0x7f, 0x7f);
    /// Blue.
    pub const BLUE: Self = Self::rgb(0x00, 0x72, 0xb2);
    /// Vermillion.
    pub const VERMILLION: Self = Self::rgb(0xd5, 0x5e, 0x00);
    /// Green.
    pub const GREEN: Self = Self::rgb(0x00, 0x9e, 0x73);
    /// Orange.
    pub const ORANGE: Self = Self::rgb(0xe6, 0x9f, 0x00);
    /// Sky blue.
    pub const SKY: Self = Self::rgb(0x56, 0xb4, 0xe9);
    /// Purple.
    pub const PURPLE: Self = Self::rgb(0xcc, 0x79, 0xa7);
    /// Light green.
    pub const LIGHT_GREEN: Self = Self::rgb(0x7b, 0xc8, 0xa4);
    /// Olive.
    pub const OLIVE: Self = Self::rgb(0x8a, 0x8f, 0x00);
    /// Dark teal.
    pub const TEAL: Self = Self::rgb(0x00, 0x5f, 0x60);

    /// The colours that series take in turn where none is chosen.
    pub const PALETTE: [Self; 7] =
        [Self::BLUE, Self::VERMILLION, Self::GREEN, Self::ORANGE, Self::SKY, Self::PURPLE, Self::GREY];

    /// An opaque colour.
    pub const fn rgb(red: u8, green: u8, blue: u8) -> Self {
        Self { red, green, blue, alpha: 1.0 }
    }

    /// The same colour with another opacity.
    pub fn with_alpha(self, alpha: f64) -> Self {
        Self { alpha, ..self }
    }

    /// The colour that a method has in every figure. As in the paper's Figure 1, blue is no noise, reds are fixed noise and greens
    /// learned noise.
    pub fn of(method: Method) -> Self {
        match method {
            Method::None => Self::BLUE,
            Method::Binary => Self::VERMILLION,
            Method::GaussianA => Self::ORANGE,
            Method::GaussianB => Self::PURPLE,
            Method::VariationalA => Self::GREEN,
            Method::VariationalA2 => Self::LIGHT_GREEN,
            Method::VariationalB => Self::OLIVE,
            Method::Custom => Self::GREY,
            Method::Sparse => Self::TEAL,
        }
    }

    /// The colour a fraction of the way to another, in sRGB.
    pub(super) fn mix(self, other: Self, fraction: f64) -> Self {
        let mix = |a: u8, b: u8| (f64::from(a) + (f64::from(b) - f64::from(a)) * fraction).round() as u8;
        Self {
            red: mix(self.red, other.red),
            green: mix(self.green, other.green),
            blue: mix(self.blue, other.blue),
            alpha: self.alpha + (other.alpha - self.alpha) * fraction,
        }
    }
}

/// The shape of a series' points.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Marker {
    /// A circle.
    Circle,
    /// A square.
    Square,
    /// A square on its corner.
    Diamond,
    /// A triangle that points up.
    TriangleUp,
    /// A triangle that points down.
    TriangleDown,
    /// A plus sign.
    Plus,
    /// A saltire.
    Cross,
}

impl Marker {
    /// The marker that a method has in every figure.
    pub fn of(method: Method) -> Self {
        match method {
            Method::None | Method::Custom => Self::Circle,
            Method::Binary => Self::Square,
            Method::GaussianA | Method::GaussianB => Self::TriangleUp,
            Method::VariationalA => Self::Diamond,
            Method::VariationalA2 => Self::TriangleDown,
            Method::VariationalB => Self::Cross,
            Method::Sparse => Self::Plus,
        }
    }
}

/// How a line is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dash {
    /// Without a gap.
    Solid,
    /// In dashes.
    Dashed,
    /// In dots.
    Dotted,
}

/// How a heat map turns numbers into colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ColorScale {
    /// From black to white: pictures.
    Grey,
    /// From dark to light, even steps for colour-blind readers (viridis): amounts.
    Sequential,
    /// Blue below zero, vermillion above, light at zero: signed numbers. Its ends are equally far from zero.
    Diverging,
}

impl ColorScale {
    /// Colours at equal steps from the smallest value to the largest.
    pub(super) fn stops(self) -> &'static [Color] {
        const GREY: [Color; 2] = [Color::rgb(0, 0, 0), Color::rgb(255, 255, 255)];
        const VIRIDIS: [Color; 9] = [
            Color::rgb(0x44, 0x01, 0x54),
            Color::rgb(0x47, 0x2d, 0x7b),
            Color::rgb(0x3b, 0x52, 0x8b),
            Color::rgb(0x2c, 0x72, 0x8e),
            Color::rgb(0x21, 0x91, 0x8c),
            Color::rgb(0x28, 0xae, 0x80),
            Color::rgb(0x5e, 0xc9, 0x62),
            Color::rgb(0xad, 0xdc, 0x30),
            Color::rgb(0xfd, 0xe7, 0x25),
        ];
        const DIVERGING: [Color; 5] = [
            Color::rgb(0x00, 0x4b, 0x87),
            Color::rgb(0x56, 0xa4, 0xd9),
            Color::rgb(0xf2, 0xf2, 0xf2),
            Color::rgb(0xe8, 0x8a, 0x4a),
            Color::rgb(0xa3, 0x3c, 0x00),
        ];
        match self {
            Self::Grey => &GREY,
            Self::Sequential => &VIRIDIS,
            Self::Diverging => &DIVERGING,
        }
    }

    /// The colour at a fraction of the scale; outside of 0 to 1, that of the nearer end.
    pub(super) fn at(self, fraction: f64) -> Color {
        let stops = self.stops();
        let position = fraction.clamp(0.0, 1.0) * (stops.len() - 1) as f64;
        let below = (position as usize).min(stops.len() - 2);
        stops[below].mix(stops[below + 1], position - below as f64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_methods_share_a_colour() {
        for (index, method) in Method::ALL.into_iter().enumerate() {
            for other in &Method::ALL[..index] {
                assert_ne!(Color::of(method), Color::of(*other));
            }
        }
    }

    #[test]
    fn a_colour_scale_meets_its_stops_and_stays_within_its_ends() {
        assert_eq!(ColorScale::Grey.at(0.5), Color::rgb(128, 128, 128));
        assert_eq!(ColorScale::Sequential.at(1.0), Color::rgb(0xfd, 0xe7, 0x25));
        assert_eq!(ColorScale::Diverging.at(-3.0), ColorScale::Diverging.at(0.0));
    }
}
