//! An axis: what it is called, its range, and where its ticks are.

/// One axis of a panel.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Axis {
    pub label: String,
    pub log: bool,
    /// Lower and upper end, where they are chosen.
    pub range: Option<[f64; 2]>,
    /// Places of the ticks and their texts, where they are chosen.
    pub ticks: Option<Vec<(f64, String)>>,
}

impl Axis {
    /// The value as the axis measures it: its logarithm to base ten on a logarithmic one.
    pub fn measure(&self, value: f64) -> f64 {
        if self.log { if value > 0.0 { value.log10() } else { f64::NAN } } else { value }
    }

    /// Both ends as the axis measures them: those chosen, otherwise the data's with a margin.
    pub fn ends(&self, values: impl IntoIterator<Item = f64>, from_zero: bool) -> [f64; 2] {
        if let Some(range) = self.range {
            return range.map(|end| self.measure(end));
        }
        let mut ends = [f64::INFINITY, f64::NEG_INFINITY];
        for value in values.into_iter().map(|value| self.measure(value)).filter(|value| value.is_finite()) {
            ends = [ends[0].min(value), ends[1].max(value)];
        }
        if ends[0] > ends[1] {
            return [0.0, 1.0];
        }
        let anchored = from_zero && !self.log && ends[0] >= 0.0;
        if anchored {
            ends[0] = 0.0;
        }
        let span = ends[1] - ends[0];
        let margin = if span > 0.0 { 0.05 * span } else { (0.05 * ends[0].abs()).max(0.5) };
        [if anchored { 0.0 } else { ends[0] - margin }, ends[1] + margin]
    }

    /// Ticks between two ends, about `count` of them: where they are as the axis measures, and their texts.
    pub fn ticks(&self, ends: [f64; 2], count: usize) -> Vec<(f64, String)> {
        if let Some(ticks) = &self.ticks {
            let ticks = ticks.iter().map(|(at, text)| (self.measure(*at), text.clone()));
            let slack = 1e-9 * (ends[1] - ends[0]);
            return ticks.filter(|(at, _)| (ends[0] - slack..=ends[1] + slack).contains(at)).collect();
        }
        if self.log { log_ticks(ends, count) } else { linear_ticks(ends, count) }
    }
}

/// Multiples of 1, 2 or 5 times a power of ten.
fn linear_ticks([low, high]: [f64; 2], count: usize) -> Vec<(f64, String)> {
    let rough = (high - low) / count.max(1) as f64;
    if !(rough > 0.0 && rough.is_finite()) {
        return Vec::new();
    }
    let power = 10f64.powi(rough.log10().floor() as i32);
    let step = [1.0, 2.0, 5.0, 10.0].map(|factor| factor * power).into_iter().find(|step| *step >= rough * 0.999);
    let step = step.unwrap_or(10.0 * power);
    let decimals = (-(step * 1.001).log10().floor()).max(0.0) as usize;
    let (first, last) = ((low / step - 1e-6).ceil() as i64, (high / step + 1e-6).floor() as i64);
    (first..=last).map(|index| (index as f64 * step, number(index as f64 * step, decimals))).collect()
}

/// Powers of ten; where they are few, also 2 and 5 times them.
fn log_ticks([low, high]: [f64; 2], count: usize) -> Vec<(f64, String)> {
    let factors: &[f64] = if high - low < 2.2 { &[1.0, 2.0, 5.0] } else { &[1.0] };
    let stride = (((high - low) / count.max(1) as f64).ceil() as i32).max(1);
    // One way of writing for all ticks of an axis.
    let plain = low > -3.3 && high < 4.7;
    let mut ticks = Vec::new();
    for exponent in low.floor() as i32..=high.ceil() as i32 {
        for factor in factors {
            let at = f64::from(exponent) + factor.log10();
            if exponent % stride == 0 && (low - 1e-9..=high + 1e-9).contains(&at) {
                ticks.push((at, power(*factor, exponent, plain)));
            }
        }
    }
    ticks
}

/// `factor · 10^exponent`, written out or not.
fn power(factor: f64, exponent: i32, plain: bool) -> String {
    if plain {
        return number(factor * 10f64.powi(exponent), (-exponent).max(0) as usize);
    }
    let raised: String = exponent
        .to_string()
        .chars()
        .map(|c| match c {
            '-' => '⁻',
            '1' => '¹',
            '2' => '²',
            '3' => '³',
            digit => char::from_u32(0x2070 + digit.to_digit(10).unwrap_or(0)).unwrap_or('⁰'),
        })
        .collect();
    if factor == 1.0 { format!("10{raised}") } else { format!("{factor}·10{raised}") }
}

/// A number with a true minus sign, and none on a zero.
fn number(value: f64, decimals: usize) -> String {
    let text = format!("{:.decimals$}", value.abs());
    if value < 0.0 && text.chars().any(|c| ('1'..='9').contains(&c)) { format!("−{text}") } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(ticks: Vec<(f64, String)>) -> Vec<String> {
        ticks.into_iter().map(|(_, text)| text).collect()
    }

    #[test]
    fn linear_ticks_are_round_numbers_with_as_many_decimals_as_they_need() {
        assert_eq!(texts(linear_ticks([0.0, 1.0], 5)), ["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"]);
        assert_eq!(texts(linear_ticks([-30.0, 12.0], 5)), ["−30", "−20", "−10", "0", "10"]);
        assert_eq!(texts(linear_ticks([0.0, 0.1], 2)), ["0.00", "0.05", "0.10"]);
    }

    #[test]
    fn logarithmic_ticks_are_powers_of_ten() {
        let axis = Axis { log: true, ..Axis::default() };
        assert_eq!(texts(axis.ticks([-5.0, -1.0], 6)), ["10⁻⁵", "10⁻⁴", "10⁻³", "10⁻²", "10⁻¹"]);
        assert_eq!(texts(axis.ticks([0.0, 1.0], 6)), ["1", "2", "5", "10"]);
        assert_eq!(texts(log_ticks([-12.0, 0.0], 4)), ["10⁻¹²", "10⁻⁹", "10⁻⁶", "10⁻³", "10⁰"]);
    }

    #[test]
    fn ends_hold_every_finite_value_with_a_margin_and_survive_none_at_all() {
        let axis = Axis::default();
        assert_eq!(axis.ends([1.0, f64::NAN, 3.0], false), [0.9, 3.1]);
        assert_eq!(axis.ends([2.0, 4.0], true), [0.0, 4.2]);
        assert_eq!(axis.ends([f64::NAN], false), [0.0, 1.0]);
        assert_eq!(axis.ends([7.0], false), [6.5, 7.5]);
        let log = Axis { log: true, ..Axis::default() };
        assert!(log.ends([0.0, -1.0, 10.0], false)[0].is_finite());
    }

    #[test]
    fn an_axis_that_cannot_be_divided_has_no_ticks() {
        assert!(linear_ticks([1.0, 1.0], 5).is_empty());
        assert!(linear_ticks([0.0, f64::INFINITY], 5).is_empty());
    }
}
