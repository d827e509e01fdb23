//! ln, exp, sine and cosine in single precision, as branch-free polynomials that the compiler vectorises when they are
//! inlined into a loop; a call into the C library for each number would cost more than the matrix products.
//!
//! Coefficients: S. L. Moshier's Cephes library (logf, expf, sinf, cosf). Multiply-adds are fused by name and never by the
//! compiler's leave, so that every machine and every vector width gives the same bits.

/// ln x for finite x > 0, within 2 units in the last place.
#[inline(always)]
pub(crate) fn ln(x: f32) -> f32 {
    const SQRT_HALF_BITS: u32 = 0x3f35_04f3;
    // x = m·2^e with m in [√½, √2).
    let e = (x.to_bits().wrapping_sub(SQRT_HALF_BITS) as i32) >> 23;
    let m = f32::from_bits(x.to_bits().wrapping_sub((e as u32) << 23));
    let f = m - 1.0;
    let f2 = f * f;
    let mut y = 7.037_683_6e-2f32;
    y = y.mul_add(f, -1.151_461e-1);
    y = y.mul_add(f, 1.167_699_9e-1);
    y = y.mul_add(f, -1.242_014_1e-1);
    y = y.mul_add(f, 1.424_932_3e-1);
    y = y.mul_add(f, -1.666_805_8e-1);
    y = y.mul_add(f, 2.000_071_5e-1);
    y = y.mul_add(f, -2.499_999_4e-1);
    y = y.mul_add(f, 3.333_333e-1);
    let e = e as f32;
    // ln 2 in two parts, of which the first is exact in few bits.
    let low = (y * f).mul_add(f2, f2.mul_add(-0.5, e * -2.121_944_4e-4));
    e.mul_add(0.693_359_4, f + low)
}

/// e^x within 2 units in the last place on [−87, 88]; e^88 above, and 0 below, where e^x is no normal number any more:
/// α = 0 is then exactly no noise.
#[inline(always)]
pub(crate) fn exp(x: f32) -> f32 {
    // Adding 1.5·2²³ rounds to an integer without a call to `round`, and leaves it in the lowest bits: a conversion by `as`
    // saturates, for which the compiler takes a vector apart.
    const ROUND: f32 = 12_582_912.0;
    const EXPONENT_OF_ONE: u32 = 127 << 23;
    let underflows = x < -87.0;
    let x = x.clamp(-87.0, 88.0);
    let rounded = x.mul_add(std::f32::consts::LOG2_E, ROUND);
    let n = rounded - ROUND;
    let r = n.mul_add(2.121_944_4e-4, n.mul_add(-0.693_359_4, x));
    let mut y = 1.987_569_1e-4f32;
    y = y.mul_add(r, 1.398_199_9e-3);
    y = y.mul_add(r, 8.333_452e-3);
    y = y.mul_add(r, 4.166_579_6e-2);
    y = y.mul_add(r, 1.666_666_5e-1);
    y = y.mul_add(r, 5e-1);
    let y = y.mul_add(r * r, r) + 1.0;
    let power = y * f32::from_bits((rounded.to_bits() << 23).wrapping_add(EXPONENT_OF_ONE));
    if underflows { 0.0 } else { power }
}

/// (sin 2πt, cos 2πt) for t = `turn` / 2³².
#[inline(always)]
pub(crate) fn sin_cos_turn(turn: u32) -> (f32, f32) {
    // The two highest bits are the quadrant; the rest, signed, is the angle in [−π/4, π/4). The constant shift by an
    // eighth of a turn does not matter to a uniform angle.
    let quadrant = turn >> 30;
    let angle = ((turn << 2) as i32) as f32 * (std::f32::consts::FRAC_PI_4 / 2_147_483_648.0);
    let z = angle * angle;
    let odd = z.mul_add(z.mul_add(-1.951_529_6e-4, 8.332_161e-3), -1.666_665_5e-1);
    let sin = odd.mul_add(z * angle, angle);
    let even = z.mul_add(z.mul_add(2.443_315_7e-5, -1.388_731_6e-3), 4.166_664_6e-2);
    let cos = even.mul_add(z * z, z.mul_add(-0.5, 1.0));
    let swap = quadrant & 1 == 1;
    let (s, c) = if swap { (cos, sin) } else { (sin, cos) };
    let s_sign = (quadrant & 2) << 30;
    let c_sign = ((quadrant + 1) & 2) << 30;
    (f32::from_bits(s.to_bits() ^ s_sign), f32::from_bits(c.to_bits() ^ c_sign))
}

#[cfg(test)]
mod tests {
    use super::*;

    // Tolerances: 2 units in the last place are 2.4e-7 relative; near ln 1 = 0 the error is absolute.
    #[test]
    fn ln_agrees_with_double_precision() {
        for k in 1..200_000u32 {
            for x in [k as f32 / 200_000.0, k as f32 * 1e-12, k as f32 * 3.7] {
                let exact = f64::from(x).ln();
                assert!((f64::from(ln(x)) - exact).abs() <= 2.4e-7 * exact.abs().max(0.3), "ln {x}");
            }
        }
    }

    #[test]
    fn exp_agrees_with_double_precision_and_is_clamped_or_zero_outside() {
        for k in -86_900..87_900i32 {
            let x = k as f32 / 1000.0;
            let exact = f64::from(x).exp();
            assert!((f64::from(exp(x)) / exact - 1.0).abs() <= 2.4e-7, "exp {x}");
        }
        assert_eq!((exp(-87.1), exp(f32::NEG_INFINITY)), (0.0, 0.0));
        assert!(exp(f32::NAN).is_nan());
        assert_eq!(exp(1e9), exp(88.0));
        assert_eq!(exp(0.0), 1.0);
    }

    #[test]
    fn sine_and_cosine_agree_with_double_precision_in_every_quadrant() {
        for k in 0..100_000u32 {
            let turn = k.wrapping_mul(42_949);
            let quadrant = f64::from(turn >> 30);
            let fraction = f64::from((turn << 2) as i32) / 4_294_967_296.0;
            let angle = (quadrant + fraction) * std::f64::consts::FRAC_PI_2;
            let (s, c) = sin_cos_turn(turn);
            assert!((f64::from(s) - angle.sin()).abs() < 2e-7 && (f64::from(c) - angle.cos()).abs() < 2e-7, "{turn}");
        }
    }
}
