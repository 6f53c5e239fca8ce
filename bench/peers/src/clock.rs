//! Timing that stands other work on the same machine: the thread's own processor time, medians of
//! interleaved rounds.

use crate::peer::Result;
use rustix::time::{ClockId, clock_gettime};
use std::time::Duration;

/// Which time is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Clock {
    /// What this thread spent on a processor. Other processes hardly disturb it, but work that an
    /// engine gives to threads of its own is not in it.
    Cpu,
    /// What all threads of the process spent on processors.
    Process,
    /// What passed by a clock on the wall.
    Wall,
}

impl Clock {
    fn now(self) -> Duration {
        let time = clock_gettime(match self {
            Clock::Cpu => ClockId::ThreadCPUTime,
            Clock::Process => ClockId::ProcessCPUTime,
            Clock::Wall => ClockId::Monotonic,
        });
        // Both clocks count up from zero.
        Duration::new(time.tv_sec.unsigned_abs(), time.tv_nsec.unsigned_abs() as u32)
    }

    /// The clock for work that may be done by several threads.
    pub fn of_process(self) -> Self {
        if self == Clock::Cpu { Clock::Process } else { self }
    }

    /// How many seconds `work` takes, and what it returns.
    pub fn time<T>(self, work: impl FnOnce() -> T) -> (f64, T) {
        let begin = self.now();
        let result = work();
        ((self.now() - begin).as_secs_f64(), result)
    }
}

/// How many times `work`, which says how many seconds it took, must be repeated to take about `seconds`.
pub fn repetitions(seconds: f64, mut work: impl FnMut(u32) -> Result<f64>) -> Result<u32> {
    let mut times = 1;
    loop {
        let took = work(times)?;
        if took >= seconds / 4.0 || times >= 1 << 28 {
            return Ok(((f64::from(times) * seconds / took.max(1e-9)) as u32).clamp(1, 1 << 28));
        }
        times *= 2;
    }
}

/// The times of one thing's rounds.
#[derive(Clone, Debug, Default)]
pub struct Rounds(Vec<f64>);

impl Rounds {
    /// Adds one round's time.
    pub fn push(&mut self, seconds: f64) {
        self.0.push(seconds);
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// The first one, which had to warm up what warms up; NaN if there was none.
    pub fn first(&self) -> f64 {
        self.0.first().copied().unwrap_or(f64::NAN)
    }

    /// The middle one, in the unit that was pushed; NaN if there was none.
    pub fn median(&self) -> f64 {
        let mut sorted = self.0.clone();
        sorted.sort_by(f64::total_cmp);
        match sorted.len() {
            0 => f64::NAN,
            n if n % 2 == 1 => sorted[n / 2],
            n => (sorted[n / 2 - 1] + sorted[n / 2]) / 2.0,
        }
    }

    /// The quickest one; NaN if there was none.
    pub fn least(&self) -> f64 {
        self.0.iter().copied().fold(f64::NAN, f64::min)
    }

    /// The slowest one; NaN if there was none.
    pub fn most(&self) -> f64 {
        self.0.iter().copied().fold(f64::NAN, f64::max)
    }
}

/// The geometric mean; NaN of nothing.
pub fn geomean(values: impl IntoIterator<Item = f64>) -> f64 {
    let (sum, count) = values.into_iter().fold((0.0, 0), |(sum, n), x: f64| (sum + x.ln(), n + 1));
    (sum / f64::from(count)).exp()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn medians() {
        let rounds = |times: &[f64]| Rounds(times.to_vec());
        assert_eq!(rounds(&[3.0, 1.0, 2.0]).median(), 2.0);
        assert_eq!(rounds(&[4.0, 1.0, 2.0, 3.0]).median(), 2.5);
        assert_eq!(rounds(&[3.0, 1.0, 2.0]).least(), 1.0);
        assert!(rounds(&[]).median().is_nan());
    }

    #[test]
    fn geometric_mean() {
        assert!((geomean([2.0, 8.0]) - 4.0).abs() < 1e-12);
        assert!(geomean([]).is_nan());
    }
}
