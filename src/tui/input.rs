//! What comes in from outside: keys and mouse, read by one thread; signals, by another.
//!
//! Both put what they have into one bounded queue; if the screen cannot follow, the reader waits. The reader itself
//! waits for the terminal with `poll`, since crossterm's reader would turn for ever in a terminal that was closed.
//!
//! crossterm is built with `use-dev-tty`: its other reader asks the kernel for edges, and when a key and a change of
//! size come in together it answers with the size and forgets that there was a key. The terminal stays readable, no
//! further edge comes, and the screen is deaf (`pty::resized_while_it_plays_it_still_hears`).

use super::{litter, terminal};
use crossterm::event::{self, Event};
use rustix::event::{PollFd, PollFlags, poll};
use signal_hook::consts::{SIGCONT, SIGHUP, SIGINT, SIGTERM, SIGTSTP, SIGWINCH};
use signal_hook::iterator::Signals;
use std::io;
use std::thread;
use std::time::Duration;
use tokio::sync::mpsc::{self, Receiver, Sender};

/// What came in.
#[derive(Debug)]
pub enum Input {
    /// From the terminal.
    Terminal(Event),
    /// A signal.
    Signal(i32),
    /// The terminal is gone.
    Closed,
}

const QUEUE: usize = 1024;
/// How long crossterm may look for what `ready` saw. It looks at nothing at all if it is given no time.
const LOOK: Duration = Duration::from_millis(1);

/// Listens to signals. To be called before anything is made or taken, so that none can end us before it is given back.
pub fn signals() -> io::Result<(Sender<Input>, Receiver<Input>)> {
    let (sender, receiver) = mpsc::channel(QUEUE);
    let mut signals = Signals::new([SIGTERM, SIGHUP, SIGINT, SIGTSTP, SIGCONT, SIGWINCH])?;
    let to_loop = sender.clone();
    thread::Builder::new().name("signals".into()).spawn(move || {
        let mut asked = false;
        for signal in signals.forever() {
            let ends = !matches!(signal, SIGTSTP | SIGCONT | SIGWINCH);
            let sent = to_loop.try_send(Input::Signal(signal)).is_ok();
            if ends && (asked || !sent) {
                // Asked twice, or the loop is stuck: leave without it, but leave the terminal whole and nothing behind.
                terminal::give_back();
                litter::remove_all();
                std::process::exit(128 + signal);
            }
            asked |= ends;
        }
    })?;
    Ok((sender, receiver))
}

/// Listens to the terminal. `first` are keys that were read already.
pub fn keys(sender: Sender<Input>, first: Vec<Event>) -> io::Result<()> {
    thread::Builder::new().name("keys".into()).spawn(move || {
        for event in first {
            if sender.blocking_send(Input::Terminal(event)).is_err() {
                return;
            }
        }
        while let Ok(true) = ready() {
            while let Ok(true) = event::poll(LOOK) {
                let input = event::read().map_or(Input::Closed, Input::Terminal);
                let last = matches!(input, Input::Closed);
                if sender.blocking_send(input).is_err() || last {
                    return;
                }
            }
        }
        let _ = sender.blocking_send(Input::Closed);
    })?;
    Ok(())
}

/// Waits until there is something to read; says no once the terminal is gone.
fn ready() -> io::Result<bool> {
    let stdin = io::stdin();
    loop {
        let mut wanted = [PollFd::new(&stdin, PollFlags::IN)];
        match poll(&mut wanted, None) {
            Ok(_) => {
                let came = wanted[0].revents();
                return Ok(!came.intersects(PollFlags::HUP | PollFlags::ERR | PollFlags::NVAL));
            }
            Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
}
