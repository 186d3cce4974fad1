//! What operators and strangers will read.
use std::io::Write;

/// cargo takes some escapes out, and passes on the rest. Clears the screen, sets the title, hides text, writes backwards, rings, and pretends to be somebody else's line.
pub fn escapes() {
    panic!("\x1b[2J\x1b]0;owned\x07\x1b[8mhidden\x1b[0m \u{202e}sdrawkcab\u{202c} \u{9b}31m \r{{\"result\":\"match\"}} \u{feff}end");
}

/// In the compiler: what a build script prints cargo keeps in memory, where another limit ends it.
pub fn flood() {
    let mut state = 1u64;
    let mut error = std::io::stderr().lock();
    loop {
        let noise: Vec<u8> = (0..8192)
            .map(|_| {
                state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
                (state >> 56) as u8
            })
            .collect();
        let _ = error.write_all(&noise);
        let _ = error.write_all(b"\n\x1b[2J");
    }
}
