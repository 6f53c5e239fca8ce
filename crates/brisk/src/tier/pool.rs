//! The threads that compile.
//!
//! They start with the first job, take jobs from a bounded queue, those that relieve a running loop first, and end
//! with their engine. A child of a fork has none of them: it notices its new process number and starts its own.

use crate::vm::fork::Section;
use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, PoisonError};

/// Jobs that wait at most; one more is refused, and asked for again when the function is still hot.
const QUEUE: usize = 4096;

/// Something to compile.
pub(crate) trait Job: Send + 'static {
    /// What a thread keeps from one job to the next.
    type Worker: Default;

    /// Whether a loop is running that waits for it.
    fn urgent(&self) -> bool;

    /// Does it, but for what may be done together with other jobs.
    fn run(self, worker: &mut Self::Worker);

    /// Does what jobs have left to be done together, before the thread waits.
    fn settle(_worker: &mut Self::Worker) {}
}

/// The threads of one engine, in one process.
pub(crate) struct Pool<J: Job> {
    shared: Mutex<Option<Arc<Shared<J>>>>,
    threads: usize,
}

struct Shared<J> {
    /// The process the threads belong to.
    process: u32,
    queue: Mutex<Queue<J>>,
    wake: Condvar,
}

struct Queue<J> {
    jobs: VecDeque<J>,
    /// Threads that run, and those of them that wait.
    threads: usize,
    idle: usize,
    /// The engine is gone.
    closed: bool,
}

impl<J: Job> Pool<J> {
    /// A pool of up to so many threads; with none, jobs run where they are asked for.
    pub fn new(threads: usize) -> Pool<J> {
        Pool { shared: Mutex::new(None), threads }
    }

    /// Hands a job in. `false` if the queue is full.
    pub fn submit(&self, job: J) -> bool {
        if self.threads == 0 {
            let mut worker = J::Worker::default();
            job.run(&mut worker);
            J::settle(&mut worker);
            return true;
        }
        let _section = Section::enter();
        let shared = self.shared();
        let mut queue = shared.queue.lock().unwrap_or_else(PoisonError::into_inner);
        if queue.jobs.len() >= QUEUE {
            return false;
        }
        if job.urgent() {
            queue.jobs.push_front(job);
        } else {
            queue.jobs.push_back(job);
        }
        if queue.idle == 0 && queue.threads < self.threads {
            queue.threads += 1;
            drop(queue);
            if !start(&shared) {
                shared.queue.lock().unwrap_or_else(PoisonError::into_inner).threads -= 1;
            }
        } else {
            drop(queue);
            shared.wake.notify_one();
        }
        true
    }

    /// The queue of this process.
    fn shared(&self) -> Arc<Shared<J>> {
        let process = std::process::id();
        let mut shared = self.shared.lock().unwrap_or_else(PoisonError::into_inner);
        match &*shared {
            Some(shared) if shared.process == process => shared.clone(),
            _ => {
                let fresh = Arc::new(Shared {
                    process,
                    queue: Mutex::new(Queue { jobs: VecDeque::new(), threads: 0, idle: 0, closed: false }),
                    wake: Condvar::new(),
                });
                // The parent's is left alone: its threads do not exist here.
                if let Some(old) = shared.replace(fresh.clone()) {
                    std::mem::forget(old);
                }
                fresh
            }
        }
    }
}

impl<J: Job> Drop for Pool<J> {
    fn drop(&mut self) {
        let shared = self.shared.get_mut().unwrap_or_else(PoisonError::into_inner).take();
        let Some(shared) = shared else { return };
        if shared.process != std::process::id() {
            std::mem::forget(shared);
            return;
        }
        let section = Section::enter();
        let mut queue = shared.queue.lock().unwrap_or_else(PoisonError::into_inner);
        queue.closed = true;
        let jobs = std::mem::take(&mut queue.jobs);
        drop(queue);
        shared.wake.notify_all();
        drop(section);
        // A job may hold the last handle of something that ends here: without a lock.
        drop(jobs);
    }
}

fn start<J: Job>(shared: &Arc<Shared<J>>) -> bool {
    let shared = shared.clone();
    let builder = std::thread::Builder::new().name("brisk-compile".into());
    builder.spawn(move || work(&shared)).is_ok()
}

fn work<J: Job>(shared: &Shared<J>) {
    let mut worker = J::Worker::default();
    // Whether jobs may have left something to be done.
    let mut unsettled = false;
    loop {
        let job = {
            // Waiting for a job is outside of any section: the queue's lock is released meanwhile, and whoever forks
            // then finds it free or waits for the section of who holds it.
            let mut queue = shared.queue.lock().unwrap_or_else(PoisonError::into_inner);
            loop {
                if queue.closed {
                    queue.threads -= 1;
                    return;
                }
                if let Some(job) = queue.jobs.pop_front() {
                    break Some(job);
                }
                if unsettled {
                    break None;
                }
                queue.idle += 1;
                queue = shared.wake.wait(queue).unwrap_or_else(PoisonError::into_inner);
                queue.idle -= 1;
            }
        };
        // Whatever a job does, the thread is there for the next one.
        unsettled = job.is_some();
        let done = catch_unwind(AssertUnwindSafe(|| match job {
            Some(job) => job.run(&mut worker),
            None => J::settle(&mut worker),
        }));
        if done.is_err() {
            worker = J::Worker::default();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc;

    struct Tell(mpsc::Sender<std::thread::ThreadId>, bool);

    impl Job for Tell {
        type Worker = ();

        fn urgent(&self) -> bool {
            self.1
        }

        fn run(self, (): &mut ()) {
            self.0.send(std::thread::current().id()).unwrap();
        }
    }

    #[test]
    fn jobs_run_on_threads_of_the_pool() {
        let pool = Pool::new(2);
        let (tell, told) = mpsc::channel();
        for nth in 0..100 {
            assert!(pool.submit(Tell(tell.clone(), nth % 3 == 0)));
        }
        let threads: std::collections::HashSet<_> = (0..100).map(|_| told.recv().unwrap()).collect();
        assert!(!threads.contains(&std::thread::current().id()));
        assert!(threads.len() <= 2);
    }

    #[test]
    fn a_pool_without_threads_runs_jobs_at_once() {
        let pool = Pool::new(0);
        let (tell, told) = mpsc::channel();
        assert!(pool.submit(Tell(tell, false)));
        assert_eq!(told.try_recv(), Ok(std::thread::current().id()));
    }

    #[test]
    fn threads_end_with_the_pool() {
        struct Hold(Option<mpsc::Sender<()>>);
        impl Job for Hold {
            type Worker = Vec<mpsc::Sender<()>>;
            fn urgent(&self) -> bool {
                false
            }
            fn run(self, worker: &mut Self::Worker) {
                worker.extend(self.0);
            }
        }
        let pool = Pool::new(1);
        let (tell, told) = mpsc::channel();
        assert!(pool.submit(Hold(Some(tell))));
        drop(pool);
        // The worker's state, or the job, is dropped: nobody can tell any more.
        assert!(told.recv().is_err());
    }

    #[test]
    fn what_jobs_leave_is_done_together_before_a_thread_waits() {
        /// Notes a number, or first waits until all have been handed in.
        struct Note(u32, Option<mpsc::Receiver<()>>, mpsc::Sender<Vec<u32>>);
        #[derive(Default)]
        struct Noted(Vec<u32>, Option<mpsc::Sender<Vec<u32>>>);
        impl Job for Note {
            type Worker = Noted;
            fn urgent(&self) -> bool {
                false
            }
            fn run(self, worker: &mut Noted) {
                if let Some(wait) = self.1 {
                    wait.recv().unwrap();
                }
                worker.0.push(self.0);
                worker.1 = Some(self.2);
            }
            fn settle(worker: &mut Noted) {
                if let Some(tell) = worker.1.take() {
                    tell.send(std::mem::take(&mut worker.0)).unwrap();
                }
            }
        }
        let pool = Pool::new(1);
        let ((tell, told), (go, wait)) = (mpsc::channel(), mpsc::channel());
        assert!(pool.submit(Note(1, Some(wait), tell.clone())));
        assert!(pool.submit(Note(2, None, tell.clone())));
        assert!(pool.submit(Note(3, None, tell.clone())));
        go.send(()).unwrap();
        assert_eq!(told.recv().unwrap(), [1, 2, 3]);
        assert!(pool.submit(Note(4, None, tell.clone())));
        assert_eq!(told.recv().unwrap(), [4]);
        // Without threads each is alone.
        let pool = Pool::new(0);
        assert!(pool.submit(Note(5, None, tell)));
        assert_eq!(told.try_recv().unwrap(), [5]);
    }

    #[test]
    fn a_job_that_panics_does_not_take_its_thread_along() {
        struct Panics(Option<mpsc::Sender<u32>>);
        impl Job for Panics {
            type Worker = u32;
            fn urgent(&self) -> bool {
                false
            }
            fn run(self, worker: &mut u32) {
                *worker += 1;
                self.0.expect("half of the jobs panic, as they should").send(*worker).unwrap();
            }
        }
        let pool = Pool::new(1);
        let (tell, told) = mpsc::channel();
        for _ in 0..10 {
            assert!(pool.submit(Panics(None)));
            assert!(pool.submit(Panics(Some(tell.clone()))));
        }
        // What the thread kept from the job that panicked is gone.
        assert_eq!((0..10).map(|_| told.recv().unwrap()).collect::<Vec<_>>(), [1; 10]);
    }
}
