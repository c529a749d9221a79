//! Bad weather: a part of all requests fails, each in one of many ways.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;

use super::dice::Dice;
use super::effect::Effect;
use super::proxy::{After, Answer, Ask, Before, Interference};

/// What passes by itself, without anybody waiting for long.
const PASSING: [Effect; 9] = [
    Effect::InternalError,
    Effect::SlowDown,
    Effect::Conflict,
    Effect::ExpiredToken,
    Effect::Reset,
    Effect::InternalErrorInstead,
    Effect::ResetInstead,
    Effect::Truncated,
    Effect::SpoiltRequest,
];

/// The weather between functions and S3.
#[derive(Debug)]
pub(crate) struct Weather {
    percent: u64,
    dice: Mutex<Dice>,
    is_fair: AtomicBool,
    struck: AtomicU64,
    /// What is to become of answers, by their requests' numbers.
    due: Mutex<HashMap<u64, Effect>>,
}

impl Weather {
    /// In which so many requests of a hundred fail.
    pub(crate) fn new(percent: u64, seed: u64) -> Weather {
        Weather {
            percent,
            dice: Mutex::new(Dice::new(seed)),
            is_fair: AtomicBool::new(false),
            struck: AtomicU64::new(0),
            due: Mutex::default(),
        }
    }

    /// From now on nothing fails.
    pub(crate) fn clear_up(&self) {
        self.is_fair.store(true, Ordering::SeqCst);
    }

    /// How many requests have failed.
    pub(crate) fn struck(&self) -> u64 {
        self.struck.load(Ordering::SeqCst)
    }

    fn effect(&self, ask: &Ask) -> Option<Effect> {
        if self.is_fair.load(Ordering::SeqCst) {
            return None;
        }
        let mut dice = self.dice.lock().unwrap_or_else(PoisonError::into_inner);
        if !dice.percent(self.percent) {
            return None;
        }
        let possible: Vec<Effect> =
            PASSING.into_iter().filter(|effect| effect.concerns(ask.operation, true)).collect();
        possible.get(dice.index(possible.len())).copied()
    }

    fn due(&self) -> MutexGuard<'_, HashMap<u64, Effect>> {
        self.due.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Interference for Weather {
    async fn before(&self, ask: &Ask) -> Before {
        let Some(effect) = self.effect(ask) else { return Before::Pass };
        self.struck.fetch_add(1, Ordering::SeqCst);
        if effect.after() != After::Pass {
            self.due().insert(ask.number, effect);
        }
        effect.before()
    }

    async fn after(&self, ask: &Ask, _: Answer) -> After {
        self.due().remove(&ask.number).map_or(After::Pass, Effect::after)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn as_many_requests_fail_as_were_forecast_and_none_when_it_has_cleared_up() {
        let weather = Weather::new(5, 1);
        let mut struck = 0;
        for number in 0..2_000 {
            let ask = Ask { number, operation: "PutObject", key: "k".to_owned() };
            let answer = Answer { status: http::StatusCode::OK, body_bytes: 1 };
            let before = weather.before(&ask).await;
            struck += u64::from(before != Before::Pass || weather.after(&ask, answer).await != After::Pass);
        }
        assert!((60..140).contains(&struck) && weather.struck() == struck, "{struck}");
        weather.clear_up();
        for number in 0..200 {
            let ask = Ask { number, operation: "GetObject", key: "k".to_owned() };
            assert_eq!(weather.before(&ask).await, Before::Pass);
        }
        assert_eq!(weather.struck(), struck);
    }
}
