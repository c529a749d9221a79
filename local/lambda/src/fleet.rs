//! All environments of one function: warm ones are used again, new ones start up to the function's concurrency.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

use crate::environment::{Environment, Surroundings};
use crate::function::FunctionConfig;
use crate::invocation::{Attempt, Invocation};

const YEAR: Duration = Duration::from_hours(365 * 24);

/// The right to run one invocation now.
#[derive(Debug)]
pub(crate) struct Slot {
    /// Gives the right back when dropped.
    _permit: OwnedSemaphorePermit,
}

#[derive(Debug)]
pub(crate) struct Fleet {
    pub(crate) function: Arc<FunctionConfig>,
    surroundings: Arc<Surroundings>,
    slots: Arc<Semaphore>,
    /// Waiting environments, the one used last at the end: it is used next, so that the others can go.
    warm: Mutex<Vec<Warm>>,
    kept: Notify,
    idle_limit: Duration,
}

#[derive(Debug)]
struct Warm {
    environment: Environment,
    until: Instant,
}

impl Fleet {
    pub(crate) fn new(
        function: FunctionConfig,
        surroundings: Arc<Surroundings>,
        idle_limit: Duration,
    ) -> Self {
        Self {
            slots: Arc::new(Semaphore::new(function.concurrency.min(Semaphore::MAX_PERMITS))),
            function: Arc::new(function),
            surroundings,
            warm: Mutex::default(),
            kept: Notify::new(),
            idle_limit,
        }
    }

    /// Waits until one more invocation may run. `None` when the fleet is stopped.
    pub(crate) async fn reserve(&self) -> Option<Slot> {
        self.slots.clone().acquire_owned().await.ok().map(|permit| Slot { _permit: permit })
    }

    /// The right to run an invocation now, unless all environments are busy.
    pub(crate) fn try_reserve(&self) -> Option<Slot> {
        self.slots.clone().try_acquire_owned().ok().map(|permit| Slot { _permit: permit })
    }

    /// Runs one invocation to its end. Dropping the future kills the process.
    pub(crate) async fn run(&self, slot: Slot, invocation: &Invocation) -> Attempt {
        let environment = match self.take_warm() {
            Some(environment) => Ok(environment),
            None => {
                Environment::start(self.function.clone(), &self.surroundings, &invocation.request_id).await
            }
        };
        let attempt = match environment {
            Ok(mut environment) => {
                let (attempt, survives) = environment.invoke(invocation).await;
                if survives && !self.slots.is_closed() {
                    let now = Instant::now();
                    // A limit beyond the end of time is none; a year is as good.
                    let until = now.checked_add(self.idle_limit).unwrap_or(now + YEAR);
                    self.lock().push(Warm { environment, until });
                    self.kept.notify_one();
                }
                attempt
            }
            Err(failure) => failure.into_attempt(&self.function, invocation),
        };
        // Only now, with the environment back in its place, may the next invocation look for one.
        drop(slot);
        attempt
    }

    fn take_warm(&self) -> Option<Environment> {
        loop {
            let mut environment = self.lock().pop()?.environment;
            if environment.is_alive() {
                return Some(environment);
            }
        }
    }

    /// Stops environments that have waited too long, for ever.
    pub(crate) async fn retire_idle(&self) {
        loop {
            let oldest = self.lock().iter().map(|warm| warm.until).min();
            match oldest {
                None => self.kept.notified().await,
                Some(until) => tokio::time::sleep_until(until).await,
            }
            let now = Instant::now();
            let retired: Vec<_> = self.lock().extract_if(.., |warm| warm.until <= now).collect();
            drop(retired);
        }
    }

    /// Lets nothing run any more and kills what waits. What runs is killed by dropping its future.
    pub(crate) fn stop(&self) {
        self.slots.close();
        let stopped = std::mem::take(&mut *self.lock());
        drop(stopped);
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Warm>> {
        self.warm.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
