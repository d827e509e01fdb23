//! A small grey canvas on which a round pen draws with smooth edges.

/// Pixels along each side.
pub(super) const SIDE: usize = 28;

/// A point in pixels; the canvas spans from 0 to [`SIDE`] both ways.
pub(super) type Point = [f32; 2];

/// The ink on each pixel, from 0 to 1, row by row.
pub(super) struct Canvas {
    pub(super) ink: [f32; SIDE * SIDE],
}

impl Canvas {
    pub(super) fn new() -> Self {
        Self { ink: [0.0; SIDE * SIDE] }
    }

    /// Draws straight lines from point to point with a round pen.
    pub(super) fn polyline(&mut self, points: &[Point], radius: f32) {
        for pair in points.windows(2) {
            self.line(pair[0], pair[1], radius);
        }
    }

    /// Draws a smooth curve through all points: a uniform Catmull-Rom spline, its end points doubled.
    pub(super) fn curve(&mut self, points: &[Point], radius: f32) {
        const PIECES: usize = 5;
        let at = |index: isize| points[index.clamp(0, points.len() as isize - 1) as usize];
        let mut previous = at(0);
        for index in 0..points.len() as isize - 1 {
            let [a, b, c, d] = [at(index - 1), at(index), at(index + 1), at(index + 2)];
            for piece in 1..=PIECES {
                let t = piece as f32 / PIECES as f32;
                let next = [0, 1].map(|axis| {
                    let (a, b, c, d) = (a[axis], b[axis], c[axis], d[axis]);
                    let cubic = 3.0 * (b - c) + d - a;
                    let square = 2.0 * a - 5.0 * b + 4.0 * c - d;
                    0.5 * (2.0 * b + t * (c - a + t * (square + t * cubic)))
                });
                self.line(previous, next, radius);
                previous = next;
            }
        }
    }

    /// The ink of a pixel falls from 1 to 0 over one pixel's width around the pen's edge.
    fn line(&mut self, from: Point, to: Point, radius: f32) {
        let reach = radius + 0.5;
        let along = [to[0] - from[0], to[1] - from[1]];
        let square = (along[0] * along[0] + along[1] * along[1]).max(f32::MIN_POSITIVE);
        // The pixels that the pen can touch; the casts saturate at 0.
        let range = |axis: usize| {
            let low = (from[axis].min(to[axis]) - reach) as usize;
            let high = (from[axis].max(to[axis]) + reach + 1.0) as usize;
            low.min(SIDE)..high.min(SIDE)
        };
        for row in range(1) {
            for column in range(0) {
                let pixel = [column as f32 + 0.5 - from[0], row as f32 + 0.5 - from[1]];
                let t = ((pixel[0] * along[0] + pixel[1] * along[1]) / square).clamp(0.0, 1.0);
                let off = [pixel[0] - t * along[0], pixel[1] - t * along[1]];
                let distance = (off[0] * off[0] + off[1] * off[1]).sqrt();
                let ink = &mut self.ink[row * SIDE + column];
                *ink = ink.max((reach - distance).clamp(0.0, 1.0));
            }
        }
    }
}
