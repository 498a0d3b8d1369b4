//! Ctrl-C and its relatives: remembered in a flag that work asks for after each happening, so that files are cleaned
//! up on the way out. A second one ends the program at once.
//!
//! Only what works without a screen listens here; the screen has ears of its own, and two pairs would mean that what
//! one hears is lost to the other. Tests call the command line without [`allow`], and keep their signals.

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, LazyLock};

/// The exit code after Ctrl-C.
pub const INTERRUPTED: i32 = 130;

static ASKED: LazyLock<Arc<AtomicBool>> = LazyLock::new(Arc::default);
static ALLOWED: AtomicBool = AtomicBool::new(false);

/// This is the real program: signals are its own.
pub fn allow() {
    ALLOWED.store(true, Ordering::Relaxed);
}

/// From now on a signal sets the flag instead of ending the program.
pub fn listen() {
    if !ALLOWED.swap(false, Ordering::Relaxed) {
        return;
    }
    for signal in [SIGINT, SIGTERM, SIGHUP] {
        let flag = Arc::clone(&ASKED);
        // Where a handler cannot be set, the signal keeps ending the program as it does anyhow.
        let _ = signal_hook::flag::register_conditional_shutdown(signal, INTERRUPTED, flag);
        let _ = signal_hook::flag::register(signal, Arc::clone(&ASKED));
    }
}

/// Did somebody ask to stop?
pub fn asked() -> bool {
    ASKED.load(Ordering::Relaxed)
}
